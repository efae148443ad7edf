//! OAuth applications: programs that get tokens for the people who use them.

use secrecy::SecretString;
use serde_json::{Value, json};
use strongroom_core::access::Role;
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Application, ClientType, GrantType};
use strongroom_core::{Error, Result};
use strongroom_seal::token;

use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::credential::{of_body, unknown};
use crate::list::{Field, ListRequest, Order};
use crate::store::{Audited, Condition, ListQuery, NewApplication, ReadTx, WriteTx, proof};
use crate::view::{ApplicationView, Page};
use crate::{Strongroom, draw_identity};

/// What a request asks of an application.
#[derive(Debug, Clone, Default)]
pub struct ApplicationDraft {
    /// Unique in the organization; may be empty.
    pub name: Member<String>,
    /// Free text.
    pub description: Member<String>,
    /// The organization whose members may use it.
    pub organization: Member<Ref>,
    /// Whether it can keep a secret.
    pub client_type: Member<ClientType>,
    /// How it gets its tokens, for good.
    pub grant_type: Member<GrantType>,
    /// Where codes may be sent: addresses separated by spaces.
    pub redirect_uris: Member<String>,
    /// Whether its users are not asked.
    pub skip_authorization: Member<bool>,
}

/// Which applications a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApplicationScope {
    /// All that the caller may read.
    All,
    /// Of those, the applications of this organization.
    OfOrganization(Ref),
}

/// An application that was just made. Its secret is shown this once.
#[derive(Debug)]
pub struct IssuedApplication {
    /// The application.
    pub view: ApplicationView,
    /// What it proves itself with; a public client has none.
    pub secret: Option<SecretString>,
}

