//! What the native API answered, and how a refusal of it reads.

use anyhow::Context;
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::log::printable;

/// An answer, complete.
pub(crate) struct Reply {
    /// Its status.
    pub(crate) status: StatusCode,
    /// Its body.
    pub(crate) body: Bytes,
}

impl Reply {
    /// The answer if it is a good one; otherwise what the server says is wrong, and what to do if it does
    /// not know who asks.
    pub(super) fn accepted(self, hint: &'static str) -> anyhow::Result<Self> {
        if self.status.is_success() { Ok(self) } else { Err(self.refusal(hint)) }
    }

    /// The body as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> anyhow::Result<T> {
        serde_json::from_slice(&self.body).context("the answer is not what Strongroom answers")
    }

    fn refusal(&self, hint: &str) -> anyhow::Error {
        let problem: Problem = serde_json::from_slice(&self.body).unwrap_or_default();
        let mut words = vec![problem.sentence().unwrap_or_else(|| self.status.to_string())];
        words
            .extend(problem.violations.iter().map(|one| format!("{}: {}", one.field, one.message)));
        words.extend(problem.references.iter().map(Reference::sentence));
        if self.status == StatusCode::UNAUTHORIZED {
            words.push(hint.to_owned());
        }
        let words: Vec<&str> = words.iter().map(|word| word.trim_end_matches('.')).collect();
        anyhow::anyhow!("{}", printable(&words.join("; ")))
    }
}

/// Problem details as in RFC 9457, with the members Strongroom adds.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    title: Option<String>,
    detail: Option<String>,
    violations: Vec<Violation>,
    references: Vec<Reference>,
}

#[derive(Deserialize)]
struct Violation {
    field: String,
    message: String,
}

/// A use of a credential.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Reference {
    consumer: String,
    kind: String,
    name: String,
}

impl Reference {
    fn sentence(&self) -> String {
        format!("in use by {} ({} {})", self.consumer, self.kind, self.name)
    }
}

impl Problem {
    fn sentence(&self) -> Option<String> {
        self.detail.clone().or_else(|| self.title.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> String {
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply { status, body: Bytes::copy_from_slice(body.as_bytes()) };
        reply.accepted("log in").err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_refusal_says_what_the_server_said() {
        assert_eq!(refusal(204, ""), "");
        assert_eq!(
            refusal(404, r#"{"title": "Not Found", "detail": "No such credential."}"#),
            "No such credential"
        );
        assert_eq!(
            refusal(
                400,
                r#"{"title": "Invalid", "violations": [{"field": "name", "message": "It is empty."}]}"#
            ),
            "Invalid; name: It is empty"
        );
        assert_eq!(refusal(502, "<html>\u{1b}[31m"), "502 Bad Gateway");
        assert_eq!(refusal(409, r#"{"detail": "a\u001b[31m"}"#), "a\\u001b[31m");
        assert!(refusal(401, "{}").ends_with("; log in"));
    }
}
