//! The registry under test, and the clients that reach it.

use std::cell::RefCell;
use std::ffi::OsString;
use std::fs;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{image, token_of};
use crate::common::http::{Answer, Request};
use crate::common::{Server, Store};

/// A real registry that trusts a server, and whoever administers both.
pub(super) struct Harbor<'a> {
    /// Host and port of the registry, as images name it.
    pub(super) host: String,
    store: &'a Store,
    url: String,
    address: SocketAddr,
    token_file: PathBuf,
    token: String,
    registry: Option<Child>,
    minted: RefCell<Vec<String>>,
}

/// A minted credential.
pub(super) struct Robot {
    pub(super) name: String,
    pub(super) password: String,
    /// What minting it said.
    pub(super) shown: Value,
}

impl Robot {
    /// Reads what minting it said.
    pub(super) fn read(printed: &str) -> Self {
        let shown: Value = serde_json::from_str(printed).unwrap();
        let text = |name: &str| shown[name].as_str().unwrap().to_owned();
        Self { name: text("username"), password: text("password"), shown }
    }
}

impl<'a> Harbor<'a> {
    /// Makes the registry known, starts it with the configuration that is printed for it, and waits for it.
    pub(super) fn open(store: &'a Store, server: &Server) -> Self {
        let token = token_of(store);
        let token_file = store.folder().join("token");
        fs::write(&token_file, &token).unwrap();
        let host = free_address().to_string();
        let mut harbor = Self {
            host,
            store,
            url: server.url().to_owned(),
            address: server.address(),
            token_file,
            token,
            registry: None,
            minted: RefCell::default(),
        };
        let url = format!("http://{}", harbor.host);
        let words = ["registry", "create", "harbor", "--organization", "Default", "--url", &url];
        harbor.strongroom(&words);
        harbor.start();
        image::write(&harbor.image());
        harbor
    }

