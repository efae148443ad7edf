//! AWX's own command line, `awx` of awxkit 24.6.1: every command a process of its own, as people call it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{ADMIN_PASSWORD, Server, Store};

#[test]
fn commands_work_on_sqlite() {
    commands(&Store::sqlite());
}

#[test]
fn commands_work_on_postgres() {
    commands(&Store::postgres());
}

#[test]
fn what_is_exported_is_imported_into_an_empty_server_on_sqlite() {
    export_and_import(&Store::sqlite(), &Store::sqlite());
}

#[test]
fn what_is_exported_is_imported_into_an_empty_server_on_postgres() {
    export_and_import(&Store::postgres(), &Store::postgres());
}

/// The command line, pointed to a server.
struct Awx<'a> {
    server: &'a Server,
    folder: PathBuf,
    token: Option<String>,
}

impl<'a> Awx<'a> {
    fn new(server: &'a Server, store: &Store) -> Self {
        Self { server, folder: store.folder().to_path_buf(), token: None }
    }

    /// What a command prints, which must end well.
    fn run(&self, words: &[&str]) -> String {
        self.run_with(words, "")
    }

    /// The same, with something to read.
    fn run_with(&self, words: &[&str], input: &str) -> String {
        let mut command = self.command(words);
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let (said, complained) =
            (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert!(output.status.success(), "awx {words:?}\n{said}\n{complained}");
        said
    }

    /// The document that a command prints.
    fn json(&self, words: &[&str]) -> Value {
        let said = self.run(words);
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("awx {words:?} printed:\n{said}"))
    }

    /// A command that must fail.
    fn fails(&self, words: &[&str]) {
        let mut command = self.command(words);
        let output = command.stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!output.status.success(), "awx {words:?}\n{said}");
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(python().with_file_name("awx"));
        command
            .args(["--conf.color", "f"])
            .args(words)
            .env_clear()
            .env("HOME", &self.folder)
            .env("CONTROLLER_HOST", self.server.url())
            .env("CONTROLLER_USERNAME", "admin")
            .env("CONTROLLER_PASSWORD", ADMIN_PASSWORD)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(token) = &self.token {
            command.env("CONTROLLER_OAUTH_TOKEN", token);
        }
        command
    }
}

#[expect(clippy::disallowed_methods, reason = "the test command hands over its Python this way")]
fn python() -> PathBuf {
    let python = std::env::var("STRONGROOM_TEST_PYTHON")
        .expect("STRONGROOM_TEST_PYTHON is not set: run the tests with scripts/test, which makes the environment");
    Path::new(&python).to_path_buf()
}

fn commands(store: &Store) {
    let server = store.start();
    let mut awx = Awx::new(&server, store);
    // With a session first: user name and password.
    assert_eq!(awx.json(&["config"])["base_url"], server.url());
    assert_eq!(awx.json(&["me"])["results"][0]["username"], "admin");
    let login = awx.json(&["login"]);
    awx.token = Some(login["token"].as_str().unwrap().to_owned());
    assert_eq!(awx.json(&["ping"])["version"], "24.6.1");

    people(&awx);
    credentials(&awx);
    roles_and_uses(&awx);
    keys(&awx, store);

    for words in [
        ["credentials", "delete", "cloud"],
        ["credential_types", "delete", "Cloudy"],
        ["teams", "delete", "ops"],
        ["users", "delete", "alice"],
        ["organizations", "delete", "acme"],
    ] {
        awx.run(&words);
    }
    assert_eq!(awx.json(&["credentials", "list", "--name", "web"])["count"], 0);
}

