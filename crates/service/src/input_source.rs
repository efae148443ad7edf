//! Input sources: fields of credentials that are to be fetched with other credentials.
//!
//! They are kept and checked here; nothing is fetched before a value is used.

use serde_json::{Map, Value, json};
use strongroom_core::access::Dialect;
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::credential_type::{CredentialType, check_metadata};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, InputSourceRule, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Credential, InputSource};
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::credential::{of_body, present_type, unknown};
use crate::list::{Field, ListRequest, Order};
use crate::store::{
    Audited, Condition, ListQuery, NewInputSource, OwnUse, ReadTx, WriteTx, permitted, proof,
};
use crate::view::{InputSourceView, Page};
use crate::{Strongroom, draw_identity};

/// What a request asks of an input source.
#[derive(Debug, Clone, Default)]
pub struct InputSourceDraft {
    /// Free text.
    pub description: Member<String>,
    /// The field of the target.
    pub field: Member<String>,
    /// What the look-up needs besides the source.
    pub metadata: Member<Map<String, Value>>,
    /// The credential that gets the value.
    pub target: Member<Ref>,
    /// The credential of an external type that fetches it.
    pub source: Member<Ref>,
}

/// Which input sources a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputSourceScope {
    /// Those of all credentials that the caller may read.
    All,
    /// Those of one such credential.
    OfTarget(Ref),
}

impl Strongroom {
    /// A page of the input sources of credentials that the caller may read.
    pub async fn list_input_sources(
        &self,
        actor: &Actor,
        scope: InputSourceScope,
        request: ListRequest,
    ) -> Result<Page<InputSourceView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let conditions = match &scope {
                InputSourceScope::All => Vec::new(),
                InputSourceScope::OfTarget(target) => {
                    let (permit, _) = tx.credential::<proof::Read>(&actor, target)?;
                    vec![Condition::OfTarget(permit.id())]
                }
            };
            let query = ListQuery {
                kind: Kind::InputSource,
                request: &request,
                conditions: &conditions,
                default_order: &[
                    Order::by(Field::Target),
                    Order::by(Field::SourceCredential),
                    Order::by(Field::InputField),
                ],
            };
            let listed = tx.list(&actor, &query)?;
            let rows = tx.input_sources_by_id(&listed.ids)?;
            let rows = in_order(&listed.ids, rows, |row| row.identity.id);
            Ok(Page { items: tx.input_source_views(&actor, rows)?, total: listed.total })
        })
        .await
    }

    /// One input source of a credential that the caller may read.
    pub async fn read_input_source(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<InputSourceView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, source) = tx.input_source::<proof::Read>(&actor, &reference)?;
            view(tx, &actor, source)
        })
        .await
    }

    /// Joins two credentials, which takes *change* on the target and *use* on the source.
    ///
    /// `target` is the credential that the path names, if it names one; the body's does not count then.
    pub async fn create_input_source(
        &self,
        actor: &Actor,
        target: Option<Ref>,
        draft: InputSourceDraft,
    ) -> Result<InputSourceView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let mut draft = draft.clone();
            let in_path = target.is_some();
            if let Some(target) = &target {
                draft.target = Member::Given(target.clone());
            }
            check_right(tx, &by, in_path, &draft)?;
            let checked = check_fields(tx, draft, None)?;
            let id = tx.insert_input_source(&NewInputSource {
                guid,
                short_id,
                description: &checked.description,
                target_id: checked.target_id,
                source_id: checked.source_id,
                field: &checked.field,
                metadata: &checked.metadata,
                by: by.user_id(),
            })?;
            let (_, made_source) = tx.input_source::<proof::Change>(&by, &Ref::Serial(id))?;
            note_uses(tx, &by, &made_source)?;
            let mut entry = entry(tx, &by, Operation::Create, &made_source)?;
            entry.changes = members(tx, &made_source)?
                .into_iter()
                .map(|(member, value)| made(member, value))
                .collect();
            Ok(Audited::new(view(tx, &by, made_source)?, entry))
        })
        .await
    }

    /// Changes an input source: *change* on the target and *use* on the source, before and afterwards.
    pub async fn update_input_source(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: InputSourceDraft,
    ) -> Result<InputSourceView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.input_source::<proof::Change>(&by, &reference)?;
            if !permitted(tx.credential::<proof::Use>(&by, &Ref::Serial(old.source_id)))? {
                return Err(Error::forbidden());
            }
            let draft = draft.clone();
            check_right(tx, &by, false, &draft)?;
            let checked = check_fields(tx, draft, Some(&old))?;
            let mut new = InputSource {
                description: checked.description,
                target_id: checked.target_id,
                source_id: checked.source_id,
                field: checked.field,
                metadata: checked.metadata,
                ..old.clone()
            };
            let changes = differences(members(tx, &old)?, members(tx, &new)?);
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, &by, old)?));
            }
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.save_input_source(&permit, &new)?;
            tx.delete_uses_by(Kind::InputSource, new.identity.id)?;
            note_uses(tx, &by, &new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new)?;
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, &by, new)?, entry))
        })
        .await
    }

    /// Takes an input source away, which takes *change* on the target.
    pub async fn delete_input_source(&self, actor: &Actor, reference: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.input_source::<proof::Change>(&by, &reference)?;
            let mut entry = entry(tx, &by, Operation::Delete, &old)?;
            entry.reason = permit.reason().to_string();
            entry.changes =
                members(tx, &old)?.into_iter().map(|(member, value)| gone(member, value)).collect();
            tx.delete_input_source(&permit)?;
            Ok(Audited::new((), entry))
        })
        .await
    }
}

