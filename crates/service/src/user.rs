//! People and service accounts.

use secrecy::SecretString;
use serde_json::{Value, json};
use strongroom_core::access::{ResourceKind, Role};
use strongroom_core::audit::{Change, Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Refusal, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{RoleOn, User};
use strongroom_core::{Error, Result};
use strongroom_seal::password;

use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::{HIDDEN, differences, gone, made};
use crate::list::{Field, ListRequest, Order};
use crate::store::{
    Audited, Condition, Holder, ListQuery, NewGrant, NewUser, ReadTx, WriteTx, permitted, proof,
};
use crate::view::{Page, UserView};
use crate::{Strongroom, draw_identity};

/// What a request asks of a user.
#[derive(Debug, Clone, Default)]
pub struct UserDraft {
    /// Unique after folding.
    pub username: Member<String>,
    /// Given name.
    pub first_name: Member<String>,
    /// Family name.
    pub last_name: Member<String>,
    /// E-mail address.
    pub email: Member<String>,
    /// System administrator.
    pub is_superuser: Member<bool>,
    /// System auditor.
    pub is_system_auditor: Member<bool>,
    /// The password; absent keeps the present one.
    pub password: Member<SecretString>,
}

/// Which users a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserScope {
    /// All that the caller may see.
    All,
    /// The caller himself.
    Me,
    /// Of those, who holds a role on an object by name.
    HoldersOf {
        /// The object.
        of: Ref,
        /// The role.
        role: Role,
    },
    /// Of those, who holds the role with this id by name.
    HoldersOfRole(i64),
}

