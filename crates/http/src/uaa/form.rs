//! The form of a token request, and the client that sends it.

use std::collections::BTreeMap;
use std::fmt;

use http::HeaderMap;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use strongroom_service::Presented;

use super::error::UaaError;
use crate::body::{MediaType, RawBody};
use crate::presented::presented;

/// The fields of a token request. They may hold secrets.
#[derive(Default)]
pub(super) struct Form(BTreeMap<String, SecretString>);

impl Form {
    /// Reads a form. A field that stands twice is refused: nobody could say which counts.
    pub(super) fn read(raw: &RawBody) -> Result<Self, UaaError> {
        if !raw.is_empty() && raw.media_type != MediaType::Form {
            return Err(UaaError::MediaType);
        }
        let mut fields = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(&raw.bytes) {
            let before = fields.insert(name.into_owned(), SecretString::from(value.into_owned()));
            if before.is_some() {
                let text = "A parameter was sent more than once".to_owned();
                return Err(UaaError::BadRequest("invalid_request", text));
            }
        }
        Ok(Self(fields))
    }

    /// A field that says something.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(ExposeSecret::expose_secret).filter(|text| !text.is_empty())
    }

    /// A field that is needed, as a secret.
    pub(super) fn secret(&self, name: &str) -> Option<SecretString> {
        self.0.get(name).filter(|text| !text.expose_secret().is_empty()).cloned()
    }

    /// The scopes asked for; none means all that can be given.
    pub(super) fn scopes(&self) -> Vec<String> {
        let scope = self.text("scope").unwrap_or_default();
        scope.split_ascii_whitespace().map(str::to_owned).collect()
    }

    /// The client, by Basic or by fields; where both are sent, they say the same.
    pub(super) fn client(&self, headers: &HeaderMap) -> Result<Client, UaaError> {
        let (id, secret) = match presented(headers, &[]) {
            Presented::Basic { username, password } => (username, password),
            _ if headers.contains_key(http::header::AUTHORIZATION) => {
                return Err(UaaError::BadClient);
            }
            _ => {
                let id = self.text("client_id").unwrap_or_default().to_owned();
                (id, self.secret("client_secret").unwrap_or_default())
            }
        };
        let is_same_id = self.text("client_id").is_none_or(|named| named == id);
        let is_same_secret =
            self.text("client_secret").is_none_or(|given| given == secret.expose_secret());
        match (id == CLIENT, secret.expose_secret().is_empty()) {
            _ if !is_same_id || !is_same_secret => Err(UaaError::BadClient),
            (true, true) => Ok(Client::Public),
            (true, false) | (false, true) => Err(UaaError::BadClient),
            (false, false) => Ok(Client::Own { id, secret }),
        }
    }
}

/// Who sends a token request.
#[derive(Debug)]
pub(super) enum Client {
    /// The public client, which anybody is.
    Public,
    /// One that has a secret.
    Own {
        /// What it calls itself.
        id: String,
        /// What it says is its secret.
        secret: SecretString,
    },
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").finish_non_exhaustive()
    }
}

/// Whether a hint at the place where the user is kept, if one is given, names the only one there is.
///
/// A hint that cannot be read is none.
pub(super) fn is_known_origin(hint: Option<&str>) -> bool {
    let read = |text: &str| -> Option<Value> { serde_json::from_str(text).ok() };
    let Some(hint) = hint else { return true };
    let document = read(hint).or_else(|| read(&percent_decode_str(hint).decode_utf8_lossy()));
    let origin = document.as_ref().and_then(|document| document.get("origin"));
    origin.is_none_or(|origin| origin == "uaa")
}

/// The public client: its secret is empty.
const CLIENT: &str = "cf";

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;

    fn form(text: &str) -> Result<Form, UaaError> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        Form::read(&RawBody { bytes, media_type: MediaType::Form })
    }

    fn authorized(value: Option<&str>, fields: &str) -> bool {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(http::header::AUTHORIZATION, value.parse().unwrap());
        }
        matches!(form(fields).unwrap().client(&headers), Ok(Client::Public))
    }

    #[test]
    fn a_client_with_a_secret_says_the_same_twice_or_once() {
        let named = |value: Option<&str>, fields: &str| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(http::header::AUTHORIZATION, value.parse().unwrap());
            }
            match form(fields).unwrap().client(&headers) {
                Ok(Client::Own { id, secret }) => format!("{id}:{}", secret.expose_secret()),
                other => format!("{other:?}"),
            }
        };
        // `ci:x`
        let basic = Some("Basic Y2k6eA==");
        for (header, fields) in [
            (basic, ""),
            (basic, "client_id=ci"),
            (basic, "client_id=ci&client_secret=x"),
            (None, "client_id=ci&client_secret=x"),
        ] {
            assert_eq!(named(header, fields), "ci:x", "{header:?} {fields}");
        }
        for (header, fields) in [
            (basic, "client_id=other"),
            (basic, "client_id=ci&client_secret=y"),
            (None, "client_id=ci"),
            (Some("Basic Y2k6"), ""),
        ] {
            assert_eq!(named(header, fields), "Err(BadClient)", "{header:?} {fields}");
        }
    }

    #[test]
    fn the_public_client_is_known_by_header_or_fields() {
        assert!(authorized(Some("Basic Y2Y6"), ""));
        assert!(authorized(Some("Basic Y2Y6"), "client_id=cf"));
        assert!(authorized(None, "client_id=cf&client_secret="));
        assert!(authorized(None, "client_id=cf"));
        for (header, fields) in [
            (None, ""),
            (None, "client_id=cf&client_secret=x"),
            (None, "client_id=other"),
            (Some("Basic Y2Y6eA=="), ""),
            (Some("Basic Y2Y6"), "client_id=other"),
            (Some("Bearer Y2Y6"), "client_id=cf"),
            (Some("Basic ???"), "client_id=cf"),
        ] {
            assert!(!authorized(header, fields), "{header:?} {fields}");
        }
    }

    #[test]
    fn fields_are_read_once_each() {
        let read = form("scope=a+b%20c&username=&password=%26").unwrap();
        assert_eq!(read.scopes(), ["a", "b", "c"]);
        assert_eq!((read.text("username"), read.text("password")), (None, Some("&")));
        assert!(form("a=1&a=2").is_err());
        assert_eq!(format!("{read:?}"), "Form { .. }");
    }

    #[test]
    fn a_hint_names_the_one_origin_or_nothing() {
        for (hint, known) in [
            (None, true),
            (Some("{\"origin\":\"uaa\"}"), true),
            (Some("%7B%22origin%22%3A%22uaa%22%7D"), true),
            (Some("{\"origin\":\"ldap\"}"), false),
            (Some("%7B%22origin%22%3A%22ldap%22%7D"), false),
            (Some("{}"), true),
            (Some("uaa"), true),
        ] {
            assert_eq!(is_known_origin(hint), known, "{hint:?}");
        }
    }

    proptest! {
        #[test]
        fn any_form_is_read_or_refused(text in "[a-z=&%+0-9]{0,40}") {
            if let Ok(form) = form(&text) {
                let _ = (form.scopes(), form.text("a"), is_known_origin(form.text("b")));
            }
        }
    }
}
