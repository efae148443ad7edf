//! What is sent to each route: to which objects, and with which body.

use serde_json::{Value, json};
use strongroom_http::Owner;

/// One request of the matrix.
pub(super) struct Sent {
    pub(super) owner: Owner,
    /// The route.
    pub(super) template: &'static str,
    /// Which object the path names, in words.
    pub(super) object: &'static str,
    /// The path, with the names of objects in braces.
    pub(super) path: String,
    /// The body; ids in it are written `<{name}>`.
    pub(super) body: Option<Value>,
}

/// Every request that one route is tried with.
pub(super) fn requests_for(owner: Owner, method: &str, template: &'static str) -> Vec<Sent> {
    let objects: &[&'static str] = if template.contains("/placements") {
        if method == "POST" { &["placeable"] } else { &["placed"] }
    } else if template.contains("/credentials/{id}") {
        &["org_owned", "team_owned", "private"]
    } else {
        &[""]
    };
    objects
        .iter()
        .map(|object| Sent {
            owner,
            template,
            object,
            path: path(template, object),
            body: body(method, template),
        })
        .collect()
}

/// The path of a template, with an object for each variable.
fn path(template: &str, credential: &str) -> String {
    let below = |collection: &str| template.contains(&format!("/{collection}/{{id}}"));
    let object = if below("credentials") {
        credential
    } else if below("organizations") {
        "organization"
    } else if below("teams") {
        "team"
    } else if below("users") {
        "org_member"
    } else if below("credential_types") {
        "custom_type"
    } else if below("credential_input_sources") {
        "input_source"
    } else if below("job_templates") {
        "job_template"
    } else if below("applications") {
        "application"
    } else if below("roles") {
        "role"
    } else if below("tokens") {
        "members_token"
    } else if below("registries") {
        "registry"
    } else if below("registry-authorities") {
        "authority"
    } else if below("uaa_clients") {
        "uaa_client"
    } else if below("activity_stream") {
        "entry"
    } else {
        "id"
    };
    let grant = match object {
        "organization" => "grant_on_organization".to_owned(),
        "team" => "grant_on_team".to_owned(),
        other => format!("grant_on_{other}"),
    };
    template
        .replace("{id}", &format!("{{{object}}}"))
        .replace("{grant}", &format!("{{{grant}}}"))
        .replace("{reference}", &format!("{{reference_to_{object}}}"))
        .replace("{placement}", &format!("{{placement_of_{object}}}"))
        .replace("{number}", "1")
}

/// A body that is right, so that the answer tells of rights and not of faults.
fn body(method: &str, template: &str) -> Option<Value> {
    if !matches!(method, "POST" | "PUT" | "PATCH") {
        return None;
    }
    let wanted = |(on, with, _): &&(&str, &str, Value)| *on == method && *with == template;
    let bodies = bodies();
    let found = bodies.iter().find(wanted);
    let (_, _, body) = found.unwrap_or_else(|| panic!("no body is known for {method} {template}"));
    Some(body.clone())
}

/// An object with one more member.
fn with(object: &Value, member: &str, value: &str) -> Value {
    let mut object = object.clone();
    object[member] = json!(value);
    object
}

