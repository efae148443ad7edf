//! Users.

use axum::response::Response;
use serde::Serialize;
use strongroom_core::access::Role;
use strongroom_core::error::Rule;
use strongroom_core::id::{Kind, Ref};
use strongroom_service::list::Field;
use strongroom_service::view::UserView;
use strongroom_service::{OrganizationScope, TeamScope, UserDraft, UserScope};

use super::call::Call;
use super::error::{Outcome, in_body};
use super::list::{self, Element};
use super::mode::Mode;
use super::model::{self, Access, Info, Model, Start};
use super::read::{self, Body, TextRule};
use super::reply::{created, done, shown};
use super::wire::{EditDelete, Links, Null, Resource};
use super::{MASK, named, organization, team, time};

/// A user as AWX sees him.
pub(super) const MODEL: Model = Model {
    kind: Kind::User,
    word: "user",
    label: "User",
    collection: "users",
    members: &[
        model::ID,
        model::TYPE,
        model::URL,
        model::RELATED,
        model::SUMMARY,
        model::CREATED,
        model::MODIFIED,
        Info::of("username", "string", "Username", Access::Required)
            .help("Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.")
            .at_most(150),
        Info::of("first_name", "string", "First name", Access::Optional(Start::Unsaid))
            .at_most(150),
        Info::of("last_name", "string", "Last name", Access::Optional(Start::Unsaid)).at_most(150),
        Info::of("email", "string", "Email address", Access::Optional(Start::Unsaid)).at_most(254),
        Info::of("is_superuser", "boolean", "Superuser status", Access::Optional(Start::False))
            .help(
                "Designates that this user has all permissions without explicitly assigning them.",
            ),
        Info::of(
            "is_system_auditor",
            "boolean",
            "Is system auditor",
            Access::Optional(Start::False),
        )
        .computed(),
        Info::of("password", "string", "Password", Access::Optional(Start::Empty))
            .help("Field used to change the password.")
            .computed(),
        Info::shown("ldap_dn", "string", "Ldap dn").computed(),
        Info::shown("last_login", "datetime", "Last login"),
        Info::shown("external_account", "field", "External account").computed(),
    ],
    fields: &[
        ("id", Field::Id),
        ("username", Field::Username),
        ("first_name", Field::FirstName),
        ("last_name", Field::LastName),
        ("email", Field::Email),
        ("is_superuser", Field::IsSuperuser),
        ("is_system_auditor", Field::IsSystemAuditor),
        ("last_login", Field::LastLogin),
        ("created", Field::Created),
        ("modified", Field::Modified),
    ],
    closed: &["password"],
    searched: &[
        ("username", Field::Username),
        ("first_name", Field::FirstName),
        ("last_name", Field::LastName),
        ("email", Field::Email),
    ],
    roles: &[],
};

/// A user on the wire. Some lists add members to the summaries, so these are open.
#[derive(Debug, Serialize)]
pub(super) struct Wire<'a, S> {
    id: i64,
    r#type: &'static str,
    url: String,
    related: Links,
    summary_fields: S,
    created: String,
    modified: Option<String>,
    username: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    is_superuser: bool,
    is_system_auditor: bool,
    password: &'static str,
    ldap_dn: &'static str,
    last_login: Option<String>,
    external_account: Null,
    auth: [Null; 0],
}

#[derive(Debug, Serialize)]
struct Summaries {
    resource: Resource,
    user_capabilities: EditDelete,
}

/// A user with the given summaries.
pub(super) fn wire<S>(view: &UserView, with_name: bool, summary_fields: S) -> Wire<'_, S> {
    let user = &view.user;
    let id = user.identity.id;
    let named =
        with_name.then(|| format!("/api/v2/users/{}/", named::segment(&[&[&user.username]])));
    Wire {
        id,
        r#type: MODEL.word,
        url: MODEL.url(id),
        related: Links::default().led_by(named).below(&MODEL, id, RELATED),
        summary_fields,
        created: time::text(user.created),
        modified: user.modified.map(time::text),
        username: &user.username,
        first_name: &user.first_name,
        last_name: &user.last_name,
        email: &user.email,
        is_superuser: user.is_superuser,
        is_system_auditor: user.is_system_auditor,
        password: MASK,
        ldap_dn: "",
        last_login: user.last_login.map(time::text),
        external_account: (),
        auth: [],
    }
}

/// The identity of a user beyond AWX.
pub(super) fn resource(view: &UserView) -> Resource {
    Resource::new(view.user.identity.guid, "shared.user")
}

fn plain(view: &UserView, with_name: bool) -> impl Serialize + use<'_> {
    let user_capabilities = EditDelete { edit: view.may_change, delete: view.may_delete };
    wire(view, with_name, Summaries { resource: resource(view), user_capabilities })
}

/// A user as an element of a list.
pub(super) fn element(view: &UserView) -> Outcome<Element> {
    list::element(&plain(view, false))
}

fn draft(body: &Body, mode: Mode) -> UserDraft {
    let name = |member| read::text(body, member, TextRule::optional(150));
    UserDraft {
        username: mode.required(
            read::text(body, "username", TextRule::required(150))
                .check(|name| broken_username(name)),
        ),
        first_name: name("first_name"),
        last_name: name("last_name"),
        email: read::text(body, "email", TextRule::optional(254))
            .check(|email| broken_email(email)),
        is_superuser: mode.or(read::boolean(body, "is_superuser"), false),
        is_system_auditor: mode.or(read::boolean(body, "is_system_auditor"), false),
        password: read::password(body, "password"),
    }
}

fn broken_username(name: &str) -> Option<Rule> {
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, '@' | '.' | '+' | '-' | '_');
    (!name.chars().all(allowed)).then_some(Rule::UsernameCharacters)
}

