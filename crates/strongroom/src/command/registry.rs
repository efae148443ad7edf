//! `strongroom registry`.

use std::io::Write;

use anyhow::{Context, bail};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reached::Server;
use crate::cli::{CreateRegistryArgs, NamedRegistryArgs, RegistryCommand, StoreArgs};
use crate::client::{Client, body, segment};
use crate::config::Environment;
use crate::log::printable;

/// Creates, lists, shows, configures or removes hosted registries.
pub(super) async fn run(
    command: RegistryCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let (store, action) = Action::of(command);
    let server = Server::find(store, environment).await?;
    let outcome = action.carry_out(server.client(), out).await;
    server.close().await;
    outcome
}

/// What is to be done.
enum Action {
    Create(Box<CreateRegistryArgs>),
    List,
    Show { registry: String },
    Remove { registry: String, force: bool },
    Config { registry: String, form: Form },
    RotateKey,
}

/// How the configuration is printed.
struct Form {
    distribution: String,
    bundle: String,
    certificates: bool,
    environment: bool,
}

impl Action {
    fn of(command: RegistryCommand) -> (StoreArgs, Self) {
        match command {
            RegistryCommand::Create(mut args) => {
                (std::mem::take(&mut args.store), Self::Create(args))
            }
            RegistryCommand::List { store } => (*store, Self::List),
            RegistryCommand::Show { registry } => {
                let NamedRegistryArgs { registry, store } = *registry;
                (store, Self::Show { registry })
            }
            RegistryCommand::Remove { registry, force } => {
                let NamedRegistryArgs { registry, store } = *registry;
                (store, Self::Remove { registry, force })
            }
            RegistryCommand::Config {
                registry,
                distribution,
                bundle,
                certificates,
                environment,
            } => {
                let NamedRegistryArgs { registry, store } = *registry;
                let form = Form { distribution, bundle, certificates, environment };
                (store, Self::Config { registry, form })
            }
            RegistryCommand::RotateKey { store } => (*store, Self::RotateKey),
        }
    }

    async fn carry_out(self, client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        match self {
            Self::Create(args) => {
                let content = body(&NewRegistry {
                    name: &args.name,
                    organization: &args.organization,
                    url: &args.url,
                    service: args.service.as_deref(),
                })?;
                let registry: Value =
                    client.call_with(Method::POST, REGISTRIES, content).await?.json()?;
                writeln!(out, "{registry:#}")?;
            }
            Self::List => {
                for registry in client.list(REGISTRIES).await? {
                    writeln!(out, "{registry}")?;
                }
            }
            Self::Show { registry } => {
                let path = path_of(client, &registry).await?;
                let registry: Value = client.call(Method::GET, &path).await?.json()?;
                writeln!(out, "{registry:#}")?;
            }
            Self::Remove { registry, force } => {
                let path = path_of(client, &registry).await?;
                let force = if force { "?force=true" } else { "" };
                client.call(Method::DELETE, &format!("{path}{force}")).await?;
            }
            Self::Config { registry, form } => {
                let path = path_of(client, &registry).await?;
                let reply = client.call(Method::GET, &format!("{path}/config")).await?;
                let config: Config = reply.json()?;
                write!(out, "{}", config.printed(&form)?)?;
            }
            Self::RotateKey => {
                let path = "/strongroom/v1/registry-signer/rotate";
                let signer: Value = client.call(Method::POST, path).await?.json()?;
                writeln!(out, "{signer:#}")?;
            }
        }
        Ok(())
    }
}

/// The path of the registry of that name or id. A name wins over an id, and must be the only one.
pub(super) async fn path_of(client: &Client, named: &str) -> anyhow::Result<String> {
    let registries = client.list(REGISTRIES).await?;
    let live = registries.iter().filter(|registry| registry["removed"].is_null());
    let found: Vec<&Value> = live.filter(|registry| registry["name"] == named).collect();
    match found.as_slice() {
        [only] => Ok(format!("{REGISTRIES}/{}", only["id"])),
        [] => {
            let Ok(id) = segment(named) else {
                bail!("no registry is named {}", printable(named));
            };
            Ok(format!("{REGISTRIES}/{id}"))
        }
        several => {
            let ids: Vec<String> = several.iter().map(|one| one["id"].to_string()).collect();
            bail!("several registries have this name; say which by its id: {}", ids.join(", "))
        }
    }
}

