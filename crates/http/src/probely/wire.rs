//! What the dialect shows, member for member.

use jiff::Timestamp as Moment;
use secrecy::ExposeSecret;
use serde::Serialize;
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Kind;
use strongroom_core::record;
use strongroom_service::{
    Account, AccountCredential, AccountKey, AccountLogin, AccountPerson, ServiceAccount,
};

use super::email;

/// A credential: all twelve members, always.
#[derive(Serialize)]
pub(super) struct Credential<'a> {
    id: &'a str,
    uri: String,
    name: &'a str,
    team: Option<&'a str>,
    description: &'a str,
    is_sensitive: bool,
    /// Null while sensitive. That it leaves is in the audit log already.
    value: Option<&'a str>,
    created_at: String,
    updated_at: String,
    creator: Person<'a>,
    usage_count: usize,
    references: Vec<Use<'a>>,
}

/// Somebody, as everything here mentions him.
#[derive(Serialize)]
pub(super) struct Person<'a> {
    id: &'a str,
    email: &'a str,
    name: &'a str,
}

/// Where a credential is used.
#[derive(Serialize)]
pub(super) struct Use<'a> {
    root_object_id: &'a str,
    root_object_type: &'a str,
    root_object_display_name: &'a str,
    ui_reference_key: &'a str,
}

/// An account, or anything else of which only the name is shown.
#[derive(Serialize)]
pub(super) struct Named<'a> {
    id: &'a str,
    name: &'a str,
}

/// A team.
#[derive(Serialize)]
pub(super) struct Team<'a> {
    id: &'a str,
    name: &'a str,
    description: &'a str,
}

/// An API key, with its secret only when it was just made.
#[derive(Serialize)]
pub(super) struct Key<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(rename = "key", skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

/// A service account, with its key only when it was just made.
#[derive(Serialize)]
pub(super) struct ApiUser<'a> {
    id: &'a str,
    name: &'a str,
    email: &'static str,
    permissions: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
}

/// A login token and for how many seconds it is good.
#[derive(Serialize)]
pub(super) struct Login<'a> {
    token: &'a str,
    ttl: i64,
}

impl<'a> From<&'a AccountCredential> for Credential<'a> {
    fn from(view: &'a AccountCredential) -> Self {
        let placement = &view.placement;
        let id = placement.identity.short_id.as_str();
        Self {
            id,
            uri: format!("credentials://{id}"),
            name: &placement.name,
            team: view.team.as_ref().map(strongroom_core::id::ShortId::as_str),
            description: &view.description,
            is_sensitive: placement.is_sensitive,
            value: view.value.as_ref().map(ExposeSecret::expose_secret),
            created_at: time(placement.stamp.created),
            updated_at: time(view.modified),
            creator: view.creator.as_ref().map_or(NOBODY, Person::from),
            usage_count: view.references.len(),
            references: view.references.iter().map(Use::from).collect(),
        }
    }
}

impl<'a> From<&'a AccountPerson> for Person<'a> {
    fn from(person: &'a AccountPerson) -> Self {
        let id = person.short_id.as_str();
        Self { id, email: email::shown(&person.email), name: short(&person.name) }
    }
}

impl<'a> From<&'a record::Reference> for Use<'a> {
    fn from(reference: &'a record::Reference) -> Self {
        let (id, kind) = match (&reference.object, &reference.object_short_id) {
            (Some((Kind::Target, _)), Some(id)) => (id.as_str(), "Target"),
            (Some((Kind::Domain, _)), Some(id)) => (id.as_str(), "Domain"),
            (_, Some(id)) => (id.as_str(), reference.kind.as_str()),
            (_, None) => (reference.identity.short_id.as_str(), reference.kind.as_str()),
        };
        Self {
            root_object_id: id,
            root_object_type: kind,
            root_object_display_name: &reference.name,
            ui_reference_key: &reference.key,
        }
    }
}

impl<'a> From<&'a Account> for Named<'a> {
    fn from(account: &'a Account) -> Self {
        Self { id: account.short_id.as_str(), name: &account.name }
    }
}

impl<'a> From<&'a record::Team> for Team<'a> {
    fn from(team: &'a record::Team) -> Self {
        let id = team.identity.short_id.as_str();
        Self { id, name: &team.name, description: &team.description }
    }
}

impl<'a> From<&'a AccountKey> for Key<'a> {
    fn from(key: &'a AccountKey) -> Self {
        let secret = key.secret.as_ref().map(ExposeSecret::expose_secret);
        Self { id: key.short_id.as_str(), name: &key.name, secret }
    }
}

impl<'a> From<&'a ServiceAccount> for ApiUser<'a> {
    fn from(account: &'a ServiceAccount) -> Self {
        Self {
            id: account.short_id.as_str(),
            name: &account.name,
            email: "",
            permissions: account.permissions.iter().map(|permission| permission.word()).collect(),
            key: account.key.as_ref().map(ExposeSecret::expose_secret),
        }
    }
}

impl<'a> From<&'a AccountLogin> for Login<'a> {
    fn from(login: &'a AccountLogin) -> Self {
        Self { token: login.token.expose_secret(), ttl: login.seconds }
    }
}

/// Somebody, or whoever works on the server's host.
pub(super) fn person(of: Option<&AccountPerson>) -> Person<'_> {
    of.map_or(NOBODY, Person::from)
}

/// The beginning of a name, as long as clients take it.
fn short(name: &str) -> &str {
    name.char_indices().nth(PERSON_NAME_LENGTH).map_or(name, |(end, _)| &name[..end])
}

/// The most characters of a person's name.
const PERSON_NAME_LENGTH: usize = 60;

/// `2024-07-29T15:51:28.071000Z`.
pub(super) fn time(at: Timestamp) -> String {
    match Moment::from_microsecond(at.as_micros()) {
        Ok(moment) => format!("{moment:.6}"),
        // No moment of the calendar lies there; the year 9999 ends before.
        Err(_) => "9999-12-31T23:59:59.999999Z".to_owned(),
    }
}

/// Stands for a maker who never was a user: whoever works on the server's host.
const NOBODY: Person<'static> = Person { id: "", email: "", name: "" };
