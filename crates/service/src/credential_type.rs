//! Credential types: everybody reads them, system administrators make their own.

use serde_json::{Map, Value, json};
use strongroom_core::audit::{Operation, Touched};
use strongroom_core::credential_type::{TypeSchema, check_schema};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, Refusal, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Identity, Stamp};
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::list::{Field, ListRequest, Order};
use crate::store::{Audited, ListQuery, ReadTx, TypeRow, proof};
use crate::view::{CredentialTypeView, Page};
use crate::{Strongroom, draw_identity};

/// What a request asks of a credential type.
#[derive(Debug, Clone, Default)]
pub struct CredentialTypeDraft {
    /// Unique with the kind.
    pub name: Member<String>,
    /// Free text.
    pub description: Member<String>,
    /// `cloud` or `net`.
    pub kind: Member<String>,
    /// The document of its fields.
    pub inputs: Member<Value>,
    /// The document of its templates.
    pub injectors: Member<Value>,
}

impl Strongroom {
    /// A page of all credential types.
    pub async fn list_credential_types(
        &self,
        actor: &Actor,
        request: ListRequest,
    ) -> Result<Page<CredentialTypeView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let query = ListQuery {
                kind: Kind::CredentialType,
                request: &request,
                conditions: &[],
                default_order: &[Order::by(Field::TypeKind), Order::by(Field::Name)],
            };
            let listed = tx.list(&actor, &query)?;
            let rows = in_order(&listed.ids, tx.type_rows(&listed.ids)?, |row| row.identity.id);
            Ok(Page { items: tx.type_views(&actor, rows)?, total: listed.total })
        })
        .await
    }

    /// One credential type.
    pub async fn read_credential_type(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<CredentialTypeView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, row) = tx.type_to_read(&reference)?;
            view(tx, &actor, row)
        })
        .await
    }

    /// Makes a custom type, for a system administrator.
    pub async fn create_credential_type(
        &self,
        actor: &Actor,
        draft: CredentialTypeDraft,
    ) -> Result<CredentialTypeView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let permit = tx.administrator(&by, Kind::CredentialType)?;
            let draft = draft.clone();
            let mut faults: Vec<Violation> = Vec::new();
            let name = draft.name.require("name", &mut faults);
            let description = draft.description.take("description", &mut faults);
            let kind = custom_kind(draft.kind).require("kind", &mut faults);
            let inputs = draft.inputs.or_given(empty()).take("inputs", &mut faults);
            let injectors = draft.injectors.or_given(empty()).take("injectors", &mut faults);
            let schema = checked(inputs, injectors, &mut faults);
            faultless(faults)?;
            let (Some(name), Some(kind), Some(schema)) = (name, kind, schema) else {
                return Err(Error::internal("a fault was not noticed"));
            };
            check_name(tx, &name, &kind, None)?;
            let now = tx.now();
            let mut row = TypeRow {
                identity: Identity { id: 0, guid, short_id },
                name,
                description: description.unwrap_or_default(),
                kind,
                namespace: None,
                managed: false,
                inputs: schema.inputs.into(),
                injectors: schema.injectors.into(),
                stamp: Stamp {
                    created: now,
                    modified: now,
                    created_by: by.user_id(),
                    modified_by: by.user_id(),
                },
            };
            row.identity.id = tx.insert_type(&row)?;
            let mut entry = by.entry(now, Operation::Create, touched(&row));
            entry.reason = permit.reason().to_string();
            entry.changes =
                members(&row).into_iter().map(|(member, value)| made(member, value)).collect();
            Ok(Audited::new(view(tx, &by, row)?, entry))
        })
        .await
    }

    /// Changes a custom type. Its inputs stay as they are while a credential is of it.
    pub async fn update_credential_type(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: CredentialTypeDraft,
    ) -> Result<CredentialTypeView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.credential_type::<proof::Change>(&by, &reference)?;
            if old.managed {
                return Err(Error::Forbidden(Refusal::ManagedTypeChange));
            }
            let draft = draft.clone();
            let mut new = old.clone();
            let mut faults: Vec<Violation> = Vec::new();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            new.description =
                draft.description.take("description", &mut faults).unwrap_or(new.description);
            new.kind = custom_kind(draft.kind).take("kind", &mut faults).unwrap_or(new.kind);
            let inputs = draft.inputs.or_given(old.inputs.clone()).take("inputs", &mut faults);
            let injectors =
                draft.injectors.or_given(old.injectors.clone()).take("injectors", &mut faults);
            let schema = checked(inputs, injectors, &mut faults);
            faultless(faults)?;
            if let Some(schema) = schema {
                new.inputs = schema.inputs.into();
                new.injectors = schema.injectors.into();
            }
            if new.inputs != old.inputs && tx.type_is_used(permit.id())? {
                return Err(Error::Forbidden(Refusal::TypeInputsInUse));
            }
            check_name(tx, &new.name, &new.kind, Some(permit.id()))?;
            let changes = differences(members(&old), members(&new));
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, &by, old)?));
            }
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.save_type(&permit, &new)?;
            let mut entry = by.entry(tx.now(), Operation::Update, touched(&new));
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, &by, new)?, entry))
        })
        .await
    }

    /// Deletes a custom type that no credential is of.
    pub async fn delete_credential_type(&self, actor: &Actor, reference: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, row) = tx.credential_type::<proof::Delete>(&by, &reference)?;
            if row.managed {
                return Err(Error::Forbidden(Refusal::ManagedTypeDelete));
            }
            if tx.type_is_used(permit.id())? {
                return Err(Error::Forbidden(Refusal::TypeInUse));
            }
            let mut entry = by.entry(tx.now(), Operation::Delete, touched(&row));
            entry.reason = permit.reason().to_string();
            entry.changes =
                members(&row).into_iter().map(|(member, value)| gone(member, value)).collect();
            tx.delete_type(&permit, &row, by.user_id())?;
            Ok(Audited::new((), entry))
        })
        .await
    }
}

