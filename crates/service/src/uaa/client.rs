//! Clients of the platform's token endpoints. Each is a service account that logs in with a secret of 256 random bits.

use secrecy::SecretString;
use serde_json::json;
use strongroom_core::access::Role;
use strongroom_core::audit::{Entry, Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Guid, Kind, Ref};
use strongroom_core::record::{Identity, TokenKind, User};
use strongroom_core::{Error, Result};
use strongroom_seal::token;

use super::{Grant, UaaTokens, expires_in, issued, scope};
use crate::actor::Actor;
use crate::audit::made;
use crate::store::{
    Audited, NewToken, NewUaaClient, NewUser, ReadTx, UaaClientRow, WriteTx, proof,
};
use crate::token::NamedOrganization;
use crate::{Strongroom, draw_identity, user};

/// What a request asks of a client.
#[derive(Debug, Clone, Default)]
pub struct UaaClientDraft {
    /// What it calls itself: letters, digits, `-`, `_` and `.`, at most 150.
    pub client_id: Member<String>,
    /// The organization of its service account.
    pub organization: Member<NamedOrganization>,
    /// What its tokens carry at the most; to read and to write when absent.
    pub scope: Member<Vec<String>>,
}

/// A client, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UaaClientView {
    /// Its identity.
    pub identity: Identity,
    /// What it calls itself, which is its service account's user name.
    pub client_id: String,
    /// Its service account, to which roles are given.
    pub user: Guid,
    /// The organization of its service account.
    pub organization_id: i64,
    /// What its tokens carry at the most.
    pub scope: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When its secret was last renewed.
    pub modified: Timestamp,
}

/// A client with its secret, which is shown this once.
#[derive(Debug)]
pub struct UaaClientSecret {
    /// The client.
    pub view: UaaClientView,
    /// What it logs in with.
    pub secret: SecretString,
}

impl Strongroom {
    /// Makes a client and its service account, for administrators of the organization. Scopes that go beyond roles
    /// are given by system administrators.
    pub async fn create_uaa_client(
        &self,
        actor: &Actor,
        draft: UaaClientDraft,
    ) -> Result<UaaClientSecret> {
        let by = actor.clone();
        let drawn = token::Token::generate().map_err(Error::internal)?;
        let (secret, hash) = (drawn.text, drawn.hash);
        let (own, of_account) = (draw_identity()?, draw_identity()?);
        let view = self
            .write(actor, move |tx| {
                let wanted = checked(tx, &by, draft.clone())?;
                if scope::is_beyond_roles(&wanted.scope) {
                    tx.administrator(&by, Kind::UaaClient)?;
                }
                if tx.user_by_name(&wanted.client_id)?.is_some() {
                    return Err(Error::invalid("client_id", Rule::NotUnique { kind: Kind::User }));
                }
                let user_id = tx.insert_user(&NewUser {
                    guid: of_account.0,
                    short_id: of_account.1,
                    username: &wanted.client_id,
                    first_name: "",
                    last_name: "",
                    email: "",
                    is_superuser: scope::administers(&wanted.scope),
                    is_system_auditor: scope::audits(&wanted.scope),
                    service_organization_id: Some(wanted.organization_id),
                    password_hash: None,
                    by: by.user_id(),
                })?;
                tx.make_known(&by, user_id)?;
                tx.insert_uaa_client(&NewUaaClient {
                    guid: own.0,
                    short_id: own.1,
                    user_id,
                    hash: &hash,
                    scope: &wanted.scope,
                    by: by.user_id(),
                })?;
                let view = view_of(tx, user_id)?;
                let mut entry = entry(tx, &by, Operation::Create, &view);
                let name = view.client_id.clone();
                entry.objects.push(Touched { kind: Kind::User, id: user_id, name });
                entry.changes = vec![
                    made("client_id", json!(view.client_id)),
                    made("organization", json!(view.organization_id)),
                    made("scope", json!(wanted.scope)),
                ];
                Ok(Audited::new(view, entry))
            })
            .await?;
        Ok(UaaClientSecret { view, secret })
    }