impl Strongroom {
    /// A page of applications.
    pub async fn list_applications(
        &self,
        actor: &Actor,
        scope: ApplicationScope,
        request: ListRequest,
    ) -> Result<Page<ApplicationView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let conditions = match &scope {
                ApplicationScope::All => Vec::new(),
                ApplicationScope::OfOrganization(organization) => {
                    let (permit, _) = tx.organization::<proof::Read>(&actor, organization)?;
                    vec![Condition::OfOrganization(permit.id())]
                }
            };
            let query = ListQuery {
                kind: Kind::Application,
                request: &request,
                conditions: &conditions,
                default_order: &[Order::by(Field::Organization), Order::by(Field::Name)],
            };
            let listed = tx.list(&actor, &query)?;
            let rows =
                in_order(&listed.ids, tx.applications_by_id(&listed.ids)?, |row| row.identity.id);
            Ok(Page { items: tx.application_views(&actor, rows)?, total: listed.total })
        })
        .await
    }

    /// One application.
    pub async fn read_application(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<ApplicationView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, application) = tx.application::<proof::Read>(&actor, &reference)?;
            view(tx, &actor, application)
        })
        .await
    }

    /// Makes an application in an organization that the caller administers. A confidential one gets a secret, which
    /// is sealed.
    pub async fn create_application(
        &self,
        actor: &Actor,
        draft: ApplicationDraft,
    ) -> Result<IssuedApplication> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        let drawn = (random_text(CLIENT_ID)?, random_text(CLIENT_SECRET)?);
        let secret = SecretString::from(drawn.1);
        let client_id = drawn.0;
        let sealed = self.seal_client_secret(&guid, &secret)?;
        let view = self
            .write(actor, move |tx| {
                let draft = draft.clone();
                check_right(tx, &by, &draft)?;
                let mut faults: Vec<Violation> = Vec::new();
                let name = draft.name.take("name", &mut faults).unwrap_or_default();
                let description =
                    draft.description.take("description", &mut faults).unwrap_or_default();
                let client_type = draft.client_type.require("client_type", &mut faults);
                let grant_type = draft.grant_type.require("authorization_grant_type", &mut faults);
                let redirect_uris =
                    draft.redirect_uris.take("redirect_uris", &mut faults).unwrap_or_default();
                let skip_authorization = draft
                    .skip_authorization
                    .take("skip_authorization", &mut faults)
                    .unwrap_or_default();
                let organization = match draft.organization.require("organization", &mut faults) {
                    Some(reference) => organization(tx, &reference, &mut faults)?,
                    None => None,
                };
                faultless(faults)?;
                let (Some(client_type), Some(grant_type), Some(organization_id)) =
                    (client_type, grant_type, organization)
                else {
                    return Err(Error::internal("a member that was required is missing"));
                };
                check_name(tx, organization_id, &name, None)?;
                let is_confidential = client_type == ClientType::Confidential;
                let id = tx.insert_application(&NewApplication {
                    guid,
                    short_id,
                    organization_id,
                    name: &name,
                    description: &description,
                    client_id: &client_id,
                    sealed_secret: is_confidential.then_some(sealed.as_slice()),
                    client_type,
                    grant_type,
                    redirect_uris: &redirect_uris,
                    skip_authorization,
                    by: by.user_id(),
                })?;
                let application = tx.applications_by_id(&[id])?.into_iter().next();
                let application = application.ok_or(Error::NotFound(Kind::Application))?;
                let mut entry = entry(tx, &by, Operation::Create, &application);
                entry.changes = members(tx, &application)?
                    .into_iter()
                    .map(|(member, value)| made(member, value))
                    .collect();
                Ok(Audited::new(view(tx, &by, application)?, entry))
            })
            .await?;
        let is_confidential = view.application.client_type == ClientType::Confidential;
        Ok(IssuedApplication { view, secret: is_confidential.then_some(secret) })
    }

    /// Changes an application; how it gets its tokens stays.
    pub async fn update_application(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: ApplicationDraft,
    ) -> Result<ApplicationView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.application::<proof::Change>(&by, &reference)?;
            let draft = draft.clone();
            let mut new = old.clone();
            let mut faults: Vec<Violation> = Vec::new();
            new.name = draft.name.take("name", &mut faults).unwrap_or(new.name);
            new.description =
                draft.description.take("description", &mut faults).unwrap_or(new.description);
            new.client_type =
                draft.client_type.take("client_type", &mut faults).unwrap_or(new.client_type);
            new.redirect_uris =
                draft.redirect_uris.take("redirect_uris", &mut faults).unwrap_or(new.redirect_uris);
            new.skip_authorization = draft
                .skip_authorization
                .take("skip_authorization", &mut faults)
                .unwrap_or(new.skip_authorization);
            if let Some(reference) = draft.organization.take("organization", &mut faults)
                && let Some(id) = organization(tx, &reference, &mut faults)?
                && id != old.organization_id
            {
                let allowed = tx.organization::<proof::Change>(&by, &reference).map(|_| ());
                of_body(false, Kind::Organization, allowed)?;
                new.organization_id = id;
            }
            if new.client_type == ClientType::Confidential && old.client_type == ClientType::Public
            {
                // It never got a secret, and a secret is shown only when an application is made.
                faults.push(Violation::new(
                    "client_type",
                    Rule::NotAChoice { given: new.client_type.word().to_owned() },
                ));
            }
            faultless(faults)?;
            check_name(tx, new.organization_id, &new.name, Some(permit.id()))?;
            let changes = differences(members(tx, &old)?, members(tx, &new)?);
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, &by, old)?));
            }
            new.stamp.modified = tx.now();
            new.stamp.modified_by = by.user_id();
            tx.save_application(&permit, &new)?;
            let mut entry = entry(tx, &by, Operation::Update, &new);
            entry.reason = permit.reason().to_string();
            entry.changes = changes;
            Ok(Audited::new(view(tx, &by, new)?, entry))
        })
        .await
    }

    /// Deletes an application; every token that it was given ends.
    pub async fn delete_application(&self, actor: &Actor, reference: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, application) = tx.application::<proof::Delete>(&by, &reference)?;
            let mut entry = remove(tx, &by, &application)?;
            entry.reason = permit.reason().to_string();
            Ok(Audited::new((), entry))
        })
        .await
    }
}

