//! What the platform shows, member for member.

use serde::Serialize;
use serde_json::{Map, Value, json};
use strongroom_core::clock::Timestamp;
use strongroom_core::id::Guid;
use strongroom_core::platform::metadata::Part;
use strongroom_core::record::{Organization, Space, User};
use strongroom_service::platform::{
    AppView, JobView, PackageView, PlacedIn, PlatformRoleView, RegistryCredentialView, SpaceView,
};

use super::words;

/// A link. Its method is GET unless it says another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Link {
    href: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    method: Option<&'static str>,
}

impl Link {
    /// A link to GET.
    pub(super) fn to(href: String) -> Self {
        Self { href, method: None }
    }

    /// A link to POST.
    fn to_post(href: String) -> Self {
        Self { href, method: Some("POST") }
    }
}

/// A registry credential; its password is nowhere in it.
pub(super) fn registry_credential(base: &str, view: &RegistryCredentialView) -> Value {
    let placement = &view.placement;
    let guid = placement.identity.guid;
    let mut links = Map::from_iter([link(base, "self", "registry_credentials", guid)]);
    let related = |name: &str, of: Option<Guid>| (name.to_owned(), to_one(of));
    let (scope, organization, space, app) = match view.placed_in {
        PlacedIn::Foundation => ("foundation", None, None, None),
        PlacedIn::Organization(guid) => ("organization", Some(guid), None, None),
        PlacedIn::Space(guid) => ("space", None, Some(guid), None),
        PlacedIn::App(guid) => ("app", None, None, Some(guid)),
    };
    for (name, path, of) in [
        ("organization", "organizations", organization),
        ("space", "spaces", space),
        ("app", "apps", app),
    ] {
        links.extend(of.map(|guid| link(base, name, path, guid)));
    }
    json!({
        "guid": guid.to_string(),
        "created_at": time(placement.stamp.created),
        "updated_at": time(placement.stamp.modified),
        "location": placement.location,
        "username": view.username,
        "scope": scope,
        "relationships": Map::from_iter([
            related("organization", organization),
            related("space", space),
            related("app", app),
        ]),
        "metadata": metadata(&placement.metadata),
        "links": links,
    })
}

/// An organization.
pub(super) fn organization(base: &str, organization: &Organization) -> Value {
    let guid = organization.identity.guid;
    json!({
        "guid": guid.to_string(),
        "created_at": time(organization.stamp.created),
        "updated_at": time(organization.stamp.modified),
        "name": organization.name,
        "suspended": organization.suspended,
        "relationships": {"quota": to_one(None)},
        "metadata": metadata(&organization.metadata),
        "links": Map::from_iter([link(base, "self", "organizations", guid)]),
    })
}

/// A space of an organization.
pub(super) fn space(base: &str, view: &SpaceView) -> Value {
    space_of(base, &view.space, &view.organization)
}

/// A space and the organization it is in.
pub(super) fn space_of(base: &str, space: &Space, organization: &Organization) -> Value {
    let (guid, within) = (space.identity.guid, organization.identity.guid);
    json!({
        "guid": guid.to_string(),
        "created_at": time(space.created),
        "updated_at": time(space.modified),
        "name": space.name,
        "suspended": space.suspended,
        "relationships": {"organization": to_one(Some(within)), "quota": to_one(None)},
        "metadata": metadata(&space.metadata),
        "links": Map::from_iter([
            link(base, "self", "spaces", guid),
            link(base, "organization", "organizations", within),
        ]),
    })
}

/// An app. That it is started says which credential it uses; nothing runs here.
pub(super) fn app(base: &str, view: &AppView) -> Value {
    let app = &view.app;
    let (guid, within) = (app.identity.guid, view.space.identity.guid);
    let below = |name: &str| format!("{base}/v3/apps/{guid}/{name}");
    let action =
        |name: &str| (name.to_owned(), json!(Link::to_post(below(&format!("actions/{name}")))));
    json!({
        "guid": guid.to_string(),
        "created_at": time(app.created),
        "updated_at": time(app.modified),
        "name": app.name,
        "state": if app.is_started { "STARTED" } else { "STOPPED" },
        "lifecycle": view.lifecycle(),
        "relationships": {
            "space": to_one(Some(within)),
            "current_droplet": {"data": {"guid": null}},
        },
        "metadata": metadata(&app.metadata),
        "links": Map::from_iter([
            link(base, "self", "apps", guid),
            link(base, "space", "spaces", within),
            ("packages".to_owned(), json!(Link::to(below("packages")))),
            action("start"),
            action("stop"),
        ]),
    })
}

