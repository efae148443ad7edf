//! What the native API shows, member for member.

use serde::Serialize;
use serde_json::{Map, Value};
use strongroom_core::access::{Dialect, ResourceKind, Role};
use strongroom_core::clock::Timestamp;
use strongroom_core::error::UseCount;
use strongroom_core::record;
use strongroom_core::record::{Identity, Version};
use strongroom_service::GrantView;
use strongroom_service::view::{
    AuditView, CredentialView, OrganizationView, Owner, Summary, TokenView, UserSummary, UserView,
};

use super::MASK;

/// A part of a list.
#[derive(Debug, Serialize)]
pub(super) struct List<T> {
    /// The elements.
    items: Vec<T>,
    /// What `after` must say to get the next part; null at the end.
    next: Option<String>,
}

/// The three spellings of an id.
#[derive(Debug, Serialize)]
struct Ids {
    id: i64,
    guid: String,
    short_id: String,
}

/// A named object as others mention it.
#[derive(Debug, Serialize)]
struct Named {
    id: i64,
    name: String,
}

/// A user as others mention him.
#[derive(Debug, Serialize)]
struct Person {
    id: i64,
    username: String,
}

/// A credential, masked.
#[derive(Debug, Serialize)]
pub(super) struct Credential {
    #[serde(flatten)]
    ids: Ids,
    name: String,
    description: String,
    r#type: i64,
    type_name: String,
    organization: Option<i64>,
    owners: Vec<OwnerShown>,
    inputs: Map<String, Value>,
    managed: bool,
    version: u64,
    born_in: &'static str,
    may: May,
    created: String,
    created_by: Option<Person>,
    modified: String,
    modified_by: Option<Person>,
}

/// What the caller may do.
#[derive(Debug, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four answers, each shown as a member of its own"
)]
struct May {
    change: bool,
    delete: bool,
    copy: bool,
    r#use: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum OwnerShown {
    User(Person),
    Team(Named),
    Organization(Named),
}

/// An earlier or the present state of a credential's inputs.
#[derive(Debug, Serialize)]
pub(super) struct VersionShown {
    number: u64,
    r#type: i64,
    inputs: Map<String, Value>,
    created: String,
    created_by: Option<i64>,
}

/// A use of a credential.
#[derive(Debug, Serialize)]
pub(super) struct Reference {
    #[serde(flatten)]
    ids: Ids,
    consumer: String,
    kind: String,
    name: String,
    key: String,
    made_by: i64,
    created: String,
}

/// How many uses of one kind.
#[derive(Debug, Serialize)]
pub(super) struct Use {
    kind: String,
    count: u64,
}

/// A grant of a role.
#[derive(Debug, Serialize)]
pub(super) struct Grant {
    id: i64,
    guid: String,
    role: String,
    user: Option<i64>,
    team: Option<i64>,
    group: Option<Group>,
    dialect: &'static str,
    by_position: bool,
    valid_from: String,
    granted_by: Option<i64>,
}

/// The holders of another role than membership in a team.
#[derive(Debug, Serialize)]
struct Group {
    role: String,
    on: &'static str,
    id: i64,
}

/// A token, without its secret.
#[derive(Debug, Serialize)]
pub(super) struct Token {
    id: i64,
    guid: String,
    kind: &'static str,
    name: String,
    user: Person,
    organization: Option<i64>,
    dialects: Vec<&'static str>,
    scope: String,
    expires_at: String,
    created: String,
    last_used: Option<String>,
}

/// A new token with its secret, which is never shown again.
#[derive(Debug, Serialize)]
pub(super) struct NewToken<'a> {
    #[serde(flatten)]
    pub(super) shown: Token,
    /// The secret.
    pub(super) token: &'a str,
}

/// An organization.
#[derive(Debug, Serialize)]
pub(super) struct Organization {
    #[serde(flatten)]
    ids: Ids,
    name: String,
    description: String,
    created: String,
    modified: String,
}

/// What an organization allows.
#[derive(Debug, Serialize)]
pub(super) struct Settings {
    protect_used: bool,
    use_includes_checkout: bool,
    share_across_organizations: bool,
}

/// A user.
#[derive(Debug, Serialize)]
pub(super) struct User {
    #[serde(flatten)]
    ids: Ids,
    username: String,
    admin: bool,
}

