//! A real registry that trusts the server, and the real clients of registries: Debian's `docker-registry`, `skopeo`
//! and, where the machine lets it run, `podman`.

mod image;
mod parts;

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::common::{ADMIN_PASSWORD, Server, Store};
use crate::scan::Scanner;
use parts::{Harbor, Robot, in_seconds, said};

#[test]
fn a_real_registry_opens_for_what_was_minted_on_sqlite() {
    sail(&Store::sqlite());
}

#[test]
fn a_real_registry_opens_for_what_was_minted_on_postgres() {
    sail(&Store::postgres());
}

/// Everything that a minted credential is for, from its first push to its removal.
fn sail(store: &Store) {
    let mut server = store.start();
    let mut harbor = Harbor::open(store, &server);
    let pusher = harbor.robot(&["--access", "*:pull,push,delete"]);
    let puller = harbor.robot(&[]);
    log_in(&harbor, &puller);
    push_and_pull(&harbor, &pusher, &puller);
    keep_to_the_pattern(&harbor);
    renew_the_signer(&harbor, &pusher, &puller);
    replace_the_authority(&mut harbor, &puller);
    rotate(&harbor, &puller);
    end(&harbor);
    helper(&harbor, &puller);
    podman(&harbor, &puller);
    assert!(harbor.passwords().iter().all(|minted| !harbor.audit().contains(minted)));
    if store.postgres_url().is_none() {
        // The write-ahead log is there while the server runs.
        nothing_is_left_of(&harbor, store);
    }
    assert!(server.stop().success());
    server = store.start_with(&["--registry-token-key", "kid"]);
    name_the_key(&mut harbor, &server, &puller);
    harbor.close();
    assert!(server.stop().success());
    nothing_is_left_of(&harbor, store);
}

/// Clients log in by asking for a token without a scope.
fn log_in(harbor: &Harbor<'_>, robot: &Robot) {
    let login = |password: &str| {
        let file = harbor.folder().join("login.json");
        let file = file.to_str().unwrap();
        let words = ["login", "--tls-verify=false", "--authfile", file, "--username"];
        let mut command = Command::new("skopeo");
        command.args(words).args([&robot.name, "--password-stdin", &harbor.host]);
        with_input(command, password)
    };
    assert!(login(&robot.password).status.success());
    for wrong in ["wrong", ADMIN_PASSWORD] {
        let refused = login(wrong);
        assert!(!refused.status.success());
        assert!(said(&refused).contains("invalid username/password"), "{}", said(&refused));
    }
}

fn push_and_pull(harbor: &Harbor<'_>, pusher: &Robot, puller: &Robot) {
    let digest = harbor.push(pusher, "app/web:1").unwrap();
    assert_eq!(harbor.pull(puller, "app/web:1").as_deref(), Ok(digest.as_str()));
    assert_eq!(harbor.pull(pusher, "app/web:1").as_deref(), Ok(digest.as_str()));
    let refused = harbor.push(puller, "app/web:2").unwrap_err();
    assert!(refused.contains("denied") || refused.contains("unauthorized"), "{refused}");
    assert!(harbor.pull(puller, "app/web:2").is_err());
    // A blob that is in one repository is mounted into another, for which a token opens both.
    harbor.push(pusher, "app/copy:1").unwrap();
    // To delete takes more than to push.
    let writer = harbor.robot(&["--access", "*:pull,push"]);
    assert!(harbor.delete(&writer, "app/copy:1").is_err());
    harbor.delete(pusher, "app/copy:1").unwrap();
    assert!(harbor.pull(puller, "app/copy:1").is_err());
    harbor.remove(&writer);
}

fn keep_to_the_pattern(harbor: &Harbor<'_>) {
    let team = harbor.robot(&["--access", "team/*:pull,push", "--access", "app/web:pull"]);
    harbor.push(&team, "team/one:1").unwrap();
    harbor.push(&team, "team/deep/two:1").unwrap();
    harbor.pull(&team, "app/web:1").unwrap();
    for repository in ["team:1", "teams/one:1", "app/web:3", "other/one:1"] {
        assert!(harbor.push(&team, repository).is_err(), "{repository}");
    }
    harbor.remove(&team);
}

