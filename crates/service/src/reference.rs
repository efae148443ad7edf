//! Where credentials are used: consumers that register themselves.

use strongroom_core::audit::{Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Conflict, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Identity, LastUse, Reference};
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::store::{Audited, permitted, proof};
use crate::{Strongroom, draw_identity};

/// A use that a consumer registers. Each text has at most 255 characters.
#[derive(Debug, Clone, Default)]
pub struct ReferenceDraft {
    /// Who uses the credential, such as the name of a system.
    pub consumer: Member<String>,
    /// What kind of thing uses it there.
    pub kind: Member<String>,
    /// The name of that thing.
    pub name: Member<String>,
    /// The place inside that thing; empty when absent.
    pub key: Member<String>,
}

/// Where a credential is used, as somebody may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhereUsed {
    /// The uses that he sees.
    pub references: Vec<Reference>,
    /// How many more there are; 0 for whoever may not delete the credential.
    pub hidden: usize,
    /// When and by whom its values were last used.
    pub last_use: Option<LastUse>,
}

impl Strongroom {
    /// Where a credential that the caller may read is used: what he may see of it, and who used it last. Whoever
    /// may delete the credential, in whatever dialect, is told how many uses he does not see.
    pub async fn list_references(&self, actor: &Actor, credential: &Ref) -> Result<WhereUsed> {
        let (actor, credential) = (actor.clone(), credential.clone());
        self.read(move |tx| {
            let (permit, row) = tx.credential::<proof::Read>(&actor, &credential)?;
            let all = tx.references_to(permit.id())?;
            let count = all.len();
            let references = tx.references_seen(&actor, all)?;
            let hidden = match count - references.len() {
                0 => 0,
                hidden if tx.deletes_somewhere(&actor, permit.id())? => hidden,
                _ => 0,
            };
            Ok(WhereUsed { references, hidden, last_use: tx.last_use(&row.credential)? })
        })
        .await
    }

    /// Registers a use, which takes *use* on the credential. The same one again is found, not made: the
    /// second value tells whether it is new. At most 100 for each actor and credential.
    pub async fn register_reference(
        &self,
        actor: &Actor,
        credential: &Ref,
        draft: ReferenceDraft,
    ) -> Result<(Reference, bool)> {
        let (by, credential) = (actor.clone(), credential.clone());
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, row) = tx.credential::<proof::Use>(&by, &credential)?;
            let made_by = by.user_id().ok_or_else(Error::forbidden)?;
            let identity = Identity { id: 0, guid, short_id };
            let wanted = checked(draft.clone(), identity, permit.id(), made_by)?;
            let (reference, new) = tx.insert_reference(&guid, &short_id, &wanted)?;
            if !new {
                return Ok(Audited::unchanged((reference, false)));
            }
            if REFERENCES_EACH < tx.count_references_by(permit.id(), made_by)? {
                return Err(Error::Conflict(Conflict::TooManyReferences { limit: 100 }));
            }
            let mut entry = by.entry(tx.now(), Operation::Associate, touched(&reference));
            entry.objects.push(Touched {
                kind: Kind::Credential,
                id: permit.id(),
                name: row.credential.name,
            });
            entry.organization_id = row.credential.organization_id;
            entry.reason = permit.reason().to_string();
            Ok(Audited::new((reference, true), entry))
        })
        .await
    }

    /// Removes a use: its maker may, and whoever may change or delete the credential.
    pub async fn delete_reference(
        &self,
        actor: &Actor,
        credential: &Ref,
        reference: &Ref,
    ) -> Result<()> {
        let (by, credential, reference) = (actor.clone(), credential.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, row) = tx.credential::<proof::Read>(&by, &credential)?;
            let found =
                tx.reference(permit.id(), &reference)?.ok_or(Error::NotFound(Kind::Reference))?;
            if found.object.is_some() {
                // It is there because the object is; whoever may changes the object.
                return Err(Error::forbidden());
            }
            if by.user_id() != Some(found.made_by) {
                let on = Ref::Serial(permit.id());
                if !permitted(tx.credential::<proof::Change>(&by, &on))? {
                    tx.credential::<proof::Delete>(&by, &on)?;
                }
            }
            tx.delete_reference(found.identity.id)?;
            let mut entry = by.entry(tx.now(), Operation::Disassociate, touched(&found));
            entry.objects.push(Touched {
                kind: Kind::Credential,
                id: permit.id(),
                name: row.credential.name,
            });
            entry.organization_id = row.credential.organization_id;
            Ok(Audited::new((), entry))
        })
        .await
    }
}

fn checked(
    draft: ReferenceDraft,
    identity: Identity,
    credential_id: i64,
    made_by: i64,
) -> Result<Reference> {
    let mut faults: Vec<Violation> = Vec::new();
    let limited = |member: Member<String>| {
        member.check(|text| {
            let too_long = LONGEST_TEXT < text.chars().count();
            too_long.then_some(Rule::TooLong { max: LONGEST_TEXT })
        })
    };
    let named =
        |member: Member<String>| member.check(|text| text.is_empty().then_some(Rule::Blank));
    let consumer = limited(named(draft.consumer)).require("consumer", &mut faults);
    let kind = limited(named(draft.kind)).require("kind", &mut faults);
    let name = limited(named(draft.name)).require("name", &mut faults);
    let key = limited(draft.key).take("key", &mut faults);
    faultless(faults)?;
    Ok(Reference {
        identity,
        credential_id,
        consumer: consumer.unwrap_or_default(),
        kind: kind.unwrap_or_default(),
        name: name.unwrap_or_default(),
        key: key.unwrap_or_default(),
        object_short_id: None,
        placement_id: None,
        made_by,
        created: strongroom_core::clock::Timestamp::from_micros(0),
        object: None,
    })
}

fn touched(reference: &Reference) -> Touched {
    let name = format!("{}: {} {}", reference.consumer, reference.kind, reference.name);
    Touched { kind: Kind::Reference, id: reference.identity.id, name }
}

const LONGEST_TEXT: usize = 255;
const REFERENCES_EACH: i64 = 100;
