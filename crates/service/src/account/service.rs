//! Service accounts of the account: machines with a key, made and removed by administrators of its organization.

use secrecy::SecretString;
use serde_json::json;
use strongroom_core::access::{Dialect, Role};
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::Violation;
use strongroom_core::id::{Kind, ShortId};
use strongroom_core::record::{TokenKind, User};
use strongroom_core::{Error, Result};
use strongroom_seal::token;

use super::AccountPart;
use crate::actor::Actor;
use crate::assemble::in_order;
use crate::audit::made;
use crate::store::{Audited, Holder, NewGrant, NewToken, NewUser, ReadTx, WriteTx};
use crate::token::LONGEST_LIFE;
use crate::view::Page;
use crate::{Strongroom, draw_identity, user};

/// What a service account may do in the account besides being a member of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServicePermission {
    /// See, change and delete other people's credentials.
    ManageCredentials,
    /// Read the account's audit log.
    AuditLog,
}

impl ServicePermission {
    /// Every permission.
    pub const ALL: [Self; 2] = [Self::ManageCredentials, Self::AuditLog];

    /// The dialect's word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ManageCredentials => "manage_credentials",
            Self::AuditLog => "audit_log",
        }
    }

    /// The permission of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.word() == word)
    }

    const fn role(self) -> Role {
        match self {
            Self::ManageCredentials => Role::ProbelyManageCredentials,
            Self::AuditLog => Role::ProbelyAuditLog,
        }
    }
}

/// What a request asks of a service account.
#[derive(Debug, Clone, Default)]
pub struct ServiceAccountDraft {
    /// Its name.
    pub name: Member<String>,
    /// What it may do.
    pub permissions: Member<Vec<ServicePermission>>,
}

/// A service account as the account's people see it.
#[derive(Debug)]
pub struct ServiceAccount {
    /// Its id.
    pub short_id: ShortId,
    /// Its name.
    pub name: String,
    /// What it may do.
    pub permissions: Vec<ServicePermission>,
    /// Its key; only when it was just made.
    pub key: Option<SecretString>,
}