    /// The clients whose organizations the caller administers, behind that id, in the order they were made.
    pub async fn list_uaa_clients(
        &self,
        actor: &Actor,
        limit: i64,
        after: i64,
    ) -> Result<Vec<UaaClientView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let standing = tx.standing(&actor)?;
            let administered: Vec<i64> = standing
                .holdings
                .iter()
                .filter(|holding| holding.role == Role::OrganizationAdmin)
                .map(|holding| holding.resource_id)
                .collect();
            let within = (!standing.reads_everything()).then_some(administered.as_slice());
            let rows = tx.uaa_clients_after(within, (limit, after))?;
            let users: Vec<i64> = rows.iter().map(|row| row.user_id).collect();
            let users = tx.users_by_id(&users)?;
            let view = |row: UaaClientRow| {
                let user = users.iter().find(|user| user.identity.id == row.user_id);
                user.map(|user| view(&row, user)).ok_or_else(lost)
            };
            rows.into_iter().map(view).collect()
        })
        .await
    }

    /// One client, by an id or by what it calls itself.
    pub async fn read_uaa_client(&self, actor: &Actor, named: &str) -> Result<UaaClientView> {
        let (actor, named) = (actor.clone(), named.to_owned());
        self.read(move |tx| {
            let (row, user) = tx.uaa_client_to_read(&actor, &reference(tx, &named)?)?;
            Ok(view(&row, &user))
        })
        .await
    }

    /// Gives a client another secret. The old one and every token that it bought end with the answer.
    pub async fn renew_uaa_client_secret(
        &self,
        actor: &Actor,
        named: &str,
    ) -> Result<UaaClientSecret> {
        let (by, named) = (actor.clone(), named.to_owned());
        let drawn = token::Token::generate().map_err(Error::internal)?;
        let (secret, hash) = (drawn.text, drawn.hash);
        let view = self
            .write(actor, move |tx| {
                let (permit, _, user) = tx.uaa_client(&by, &reference(tx, &named)?)?;
                tx.renew_uaa_client(&permit, &hash)?;
                tx.delete_tokens_of_user(user.identity.id)?;
                let view = view_of(tx, user.identity.id)?;
                let mut entry = entry(tx, &by, Operation::Update, &view);
                entry.reason = permit.reason().to_string();
                entry.changes = vec![made("secret", crate::audit::HIDDEN.into())];
                Ok(Audited::new(view, entry))
            })
            .await?;
        Ok(UaaClientSecret { view, secret })
    }

    /// Deletes a client with its service account, roles and tokens.
    pub async fn delete_uaa_client(&self, actor: &Actor, named: &str) -> Result<()> {
        let (by, named) = (actor.clone(), named.to_owned());
        self.write(actor, move |tx| {
            let (permit, row, user) = tx.uaa_client(&by, &reference(tx, &named)?)?;
            let mut first = entry(tx, &by, Operation::Delete, &view(&row, &user));
            first.reason = permit.reason().to_string();
            let gone = user::remove(tx, &by, &user)?;
            Ok(Audited::with_all((), vec![first, gone]))
        })
        .await
    }

    /// Issues an access token to a client that logged in with its secret. `wanted` are the scopes it asks for; none
    /// means all that it has.
    ///
    /// `Invalid` when it has none of the scopes.
    pub async fn issue_uaa_client_token(
        &self,
        actor: &Actor,
        wanted: &[String],
    ) -> Result<UaaTokens> {
        let caller = self.uaa_caller(actor, None).await?;
        let user_id = caller.user.identity.id;
        let client = self.read(move |tx| tx.uaa_client_of(user_id)).await?;
        let client = client.ok_or(Error::Unauthenticated)?;
        let granted = scope::granted(caller.powers, wanted, Some(&client.scope));
        let scope = granted.ok_or_else(|| Error::invalid("scope", Rule::TokenScope))?;
        let now = self.now();
        let name = caller.user.username.clone();
        let grant = Grant {
            kind: "client_credentials",
            client: Some(&name),
            scope: &scope,
            since: now,
            ends: now.plus_seconds(super::ACCESS_LIFE),
        };
        let access = self.signed(&caller.user, &grant, now).await?;
        let by = actor.clone();
        let (jti, expires, hash) = (access.identity, access.expires, access.hash);
        let (row_name, row_scope) = (name.clone(), scope.clone());
        self.write(actor, move |tx| {
            // The secret may have been renewed, or the client deleted, since it was checked.
            let present = tx.uaa_client_of(user_id)?.filter(|row| row.modified == client.modified);
            if present.is_none() {
                return Err(Error::Unauthenticated);
            }
            let id = tx.insert_token(&NewToken {
                guid: jti.guid,
                short_id: jti.short_id,
                kind: TokenKind::UaaAccess,
                user_id,
                organization_id: None,
                parent_id: None,
                hash: &hash,
                name: &row_name,
                scope: &row_scope,
                dialects: &[],
                expires,
                application_id: None,
            })?;
            tx.note_login(user_id, tx.now())?;
            Ok(Audited::new((), issued(tx, &by, id)?))
        })
        .await?;
        Ok(UaaTokens {
            access_token: access.text,
            refresh_token: None,
            expires_in: expires_in(now, expires),
            scope,
            jti: jti.guid,
        })
    }
}

