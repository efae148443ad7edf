//! A store with something in every dialect, what is asked of it while something fails, and what must be there after.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::common::{ADMIN_PASSWORD, Server, Store};
use crate::database::Database;
use crate::wire::{Answer, Request, Wire};

/// A dialect's way to write, and the status and body by which it refuses when the store cannot.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) name: &'static str,
    /// The path that makes a credential.
    target: String,
    /// The word before the token.
    scheme: &'static str,
    body: fn(&str) -> Value,
    /// Where the answer names what was made.
    place: fn(&str, &Answer) -> String,
    /// The members that every refusal of the dialect has.
    refusal: &'static [&'static str],
}

/// A store in use.
#[derive(Clone)]
pub(crate) struct House {
    pub(crate) token: String,
    pub(crate) doors: Vec<Door>,
    /// What was acknowledged: the path to read it, its scheme, and what it showed.
    pub(crate) kept: BTreeMap<String, (&'static str, Value)>,
    /// A Probely value that leaves opened, and so only with its audit entry.
    released: String,
    /// How often it left.
    left: usize,
    number: usize,
}

impl House {
    /// Furnishes a fresh store with a credential from each dialect.
    pub(crate) fn furnish(server: &Server) -> Self {
        let mut wire = Wire::open(server.address()).unwrap();
        let dialects = ["awx", "probely", "cloud_foundry", "app_catalog"];
        let request = Request::new("POST", "/strongroom/v1/tokens")
            .basic("admin", ADMIN_PASSWORD)
            .json(&json!({"kind": "native", "name": "house", "dialects": dialects, "organization": 1}));
        let issued = wire.call(&request).unwrap();
        assert_eq!(issued.status, 201, "{}", issued.text());
        let token = issued.json()["token"].as_str().unwrap().to_owned();
        let mut house = Self {
            token,
            doors: Vec::new(),
            kept: BTreeMap::new(),
            left: 0,
            released: String::new(),
            number: 0,
        };
        let post = |wire: &mut Wire, target: &str, body: &Value| {
            let request = Request::new("POST", target).bearer(&house.token).json(body);
            let answer = wire.call(&request).unwrap();
            assert_eq!(answer.status, 201, "{target}: {}", answer.text());
            answer.json()
        };
        let registry = json!({
            "name": "harbor", "organization": 1, "url": "https://harbor.example.com", "credentials_limit": 100_000,
        });
        let registry = post(&mut wire, "/strongroom/v1/registries", &registry);
        house.doors = doors(registry["guid"].as_str().unwrap());
        let open = json!({"name": "open", "value": "shown to who may", "is_sensitive": false});
        let request = Request::new("POST", "/credentials/");
        let request = request.header("Authorization", &format!("JWT {}", house.token)).json(&open);
        let answer = wire.call(&request).unwrap();
        assert_eq!(answer.status, 201, "{}", answer.text());
        house.released = format!("/credentials/{}/", answer.json()["id"].as_str().unwrap());
        for door in 0..house.doors.len() {
            assert!(house.write(&mut wire, door).is_ok(), "{}", house.doors[door].name);
        }
        house
    }

    /// One write through a door. What is acknowledged is kept; a refusal is returned.
    pub(crate) fn write(&mut self, wire: &mut Wire, door: usize) -> Result<(), Answer> {
        self.number += 1;
        let name = format!("kept {} {}", self.number, self.doors[door].name);
        let door = &self.doors[door];
        let request = Request::new("POST", &door.target)
            .header("Authorization", &format!("{} {}", door.scheme, self.token))
            .json(&(door.body)(&name));
        let answer = wire.call(&request).unwrap();
        if answer.status != 201 {
            return Err(answer);
        }
        let path = (door.place)(&door.target, &answer);
        let shown = self.shown(wire, &path, door.scheme);
        self.kept.insert(path, (door.scheme, shown));
        Ok(())
    }

    /// A refusal of the store in the dialect's own shape, with the time after which to ask again.
    pub(crate) fn check_refusal(&self, door: usize, answer: &Answer) {
        let door = &self.doors[door];
        let text = answer.text();
        match answer.status {
            503 => assert!(
                answer.header("retry-after").is_some(),
                "{}: {} without Retry-After",
                door.name,
                answer.head
            ),
            507 => {}
            other => panic!("{} refuses with {other}: {text}", door.name),
        }
        let body = answer.json();
        for member in door.refusal {
            assert!(body.get(member).is_some(), "{}: no {member} in {text}", door.name);
        }
        assert!(!text.contains("hunter2"), "{text}");
    }

