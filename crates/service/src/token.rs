//! Tokens: made, shown once, listed, revoked.

use secrecy::SecretString;
use serde_json::{Value, json};
use strongroom_core::access::Dialect;
use strongroom_core::access::people::{BOUND_TO_ORGANIZATION, TokenBounds, is_let_in};
use strongroom_core::audit::{Operation, Touched};
use strongroom_core::clock::Timestamp;
use strongroom_core::draft::{Member, faultless};
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::record::{Token, TokenKind};
use strongroom_core::{Error, Result};
use strongroom_seal::token;

use crate::actor::{Actor, PresentedToken};
use crate::assemble::in_order;
use crate::audit::{differences, gone, made};
use crate::credential::unknown;
use crate::list::{Field, ListRequest, Order};
use crate::store::{Audited, Condition, ListQuery, NewToken, ReadTx, proof};
use crate::view::{Page, TokenView};
use crate::{Strongroom, draw_identity};

/// What a request asks of a token.
#[derive(Debug, Clone)]
pub struct TokenDraft {
    /// Which kind of key it is.
    pub kind: TokenKind,
    /// Free text.
    pub name: Member<String>,
    /// `read`, `write` or both, separated by a space; `write` when absent.
    pub scope: Member<String>,
    /// The one organization that it is bound to.
    pub organization: Member<Option<NamedOrganization>>,
    /// The dialects that a native token opens besides the native API.
    pub dialects: Member<Vec<Dialect>>,
    /// When it ends; in a thousand years when absent.
    pub expires: Member<Timestamp>,
    /// The application that is given it; only tokens of AWX have one.
    pub application: Member<Option<Ref>>,
    /// Whose it is: only on the host, where nobody is logged in. Everybody else makes his own.
    pub username: Option<String>,
}

/// An organization by any spelling of its identity, or by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NamedOrganization {
    /// By its identity.
    Id(Ref),
    /// By its name.
    Name(String),
}

impl std::fmt::Display for NamedOrganization {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(reference) => reference.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// Which tokens a list is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenScope {
    /// The caller's own, of every kind.
    Own,
    /// The AWX tokens that the caller may see: his own, or all for a system administrator.
    Awx,
    /// Of those, the tokens of this user.
    AwxOf(Ref),
    /// Of those, the tokens that he made for himself.
    AwxPersonal(Ref),
    /// Of those, the tokens that applications were given for him.
    AwxAuthorized(Ref),
    /// Of those, the tokens that this application was given.
    AwxGiven(Ref),
}

/// On whose word a token is made.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Issue {
    /// On that of the actor, who must be able to read the application.
    Asked,
    /// On that of an application that has proved itself and acts for the actor.
    ForClient {
        /// The application.
        application_id: i64,
        /// The token that ends with it.
        instead_of: Option<i64>,
    },
}

/// A token that was just made. Its secret is shown this once.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub view: TokenView,
    /// What is presented.
    pub secret: SecretString,
    /// What buys the next one, for a token that an application is given.
    pub refresh: Option<SecretString>,
}

impl Strongroom {
    /// Makes a token for the caller. It never allows more than the token with which he came.
    pub async fn issue_token(&self, actor: &Actor, draft: TokenDraft) -> Result<IssuedToken> {
        self.issue(actor, draft, Issue::Asked).await
    }