/// A client to be made whose every rule is kept.
struct Wanted {
    client_id: String,
    organization_id: i64,
    scope: String,
}

fn checked(tx: &ReadTx<'_>, actor: &Actor, draft: UaaClientDraft) -> Result<Wanted> {
    let mut faults: Vec<Violation> = Vec::new();
    let named = draft.organization.require("organization", &mut faults);
    let rule = |name: &String| (!is_client_id(name)).then_some(Rule::ClientId);
    let client_id = draft.client_id.check(rule).require("client_id", &mut faults);
    let wrong = |words: &Vec<String>| {
        let wrong = words.iter().find(|word| !scope::is_of_clients(word));
        match wrong {
            Some(word) => Some(Rule::NotAChoice { given: word.clone() }),
            None => words.is_empty().then_some(Rule::Blank),
        }
    };
    let words = draft.scope.check(wrong).take("scope", &mut faults);
    faultless(faults)?;
    let (Some(named), Some(client_id)) = (named, client_id) else {
        return Err(Error::internal("a fault was not noticed"));
    };
    let unknown =
        || Error::invalid("organization", Rule::UnknownObject { given: named.to_string() });
    let id = tx.organization_named(&named)?.ok_or_else(unknown)?;
    let permit = match tx.organization::<proof::Grant>(actor, &Ref::Serial(id)) {
        Ok((permit, _)) => permit,
        Err(Error::NotFound(_) | Error::Hidden(_)) => return Err(unknown()),
        Err(error) => return Err(error),
    };
    // A key that is bound to one organization makes nothing in another.
    if actor.organization_id().is_some_and(|bound| bound != permit.id()) {
        return Err(Error::forbidden());
    }
    let scope = scope::of_client(&words.unwrap_or_default());
    Ok(Wanted { client_id, organization_id: permit.id(), scope })
}

/// Whether a text can be a client's id: none that is an integer or UUID, which name it already, nor the public
/// client's own.
fn is_client_id(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=LONGEST_CLIENT_ID).contains(&text.len())
        && text.bytes().all(inner)
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && !text.eq_ignore_ascii_case(super::CLIENT)
        && !matches!(text.parse(), Ok(Ref::Serial(_) | Ref::Guid(_)))
        && !text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The client of that id or name.
fn reference(tx: &ReadTx<'_>, named: &str) -> Result<Ref> {
    let missing = || Error::NotFound(Kind::UaaClient);
    if named.is_empty() || named.contains('\0') {
        return Err(missing());
    }
    let by_name = match tx.user_by_name(named)? {
        Some((user, _)) => tx.uaa_client_of(user.identity.id)?,
        None => None,
    };
    match by_name {
        Some(row) => Ok(Ref::Serial(row.identity.id)),
        None => named.parse().map_err(|_| missing()),
    }
}

fn view_of(tx: &ReadTx<'_>, user_id: i64) -> Result<UaaClientView> {
    let row = tx.uaa_client_of(user_id)?.ok_or_else(lost)?;
    let user = tx.users_by_id(&[user_id])?.into_iter().next().ok_or_else(lost)?;
    Ok(view(&row, &user))
}

fn view(row: &UaaClientRow, user: &User) -> UaaClientView {
    UaaClientView {
        identity: row.identity,
        client_id: user.username.clone(),
        user: user.identity.guid,
        organization_id: user.service_organization_id.unwrap_or_default(),
        scope: row.scope.split_ascii_whitespace().map(str::to_owned).collect(),
        created: row.created,
        modified: row.modified,
    }
}

fn entry(tx: &WriteTx<'_>, actor: &Actor, operation: Operation, view: &UaaClientView) -> Entry {
    let (id, name) = (view.identity.id, view.client_id.clone());
    let mut entry = actor.entry(tx.now(), operation, Touched { kind: Kind::UaaClient, id, name });
    entry.organization_id = Some(view.organization_id);
    entry
}

fn lost() -> Error {
    Error::internal("a client without its service account")
}

/// The most characters of what a client calls itself, as of every user name.
const LONGEST_CLIENT_ID: usize = 150;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_calls_itself_by_a_plain_word() {
        for good in ["ci", "ci-bot_2.x", "7days"] {
            assert!(is_client_id(good), "{good}");
        }
        let long = "a".repeat(151);
        for bad in [
            "",
            "cf",
            "CF",
            "a b",
            "-a",
            "a:b",
            "42",
            "99999999999999999999",
            "1a0e1c2b-0000-4000-8000-000000000001",
            "é",
            long.as_str(),
        ] {
            assert!(!is_client_id(bad), "{bad}");
        }
    }
}