    /// Every dialect still shows what it showed.
    pub(crate) fn check_reads(&self, wire: &mut Wire) {
        for (path, (scheme, before)) in &self.kept {
            assert_eq!(self.shown(wire, path, scheme), *before, "{path}");
        }
    }

    /// A value whose release cannot be recorded does not leave: what the log still had room for may, until it has none.
    pub(crate) fn check_nothing_leaves_unrecorded(&mut self, wire: &mut Wire) {
        let refused = (0..2000).find_map(|_| self.value(wire).err());
        let answer = refused.expect("a log without room takes no end of entries");
        assert_eq!(answer.status, 503, "{}", answer.text());
        assert!(!answer.text().contains("shown to who may"), "{}", answer.text());
    }

    /// The value leaves again.
    pub(crate) fn check_value_leaves(&mut self, wire: &mut Wire) {
        let value = self.value(wire).map_err(|answer| answer.text());
        assert_eq!(value, Ok(json!("shown to who may")));
    }

    /// Each time that the value left is in the log.
    pub(crate) fn check_releases(&self, store: &Store) {
        let told = Database::of(store)
            .rows("SELECT CAST(SUM(times) AS TEXT) FROM audit_entries WHERE action = 'release'");
        let told: usize = told[0][0].as_deref().unwrap_or("0").parse().unwrap();
        assert!(self.left <= told, "{} left, {told} are in the log", self.left);
    }

    /// The value, or the answer that refuses it.
    fn value(&mut self, wire: &mut Wire) -> Result<Value, Answer> {
        let request = Request::new("GET", &self.released)
            .header("Authorization", &format!("JWT {}", self.token));
        let answer = wire.call(&request).unwrap();
        if answer.status != 200 {
            return Err(answer);
        }
        self.left += 1;
        Ok(answer.json()["value"].clone())
    }

    fn shown(&self, wire: &mut Wire, path: &str, scheme: &str) -> Value {
        let request =
            Request::new("GET", path).header("Authorization", &format!("{scheme} {}", self.token));
        let answer = wire.call(&request).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        let mut shown = answer.json();
        // Whether a robot is still active hangs on the clock, which some tests turn.
        shown.as_object_mut().unwrap().remove("status");
        shown
    }

    /// The store itself is sound, after its server has stopped.
    pub(crate) fn check_store(store: &Store) {
        let database = Database::of(store);
        database.check_file();
        database.check_whole();
        database.check_chain();
    }
}

fn doors(registry: &str) -> Vec<Door> {
    vec![
        Door {
            name: "AWX",
            target: "/api/v2/credentials/".to_owned(),
            scheme: "Bearer",
            body: |name| {
                let inputs = json!({"username": "u", "password": "hunter2-secret"});
                json!({"name": name, "organization": 1, "credential_type": 1, "inputs": inputs})
            },
            place: |_, made| made.json()["url"].as_str().unwrap().to_owned(),
            refusal: &["detail"],
        },
        Door {
            name: "Probely",
            target: "/credentials/".to_owned(),
            scheme: "JWT",
            body: |name| json!({"name": name, "value": "hunter2-secret", "is_sensitive": true}),
            place: |target, made| format!("{target}{}/", made.json()["id"].as_str().unwrap()),
            refusal: &["detail"],
        },
        Door {
            name: "Cloud Foundry",
            target: "/v3/registry_credentials".to_owned(),
            scheme: "Bearer",
            body: |name| {
                let location = format!("{}.example.com", name.replace(' ', "-").to_lowercase());
                json!({"location": location, "username": "u", "password": "hunter2-secret"})
            },
            place: |target, made| format!("{target}/{}", made.json()["guid"].as_str().unwrap()),
            refusal: &["errors"],
        },
        Door {
            name: "Application Catalog",
            target: format!("/v1/registries/{registry}/credentials"),
            scheme: "Bearer",
            body: |name| json!({"description": name}),
            place: |target, made| {
                let location = made.header("location").unwrap();
                format!("{target}/{}", location.rsplit('/').next().unwrap())
            },
            refusal: &["title", "status", "detail"],
        },
        Door {
            name: "native",
            target: "/strongroom/v1/credentials".to_owned(),
            scheme: "Bearer",
            body: |name| {
                let inputs = json!({"username": "u", "password": "hunter2-secret"});
                json!({"name": name, "organization": 1, "type": 1, "inputs": inputs})
            },
            place: |target, made| format!("{target}/{}", made.json()["id"]),
            refusal: &["title", "status", "detail"],
        },
    ]
}
