//! The same small world for every cell of the matrix.

use std::collections::BTreeMap;
use std::path::Path;

use secrecy::SecretString;
use serde_json::{Value, json};
use strongroom_core::clock::Clock;
use strongroom_http::{HttpSettings, Owner, host_router, router};
use strongroom_service::{KeyLocation, OpenOptions, StoreLocation, Strongroom, Tuning};
use tempfile::TempDir;

use super::requests::Sent;
use crate::room::{Caller, PASSWORD};

/// Everybody who asks, in the order of the columns.
pub(super) const ACTORS: [&str; 16] = [
    "anonymous",
    "stranger",
    "administrator",
    "auditor",
    "org_admin",
    "org_credential_admin",
    "org_auditor",
    "org_member",
    "team_admin",
    "team_member",
    "credential_admin",
    "credential_use",
    "credential_read",
    "owner",
    "other_org_admin",
    "read_only_token",
];

/// Who holds the grants that somebody tries to take away; asks for nothing himself.
const GRANTEE: &str = "grantee";

/// Texts by what they stand for.
pub(super) type Words = BTreeMap<&'static str, String>;

/// A store, the tokens of everybody, and the ids of the things in it.
pub(super) struct World {
    copy: TempDir,
    folder: TempDir,
    network: axum::Router,
    tokens: BTreeMap<&'static str, String>,
    ids: BTreeMap<&'static str, String>,
}

impl World {
    pub(super) async fn new() -> Self {
        Self::made(async |room| {
            let mut maker = Maker { room, ids: BTreeMap::new(), tokens: BTreeMap::new() };
            maker.make().await;
            (maker.ids, maker.tokens)
        })
        .await
    }

    /// A world that somebody fills: the ids of its things, and the tokens of its actors.
    pub(super) async fn made(make: impl AsyncFnOnce(Strongroom) -> (Words, Words)) -> Self {
        let folder = TempDir::new().unwrap();
        let room = open(folder.path()).await;
        let (ids, tokens) = make(room.clone()).await;
        room.close().await;
        let copy = TempDir::new().unwrap();
        copy_files(folder.path(), copy.path());
        Self { copy, network: network(room), folder, tokens, ids }
    }

    /// Puts the store back into its first state.
    pub(super) async fn restore(&mut self) {
        self.folder = TempDir::new().unwrap();
        copy_files(self.copy.path(), self.folder.path());
        self.network = network(open(self.folder.path()).await);
    }

    /// An actor at an owner's door.
    pub(super) fn caller(&self, _: Owner, actor: &str) -> Caller {
        Caller::new(
            self.network.clone(),
            self.tokens.get(actor).map(|token| match token.contains(' ') {
                // A whole header, of who presents something else than a token.
                true => token.clone(),
                false => format!("Bearer {token}"),
            }),
        )
    }

    /// The path with the ids of its objects.
    pub(super) fn fill(&self, sent: &Sent) -> String {
        self.filled(&sent.path)
    }

    /// The body with the ids that it names.
    pub(super) fn fill_body(&self, body: &Value) -> Value {
        match body {
            Value::String(text) if text.starts_with('<') => {
                self.filled(text).trim_matches(['<', '>']).parse::<i64>().unwrap().into()
            }
            Value::String(text) if text.starts_with('{') => Value::from(self.filled(text)),
            Value::Array(items) => items.iter().map(|item| self.fill_body(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.fill_body(value))).collect()
            }
            other => other.clone(),
        }
    }

    fn filled(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, id) in &self.ids {
            filled = filled.replace(&format!("{{{name}}}"), id);
        }
        assert!(!filled.contains('{'), "nothing is known for {filled}");
        filled
    }
}

async fn open(folder: &Path) -> Strongroom {
    let options = OpenOptions {
        location: StoreLocation::Sqlite(folder.join("strongroom.db")),
        key: KeyLocation { path: folder.join("root.key"), may_create: true },
        admin_password: Some(SecretString::from(PASSWORD)),
        initial_password_file: None,
        audit_file: None,
        issuer: "http://localhost".to_owned(),
        clock: Clock::fixed(1_767_225_600_000_000),
        tuning: Tuning::default(),
    };
    Strongroom::open(options).await.unwrap().room
}

