//! The whole list against a recount: random edits of consumers of every dialect, and of what they stand in, and after
//! them the uses that the credentials tell are those that a look at every consumer finds.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{CREDENTIALS, Place, REGISTRIES, SOURCES, TEMPLATES, person, source, text};
use crate::room::{Caller, Reply, Room, on_both_stores};

/// One edit: what, and numbers that choose among what there is.
type Edit = (What, [usize; 4]);

#[derive(Debug, Clone, Copy)]
enum What {
    Machine,
    Lookup,
    Secret,
    Platform,
    Target,
    Part,
    Domain,
    DropScan,
    Template,
    Attach,
    Detach,
    Source,
    ChangeSource,
    DropSource,
    App,
    Start,
    Stop,
    DropApp,
    Registry,
    ChangeRegistry,
    DropRegistry,
    Register,
    Forget,
    DropTemplate,
    DropCredential,
    DropPlacement,
    Helper,
    DropHelper,
    Team,
    DropTeam,
    DropSpace,
    DropOrganization,
}

/// How often each comes: things are made and edited more often than they go, and what takes much along goes seldom.
const OFTEN: [(u32, What); 32] = [
    (3, What::Machine),
    (2, What::Lookup),
    (3, What::Secret),
    (3, What::Platform),
    (6, What::Target),
    (4, What::Part),
    (3, What::Domain),
    (2, What::DropScan),
    (2, What::Template),
    (6, What::Attach),
    (2, What::Detach),
    (5, What::Source),
    (4, What::ChangeSource),
    (1, What::DropSource),
    (3, What::App),
    (6, What::Start),
    (1, What::Stop),
    (1, What::DropApp),
    (3, What::Registry),
    (3, What::ChangeRegistry),
    (1, What::DropRegistry),
    (5, What::Register),
    (2, What::Forget),
    (1, What::DropTemplate),
    (3, What::DropCredential),
    (2, What::DropPlacement),
    (2, What::Helper),
    (1, What::DropHelper),
    (2, What::Team),
    (1, What::DropTeam),
    (1, What::DropSpace),
    (1, What::DropOrganization),
];

fn edit() -> impl Strategy<Value = Edit> {
    let what = OFTEN.map(|(weight, what)| (weight, Just(what).boxed())).to_vec();
    (proptest::strategy::Union::new_weighted(what), proptest::array::uniform4(0_usize..100))
}

/// A use: credential, kind, who, and where in it.
type Told = (i64, String, String, String);

/// A store with an organization that stays and one that comes and goes, and what no consumer shows of itself.
struct Run<'a> {
    room: &'a Room,
    root: Caller,
    places: Vec<Place>,
    /// Of each app that was started with a credential: the credential and its placement.
    started: BTreeMap<String, (i64, String)>,
    /// What was registered: the credential and the id of the use.
    registered: BTreeSet<(i64, i64)>,
    helpers: Vec<(i64, Caller)>,
    named: usize,
}

/// The answer, where it is a success; whatever the edit was, the server has not failed.
fn done(reply: Reply) -> Option<Reply> {
    assert!(reply.status < 500, "{} {}", reply.status, reply.text);
    (reply.status < 300).then_some(reply)
}

fn among<T>(all: &[T], choice: usize) -> Option<&T> {
    all.get(choice.checked_rem(all.len())?)
}

