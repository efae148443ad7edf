//! Job templates: what is run elsewhere with credentials from here. Nothing is run by this server.

use serde_json::{Map, Value, json};
use strongroom_core::access::position::JOB_TEMPLATE_OF_ORGANIZATION;
use strongroom_core::access::{Dialect, Permission, ResourceKind};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{AttachRule, FieldPath, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::JobTemplate;
use strongroom_core::{Error, Result};

use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::credential::{of_body, unknown};
use crate::list::{Field, ListRequest, Order};
use crate::store::{
    Audited, Condition, CredentialRow, ListQuery, NewJobTemplate, OwnUse, Permit, ReadTx, WriteTx,
    permitted, proof,
};
use crate::view::{CredentialView, JobTemplateView, Page};
use crate::{CredentialDraft, OwnerDoor, Strongroom, draw_identity};

/// What a request asks of a job template.
#[derive(Debug, Clone, Default)]
pub struct JobTemplateDraft {
    /// Its name.
    pub name: Member<String>,
    /// Free text.
    pub description: Member<String>,
    /// The organization that it belongs to.
    pub organization: Member<Option<Ref>>,
    /// What the dialect keeps and gives back, member by member in its order.
    pub details: Vec<(&'static str, Member<Value>)>,
}

impl JobTemplateDraft {
    fn is_empty(&self) -> bool {
        self.name.is_absent()
            && self.description.is_absent()
            && self.organization.is_absent()
            && self.details.iter().all(|(_, member)| member.is_absent())
    }
}

impl Strongroom {
    /// A page of the job templates that the caller may read.
    pub async fn list_job_templates(
        &self,
        actor: &Actor,
        request: ListRequest,
    ) -> Result<Page<JobTemplateView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let query = ListQuery {
                kind: Kind::JobTemplate,
                request: &request,
                conditions: &[],
                default_order: &[Order::by(Field::Name)],
            };
            let listed = tx.list(&actor, &query)?;
            let rows = tx.job_templates_by_id(&listed.ids)?;
            let rows = in_order(&listed.ids, rows, |row| row.identity.id);
            Ok(Page { items: tx.job_template_views(&actor, rows)?, total: listed.total })
        })
        .await
    }

    /// One job template.
    pub async fn read_job_template(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<JobTemplateView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, template) = tx.job_template::<proof::Read>(&actor, &reference)?;
            view(tx, &actor, template)
        })
        .await
    }

    /// Makes a job template, in an organization where the caller may, or as a system administrator in none.
    pub async fn create_job_template(
        &self,
        actor: &Actor,
        draft: JobTemplateDraft,
    ) -> Result<JobTemplateView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        self.write(actor, move |tx| {
            let draft = draft.clone();
            check_create(tx, &by, &draft)?;
            let mut faults: Vec<Violation> = Vec::new();
            let name = draft.name.require("name", &mut faults).unwrap_or_default();
            let description =
                draft.description.take("description", &mut faults).unwrap_or_default();
            let mut details = Map::new();
            let names = merge(&mut details, draft.details, &mut faults);
            let organization_id = match organization(tx, draft.organization, &mut faults)? {
                Belongs::To(organization_id) => organization_id,
                Belongs::AsBefore => None,
            };
            faultless(faults)?;
            check_name(tx, organization_id, &name, None)?;
            let id = tx.insert_job_template(&NewJobTemplate {
                guid,
                short_id,
                name: &name,
                description: &description,
                organization_id,
                details: &details,
                by: by.user_id(),
            })?;
            let roles = tx.create_roles(ResourceKind::JobTemplate, id)?;
            if let Some(organization) = organization_id {
                let by = by.user_id();
                tx.insert_positions(JOB_TEMPLATE_OF_ORGANIZATION, &roles, organization, by)?;
            }
            let (_, template) = tx.job_template::<proof::Read>(&by, &Ref::Serial(id))?;
            let mut entry = entry(tx, &by, Operation::Create, &template);
            entry.changes = members(tx, &template, &names)?
                .into_iter()
                .map(|(member, value)| made(member, value))
                .collect();
            Ok(Audited::new(view(tx, &by, template)?, entry))
        })
        .await
    }

    /// Changes a job template. To another organization it goes with the right to create in both.
    pub async fn update_job_template(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: JobTemplateDraft,
    ) -> Result<JobTemplateView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.job_template::<proof::Change>(&by, &reference)?;
            let draft = draft.clone();
            check_move(tx, &by, &old, &draft.organization)?;
            let mut new = old.clone();
            let mut faults: Vec<Violation> = Vec::new();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            new.description =
                draft.description.take("description", &mut faults).unwrap_or(new.description);
            let names = merge(&mut new.details, draft.details, &mut faults);
            if let Belongs::To(organization_id) = organization(tx, draft.organization, &mut faults)?
            {
                new.organization_id = organization_id;
            }
            faultless(faults)?;
            check_name(tx, new.organization_id, &new.name, Some(permit.id()))?;
            let changes = differences(members(tx, &old, &names)?, members(tx, &new, &names)?);
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, &by, old)?));
            }
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.save_job_template(&permit, &new)?;
            move_positions(tx, &by, &old, &new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new);
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, &by, new)?, entry))
        })
        .await
    }

    /// Deletes a job template; its credentials stay.
    pub async fn delete_job_template(&self, actor: &Actor, reference: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, template) = tx.job_template::<proof::Delete>(&by, &reference)?;
            let reason = permit.reason().to_string();
            let mut entry = remove(tx, &by, &template)?;
            entry.reason = reason;
            Ok(Audited::new((), entry))
        })
        .await
    }

    /// A page of the credentials attached to a job template, for whoever may read the template: all of them,
    /// masked as ever.
    pub async fn list_job_template_credentials(
        &self,
        actor: &Actor,
        template: &Ref,
        request: ListRequest,
    ) -> Result<Page<CredentialView>> {
        let (actor, template) = (actor.clone(), template.clone());
        self.read(move |tx| {
            let (permit, _) = tx.job_template::<proof::Read>(&actor, &template)?;
            let query = ListQuery {
                kind: Kind::Credential,
                request: &request,
                conditions: &[Condition::AttachedTo(permit.id())],
                default_order: &[Order::by(Field::Name)],
            };
            let listed = tx.list(&actor, &query)?;
            let rows = in_order(&listed.ids, tx.credential_rows(&listed.ids)?, |row| {
                row.credential.identity.id
            });
            Ok(Page { items: tx.credential_views(&actor, rows)?, total: listed.total })
        })
        .await
    }

    /// Attaches a credential, which takes *change* on the template and *use* on the credential.
    pub async fn attach_job_template_credential(
        &self,
        actor: &Actor,
        template: &Ref,
        credential: &Ref,
    ) -> Result<()> {
        let (by, template, credential) = (actor.clone(), template.clone(), credential.clone());
        self.write(actor, move |tx| {
            let (permit, template) = tx.job_template::<proof::Change>(&by, &template)?;
            let entry = attach(tx, &by, &permit, &template, &credential)?;
            Ok(Audited::new((), entry))
        })
        .await
    }

    /// Makes a credential and attaches it, or does neither.
    pub async fn create_job_template_credential(
        &self,
        actor: &Actor,
        template: &Ref,
        draft: CredentialDraft,
    ) -> Result<CredentialView> {
        let (room, by, template) = (self.clone(), actor.clone(), template.clone());
        let identity = draw_identity()?;
        self.write(actor, move |tx| {
            let (permit, template) = tx.job_template::<proof::Change>(&by, &template)?;
            let (view, created) =
                room.insert_drafted(tx, &by, &OwnerDoor::Attached, draft.clone(), identity)?;
            let made = Ref::Serial(view.credential.identity.id);
            let attached = attach(tx, &by, &permit, &template, &made)?;
            Ok(Audited::with_all(view, vec![created, attached]))
        })
        .await
    }

    /// Detaches a credential, attached or not, which takes no right on it.
    ///
    /// A credential that is not attached and that the caller may not know of is `NotFound`.
    pub async fn detach_job_template_credential(
        &self,
        actor: &Actor,
        template: &Ref,
        credential: &Ref,
    ) -> Result<()> {
        let (by, template, credential) = (actor.clone(), template.clone(), credential.clone());
        self.write(actor, move |tx| {
            let (permit, template) = tx.job_template::<proof::Change>(&by, &template)?;
            let id = tx.id_of(Kind::Credential, &credential)?;
            let id = id.ok_or(Error::NotFound(Kind::Credential))?;
            if !tx.detach_credential(&permit, id)? {
                return match tx.credential::<proof::Read>(&by, &Ref::Serial(id)) {
                    Ok(_) | Err(Error::Hidden(_)) => Ok(Audited::unchanged(())),
                    Err(error) => Err(error),
                };
            }
            tx.delete_own_use(id, (Kind::JobTemplate, permit.id()))?;
            let rows = tx.credential_rows(&[id])?;
            let entry = tie(tx, &by, Operation::Disassociate, &template, rows.first());
            Ok(Audited::new((), entry))
        })
        .await
    }
}

