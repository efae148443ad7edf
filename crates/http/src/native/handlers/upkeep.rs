//! Backups and looking the store over. For the host only.

use std::path::PathBuf;

use http::StatusCode;
use strongroom_core::draft::faultless;

use super::{Answer, shown};
use crate::answer::{self, JSON};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::error::{NativeError, Wrong};
use crate::native::translate::Members;
use crate::native::wire::{BackupState, FsckReport};

pub(in crate::native) async fn start_backup(caller: Caller, body: RawBody) -> Answer {
    let members = Members::read(&body, &["file"])?;
    let mut faults = Vec::new();
    let path = members.text("file", PATH_LENGTH).require("file", &mut faults);
    faultless(faults)?;
    let path = PathBuf::from(path.unwrap_or_default());
    if path.is_relative() {
        let wrong = Wrong::new("file", "An absolute path is expected.");
        return Err(NativeError::Unreadable(vec![wrong]));
    }
    caller.room.start_backup(&caller.actor, path).await?;
    Ok(answer::json(StatusCode::ACCEPTED, JSON, &BackupState::default()))
}

pub(in crate::native) async fn backup_state(caller: Caller) -> Answer {
    let state = caller.room.backup_state(&caller.actor)?.unwrap_or_default();
    Ok(shown(&BackupState::from(state)))
}

pub(in crate::native) async fn look_over(caller: Caller) -> Answer {
    let report = caller.room.look_over(&caller.actor).await?;
    Ok(shown(&FsckReport::from(report)))
}

/// As long as Linux takes one.
const PATH_LENGTH: usize = 4096;
