//! `strongroom registry-credential`.

use std::io::Write;

use anyhow::bail;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use strongroom_core::registry::host_of;
use zeroize::Zeroizing;

use super::reached::Server;
use super::registry_access::{Access, Login, check_out, find};
use super::resolve;
use crate::cli::RegistryCredentialCommand;
use crate::client::Client;
use crate::config::Environment;

/// Prints registry credentials for other tools.
pub(super) async fn run(
    command: RegistryCredentialCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let (host, secret, namespace, store) = match command {
        RegistryCredentialCommand::DockerConfigJson { host, secret, namespace, store } => {
            (host, secret, namespace, store)
        }
        RegistryCredentialCommand::Resolve(args) => {
            return resolve::run(*args, environment, out).await;
        }
    };
    let ask = async |client: &Client| docker_config(client, &host).await;
    let config = Server::with(*store, environment, ask).await?;
    match secret {
        None => writeln!(out, "{config:#}")?,
        Some(name) => writeln!(out, "{:#}", pull_secret(&name, namespace.as_deref(), &config))?,
    }
    Ok(())
}

/// The logins of the hosts that are asked for, or of all.
async fn docker_config(client: &Client, hosts: &[String]) -> anyhow::Result<Value> {
    let mut found = Vec::new();
    if hosts.is_empty() {
        found = find(client, None).await?;
    }
    for host in hosts {
        let of_host = find(client, Some(host)).await?;
        if of_host.is_empty() {
            bail!(
                "there is no registry credential for {} that you may check out",
                crate::log::printable(host)
            );
        }
        found.extend(of_host);
    }
    // Of several for one location the oldest counts, as for the other helpers.
    found.sort_by_key(|access| access.id);
    let mut auths = Map::new();
    for access in found {
        let key = key(&access);
        if !auths.contains_key(&key) {
            let login = check_out(client, &access, "dockerconfigjson").await?;
            auths.insert(key, auth(&login));
        }
    }
    Ok(json!({ "auths": auths }))
}

/// Host and path without a scheme. Docker looks for its own hub under an address.
fn key(access: &Access) -> String {
    let host = host_of(&access.location);
    if host == "docker.io" {
        return "https://index.docker.io/v1/".to_owned();
    }
    let bare = access.location.split_once("://").map_or(access.location.as_str(), |(_, rest)| rest);
    let path = bare.trim_end_matches('/').split_once('/').map(|(_, path)| path);
    match path {
        Some("v1" | "v2") | None => host,
        Some(path) => format!("{host}/{path}"),
    }
}

/// User name and password, and both once more in the member that wins where it is there.
fn auth(login: &Login) -> Value {
    let password = login.password.expose_secret();
    let pair = Zeroizing::new(format!("{}:{password}", login.username));
    json!({"username": login.username, "password": password, "auth": STANDARD.encode(pair.as_bytes())})
}

/// A pull secret for Kubernetes.
fn pull_secret(name: &str, namespace: Option<&str>, config: &Value) -> Value {
    let mut metadata = json!({ "name": name });
    if let Some(namespace) = namespace {
        metadata["namespace"] = json!(namespace);
    }
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": metadata,
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": STANDARD.encode(config.to_string())},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_no_scheme_but_that_of_docker_hub() {
        let key = |location: &str| {
            super::key(&Access { id: 1, location: location.to_owned(), username: String::new() })
        };
        assert_eq!(key("https://R.example:5000/v2/"), "r.example:5000");
        assert_eq!(key("r.example/team"), "r.example/team");
        assert_eq!(key("docker.io"), "https://index.docker.io/v1/");
    }

    #[test]
    fn a_pull_secret_holds_the_configuration() {
        let login = Login { username: "robot$x".to_owned(), password: "p".to_owned().into() };
        let config = json!({"auths": {"r.example": auth(&login)}});
        assert_eq!(config["auths"]["r.example"]["auth"], STANDARD.encode("robot$x:p"));
        let secret = pull_secret("pull", Some("web"), &config);
        assert_eq!(secret["metadata"], json!({"name": "pull", "namespace": "web"}));
        let data = secret["data"][".dockerconfigjson"].as_str().unwrap();
        let held: Value = serde_json::from_slice(&STANDARD.decode(data).unwrap()).unwrap();
        assert_eq!(held, config);
    }
}