/// An entry of the audit log.
#[derive(Debug, Serialize)]
pub(super) struct AuditEntry {
    id: i64,
    at: String,
    operation: &'static str,
    outcome: &'static str,
    times: i64,
    actor: Actor,
    dialect: &'static str,
    source: String,
    request_id: String,
    objects: Vec<Object>,
    organization: Option<i64>,
    reason: String,
    changes: Value,
}

#[derive(Debug, Serialize)]
struct Actor {
    id: Option<i64>,
    name: String,
    token: Option<i64>,
}

#[derive(Debug, Serialize)]
struct Object {
    kind: &'static str,
    id: i64,
    name: String,
}

impl<T> List<T> {
    /// A part of a list from what was found when one element more than `limit` was asked for.
    pub(super) fn part<V>(
        mut found: Vec<V>,
        limit: i64,
        id: impl Fn(&V) -> i64,
        shown: impl Fn(V) -> T,
    ) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_next = limit < found.len();
        found.truncate(limit);
        let next = found.last().filter(|_| has_next).map(|last| id(last).to_string());
        Self { items: found.into_iter().map(shown).collect(), next }
    }

    /// A list that is always whole.
    pub(super) fn whole(items: impl IntoIterator<Item = T>) -> Self {
        Self { items: items.into_iter().collect(), next: None }
    }
}

impl From<Identity> for Ids {
    fn from(identity: Identity) -> Self {
        let Identity { id, guid, short_id } = identity;
        Self { id, guid: guid.to_string(), short_id: short_id.to_string() }
    }
}

impl From<Summary> for Named {
    fn from(summary: Summary) -> Self {
        Self { id: summary.id, name: summary.name }
    }
}

impl From<UserSummary> for Person {
    fn from(user: UserSummary) -> Self {
        Self { id: user.id, username: user.username }
    }
}

impl From<CredentialView> for Credential {
    fn from(view: CredentialView) -> Self {
        let CredentialView { credential, capabilities, .. } = view;
        Self {
            ids: credential.identity.into(),
            name: credential.name,
            description: credential.description,
            r#type: credential.credential_type_id,
            type_name: view.credential_type.name,
            organization: credential.organization_id,
            owners: view.owners.into_iter().map(OwnerShown::from).collect(),
            inputs: masked(credential.inputs, credential.secrets.into_keys()),
            managed: credential.managed,
            version: credential.version,
            born_in: credential.born_in.word(),
            may: May {
                change: capabilities.edit,
                delete: capabilities.delete,
                copy: capabilities.copy,
                r#use: capabilities.use_it,
            },
            created: time(credential.stamp.created),
            created_by: view.created_by.map(Person::from),
            modified: time(credential.stamp.modified),
            modified_by: view.modified_by.map(Person::from),
        }
    }
}

impl From<Owner> for OwnerShown {
    fn from(owner: Owner) -> Self {
        match owner {
            Owner::User(user) => Self::User(user.into()),
            Owner::Team(team) => Self::Team(team.into()),
            Owner::Organization(organization) => Self::Organization(organization.into()),
        }
    }
}

impl From<Version> for VersionShown {
    fn from(version: Version) -> Self {
        Self {
            number: version.number,
            r#type: version.credential_type_id,
            inputs: masked(version.inputs, version.secrets.into_keys()),
            created: time(version.created),
            created_by: version.created_by,
        }
    }
}

impl From<record::Reference> for Reference {
    fn from(reference: record::Reference) -> Self {
        Self {
            ids: reference.identity.into(),
            consumer: reference.consumer,
            kind: reference.kind,
            name: reference.name,
            key: reference.key,
            made_by: reference.made_by,
            created: time(reference.created),
        }
    }
}

impl From<&UseCount> for Use {
    fn from(counted: &UseCount) -> Self {
        Self { kind: counted.kind.clone(), count: counted.count }
    }
}

impl From<GrantView> for Grant {
    fn from(view: GrantView) -> Self {
        let (team, group) = match view.group {
            Some((role, ResourceKind::Team, id)) if role == Role::TeamMember.word() => {
                (Some(id), None)
            }
            Some((role, on, id)) => (None, Some(Group { role, on: on.word(), id })),
            None => (None, None),
        };
        Self {
            id: view.id,
            guid: view.guid.to_string(),
            role: view.role,
            user: view.user_id,
            team,
            group,
            dialect: view.dialect.word(),
            by_position: view.by_position,
            valid_from: time(view.valid_from),
            granted_by: view.granted_by,
        }
    }
}

