//! What clients tell about themselves, which nobody keeps.

use super::{Answer, done};
use crate::body::RawBody;
use crate::probely::auth::Caller;

/// 204; the body is read and thrown away.
pub(in crate::probely) async fn event(_caller: Caller, _body: RawBody) -> Answer {
    Ok(done())
}
