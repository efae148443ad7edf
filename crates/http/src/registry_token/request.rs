//! What a client asks for, in a query or in a form.

use secrecy::SecretString;
use strongroom_core::registry_scope::{MOST_SCOPES, Scope, TooManyScopes, read_scopes};
use strongroom_service::RegistryTokenDraft;

use super::error::TokenError;
use crate::body::{MediaType, RawBody};

/// A login by a form.
pub(super) struct Form {
    /// The robot's user name.
    pub(super) username: String,
    /// Its password.
    pub(super) password: SecretString,
    /// What is asked for.
    pub(super) draft: RegistryTokenDraft,
}

/// What a query asks for. Several scopes come as repeated parameters, in one value, or both.
///
/// `account` and whatever else clients send is a hint that changes nothing.
pub(super) fn of_query(query: &str) -> Result<RegistryTokenDraft, TokenError> {
    let read = Read::parse(query.as_bytes(), TokenError::invalid)?;
    read.draft(TokenError::invalid)
}

/// The login of a form.
pub(super) fn of_form(body: &RawBody) -> Result<Form, TokenError> {
    if body.media_type != MediaType::Form {
        return Err(TokenError::MediaType);
    }
    let wrong = |text| TokenError::Oauth("invalid_request", text);
    let mut read = Read::parse(&body.bytes, wrong)?;
    match read.grant_type.as_deref() {
        None => return Err(wrong("grant_type is required".to_owned())),
        Some("password") => {}
        Some(_) => {
            let text = "Only the grant type password is supported".to_owned();
            return Err(TokenError::Oauth("unsupported_grant_type", text));
        }
    }
    let (Some(username), Some(password)) = (read.username.take(), read.password.take()) else {
        return Err(wrong("username and password are required".to_owned()));
    };
    Ok(Form { username, password, draft: read.draft(wrong)? })
}

/// The parameters that count, as given.
#[derive(Default)]
struct Read {
    service: Option<String>,
    scopes: Vec<String>,
    grant_type: Option<String>,
    username: Option<String>,
    password: Option<SecretString>,
}

impl Read {
    fn parse(text: &[u8], wrong: impl Fn(String) -> TokenError) -> Result<Self, TokenError> {
        let mut read = Self::default();
        for (name, value) in form_urlencoded::parse(text) {
            let is_first = match name.as_ref() {
                "service" => read.service.replace(value.into_owned()).is_none(),
                "grant_type" => read.grant_type.replace(value.into_owned()).is_none(),
                "username" => read.username.replace(value.into_owned()).is_none(),
                "password" => {
                    read.password.replace(SecretString::from(value.into_owned())).is_none()
                }
                "scope" => {
                    read.scopes.push(value.into_owned());
                    true
                }
                _ => true,
            };
            if !is_first {
                return Err(wrong(format!("{name} is given twice")));
            }
        }
        Ok(read)
    }

    fn draft(self, wrong: impl Fn(String) -> TokenError) -> Result<RegistryTokenDraft, TokenError> {
        let scopes: Result<Vec<Scope>, TooManyScopes> =
            read_scopes(self.scopes.iter().map(String::as_str));
        let scopes = scopes
            .map_err(|_| wrong(format!("at most {MOST_SCOPES} scopes are granted at once")))?;
        Ok(RegistryTokenDraft { service: self.service, scopes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use proptest::prelude::*;
    use secrecy::ExposeSecret;

    fn form(text: &str) -> Result<Form, TokenError> {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        of_form(&RawBody { bytes, media_type: MediaType::Form })
    }

    #[test]
    fn a_query_asks_for_scopes_of_a_service() {
        let draft = of_query(
            "account=x&service=r.example%3A5000&scope=repository:a:pull&scope=repository:b:pull%20repository:c:pull",
        )
        .unwrap();
        assert_eq!(draft.service.as_deref(), Some("r.example:5000"));
        assert_eq!(draft.scopes.len(), 3);
        assert_eq!(of_query("").unwrap(), RegistryTokenDraft::default());
        assert_eq!(of_query("client_id=docker&offline_token=true").unwrap().scopes.len(), 0);
        assert!(of_query("service=a&service=b").is_err());
        assert!(of_query(&"scope=repository:a:pull&".repeat(MOST_SCOPES)).is_ok());
        assert!(of_query(&"scope=repository:a:pull&".repeat(MOST_SCOPES + 1)).is_err());
    }

    #[test]
    fn a_form_is_a_login_with_a_password() {
        let read = form(
            "grant_type=password&service=s&client_id=containerd&scope=repository%3Aa%3Apull&username=robot%24x&password=p%26",
        )
        .unwrap();
        assert_eq!((read.username.as_str(), read.password.expose_secret()), ("robot$x", "p&"));
        assert_eq!(read.draft.scopes.len(), 1);
        for (text, error) in [
            ("", "invalid_request"),
            ("username=a&password=b", "invalid_request"),
            ("grant_type=password&username=a", "invalid_request"),
            ("grant_type=refresh_token&refresh_token=x", "unsupported_grant_type"),
            ("grant_type=password&grant_type=password", "invalid_request"),
        ] {
            let told = match form(text) {
                Err(TokenError::Oauth(error, _)) => error,
                _ => "",
            };
            assert_eq!(told, error, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "[a-z=&%:*/ 0-9]{0,60}") {
            let _ = of_query(&text);
            let _ = form(&text);
        }
    }
}