impl From<TokenView> for Token {
    fn from(view: TokenView) -> Self {
        let TokenView { token, user } = view;
        Self {
            id: token.id,
            guid: token.guid.to_string(),
            kind: token.kind.word(),
            name: token.name,
            user: user.into(),
            organization: token.organization_id,
            dialects: token.dialects.into_iter().map(Dialect::word).collect(),
            scope: token.scope,
            expires_at: time(token.expires),
            created: time(token.created),
            last_used: token.last_used.map(time),
        }
    }
}

impl From<OrganizationView> for Organization {
    fn from(view: OrganizationView) -> Self {
        let organization = view.organization;
        Self {
            ids: organization.identity.into(),
            name: organization.name,
            description: organization.description,
            created: time(organization.stamp.created),
            modified: time(organization.stamp.modified),
        }
    }
}

impl From<record::OrganizationSettings> for Settings {
    fn from(settings: record::OrganizationSettings) -> Self {
        Self {
            protect_used: settings.protect_used,
            use_includes_checkout: settings.use_includes_checkout,
            share_across_organizations: settings.share_across_organizations,
        }
    }
}

impl From<UserView> for User {
    fn from(view: UserView) -> Self {
        let user = view.user;
        Self { ids: user.identity.into(), username: user.username, admin: user.is_superuser }
    }
}

impl From<AuditView> for AuditEntry {
    fn from(view: AuditView) -> Self {
        let object = |touched: strongroom_core::audit::Touched| Object {
            kind: touched.kind.word(),
            id: touched.id,
            name: touched.name,
        };
        Self {
            id: view.id,
            at: time(view.at),
            operation: view.operation.word(),
            outcome: view.outcome.word(),
            times: view.times,
            actor: Actor { id: view.actor_id, name: view.actor_name, token: view.token_id },
            dialect: view.dialect.word(),
            source: view.source,
            request_id: view.request_id,
            objects: view.objects.into_iter().map(object).collect(),
            organization: view.organization_id,
            reason: view.reason,
            changes: view.changes,
        }
    }
}

/// The inputs with the mask for each secret that is set.
fn masked(
    mut inputs: Map<String, Value>,
    secrets: impl IntoIterator<Item = String>,
) -> Map<String, Value> {
    inputs.extend(secrets.into_iter().map(|field| (field, MASK.into())));
    inputs
}

/// A point of time as RFC 3339 writes it, in UTC with microseconds.
fn time(at: Timestamp) -> String {
    const PRINTER: jiff::fmt::temporal::DateTimePrinter =
        jiff::fmt::temporal::DateTimePrinter::new().precision(Some(6));
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX);
    PRINTER.timestamp_to_string(&at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn times_have_microseconds_always() {
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_517_472_000_123_450, "2018-02-01T08:00:00.123450Z"),
            (i64::MAX, "9999-12-30T22:00:00.999999Z"),
        ] {
            assert_eq!(time(Timestamp::from_micros(micros)), text);
        }
    }

    #[test]
    fn a_secret_is_a_mask() {
        let inputs = Map::from_iter([("username".to_owned(), json!("joe"))]);
        let masked = Value::Object(masked(inputs, ["password".to_owned()]));
        assert_eq!(masked, json!({"username": "joe", "password": "$encrypted$"}));
    }

    proptest! {
        #[test]
        fn parts_put_together_are_the_list(count in 0_i64..30, limit in 1_i64..10) {
            let all: Vec<i64> = (1..=count).collect();
            let (mut after, mut seen) = (0, Vec::new());
            loop {
                let wanted = usize::try_from(limit + 1).unwrap();
                let found = all.iter().copied().filter(|id| after < *id).take(wanted).collect();
                let part = List::part(found, limit, |id| *id, |id| id);
                prop_assert!(part.items.len() < wanted);
                seen.extend(part.items);
                match part.next {
                    Some(next) => after = next.parse().unwrap(),
                    None => break,
                }
            }
            prop_assert_eq!(seen, all);
        }
    }
}
