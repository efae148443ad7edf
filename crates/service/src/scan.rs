//! Targets with their sequences and extra hosts, domains, and labels of an account: what scanners are told to look
//! at, and so where the account's credentials are used.
//!
//! A text of the settings that can be a secret and mentions no credential is sealed and never shown again. One that
//! mentions credentials is shown as it was sent, and each credential that it mentions knows that it is used there.

mod entry;
mod label;
mod read;
mod write;

use serde_json::{Map, Value};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::Member;
use strongroom_core::id::ShortId;
use strongroom_core::record::{Identity, Team};
use strongroom_core::scan::ScanKind;

use crate::account::{AccountPart, AccountPerson};

/// What a request asks of a target, sequence, extra host or domain.
#[derive(Debug, Clone, Default)]
pub struct ScanDraft {
    /// The settings that it names; they may hold secrets.
    pub settings: Map<String, Value>,
    /// The labels, by name or by id; of targets only.
    pub labels: Member<Vec<LabelName>>,
    /// The teams whose target it is; none for the whole account.
    pub teams: Member<Vec<ShortId>>,
    /// The settings that a new one must have must be there.
    pub is_whole: bool,
    /// A new target is refused when the account has one with its address.
    pub refuses_duplicate: bool,
}

/// How a request names a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LabelName {
    /// By its id.
    Id(ShortId),
    /// By its name; one that is not there yet is made.
    Name(String),
}

/// A target, sequence, extra host or domain as the account's people see it.
#[derive(Debug, Clone, PartialEq)]
pub struct ScanObject {
    /// What it is.
    pub kind: ScanKind,
    /// Its identity.
    pub identity: Identity,
    /// Its settings, with a mask for every sealed text.
    pub settings: Map<String, Value>,
    /// The labels of a target.
    pub labels: Vec<ScanLabel>,
    /// The teams of a target.
    pub teams: Vec<Team>,
    /// The extra hosts of a target.
    pub extra_hosts: Vec<ScanObject>,
    /// The target of a sequence or extra host, where that was asked for.
    pub target: Option<Box<ScanObject>>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub changed: Timestamp,
    /// Who changed it last; nobody known when that was the server's host.
    pub changed_by: Option<AccountPerson>,
}

/// A label of targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanLabel {
    /// Its id.
    pub short_id: ShortId,
    /// Its name, unique in the account.
    pub name: String,
    /// Its colour.
    pub color: String,
    /// When it was last changed.
    pub changed: Timestamp,
    /// Who changed it last.
    pub changed_by: Option<AccountPerson>,
}

/// What a request asks of a label.
#[derive(Debug, Clone, Default)]
pub struct LabelDraft {
    /// Its name.
    pub name: Member<String>,
    /// Its colour: letters, digits, `#`, `_` and `-`.
    pub color: Member<String>,
}

/// Which targets, sequences, extra hosts or domains are asked for.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the request")]
pub struct ScanQuery {
    /// What they are.
    pub kind: ScanKind,
    /// Only those of this target.
    pub target: Option<ShortId>,
    /// Only these, when there are any.
    pub ids: Vec<String>,
    /// Only those with these labels, when there are any.
    pub labels: Vec<String>,
    /// With all of the labels, not just with one.
    pub all_labels: bool,
    /// Whether ids that name nothing are told instead of a page.
    pub checks_ids: bool,
    /// By the last change, not by name.
    pub by_change: bool,
    /// Greatest first.
    pub descending: bool,
    /// Each with its target.
    pub with_target: bool,
    /// Which part of them.
    pub part: AccountPart,
}

pub(crate) use write::remove_all as remove_scans_of;
