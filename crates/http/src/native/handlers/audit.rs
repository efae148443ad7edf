//! The audit log.

use http::Uri;
use strongroom_core::access::Dialect;
use strongroom_core::audit::{Operation, Outcome};
use strongroom_core::id::Kind;
use strongroom_service::AuditQuery;
use strongroom_service::list::{Field, Filter, Operand, Test};

use super::{Answer, shown};
use crate::body::RawBody;
use crate::native::auth::Caller;
use crate::native::error::NativeError;
use crate::native::query::{Parameters, Part, unreadable};
use crate::native::translate::Members;
use crate::native::wire::{
    AuditCheckpoint, AuditEntry, AuditExport, AuditKey, AuditKeyRotation, List,
};

pub(in crate::native) async fn list(caller: Caller, uri: Uri) -> Answer {
    let known: Vec<&str> =
        PARTS.into_iter().chain(FILTERS.iter().map(|(name, ..)| *name)).collect();
    let parameters = Parameters::read(&uri, &known)?;
    let part = Part::of(&parameters)?;
    let query = AuditQuery {
        after: part.after,
        limit: part.limit + 1,
        filters: filters(&parameters)?,
        touching: touching(&parameters)?,
    };
    let page = caller.room.list_audit(&caller.actor, query).await?;
    Ok(shown(&List::part(page.items, part.limit, |entry| entry.id, AuditEntry::from)))
}

pub(in crate::native) async fn checkpoint(caller: Caller) -> Answer {
    let checkpoint = caller.room.audit_checkpoint(&caller.actor).await?;
    let public_key = caller.room.audit_public_key().await?;
    Ok(shown(&AuditCheckpoint { checkpoint, public_key }))
}

pub(in crate::native) async fn export(caller: Caller, uri: Uri) -> Answer {
    let after = Parameters::read(&uri, &["after"])?.integer("after", 0, i64::MAX)?.unwrap_or(0);
    let part = caller.room.export_audit(&caller.actor, after.unsigned_abs()).await?;
    Ok(shown(&AuditExport::from(part)))
}

/// The public key, for the host.
pub(in crate::native) async fn key(caller: Caller) -> Answer {
    Ok(shown(&AuditKey { public_key: caller.room.audit_public_key().await? }))
}

/// A new key signs, and the one before does so for a while too.
pub(in crate::native) async fn rotate_key(caller: Caller, body: RawBody) -> Answer {
    let members = Members::read(&body, &["overlap"])?;
    let mut faults = Vec::new();
    let overlap = members.integer("overlap").require("overlap", &mut faults);
    strongroom_core::draft::faultless(faults)?;
    let overlap = u64::try_from(overlap.unwrap_or_default())
        .map_err(|_| unreadable("overlap", "A number of seconds is expected."))?;
    let rotated = caller.room.rotate_audit_key(&caller.actor, overlap).await?;
    Ok(shown(&AuditKeyRotation::from(rotated)))
}

fn filters(parameters: &Parameters) -> Result<Vec<Filter>, NativeError> {
    let mut filters = Vec::new();
    for (name, field, read) in FILTERS {
        let Some(text) = parameters.text(name) else { continue };
        let test = read(text).ok_or_else(|| unreadable(name, "This is no value of it."))?;
        if let Some(field) = field {
            filters.push(Filter::that(field, test));
        }
    }
    Ok(filters)
}

/// The object of `credential:17`.
fn touching(parameters: &Parameters) -> Result<Option<(Kind, i64)>, NativeError> {
    let Some(text) = parameters.text(OBJECT) else { return Ok(None) };
    let read = |text: &str| {
        let (kind, id) = text.split_once(':')?;
        Some((Kind::from_word(kind)?, id.parse().ok()?))
    };
    let wrong = || unreadable(OBJECT, "A kind and an id are expected, such as credential:17.");
    read(text).map(Some).ok_or_else(wrong)
}

type ReadTest = fn(&str) -> Option<Test>;

fn number(text: &str) -> Option<Test> {
    text.parse().ok().map(|number| Test::Equals(Operand::Int(number)))
}

fn same(text: &str) -> Test {
    Test::Equals(Operand::Text(text.to_owned()))
}

fn time(text: &str) -> Option<Operand> {
    text.parse::<jiff::Timestamp>().ok().map(|time| Operand::Int(time.as_microsecond()))
}

/// What an entry can be asked for by; the object is looked for where it is touched.
const FILTERS: [(&str, Option<Field>, ReadTest); 11] = [
    ("operation", Some(Field::Operation), |text| Operation::from_word(text).map(|_| same(text))),
    ("outcome", Some(Field::Outcome), |text| Outcome::from_word(text).map(|_| same(text))),
    ("dialect", Some(Field::Dialect), |text| Dialect::from_word(text).map(|_| same(text))),
    ("actor", Some(Field::Actor), number),
    ("actor_name", Some(Field::ActorName), |text| Some(same(text))),
    ("organization", Some(Field::Organization), number),
    ("request_id", Some(Field::RequestId), |text| Some(same(text))),
    ("source", Some(Field::Source), |text| Some(same(text))),
    ("since", Some(Field::Created), |text| time(text).map(Test::GreaterOrEqual)),
    ("until", Some(Field::Created), |text| time(text).map(Test::Less)),
    (OBJECT, None, |text| Some(same(text))),
];
const OBJECT: &str = "object";
const PARTS: [&str; 2] = ["after", "limit"];