    /// Makes a token in the name of an application that has proved itself, or of whoever asks.
    pub(crate) async fn issue(
        &self,
        actor: &Actor,
        draft: TokenDraft,
        issue: Issue,
    ) -> Result<IssuedToken> {
        let by = actor.clone();
        let drawn = match draft.kind {
            TokenKind::Awx | TokenKind::AwxSession => token::Token::generate_plain(),
            TokenKind::Native
            | TokenKind::Probely
            | TokenKind::ProbelyLogin
            | TokenKind::Catalog
            | TokenKind::CatalogAccess
            | TokenKind::UaaAccess
            | TokenKind::UaaRefresh => token::Token::generate(),
        };
        let drawn = drawn.map_err(Error::internal)?;
        let (secret, hash) = (drawn.text, drawn.hash);
        let next = match (draft.application.given(), issue) {
            (Some(Some(_)), _) | (_, Issue::ForClient { .. }) => {
                Some(token::Token::generate_plain().map_err(Error::internal)?)
            }
            _ => None,
        };
        let (refresh, refresh_hash) = (next.as_ref().map(|n| n.text.clone()), next.map(|n| n.hash));
        let (guid, short_id) = draw_identity()?;
        let view = self
            .write(actor, move |tx| {
                let user_id = owner(tx, &by, draft.kind, draft.username.as_deref())?;
                let application_id = match issue {
                    Issue::Asked => application(tx, &by, &draft.application)?,
                    Issue::ForClient { application_id, .. } => Some(application_id),
                };
                if let Issue::ForClient { instead_of: Some(id), .. } = issue {
                    if tx.token(id)?.is_none() {
                        return Err(Error::Unauthenticated);
                    }
                    tx.delete_token(id)?;
                }
                let (name, bounds) = checked(tx, &by, user_id, draft.clone())?;
                if let Some(maker) = by.token_id()
                    && tx.token(maker)?.is_none()
                {
                    return Err(Error::Unauthenticated);
                }
                let bounds = match &by.token {
                    Some(maker) if !may_make(maker, draft.kind) => return Err(Error::forbidden()),
                    Some(maker) => bounds.within(&maker.bounds).ok_or_else(Error::forbidden)?,
                    None => bounds,
                };
                let dialects: Vec<Dialect> = Dialect::ALL
                    .into_iter()
                    .filter(|dialect| bounds.dialects.contains(*dialect))
                    .collect();
                let id = tx.insert_token(&NewToken {
                    guid,
                    short_id,
                    kind: draft.kind,
                    user_id,
                    organization_id: bounds.organization_id,
                    parent_id: by.token_id(),
                    hash: &hash,
                    name: &name,
                    scope: &scope_within(&draft.scope, bounds.writes),
                    dialects: &dialects,
                    expires: bounds.expires,
                    application_id,
                })?;
                if let Some(hash) = &refresh_hash {
                    tx.insert_refresh(id, hash, tx.now().plus_seconds(REFRESH_LIFE))?;
                }
                tx.note_login(user_id, tx.now())?;
                let token = tx.token(id)?.ok_or(Error::NotFound(Kind::Token))?;
                let mut entry = by.entry(tx.now(), Operation::Create, touched(&token));
                entry.changes = members(&token)
                    .into_iter()
                    .map(|(member, value)| made(member, value))
                    .collect();
                entry.organization_id = token.organization_id;
                Ok(Audited::new(view(tx, token)?, entry))
            })
            .await?;
        Ok(IssuedToken { view, secret, refresh })
    }

    /// A page of tokens.
    pub async fn list_tokens(
        &self,
        actor: &Actor,
        scope: TokenScope,
        request: ListRequest,
    ) -> Result<Page<TokenView>> {
        let actor = actor.clone();
        self.read(move |tx| {
            let conditions = match &scope {
                TokenScope::Own => vec![Condition::OfUser(actor.user_id().unwrap_or_default())],
                TokenScope::Awx => vec![Condition::OfTokenKind(TokenKind::Awx)],
                TokenScope::AwxOf(user) => {
                    let (permit, _) = tx.user_to_read(&actor, user)?;
                    vec![Condition::OfTokenKind(TokenKind::Awx), Condition::OfUser(permit.id())]
                }
                TokenScope::AwxPersonal(user) | TokenScope::AwxAuthorized(user) => {
                    let (permit, _) = tx.user_to_read(&actor, user)?;
                    let given = match scope {
                        TokenScope::AwxPersonal(_) => Condition::WithoutApplication,
                        _ => Condition::WithApplication,
                    };
                    let user = Condition::OfUser(permit.id());
                    vec![Condition::OfTokenKind(TokenKind::Awx), user, given]
                }
                TokenScope::AwxGiven(application) => {
                    let (permit, _) = tx.application::<proof::Read>(&actor, application)?;
                    vec![Condition::OfApplication(permit.id())]
                }
            };
            let query = ListQuery {
                kind: Kind::Token,
                request: &request,
                conditions: &conditions,
                default_order: &[Order::by(Field::Id)],
            };
            let listed = tx.list(&actor, &query)?;
            let tokens = in_order(&listed.ids, tx.tokens_by_id(&listed.ids)?, |token| token.id);
            Ok(Page { items: tx.token_views(tokens)?, total: listed.total })
        })
        .await
    }

    /// One token: the caller's own, or any for a system administrator.
    pub async fn read_token(&self, actor: &Actor, reference: &Ref) -> Result<TokenView> {
        let (actor, reference) = (actor.clone(), reference.clone());
        self.read(move |tx| {
            let id = tx.token_id(&reference)?.ok_or(Error::NotFound(Kind::Token))?;
            let (_, token) = tx.token_to_read(&actor, id)?;
            view(tx, token)
        })
        .await
    }

