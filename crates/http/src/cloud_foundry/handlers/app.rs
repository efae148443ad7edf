//! Apps.

use http::Uri;
use serde_json::{Map, Value, json};
use strongroom_core::draft::Member;
use strongroom_core::error::{FieldPath, Rule, Violation};
use strongroom_core::id::{Kind, Ref};
use strongroom_core::platform::PlatformRule;
use strongroom_service::platform::query::{Related, TextField};
use strongroom_service::platform::{AppView, PlatformAppDraft};

use super::space::given;
use super::{Answer, Beside, accepted, created, included, shown, warn};
use crate::body::RawBody;
use crate::cloud_foundry::auth::Caller;
use crate::cloud_foundry::body::{Body, NAME_LENGTH, unknown};
use crate::cloud_foundry::query::{ListSpec, Listing, Meaning};
use crate::cloud_foundry::{page, relation, wire, words};

const LIST: ListSpec = ListSpec {
    parameters: &[
        ("guids", Meaning::Guids),
        ("names", Meaning::Texts(TextField::Name)),
        ("space_guids", Meaning::Related(Related::Space)),
        ("organization_guids", Meaning::Related(Related::Organization)),
        ("stacks", Meaning::Stacks),
        ("lifecycle_type", Meaning::Lifecycles),
        ("include", Meaning::Include),
        ("label_selector", Meaning::Labels),
    ],
    orders: &["created_at", "updated_at", "name", "state"],
    includes: &["space", "org", "space.organization"],
};

pub(in crate::cloud_foundry) async fn list(caller: Caller, uri: Uri) -> Answer {
    let listing = Listing::read(&uri, &LIST)?;
    let found = caller.room.list_apps(&caller.actor, listing.query.clone()).await?;
    let base = &caller.base;
    let asked = |names: &[&str]| listing.include.iter().any(|name| names.contains(&name.as_str()));
    let mut entries = Vec::new();
    if asked(&["space", "space.organization"]) {
        let mut spaces = Beside::none();
        for view in &found.items {
            let space = || wire::space_of(base, &view.space, &view.organization);
            spaces.add(view.space.identity.id, space);
        }
        entries.push(spaces.entry("spaces"));
    }
    if asked(&["org", "space.organization"]) {
        let mut organizations = Beside::none();
        for view in &found.items {
            organizations.add_organization(base, &view.organization);
        }
        entries.push(organizations.entry("organizations"));
    }
    let render = |view: AppView| wire::app(base, &view);
    Ok(page::shown(&caller, "/v3/apps", &listing, found, included(entries), render))
}

pub(in crate::cloud_foundry) async fn create(caller: Caller, raw: RawBody) -> Answer {
    let body = Body::read(&raw);
    let known = ["name", "relationships", "lifecycle", "environment_variables", "metadata"];
    let mut faults = body.unknown(&known);
    let has_variables = check_variables(&body, &mut faults);
    let space = relation::required(&body, "space", &mut faults);
    let draft = PlatformAppDraft {
        name: body.text("name", NAME_LENGTH),
        space: given(space),
        lifecycle: lifecycle(&body, &mut faults),
        metadata: body.metadata(&mut faults),
        faults,
    };
    let view = caller.room.create_app(&caller.actor, draft).await?;
    let mut response = created(&wire::app(&caller.base, &view));
    warn(&mut response, has_variables.then(|| words::VARIABLES_NOT_KEPT.to_owned()));
    Ok(response)
}

pub(in crate::cloud_foundry) async fn read(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::App)?);
    let view = caller.room.read_app(&caller.actor, &guid).await?;
    Ok(shown(&wire::app(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn update(caller: Caller, raw: RawBody) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::App)?);
    let body = Body::read(&raw);
    let mut faults = body.unknown(&["name", "lifecycle", "metadata"]);
    let draft = PlatformAppDraft {
        name: body.text("name", NAME_LENGTH),
        space: Member::Absent,
        lifecycle: lifecycle(&body, &mut faults),
        metadata: body.metadata(&mut faults),
        faults,
    };
    let view = caller.room.update_app(&caller.actor, &guid, draft).await?;
    Ok(shown(&wire::app(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn delete(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::App)?);
    let job = caller.room.delete_app(&caller.actor, &guid).await?;
    Ok(accepted(&caller, &job))
}

/// Starts an app, or starts it again: with nothing that runs, both are the same.
pub(in crate::cloud_foundry) async fn start(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::App)?);
    let view = caller.room.start_app(&caller.actor, &guid).await?;
    Ok(shown(&wire::app(&caller.base, &view)))
}

pub(in crate::cloud_foundry) async fn stop(caller: Caller) -> Answer {
    let guid = Ref::Guid(caller.guid(Kind::App)?);
    let view = caller.room.stop_app(&caller.actor, &guid).await?;
    Ok(shown(&wire::app(&caller.base, &view)))
}

/// Whether variables were given. They are taken, as clients send them, and go no further: they may be secrets, no
/// request reads them back, and nothing runs here.
fn check_variables(body: &Body, faults: &mut Vec<Violation>) -> bool {
    match body.get("environment_variables") {
        None | Some(Value::Null) => false,
        Some(Value::Object(variables)) => !variables.is_empty(),
        Some(_) => {
            let rule = Rule::Platform(PlatformRule::NotAnObject);
            faults.push(Violation::new("environment_variables", rule));
            false
        }
    }
}