/// One `@` with something before it, and after it a name with dots or `localhost`.
fn broken_email(email: &str) -> Option<Rule> {
    if email.is_empty() {
        return None;
    }
    let label = |label: &str| {
        !label.is_empty()
            && label.len() < 64
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.chars().all(|c| c.is_alphanumeric() || c == '-')
    };
    let holds = email.rsplit_once('@').is_some_and(|(local, domain)| {
        let named = domain == "localhost" || (domain.contains('.') && domain.split('.').all(label));
        let plain = |c: char| c.is_ascii_alphanumeric() || ".!#$%&'*+/=?^_`{}|~-".contains(c);
        named
            && !local.is_empty()
            && local.split('.').all(|part| !part.is_empty())
            && local.chars().all(plain)
    });
    (!holds).then_some(Rule::NotAnEmail)
}

/// `GET /api/v2/me/`
pub(super) async fn me(call: Call) -> Outcome<Response> {
    let fetch = |request| call.room.list_users(&call.actor, UserScope::Me, request);
    list::page(&call, &MODEL, fetch, element).await
}

/// `GET /api/v2/users/`
pub(super) async fn list(call: Call) -> Outcome<Response> {
    let fetch = |request| call.room.list_users(&call.actor, UserScope::All, request);
    list::page(&call, &MODEL, fetch, element).await
}

/// `POST /api/v2/users/`
pub(super) async fn create(call: Call) -> Outcome<Response> {
    make(&call, None, Kind::User).await
}

/// A user who is made with a role on the object of the path.
pub(super) async fn create_with(call: &Call, role: Role, of: Ref, path: Kind) -> Outcome<Response> {
    make(call, Some((role, of)), path).await
}

async fn make(call: &Call, role: Option<(Role, Ref)>, path: Kind) -> Outcome<Response> {
    let draft = draft(&call.body, Mode::Create);
    let made = in_body(call.room.create_user(&call.actor, role, draft).await, path)?;
    Ok(created(&plain(&made, true), &MODEL.url(made.user.identity.id)))
}

/// `GET /api/v2/users/{id}/`
pub(super) async fn read(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    Ok(shown(&plain(&call.room.read_user(&call.actor, &id).await?, true)))
}

/// `PUT /api/v2/users/{id}/`
pub(super) async fn replace(call: Call) -> Outcome<Response> {
    update(call, Mode::Replace).await
}

/// `PATCH /api/v2/users/{id}/`
pub(super) async fn change(call: Call) -> Outcome<Response> {
    update(call, Mode::Change).await
}

async fn update(call: Call, mode: Mode) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    let changed = call.room.update_user(&call.actor, &id, draft(&call.body, mode)).await?;
    Ok(shown(&plain(&changed, true)))
}

/// `DELETE /api/v2/users/{id}/`
pub(super) async fn delete(call: Call) -> Outcome<Response> {
    let id = call.target(Kind::User).await?;
    call.room.delete_user(&call.actor, &id).await?;
    Ok(done())
}

/// `GET /api/v2/users/{id}/teams/`
pub(super) async fn teams(call: Call) -> Outcome<Response> {
    let scope = TeamScope::OfUser(call.target(Kind::User).await?);
    let fetch = |request| call.room.list_teams(&call.actor, scope.clone(), request);
    list::page(&call, &team::MODEL, fetch, team::element).await
}

/// `GET /api/v2/users/{id}/organizations/`
pub(super) async fn organizations(call: Call) -> Outcome<Response> {
    let scope = OrganizationScope::OfUser(call.target(Kind::User).await?);
    organizations_in(&call, scope).await
}

/// `GET /api/v2/users/{id}/admin_of_organizations/`
pub(super) async fn administered(call: Call) -> Outcome<Response> {
    let scope = OrganizationScope::AdministeredBy(call.target(Kind::User).await?);
    organizations_in(&call, scope).await
}

async fn organizations_in(call: &Call, scope: OrganizationScope) -> Outcome<Response> {
    let fetch = |request| call.room.list_organizations(&call.actor, scope.clone(), request);
    list::page(call, &organization::MODEL, fetch, organization::element).await
}

const RELATED: &[&str] = &[
    "teams",
    "organizations",
    "admin_of_organizations",
    "credentials",
    "roles",
    "activity_stream",
    "access_list",
    "tokens",
    "authorized_tokens",
    "personal_tokens",
];

#[cfg(test)]
mod tests {
    use super::*;
    use strongroom_core::draft::Member;

    #[test]
    fn names_and_addresses_keep_their_form() {
        for name in ["alice", "a.b@c+d-e_f", "älice"] {
            assert_eq!(broken_username(name), None, "{name}");
        }
        for name in ["a b", "a/b", "a'b"] {
            assert_eq!(broken_username(name), Some(Rule::UsernameCharacters), "{name}");
        }
        for email in ["", "a@b.de", "admin@localhost", "o'neil+x@mail.example.com"] {
            assert_eq!(broken_email(email), None, "{email}");
        }
        for email in ["a", "@b.de", "a@", "a@b", "a b@c.de", "a@-b.de", "a@b..de", "a..b@c.de"] {
            assert_eq!(broken_email(email), Some(Rule::NotAnEmail), "{email}");
        }
    }

    #[test]
    fn the_mask_and_the_empty_text_keep_a_password() {
        for given in ["\"$encrypted$\"", "\"\"", "null"] {
            let body: Body = serde_json::from_str(&format!("{{\"password\": {given}}}")).unwrap();
            assert!(matches!(draft(&body, Mode::Change).password, Member::Absent), "{given}");
        }
    }
}