/// Removes a job template, whoever decided so, and gives the entry that tells of it.
pub(crate) fn remove(tx: &mut WriteTx<'_>, actor: &Actor, template: &JobTemplate) -> Result<Entry> {
    let mut entry = entry(tx, actor, Operation::Delete, template);
    entry.changes = members(tx, template, &[])?
        .into_iter()
        .map(|(member, value)| gone(member, value))
        .collect();
    tx.remove_roles(ResourceKind::JobTemplate, template.identity.id, actor.user_id())?;
    tx.bury_job_template(template, actor.user_id())?;
    Ok(entry)
}

/// Attaches a credential to a template that the permit is for; gives the entry.
fn attach<'tx>(
    tx: &mut WriteTx<'tx>,
    actor: &Actor,
    template_permit: &Permit<'tx, proof::Change>,
    template: &JobTemplate,
    credential: &Ref,
) -> Result<Entry> {
    let (permit, row) = tx.credential::<proof::Use>(actor, credential)?;
    check_attachable(tx, template.identity.id, &row)?;
    tx.attach_credential(template_permit, &permit)?;
    tx.insert_own_use(&OwnUse {
        credential_id: permit.id(),
        consumer: Dialect::Awx,
        object: (Kind::JobTemplate, template.identity.id),
        name: &template.name,
        by: actor.user_id(),
    })?;
    Ok(tie(tx, actor, Operation::Associate, template, Some(&row)))
}

