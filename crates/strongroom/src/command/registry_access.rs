//! What the helpers for container tools share: which registry credentials there are, and checking one out.

use anyhow::Context;
use http::Method;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use strongroom_core::registry::fit;

use crate::client::{Client, body, encoded};

/// A registry credential that may be checked out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Access {
    /// Its id.
    pub(super) id: i64,
    /// The location for which it is.
    pub(super) location: String,
    /// Its user name, perhaps empty.
    pub(super) username: String,
}

/// User name and password.
pub(super) struct Login {
    /// The user name.
    pub(super) username: String,
    /// The password.
    pub(super) password: SecretString,
}

/// What there is for one host, or for all.
pub(super) async fn find(client: &Client, host: Option<&str>) -> anyhow::Result<Vec<Access>> {
    let query = host.map(|host| format!("?host={}", encoded(host))).unwrap_or_default();
    let path = format!("/strongroom/v1/registry-credentials{query}");
    let found: Found = client.call(Method::GET, &path).await?.json()?;
    Ok(found.items)
}

/// The credential whose location fits a repository best; of several that fit as well, the oldest.
pub(super) fn best<'a>(found: &'a [Access], repository: &str) -> Option<&'a Access> {
    let fitting =
        found.iter().filter_map(|one| fit(&one.location, repository).map(|fits| (fits, one)));
    fitting.max_by_key(|(fits, one)| (*fits, std::cmp::Reverse(one.id))).map(|(_, one)| one)
}

/// The credential for a host as such: one without a path if there is one, else the oldest.
pub(super) fn of_host<'a>(found: &'a [Access], host: &str) -> Option<&'a Access> {
    best(found, host).or_else(|| found.iter().min_by_key(|one| one.id))
}

/// User name and password, checked out and audited as such.
pub(super) async fn check_out(
    client: &Client,
    access: &Access,
    purpose: &str,
) -> anyhow::Result<Login> {
    let path = format!("/strongroom/v1/credentials/{}/checkout", access.id);
    let content = body(&json!({ "purpose": purpose }))?;
    let checked_out: CheckedOut = client.call_with(Method::POST, &path, content).await?.json()?;
    let Inputs { username, password } = checked_out.inputs;
    let password = password
        .with_context(|| format!("the credential for {} has no password", access.location))?;
    Ok(Login { username: username.unwrap_or_default(), password })
}

#[derive(Deserialize)]
struct Found {
    items: Vec<Access>,
}

#[derive(Deserialize)]
struct CheckedOut {
    inputs: Inputs,
}

#[derive(Deserialize)]
struct Inputs {
    username: Option<String>,
    password: Option<SecretString>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> Vec<Access> {
        let one = |id, location: &str| {
            let (location, username) = (location.to_owned(), String::new());
            Access { id, location, username }
        };
        vec![
            one(3, "r.example"),
            one(2, "r.example/team"),
            one(5, "r.example"),
            one(1, "r.example/x"),
        ]
    }

    #[test]
    fn the_longest_location_wins_and_then_the_oldest() {
        let best = |repository| super::best(&found(), repository).map(|one| one.id);
        assert_eq!(best("r.example/team/app"), Some(2));
        assert_eq!(best("r.example/other"), Some(3));
        assert_eq!(best("other.example/team"), None);
    }

    #[test]
    fn a_host_prefers_what_is_for_all_of_it() {
        assert_eq!(of_host(&found(), "r.example").map(|one| one.id), Some(3));
        assert_eq!(of_host(&found()[3..], "r.example").map(|one| one.id), Some(1));
        assert_eq!(of_host(&[], "r.example"), None);
    }
}
