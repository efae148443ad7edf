//! `strongroom robot`.

use std::io::Write;

use anyhow::{Context, bail};
use http::Method;
use serde_json::{Map, Value, json};

use super::reached::Server;
use super::registry::path_of;
use crate::cli::{CreateRobotArgs, NamedRegistryArgs, NamedRobotArgs, RobotCommand, StoreArgs};
use crate::client::{Client, body, segment};
use crate::config::Environment;
use crate::log::printable;

/// Mints, lists, rotates or removes robots.
pub(super) async fn run(
    command: RobotCommand,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let (store, action) = Action::of(command)?;
    Server::with(store, environment, async |client| action.carry_out(client, out).await).await
}

/// What is to be done, everything that was typed already read.
enum Action {
    Create { registry: String, content: Value },
    List { registry: String },
    Rotate { registry: String, robot: String, content: Value },
    Remove { registry: String, robot: String, force: bool },
    Ending { days: u16 },
}

impl Action {
    fn of(command: RobotCommand) -> anyhow::Result<(StoreArgs, Self)> {
        Ok(match command {
            RobotCommand::Create(args) => {
                let content = new_robot(&args)?;
                let CreateRobotArgs { registry, store, .. } = *args;
                (store, Self::Create { registry, content })
            }
            RobotCommand::List { registry } => {
                let NamedRegistryArgs { registry, store } = *registry;
                (store, Self::List { registry })
            }
            RobotCommand::Rotate { robot, overlap, expires } => {
                let NamedRobotArgs { registry, robot, store } = *robot;
                let mut content = Map::new();
                if let Some(overlap) = overlap {
                    content.insert("overlap_seconds".to_owned(), seconds(&overlap)?.into());
                }
                content.extend(expires.map(|expires| ("expires_at".to_owned(), expires.into())));
                (store, Self::Rotate { registry, robot, content: content.into() })
            }
            RobotCommand::Remove { robot, force } => {
                let NamedRobotArgs { registry, robot, store } = *robot;
                (store, Self::Remove { registry, robot, force })
            }
            RobotCommand::Ending { days, store } => (*store, Self::Ending { days }),
        })
    }

    async fn carry_out(self, client: &Client, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
        match self {
            Self::Create { registry, content } => {
                let path = format!("{}/robots", path_of(client, &registry).await?);
                let made: Value =
                    client.call_with(Method::POST, &path, body(&content)?).await?.json()?;
                writeln!(out, "{made:#}")?;
            }
            Self::List { registry } => {
                let path = format!("{}/robots", path_of(client, &registry).await?);
                let list: Value = client.call(Method::GET, &path).await?.json()?;
                for robot in list["items"].as_array().context("a list was expected")? {
                    writeln!(out, "{robot}")?;
                }
            }
            Self::Rotate { registry, robot, content } => {
                let path = robot_path(client, &registry, &robot).await?;
                let path = format!("{path}/rotate");
                let made: Value =
                    client.call_with(Method::POST, &path, body(&content)?).await?.json()?;
                writeln!(out, "{made:#}")?;
            }
            Self::Remove { registry, robot, force } => {
                let path = robot_path(client, &registry, &robot).await?;
                let force = if force { "?force=true" } else { "" };
                client.call(Method::DELETE, &format!("{path}{force}")).await?;
            }
            Self::Ending { days } => {
                for robot in
                    client.list(&format!("/strongroom/v1/robots/ending?days={days}")).await?
                {
                    writeln!(out, "{robot}")?;
                }
            }
        }
        Ok(())
    }
}

/// The path of a robot, which is named by its user name or by an id.
async fn robot_path(client: &Client, registry: &str, robot: &str) -> anyhow::Result<String> {
    let robots = format!("{}/robots", path_of(client, registry).await?);
    if let Ok(id) = segment(robot) {
        return Ok(format!("{robots}/{id}"));
    }
    let list: Value = client.call(Method::GET, &robots).await?.json()?;
    let items = list["items"].as_array().context("a list was expected")?;
    let found = items.iter().find(|item| item["name"] == robot);
    let found = found.with_context(|| format!("no robot is named {}", printable(robot)))?;
    Ok(format!("{robots}/{}", found["id"]))
}

fn new_robot(args: &CreateRobotArgs) -> anyhow::Result<Value> {
    let mut content = json!({ "description": args.description });
    if !args.access.is_empty() {
        let access: anyhow::Result<Vec<Value>> =
            args.access.iter().map(|text| access(text)).collect();
        content["access"] = access?.into();
    }
    if let Some(expires) = &args.expires {
        content["expires_at"] = expires.as_str().into();
    }
    Ok(content)
}

/// `team/*:pull,push` as the API spells it.
fn access(text: &str) -> anyhow::Result<Value> {
    let (pattern, actions) = text
        .rsplit_once(':')
        .with_context(|| format!("`{}` is not PATTERN:ACTIONS", printable(text)))?;
    let actions: Vec<&str> = actions.split(',').map(str::trim).collect();
    Ok(json!({"type": "repository", "name": pattern, "actions": actions}))
}

/// The seconds of a duration such as `90s`, `30m`, `24h` or `7d`.
fn seconds(text: &str) -> anyhow::Result<u64> {
    let (number, unit) = match text.char_indices().last() {
        Some((at, unit)) => (text.get(..at).unwrap_or_default(), unit),
        None => ("", ' '),
    };
    let each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => bail!("`{}` is no duration: write it as 90s, 30m, 24h or 7d", printable(text)),
    };
    let number: Option<u64> = number.parse().ok();
    let seconds = number.and_then(|number| number.checked_mul(each));
    seconds.with_context(|| format!("`{}` is no duration", printable(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_a_unit() {
        for (text, read) in
            [("90s", 90), ("30m", 1_800), ("24h", 86_400), ("7d", 604_800), ("0h", 0)]
        {
            assert_eq!(seconds(text).unwrap(), read);
        }
        for text in ["", "7", "d", "-1d", "1.5h", "7 d", "1w", "99999999999999999999d", "1\u{e4}"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_robot_may_do_is_typed_as_pattern_and_actions() {
        let read = access("team/*:pull, push").unwrap();
        assert_eq!(
            read,
            json!({"type": "repository", "name": "team/*", "actions": ["pull", "push"]})
        );
        assert!(access("team").is_err());
    }
}