/// Gives a copy the input sources of its original.
pub(crate) fn copy_all(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    original_id: i64,
    copy_id: i64,
) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for original in tx.input_sources_of(original_id)? {
        let (guid, short_id) = draw_identity()?;
        let id = tx.insert_input_source(&NewInputSource {
            guid,
            short_id,
            description: &original.description,
            target_id: copy_id,
            source_id: original.source_id,
            field: &original.field,
            metadata: &original.metadata,
            by: actor.user_id(),
        })?;
        let Some(copy) = tx.input_sources_by_id(&[id])?.into_iter().next() else { continue };
        note_uses(tx, actor, &copy)?;
        let mut entry = entry(tx, actor, Operation::Create, &copy)?;
        "copied".clone_into(&mut entry.reason);
        entry.changes =
            members(tx, &copy)?.into_iter().map(|(member, value)| made(member, value)).collect();
        entries.push(entry);
    }
    Ok(entries)
}

/// Both credentials are in use by it. Neither side is told the name of the other.
fn note_uses(tx: &mut WriteTx<'_>, actor: &Actor, source: &InputSource) -> Result<()> {
    for credential_id in [source.source_id, source.target_id] {
        tx.insert_own_use(&OwnUse {
            credential_id,
            consumer: Dialect::Awx,
            object: (Kind::InputSource, source.identity.id),
            name: &source.field,
            by: actor.user_id(),
        })?;
    }
    Ok(())
}

/// Whether the actor may join what the raw request names, before any of its fields is looked at.
fn check_right(
    tx: &ReadTx<'_>,
    actor: &Actor,
    in_path: bool,
    draft: &InputSourceDraft,
) -> Result<()> {
    if tx.standing(actor)?.is_superuser {
        return Ok(());
    }
    if let Some(target) = related("target_credential", &draft.target)? {
        let allowed = tx.credential::<proof::Change>(actor, target).map(|_| ());
        of_body(in_path, Kind::Credential, allowed)?;
    }
    if let Some(source) = related("source_credential", &draft.source)? {
        let allowed = tx.credential::<proof::Use>(actor, source).map(|_| ());
        of_body(false, Kind::Credential, allowed)?;
    }
    Ok(())
}

fn related<'a>(member: &'static str, draft: &'a Member<Ref>) -> Result<Option<&'a Ref>> {
    match draft {
        Member::Absent | Member::Bad(Rule::Null) => Ok(None),
        Member::Given(reference) => Ok(Some(reference)),
        Member::Bad(_) => Err(Error::invalid(FieldPath::Whole, Rule::NotARelatedObject { member })),
    }
}

/// An input source whose every rule is kept.
struct Checked {
    description: String,
    target_id: i64,
    source_id: i64,
    field: String,
    metadata: Map<String, Value>,
}