/// The registry runs on and knows nothing of the new key.
fn renew_the_signer(harbor: &Harbor<'_>, pusher: &Robot, puller: &Robot) {
    let old = harbor.token(puller, "app/web:pull");
    harbor.strongroom(&["registry", "rotate-key"]);
    let new = harbor.token(puller, "app/web:pull");
    assert_ne!(old.split('.').next(), new.split('.').next(), "the certificate is another");
    for token in [&old, &new] {
        assert_eq!(harbor.manifest("app/web", "1", token), 200);
    }
    harbor.push(pusher, "app/web:4").unwrap();
    harbor.pull(puller, "app/web:4").unwrap();
}

/// The registry is told of another authority before tokens are signed under it, and of the end of the first one after.
fn replace_the_authority(harbor: &mut Harbor<'_>, puller: &Robot) {
    let authority =
        |words: &[&str]| harbor.strongroom(&[&["registry", "authority"], words].concat());
    let old: Value = serde_json::from_str(&authority(&["list"])).unwrap();
    let new: Value = serde_json::from_str(&authority(&["add"])).unwrap();
    let (old, new) = (old["id"].to_string(), new["id"].to_string());
    let before = harbor.token(puller, "app/web:pull");
    harbor.restart();
    harbor.pull(puller, "app/web:1").unwrap();
    harbor.strongroom(&["registry", "authority", "use", &new]);
    let after = harbor.token(puller, "app/web:pull");
    for token in [&before, &after] {
        assert_eq!(harbor.manifest("app/web", "1", token), 200);
    }
    assert!(harbor.refused(&["registry", "authority", "remove", &new]).contains("authority"));
    harbor.strongroom(&["registry", "authority", "remove", &old]);
    harbor.pull(puller, "app/web:1").unwrap();
    harbor.restart();
    harbor.pull(puller, "app/web:1").unwrap();
    assert_eq!(harbor.manifest("app/web", "1", &before), 401);
}

/// The same registry with the same bundle takes tokens that name their key.
fn name_the_key(harbor: &mut Harbor<'_>, server: &Server, puller: &Robot) {
    harbor.reach(server);
    let token = harbor.token(puller, "app/web:pull");
    assert_eq!(harbor.manifest("app/web", "1", &token), 200);
    let keys: Value =
        serde_json::from_str(&harbor.strongroom(&["registry", "config", "harbor", "--jwks"]))
            .unwrap();
    assert_eq!(keys["keys"].as_array().unwrap().len(), 1);
}

fn rotate(harbor: &Harbor<'_>, puller: &Robot) {
    let old = harbor.robot(&["--access", "app/*:pull"]);
    harbor.pull(&old, "app/web:1").unwrap();
    let words = ["robot", "rotate", "harbor", &old.name, "--overlap", "1h"];
    let new = Robot::read(&harbor.strongroom(&words));
    harbor.pull(&old, "app/web:1").unwrap();
    harbor.pull(&new, "app/web:1").unwrap();
    let listed = harbor.strongroom(&["robot", "list", "harbor"]);
    let line = listed.lines().find(|line| line.contains(&old.name)).unwrap();
    let shown: Value = serde_json::from_str(line).unwrap();
    assert_eq!(shown["successor"], new.shown["guid"]);
    let words = ["robot", "rotate", "harbor", &puller.name, "--overlap", "999d"];
    assert!(harbor.refused(&words).contains("overlap_seconds"));
    harbor.remove(&old);
    harbor.remove(&new);
}

/// A robot ends by its time, or because it was removed: from the next request for a token on. What it was handed
/// before opens the registry until the token itself ends.
fn end(harbor: &Harbor<'_>) {
    let removed = harbor.robot(&[]);
    harbor.pull(&removed, "app/web:1").unwrap();
    let token = harbor.token(&removed, "app/web:pull");
    harbor.remove(&removed);
    let refused = harbor.pull(&removed, "app/web:1").unwrap_err();
    assert!(refused.contains("invalid username/password"), "{refused}");
    assert_eq!(harbor.manifest("app/web", "1", &token), 200, "until the token ends");
    assert_eq!(harbor.manifest("app/web", "1", &format!("{token}x")), 401);
    let brief = harbor.robot(&["--expires", &in_seconds(3)]);
    let until = std::time::Instant::now() + std::time::Duration::from_secs(4);
    harbor.pull(&brief, "app/web:1").unwrap();
    std::thread::sleep(until.saturating_duration_since(std::time::Instant::now()));
    assert!(harbor.pull(&brief, "app/web:1").is_err());
}

