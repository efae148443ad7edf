//! The members of a body: JSON, a form, or a form in parts.

use std::collections::BTreeMap;

use axum::extract::{FromRequest, Request};
use futures_util::stream;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};
use strongroom_core::error::ValueKind;

use super::error::ProbelyError;
use super::words::{brief, type_name};
use crate::body::{JsonFault, RawBody};
use crate::state::AppState;

/// The members of a body. Read-only and unknown ones are among them and nobody asks for them.
#[derive(Debug, Default)]
pub(super) struct Members {
    /// By name; of several with one name the last counts. They may hold secrets.
    pub(super) all: Map<String, Value>,
    /// In a form, what a name stood for before its last value: a list repeats its name.
    pub(super) earlier: BTreeMap<String, Vec<Value>>,
    /// The body is a form, where every value is a text and null cannot be said.
    pub(super) is_form: bool,
}

impl FromRequest<AppState> for Members {
    type Rejection = ProbelyError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ProbelyError> {
        let mut types = request.headers().get_all(CONTENT_TYPE).iter();
        let named = types.next().map(|value| value.to_str().unwrap_or_default().to_owned());
        let named = if types.next().is_some() { None } else { named }.unwrap_or_default();
        let body = RawBody::from_request(request, state).await;
        let body = body.map_err(|response| ProbelyError::Answered(Box::new(response)))?;
        if body.is_empty() {
            return Ok(Self::default());
        }
        let essence = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match essence.as_str() {
            "application/json" => json(&body),
            "application/x-www-form-urlencoded" => form(&body.bytes),
            "multipart/form-data" => parts(&named, body).await,
            _ => {
                let sentence = format!("Unsupported media type \"{}\" in request.", brief(&named));
                Err(ProbelyError::Detail(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence))
            }
        }
    }
}

fn json(body: &RawBody) -> Result<Members, ProbelyError> {
    match body.json() {
        Ok(Value::Object(all)) => Ok(Members { all, is_form: false, ..Members::default() }),
        Ok(Value::Null) => Err(ProbelyError::Whole("No data provided".to_owned())),
        Ok(other) => {
            let given = type_name(ValueKind::from(&other));
            let sentence = format!("Invalid data. Expected a dictionary, but got {given}.");
            Err(ProbelyError::Whole(sentence))
        }
        Err(JsonFault::TooDeep) => Err(unreadable("JSON parse error - too many levels")),
        Err(JsonFault::Syntax { line, column }) => {
            Err(unreadable(&format!("JSON parse error - line {line} column {column}")))
        }
    }
}

/// A form. What is not UTF-8 is refused, so that no secret is stored other than it was sent.
fn form(bytes: &[u8]) -> Result<Members, ProbelyError> {
    let (mut all, mut earlier) = (Map::new(), BTreeMap::new());
    for pair in bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        let middle = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        let (name, value) = pair.split_at(middle);
        let value = value.get(1..).unwrap_or_default();
        let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
            return Err(unreadable("Form parse error - not UTF-8"));
        };
        again(&mut earlier, &name, all.insert(name.clone(), Value::from(value)));
    }
    Ok(Members { all, earlier, is_form: true })
}

/// Keeps what a name stood for before, for the members that are lists.
fn again(earlier: &mut BTreeMap<String, Vec<Value>>, name: &str, before: Option<Value>) {
    if let Some(before) = before {
        earlier.entry(name.to_owned()).or_default().push(before);
    }
}

fn decoded(bytes: &[u8]) -> Option<String> {
    let spaced: Vec<u8> =
        bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    String::from_utf8(percent_decode(&spaced).collect()).ok()
}

/// A form in parts. A file is no text, whatever is in it.
async fn parts(content_type: &str, body: RawBody) -> Result<Members, ProbelyError> {
    let broken = |_| unreadable("Multipart form parse error");
    let boundary = multer::parse_boundary(content_type).map_err(broken)?;
    let whole = stream::iter([Ok::<_, std::io::Error>(body.bytes)]);
    let mut parts = multer::Multipart::new(whole, boundary);
    let (mut all, mut earlier) = (Map::new(), BTreeMap::new());
    while let Some(part) = parts.next_field().await.map_err(broken)? {
        let Some(name) = part.name().map(str::to_owned) else { continue };
        let is_file = part.file_name().is_some();
        let bytes = part.bytes().await.map_err(broken)?;
        let value = match String::from_utf8(bytes.to_vec()) {
            _ if is_file => Value::Object(Map::new()),
            Ok(text) => Value::from(text),
            Err(_) => return Err(unreadable("Multipart form parse error - not UTF-8")),
        };
        again(&mut earlier, &name, all.insert(name.clone(), value));
    }
    Ok(Members { all, earlier, is_form: true })
}

/// 400 without anything of the content.
fn unreadable(sentence: &str) -> ProbelyError {
    ProbelyError::Detail(StatusCode::BAD_REQUEST, sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_form_is_read_without_losing_a_byte() {
        let read = form(b"name=a+b&value=%C3%A9%2B%26&value=last&flag&&=x").unwrap();
        let expected = json!({"name": "a b", "value": "last", "flag": "", "": "x"});
        assert_eq!(Value::Object(read.all), expected);
        assert!(form(b"value=%ff").is_err());
        assert!(form(b"%ff=value").is_err());
    }

    proptest! {
        #[test]
        fn what_a_client_encodes_is_read_back(value in any::<String>(), name in "[a-z_]{1,8}") {
            let mut text = form_urlencoded::Serializer::new(String::new());
            text.append_pair(&name, &value);
            let read = form(text.finish().as_bytes()).unwrap();
            prop_assert_eq!(&read.all[&name], &json!(value));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = form(&bytes);
        }
    }
}
