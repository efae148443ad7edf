//! `strongroom login`.

use std::io::Write;

use anyhow::{Context, bail};
use http::Method;
use secrecy::SecretString;
use serde_json::json;
use url::{Host, Url};

use super::token::Issued;
use crate::cli::LoginArgs;
use crate::client::{Client, Pass, body};
use crate::config::Environment;
use crate::login_file::{self, Login};
use crate::secret_input;

/// Trades a password for a token, and keeps that.
pub(super) async fn run(
    args: LoginArgs,
    environment: &Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let url = server_url(args.url.as_deref(), environment)?
        .context("which server? Give its address, or set STRONGROOM_URL")?;
    if !args.insecure_http {
        refuse_clear_text(&url)?;
    }
    let file = login_file::path(environment)?;
    let prompt = format!("Password of {} at {url}", crate::log::printable(&args.user));
    let password = secret_input::password_or_prompt(args.password_file.as_deref(), &prompt)?;
    let token = token(&url, args.user, password).await?;
    Login { url: url.clone(), token }.save(&file)?;
    writeln!(out, "logged in at {url}; the token is in {}", file.display())?;
    Ok(())
}

/// The server that was named, in an argument or in the environment.
pub(super) fn server_url(
    argument: Option<&str>,
    environment: &Environment,
) -> anyhow::Result<Option<Url>> {
    let variable = environment.get("STRONGROOM_URL").map(|url| url.to_string_lossy());
    let Some(text) = argument.or(variable.as_deref()) else { return Ok(None) };
    let url: Url =
        text.parse().context("the address of the server must look like https://host:port")?;
    let is_origin = url.has_host() && url.path() == "/" && url.query().is_none();
    let names_user = !url.username().is_empty() || url.password().is_some();
    if !is_origin || names_user || !matches!(url.scheme(), "https" | "http") {
        bail!("the address of the server must look like https://host:port, without user or path");
    }
    Ok(Some(url))
}

async fn token(url: &Url, user: String, password: SecretString) -> anyhow::Result<SecretString> {
    let pass = Pass::Password { user, password };
    let client = Client::Network { url: url.clone(), pass };
    let name = format!("strongroom login on {}", host_name());
    let content = body(&json!({ "kind": "native", "name": name }))?;
    let reply = client.call_with(Method::POST, "/strongroom/v1/tokens", content).await?;
    let issued: Issued = reply.json()?;
    Ok(issued.token)
}

fn refuse_clear_text(url: &Url) -> anyhow::Result<()> {
    let is_local = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    if url.scheme() == "https" || is_local {
        return Ok(());
    }
    bail!(
        "{url} would get the password without TLS: use https://, or --insecure-http if you accept that"
    );
}

fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(argument: Option<&str>, variable: &str) -> anyhow::Result<Option<Url>> {
        server_url(argument, &Environment::new([("STRONGROOM_URL".into(), variable.into())]))
    }

    #[test]
    fn the_argument_wins_over_the_variable() {
        let named = |argument, variable| of(argument, variable).unwrap().unwrap().to_string();
        assert_eq!(named(Some("https://a"), "https://b"), "https://a/");
        assert_eq!(named(None, "https://b:1"), "https://b:1/");
        assert!(of(None, "").unwrap().is_none());
        for bad in ["room", "ftp://a", "https://a/x", "https://u:p@a", "https://a?x", "unix:/a"] {
            assert!(of(Some(bad), "").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_crosses_no_network_in_the_clear() {
        let refused = |url: &str| refuse_clear_text(&url.parse().unwrap()).is_err();
        assert!(refused("http://room.example") && refused("http://10.0.0.1"));
        assert!(!refused("https://room.example") && !refused("http://localhost:8470"));
        assert!(!refused("http://127.0.0.1:8470") && !refused("http://[::1]:8470"));
    }
}
