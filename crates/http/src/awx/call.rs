//! One authenticated call: who asks, what the path names, the query and the body.

use axum::extract::RawPathParams;
use axum::extract::{FromRequest as _, Request};
use axum::response::Response;
use serde_json::{Map, Value};
use strongroom_core::Error;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::{Actor, Strongroom};

use super::error::{AwxError, Outcome};
use super::named;
use super::query::Query;
use super::read::Body;
use crate::body::{JsonFault, MediaType, RawBody};

/// One authenticated call.
pub(super) struct Call {
    /// The use-cases.
    pub(super) room: Strongroom,
    /// Who asks.
    pub(super) actor: Actor,
    /// The path with its slash, for the links of a list.
    pub(super) path: String,
    /// The name of this process.
    pub(super) node: String,
    /// The first variable segment of the path.
    pub(super) segment: Option<String>,
    /// The query.
    pub(super) query: Query,
    /// The members of the body.
    pub(super) body: Body,
    /// The states in which a change is wanted, as the request names them.
    pub(super) if_match: Option<String>,
}

impl Call {
    /// The object that the path names by number or by name.
    pub(super) async fn target(&self, kind: Kind) -> Outcome<Ref> {
        let segment = self.segment.as_deref().unwrap_or_default();
        if is_number(segment) {
            return match segment.parse() {
                Ok(id) => Ok(Ref::Serial(id)),
                Err(_) => Err(Error::NotFound(kind).into()),
            };
        }
        let Some(name) = named::parse(kind, segment) else {
            return Err(AwxError::UnknownPath);
        };
        Ok(self.room.resolve_name(&self.actor, name).await?)
    }

    /// The number in the path, of a kind of object that has no name.
    pub(super) fn number(&self, kind: Kind) -> Outcome<i64> {
        let segment = self.segment.as_deref().unwrap_or_default();
        if !is_number(segment) {
            return Err(AwxError::UnknownPath);
        }
        segment.parse().map_err(|_| Error::NotFound(kind).into())
    }

    /// Whether the path names its object by name.
    pub(super) fn is_by_name(&self) -> bool {
        self.segment.as_deref().is_some_and(|segment| !is_number(segment))
    }

    /// Whether a member of the body is there, whatever it holds.
    pub(super) fn has(&self, member: &str) -> bool {
        self.body.contains_key(member)
    }
}

fn is_number(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|byte| byte.is_ascii_digit())
}

/// The first variable segment of the path, decoded.
pub(super) fn segment(params: &RawPathParams) -> Option<String> {
    params.iter().next().map(|(_, value)| value.to_owned())
}

/// The members of a body; an empty one has none, and `null` neither.
pub(super) async fn members(request: Request) -> Result<Body, BodyFault> {
    let body = RawBody::from_request(request, &()).await.map_err(BodyFault::Answered)?;
    if body.is_empty() {
        return Ok(Map::new());
    }
    if body.media_type != MediaType::Json {
        return Err(BodyFault::Worded(AwxError::Detail(
            http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            UNSUPPORTED.to_owned(),
        )));
    }
    match body.json() {
        Ok(Value::Object(members)) => Ok(members),
        Ok(Value::Null) => Ok(Map::new()),
        Ok(_) => Err(BodyFault::parse(NOT_AN_OBJECT)),
        Err(JsonFault::TooDeep) => Err(BodyFault::parse(
            "maximum recursion depth exceeded\nPossible cause: trailing comma.",
        )),
        Err(JsonFault::Syntax { line, column }) => Err(BodyFault::parse(&format!(
            "Expecting value: line {line} column {column} (char {})\nPossible cause: trailing comma.",
            offset(&body.bytes, line, column)
        ))),
    }
}

/// Why a body has no members to give.
pub(super) enum BodyFault {
    /// The answer is there already.
    Answered(Response),
    /// In the words of this dialect.
    Worded(AwxError),
}

impl BodyFault {
    fn parse(text: &str) -> Self {
        Self::Worded(AwxError::bad_request(format!("JSON parse error - {text}")))
    }
}

/// How many bytes stand before a line and column, both counted from 1.
fn offset(bytes: &[u8], line: usize, column: usize) -> usize {
    let before: usize = bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(line.saturating_sub(1))
        .map(<[u8]>::len)
        .sum();
    before + column.saturating_sub(1)
}

const NOT_AN_OBJECT: &str = "not a JSON object";
const UNSUPPORTED: &str = "You did not use correct Content-Type in your HTTP request. If you are using our REST API, \
     the Content-Type must be application/json";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_found_by_line_and_column() {
        assert_eq!(offset(b"{\"name\": ", 1, 10), 9);
        assert_eq!(offset(b"{\n\"a\": x", 2, 6), 7);
        assert_eq!(offset(b"", 1, 0), 0);
    }
}
