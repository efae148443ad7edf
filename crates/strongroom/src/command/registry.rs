//! `strongroom registry`.

use std::io::Write;

use anyhow::{Context, bail};
use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reached::Server;
use crate::cli::{
    AuthorityCommand, CreateRegistryArgs, NamedRegistryArgs, RegistryCommand, StoreArgs,
    UpdateRegistryArgs,
};
use crate::client::{Client, body, segment};
use crate::config::Environment;
use crate::log::printable;

/// Creates, changes, lists, shows, configures or removes registries.
pub(super) async fn run(
    command: RegistryCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let (store, action) = Action::of(command);
    Server::with(store, environment, async |client| action.carry_out(client, out).await).await
}

/// What is to be done.
enum Action {
    Create(Box<CreateRegistryArgs>),
    Update(Box<UpdateRegistryArgs>),
    List,
    Show { registry: String },
    Remove { registry: String, force: bool },
    Config { registry: String, form: Form },
    Authority(AuthorityAction),
    RotateKey,
}

/// What is to be done to the authorities.
enum AuthorityAction {
    List,
    Add,
    Use { authority: String },
    Remove { authority: String },
}

impl AuthorityAction {
    fn of(command: AuthorityCommand) -> (StoreArgs, Self) {
        match command {
            AuthorityCommand::List { store } => (*store, Self::List),
            AuthorityCommand::Add { store } => (*store, Self::Add),
            AuthorityCommand::Use { authority, store } => (*store, Self::Use { authority }),
            AuthorityCommand::Remove { authority, store } => (*store, Self::Remove { authority }),
        }
    }

    async fn carry_out(self, client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        let path = |id: &str| anyhow::Ok(format!("{AUTHORITIES}/{}", segment(id)?));
        let made: Value = match self {
            Self::List => {
                for authority in client.list(AUTHORITIES).await? {
                    writeln!(out, "{authority}")?;
                }
                return Ok(());
            }
            Self::Remove { authority } => {
                client.call(Method::DELETE, &path(&authority)?).await?;
                return Ok(());
            }
            Self::Add => client.call(Method::POST, AUTHORITIES).await?.json()?,
            Self::Use { authority } => {
                let path = format!("{}/use", path(&authority)?);
                client.call(Method::POST, &path).await?.json()?
            }
        };
        writeln!(out, "{made:#}")?;
        Ok(())
    }
}

/// How the configuration is printed.
struct Form {
    distribution: String,
    bundle: String,
    certificates: bool,
    jwks: bool,
    environment: bool,
}

impl Action {
    fn of(command: RegistryCommand) -> (StoreArgs, Self) {
        match command {
            RegistryCommand::Create(mut args) => {
                (std::mem::take(&mut args.store), Self::Create(args))
            }
            RegistryCommand::Update(mut args) => {
                (std::mem::take(&mut args.store), Self::Update(args))
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
                jwks,
                environment,
            } => {
                let NamedRegistryArgs { registry, store } = *registry;
                let form = Form { distribution, bundle, certificates, jwks, environment };
                (store, Self::Config { registry, form })
            }
            RegistryCommand::Authority(command) => {
                let (store, action) = AuthorityAction::of(command);
                (store, Self::Authority(action))
            }
            RegistryCommand::RotateKey { store } => (*store, Self::RotateKey),
        }
    }

