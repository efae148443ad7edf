//! Uses of a credential.

use serde::Serialize;
use strongroom_core::error::UseCount;
use strongroom_core::record;

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
    made_by: i64,
    created: String,
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
            made_by: reference.made_by,
            created: time(reference.created),
        }
    }
}

impl From<&UseCount> for Use {
    fn from(counted: &UseCount) -> Self {
        Self { kind: counted.kind.clone(), count: counted.count }
    }
}