impl Run<'_> {
    fn name(&mut self, kind: &str) -> String {
        self.named += 1;
        format!("{kind}-{}", self.named)
    }

    fn place(&self, choice: usize) -> &Place {
        &self.places[choice % self.places.len()]
    }

    /// All elements of a list of a dialect.
    async fn all(&self, caller: &Caller, path: &str) -> Vec<Value> {
        let (path, member) = match path {
            path if path.starts_with("/api/") => (format!("{path}?page_size=200"), "results"),
            path if path.starts_with("/v3/") => (format!("{path}?per_page=5000"), "resources"),
            path if path.starts_with("/strongroom/") => (format!("{path}?limit=200"), "items"),
            path => (format!("{path}?length=1000"), "results"),
        };
        caller.get(&path).await.is(200)[member].as_array().unwrap().clone()
    }

    /// The credentials of a type, or of all.
    async fn credentials(&self, of_type: Option<&str>) -> Vec<Value> {
        let mut all = self.all(&self.root, CREDENTIALS).await;
        all.retain(|one| {
            of_type.is_none_or(|name| one["type_name"] == name) && one["managed"] == false
        });
        all
    }

    async fn integer(&self, of_type: Option<&str>, choice: usize) -> Option<i64> {
        among(&self.credentials(of_type).await, choice)?["id"].as_i64()
    }

    /// A text that mentions credentials of the account, or none.
    async fn mention(&self, place: &Place, choice: usize) -> String {
        let all = self.all(&place.root, "/credentials/").await;
        let uri = |choice: usize| match among(&all, choice) {
            Some(one) => text(&one["uri"]),
            None => "hunter2".to_owned(),
        };
        match choice % 4 {
            0 => String::new(),
            1 => format!("Bearer {}", uri(choice / 4)),
            2 => format!("{} and {}", uri(choice / 4), uri(choice / 3)),
            _ => uri(choice / 4),
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each kind of edit")]
    async fn carry_out(&mut self, (what, [at, one, two, three]): &Edit) -> Option<()> {
        let (at, one, two, three) = (*at, *one, *two, *three);
        let place = at % self.places.len();
        match what {
            What::Machine => {
                let name = self.name("m");
                self.places[place].machine(&name).await;
            }
            What::Lookup => {
                let name = self.name("v");
                self.places[place].lookup(&name).await;
            }
            What::Secret => {
                let name = self.name("s");
                let place = &self.places[place];
                let teams = self.all(&place.root, "/teams/").await;
                let team =
                    among(&teams, one).filter(|_| two % 2 == 0).map(|team| team["id"].clone());
                let body = json!({"name": name, "value": "hunter2", "team": team});
                done(place.root.post("/credentials/", &body).await)?;
            }
            What::Platform => {
                let apps = self.all(&self.root, "/v3/apps").await;
                let place = &self.places[place];
                let owner = match (one % 3, among(&apps, two)) {
                    (0, Some(app)) => ("app", text(&app["guid"])),
                    (1, _) => ("space", place.space.clone()),
                    _ => ("organization", place.guid.clone()),
                };
                let body = json!({
                    "location": "registry.example.com", "username": "robot", "password": "hunter2",
                    "relationships": {owner.0: {"data": {"guid": owner.1}}},
                });
                done(place.root.post("/v3/registry_credentials", &body).await)?;
            }
            What::Target => {
                let host = format!("{}.example.com", self.name("h"));
                let place = &self.places[place];
                let site = json!({
                    "headers": [{"name": "A", "value": self.mention(place, one).await}],
                    "otp_secret": self.mention(place, two).await,
                });
                let known = self.all(&place.root, "/targets/").await;
                match among(&known, three).filter(|_| three % 2 == 0) {
                    Some(target) => {
                        let path = format!("/targets/{}/", text(&target["id"]));
                        place.root.patch(&path, &json!({"site": site})).await.is(200);
                    }
                    None => {
                        let mut site = site;
                        site["url"] = json!(format!("https://{host}"));
                        place.root.post("/targets/", &json!({"site": site})).await.is(201);
                    }
                }
            }
            What::Part => {
                let place = &self.places[place];
                let targets = self.all(&place.root, "/targets/").await;
                let path = format!("/targets/{}", text(&among(&targets, one)?["id"]));
                let value = self.mention(place, two).await;
                if three % 2 == 0 {
                    let body = json!({"host": "p.example.com", "headers": [{"name": "H", "value": value}]});
                    place.root.post(&format!("{path}/assets/"), &body).await.is(201);
                } else {
                    let fields = json!([{"name": "[F]", "value": value}]);
                    let body = json!({"name": "p", "custom_field_mappings": fields});
                    place.root.post(&format!("{path}/sequences/"), &body).await.is(201);
                }
            }
            What::Domain => {
                let hostname = format!("{}.example.com", self.name("d"));
                let place = &self.places[place];
                let body = json!({"hostname": hostname, "basic_auth_password": self.mention(place, one).await});
                place.root.post("/domains/", &body).await.is(201);
            }
            What::DropScan => {
                let place = &self.places[place];
                let path = ["/targets/", "/domains/"][one % 2];
                let all = self.all(&place.root, path).await;
                let id = text(&among(&all, two)?["id"]);
                place.root.delete(&format!("{path}{id}/")).await.is(204);
            }
            What::Template => {
                let name = self.name("t");
                self.places[place].template(&name).await;
            }
            What::Attach | What::Detach => {
                let template = text(&among(&self.all(&self.root, TEMPLATES).await, one)?["url"]);
                let below = format!("{template}credentials/");
                let mut body = json!({"id": self.integer(None, two).await?});
                if matches!(what, What::Detach) {
                    let attached = self.all(&self.root, &below).await;
                    body = json!({"id": among(&attached, two)?["id"], "disassociate": true});
                }
                done(self.root.post(&below, &body).await)?;
            }
            What::DropTemplate => {
                let path = text(&among(&self.all(&self.root, TEMPLATES).await, one)?["url"]);
                self.root.delete(&path).await.is(204);
            }
            What::Source | What::ChangeSource => {
                let target = self.integer(Some("Machine"), one).await?;
                let from = self.integer(Some("HashiCorp Vault Secret Lookup"), two).await?;
                let field = ["password", "become_password", "ssh_key_unlock"][three % 3];
                let body = source(target, from, field);
                if matches!(what, What::Source) {
                    done(self.root.post(SOURCES, &body).await)?;
                } else {
                    let path = text(&among(&self.all(&self.root, SOURCES).await, at)?["url"]);
                    done(self.root.patch(&path, &body).await)?;
                }
            }
            What::DropSource => {
                let path = text(&among(&self.all(&self.root, SOURCES).await, one)?["url"]);
                self.root.delete(&path).await.is(204);
            }
            What::App => {
                let name = self.name("a");
                self.places[place].app(&name).await;
            }
            What::Start => self.start(one, two, three).await?,
            What::Stop => {
                let guid = text(&among(&self.all(&self.root, "/v3/apps").await, one)?["guid"]);
                self.root.post(&format!("/v3/apps/{guid}/actions/stop"), &json!({})).await.is(200);
            }
            What::DropApp => {
                let guid = text(&among(&self.all(&self.root, "/v3/apps").await, one)?["guid"]);
                self.root.delete(&format!("/v3/apps/{guid}")).await.status_is(202);
            }
            What::Registry => {
                let name = self.name("q");
                self.places[place].registry(&name).await;
            }
            What::ChangeRegistry | What::DropRegistry => {
                let place = &self.places[place];
                let registries =
                    place.root.get(&format!("{REGISTRIES}?hosted=false")).await.is(200);
                let id = text(&among(registries["items"].as_array()?, one)?["id"]);
                let path = format!("{REGISTRIES}/{id}");
                let body = json!({"access_secret": "hunter3"});
                let changes = matches!(what, What::ChangeRegistry);
                done(match changes {
                    true => place.root.patch(&path, &body).await,
                    false => place.root.delete(&path).await,
                })?;
            }
            What::Register => {
                let credential = self.integer(None, one).await?;
                let name = self.name("job");
                let helper = among(&self.helpers, two).map(|(_, helper)| helper.clone());
                let by = helper.filter(|_| three % 2 == 0).unwrap_or_else(|| self.root.clone());
                let path = format!("{CREDENTIALS}/{credential}/references");
                let body = json!({"consumer": "ci", "kind": "job", "name": name});
                let made = done(by.post(&path, &body).await)?.is(201);
                self.registered.insert((credential, made["id"].as_i64()?));
            }
            What::Forget => {
                let known: Vec<(i64, i64)> = self.registered.iter().copied().collect();
                let (credential, id) = *among(&known, one)?;
                let path = format!("{CREDENTIALS}/{credential}/references/{id}");
                done(self.root.delete(&path).await)?;
                self.registered.remove(&(credential, id));
            }
            What::DropCredential => {
                let id = self.integer(None, one).await?;
                let native = format!("{CREDENTIALS}/{id}?force=true");
                let path = if two % 2 == 0 { native } else { format!("/api/v2/credentials/{id}/") };
                done(self.root.delete(&path).await)?;
            }
            What::DropPlacement => {
                let id = self.integer(None, one).await?;
                let placements =
                    self.all(&self.root, &format!("{CREDENTIALS}/{id}/placements")).await;
                let placement = among(&placements, two)?;
                let path = match text(&placement["dialect"]).as_str() {
                    "cloud_foundry" => {
                        format!("/v3/registry_credentials/{}", text(&placement["guid"]))
                    }
                    "probely" => {
                        format!("/credentials/{}/?force=true", text(&placement["short_id"]))
                    }
                    _ => return None,
                };
                for place in &self.places {
                    let _ = done(place.root.delete(&path).await);
                }
            }
            What::Helper => {
                let name = self.name("helper");
                let id = person(self.room, &name).await;
                let path = format!("/api/v2/organizations/{}/admins/", self.places[place].id);
                self.root.post(&path, &json!({"id": id})).await.is(204);
                self.helpers.push((id, self.room.with_token_of(&name).await));
            }
            What::DropHelper => {
                let at = one.checked_rem(self.helpers.len())?;
                let (id, _) = self.helpers.remove(at);
                self.root.delete(&format!("/api/v2/users/{id}/")).await.is(204);
            }
            What::Team => {
                let name = self.name("team");
                self.place(at).root.post("/teams/", &json!({"name": name})).await.is(201);
            }
            What::DropTeam => {
                let teams = self.all(&self.root, "/api/v2/teams/").await;
                self.root.delete(&text(&among(&teams, one)?["url"])).await.is(204);
            }
            What::DropSpace => {
                let name = self.name("space");
                let place = &mut self.places[place];
                place.root.delete(&format!("/v3/spaces/{}", place.space)).await.status_is(202);
                let body = json!({"name": name, "relationships": {"organization": {"data": {"guid": place.guid}}}});
                place.space = text(&place.root.post("/v3/spaces", &body).await.is(201)["guid"]);
            }
            What::DropOrganization => {
                let gone = self.places.pop()?;
                self.root.delete(&format!("/api/v2/organizations/{}/", gone.id)).await.is(204);
                let name = self.name("guest");
                self.places.push(Place::new(self.room, &name).await);
            }
        }
        Some(())
    }

    /// Starts an app, and asks which credential it is fetched with: that one it uses from then on.
    async fn start(&mut self, one: usize, two: usize, three: usize) -> Option<()> {
        let app = text(&among(&self.all(&self.root, "/v3/apps").await, one)?["guid"]);
        let image = format!("{}.example.com/team/web:1", ["registry", "elsewhere"][two % 5 / 4]);
        let mut data = json!({"image": image});
        if three.is_multiple_of(3) {
            data["username"] = json!("puller");
            data["password"] = json!("hunter2");
        }
        let body = json!({
            "type": "docker", "data": data, "relationships": {"app": {"data": {"guid": app}}},
        });
        self.root.post("/v3/packages", &body).await.is(201);
        self.root.post(&format!("/v3/apps/{app}/actions/start"), &json!({})).await.is(200);
        let asked = json!({"image": image, "app": app});
        let told =
            self.root.post("/strongroom/v1/registry_credentials/resolve", &asked).await.is(200);
        self.started.remove(&app);
        let mut considered = told["considered"].as_array()?.iter();
        if let Some(wins) = considered.find(|one| one["wins"] == true) {
            self.started.insert(app, (wins["credential"].as_i64()?, text(&wins["guid"])));
        }
        Some(())
    }

    /// Every use that the consumers tell, found by looking at all of them.
    async fn recount(&self) -> BTreeSet<Told> {
        let live: BTreeSet<i64> = self
            .all(&self.root, CREDENTIALS)
            .await
            .iter()
            .map(|one| one["id"].as_i64().unwrap())
            .collect();
        let mut found = BTreeSet::new();
        let mut note = |credential: i64, kind: &str, who: String, key: String| {
            if live.contains(&credential) {
                found.insert((credential, kind.to_owned(), who, key));
            }
        };
        for place in &self.places {
            for (credential, kind, who, key) in self.mentioned(place).await {
                note(credential, kind, who, key);
            }
        }
        for template in self.all(&self.root, TEMPLATES).await {
            let below = format!("{}credentials/", text(&template["url"]));
            for one in self.all(&self.root, &below).await {
                note(
                    one["id"].as_i64().unwrap(),
                    "job_template",
                    template["id"].to_string(),
                    String::new(),
                );
            }
        }
        for one in self.all(&self.root, SOURCES).await {
            for side in ["target_credential", "source_credential"] {
                note(
                    one[side].as_i64().unwrap(),
                    "input_source",
                    one["id"].to_string(),
                    String::new(),
                );
            }
        }
        for app in self.all(&self.root, "/v3/apps").await {
            if let Some((credential, placement)) = self.started.get(&text(&app["guid"]))
                && app["state"] == "STARTED"
                && self.root.get(&format!("/v3/registry_credentials/{placement}")).await.status
                    == 200
            {
                note(*credential, "app", text(&app["name"]), String::new());
            }
        }
        for one in self.all(&self.root, "/strongroom/v1/registries").await {
            if let Some(credential) = one["credential"].as_i64()
                && one["removed"].is_null()
            {
                note(credential, "registry", one["id"].to_string(), String::new());
            }
        }
        for (credential, id) in &self.registered {
            note(*credential, "job", "ci".to_owned(), id.to_string());
        }
        found
    }

    /// What the settings of an account mention.
    async fn mentioned(&self, place: &Place) -> Vec<(i64, &'static str, String, String)> {
        let mut known = Vec::new();
        for one in self.all(&place.root, "/credentials/").await {
            let shown = self.root.get(&format!("{CREDENTIALS}/{}", text(&one["id"]))).await.is(200);
            known.push((shown["id"].as_i64().unwrap(), text(&one["uri"])));
        }
        let mut found = Vec::new();
        let mut note = |value: &Value, kind: &'static str, who: &Value, key: String| {
            for (id, uri) in &known {
                if value.as_str().is_some_and(|text| text.contains(uri)) {
                    found.push((*id, kind, text(who), key.clone()));
                }
            }
        };
        for target in self.all(&place.root, "/targets/").await {
            let (id, site) = (&target["id"], &target["site"]);
            for header in site["headers"].as_array().unwrap() {
                note(&header["value"], "target", id, "headers.A".to_owned());
            }
            note(&site["otp_secret"], "target", id, "otp_secret".to_owned());
            let path = format!("/targets/{}", text(id));
            for part in self.all(&place.root, &format!("{path}/assets/")).await {
                let key = format!("assets.{}.headers.H", text(&part["id"]));
                note(&part["headers"][0]["value"], "target", id, key);
            }
            for part in self.all(&place.root, &format!("{path}/sequences/")).await {
                let key = format!("sequences.{}.[F]", text(&part["id"]));
                note(&part["custom_field_mappings"][0]["value"], "target", id, key);
            }
        }
        for domain in self.all(&place.root, "/domains/").await {
            let key = "basic_auth_password".to_owned();
            note(&domain["basic_auth_password"], "domain", &domain["id"], key);
        }
        found
    }

    /// Every use that the credentials tell.
    async fn told(&self) -> BTreeSet<Told> {
        let mut told = BTreeSet::new();
        for credential in self.all(&self.root, CREDENTIALS).await {
            let path = format!("{CREDENTIALS}/{}/references", credential["id"]);
            let list = self.root.get(&path).await.is(200);
            assert_eq!(list["hidden"], 0);
            for one in list["items"].as_array().unwrap() {
                let kind = text(&one["kind"]);
                let (who, key) = match kind.as_str() {
                    "target" | "domain" => (text(&one["object"]["short_id"]), text(&one["key"])),
                    "app" => (text(&one["name"]), String::new()),
                    "job" => (text(&one["consumer"]), one["id"].to_string()),
                    _ => (one["object"]["id"].to_string(), String::new()),
                };
                let new = (credential["id"].as_i64().unwrap(), kind, who, key);
                assert!(told.insert(new), "a use is told once: {one}");
            }
        }
        told
    }
}

