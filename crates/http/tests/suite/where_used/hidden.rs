//! Consumers of which somebody may not know: counted without a name for whoever may delete the credential.

use serde_json::{Value, json};

use super::{CREDENTIALS, Place, SOURCES, person, source, text, uses};
use crate::room::{Caller, Room, on_both_stores};

/// Who is there besides the administrator: one may delete every credential, one only reads them; neither has any other
/// role than member of the organization.
struct People {
    place: Place,
    keeper: Caller,
    keeper_id: i64,
    reader: Caller,
}

impl People {
    async fn new(room: &Room) -> Self {
        let place = Place::new(room, "Acme").await;
        let (keeper_id, reader_id) = (person(room, "keeper").await, person(room, "reader").await);
        for id in [keeper_id, reader_id] {
            let path = format!("/api/v2/organizations/{}/users/", place.id);
            place.root.post(&path, &json!({"id": id})).await.is(204);
        }
        let (keeper, reader) =
            (room.with_token_of("keeper").await, room.with_token_of("reader").await);
        Self { place, keeper, keeper_id, reader }
    }

    async fn grant(&self, path: &str, role: &str, username: &str) {
        let found =
            self.place.root.get(&format!("/api/v2/users/?username={username}")).await.is(200);
        let body = json!({"role": role, "user": found["results"][0]["id"]});
        self.place.root.post(&format!("{path}/grants"), &body).await.is(201);
    }

    /// The one use of a credential is there for the administrator, a number for the keeper and nothing for the reader;
    /// and with what the administrator posts the keeper may see the consumer, which has its name for him then.
    async fn check(
        &self,
        credential: &str,
        (kind, name): (&str, &str),
        (door, role): (String, Value),
    ) {
        let path = format!("{CREDENTIALS}/{credential}");
        self.grant(&path, "admin", "keeper").await;
        self.grant(&path, "read", "reader").await;
        let whole = uses(&self.place.root, credential).await;
        assert_eq!(
            (&whole["items"][0]["kind"], &whole["items"][0]["name"]),
            (&json!(kind), &json!(name))
        );
        assert_eq!((whole["items"].as_array().unwrap().len(), &whole["hidden"]), (1, &json!(0)));
        let counted = uses(&self.keeper, credential).await;
        assert_eq!((&counted["items"], &counted["hidden"]), (&json!([]), &json!(1)), "{kind}");
        let nothing = uses(&self.reader, credential).await;
        assert_eq!((&nothing["items"], &nothing["hidden"]), (&json!([]), &json!(0)), "{kind}");
        // The refusal to delete it counts it too, and tells no more.
        let refused = self.keeper.delete(&path).await.is(409);
        let count = json!([{"kind": kind, "count": 1}]);
        assert_eq!((&refused["uses"], &refused["references"]), (&count, &json!([])));
        for told in [counted, nothing, refused] {
            assert!(!told.to_string().contains(name), "{told}");
        }
        let given = self.place.root.post(&door, &role).await;
        assert!(given.status < 300, "{} {}", given.status, given.text);
        assert_eq!(uses(&self.keeper, credential).await, whole, "{kind}");
        assert_eq!(uses(&self.reader, credential).await["items"], json!([]), "{kind}");
    }

    /// What makes the keeper a member of the account or of the Catalog.
    fn joining(&self, role: &str) -> (String, Value) {
        let path = format!("/strongroom/v1/organizations/{}/grants", self.place.id);
        (path, json!({"role": role, "user": self.keeper_id}))
    }
}

