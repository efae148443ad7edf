//! OpenBao as its users run it: raft storage on disk, every request in an audit file, secrets in a KV store.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use crate::load::{self, request};
use crate::process::{Process, free_address};

/// A running, unsealed server.
pub(crate) struct OpenBao {
    pub(crate) process: Process,
    /// The header of its root token.
    pub(crate) key: String,
    /// What it calls its version.
    pub(crate) version: String,
}

/// The binary, if it is installed.
pub(crate) fn on_the_path() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "the PATH is no setting of the server")]
    let path = std::env::var("PATH").ok()?;
    std::env::split_paths(&path).map(|folder| folder.join("bao")).find(|binary| binary.exists())
}

impl OpenBao {
    /// Starts it in an empty folder and gives it that many secrets.
    pub(crate) fn start(binary: &Path, folder: &Path, secrets: u64) -> anyhow::Result<Self> {
        fs::create_dir_all(folder.join("raft"))?;
        let (address, cluster) = (free_address()?, free_address()?);
        let at = folder.display();
        let settings = format!(
            "storage \"raft\" {{ path = \"{at}/raft\"\n node_id = \"one\" }}\n\
             listener \"tcp\" {{ address = \"{address}\"\n cluster_address = \"{cluster}\"\n tls_disable = true }}\n\
             audit \"file\" \"file\" {{ options = {{ file_path = \"{at}/audit.log\" }} }}\n\
             api_addr = \"http://{address}\"\ncluster_addr = \"http://{cluster}\"\ndisable_mlock = true\n"
        );
        let file = folder.join("settings.hcl");
        fs::write(&file, settings)?;
        let version = Command::new(binary).arg("version").output()?.stdout;
        let version = String::from_utf8_lossy(&version);
        let version = version.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
        let mut command = Command::new(binary);
        command.arg("server").arg(format!("-config={}", file.display()));
        let process = Process::start(&mut command, address, &folder.join("log"))?;
        let mut server = Self { process, key: String::new(), version };
        server.unseal()?;
        server.fill(secrets)?;
        Ok(server)
    }

    fn unseal(&mut self) -> anyhow::Result<()> {
        let made =
            self.post("/v1/sys/init", &json!({"secret_shares": 1, "secret_threshold": 1}))?;
        let share = made["keys_base64"][0].as_str().context("no key share")?;
        self.post("/v1/sys/unseal", &json!({"key": share}))?;
        let token = made["root_token"].as_str().context("no root token")?;
        self.key = format!("x-vault-token: {token}\r\n");
        // A fresh node takes a moment to lead itself.
        let begin = Instant::now();
        let mount = json!({"type": "kv", "options": {"version": "2"}});
        while let Err(error) = self.post("/v1/sys/mounts/secret", &mount) {
            ensure!(begin.elapsed() < Duration::from_secs(30), "{error}");
            std::thread::sleep(Duration::from_millis(200));
        }
        Ok(())
    }

    fn fill(&self, secrets: u64) -> anyhow::Result<()> {
        let begin = Instant::now();
        // A new mount upgrades itself before it takes a secret.
        while self.post("/v1/secret/data/c0", &secret()).is_err() {
            ensure!(begin.elapsed() < Duration::from_secs(30), "the mount takes no secret");
            std::thread::sleep(Duration::from_millis(200));
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let fill = (0..16).map(async |lane: u64| {
                let mut connection = load::Connection::open(self.process.address).await?;
                for number in (lane..secrets).step_by(16) {
                    let name = format!("c{number}");
                    let answer = connection.call(&self.create(&name)).await?;
                    ensure!(answer.status == 200, "{}", String::from_utf8_lossy(answer.bytes));
                }
                anyhow::Ok(())
            });
            futures_util::future::try_join_all(fill).await
        })?;
        Ok(())
    }

    /// The bytes of a read of one secret.
    pub(crate) fn get(&self, number: u64) -> Vec<u8> {
        request("GET", &format!("/v1/secret/data/c{number}"), &self.key, "")
    }

    /// The bytes of a list of as many names as a page of ours has credentials.
    pub(crate) fn page(&self) -> Vec<u8> {
        request("LIST", "/v1/secret/metadata/?limit=25", &self.key, "")
    }

    /// The bytes of a creation.
    pub(crate) fn create(&self, name: &str) -> Vec<u8> {
        request("POST", &format!("/v1/secret/data/{name}"), &self.key, &secret().to_string())
    }

    fn post(&self, target: &str, body: &Value) -> anyhow::Result<Value> {
        load::once(self.process.address, &request("POST", target, &self.key, &body.to_string()))?
            .json()
    }
}

/// As many members and bytes as a machine credential has.
fn secret() -> Value {
    json!({"data": {"username": "deploy", "password": "0123456789abcdef0123456789abcdef"}})
}
