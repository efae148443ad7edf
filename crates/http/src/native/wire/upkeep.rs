//! Backups and what was found in a store.

use serde::Serialize;
use strongroom_service as service;

/// How far a backup has come.
#[derive(Debug, Default, Serialize)]
pub(in crate::native) struct BackupState {
    done: u64,
    total: u64,
    ended: bool,
    error: Option<String>,
    backup: Option<service::BackupManifest>,
}

/// What was found in a store.
#[derive(Debug, Serialize)]
pub(in crate::native) struct FsckReport {
    structure: Vec<String>,
    audit: Option<i64>,
    rows: Vec<String>,
}

impl From<service::BackupState> for BackupState {
    fn from(state: service::BackupState) -> Self {
        let ended = state.outcome.is_some();
        let (backup, error) = match state.outcome {
            None => (None, None),
            Some(Ok(manifest)) => (Some(manifest), None),
            Some(Err(error)) => (None, Some(error)),
        };
        Self { done: state.done, total: state.total, ended, error, backup }
    }
}

impl From<service::FsckReport> for FsckReport {
    fn from(report: service::FsckReport) -> Self {
        let service::FsckReport { structure, audit, rows } = report;
        Self { structure, audit, rows }
    }
}