on_both_stores! {
    async fn a_target_is_seen_by_members_of_the_account(room: Room) {
        let people = People::new(&room).await;
        let id = people.place.secret("a").await;
        let uri = format!("credentials://{id}");
        let site = json!({"url": "https://s.example.com", "name": "Shop-1", "otp_secret": uri});
        people.place.root.post("/targets/", &json!({"site": site})).await.is(201);
        people.check(&id, ("target", "Shop-1"), people.joining("probely_member")).await;
    }

    async fn a_domain_is_seen_by_members_of_the_account(room: Room) {
        let people = People::new(&room).await;
        let id = people.place.secret("a").await;
        let uri = format!("credentials://{id}");
        let domain = json!({"hostname": "d-1.example.com", "basic_auth_password": uri});
        people.place.root.post("/domains/", &domain).await.is(201);
        people.check(&id, ("domain", "d-1.example.com"), people.joining("probely_member")).await;
    }

    async fn a_job_template_is_seen_by_who_holds_a_role_on_it(room: Room) {
        let people = People::new(&room).await;
        let root = &people.place.root;
        let id = people.place.machine("m").await;
        let template = people.place.template("nightly-1").await;
        root.post(&format!("{template}credentials/"), &json!({"id": id})).await.is(204);
        let shown = root.get(&template).await.is(200);
        let role = &shown["summary_fields"]["object_roles"]["read_role"]["id"];
        let reveal = (format!("/api/v2/users/{}/roles/", people.keeper_id), json!({"id": role}));
        people.check(&id.to_string(), ("job_template", "nightly-1"), reveal).await;
    }

    /// An input source belongs to the credential whose field it fetches: who fetches is not told to everybody who
    /// reads what is fetched with.
    async fn an_input_source_is_seen_by_who_reads_its_target(room: Room) {
        let people = People::new(&room).await;
        let (target, from) = (people.place.machine("m").await, people.place.lookup("v").await);
        people.place.root.post(SOURCES, &source(target, from, "become_password")).await.is(201);
        let path = format!("{CREDENTIALS}/{target}/grants");
        let reveal = (path, json!({"role": "read", "user": people.keeper_id}));
        people.check(&from.to_string(), ("input_source", "become_password"), reveal).await;
        assert_eq!(uses(&people.keeper, &target.to_string()).await["items"].as_array().unwrap().len(), 1);
    }

    async fn an_app_is_seen_in_its_space(room: Room) {
        let people = People::new(&room).await;
        let root = &people.place.root;
        let owner = ("organization", people.place.guid.as_str());
        let guid = people.place.platform("registry.example.com", owner).await;
        let app = people.place.app("web-1").await;
        people.place.start(&app, "registry.example.com/team/web:1").await;
        let role = |kind: &str, on: &str, of: &str| {
            let user = json!({"data": {"username": "keeper"}});
            json!({"type": kind, "relationships": {"user": user, on: {"data": {"guid": of}}}})
        };
        root.post("/v3/roles", &role("organization_user", "organization", &people.place.guid)).await.is(201);
        let reveal = ("/v3/roles".to_owned(), role("space_auditor", "space", &people.place.space));
        people.check(&guid, ("app", "web-1"), reveal).await;
    }

    async fn a_private_registry_is_seen_by_members_of_the_catalog(room: Room) {
        let people = People::new(&room).await;
        let (_, id) = people.place.registry("quay-1").await;
        people.check(&id.to_string(), ("registry", "quay-1"), people.joining("catalog_member")).await;
    }

    /// What registered itself is seen by everybody who reads the credential.
    async fn a_registered_use_is_seen_with_the_credential(room: Room) {
        let people = People::new(&room).await;
        let id = people.place.machine("m").await.to_string();
        let path = format!("{CREDENTIALS}/{id}");
        let used = json!({"consumer": "deployer", "kind": "job", "name": "nightly-1"});
        people.place.root.post(&format!("{path}/references"), &used).await.is(201);
        people.grant(&path, "read", "reader").await;
        let seen = uses(&people.reader, &id).await;
        assert_eq!((&seen["items"][0]["name"], &seen["hidden"]), (&json!("nightly-1"), &json!(0)));
        assert_eq!(text(&seen["items"][0]["consumer"]), "deployer");
    }
}
