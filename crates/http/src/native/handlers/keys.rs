//! The root key: what is under which key, replacing it, and whether everything opens. For the host only.

use std::path::PathBuf;

use strongroom_core::draft::{Member, faultless};

use super::{Answer, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::error::{NativeError, Wrong};
use crate::native::translate::Members;
use crate::native::wire::{KeyBatch, KeyStatus, RotationEnd, RotationStart};

pub(in crate::native) async fn status(caller: Caller) -> Answer {
    let status = caller.room.root_key_status(&caller.actor).await?;
    Ok(shown(&KeyStatus::from(status)))
}

pub(in crate::native) async fn begin(caller: Caller, body: RawBody) -> Answer {
    let members = Members::read(&body, &["new_key_file"])?;
    let path = optional("new_key_file", members.text("new_key_file", PATH_LENGTH))?;
    let path = path.map(PathBuf::from);
    if path.as_ref().is_some_and(|path| path.is_relative()) {
        let wrong = Wrong::new("new_key_file", "An absolute path is expected.");
        return Err(NativeError::Unreadable(vec![wrong]));
    }
    let start = caller.room.begin_root_key_rotation(&caller.actor, path).await?;
    Ok(shown(&RotationStart::from(start)))
}

pub(in crate::native) async fn rewrap(caller: Caller, body: RawBody) -> Answer {
    let after = cursor(&body)?;
    let batch = caller.room.rewrap_batch(&caller.actor, after.as_deref()).await?;
    Ok(shown(&KeyBatch::from(batch)))
}

pub(in crate::native) async fn end(caller: Caller) -> Answer {
    let end = caller.room.end_root_key_rotation(&caller.actor).await?;
    Ok(shown(&RotationEnd::from(end)))
}

pub(in crate::native) async fn verify(caller: Caller, body: RawBody) -> Answer {
    let after = cursor(&body)?;
    let batch = caller.room.verify_batch(&caller.actor, after.as_deref()).await?;
    Ok(shown(&KeyBatch::from(batch)))
}

/// Where a batch begins, as the one before said.
fn cursor(body: &RawBody) -> Result<Option<String>, NativeError> {
    let members = Members::read(body, &["after"])?;
    optional("after", members.text("after", CURSOR_LENGTH))
}

fn optional<T>(name: &'static str, member: Member<T>) -> Result<Option<T>, NativeError> {
    let mut faults = Vec::new();
    let value = member.take(name, &mut faults);
    faultless(faults)?;
    Ok(value)
}

const CURSOR_LENGTH: usize = 64;
/// As long as Linux takes one.
const PATH_LENGTH: usize = 4096;
