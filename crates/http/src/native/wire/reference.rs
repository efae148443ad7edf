//! Uses of a credential.

use serde::Serialize;
use strongroom_core::error::UseCount;
use strongroom_core::record;
use strongroom_service as service;

use super::{Ids, time};

/// A use of a credential.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Reference {
    #[serde(flatten)]
    ids: Ids,
    consumer: String,
    kind: String,
    name: String,
    key: String,
    /// The thing of the store that it is by; null for a system that registered itself.
    object: Option<Object>,
    /// Null for the server's host.
    made_by: Option<i64>,
    created: String,
}

/// A thing of the store that uses credentials.
#[derive(Debug, Serialize)]
struct Object {
    id: i64,
    short_id: String,
}

/// Where a credential is used.
#[derive(Debug, Serialize)]
pub(in crate::native) struct WhereUsed {
    items: Vec<Reference>,
    /// The list is always whole.
    next: Option<String>,
    /// How many uses the caller does not see; 0 for whoever may not delete the credential.
    hidden: usize,
    last_used: Option<LastUse>,
}

/// When and by whom values of a credential were last used.
#[derive(Debug, Serialize)]
pub(in crate::native) struct LastUse {
    at: String,
    user: Option<i64>,
    name: String,
    dialect: &'static str,
}

/// How many uses of one kind.
#[derive(Debug, Serialize)]
pub(in crate::native) struct Use {
    kind: String,
    count: u64,
}

impl From<record::Reference> for Reference {
    fn from(reference: record::Reference) -> Self {
        Self {
            ids: reference.identity.into(),
            consumer: reference.consumer,
            kind: reference.kind,
            name: reference.name,
            key: reference.key,
            object: reference
                .object
                .zip(reference.object_short_id)
                .map(|((_, id), short_id)| Object { id, short_id: short_id.to_string() }),
            made_by: Some(reference.made_by).filter(|id| *id != 0),
            created: time(reference.created),
        }
    }
}

impl From<service::WhereUsed> for WhereUsed {
    fn from(used: service::WhereUsed) -> Self {
        Self {
            items: used.references.into_iter().map(Reference::from).collect(),
            next: None,
            hidden: used.hidden,
            last_used: used.last_use.map(LastUse::from),
        }
    }
}

impl From<record::LastUse> for LastUse {
    fn from(last: record::LastUse) -> Self {
        Self {
            at: time(last.at),
            user: last.user_id,
            name: last.name,
            dialect: last.dialect.word(),
        }
    }
}

impl From<&UseCount> for Use {
    fn from(counted: &UseCount) -> Self {
        Self { kind: counted.kind.clone(), count: counted.count }
    }
}