/// The lifecycle in the form in which it is kept: `buildpack` with its buildpacks and stack, or `docker`.
fn lifecycle(body: &Body, faults: &mut Vec<Violation>) -> Member<Map<String, Value>> {
    let Some(value) = body.get("lifecycle").filter(|value| !value.is_null()) else {
        return Member::Absent;
    };
    match read_lifecycle(value) {
        Ok(lifecycle) => Member::Given(lifecycle),
        Err(found) => {
            faults.extend(found);
            Member::Absent
        }
    }
}

fn read_lifecycle(value: &Value) -> Result<Map<String, Value>, Vec<Violation>> {
    let inner = |name: &str| FieldPath::Inner("lifecycle", name.to_owned());
    let broken = |field, rule| vec![Violation::new(field, Rule::Platform(rule))];
    let Value::Object(members) = value else {
        return Err(broken("lifecycle".into(), PlatformRule::NotAnObject));
    };
    if let Some(fault) = unknown(members, &["type", "data"], "lifecycle".into()) {
        return Err(vec![fault]);
    }
    let nothing = Map::new();
    let data = match members.get("data") {
        None | Some(Value::Null) => &nothing,
        Some(Value::Object(data)) => data,
        Some(_) => return Err(broken(inner("data"), PlatformRule::NotAnObject)),
    };
    let data = match members.get("type").and_then(Value::as_str) {
        Some("docker") => match unknown(data, &[], inner("data")) {
            Some(fault) => return Err(vec![fault]),
            None => json!({}),
        },
        Some("buildpack") => {
            if let Some(fault) = unknown(data, &["buildpacks", "stack"], inner("data")) {
                return Err(vec![fault]);
            }
            json!({"buildpacks": buildpacks(data)?, "stack": stack(data)?})
        }
        Some(other) => {
            let rule = Rule::NotAChoice { given: other.to_owned() };
            return Err(vec![Violation::new(inner("type"), rule)]);
        }
        None => return Err(vec![Violation::new(inner("type"), Rule::NotText)]),
    };
    let kind = members.get("type").cloned().unwrap_or_default();
    Ok(Map::from_iter([("type".to_owned(), kind), ("data".to_owned(), data)]))
}

fn buildpacks(data: &Map<String, Value>) -> Result<Vec<String>, Vec<Violation>> {
    let items = match data.get("buildpacks") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(items)) => {
            items.iter().map(|item| plain(item).map(without_login)).collect()
        }
        Some(_) => None,
    };
    items.ok_or_else(|| {
        let field = FieldPath::Inner("lifecycle", "buildpacks".to_owned());
        vec![Violation::new(field, Rule::Platform(PlatformRule::NotTexts))]
    })
}

/// A buildpack without the user name and password in its address: they are never used here, so they are not kept.
fn without_login(buildpack: &str) -> String {
    let Some((scheme, rest)) = buildpack.split_once("://") else { return buildpack.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://***:***{}", &rest[at..]),
        None => buildpack.to_owned(),
    }
}

fn stack(data: &Map<String, Value>) -> Result<Option<&str>, Vec<Violation>> {
    match data.get("stack") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => plain(value).map(Some).ok_or_else(|| {
            vec![Violation::new(FieldPath::Inner("lifecycle", "stack".to_owned()), Rule::NotText)]
        }),
    }
}

/// A text of usual length without NUL characters.
fn plain(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.contains('\0') && text.chars().count() <= NAME_LENGTH)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_password_in_the_address_of_a_buildpack_is_not_kept() {
        for (given, kept) in [
            ("ruby_buildpack", "ruby_buildpack"),
            ("https://host/pack.git#v1", "https://host/pack.git#v1"),
            ("https://u:p@host/pack", "https://***:***@host/pack"),
            ("https://u:p@ss@host", "https://***:***@host"),
            ("https://host/a@b", "https://host/a@b"),
        ] {
            assert_eq!(without_login(given), kept);
        }
    }

    #[test]
    fn a_lifecycle_is_kept_in_one_form() {
        let read = |value: Value| read_lifecycle(&value).map(Value::from);
        let usual = json!({"type": "buildpack", "data": {"buildpacks": [], "stack": null}});
        assert_eq!(read(json!({"type": "buildpack"})), Ok(usual.clone()));
        assert_eq!(read(usual.clone()), Ok(usual));
        let docker = json!({"type": "docker", "data": {}});
        assert_eq!(read(docker.clone()), Ok(docker));
        for bad in [
            json!(1),
            json!({}),
            json!({"type": "cloud"}),
            json!({"type": 1}),
            json!({"type": "docker", "x": 1}),
            json!({"type": "docker", "data": {"stack": "x"}}),
            json!({"type": "buildpack", "data": []}),
            json!({"type": "buildpack", "data": {"x": 1}}),
            json!({"type": "buildpack", "data": {"buildpacks": "x"}}),
            json!({"type": "buildpack", "data": {"buildpacks": [1]}}),
            json!({"type": "buildpack", "data": {"stack": 1}}),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_back(buildpacks in proptest::collection::vec("[a-z]{0,4}", 0..3), stack in proptest::option::of("[a-z]{0,4}")) {
            let value = json!({"type": "buildpack", "data": {"buildpacks": buildpacks, "stack": stack}});
            let kept = read_lifecycle(&value).map(Value::from);
            prop_assert_eq!(kept, Ok(value));
        }
    }
}
