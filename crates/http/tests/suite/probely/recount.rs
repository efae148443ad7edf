//! References against a recount: random edits of whatever can mention a credential, and after them the uses that each
//! credential tells are those that a look at every setting finds.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::{Office, hidden, make, text};
use crate::room::{Caller, on_both_stores};

/// One edit; the numbers choose among what there is.
#[derive(Debug, Clone)]
enum Edit {
    AddTarget(Vec<usize>),
    ChangeTarget(usize, Vec<usize>),
    DropTarget(usize),
    AddPart(usize, bool, Vec<usize>),
    DropPart(usize, bool, usize),
    AddDomain(usize),
    ChangeDomain(usize, usize),
    DropDomain(usize),
    ForceCredential(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let any = || 0_usize..100;
    let some = || proptest::collection::vec(0_usize..100, 6);
    prop_oneof![
        3 => some().prop_map(Edit::AddTarget),
        6 => (any(), some()).prop_map(|(at, of)| Edit::ChangeTarget(at, of)),
        1 => any().prop_map(Edit::DropTarget),
        4 => (any(), proptest::bool::ANY, some()).prop_map(|(at, host, of)| Edit::AddPart(at, host, of)),
        2 => (any(), proptest::bool::ANY, any()).prop_map(|(at, host, one)| Edit::DropPart(at, host, one)),
        2 => any().prop_map(Edit::AddDomain),
        2 => (any(), any()).prop_map(|(at, of)| Edit::ChangeDomain(at, of)),
        1 => any().prop_map(Edit::DropDomain),
        1 => any().prop_map(Edit::ForceCredential),
    ]
}

/// The account, and what stands in it by id.
struct Run {
    caller: Caller,
    credentials: Vec<String>,
    named: usize,
}

impl Run {
    /// A text with none, one or two of the credentials in it, or a literal.
    fn mention(&self, choice: usize) -> String {
        let of = |choice: usize| match self.credentials.get(choice % (self.credentials.len() + 1)) {
            Some(id) => format!("credentials://{id}"),
            None => "hunter2".to_owned(),
        };
        match choice % 4 {
            0 => String::new(),
            1 => format!("Bearer {}", of(choice / 4)),
            2 => format!("{} {}", of(choice / 4), of(choice / 7)),
            _ => of(choice / 4),
        }
    }

    fn site(&self, of: &[usize]) -> Value {
        json!({
            "basic_auth": {"username": self.mention(of[0]), "password": self.mention(of[1])},
            "headers": [
                {"name": "A", "value": self.mention(of[2])},
                {"name": "A", "value": self.mention(of[3])},
            ],
            "otp_secret": self.mention(of[4]),
            "api_scan_settings": {"api_login_payload": self.mention(of[5])},
        })
    }

    async fn ids(&self, path: &str) -> Vec<String> {
        let page = self.caller.get(&format!("{path}?length=1000")).await.is(200);
        page["results"].as_array().unwrap().iter().map(|one| text(&one["id"])).collect()
    }

    async fn one(&self, path: &str, choice: usize) -> Option<String> {
        let ids = self.ids(path).await;
        let id = ids.get(choice.checked_rem(ids.len())?)?;
        Some(format!("{path}{id}/"))
    }

    async fn carry_out(&mut self, edit: &Edit) -> Option<()> {
        self.named += 1;
        let name = format!("h{}.example.com", self.named);
        match edit {
            Edit::AddTarget(of) => {
                let mut site = self.site(of);
                site["url"] = json!(format!("https://{name}"));
                self.caller.post("/targets/", &json!({"site": site})).await.is(201);
            }
            Edit::ChangeTarget(at, of) => {
                let path = self.one("/targets/", *at).await?;
                self.caller.patch(&path, &json!({"site": self.site(of)})).await.is(200);
            }
            Edit::DropTarget(at) => {
                let path = self.one("/targets/", *at).await?;
                self.caller.delete(&path).await.is(204);
            }
            Edit::AddPart(at, is_host, of) => {
                let path = self.one("/targets/", *at).await?;
                let (kind, body) = if *is_host {
                    let headers = json!([{"name": "H", "value": self.mention(of[0])}]);
                    ("assets", json!({"host": name, "headers": headers}))
                } else {
                    let fields = json!([{"name": "[F]", "value": self.mention(of[0])}]);
                    ("sequences", json!({"name": name, "custom_field_mappings": fields}))
                };
                self.caller.post(&format!("{path}{kind}/"), &body).await.is(201);
            }
            Edit::DropPart(at, is_host, one) => {
                let target = self.one("/targets/", *at).await?;
                let kind = if *is_host { "assets" } else { "sequences" };
                let path = self.one(&format!("{target}{kind}/"), *one).await?;
                self.caller.delete(&path).await.is(204);
            }
            Edit::AddDomain(of) => {
                let body = json!({"hostname": name, "basic_auth_password": self.mention(*of)});
                self.caller.post("/domains/", &body).await.is(201);
            }
            Edit::ChangeDomain(at, of) => {
                let path = self.one("/domains/", *at).await?;
                let body = json!({"basic_auth_username": self.mention(*of)});
                self.caller.patch(&path, &body).await.is(200);
            }
            Edit::DropDomain(at) => {
                let path = self.one("/domains/", *at).await?;
                self.caller.delete(&path).await.is(204);
            }
            Edit::ForceCredential(at) => {
                let at = at.checked_rem(self.credentials.len())?;
                let id = self.credentials.remove(at);
                let path = format!("/credentials/{id}/?force=true");
                self.caller.delete(&path).await.is(204);
            }
        }
        Some(())
    }

