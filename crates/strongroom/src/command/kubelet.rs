//! `strongroom kubelet-credential-provider`: the kubelet asks for an image, and gets what opens its registry.
//!
//! One request of `credentialprovider.kubelet.k8s.io/v1` comes on standard input and one response goes out. Nothing
//! for an image is an answer, not an error; what is wrong goes to standard error and the exit code.

use std::io::{self, Read, Write};

use anyhow::{Context, ensure};
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use strongroom_core::registry::{host_of, repository_of_image};

use super::reached::Server;
use super::registry_access::{Login, best, check_out, find};
use crate::cli::StoreArgs;
use crate::client::Client;
use crate::config::Environment;

/// Answers one request.
pub(super) async fn run(
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let mut text = String::new();
    io::stdin().lock().take(LARGEST).read_to_string(&mut text).context("standard input")?;
    let request = Request::read(&text)?;
    let find = async |client: &Client| login_for(client, &request.image).await;
    let login = Server::with(StoreArgs::default(), environment, find).await?;
    writeln!(out, "{}", request.response(login))?;
    Ok(())
}

/// A request of the kubelet.
#[derive(Deserialize)]
struct Request {
    #[serde(rename = "apiVersion")]
    version: String,
    kind: String,
    image: String,
    #[serde(rename = "serviceAccountToken")]
    service_account_token: Option<Value>,
}

impl Request {
    fn read(text: &str) -> anyhow::Result<Self> {
        let request: Self =
            serde_json::from_str(text).ok().context("a CredentialProviderRequest is expected")?;
        ensure!(request.version == VERSION, "only {VERSION} is spoken");
        ensure!(
            request.kind == "CredentialProviderRequest",
            "a CredentialProviderRequest is expected"
        );
        ensure!(!request.image.is_empty(), "the request names no image");
        Ok(request)
    }

    /// The response: what opens a location, or nothing.
    fn response(&self, login: Option<(String, Login)>) -> Value {
        let mut auth = Map::new();
        if let Some((location, Login { username, password })) = login {
            let login = json!({"username": username, "password": password.expose_secret()});
            auth.insert(location, login);
        }
        let mut response = json!({
            "apiVersion": VERSION,
            "kind": "CredentialProviderResponse",
            // Credentials may differ by repository, and what was removed should not live on for long.
            "cacheKeyType": "Image",
            "cacheDuration": "1m0s",
            "auth": auth,
        });
        if self.service_account_token.is_some() {
            response["serviceAccountTokenCacheType"] = json!("ServiceAccount");
        }
        response
    }
}

async fn login_for(client: &Client, image: &str) -> anyhow::Result<Option<(String, Login)>> {
    let repository = repository_of_image(image);
    let host = host_of(&repository);
    let found = find(client, Some(&host)).await?;
    let Some(access) = best(&found, &repository) else { return Ok(None) };
    let login = check_out(client, access, "kubelet credential provider").await?;
    Ok(Some((key(&repository, &access.location), login)))
}

/// The key under which the kubelet looks: the host, with the path of the credential where it has one.
fn key(repository: &str, location: &str) -> String {
    let parts = strongroom_core::registry::fit(location, repository).unwrap_or(1);
    repository.split('/').take(parts).collect::<Vec<_>>().join("/")
}

const VERSION: &str = "credentialprovider.kubelet.k8s.io/v1";
const LARGEST: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn request(more: &str) -> String {
        format!(
            r#"{{"apiVersion": "{VERSION}", "kind": "CredentialProviderRequest", "image": "r.example/team/app:1"{more}}}"#
        )
    }

    #[test]
    fn a_request_of_the_one_version_is_read() {
        assert_eq!(Request::read(&request("")).unwrap().image, "r.example/team/app:1");
        for bad in [
            "",
            "{}",
            &request("").replace("/v1", "/v1beta1"),
            &request("").replace("Request", "Response"),
        ] {
            assert!(Request::read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_response_has_what_the_kubelet_checks() {
        let asked = Request::read(&request("")).unwrap();
        let login = Login { username: "robot$x".to_owned(), password: "hunter2".to_owned().into() };
        let response = asked.response(Some(("r.example".to_owned(), login)));
        assert_eq!(
            response["auth"]["r.example"],
            json!({"username": "robot$x", "password": "hunter2"})
        );
        assert_eq!(response["cacheKeyType"], "Image");
        assert_eq!(response["serviceAccountTokenCacheType"], Value::Null);
        assert_eq!(asked.response(None)["auth"], json!({}));
        let with_token = Request::read(&request(r#", "serviceAccountToken": "x""#)).unwrap();
        assert_eq!(with_token.response(None)["serviceAccountTokenCacheType"], "ServiceAccount");
    }

    #[test]
    fn the_key_is_as_long_as_the_location() {
        assert_eq!(key("r.example/team/app", "r.example"), "r.example");
        assert_eq!(key("r.example/team/app", "https://r.example/team"), "r.example/team");
    }
}