    fn start(&mut self) {
        let bundle = self.folder().join("ca.pem");
        let certificates = self.strongroom(&["registry", "config", "harbor", "--certificates"]);
        fs::write(&bundle, certificates).unwrap();
        let words = ["registry", "config", "harbor", "--bundle", bundle.to_str().unwrap()];
        let auth = self.strongroom(&words);
        let config = format!(
            "version: 0.1\nlog:\n  level: info\nstorage:\n  filesystem:\n    rootdirectory: {}\n  delete:\n    \
             enabled: true\nhttp:\n  addr: {}\n  secret: tests\n{auth}",
            self.folder().join("images").display(),
            self.host,
        );
        let file = self.folder().join("registry.yml");
        fs::write(&file, config).unwrap();
        let log = fs::File::create(self.folder().join("registry.log")).unwrap();
        let registry = Command::new("docker-registry")
            .arg("serve")
            .arg(&file)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .expect("docker-registry is not installed: run the tests with scripts/test, which installs it");
        self.registry = Some(registry);
        let until = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(&self.host).is_err() {
            let log = || fs::read_to_string(self.folder().join("registry.log")).unwrap();
            assert!(Instant::now() < until, "the registry does not listen: {}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Starts the registry again, with what is printed for it now.
    pub(super) fn restart(&mut self) {
        self.close();
        self.start();
    }

    /// Goes on with a server that was started anew.
    pub(super) fn reach(&mut self, server: &Server) {
        server.url().clone_into(&mut self.url);
        self.address = server.address();
    }

    /// Stops the registry.
    pub(super) fn close(&mut self) {
        if let Some(mut registry) = self.registry.take() {
            registry.kill().unwrap();
            registry.wait().unwrap();
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.store.folder()
    }

    /// Every password that was minted.
    pub(super) fn passwords(&self) -> Vec<String> {
        self.minted.borrow().clone()
    }

    /// What points the binary to the server, for whoever has the token in a file.
    pub(super) fn environment(&self, token_file: &Path) -> [(&'static str, OsString); 3] {
        [
            ("STRONGROOM_URL", self.url.clone().into()),
            ("STRONGROOM_TOKEN_FILE", token_file.into()),
            ("HOME", self.folder().into()),
        ]
    }

    /// The binary with these words, as the administrator over the network.
    pub(super) fn command(&self, words: &[&str]) -> Command {
        self.command_of(&self.token_file, words)
    }

    /// The binary with these words, for whoever has the token in a file.
    pub(super) fn command_of(&self, token_file: &Path, words: &[&str]) -> Command {
        let mut command = self.store.command(words);
        command.env_clear().envs(self.environment(token_file));
        command
    }

    /// A new user's token in a file, and his id.
    pub(super) fn user(&self, name: &str) -> (PathBuf, String) {
        let password = self.folder().join("password");
        fs::write(&password, "correct horse battery staple").unwrap();
        let file = password.to_str().unwrap();
        let made = self.store.run(&["user", "create", name, "--password-file", file]);
        assert!(made.status.success(), "{}", said(&made));
        let made = self.store.run(&["token", "create", "--user", name, "--name", "helper"]);
        assert!(made.status.success(), "{}", said(&made));
        let token = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        let tokens = self.ask(&Request::get("/strongroom/v1/tokens").bearer(&token)).json();
        let file = self.folder().join(format!("token of {name}"));
        fs::write(&file, token).unwrap();
        (file, tokens["items"][0]["user"]["id"].to_string())
    }

    /// What a command of the administrator prints.
    pub(super) fn strongroom(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", said(&output));
        let printed = String::from_utf8(output.stdout).unwrap();
        let minted: Value = serde_json::from_str(&printed).unwrap_or_default();
        if let Some(password) = minted["password"].as_str() {
            self.minted.borrow_mut().push(password.to_owned());
        }
        printed
    }

    /// What a command of the administrator says that is refused.
    pub(super) fn refused(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(!output.status.success(), "{words:?}");
        said(&output)
    }

    /// A robot of the registry.
    pub(super) fn robot(&self, more: &[&str]) -> Robot {
        let words = ["robot", "create", "harbor", "--description", "test"];
        Robot::read(&self.strongroom(&[&words[..], more].concat()))
    }

    pub(super) fn remove(&self, robot: &Robot) {
        self.strongroom(&["robot", "remove", "harbor", &robot.name]);
    }

    /// The audit log.
    pub(super) fn audit(&self) -> String {
        let (mut all, mut after) = (String::new(), "0".to_owned());
        loop {
            let target = format!("/strongroom/v1/audit?limit=200&after={after}");
            let answer = self.ask(&Request::get(&target).bearer(&self.token));
            assert_eq!(answer.status, 200, "{}", answer.body);
            all.push_str(&answer.body);
            match answer.json()["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => return all,
            }
        }
    }

    /// A token for a scope, asked for as clients do.
    pub(super) fn token(&self, robot: &Robot, scope: &str) -> String {
        let target = format!("/token?service={}&scope=repository:{scope}", self.host);
        let answer = self.ask(&Request::get(&target).basic(&robot.name, &robot.password));
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// What the registry answers to who asks for a manifest with a token.
    pub(super) fn manifest(&self, repository: &str, tag: &str, token: &str) -> u16 {
        let target = format!("/v2/{repository}/manifests/{tag}");
        let accepted = "application/vnd.oci.image.manifest.v1+json";
        let request = Request::get(&target).header("Accept", accepted).bearer(token);
        let stream = TcpStream::connect(&self.host).unwrap();
        request.send(stream).unwrap().status
    }

    /// Pushes the image; its digest, or what the client said.
    pub(super) fn push(&self, robot: &Robot, image: &str) -> Result<String, String> {
        let source = format!("oci:{}", self.image().display());
        let target = format!("docker://{}/{image}", self.host);
        let digests = self.folder().join("digest");
        let words = ["copy", "--insecure-policy", "--dest-tls-verify=false", "--digestfile"];
        let output = Command::new("skopeo")
            .args(words)
            .arg(&digests)
            .args(["--dest-creds", &robot.creds(), &source, &target])
            .output()
            .unwrap();
        told(&output, || fs::read_to_string(&digests).unwrap().trim().to_owned())
    }

    /// Pulls an image; its digest, or what the client said.
    pub(super) fn pull(&self, robot: &Robot, image: &str) -> Result<String, String> {
        let source = format!("docker://{}/{image}", self.host);
        let folder = tempfile::tempdir_in(self.folder()).unwrap();
        let (target, digests) = (folder.path().join("image"), folder.path().join("digest"));
        let words = ["copy", "--insecure-policy", "--src-tls-verify=false", "--digestfile"];
        let output = Command::new("skopeo")
            .args(words)
            .arg(&digests)
            .args(["--src-creds", &robot.creds(), &source, &format!("dir:{}", target.display())])
            .output()
            .unwrap();
        told(&output, || fs::read_to_string(&digests).unwrap().trim().to_owned())
    }

    /// Deletes an image.
    pub(super) fn delete(&self, robot: &Robot, image: &str) -> Result<(), String> {
        let image = format!("docker://{}/{image}", self.host);
        let words = ["delete", "--tls-verify=false", "--creds", &robot.creds(), &image];
        let output = Command::new("skopeo").args(words).output().unwrap();
        told(&output, || ())
    }

    fn image(&self) -> PathBuf {
        self.folder().join("image")
    }

    fn ask(&self, request: &Request) -> Answer {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        request.send(stream).unwrap()
    }
}

impl Drop for Harbor<'_> {
    fn drop(&mut self) {
        if let Some(registry) = &mut self.registry {
            // It may have ended by itself.
            let _ = registry.kill();
            let _ = registry.wait();
        }
    }
}

impl Robot {
    fn creds(&self) -> String {
        format!("{}:{}", self.name, self.password)
    }
}

fn told<T>(output: &Output, result: impl FnOnce() -> T) -> Result<T, String> {
    if output.status.success() { Ok(result()) } else { Err(said(output)) }
}

/// A point of time so many seconds ahead, in RFC 3339.
pub(super) fn in_seconds(seconds: u64) -> String {
    let ahead = format!("{seconds} seconds");
    let words = ["--utc", "--date", &ahead, "+%Y-%m-%dT%H:%M:%SZ"];
    let output = Command::new("date").args(words).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// What a command said on both of its outputs.
pub(super) fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    format!("{} {}", text(&output.stdout), text(&output.stderr))
}

/// An address that nobody listens at.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}