/// What a registry must know.
#[derive(Deserialize)]
struct Config {
    name: String,
    realm: String,
    service: Option<String>,
    issuer: String,
    root_certificates: String,
}

impl Config {
    fn printed(&self, form: &Form) -> anyhow::Result<String> {
        if form.certificates {
            return Ok(self.root_certificates.clone());
        }
        let service =
            self.service.as_deref().context("only hosted registries trust this server")?;
        let Self { name, realm, issuer, .. } = self;
        let bundle = &form.bundle;
        // The name of a registry is free text, so it is kept to its line and its word.
        let name = printable(name);
        let how = format!(
            "# Registry {name}. First put its certificates into {bundle}:\n\
             #   strongroom registry config --certificates {} > {}\n",
            word(&name),
            word(bundle),
        );
        if form.environment {
            return Ok(format!(
                "{how}REGISTRY_AUTH=token\nREGISTRY_AUTH_TOKEN_REALM={realm}\n\
                 REGISTRY_AUTH_TOKEN_SERVICE={service}\nREGISTRY_AUTH_TOKEN_ISSUER={issuer}\n\
                 REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE={bundle}\n"
            ));
        }
        let quoted = |text: &str| Value::from(text).to_string();
        let mut yaml = format!(
            "{how}auth:\n  token:\n    realm: {}\n    service: {}\n    issuer: {}\n    rootcertbundle: {}\n",
            quoted(realm),
            quoted(service),
            quoted(issuer),
            quoted(bundle),
        );
        if form.distribution == "3" {
            yaml.push_str("    signingalgorithms:\n      - ES256\n");
        }
        Ok(yaml)
    }
}

/// A text as one word of a shell.
fn word(text: &str) -> String {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/');
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[derive(Serialize)]
struct NewRegistry<'a> {
    name: &'a str,
    organization: &'a str,
    url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
}

pub(super) const REGISTRIES: &str = "/strongroom/v1/registries";

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(distribution: &str, certificates: bool, environment: bool) -> String {
        let config = Config {
            name: "harbor".to_owned(),
            realm: "https://room.example/token".to_owned(),
            service: Some("registry.example:5000".to_owned()),
            issuer: "https://room.example".to_owned(),
            root_certificates: "-----BEGIN CERTIFICATE-----\n".to_owned(),
        };
        let (distribution, bundle) = (distribution.to_owned(), "/etc/ca.pem".to_owned());
        config.printed(&Form { distribution, bundle, certificates, environment }).unwrap()
    }

    #[test]
    fn a_configuration_is_printed_in_each_of_its_forms() {
        let yaml = printed("2", false, false);
        let wanted = "auth:\n  token:\n    realm: \"https://room.example/token\"\n    service: \
                      \"registry.example:5000\"\n    issuer: \"https://room.example\"\n    rootcertbundle: \
                      \"/etc/ca.pem\"\n";
        assert!(yaml.ends_with(wanted) && yaml.starts_with("# Registry harbor."), "{yaml}");
        assert!(printed("3", false, false).ends_with("    signingalgorithms:\n      - ES256\n"));
        let variables = printed("2", false, true);
        assert!(variables.contains("REGISTRY_AUTH=token\nREGISTRY_AUTH_TOKEN_REALM=https://room"));
        assert_eq!(printed("2", true, false), "-----BEGIN CERTIFICATE-----\n");
    }

    #[test]
    fn a_name_is_one_word_of_a_shell() {
        for (text, one) in
            [("main", "main"), ("my registry", "'my registry'"), ("it's", "'it'\\''s'"), ("", "''")]
        {
            assert_eq!(word(text), one);
        }
    }
}