impl Strongroom {
    /// A page of users.
    pub async fn list_users(
        &self,
        actor: &Actor,
        scope: UserScope,
        request: ListRequest,
    ) -> Result<Page<UserView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let conditions = match &scope {
                UserScope::All => Vec::new(),
                UserScope::Me => vec![Condition::IsUser(actor.user_id().unwrap_or_default())],
                UserScope::HoldersOf { of, role } => {
                    let id = readable(tx, &actor, role.kind(), of)?;
                    vec![Condition::HoldersOf(tx.role_on(*role, id)?.id)]
                }
                UserScope::HoldersOfRole(id) => {
                    let role = tx.role_to_read(&actor, *id)?;
                    match role.role {
                        Role::SystemAdministrator => vec![Condition::Superusers],
                        Role::SystemAuditor => vec![Condition::SystemAuditors],
                        _ => vec![Condition::HoldersOf(role.id)],
                    }
                }
            };
            let query = ListQuery {
                kind: Kind::User,
                request: &request,
                conditions: &conditions,
                default_order: &[Order::by(Field::Username)],
            };
            let listed = tx.list(&actor, &query)?;
            let rows = in_order(&listed.ids, tx.users_by_id(&listed.ids)?, |row| row.identity.id);
            Ok(Page { items: tx.user_views(&actor, rows)?, total: listed.total })
        })
        .await
    }

    /// One user.
    pub async fn read_user(&self, actor: &Actor, reference: &Ref) -> Result<UserView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let (_, user) = tx.user_to_read(&actor, &reference)?;
            view(tx, &actor, user)
        })
        .await
    }

    /// Makes a person, for a system administrator, or with a role for whoever may give that role.
    pub async fn create_user(
        &self,
        actor: &Actor,
        into: Option<(Role, Ref)>,
        draft: UserDraft,
    ) -> Result<UserView> {
        let by = actor.clone();
        let (guid, short_id) = draw_identity()?;
        let hash = self.hash_of(&draft.password).await?;
        self.write(actor, move |tx| {
            let role = check_right(tx, &by, into.as_ref(), &draft)?;
            let draft = draft.clone();
            let mut faults: Vec<Violation> = Vec::new();
            let username = draft.username.require("username", &mut faults).unwrap_or_default();
            let first_name = draft.first_name.take("first_name", &mut faults).unwrap_or_default();
            let last_name = draft.last_name.take("last_name", &mut faults).unwrap_or_default();
            let email = draft.email.take("email", &mut faults).unwrap_or_default();
            let is_superuser =
                draft.is_superuser.take("is_superuser", &mut faults).unwrap_or(false);
            let is_system_auditor =
                draft.is_system_auditor.take("is_system_auditor", &mut faults).unwrap_or(false);
            let password = match draft.password {
                Member::Absent => Member::Bad(Rule::PasswordRequired),
                given => given,
            };
            password.take("password", &mut faults);
            // AWX tells a taken name together with the other faults of the fields.
            if tx.user_by_name(&username)?.is_some() {
                faults.push(Violation::new("username", Rule::NotUnique { kind: Kind::User }));
            }
            faultless(faults)?;
            let id = tx.insert_user(&NewUser {
                guid,
                short_id,
                username: &username,
                first_name: &first_name,
                last_name: &last_name,
                email: &email,
                is_superuser,
                is_system_auditor,
                service_organization_id: None,
                password_hash: hash.as_deref(),
                by: by.user_id(),
            })?;
            if let Some(role) = role {
                tx.insert_grant(&NewGrant {
                    role,
                    holder: Holder::User(id),
                    dialect: by.dialect(),
                    by_position: false,
                    by: by.user_id(),
                })?;
            }
            let user = tx.user_row_after_insert(id)?;
            let mut entry = entry(tx, &by, Operation::Create, &user);
            entry.organization_id =
                role.filter(|r| r.role.kind() == ResourceKind::Organization).map(|r| r.resource_id);
            entry.changes =
                members(&user).into_iter().map(|(member, value)| made(member, value)).collect();
            Ok(Audited::new(view(tx, &by, user)?, entry))
        })
        .await
    }

    /// Changes a user.
    pub async fn update_user(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: UserDraft,
    ) -> Result<UserView> {
        let (by, reference) = (actor.clone(), reference.clone());
        let hash = self.hash_of(&draft.password).await?;
        let sets_password = hash.is_some();
        let view = self
            .write(actor, move |tx| {
                let (permit, old) = tx.user_to_change(&by, &reference)?;
                let draft = draft.clone();
                let mut new = old.clone();
                let mut faults: Vec<Violation> = Vec::new();
                new.username = draft.username.take("username", &mut faults).unwrap_or(new.username);
                new.first_name =
                    draft.first_name.take("first_name", &mut faults).unwrap_or(new.first_name);
                new.last_name =
                    draft.last_name.take("last_name", &mut faults).unwrap_or(new.last_name);
                new.email = draft.email.take("email", &mut faults).unwrap_or(new.email);
                new.is_superuser = draft
                    .is_superuser
                    .take("is_superuser", &mut faults)
                    .unwrap_or(new.is_superuser);
                new.is_system_auditor = draft
                    .is_system_auditor
                    .take("is_system_auditor", &mut faults)
                    .unwrap_or(new.is_system_auditor);
                let password = draft.password.take("password", &mut faults);
                check_members(tx, &by, &old, &new)?;
                if password.is_some() && old.service_organization_id.is_some() {
                    faults.push(Violation::new("password", Rule::ServiceAccountPassword));
                }
                let taken = tx.user_by_name(&new.username)?;
                if taken.is_some_and(|(user, _)| user.identity.id != old.identity.id) {
                    faults.push(Violation::new("username", Rule::NotUnique { kind: Kind::User }));
                }
                faultless(faults)?;
                let mut changes = differences(members(&old), members(&new));
                if hash.is_some() {
                    let hidden = || Some(HIDDEN.into());
                    changes.push(Change { member: "password", old: hidden(), new: hidden() });
                }
                if changes.is_empty() {
                    return Ok(Audited::unchanged(view(tx, &by, old)?));
                }
                new.modified = Some(tx.now());
                tx.save_user(&permit, &new, hash.as_deref())?;
                if hash.is_some() {
                    tx.end_logins(new.identity.id, by.session.map(|session| session.id))?;
                }
                let mut entry = entry(tx, &by, Operation::Update, &new);
                entry.reason = permit.reason().to_string();
                entry.changes = changes;
                Ok(Audited::new(view(tx, &by, new)?, entry))
            })
            .await?;
        if sets_password && view.user.identity.id == FIRST_USER {
            self.forget_initial_password();
        }
        Ok(view)
    }

    /// Deletes a user; a private credential of his stays without owner, for administrators only.
    pub async fn delete_user(&self, actor: &Actor, reference: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| Ok(Audited::new((), delete(tx, &by, &reference)?))).await
    }

    /// The hash of a password that was given and can be read.
    async fn hash_of(&self, draft: &Member<SecretString>) -> Result<Option<String>> {
        let Some(text) = draft.given().cloned() else { return Ok(None) };
        let hashed = self.0.gate.hash_slowly(move || password::hash(&text)).await?;
        hashed.map(Some).map_err(Error::internal)
    }
}

/// Deletes a user whom the caller administers, and gives the entry that tells of it.
///
/// Nobody deletes himself, or the last who could administer the system.
pub(crate) fn delete(tx: &mut WriteTx<'_>, by: &Actor, reference: &Ref) -> Result<Entry> {
    let own = by.user_id().is_some() && tx.id_of(Kind::User, reference)? == by.user_id();
    let (permit, user) = tx.user_to_delete(by, reference).map_err(|error| match error {
        Error::Forbidden(_) if own => Error::Forbidden(Refusal::UserDelete),
        other => other,
    })?;
    if is_last_superuser(tx, &user)? {
        return Err(Error::Forbidden(Refusal::UserDelete));
    }
    let reason = permit.reason().to_string();
    let mut entry = remove(tx, by, &user)?;
    entry.reason = reason;
    Ok(entry)
}

