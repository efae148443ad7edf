//! Strongroom itself, on a copy of a seeded store.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::load::{self, request};
use crate::process::{Process, free_address};

/// A running server and how to ask it.
pub(crate) struct Server {
    pub(crate) process: Process,
    /// The header of the administrator's token.
    pub(crate) bearer: String,
    /// The header of the administrator's password.
    pub(crate) basic: String,
    /// The header of a token of somebody who audits the one organization, and is no more than that.
    pub(crate) auditor: String,
    /// The token of an auditor of another organization, which owns a tenth of the credentials; of small stores only.
    pub(crate) tenth: Option<String>,
    /// The header of a robot's password.
    pub(crate) robot: String,
    /// Hosted registries, to mint robots for. They are many, so that none has very many robots.
    registries: Vec<i64>,
}

/// What is asked of a new robot.
pub(crate) const NEW_ROBOT: &str = r#"{"description": "benchmark"}"#;
const REGISTRIES: usize = 200;
/// The password of the first administrator of every store here.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

impl Server {
    /// Starts it on a store.
    pub(crate) fn start(data: &Path) -> anyhow::Result<Self> {
        let process = spawn(data)?;
        let pair = STANDARD.encode(format!("admin:{PASSWORD}"));
        let basic = format!("authorization: Basic {pair}\r\n");
        let mut server = Self {
            process,
            basic,
            bearer: String::new(),
            auditor: String::new(),
            tenth: None,
            robot: String::new(),
            registries: Vec::new(),
        };
        server.bearer = server.token(&server.basic)?;
        server.auditor = server.make_auditor(1)?;
        server.make_registries()?;
        Ok(server)
    }

    /// The bytes of a masked read of one credential.
    pub(crate) fn get(id: u64, key: &str) -> Vec<u8> {
        request("GET", &format!("/api/v2/credentials/{id}/"), key, "")
    }

    /// The bytes of a read of a page.
    pub(crate) fn page(number: u64, key: &str) -> Vec<u8> {
        request("GET", &format!("/api/v2/credentials/?page={number}"), key, "")
    }

    /// The bytes of a creation under a name that was not used yet.
    pub(crate) fn create(name: u64, key: &str) -> Vec<u8> {
        let body = json!({
            "name": format!("new {name:016x}"), "organization": 1, "credential_type": 1,
            "inputs": {"username": "deploy", "password": format!("{name:032x}")},
        });
        request("POST", "/api/v2/credentials/", key, &body.to_string())
    }

    /// The bytes of a login of the robot, as a client sends them that wants to push.
    pub(crate) fn registry_token(&self) -> Vec<u8> {
        let target = "/token?account=robot&service=r0.example.com&scope=repository%3Ateam%2Fapp%3Apull%2Cpush";
        request("GET", target, &self.robot, "")
    }

    /// The bytes of the minting of a robot for one of the registries.
    pub(crate) fn mint(&self, any: usize) -> Vec<u8> {
        let registry = self.registries.get(any % self.registries.len().max(1)).copied();
        let target = format!("/strongroom/v1/registries/{}/robots", registry.unwrap_or_default());
        request("POST", &target, &self.bearer, NEW_ROBOT)
    }

    fn make_registries(&mut self) -> anyhow::Result<()> {
        for number in 0..REGISTRIES {
            let body = json!({
                "name": format!("r{number}"), "organization": 1, "credentials_limit": 1_000_000,
                "url": format!("https://r{number}.example.com"),
            });
            let made = self.post("/strongroom/v1/registries", &self.bearer, &body)?;
            self.registries.push(made["id"].as_i64().context("no id")?);
        }
        let minted = load::once(self.process.address, &self.mint(0))?.json()?;
        let text = |name: &str| minted[name].as_str().context("no robot");
        let pair = STANDARD.encode(format!("{}:{}", text("username")?, text("password")?));
        self.robot = format!("authorization: Basic {pair}\r\n");
        Ok(())
    }

    fn token(&self, key: &str) -> anyhow::Result<String> {
        let body = json!({"kind": "native", "name": "benchmark", "dialects": ["awx"]});
        let issued = self.post("/strongroom/v1/tokens", key, &body)?;
        let token = issued["token"].as_str().context("no token")?;
        Ok(format!("authorization: Bearer {token}\r\n"))
    }

    /// Gives every tenth credential to an organization of its own, and makes an auditor of that.
    pub(crate) fn set_apart(&mut self, credentials: u64) -> anyhow::Result<()> {
        let name = format!("apart {}", fastrand::u64(..));
        let made = self.post("/api/v2/organizations/", &self.bearer, &json!({"name": name}))?;
        let organization = made["id"].as_i64().context("no organization")?;
        let body = json!({"organization": organization}).to_string();
        let given = (2..2 + credentials)
            .step_by(10)
            .map(|id| request("PATCH", &format!("/api/v2/credentials/{id}/"), &self.bearer, &body));
        load::each(self.process.address, given, 64)?;
        self.tenth = Some(self.make_auditor(organization)?);
        Ok(())
    }

    fn make_auditor(&self, organization: i64) -> anyhow::Result<String> {
        let name = format!("auditor-{}", fastrand::u64(..));
        let body = json!({"username": name, "password": PASSWORD});
        let user = self.post("/api/v2/users/", &self.bearer, &body)?["id"].clone();
        let organization = format!("/api/v2/organizations/{organization}/");
        let organization = request("GET", &organization, &self.bearer, "");
        let organization = load::once(self.process.address, &organization)?.json()?;
        let role = &organization["summary_fields"]["object_roles"]["auditor_role"]["id"];
        self.post(&format!("/api/v2/users/{user}/roles/"), &self.bearer, &json!({"id": role}))?;
        let pair = STANDARD.encode(format!("{name}:{PASSWORD}"));
        self.token(&format!("authorization: Basic {pair}\r\n"))
    }

    fn post(&self, target: &str, key: &str, body: &Value) -> anyhow::Result<Value> {
        load::once(self.process.address, &request("POST", target, key, &body.to_string()))?.json()
    }
}

/// How long the process takes from its start to its first answer of a credential.
pub(crate) fn time_to_first_answer(data: &Path, key: &str) -> anyhow::Result<Duration> {
    let begin = Instant::now();
    let process = spawn(data)?;
    let answer = load::once(process.address, &Server::get(2, key))?;
    let elapsed = begin.elapsed();
    ensure!(answer.status == 200, "{}{}", answer.head, answer.body);
    process.stop()?;
    Ok(elapsed)
}

/// Starts the binary that was built beside this one.
pub(crate) fn spawn(data: &Path) -> anyhow::Result<Process> {
    let address = free_address()?;
    let binary = std::env::current_exe()?.with_file_name("strongroom");
    let mut command = Command::new(binary);
    command
        .arg("serve")
        .env_clear()
        .env("STRONGROOM_DATA_DIR", data)
        .env("STRONGROOM_LISTEN", address.to_string())
        .env("STRONGROOM_ADMIN_PASSWORD", PASSWORD);
    Process::start(&mut command, address, &data.with_extension("log"))
}

/// A copy of a store that nobody has open.
pub(crate) fn copy(from: &Path, to: PathBuf) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(&to)?;
    fs::set_permissions(&to, fs::Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy(&entry.path(), target)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(to)
}