/// Edits of a run, runs of a test, and edits between two looks.
const EDITS: usize = 90;
const RUNS: usize = 4;
const LOOK: usize = 6;

on_both_stores! {
    /// The list is never more or less than what the consumers do.
    async fn uses_of_every_dialect_are_what_a_recount_finds(room: Room) {
        let root = room.admin().await;
        let all = json!({
            "user": "admin", "name": "all", "kind": "native", "dialects": ["awx", "cloud_foundry"],
        });
        let token = room.on_host().post("/strongroom/v1/host/tokens", &all).await.is(201);
        let mut run = Run {
            room: &room,
            root: room.by_token(token["token"].as_str().unwrap()),
            places: vec![Place::new(&room, "Acme").await, Place::new(&room, "Guest").await],
            started: BTreeMap::new(),
            registered: BTreeSet::new(),
            helpers: Vec::new(),
            named: 0,
        };
        let mut runner = TestRunner::new(Config::default());
        let mut kinds = BTreeSet::new();
        for _ in 0..RUNS {
            let edits = proptest::collection::vec(edit(), EDITS).new_tree(&mut runner).unwrap().current();
            for (number, edit) in edits.iter().enumerate() {
                let _ = run.carry_out(edit).await;
                if number % LOOK == LOOK - 1 {
                    let told = run.told().await;
                    assert_eq!(told, run.recount().await, "{:?}", &edits[..=number]);
                    kinds.extend(told.into_iter().map(|(_, kind, ..)| kind));
                }
            }
        }
        assert!(4 <= kinds.len(), "the edits made uses of few kinds: {kinds:?}");
        // With everything that they stand in gone, nothing is used; what is left shows no trace.
        for place in &run.places {
            root.delete(&format!("/api/v2/organizations/{}/", place.id)).await.is(204);
        }
        let left = run.told().await;
        assert!(left.iter().all(|(_, kind, ..)| kind == "job"), "{left:?}");
    }
}