    /// Every use that the settings tell, found by looking at all of them: credential, root and key.
    async fn recount(&self) -> BTreeSet<(String, String, String)> {
        let mut found = BTreeSet::new();
        let mut note = |value: &Value, root: &str, key: String| {
            for id in &self.credentials {
                let uri = format!("credentials://{id}");
                if value.as_str().is_some_and(|text| text.contains(&uri)) {
                    found.insert((id.clone(), root.to_owned(), key.clone()));
                }
            }
        };
        for id in self.ids("/targets/").await {
            let path = format!("/targets/{id}/");
            let site = self.caller.get(&path).await.is(200)["site"].clone();
            for name in ["username", "password"] {
                note(&site["basic_auth"][name], &id, format!("basic_auth.{name}"));
            }
            for header in site["headers"].as_array().unwrap() {
                note(&header["value"], &id, format!("headers.{}", text(&header["name"])));
            }
            note(&site["otp_secret"], &id, "otp_secret".to_owned());
            let payload = &site["api_scan_settings"]["api_login_payload"];
            note(payload, &id, "api_scan_settings.api_login_payload".to_owned());
            for part in
                self.caller.get(&format!("{path}assets/?length=1000")).await.is(200)["results"]
                    .as_array()
                    .unwrap()
            {
                let key = format!("assets.{}.headers.H", text(&part["id"]));
                note(&part["headers"][0]["value"], &id, key);
            }
            for part in
                self.caller.get(&format!("{path}sequences/?length=1000")).await.is(200)["results"]
                    .as_array()
                    .unwrap()
            {
                let key = format!("sequences.{}.[F]", text(&part["id"]));
                note(&part["custom_field_mappings"][0]["value"], &id, key);
            }
        }
        for id in self.ids("/domains/").await {
            let domain = self.caller.get(&format!("/domains/{id}/")).await.is(200);
            for name in ["basic_auth_username", "basic_auth_password"] {
                note(&domain[name], &id, name.to_owned());
            }
        }
        found
    }

    /// Every use that the credentials tell.
    async fn told(&self) -> BTreeSet<(String, String, String)> {
        let page = self.caller.get("/credentials/?length=1000").await.is(200);
        let mut told = BTreeSet::new();
        for credential in page["results"].as_array().unwrap() {
            let references = credential["references"].as_array().unwrap();
            assert_eq!(credential["usage_count"], references.len());
            for one in references {
                let member = |name: &str| text(&one[name]);
                let new =
                    (text(&credential["id"]), member("root_object_id"), member("ui_reference_key"));
                assert!(told.insert(new), "one entry for each field: {one}");
            }
        }
        told
    }
}

/// Edits of a run, and runs of a test.
const EDITS: usize = 40;
const RUNS: usize = 3;

on_both_stores! {
    /// The references are never more or less than what the settings mention.
    async fn references_are_what_a_recount_finds(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let mut runner = TestRunner::new(Config::default());
        let edits = proptest::collection::vec(edit(), EDITS);
        for _ in 0..RUNS {
            let mut run = Run { caller: alice.clone(), credentials: Vec::new(), named: 0 };
            for name in ["a", "b", "c"] {
                let path = make(&alice, &hidden(name)).await;
                run.credentials.push(path.split('/').nth(2).unwrap().to_owned());
            }
            let edits = edits.new_tree(&mut runner).unwrap().current();
            for (done, edit) in edits.iter().enumerate() {
                let _ = run.carry_out(edit).await;
                if done % 8 == 7 {
                    assert_eq!(run.told().await, run.recount().await, "{:?}", &edits[..=done]);
                }
            }
            for path in ["/targets/", "/domains/"] {
                for id in run.ids(path).await {
                    alice.delete(&format!("{path}{id}/")).await.is(204);
                }
            }
            assert!(run.told().await.is_empty());
        }
    }
}