    /// Changes the description or scope of a token. It never comes to allow more than the token that made it,
    /// and what it made itself is narrowed with it.
    pub async fn update_token(
        &self,
        actor: &Actor,
        reference: &Ref,
        draft: TokenDraft,
    ) -> Result<TokenView> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, old) = tx.token_by_ref(&by, &reference)?;
            let draft = draft.clone();
            let mut new = old.clone();
            let mut faults: Vec<Violation> = Vec::new();
            new.name = draft.name.take("description", &mut faults).unwrap_or(new.name);
            new.scope = check_scope(draft.scope).take("scope", &mut faults).unwrap_or(new.scope);
            faultless(faults)?;
            let changes = differences(members(&old), members(&new));
            if changes.is_empty() {
                return Ok(Audited::unchanged(view(tx, old)?));
            }
            match (writes(&old.scope), writes(&new.scope)) {
                (false, true) if !tx.maker_writes(old.id)? => return Err(Error::forbidden()),
                (true, false) => tx.narrow_tokens_made_by(old.id)?,
                _ => {}
            }
            new.modified = tx.now();
            tx.save_token(&permit, &new)?;
            let mut entry = by.entry(tx.now(), Operation::Update, touched(&new));
            entry.changes = changes;
            Ok(Audited::new(view(tx, new)?, entry))
        })
        .await
    }

    /// Ends a token and every token that was made with it, from the next request on.
    pub async fn revoke_token(&self, actor: &Actor, reference: &Ref) -> Result<()> {
        let (by, reference) = (actor.clone(), reference.clone());
        self.write(actor, move |tx| {
            let (permit, token) = tx.token_by_ref(&by, &reference)?;
            tx.delete_token(permit.id())?;
            let mut entry = by.entry(tx.now(), Operation::Delete, touched(&token));
            entry.changes =
                members(&token).into_iter().map(|(member, value)| gone(member, value)).collect();
            Ok(Audited::new((), entry))
        })
        .await
    }
}

impl<'tx> ReadTx<'tx> {
    /// A token by its integer id or UUID, when it is the actor's to see and end.
    pub(crate) fn token_by_ref(
        &self,
        actor: &Actor,
        reference: &Ref,
    ) -> Result<(crate::store::Permit<'tx, proof::Delete>, Token)> {
        let id = self.token_id(reference)?;
        self.token_of(actor, id.ok_or(Error::NotFound(Kind::Token))?)
    }
}

impl ReadTx<'_> {
    /// The id of the organization that is named, whether or not anybody may see it.
    pub(crate) fn organization_named(&self, named: &NamedOrganization) -> Result<Option<i64>> {
        match named {
            NamedOrganization::Id(reference) => self.id_of(Kind::Organization, reference),
            NamedOrganization::Name(name) => self.organization_id_by_name(name),
        }
    }
}

/// Whether a token may make one of that kind: it must open the kind's dialect itself.
fn may_make(maker: &PresentedToken, kind: TokenKind) -> bool {
    let native = maker.kind == TokenKind::Native;
    let wanted = dialect_of(kind);
    wanted == dialect_of(maker.kind) || (native && maker.bounds.dialects.contains(wanted))
}

const fn dialect_of(kind: TokenKind) -> Dialect {
    match kind {
        TokenKind::Awx | TokenKind::AwxSession => Dialect::Awx,
        TokenKind::Native => Dialect::Native,
        TokenKind::Probely | TokenKind::ProbelyLogin => Dialect::Probely,
        TokenKind::Catalog | TokenKind::CatalogAccess => Dialect::AppCatalog,
        TokenKind::UaaAccess | TokenKind::UaaRefresh => Dialect::CloudFoundry,
    }
}

/// Whose token it becomes: the caller's, or on the host whose name is given.
///
/// A service account makes no keys for itself: they come from who administers it.
fn owner(tx: &ReadTx<'_>, actor: &Actor, kind: TokenKind, username: Option<&str>) -> Result<i64> {
    if let Some(user_id) = actor.user_id() {
        let users = tx.users_by_id(&[user_id])?;
        if OWN_KEYS.contains(&kind) && users.iter().any(|u| u.service_organization_id.is_some()) {
            return Err(Error::forbidden());
        }
        return Ok(user_id);
    }
    let username = username.ok_or_else(|| Error::invalid("user", Rule::Required))?;
    let found = tx.user_by_name(username)?;
    let unknown = || Error::invalid("user", Rule::UnknownObject { given: username.to_owned() });
    Ok(found.ok_or_else(unknown)?.0.identity.id)
}

/// The application that is to be given the token, if one is.
fn application(tx: &ReadTx<'_>, actor: &Actor, draft: &Member<Option<Ref>>) -> Result<Option<i64>> {
    let reference = match draft {
        Member::Absent | Member::Given(None) => return Ok(None),
        Member::Given(Some(reference)) => reference,
        Member::Bad(rule) => return Err(Error::invalid("application", rule.clone())),
    };
    match tx.application::<proof::Read>(actor, reference) {
        Ok((permit, _)) => Ok(Some(permit.id())),
        Err(Error::NotFound(_)) => Err(Error::invalid("application", unknown(reference))),
        Err(error) => Err(error),
    }
}