/// The helper by which skopeo asks Strongroom itself, without a password on any disk.
fn helper(harbor: &Harbor<'_>, robot: &Robot) {
    let (token, id) = harbor.user("deployer");
    let inputs = json!({"host": harbor.host, "username": robot.name, "password": robot.password});
    let words = ["credential", "create", "--name", "pull", "--type", "18", "--user", &id];
    let words = [&words[..], &["--inputs-file", "-"]].concat();
    let made = with_input(harbor.command_of(&token, &words), &inputs.to_string());
    assert!(made.status.success(), "{}", said(&made));

    let folder = harbor.folder().join("helpers");
    fs::create_dir(&folder).unwrap();
    let link = folder.join("docker-credential-strongroom");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_strongroom"), &link).unwrap();
    let config = folder.join("config.json");
    let helpers = json!({"credHelpers": {harbor.host.as_str(): "strongroom"}});
    fs::write(&config, helpers.to_string()).unwrap();
    let pull = |authfile: &Path| {
        let source = format!("docker://{}/app/web:1", harbor.host);
        let mut command = Command::new("skopeo");
        command
            .args(["inspect", "--tls-verify=false", "--format", "{{.Digest}}", "--authfile"])
            .arg(authfile)
            .arg(source)
            .envs(harbor.environment(&token))
            .env("PATH", format!("{}:/usr/bin:/bin", folder.display()));
        command.output().unwrap()
    };
    let pulled = pull(&config);
    assert!(pulled.status.success(), "{}", said(&pulled));
    assert!(harbor.audit().contains("docker-credential get"));
    fs::write(&config, "{}").unwrap();
    assert!(!pull(&config).status.success(), "nobody is let in without the helper");

    let command = |action: &str| {
        let mut command = Command::new(&link);
        command
            .arg(action)
            .env_clear()
            .envs(harbor.environment(&token))
            .current_dir(harbor.folder());
        command
    };
    let ask = |action: &str, input: &str| with_input(command(action), input);
    let got: Value = serde_json::from_slice(&ask("get", &harbor.host).stdout).unwrap();
    let login = json!({"ServerURL": harbor.host, "Username": robot.name, "Secret": robot.password});
    assert_eq!(got, login);
    let listed: Value = serde_json::from_slice(&ask("list", "unused").stdout).unwrap();
    assert_eq!(listed, json!({harbor.host.as_str(): robot.name}));
    let text = |output: &Output| String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let absent = ask("get", "absent.example");
    assert_eq!(text(&absent), "credentials not found in native keychain");
    assert_eq!(absent.status.code(), Some(1));
    assert!(ask("erase", "absent.example").status.success());
    assert_eq!(text(&ask("get", "")), "no credentials server URL");
    assert!(text(&ask("burn", "")).starts_with("Unknown credential action"));
    let stored = json!({"ServerURL": "https://new.example", "Username": "u", "Secret": "p4711"});
    assert!(
        text(&ask("store", &stored.to_string())).contains("STRONGROOM_DOCKER_CREDENTIAL_STORE")
    );
    let write = |action: &str, input: &str| {
        let mut command = command(action);
        command.env("STRONGROOM_DOCKER_CREDENTIAL_STORE", "1");
        with_input(command, input)
    };
    for secret in ["p4711", "p4712"] {
        let stored = json!({"ServerURL": "https://new.example", "Username": "u", "Secret": secret});
        let output = write("store", &stored.to_string());
        assert!(output.status.success() && output.stdout.is_empty(), "{}", said(&output));
        let got: Value = serde_json::from_slice(&ask("get", "new.example").stdout).unwrap();
        assert_eq!(got["Secret"], secret);
    }
    assert!(write("erase", "new.example").status.success());
    assert_eq!(ask("get", "new.example").status.code(), Some(1));
    others(harbor, robot, &token);
}