fn people(awx: &Awx<'_>) {
    let acme = awx.json(&["organizations", "create", "--name", "acme", "--description", "first"]);
    assert_eq!(acme["description"], "first");
    let changed = awx.json(&["organizations", "modify", "acme", "--description", "second"]);
    assert_eq!(changed["description"], "second");
    assert_eq!(awx.json(&["organizations", "list", "--name", "acme"])["count"], 1);

    let alice = ["users", "create", "--username", "alice", "--password", "s3cret pass phrase"];
    assert_eq!(awx.json(&alice)["password"], "$encrypted$");
    awx.json(&["teams", "create", "--name", "ops", "--organization", "acme"]);
    awx.run(&["users", "grant", "alice", "--organization", "acme", "--role", "member"]);
    awx.run(&["users", "grant", "alice", "--team", "ops", "--role", "member"]);
    assert_eq!(awx.json(&["users", "get", "alice"])["username"], "alice");
}

fn credentials(awx: &Awx<'_>) {
    std::fs::write(
        awx.folder.join("type.yml"),
        "fields:\n- {id: api_key, label: Key, secret: true}\n- {id: region, label: Region}\n",
    )
    .unwrap();
    let kind = ["credential_types", "create", "--name", "Cloudy", "--kind", "cloud"];
    let custom = awx.json(
        &[&kind[..], &["--inputs", "@type.yml", "--injectors", "env: {KEY: '{{ api_key }}'}"]]
            .concat(),
    );
    assert_eq!(custom["inputs"]["fields"][0]["id"], "api_key");
    let made = awx.json(&[
        "credentials",
        "create",
        "--name",
        "web",
        "--organization",
        "acme",
        "--credential_type",
        "Machine",
        "--inputs",
        "{\"username\": \"joe\", \"password\": \"hunter2-secret\"}",
    ]);
    assert_eq!(made["inputs"]["password"], "$encrypted$");
    let made = awx.json(&[
        "credentials",
        "create",
        "--name",
        "cloud",
        "--organization",
        "acme",
        "--credential_type",
        "Cloudy",
        "--inputs",
        "api_key: abc\nregion: north\n",
    ]);
    assert_eq!(made["inputs"]["region"], "north");
    let changed = awx.json(&[
        "credentials",
        "modify",
        "web",
        "--inputs",
        "{\"username\": \"eve\", \"password\": \"$encrypted$\"}",
    ]);
    assert_eq!(changed["inputs"]["username"], "eve");
    let listed = awx.json(&["credentials", "list", "--credential_type", "Machine"]);
    assert_eq!(listed["results"][0]["name"], "web");
}

fn roles_and_uses(awx: &Awx<'_>) {
    let read = awx.json(&["credentials", "get", "web"]);
    let role = read["summary_fields"]["object_roles"]["use_role"]["id"].to_string();
    assert_eq!(awx.json(&["roles", "get", &role])["name"], "Use");
    awx.run(&["users", "grant", "alice", "--credential", "web", "--role", "use"]);
    awx.run(&["teams", "grant", "ops", "--credential", "web", "--role", "read"]);
    awx.run(&["users", "revoke", "alice", "--credential", "web", "--role", "use"]);
    awx.run(&["teams", "revoke", "ops", "--credential", "web", "--role", "read"]);
    awx.fails(&["users", "grant", "nobody", "--credential", "web", "--role", "use"]);

    // A secret that is fetched, a Galaxy credential, a job template.
    awx.json(&[
        "credentials",
        "create",
        "--name",
        "vault",
        "--organization",
        "acme",
        "--credential_type",
        "HashiCorp Vault Secret Lookup",
        "--inputs",
        "{\"url\": \"https://vault.example\", \"api_version\": \"v2\"}",
    ]);
    let source = awx.json(&[
        "credential_input_sources",
        "create",
        "--target_credential",
        "cloud",
        "--source_credential",
        "vault",
        "--input_field_name",
        "api_key",
        "--metadata",
        "{\"secret_path\": \"a\", \"secret_key\": \"k\"}",
    ]);
    assert_eq!(awx.json(&["credential_input_sources", "list"])["count"], 1);
    awx.run(&["credential_input_sources", "delete", &source["id"].to_string()]);
    awx.run(&["organizations", "associate", "acme", "--galaxy_credential", "Ansible Galaxy"]);
    awx.run(&["organizations", "disassociate", "acme", "--galaxy_credential", "Ansible Galaxy"]);
    let template =
        ["job_templates", "create", "--name", "deploy", "--project", "1", "--playbook", "p.yml"];
    awx.json(&template);
    awx.run(&["job_templates", "associate", "deploy", "--credential", "web"]);
    awx.run(&["job_templates", "disassociate", "deploy", "--credential", "web"]);
}