/// The name and the bounds that the draft asks for.
fn checked(
    tx: &ReadTx<'_>,
    actor: &Actor,
    user_id: i64,
    draft: TokenDraft,
) -> Result<(String, TokenBounds)> {
    let mut faults: Vec<Violation> = Vec::new();
    let now = tx.now();
    let name = draft.name.take("name", &mut faults).unwrap_or_default();
    let scope = check_scope(draft.scope).take("scope", &mut faults);
    let dialects = draft.dialects.take("dialects", &mut faults).unwrap_or_default();
    let future = |at: &Timestamp| (*at <= now).then_some(Rule::NotAFutureTime);
    let expires = draft.expires.check(future).take("expires_at", &mut faults);
    let organization = draft.organization.take("organization", &mut faults).flatten();
    let organization_id = match &organization {
        Some(named) => member_of(tx, user_id, named, &mut faults)?,
        None => None,
    };
    let own = matches!(draft.kind, TokenKind::Probely | TokenKind::Catalog);
    let own = own.then(|| dialect_of(draft.kind));
    let bound: Vec<Dialect> = dialects
        .iter()
        .copied()
        .chain(own)
        .filter(|dialect| BOUND_TO_ORGANIZATION.contains(dialect))
        .collect();
    let inherited = actor.token.and_then(|token| token.bounds.organization_id);
    if !bound.is_empty() && organization.is_none() && inherited.is_none() {
        faults.push(Violation::new("organization", Rule::Required));
    }
    if let Some(leads_to) = organization_id.or(inherited) {
        let standing = tx.standing_of(user_id)?;
        let shut = bound.into_iter().find(|dialect| !is_let_in(&standing, *dialect, leads_to));
        faults.extend(
            shut.map(|dialect| Violation::new("organization", Rule::NoRoleThere { dialect })),
        );
    }
    faultless(faults)?;
    let bounds = TokenBounds {
        dialects: dialects.into_iter().collect(),
        organization_id,
        writes: scope.is_none_or(|scope| writes(&scope)),
        expires: expires.unwrap_or_else(|| now.plus_seconds(LONGEST_LIFE)),
    };
    Ok((name, bounds))
}

/// The organization, when the user belongs to it or administers the system.
fn member_of(
    tx: &ReadTx<'_>,
    user_id: i64,
    named: &NamedOrganization,
    faults: &mut Vec<Violation>,
) -> Result<Option<i64>> {
    let found = tx.organization_named(named)?;
    let standing = tx.standing_of(user_id)?;
    let found = found.filter(|id| standing.is_superuser || standing.belongs_to(*id));
    if found.is_none() {
        let given = named.to_string();
        faults.push(Violation::new("organization", Rule::UnknownObject { given }));
    }
    Ok(found)
}

/// A scope is `read`, `write` or both, each once.
fn check_scope(scope: Member<String>) -> Member<String> {
    scope.check(|scope| {
        let known = ["read", "write", "read write", "write read"].contains(&scope.as_str());
        (!known).then_some(Rule::TokenScope)
    })
}

fn scope_within(scope: &Member<String>, may_write: bool) -> String {
    match scope.given() {
        _ if !may_write => "read".to_owned(),
        Some(scope) => scope.clone(),
        None => "write".to_owned(),
    }
}

fn writes(scope: &str) -> bool {
    scope.split(' ').any(|word| word == "write")
}

fn view(tx: &ReadTx<'_>, token: Token) -> Result<TokenView> {
    let views = tx.token_views(vec![token])?;
    views.into_iter().next().ok_or_else(|| Error::internal("a view was expected"))
}

fn touched(token: &Token) -> Touched {
    Touched { kind: Kind::Token, id: token.id, name: token.name.clone() }
}

fn members(token: &Token) -> Vec<(&'static str, Value)> {
    vec![
        ("description", json!(token.name)),
        ("user", json!(token.user_id)),
        ("scope", json!(token.scope)),
        ("application", json!(token.application_id)),
        ("kind", json!(token.kind.word())),
    ]
}

/// What buys the next token is good for so long, in seconds.
pub(crate) const REFRESH_LIFE: i64 = 2_628_000;
/// AWX's own default, in seconds: about a thousand years.
pub(crate) const LONGEST_LIFE: i64 = 31_536_000_000;

/// The kinds that people make for themselves, unlike what another key is exchanged for.
const OWN_KEYS: [TokenKind; 4] =
    [TokenKind::Awx, TokenKind::Native, TokenKind::Probely, TokenKind::Catalog];
