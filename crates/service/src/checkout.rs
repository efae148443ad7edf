//! Checkout: the values of a credential leave, once the entry that says so is in the store.

use std::collections::BTreeMap;

use secrecy::SecretString;
use serde_json::json;
use strongroom_core::audit::{Operation, Touched};
use strongroom_core::credential_type::ROBOT_NAMESPACE;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Conflict, Rule};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::Credential;
use strongroom_core::registry::{host_of, same_host};
use strongroom_core::{Error, Result};

use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::made;
use crate::list::{Field, ListRequest, Order, Paging};
use crate::store::{Audited, Condition, CredentialRow, ListQuery};

/// What a request asks of a checkout.
#[derive(Debug, Clone, Default)]
pub struct CheckoutDraft {
    /// What for, in the words of whoever asks; at most 255 characters.
    pub purpose: Member<String>,
}

/// A credential with the values of its secrets.
#[derive(Debug)]
pub struct CheckedOut {
    /// The credential.
    pub credential: Credential,
    /// The id of its type.
    pub type_id: i64,
    /// The name of its type.
    pub type_name: String,
    /// The value of each secret field that has one.
    pub secrets: BTreeMap<String, SecretString>,
}

/// A registry credential that the caller may check out, without its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryAccess {
    /// The credential's id.
    pub id: i64,
    /// The location for which it is, as it stands in the credential.
    pub location: String,
    /// The user name; empty when there is none.
    pub username: String,
}

impl Strongroom {
    /// The values of a credential's present version, for whoever may check it out. A key that only reads may not.
    ///
    /// A robot has no value: its password exists only as a hash. `FetchedElsewhere` while an input source feeds a
    /// field: the store does not hold that value.
    pub async fn check_out(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: CheckoutDraft,
    ) -> Result<CheckedOut> {
        actor.require_write()?;
        let (room, by, reference) = (self.clone(), actor.clone(), reference.clone());
        self.release(move |tx| {
            let (permit, row) = tx.credential_to_check_out(&by, &reference)?;
            let CredentialRow { credential, credential_type, .. } = row;
            if credential_type.namespace.as_deref() == Some(ROBOT_NAMESPACE) {
                return Err(Error::forbidden());
            }
            let mut faults = Vec::new();
            let too_long = |text: &String| {
                (PURPOSE_LENGTH < text.chars().count())
                    .then_some(Rule::TooLong { max: PURPOSE_LENGTH })
            };
            let purpose = draft.purpose.clone().check(too_long).take("purpose", &mut faults);
            faultless(faults)?;
            let (id, name) = (credential.identity.id, credential.name.clone());
            let mut entry = by.entry(
                tx.now(),
                Operation::Release,
                Touched { kind: Kind::Credential, id, name },
            );
            entry.organization_id = credential.organization_id;
            let sources = tx.input_sources_of(id)?;
            if !sources.is_empty() {
                // What is stored in such a field is not its value, and a part of a credential is none.
                let fields = sources.into_iter().map(|source| source.field).collect();
                let error = Error::Conflict(Conflict::FetchedElsewhere { fields });
                tx.note_broken_rule(entry, &error);
                return Err(error);
            }
            let mut secrets = BTreeMap::new();
            for field in credential.secrets.keys() {
                if let Some(value) = room.open_present(tx, &credential, field)? {
                    secrets.insert(field.clone(), value);
                }
            }
            entry.reason = permit.reason().to_string();
            let fields: Vec<&str> = secrets.keys().map(String::as_str).collect();
            entry.changes.push(made("fields", json!(fields.join(", "))));
            entry.changes.push(made("version", json!(credential.version)));
            entry.changes.extend(purpose.map(|purpose| made("purpose", json!(purpose))));
            let (type_id, type_name) = (credential_type.id, credential_type.name);
            Ok(Audited::new(CheckedOut { credential, type_id, type_name, secrets }, entry))
        })
        .await
    }

    /// The *Container Registry* credentials that the caller may check out, in the order of their ids: those for a
    /// host, or all. A location counts by its host; which path fits is for the client to say.
    pub async fn list_registry_access(
        &self,
        actor: &Actor,
        host: Option<&str>,
    ) -> Result<Vec<RegistryAccess>> {
        let host = host.map(host_of);
        let (mut found, mut after) = (Vec::new(), 0);
        loop {
            let (by, wanted) = (actor.clone(), host.clone());
            let (part, last) =
                self.read(move |tx| registry_access(tx, &by, wanted.as_deref(), after)).await?;
            found.extend(part);
            match last {
                Some(last) if found.len() < MOST_FOUND => after = last,
                _ => return Ok(found),
            }
        }
    }
}

/// A part of the list, and the id after which the next begins.
fn registry_access(
    tx: &crate::store::ReadTx<'_>,
    actor: &Actor,
    host: Option<&str>,
    after: i64,
) -> Result<(Vec<RegistryAccess>, Option<i64>)> {
    let type_id = tx.type_id_by_namespace(NAMESPACE)?;
    let type_id = type_id.ok_or_else(|| Error::internal("a managed type is missing"))?;
    let request = ListRequest {
        paging: Paging::After { limit: PART, after },
        count: false,
        ..ListRequest::default()
    };
    let query = ListQuery {
        kind: Kind::Credential,
        request: &request,
        conditions: &[Condition::OfType(type_id)],
        default_order: &[Order::by(Field::Id)],
    };
    let ids = tx.list(actor, &query)?.ids;
    let rows = in_order(&ids, tx.credential_rows(&ids)?, |row| row.credential.identity.id);
    let is_full = i64::try_from(ids.len()).is_ok_and(|count| count == PART);
    let last = ids.last().copied().filter(|_| is_full);
    let mut found = Vec::new();
    for row in rows {
        let text = |name: &str| {
            let value = row.credential.inputs.get(name).and_then(serde_json::Value::as_str);
            value.unwrap_or_default().to_owned()
        };
        let location = text("host");
        if host.is_some_and(|host| !same_host(&location, host)) || !tx.may_check_out(actor, &row)? {
            continue;
        }
        found.push(RegistryAccess {
            id: row.credential.identity.id,
            location,
            username: text("username"),
        });
    }
    Ok((found, last))
}

/// The type of the credentials of registries.
const NAMESPACE: &str = "registry";
/// The most characters of a purpose.
const PURPOSE_LENGTH: usize = 255;
/// How many credentials are looked at in one transaction.
const PART: i64 = 200;
/// The most credentials that are listed.
const MOST_FOUND: usize = 1_000;