/// One credential of a type, vault credentials one of each vault id, and only kinds that a job takes.
fn check_attachable(tx: &ReadTx<'_>, template_id: i64, row: &CredentialRow) -> Result<()> {
    let attached = tx.credentials_attached_to(&[template_id])?.remove(&template_id);
    let vault_id = |row: &CredentialRow| {
        let id = row.credential.inputs.get("vault_id").and_then(Value::as_str);
        id.filter(|id| !id.is_empty()).map(str::to_owned)
    };
    let is_vault = row.credential_type.kind == "vault";
    let alike = |other: &CredentialRow| {
        other.credential.credential_type_id == row.credential.credential_type_id
            && (!is_vault || vault_id(other) == vault_id(row))
    };
    let refused = |rule| Err(Error::invalid(FieldPath::Whole, Rule::Attach(rule)));
    if tx.credential_rows(&attached.unwrap_or_default())?.iter().any(alike) {
        let vault_id = if is_vault { vault_id(row) } else { None };
        let type_name = row.credential_type.name.clone();
        return refused(AttachRule::Repeated { type_name, vault_id });
    }
    let kind = &row.credential_type.kind;
    if !ATTACHABLE.contains(&kind.as_str()) {
        return refused(AttachRule::Kind { kind: kind.clone() });
    }
    Ok(())
}

/// Whether the actor may make what the raw request asks for, before any of its fields is looked at.
fn check_create(tx: &ReadTx<'_>, actor: &Actor, draft: &JobTemplateDraft) -> Result<()> {
    let standing = tx.standing(actor)?;
    if standing.is_superuser {
        return Ok(());
    }
    match &draft.organization {
        Member::Given(Some(organization)) => {
            let allowed = tx.organization::<proof::CreateJobTemplates>(actor, organization);
            of_body(false, Kind::Organization, allowed.map(|_| ()))
        }
        Member::Bad(_) => {
            let rule = Rule::NotARelatedObject { member: "organization" };
            Err(Error::invalid(FieldPath::Whole, rule))
        }
        Member::Given(None) | Member::Absent => {
            let creates =
                |role: strongroom_core::access::Role| role.permits(Permission::CreateJobTemplates);
            let somewhere = standing.holdings.iter().any(|held| creates(held.role));
            if draft.is_empty() && somewhere { Ok(()) } else { Err(Error::forbidden()) }
        }
    }
}

/// Moving takes the right to create in the organization it leaves and in the one it goes to.
fn check_move(
    tx: &ReadTx<'_>,
    actor: &Actor,
    old: &JobTemplate,
    organization: &Member<Option<Ref>>,
) -> Result<()> {
    if tx.standing(actor)?.is_superuser {
        return Ok(());
    }
    let wanted = match organization {
        Member::Absent => return Ok(()),
        Member::Bad(_) => {
            let rule = Rule::NotARelatedObject { member: "organization" };
            return Err(Error::invalid(FieldPath::Whole, rule));
        }
        Member::Given(wanted) => wanted,
    };
    let wanted_id = match wanted {
        Some(reference) => tx.id_of(Kind::Organization, reference)?,
        None => None,
    };
    if wanted_id == old.organization_id && wanted.is_some() == wanted_id.is_some() {
        return Ok(());
    }
    let Some(reference) = wanted else { return Err(Error::forbidden()) };
    let allowed = tx.organization::<proof::CreateJobTemplates>(actor, reference).map(|_| ());
    of_body(false, Kind::Organization, allowed)?;
    let Some(present) = old.organization_id else { return Ok(()) };
    let allowed = tx.organization::<proof::CreateJobTemplates>(actor, &Ref::Serial(present));
    if permitted(allowed)? { Ok(()) } else { Err(Error::forbidden()) }
}