fn view(tx: &ReadTx<'_>, actor: &Actor, row: TypeRow) -> Result<CredentialTypeView> {
    let views = tx.type_views(actor, vec![row])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

/// Custom types are of two kinds; which kinds there are at all is for the dialect to say first.
fn custom_kind(kind: Member<String>) -> Member<String> {
    kind.check(|kind| {
        let custom = matches!(kind.as_str(), "cloud" | "net");
        (!custom).then(|| Rule::CustomTypeKind { given: kind.clone() })
    })
}

fn checked(
    inputs: Option<Value>,
    injectors: Option<Value>,
    faults: &mut Vec<Violation>,
) -> Option<TypeSchema> {
    let (inputs, injectors) = (inputs?, injectors?);
    match check_schema(&inputs, &injectors) {
        Ok(schema) => Some(schema),
        Err(broken) => {
            faults.extend(broken);
            None
        }
    }
}

fn check_name(tx: &ReadTx<'_>, name: &str, kind: &str, own: Option<i64>) -> Result<()> {
    match tx.type_id_by_name(name, kind)? {
        Some(taken) if Some(taken) != own => {
            Err(Error::invalid(FieldPath::Whole, Rule::NotUnique { kind: Kind::CredentialType }))
        }
        _ => Ok(()),
    }
}

fn members(row: &TypeRow) -> Vec<(&'static str, Value)> {
    vec![
        ("name", json!(row.name)),
        ("description", json!(row.description)),
        ("kind", json!(row.kind)),
        ("inputs", Value::from(row.inputs.to_string())),
        ("injectors", Value::from(row.injectors.to_string())),
    ]
}

fn touched(row: &TypeRow) -> Touched {
    Touched { kind: Kind::CredentialType, id: row.identity.id, name: row.name.clone() }
}

fn empty() -> Value {
    Value::Object(Map::new())
}