/// Removes an application, whoever decided so, and gives the entry that tells of it.
pub(crate) fn remove(
    tx: &mut WriteTx<'_>,
    actor: &Actor,
    application: &Application,
) -> Result<Entry> {
    let mut entry = entry(tx, actor, Operation::Delete, application);
    entry.changes =
        members(tx, application)?.into_iter().map(|(member, value)| gone(member, value)).collect();
    tx.remove_application(application, actor.user_id())?;
    Ok(entry)
}

/// Whether the caller may make an application where the raw request says; an empty one tells only what is missing.
fn check_right(tx: &ReadTx<'_>, actor: &Actor, draft: &ApplicationDraft) -> Result<()> {
    let standing = tx.standing(actor)?;
    if standing.is_superuser {
        return Ok(());
    }
    match &draft.organization {
        Member::Given(organization) => {
            let allowed = tx.organization::<proof::Change>(actor, organization).map(|_| ());
            of_body(false, Kind::Organization, allowed)
        }
        Member::Bad(_) => {
            let rule = Rule::NotARelatedObject { member: "organization" };
            Err(Error::invalid(FieldPath::Whole, rule))
        }
        Member::Absent => {
            let administers =
                standing.holdings.iter().any(|held| held.role == Role::OrganizationAdmin);
            if administers { Ok(()) } else { Err(Error::forbidden()) }
        }
    }
}

/// The id of an organization that is named.
fn organization(
    tx: &ReadTx<'_>,
    reference: &Ref,
    faults: &mut Vec<Violation>,
) -> Result<Option<i64>> {
    let found = tx.id_of(Kind::Organization, reference)?;
    if found.is_none() {
        faults.push(Violation::new("organization", unknown(reference)));
    }
    Ok(found)
}

fn view(tx: &ReadTx<'_>, actor: &Actor, application: Application) -> Result<ApplicationView> {
    let views = tx.application_views(actor, vec![application])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn check_name(tx: &ReadTx<'_>, organization_id: i64, name: &str, own: Option<i64>) -> Result<()> {
    match tx.application_id_by_name(organization_id, name)? {
        Some(taken) if Some(taken) != own => {
            Err(Error::invalid(FieldPath::Whole, Rule::NotUnique { kind: Kind::Application }))
        }
        _ => Ok(()),
    }
}

fn entry(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, application: &Application) -> Entry {
    let (id, name) = (application.identity.id, application.name.clone());
    let object = Touched { kind: Kind::Application, id, name };
    let mut entry = actor.entry(tx.now(), operation, object);
    entry.organization_id = Some(application.organization_id);
    entry
}

/// The members that entries tell, as the activity stream spells them. The secret is none of them.
fn members(tx: &ReadTx<'_>, application: &Application) -> Result<Vec<(&'static str, Value)>> {
    let id = application.organization_id;
    let organization = tx.names(Kind::Organization, &[id])?.into_iter().next();
    let organization = organization.map(|(_, name)| format!("{name}-{id}"));
    Ok(vec![
        ("name", json!(application.name)),
        ("description", json!(application.description)),
        ("client_id", json!(application.client_id)),
        ("client_type", json!(application.client_type.word())),
        ("redirect_uris", json!(application.redirect_uris)),
        ("authorization_grant_type", json!(application.grant_type.word())),
        ("skip_authorization", json!(application.skip_authorization)),
        ("organization", json!(organization)),
    ])
}

/// So many letters and digits, drawn at random.
fn random_text(length: usize) -> Result<String> {
    use secrecy::ExposeSecret as _;
    let mut text = String::with_capacity(length + 43);
    while text.len() < length {
        let drawn = token::Token::generate_plain().map_err(Error::internal)?;
        text.push_str(drawn.text.expose_secret());
    }
    text.truncate(length);
    Ok(text)
}

/// Characters of a client's id, as AWX draws them.
const CLIENT_ID: usize = 40;
/// Characters of a client's secret, as AWX draws them.
const CLIENT_SECRET: usize = 128;
