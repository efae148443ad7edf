//! Roles.

use http::Uri;
use serde_json::{Map, Value};
use strongroom_core::access::Role;
use strongroom_core::draft::Member;
use strongroom_core::error::{Rule, Violation};
use strongroom_core::id::Kind;
use strongroom_core::platform::PlatformRule;
use strongroom_service::platform::query::{Related, TextField};
use strongroom_service::platform::{
    PLATFORM_ROLES, PlatformRoleDraft, PlatformRoleOn, PlatformRoleView, PlatformUser,
};

use super::{Answer, Beside, accepted, created, included, shown};
use crate::body::RawBody;
use crate::cloud_foundry::auth::Caller;
use crate::cloud_foundry::body::Body;
use crate::cloud_foundry::error::CfError;
use crate::cloud_foundry::query::{ListSpec, Listing, Meaning};
use crate::cloud_foundry::relation::{self, at};
use crate::cloud_foundry::{page, wire};

const LIST: ListSpec = ListSpec {
    parameters: &[
        ("guids", Meaning::Guids),
        ("types", Meaning::Texts(TextField::Role)),
        ("user_guids", Meaning::Related(Related::User)),
        ("organization_guids", Meaning::Related(Related::Organization)),
        ("space_guids", Meaning::Related(Related::Space)),
        ("include", Meaning::Include),
    ],
    orders: &["created_at", "updated_at"],
    includes: &["user", "organization", "space"],
};

pub(in crate::cloud_foundry) async fn list(caller: Caller, uri: Uri) -> Answer {
    // Of all lists only this one finds its parameters unprocessable.
    let listing = Listing::read(&uri, &LIST).map_err(|error| match error {
        CfError::Query(faults) => CfError::Unprocessable(faults.join(", ")),
        other => other,
    })?;
    let found = caller.room.list_platform_roles(&caller.actor, listing.query.clone()).await?;
    let beside = beside(&caller.base, &listing.include, &found.items);
    let render = |view: PlatformRoleView| wire::role(&caller.base, &view);
    Ok(page::shown(&caller, "/v3/roles", &listing, found, beside, render))
}

pub(in crate::cloud_foundry) async fn create(caller: Caller, raw: RawBody) -> Answer {
    let body = Body::read(&raw);
    let mut faults = body.unknown(&["type", "relationships"]);
    let role = role(&body);
    let before = faults.len();
    let named = relation::read(&body, &["user", "organization", "space"], &mut faults);
    let is_read = faults.len() == before;
    let (mut who, mut on) = (Member::Absent, Vec::new());
    for (name, data) in named {
        match name {
            "user" => who = user(data, &mut faults),
            "organization" => {
                let guid = relation::guid(name, data, &mut faults);
                on.extend(guid.map(PlatformRoleOn::Organization));
            }
            _ => on.extend(relation::guid(name, data, &mut faults).map(PlatformRoleOn::Space)),
        }
    }
    if is_read {
        check_relations(&role, &who, &on, &mut faults);
    }
    let on = on.into_iter().next().map_or(Member::Absent, Member::Given);
    let draft = match faults.is_empty() {
        true => PlatformRoleDraft { role, user: who, on, faults },
        false => return Err(refused(role, faults)),
    };
    let view = caller.room.create_platform_role(&caller.actor, draft).await?;
    Ok(created(&wire::role(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn read(caller: Caller) -> Answer {
    let guid = caller.guid(Kind::Role)?;
    let view = caller.room.read_platform_role(&caller.actor, guid).await?;
    Ok(shown(&wire::role(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn delete(caller: Caller) -> Answer {
    let guid = caller.guid(Kind::Role)?;
    let job = caller.room.delete_platform_role(&caller.actor, guid).await?;
    Ok(accepted(&caller, &job))
}

/// A role that is asked for by its type.
fn role(body: &Body) -> Member<Role> {
    match body.text("type", usize::MAX) {
        Member::Absent => Member::Absent,
        Member::Bad(rule) => Member::Bad(rule),
        Member::Given(word) => match PLATFORM_ROLES.iter().find(|role| role.word() == word) {
            Some(role) => Member::Given(*role),
            None => Member::Bad(Rule::NotARole { given: word }),
        },
    }
}

/// What the shape of the body alone tells: who and on what must be named, the latter as the type wants it.
fn check_relations(
    role: &Member<Role>,
    who: &Member<PlatformUser>,
    on: &[PlatformRoleOn],
    faults: &mut Vec<Violation>,
) {
    if who.is_absent() && !faults.iter().any(|fault| fault.field == at("user")) {
        faults.push(Violation::new(at("user"), Rule::Required));
    }
    let Some(role) = role.given() else { return };
    let needed = role.kind().word();
    let fits = |on: &PlatformRoleOn| {
        matches!(
            (on, needed),
            (PlatformRoleOn::Organization(_), "organization") | (PlatformRoleOn::Space(_), "space")
        )
    };
    if 1 < on.len() {
        faults.push(Violation::new("relationships", Rule::Platform(PlatformRule::OneOwner)));
    } else if !on.iter().any(fits) && !faults.iter().any(|fault| fault.field == at(needed)) {
        faults.push(Violation::new(at(needed), Rule::Required));
    }
}

/// All that is wrong with the body, the type among it.
fn refused(role: Member<Role>, mut faults: Vec<Violation>) -> CfError {
    let mut all = Vec::new();
    role.require("type", &mut all);
    all.append(&mut faults);
    strongroom_core::Error::Invalid(all).into()
}

/// The user by guid, or by name and perhaps where he is kept.
fn user(data: &Map<String, Value>, faults: &mut Vec<Violation>) -> Member<PlatformUser> {
    let text = |name: &str| data.get(name).and_then(Value::as_str);
    let knows = |names: &[&str]| data.keys().all(|name| names.contains(&name.as_str()));
    if let Some(username) = text("username").filter(|_| knows(&["username", "origin"])) {
        let origin = match data.get("origin") {
            None | Some(Value::Null) => Some("uaa"),
            Some(origin) => origin.as_str(),
        };
        let is_name = !username.is_empty() && !username.contains('\0');
        if let Some(origin) = origin.filter(|_| is_name) {
            let (username, origin) = (username.to_owned(), origin.to_owned());
            return Member::Given(PlatformUser::Name { username, origin });
        }
    }
    match relation::guid("user", data, faults) {
        Some(guid) => Member::Given(PlatformUser::Guid(guid)),
        None => Member::Absent,
    }
}

fn beside(base: &str, wanted: &[String], views: &[PlatformRoleView]) -> Option<Map<String, Value>> {
    let mut entries = Vec::new();
    for name in wanted {
        let mut objects = Beside::none();
        for view in views {
            match (name.as_str(), &view.organization, &view.space) {
                ("user", ..) => {
                    objects.add(view.user.identity.id, || wire::user(base, &view.user));
                }
                ("organization", Some(organization), _) => {
                    objects.add_organization(base, organization);
                }
                ("space", _, Some(space)) => {
                    objects.add(space.space.identity.id, || wire::space(base, space));
                }
                _ => {}
            }
        }
        entries.push(objects.entry(&format!("{name}s")));
    }
    included(entries)
}