/// Removes a user, whoever decided so, and gives the entry that tells of it.
pub(crate) fn remove(tx: &mut WriteTx<'_>, actor: &Actor, user: &User) -> Result<Entry> {
    tx.end_grants_to_user(user.identity.id, actor.user_id())?;
    tx.delete_tokens_of_user(user.identity.id)?;
    tx.bury_user(user, actor.user_id())?;
    let mut entry = entry(tx, actor, Operation::Delete, user);
    entry.changes = members(user).into_iter().map(|(member, value)| gone(member, value)).collect();
    Ok(entry)
}

/// Whether the caller may make this user, and the role that the user gets with it.
fn check_right(
    tx: &ReadTx<'_>,
    actor: &Actor,
    into: Option<&(Role, Ref)>,
    draft: &UserDraft,
) -> Result<Option<RoleOn>> {
    let flags = [&draft.is_superuser, &draft.is_system_auditor];
    let administrator = || tx.administrator(actor, Kind::User).map(|_| ());
    if into.is_none() || flags.iter().any(|flag| flag.given() == Some(&true)) {
        administrator()?;
    }
    let Some((role, of)) = into else { return Ok(None) };
    let id = match role.kind() {
        ResourceKind::Organization => tx.organization::<proof::Grant>(actor, of)?.0.id(),
        ResourceKind::Team => {
            let (permit, team) = tx.team::<proof::Grant>(actor, of)?;
            // Making a person is more than letting one in.
            let organization = Ref::Serial(team.organization_id);
            if !permitted(tx.organization::<proof::Grant>(actor, &organization))? {
                return Err(Error::forbidden());
            }
            permit.id()
        }
        _ => return Err(Error::internal("no user is made with such a role")),
    };
    tx.role_on(*role, id).map(Some)
}

/// Which members the caller may change: his own name and the system flags are not among them.
fn check_members(tx: &ReadTx<'_>, actor: &Actor, old: &User, new: &User) -> Result<()> {
    if old.is_superuser && !new.is_superuser && is_last_superuser(tx, old)? {
        return Err(Error::Forbidden(Refusal::SuperuserFlag));
    }
    if tx.standing(actor)?.is_superuser {
        return Ok(());
    }
    let own = actor.user_id() == Some(old.identity.id);
    let refusal = if own && new.username != old.username {
        Refusal::Username
    } else if new.is_superuser != old.is_superuser {
        Refusal::SuperuserFlag
    } else if new.is_system_auditor != old.is_system_auditor {
        Refusal::AuditorFlag
    } else {
        return Ok(());
    };
    Err(Error::Forbidden(refusal))
}

/// Whether nobody else could administer the system.
pub(crate) fn is_last_superuser(tx: &ReadTx<'_>, user: &User) -> Result<bool> {
    let is_person = user.service_organization_id.is_none();
    Ok(user.is_superuser && user.enabled && is_person && tx.superuser_count()? <= 1)
}

fn readable(tx: &ReadTx<'_>, actor: &Actor, kind: ResourceKind, of: &Ref) -> Result<i64> {
    Ok(match kind {
        ResourceKind::Organization => tx.organization::<proof::Read>(actor, of)?.0.id(),
        ResourceKind::Team => tx.team::<proof::Read>(actor, of)?.0.id(),
        ResourceKind::Credential => tx.credential::<proof::Read>(actor, of)?.0.id(),
        _ => return Err(Error::internal("no list of such holders")),
    })
}

fn view(tx: &ReadTx<'_>, actor: &Actor, user: User) -> Result<UserView> {
    let views = tx.user_views(actor, vec![user])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn entry(tx: &ReadTx<'_>, actor: &Actor, operation: Operation, user: &User) -> Entry {
    let object = Touched { kind: Kind::User, id: user.identity.id, name: user.username.clone() };
    actor.entry(tx.now(), operation, object)
}

fn members(user: &User) -> Vec<(&'static str, Value)> {
    vec![
        ("username", json!(user.username)),
        ("first_name", json!(user.first_name)),
        ("last_name", json!(user.last_name)),
        ("email", json!(user.email)),
        ("is_superuser", json!(user.is_superuser)),
        ("is_system_auditor", json!(user.is_system_auditor)),
    ]
}

/// The user whom the first start made.
const FIRST_USER: i64 = 1;