#[rustfmt::skip]
fn bodies() -> Vec<(&'static str, &'static str, Value)> {
    let machine = json!({"username": "bob", "password": "hunter2"});
    let credential = |member: &str, owner: &str| {
        json!({"name": "New", "credential_type": 1, "inputs": machine, member: owner})
    };
    let bare = json!({"name": "New", "credential_type": 1, "inputs": machine});
    let user = json!({"username": "new", "password": "correct horse"});
    let custom = json!({"name": "New", "kind": "cloud", "inputs": {}, "injectors": {}});
    let named = json!({"description": "changed"});
    let program = json!({"name": "New", "client_type": "public", "authorization_grant_type": "password"});
    let lookup = json!({"secret_path": "a", "secret_key": "k"});
    let fetched = json!({"source_credential": "<{vault}>", "input_field_name": "password", "metadata": lookup});
    vec![
        ("POST", "/api/v2/organizations/", json!({"name": "New"})),
        ("PUT", "/api/v2/organizations/{id}/", json!({"name": "Acme", "description": "changed"})),
        ("PATCH", "/api/v2/organizations/{id}/", named.clone()),
        ("POST", "/api/v2/organizations/{id}/users/", json!({"id": "<{stranger}>"})),
        ("POST", "/api/v2/organizations/{id}/admins/", json!({"id": "<{stranger}>"})),
        ("POST", "/api/v2/organizations/{id}/teams/", json!({"name": "New"})),
        ("POST", "/api/v2/organizations/{id}/credentials/", bare.clone()),
        ("POST", "/api/v2/users/", user),
        ("PUT", "/api/v2/users/{id}/", json!({"username": "org_member", "first_name": "changed"})),
        ("PATCH", "/api/v2/users/{id}/", json!({"first_name": "changed"})),
        ("POST", "/api/v2/users/{id}/credentials/", bare.clone()),
        ("POST", "/api/v2/users/{id}/roles/", json!({"id": "<{role}>"})),
        ("POST", "/api/v2/users/{id}/tokens/", json!({"scope": "write"})),
        ("POST", "/api/v2/users/{id}/personal_tokens/", json!({"scope": "write"})),
        ("POST", "/api/v2/users/{id}/authorized_tokens/", json!({"scope": "write"})),
        ("POST", "/api/v2/teams/", json!({"name": "New", "organization": "<{organization}>"})),
        ("PUT", "/api/v2/teams/{id}/", json!({"name": "Web", "organization": "<{organization}>", "description": "changed"})),
        ("PATCH", "/api/v2/teams/{id}/", named.clone()),
        ("POST", "/api/v2/teams/{id}/users/", json!({"id": "<{org_member}>"})),
        ("POST", "/api/v2/teams/{id}/credentials/", bare.clone()),
        ("POST", "/api/v2/teams/{id}/roles/", json!({"id": "<{role}>"})),
        ("POST", "/api/v2/credential_types/", custom.clone()),
        ("PUT", "/api/v2/credential_types/{id}/", custom),
        ("PATCH", "/api/v2/credential_types/{id}/", named.clone()),
        ("POST", "/api/v2/credential_types/{id}/credentials/", credential("organization", "<{organization}>")),
        ("POST", "/api/v2/credentials/", credential("organization", "<{organization}>")),
        ("PUT", "/api/v2/credentials/{id}/", json!({"name": "changed", "credential_type": 1, "inputs": machine})),
        ("PATCH", "/api/v2/credentials/{id}/", named.clone()),
        ("POST", "/api/v2/credentials/{id}/copy/", json!({"name": "copy"})),
        ("POST", "/api/v2/organizations/{id}/galaxy_credentials/", json!({"id": "<{galaxy}>"})),
        ("POST", "/api/v2/credentials/{id}/input_sources/", fetched.clone()),
        ("POST", "/api/v2/credential_input_sources/", with(&fetched, "target_credential", "<{org_owned}>")),
        ("PUT", "/api/v2/credential_input_sources/{id}/", with(&fetched, "target_credential", "<{org_owned}>")),
        ("PATCH", "/api/v2/credential_input_sources/{id}/", named.clone()),
        ("POST", "/api/v2/job_templates/", json!({"name": "New", "organization": "<{organization}>"})),
        ("PUT", "/api/v2/job_templates/{id}/", json!({"name": "changed", "organization": "<{organization}>"})),
        ("PATCH", "/api/v2/job_templates/{id}/", named.clone()),
        ("POST", "/api/v2/job_templates/{id}/credentials/", json!({"id": "<{org_owned}>"})),
        ("POST", "/api/login/", json!({})),
        ("POST", "/api/logout/", json!({})),
        ("POST", "/api/o/authorize/", json!({})),
        ("POST", "/api/o/token/", json!({})),
        ("POST", "/api/o/revoke_token/", json!({})),
        ("POST", "/api/v2/organizations/{id}/applications/", program.clone()),
        ("POST", "/api/v2/applications/", with(&program, "organization", "<{organization}>")),
        ("PUT", "/api/v2/applications/{id}/", with(&program, "organization", "<{organization}>")),
        ("PATCH", "/api/v2/applications/{id}/", named.clone()),
        ("POST", "/api/v2/applications/{id}/tokens/", json!({"scope": "write"})),
        ("POST", "/api/v2/roles/{id}/users/", json!({"id": "<{org_member}>"})),
        ("POST", "/api/v2/roles/{id}/teams/", json!({"id": "<{team}>"})),
        ("POST", "/api/v2/tokens/", json!({"scope": "write"})),
        ("PUT", "/api/v2/tokens/{id}/", json!({"description": "changed", "scope": "write"})),
        ("PATCH", "/api/v2/tokens/{id}/", named.clone()),
        ("POST", "/strongroom/v1/tokens", json!({"kind": "native", "name": "new"})),
        ("POST", "/strongroom/v1/credentials", json!({"name": "New", "type": 1, "inputs": machine, "organization": "<{organization}>"})),
        ("PATCH", "/strongroom/v1/credentials/{id}", named),
        ("POST", "/strongroom/v1/credentials/{id}/references", json!({"consumer": "c", "kind": "k", "name": "n"})),
        ("POST", "/strongroom/v1/credentials/{id}/versions/{number}/restore", json!({})),
        ("PATCH", "/strongroom/v1/organizations/{id}/settings", json!({"protect_used": true})),
        ("POST", "/strongroom/v1/credentials/{id}/grants", json!({"role": "use", "user": "<{org_member}>"})),
        ("POST", "/strongroom/v1/credentials/{id}/placements", json!({"dialect": "cloud_foundry", "scope": "organization", "organization": "<{organization}>"})),
        ("POST", "/strongroom/v1/registries", json!({"name": "New", "organization": "<{organization}>", "url": "https://new.example.com"})),
        ("PATCH", "/strongroom/v1/registries/{id}", json!({"credentials_limit": 20})),
        ("POST", "/api/v2/credentials/{id}/test/", json!({})),
        ("POST", "/api/v2/credential_types/{id}/test/", json!({})),
        ("POST", "/strongroom/v1/registry-authorities", json!({})),
        ("POST", "/strongroom/v1/registry-authorities/{id}/use", json!({})),
        ("POST", "/strongroom/v1/registries/{id}/robots", json!({"description": "New"})),
        ("POST", "/strongroom/v1/registries/{id}/robots/{robot}/rotate", json!({})),
        ("POST", "/strongroom/v1/registry-signer/rotate", json!({})),
        ("POST", "/strongroom/v1/credentials/{id}/checkout", json!({"purpose": "test"})),
        ("POST", "/strongroom/v1/registry_credentials/resolve", json!({"image": "example.com/x", "organization": "<{organization}>"})),
        ("POST", "/strongroom/v1/uaa_clients", json!({"client_id": "new", "organization": "<{organization}>"})),
        ("POST", "/strongroom/v1/uaa_clients/{id}/secret", json!({})),
        ("POST", "/strongroom/v1/uaa_keys", json!({})),
        ("POST", "/strongroom/v1/organizations/{id}/grants", json!({"role": "probely_member", "user": "<{org_member}>"})),
        ("POST", "/strongroom/v1/teams/{id}/grants", json!({"role": "probely_manage_credentials", "user": "<{org_member}>"})),
    ]
}
