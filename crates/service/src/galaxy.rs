//! The Galaxy credentials of an organization, asked in their order when roles and collections are fetched.

use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::error::{AttachRule, FieldPath, Rule};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::Organization;
use strongroom_core::{Error, Result};

use crate::Strongroom;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::list::{Field, ListRequest, Order, Paging};
use crate::store::{Audited, Condition, CredentialRow, ListQuery, ReadTx, proof};
use crate::view::CredentialView;

impl Strongroom {
    /// The Galaxy credentials of an organization that the caller may read, in their order.
    pub async fn list_galaxy_credentials(
        &self,
        actor: &Actor,
        organization: &Ref,
    ) -> Result<Vec<CredentialView>> {
        let (actor, organization) = (actor.clone(), organization.clone());
        self.read(move |tx| {
            let (permit, _) = tx.organization::<proof::Read>(&actor, &organization)?;
            let request = ListRequest {
                paging: Paging::Offset { limit: i64::MAX, offset: 0 },
                count: false,
                ..ListRequest::default()
            };
            let query = ListQuery {
                kind: Kind::Credential,
                request: &request,
                conditions: &[Condition::GalaxyOf(permit.id())],
                default_order: &[Order::by(Field::Id)],
            };
            let readable = tx.list(&actor, &query)?.ids;
            let mut ids = tx.galaxy_credential_ids(permit.id())?;
            ids.retain(|id| readable.contains(id));
            let rows = in_order(&ids, tx.credential_rows(&ids)?, |row| row.credential.identity.id);
            tx.credential_views(&actor, rows)
        })
        .await
    }

    /// Adds a Galaxy credential after the others, which takes *change* on the organization and *use* on the
    /// credential. The same again changes nothing.
    pub async fn add_galaxy_credential(
        &self,
        actor: &Actor,
        organization: &Ref,
        credential: &Ref,
    ) -> Result<()> {
        let (by, organization, credential) =
            (actor.clone(), organization.clone(), credential.clone());
        self.write(actor, move |tx| {
            let (permit, organization) = tx.organization::<proof::Change>(&by, &organization)?;
            let (used, row) = tx.credential::<proof::Use>(&by, &credential)?;
            if row.credential_type.kind != GALAXY {
                let rule = AttachRule::NotGalaxy { type_name: row.credential_type.name };
                return Err(Error::invalid(FieldPath::Whole, Rule::Attach(rule)));
            }
            if tx.is_galaxy_credential(permit.id(), used.id())? {
                return Ok(Audited::unchanged(()));
            }
            tx.add_galaxy_credential(&permit, &used)?;
            let entry = tie(tx, &by, Operation::Associate, &organization, Some(&row));
            Ok(Audited::new((), entry))
        })
        .await
    }

    /// Takes a Galaxy credential away from an organization, which takes no right on the credential.
    ///
    /// One that is not there and that the caller may not know of is `NotFound`.
    pub async fn remove_galaxy_credential(
        &self,
        actor: &Actor,
        organization: &Ref,
        credential: &Ref,
    ) -> Result<()> {
        let (by, organization, credential) =
            (actor.clone(), organization.clone(), credential.clone());
        self.write(actor, move |tx| {
            let (permit, organization) = tx.organization::<proof::Change>(&by, &organization)?;
            let id = tx.id_of(Kind::Credential, &credential)?;
            let id = id.ok_or(Error::NotFound(Kind::Credential))?;
            if !tx.remove_galaxy_credential(&permit, id)? {
                return match tx.credential::<proof::Read>(&by, &Ref::Serial(id)) {
                    Ok(_) | Err(Error::Hidden(_)) => Ok(Audited::unchanged(())),
                    Err(error) => Err(error),
                };
            }
            let rows = tx.credential_rows(&[id])?;
            let entry = tie(tx, &by, Operation::Disassociate, &organization, rows.first());
            Ok(Audited::new((), entry))
        })
        .await
    }
}

fn tie(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    organization: &Organization,
    row: Option<&CredentialRow>,
) -> Entry {
    let id = organization.identity.id;
    let object = Touched { kind: Kind::Organization, id, name: organization.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = Some(id);
    entry.objects.extend(row.map(|row| Touched {
        kind: Kind::Credential,
        id: row.credential.identity.id,
        name: row.credential.name.clone(),
    }));
    "galaxy_credentials".clone_into(&mut entry.reason);
    entry
}

/// The kind of the types whose credentials open a Galaxy server.
const GALAXY: &str = "galaxy";