impl Strongroom {
    /// A page of the account's service accounts.
    pub async fn list_service_accounts(
        &self,
        actor: &Actor,
        part: AccountPart,
    ) -> Result<Page<ServiceAccount>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let page = found(tx, &actor, None, &part)?;
            let items = page.items.iter().map(|user| view(tx, user)).collect::<Result<_>>()?;
            Ok(Page { items, total: page.total })
        })
        .await
    }

    /// One of the account's service accounts.
    pub async fn read_service_account(
        &self,
        actor: &Actor,
        short_id: ShortId,
    ) -> Result<ServiceAccount> {
        let actor = actor.clone();
        self.read(move |tx| view(tx, &one(tx, &actor, short_id)?)).await
    }

    /// Makes a service account with its one key. The key never outlives the token with which it was made.
    pub async fn create_service_account(
        &self,
        actor: &Actor,
        draft: ServiceAccountDraft,
    ) -> Result<ServiceAccount> {
        let by = actor.clone();
        let drawn = token::Token::generate().map_err(Error::internal)?;
        let (secret, hash) = (drawn.text, drawn.hash);
        let (own, of_key) = (draw_identity()?, draw_identity()?);
        let made = self
            .write(actor, move |tx| {
                let (_, organization) = tx.account_administrator(&by)?;
                let account = organization.identity.id;
                let mut faults: Vec<Violation> = Vec::new();
                let draft = draft.clone();
                let name = draft.name.require("name", &mut faults).unwrap_or_default();
                let mut permissions =
                    draft.permissions.take("permissions", &mut faults).unwrap_or_default();
                permissions.dedup();
                faultless(faults)?;
                let id = tx.insert_user(&NewUser {
                    guid: own.0,
                    short_id: own.1,
                    username: &format!("api-user-{}", own.1),
                    first_name: &name,
                    last_name: "",
                    email: "",
                    is_superuser: false,
                    is_system_auditor: false,
                    service_organization_id: Some(account),
                    password_hash: None,
                    by: by.user_id(),
                })?;
                let roles = permissions.iter().map(|permission| permission.role());
                for role in [Role::ProbelyMember].into_iter().chain(roles) {
                    give(tx, &by, role, account, id)?;
                }
                let key = NewToken {
                    guid: of_key.0,
                    short_id: of_key.1,
                    kind: TokenKind::Probely,
                    user_id: id,
                    organization_id: Some(account),
                    parent_id: by.token_id(),
                    hash: &hash,
                    name: &name,
                    scope: "write",
                    dialects: &[],
                    expires: match by.token {
                        Some(maker) => maker.bounds.expires,
                        None => tx.now().plus_seconds(LONGEST_LIFE),
                    },
                    application_id: None,
                };
                let key_id = tx.insert_token(&key)?;
                let user = tx.user_row_after_insert(id)?;
                let view = view(tx, &user)?;
                let mut entry = entry(tx, &by, &user);
                let words: Vec<&str> = view.permissions.iter().map(|one| one.word()).collect();
                entry.changes = vec![made("name", json!(name)), made("permissions", json!(words))];
                entry.objects.push(Touched { kind: Kind::Token, id: key_id, name });
                Ok(Audited::new(view, entry))
            })
            .await?;
        Ok(ServiceAccount { key: Some(secret), ..made })
    }

    /// Removes a service account with its key, from the next request on.
    pub async fn delete_service_account(&self, actor: &Actor, short_id: ShortId) -> Result<()> {
        let by = actor.clone();
        self.write(actor, move |tx| {
            let found = one(tx, &by, short_id)?;
            let (permit, organization) = tx.account_administrator(&by)?;
            let mut entry = user::remove(tx, &by, &found)?;
            entry.organization_id = Some(organization.identity.id);
            entry.reason = permit.reason().to_string();
            Ok(Audited::new((), entry))
        })
        .await
    }
}

fn give(tx: &mut WriteTx<'_>, actor: &Actor, role: Role, account: i64, user_id: i64) -> Result<()> {
    let role = tx.role_on(role, account)?;
    tx.insert_grant(&NewGrant {
        role,
        holder: Holder::User(user_id),
        dialect: Dialect::Probely,
        by_position: false,
        by: actor.user_id(),
    })?;
    Ok(())
}

fn found(
    tx: &ReadTx<'_>,
    actor: &Actor,
    only: Option<&ShortId>,
    part: &AccountPart,
) -> Result<Page<User>> {
    let listed = tx.account_services(actor.account()?, only, part)?;
    let users = in_order(&listed.ids, tx.users_by_id(&listed.ids)?, |user| user.identity.id);
    Ok(Page { items: users, total: listed.total })
}

fn one(tx: &ReadTx<'_>, actor: &Actor, short_id: ShortId) -> Result<User> {
    let page = found(tx, actor, Some(&short_id), &AccountPart::one())?;
    page.items.into_iter().next().ok_or(Error::NotFound(Kind::User))
}

fn view(tx: &ReadTx<'_>, user: &User) -> Result<ServiceAccount> {
    let account = user.service_organization_id;
    let grants = tx.grants_to_user(user.identity.id)?;
    let holds = |permission: &ServicePermission| {
        let role = permission.role();
        grants.iter().any(|g| g.role.role == role && Some(g.role.resource_id) == account)
    };
    Ok(ServiceAccount {
        short_id: user.identity.short_id,
        name: user.first_name.clone(),
        permissions: ServicePermission::ALL.into_iter().filter(holds).collect(),
        key: None,
    })
}

fn entry(tx: &ReadTx<'_>, actor: &Actor, user: &User) -> Entry {
    let object = Touched { kind: Kind::User, id: user.identity.id, name: user.username.clone() };
    let mut entry = actor.entry(tx.now(), Operation::Create, object);
    entry.organization_id = user.service_organization_id;
    entry
}