/// A package; its password is nowhere in it.
pub(super) fn package(base: &str, view: &PackageView) -> Value {
    let package = &view.package;
    let guid = package.identity.guid;
    json!({
        "guid": guid.to_string(),
        "created_at": time(package.created),
        "updated_at": time(package.modified),
        "type": "docker",
        "data": {
            "image": package.image,
            "username": package.username,
            "password": package.username.as_ref().map(|_| CENSORED),
        },
        "state": "READY",
        "relationships": {"app": to_one(Some(view.app))},
        "metadata": metadata(&package.metadata),
        "links": Map::from_iter([
            link(base, "self", "packages", guid),
            link(base, "app", "apps", view.app),
        ]),
    })
}

/// A role that a user holds.
pub(super) fn role(base: &str, view: &PlatformRoleView) -> Value {
    let user = view.user.identity.guid;
    let organization = view.organization.as_ref().map(|one| one.identity.guid);
    let space = view.space.as_ref().map(|one| one.space.identity.guid);
    let mut links =
        Map::from_iter([link(base, "self", "roles", view.guid), link(base, "user", "users", user)]);
    links.extend(organization.map(|guid| link(base, "organization", "organizations", guid)));
    links.extend(space.map(|guid| link(base, "space", "spaces", guid)));
    json!({
        "guid": view.guid.to_string(),
        "created_at": time(view.since),
        "updated_at": time(view.since),
        "type": view.role.word(),
        "relationships": {
            "user": to_one(Some(user)),
            "organization": to_one(organization),
            "space": to_one(space),
        },
        "links": links,
    })
}

/// A user.
pub(super) fn user(base: &str, user: &User) -> Value {
    let guid = user.identity.guid;
    json!({
        "guid": guid.to_string(),
        "created_at": time(user.created),
        "updated_at": time(user.modified.unwrap_or(user.created)),
        "username": user.username,
        "presentation_name": user.username,
        "origin": "uaa",
        "metadata": metadata(&Map::new()),
        "links": Map::from_iter([link(base, "self", "users", guid)]),
    })
}

/// A job, whose work was done before its answer.
pub(super) fn job(base: &str, view: &JobView) -> Value {
    json!({
        "guid": view.guid.to_string(),
        "created_at": time(view.created),
        "updated_at": time(view.created),
        "operation": view.operation,
        "state": "COMPLETE",
        "errors": [],
        "warnings": words::credentials_in_use(&view.uses)
            .map(|detail| json!({"detail": detail}))
            .into_iter()
            .collect::<Vec<_>>(),
        "links": Map::from_iter([link(base, "self", "jobs", view.guid)]),
    })
}

fn link(base: &str, name: &str, path: &str, guid: Guid) -> (String, Value) {
    (name.to_owned(), json!(Link::to(format!("{base}/v3/{path}/{guid}"))))
}

/// A relationship to one object or none.
fn to_one(guid: Option<Guid>) -> Value {
    json!({"data": guid.map(|guid| json!({"guid": guid.to_string()}))})
}

/// Both parts of metadata, always there.
fn metadata(stored: &Map<String, Value>) -> Value {
    let part = |part: Part| stored.get(part.word()).cloned().unwrap_or_else(|| json!({}));
    json!({"labels": part(Part::Labels), "annotations": part(Part::Annotations)})
}

/// What stands for a password that there is.
const CENSORED: &str = "***";

/// A point of time in whole seconds of UTC.
pub(super) fn time(at: Timestamp) -> String {
    const PRINTER: jiff::fmt::temporal::DateTimePrinter =
        jiff::fmt::temporal::DateTimePrinter::new().precision(Some(0));
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::MAX);
    PRINTER.timestamp_to_string(&at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_no_fractions() {
        let time = |micros| time(Timestamp::from_micros(micros));
        assert_eq!(time(1_772_360_430_999_999), "2026-03-01T10:20:30Z");
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
    }
}