    async fn carry_out(self, client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        match self {
            Self::Create(args) => {
                let content = body(&RegistryBody {
                    name: Some(&args.name),
                    organization: Some(&args.organization),
                    url: Some(&args.url),
                    service: args.service.as_deref(),
                    credentials_limit: args.limit,
                    credential: args.credential.as_deref(),
                    provider: args.provider.as_deref(),
                    description: args.description.as_deref(),
                })?;
                let registry: Value =
                    client.call_with(Method::POST, REGISTRIES, content).await?.json()?;
                writeln!(out, "{registry:#}")?;
            }
            Self::Update(args) => {
                let path = path_of(client, &args.registry).await?;
                let content = body(&RegistryBody {
                    name: args.name.as_deref(),
                    url: args.url.as_deref(),
                    service: args.service.as_deref(),
                    credentials_limit: args.limit,
                    credential: args.credential.as_deref(),
                    description: args.description.as_deref(),
                    ..RegistryBody::default()
                })?;
                let registry: Value =
                    client.call_with(Method::PATCH, &path, content).await?.json()?;
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
            Self::Authority(action) => action.carry_out(client, out).await?,
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
    /// How tokens name their key.
    key: String,
    /// The keys by name.
    jwks: Value,
}

impl Config {
    fn printed(&self, form: &Form) -> anyhow::Result<String> {
        if form.certificates {
            return Ok(self.root_certificates.clone());
        }
        if form.jwks {
            return Ok(format!("{:#}\n", self.jwks));
        }
        let service =
            self.service.as_deref().context("only hosted registries trust this server")?;
        let Self { name, realm, issuer, .. } = self;
        let bundle = &form.bundle;
        // The name of a registry is free text, so it is kept to its line and its word.
        let name = printable(name);
        // Distribution 3 knows the keys of certificates by other names than 2.8, so there it is told them by name.
        let (what, option, member) = match form.distribution == "3" && self.key == "kid" {
            true => ("keys", "--jwks", "jwks"),
            false => ("certificates", "--certificates", "rootcertbundle"),
        };
        let how = format!(
            "# Registry {name}. First put its {what} into {bundle}:\n\
             #   strongroom registry config {option} {} > {}\n",
            word(&name),
            word(bundle),
        );
        if form.environment {
            let variable = member.to_uppercase();
            return Ok(format!(
                "{how}REGISTRY_AUTH=token\nREGISTRY_AUTH_TOKEN_REALM={realm}\n\
                 REGISTRY_AUTH_TOKEN_SERVICE={service}\nREGISTRY_AUTH_TOKEN_ISSUER={issuer}\n\
                 REGISTRY_AUTH_TOKEN_{variable}={bundle}\n"
            ));
        }
        let quoted = |text: &str| Value::from(text).to_string();
        let mut yaml = format!(
            "{how}auth:\n  token:\n    realm: {}\n    service: {}\n    issuer: {}\n    {member}: {}\n",
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

/// What a registry is to have. What is absent is left to the server.
#[derive(Default, Serialize)]
struct RegistryBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials_limit: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

pub(super) const REGISTRIES: &str = "/strongroom/v1/registries";
const AUTHORITIES: &str = "/strongroom/v1/registry-authorities";

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(distribution: &str, certificates: bool, environment: bool) -> String {
        printed_for("x5c", distribution, certificates, environment)
    }

    fn printed_for(key: &str, distribution: &str, certificates: bool, environment: bool) -> String {
        let config = Config {
            name: "harbor".to_owned(),
            realm: "https://room.example/token".to_owned(),
            service: Some("registry.example:5000".to_owned()),
            issuer: "https://room.example".to_owned(),
            root_certificates: "-----BEGIN CERTIFICATE-----\n".to_owned(),
            key: key.to_owned(),
            jwks: serde_json::json!({"keys": []}),
        };
        let (distribution, bundle) = (distribution.to_owned(), "/etc/ca.pem".to_owned());
        let form = Form { distribution, bundle, certificates, jwks: false, environment };
        config.printed(&form).unwrap()
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
    fn a_registry_that_looks_keys_up_gets_what_it_can_read() {
        // Distribution 2.8 knows the keys of certificates by the names that tokens give them; 3 takes a set.
        assert!(
            printed_for("kid", "2", false, false).ends_with("rootcertbundle: \"/etc/ca.pem\"\n")
        );
        let yaml = printed_for("kid", "3", false, false);
        assert!(yaml.contains("config --jwks harbor > /etc/ca.pem\n"), "{yaml}");
        assert!(yaml.contains("    jwks: \"/etc/ca.pem\"\n") && !yaml.contains("rootcertbundle"));
        let variables = printed_for("kid", "3", false, true);
        assert!(variables.ends_with("REGISTRY_AUTH_TOKEN_JWKS=/etc/ca.pem\n"), "{variables}");
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
