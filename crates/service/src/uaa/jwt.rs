//! JSON Web Tokens, in the one form that is made and taken here: `RS256`, with the id of the key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use strongroom_core::Result;

use crate::Strongroom;

/// Whether a text has the shape of a signed token.
pub(crate) fn is_signed(text: &str) -> bool {
    text.starts_with("eyJ") && text.split('.').count() == 3 && text.len() <= LONGEST
}

impl Strongroom {
    /// Signs claims with the present key.
    pub(super) async fn sign_claims(&self, claims: &Value) -> Result<SecretString> {
        let key = self.uaa_signing_key().await?;
        let header = json!({"alg": ALGORITHM, "kid": key.public.kid, "typ": "JWT"});
        let mut text = format!("{}.{}", encode(&header), encode(claims));
        let signature = key.sign(text.as_bytes())?;
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        Ok(SecretString::from(text))
    }

    /// The claims of a token that this store signed for the platform and that has not ended. Its row still decides.
    pub(crate) async fn own_claims(&self, text: &str) -> Result<Option<Map<String, Value>>> {
        let Some(parts) = Parts::read(text) else { return Ok(None) };
        if parts.header.get("alg").and_then(Value::as_str) != Some(ALGORITHM)
            || parts.header.get("crit").is_some()
        {
            return Ok(None);
        }
        let Some(kid) = parts.header.get("kid").and_then(Value::as_str) else { return Ok(None) };
        let Some(key) = self.uaa_verifying_key(kid).await? else { return Ok(None) };
        if !key.verifies(parts.message.as_bytes(), &parts.signature) {
            return Ok(None);
        }
        let now = self.now().as_micros().div_euclid(1_000_000);
        let text = |name: &str| parts.claims.get(name).and_then(Value::as_str);
        let audience = parts.claims.get("aud").and_then(Value::as_array);
        let has_audience = |wanted: &str| {
            audience.is_some_and(|all| all.iter().any(|one| one.as_str() == Some(wanted)))
        };
        let ends = parts.claims.get("exp").and_then(Value::as_i64);
        let is_own = text("iss") == Some(&self.uaa_issuer())
            && has_audience(AUDIENCE)
            && has_audience(self.issuer())
            && ends.is_some_and(|ends| now < ends);
        match parts.claims {
            Value::Object(claims) if is_own => Ok(Some(claims)),
            _ => Ok(None),
        }
    }
}

/// A token taken apart.
struct Parts<'a> {
    /// What was signed.
    message: &'a str,
    header: Value,
    claims: Value,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    fn read(text: &'a str) -> Option<Self> {
        if !is_signed(text) {
            return None;
        }
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        Some(Self {
            message,
            header: decode(header)?,
            claims: decode(claims)?,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

fn encode(document: &Value) -> String {
    URL_SAFE_NO_PAD.encode(document.to_string())
}

/// A part that is an object.
fn decode(part: &str) -> Option<Value> {
    let bytes = URL_SAFE_NO_PAD.decode(part).ok()?;
    serde_json::from_slice(&bytes).ok().filter(Value::is_object)
}

/// Whom access tokens are for.
pub(super) const AUDIENCE: &str = "cloud_controller";
const ALGORITHM: &str = "RS256";
/// The most bytes of a token that is looked at.
const LONGEST: usize = 8 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_text_is_taken_apart_or_refused(text in "eyJ[A-Za-z0-9_.-]{0,60}") {
            if let Some(parts) = Parts::read(&text) {
                prop_assert!(parts.header.is_object() && parts.claims.is_object());
                prop_assert!(text.starts_with(parts.message));
            }
        }

        #[test]
        fn what_is_encoded_is_read_back(name in ".{0,10}", value in ".{0,10}") {
            let claims = json!({name: value});
            prop_assert_eq!(decode(&encode(&claims)), Some(claims));
        }
    }

    #[test]
    fn only_three_parts_of_objects_are_a_token() {
        let part = encode(&json!({"a": 1}));
        assert!(Parts::read(&format!("{part}.{part}.AA")).is_some());
        for bad in [
            format!("{part}.{part}"),
            format!("{part}.{part}.AA.AA"),
            format!("{part}.{}.AA", encode(&json!([1]))),
            format!("{part}.{part}.A"),
            format!("{part}.{part}.AA=="),
            format!("{part}.{part}.{}", "A".repeat(9000)),
        ] {
            assert!(Parts::read(&bad).is_none(), "{bad}");
        }
    }
}