/// Every rule: all faults of single members at once, then those of the metadata, then those between the two
/// credentials. What the draft leaves open stays as it is in the old one.
fn check_fields(
    tx: &ReadTx<'_>,
    draft: InputSourceDraft,
    old: Option<&InputSource>,
) -> Result<Checked> {
    let mut faults: Vec<Violation> = Vec::new();
    let description = draft.description.take("description", &mut faults);
    let field = take(draft.field, "input_field_name", old.is_some(), &mut faults);
    let metadata = draft.metadata.take("metadata", &mut faults);
    let target = take(draft.target, "target_credential", old.is_some(), &mut faults);
    let target =
        existing(tx, "target_credential", target.as_ref(), old.map(|o| o.target_id), &mut faults)?;
    let source = take(draft.source, "source_credential", old.is_some(), &mut faults);
    let source =
        existing(tx, "source_credential", source.as_ref(), old.map(|o| o.source_id), &mut faults)?;
    faultless(faults)?;
    let (Some(target), Some(source)) = (target, source) else {
        return Err(Error::internal("a fault was not noticed"));
    };
    let kept = |of: fn(&InputSource) -> String| old.map(of).unwrap_or_default();
    let checked = Checked {
        description: description.unwrap_or_else(|| kept(|old| old.description.clone())),
        field: field.unwrap_or_else(|| kept(|old| old.field.clone())),
        metadata: metadata
            .unwrap_or_else(|| old.map(|old| old.metadata.clone()).unwrap_or_default()),
        target_id: target.0.identity.id,
        source_id: source.0.identity.id,
    };
    let mut faults = check_metadata(&source.1, &checked.metadata).err().unwrap_or_default();
    if faults.iter().any(|fault| matches!(fault.field, FieldPath::Inner(..))) {
        return Err(Error::Invalid(faults));
    }
    if target.1.is_external() {
        let rule = Rule::InputSource(InputSourceRule::TargetIsExternal);
        faults.push(Violation::new("target_credential", rule));
    }
    if !source.1.is_external() {
        let rule = Rule::InputSource(InputSourceRule::SourceIsNotExternal);
        faults.push(Violation::new("source_credential", rule));
    }
    if target.1.field(&checked.field).is_none() {
        let mut fields: Vec<String> =
            target.1.fields.iter().map(|field| field.id.clone()).collect();
        fields.sort();
        let rule = Rule::InputSource(InputSourceRule::UnknownField { fields });
        faults.push(Violation::new("input_field_name", rule));
    }
    faultless(faults)?;
    let taken = tx.input_source_of_field(checked.target_id, &checked.field)?;
    if taken.is_some_and(|taken| Some(taken) != old.map(|old| old.identity.id)) {
        let rule = Rule::NotUnique { kind: Kind::InputSource };
        return Err(Error::invalid(FieldPath::Whole, rule));
    }
    Ok(checked)
}

/// A member that must be given, unless there is an old value that stays.
fn take<T>(
    member: Member<T>,
    name: &'static str,
    may_stay: bool,
    faults: &mut Vec<Violation>,
) -> Option<T> {
    if may_stay { member.take(name, faults) } else { member.require(name, faults) }
}

/// The credential that a member names, or the one that stays, with its type.
fn existing(
    tx: &ReadTx<'_>,
    member: &'static str,
    given: Option<&Ref>,
    old: Option<i64>,
    faults: &mut Vec<Violation>,
) -> Result<Option<(Credential, CredentialType)>> {
    let id = match given {
        Some(reference) => {
            let found = tx.id_of(Kind::Credential, reference)?;
            if found.is_none() {
                faults.push(Violation::new(member, unknown(reference)));
            }
            found
        }
        None => old,
    };
    let Some(id) = id else { return Ok(None) };
    let Some(row) = tx.credential_rows(&[id])?.into_iter().next() else { return Ok(None) };
    let credential_type = present_type(tx, &row.credential)?;
    Ok(Some((row.credential, credential_type)))
}

fn view(tx: &ReadTx<'_>, actor: &Actor, source: InputSource) -> Result<InputSourceView> {
    let views = tx.input_source_views(actor, vec![source])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

/// The entry of a change: the input source, its target and its source. The target's organization reads it.
fn entry(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    source: &InputSource,
) -> Result<Entry> {
    let id = source.identity.id;
    let object = Touched { kind: Kind::InputSource, id, name: source.field.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    let names = tx.names(Kind::Credential, &[source.target_id, source.source_id])?;
    for id in [source.target_id, source.source_id] {
        let name = names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.clone());
        let name = name.unwrap_or_default();
        entry.objects.push(Touched { kind: Kind::Credential, id, name });
    }
    entry.organization_id = tx.organization_of(Kind::Credential, source.target_id)?;
    Ok(entry)
}

/// The members that entries tell.
fn members(tx: &ReadTx<'_>, source: &InputSource) -> Result<Vec<(&'static str, Value)>> {
    let names = tx.names(Kind::Credential, &[source.target_id, source.source_id])?;
    let named = |id: i64| {
        let name = names.iter().find(|(known, _)| *known == id).map(|(_, name)| name.as_str());
        json!(format!("{}-{id}", name.unwrap_or_default()))
    };
    Ok(vec![
        ("description", json!(source.description)),
        ("input_field_name", json!(source.field)),
        ("metadata", json!(Value::from(source.metadata.clone()).to_string())),
        ("target_credential", named(source.target_id)),
        ("source_credential", named(source.source_id)),
    ])
}