/// What the organization's position gave goes with the organization.
fn move_positions(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    old: &JobTemplate,
    new: &JobTemplate,
) -> Result<()> {
    if old.organization_id == new.organization_id {
        return Ok(());
    }
    let (id, by) = (old.identity.id, actor.user_id());
    if let Some(organization) = old.organization_id {
        tx.end_positions(JOB_TEMPLATE_OF_ORGANIZATION, id, organization, by)?;
    }
    if let Some(organization) = new.organization_id {
        let roles = tx.roles_on(ResourceKind::JobTemplate, &[id])?;
        tx.insert_positions(JOB_TEMPLATE_OF_ORGANIZATION, &roles, organization, by)?;
    }
    Ok(())
}

/// Puts what was given over what is there; gives the names of all details.
fn merge(
    details: &mut Map<String, Value>,
    given: Vec<(&'static str, Member<Value>)>,
    faults: &mut Vec<Violation>,
) -> Vec<&'static str> {
    let mut names = Vec::with_capacity(given.len());
    for (name, member) in given {
        names.push(name);
        if let Some(value) = member.take(name, faults) {
            details.insert(name.to_owned(), value);
        }
    }
    names
}

/// Where a job template belongs from now on, which may be nowhere.
enum Belongs {
    AsBefore,
    To(Option<i64>),
}

/// The organization that the draft names, if it says anything of one.
fn organization(
    tx: &ReadTx<'_>,
    member: Member<Option<Ref>>,
    faults: &mut Vec<Violation>,
) -> Result<Belongs> {
    let Some(wanted) = member.take("organization", faults) else { return Ok(Belongs::AsBefore) };
    let Some(reference) = wanted else { return Ok(Belongs::To(None)) };
    let found = tx.id_of(Kind::Organization, &reference)?;
    if found.is_none() {
        faults.push(Violation::new("organization", unknown(&reference)));
    }
    Ok(Belongs::To(found))
}

fn check_name(
    tx: &ReadTx<'_>,
    organization_id: Option<i64>,
    name: &str,
    own: Option<i64>,
) -> Result<()> {
    match tx.job_template_id_by_name(organization_id, name)? {
        Some(taken) if Some(taken) != own => {
            Err(Error::invalid(FieldPath::Whole, Rule::NotUnique { kind: Kind::JobTemplate }))
        }
        _ => Ok(()),
    }
}

fn view(tx: &ReadTx<'_>, actor: &Actor, template: JobTemplate) -> Result<JobTemplateView> {
    let views = tx.job_template_views(actor, vec![template])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn entry(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, template: &JobTemplate) -> Entry {
    let id = template.identity.id;
    let object = Touched { kind: Kind::JobTemplate, id, name: template.name.clone() };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = template.organization_id;
    entry
}

/// The entry of a credential attached or detached: the template, then the credential.
fn tie(
    tx: &ReadTx<'_>,
    actor: &Actor,
    operation: Operation,
    template: &JobTemplate,
    row: Option<&CredentialRow>,
) -> Entry {
    let mut entry = entry(tx, actor, operation, template);
    entry.objects.extend(row.map(|row| Touched {
        kind: Kind::Credential,
        id: row.credential.identity.id,
        name: row.credential.name.clone(),
    }));
    CREDENTIALS.clone_into(&mut entry.reason);
    entry
}

/// The members that entries tell, as the activity stream spells them; documents and texts as text.
fn members(
    tx: &ReadTx<'_>,
    template: &JobTemplate,
    details: &[&'static str],
) -> Result<Vec<(&'static str, Value)>> {
    let organization = match template.organization_id {
        Some(id) => {
            let name = tx.names(Kind::Organization, &[id])?.into_iter().next();
            name.map(|(_, name)| format!("{name}-{id}"))
        }
        None => None,
    };
    let mut members = vec![
        ("name", json!(template.name)),
        ("description", json!(template.description)),
        ("organization", json!(organization)),
    ];
    let detail =
        |name: &&'static str| (*name, template.details.get(*name).cloned().unwrap_or_default());
    members.extend(details.iter().map(detail));
    Ok(members)
}

/// The relation between a job template and its credentials.
const CREDENTIALS: &str = "credentials";
/// The kinds of credential type that a job takes.
const ATTACHABLE: [&str; 5] = ["ssh", "vault", "cloud", "net", "kubernetes"];