fn keys(awx: &Awx<'_>, store: &Store) {
    // Tokens and applications.
    let program = awx.json(&[
        "applications",
        "create",
        "--name",
        "cli",
        "--organization",
        "acme",
        "--client_type",
        "confidential",
        "--authorization_grant_type",
        "password",
    ]);
    let (id, secret) =
        (program["client_id"].as_str().unwrap(), program["client_secret"].as_str().unwrap());
    let login = awx.json(&["login", "--conf.client_id", id, "--conf.client_secret", secret]);
    let own =
        Awx { token: login["token"].as_str().map(str::to_owned), ..Awx::new(awx.server, store) };
    assert_eq!(own.json(&["me"])["count"], 1);
    let token = awx.json(&["tokens", "create", "--scope", "read"]);
    let reader =
        Awx { token: token["token"].as_str().map(str::to_owned), ..Awx::new(awx.server, store) };
    reader.fails(&["organizations", "delete", "acme"]);
    awx.run(&["tokens", "delete", &token["id"].to_string()]);
    reader.fails(&["me"]);
}

fn export_and_import(from: &Store, to: &Store) {
    let (old, new) = (from.start(), to.start());
    let (source, target) = (Awx::new(&old, from), Awx::new(&new, to));
    for words in [
        &["organizations", "create", "--name", "acme"][..],
        &["users", "create", "--username", "alice", "--password", "s3cret pass phrase"],
        &["teams", "create", "--name", "ops", "--organization", "acme"],
        &["users", "grant", "alice", "--organization", "acme", "--role", "member"],
        &[
            "credential_types",
            "create",
            "--name",
            "Cloudy",
            "--kind",
            "cloud",
            "--inputs",
            "{fields: [{id: api_key, label: Key, secret: true}, {id: region, label: Region}]}",
        ],
        &[
            "credentials",
            "create",
            "--name",
            "cloud",
            "--organization",
            "acme",
            "--credential_type",
            "Cloudy",
            "--inputs",
            "{api_key: hunter2-secret, region: north}",
        ],
        &[
            "credentials",
            "create",
            "--name",
            "web",
            "--organization",
            "acme",
            "--credential_type",
            "Machine",
            "--inputs",
            "{username: joe, password: hunter2-secret}",
        ],
    ] {
        source.run(words);
    }
    let exported = source.run(&["export"]);
    assert!(!exported.contains("hunter2"), "an export holds no secret");
    // Secrets are excepted, but a person needs a password.
    let mut document: Value = serde_json::from_str(&exported).unwrap();
    for user in document["users"].as_array_mut().unwrap() {
        if user["username"] == "alice" {
            user["password"] = "s3cret pass phrase".into();
        }
    }
    let exported = document.to_string();
    target.run_with(&["import"], &exported);
    let web = target.json(&["credentials", "get", "web"]);
    // What the client puts in the place of secrets is nothing.
    assert_eq!(web["inputs"], serde_json::json!({"username": "joe"}));
    assert_eq!(target.json(&["credentials", "get", "cloud"])["inputs"]["region"], "north");
    assert_eq!(
        target.json(&["teams", "get", "ops"])["summary_fields"]["organization"]["name"],
        "acme"
    );
    assert_eq!(target.json(&["users", "get", "alice"])["username"], "alice");
    // The second time everything is there already.
    target.run_with(&["import"], &exported);
    assert_eq!(target.json(&["credentials", "list", "--name", "web"])["count"], 1);
}