/// The other ways in which tools are handed a registry credential.
fn others(harbor: &Harbor<'_>, robot: &Robot, token: &Path) {
    let asked = json!({
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderRequest",
        "image": format!("{}/app/web:1", harbor.host),
    });
    let provider = harbor.command_of(token, &["kubelet-credential-provider"]);
    let answer = with_input(provider, &asked.to_string());
    let answer: Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(answer["kind"], "CredentialProviderResponse");
    let login = json!({"username": robot.name, "password": robot.password});
    assert_eq!(answer["auth"], json!({harbor.host.as_str(): login}));
    // The file that is printed opens the registry for skopeo.
    let words = ["registry-credential", "dockerconfigjson", "--host", harbor.host.as_str()];
    let file = harbor.folder().join("printed.json");
    let printed = harbor.command_of(token, &words).output().unwrap();
    assert!(printed.status.success(), "{}", said(&printed));
    fs::write(&file, printed.stdout).unwrap();
    let source = format!("docker://{}/app/web:1", harbor.host);
    let inspected = Command::new("skopeo")
        .args(["inspect", "--tls-verify=false", "--authfile", file.to_str().unwrap(), &source])
        .output()
        .unwrap();
    assert!(inspected.status.success(), "{}", said(&inspected));
    fs::remove_file(&file).unwrap();
    let audit = harbor.audit();
    for purpose in ["kubelet credential provider", "dockerconfigjson"] {
        assert!(audit.contains(purpose), "{purpose}");
    }
}

/// Where it runs, podman pulls too. Where it does not, the reason is printed.
fn podman(harbor: &Harbor<'_>, robot: &Robot) {
    let run = |words: &[&str]| {
        let folder = harbor.folder().join("podman");
        Command::new("podman")
            .arg("--root")
            .arg(folder.join("root"))
            .arg("--runroot")
            .arg(folder.join("run"))
            .args(["--storage-driver", "vfs"])
            .args(words)
            .output()
    };
    let reason = match run(&["info"]) {
        Err(error) => Some(error.to_string()),
        Ok(output) if !output.status.success() => Some(said(&output)),
        Ok(_) => None,
    };
    if let Some(reason) = reason {
        let line = format!("podman does not run here, so it is left out: {}\n", reason.trim());
        std::io::stderr().write_all(line.as_bytes()).unwrap();
        return;
    }
    let image = format!("{}/app/web:1", harbor.host);
    let creds = format!("{}:{}", robot.name, robot.password);
    let pulled = run(&["pull", "--tls-verify=false", "--creds", &creds, &image]).unwrap();
    assert!(pulled.status.success(), "{}", said(&pulled));
    let wrong = format!("{}:wrong", robot.name);
    let refused = run(&["pull", "--tls-verify=false", "--creds", &wrong, &image]).unwrap();
    assert!(!refused.status.success());
}

/// No password that was minted is in the data directory, the log, or the files of the database.
fn nothing_is_left_of(harbor: &Harbor<'_>, store: &Store) {
    let minted = harbor.passwords();
    assert!(minted.len() > 5);
    let scanner = Scanner::new(minted.iter().map(|text| (text.as_str(), text.as_bytes())));
    let mut places = vec![store.data_dir()];
    if store.postgres_url().is_some() {
        places.extend(std::env::var_os("STRONGROOM_TEST_POSTGRES_DATA").map(Into::into));
    }
    for place in places {
        for (file, found) in scanner.files(&place, &|_| false) {
            assert!(found.is_empty(), "{} holds {found:?}", file.display());
        }
    }
    assert!(scanner.bytes(store.log().as_bytes()).is_empty());
}

/// What a command says that gets this on its standard input.
fn with_input(mut command: Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // One that does not read its input is right too.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// The administrator's token, made on the host.
fn token_of(store: &Store) -> String {
    let output = store.run(&["token", "create", "--user", "admin", "--name", "registry test"]);
    assert!(output.status.success(), "{}", said(&output));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}