pub(super) fn network(room: Strongroom) -> axum::Router {
    router(room, HttpSettings::default())
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Fills a fresh store.
struct Maker {
    room: Strongroom,
    ids: BTreeMap<&'static str, String>,
    tokens: BTreeMap<&'static str, String>,
}

impl Maker {
    async fn make(&mut self) {
        let host = Caller::new(host_router(self.room.clone(), HttpSettings::default()), None);
        for name in ACTORS.into_iter().filter(|name| *name != "anonymous").chain([GRANTEE]) {
            let admin = matches!(name, "administrator" | "read_only_token");
            let body = json!({"username": name, "password": PASSWORD, "admin": admin});
            let user = host.post("/strongroom/v1/host/users", &body).await.is(201);
            self.note(name, &user["id"]);
            let body =
                json!({"user": name, "name": "matrix", "kind": "native", "dialects": ["awx"]});
            let token = host.post("/strongroom/v1/host/tokens", &body).await.is(201);
            self.tokens.insert(name, token["token"].as_str().unwrap().to_owned());
        }
        let root = self.by("administrator");
        let of = |value: &Value| value["id"].as_i64().unwrap();
        root.patch(&self.path("/api/v2/users/{auditor}/"), &json!({"is_system_auditor": true}))
            .await
            .is(200);
        let acme = of(&root.post("/api/v2/organizations/", &json!({"name": "Acme"})).await.is(201));
        let other =
            of(&root.post("/api/v2/organizations/", &json!({"name": "Other"})).await.is(201));
        self.note("organization", &json!(acme));
        let team = json!({"name": "Web", "organization": acme});
        let team = of(&root.post("/api/v2/teams/", &team).await.is(201));
        self.note("team", &json!(team));
        for (role, who) in [
            ("admins", "org_admin"),
            ("users", "org_credential_admin"),
            ("users", "org_auditor"),
            ("users", "org_member"),
            ("users", "team_admin"),
            ("users", "team_member"),
            ("users", "credential_admin"),
            ("users", "credential_use"),
            ("users", "credential_read"),
            ("users", GRANTEE),
        ] {
            let id = self.id(who);
            let path = format!("/api/v2/organizations/{acme}/{role}/");
            root.post(&path, &json!({"id": id})).await.is(204);
        }
        let id = self.id("other_org_admin");
        root.post(&format!("/api/v2/organizations/{other}/admins/"), &json!({"id": id}))
            .await
            .is(204);
        self.give(
            &format!("/api/v2/organizations/{acme}/"),
            "credential_admin_role",
            "org_credential_admin",
        )
        .await;
        self.give(&format!("/api/v2/organizations/{acme}/"), "auditor_role", "org_auditor").await;
        self.give(&format!("/api/v2/teams/{team}/"), "admin_role", "team_admin").await;
        self.give(&format!("/api/v2/teams/{team}/"), "member_role", "team_member").await;
        self.make_credentials(acme, team).await;
        self.make_the_rest().await;
    }

    async fn make_credentials(&mut self, organization: i64, team: i64) {
        let root = self.by("administrator");
        let owner = self.id("owner");
        for (name, member, id) in [
            ("org_owned", "organization", organization),
            ("team_owned", "team", team),
            ("private", "user", owner),
        ] {
            let inputs = json!({"username": "bob", "password": "hunter2"});
            let body = json!({"name": name, "credential_type": 1, "inputs": inputs, member: id});
            let made = root.post("/api/v2/credentials/", &body).await.is(201);
            self.note(name, &made["id"]);
        }
        let path = self.path("/api/v2/credentials/{org_owned}/");
        for role in ["admin", "use", "read"] {
            let who: &'static str = match role {
                "admin" => "credential_admin",
                "use" => "credential_use",
                _ => "credential_read",
            };
            self.give(&path, &format!("{role}_role"), who).await;
        }
        let roles = root.get(&path).await.is(200)["summary_fields"]["object_roles"].clone();
        self.note("role", &roles["use_role"]["id"]);
        let changed = json!({"inputs": {"username": "eve", "password": "$encrypted$"}});
        for name in ["org_owned", "team_owned", "private"] {
            let path = self.path(&format!("/api/v2/credentials/{{{name}}}/"));
            root.patch(&path, &changed).await.is(200);
        }
    }

    /// A credential that fits another dialect, and where it stands there; a hosted registry.
    async fn make_placed(&mut self) {
        let root = self.by("administrator");
        let organization = self.id("organization");
        for name in ["placed", "placeable"] {
            let host = format!("{name}.example.com");
            let inputs = json!({"host": host, "username": "bob", "password": "hunter2"});
            let body = json!({"name": name, "credential_type": 18, "inputs": inputs, "organization": organization});
            let made = root.post("/api/v2/credentials/", &body).await.is(201);
            self.note(name, &made["id"]);
        }
        let path = self.path("/strongroom/v1/credentials/{placed}/placements");
        let body = json!({"dialect": "cloud_foundry", "scope": "organization", "organization": organization});
        let placement = root.post(&path, &body).await.is(201);
        self.note("placement_of_placed", &placement["id"]);
        let body = json!({"name": "main", "organization": organization, "url": "https://registry.example.com"});
        let registry = root.post("/strongroom/v1/registries", &body).await.is(201);
        self.note("registry", &registry["id"]);
        let path = self.path("/strongroom/v1/registries/{registry}/robots");
        let robot = root.post(&path, &json!({"description": "main"})).await.is(201);
        self.note("robot", &robot["id"]);
        let made = root.post("/strongroom/v1/registry-authorities", &json!({})).await.is(201);
        self.note("authority", &made["id"]);
        let body = json!({"client_id": "ci", "organization": organization});
        let client = root.post("/strongroom/v1/uaa_clients", &body).await.is(201);
        self.note("uaa_client", &client["id"]);
    }

    /// A credential of an external type that fetches a field of another, a Galaxy credential, a job template.
    async fn make_users_of_credentials(&mut self) {
        let root = self.by("administrator");
        let organization = self.id("organization");
        for (name, credential_type) in [("vault", 27), ("galaxy", 19)] {
            let inputs = json!({"url": "https://server.example.com"});
            let body = json!({"name": name, "credential_type": credential_type, "inputs": inputs, "organization": organization});
            let made = root.post("/api/v2/credentials/", &body).await.is(201);
            self.note(name, &made["id"]);
        }
        let body = json!({
            "target_credential": self.id("org_owned"),
            "source_credential": self.id("vault"),
            "input_field_name": "become_password",
            "metadata": {"secret_path": "a", "secret_key": "k"},
        });
        let made = root.post("/api/v2/credential_input_sources/", &body).await.is(201);
        self.note("input_source", &made["id"]);
        let body = json!({"name": "deploy", "organization": organization});
        let made = root.post("/api/v2/job_templates/", &body).await.is(201);
        self.note("job_template", &made["id"]);
    }

    async fn make_the_rest(&mut self) {
        self.make_placed().await;
        self.make_users_of_credentials().await;
        let root = self.by("administrator");
        let body = json!({
            "name": "program",
            "organization": self.id("organization"),
            "client_type": "confidential",
            "authorization_grant_type": "password",
        });
        let program = root.post("/api/v2/applications/", &body).await.is(201);
        self.note("application", &program["id"]);
        let custom = json!({"name": "Custom", "kind": "cloud", "inputs": {}, "injectors": {}});
        let custom = root.post("/api/v2/credential_types/", &custom).await.is(201);
        self.note("custom_type", &custom["id"]);
        let token =
            self.by("org_member").post("/api/v2/tokens/", &json!({"scope": "write"})).await.is(201);
        self.note("members_token", &token["id"]);
        let entries = root.get("/api/v2/activity_stream/?page_size=1&order_by=-id").await.is(200);
        self.note("entry", &entries["results"][0]["id"]);
        let body = json!({"scope": "read"});
        let token = self.by("read_only_token").post("/api/v2/tokens/", &body).await.is(201);
        self.tokens.insert("read_only_token", token["token"].as_str().unwrap().to_owned());
        for (credential, reference) in [
            ("org_owned", "reference_to_org_owned"),
            ("team_owned", "reference_to_team_owned"),
            ("private", "reference_to_private"),
        ] {
            let body = json!({"consumer": "deployer", "kind": "job", "name": "nightly"});
            let path =
                self.path(&format!("/strongroom/v1/credentials/{{{credential}}}/references"));
            let made = root.post(&path, &body).await.is(201);
            self.note(reference, &made["id"]);
        }
        for (path, body, name) in [
            (
                "/strongroom/v1/credentials/{org_owned}",
                json!({"role": "read", "user": self.id(GRANTEE)}),
                "grant_on_org_owned",
            ),
            (
                "/strongroom/v1/credentials/{team_owned}",
                json!({"role": "read", "user": self.id(GRANTEE)}),
                "grant_on_team_owned",
            ),
            (
                "/strongroom/v1/credentials/{private}",
                json!({"role": "read", "user": self.id(GRANTEE)}),
                "grant_on_private",
            ),
            (
                "/strongroom/v1/organizations/{organization}",
                json!({"role": "catalog_member", "user": self.id(GRANTEE)}),
                "grant_on_organization",
            ),
            (
                "/strongroom/v1/teams/{team}",
                json!({"role": "checkout", "user": self.id(GRANTEE)}),
                "grant_on_team",
            ),
        ] {
            let made = root.post(&self.path(&format!("{path}/grants")), &body).await.is(201);
            self.note(name, &made["id"]);
        }
    }

    /// Gives a role on the object at a path.
    async fn give(&self, path: &str, role: &str, who: &'static str) {
        let root = self.by("administrator");
        let roles = root.get(path).await.is(200)["summary_fields"]["object_roles"].clone();
        let id = roles[role]["id"].as_i64().unwrap();
        root.post(&format!("/api/v2/roles/{id}/users/"), &json!({"id": self.id(who)}))
            .await
            .is(204);
    }

    fn by(&self, actor: &str) -> Caller {
        let authorization = format!("Bearer {}", self.tokens[actor]);
        Caller::new(network(self.room.clone()), Some(authorization))
    }

    fn note(&mut self, name: &'static str, id: &Value) {
        self.ids.insert(name, id.as_i64().unwrap().to_string());
    }

    fn id(&self, name: &str) -> i64 {
        self.ids[name].parse().unwrap()
    }

    fn path(&self, template: &str) -> String {
        let mut path = template.to_owned();
        for (name, id) in &self.ids {
            path = path.replace(&format!("{{{name}}}"), id);
        }
        path
    }
}
