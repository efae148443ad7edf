//! Credentials: made, read, replaced, changed, deleted.

use serde_json::{Value, json};

use super::{CREDENTIALS, Office, hidden, line, make, open, stable, text};
use crate::room::on_both_stores;

const MEMBERS: [&str; 12] = [
    "id",
    "uri",
    "name",
    "team",
    "description",
    "is_sensitive",
    "value",
    "created_at",
    "updated_at",
    "creator",
    "usage_count",
    "references",
];

on_both_stores! {
    /// Every answer of the operation and its neighbours.
    async fn every_answer_has_all_twelve_members(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        office.join("alice").await;
        let body = json!({
            "name": " Login ", "description": " for the shop ", "team": office.team.1,
            "value": " hunter2-secret ", "id": "ignored", "creator": 5, "nonsense": [1],
        });
        let made = alice.post(CREDENTIALS, &body).await;
        let shown = made.is(201);
        let path = format!("{CREDENTIALS}{}/", text(&shown["id"]));
        assert_eq!(shown["uri"], format!("credentials://{}", text(&shown["id"])));
        assert_eq!(shown["team"], office.team.1);
        office.room.wait(1);
        let changed = json!({"name": "Login 2", "value": "hunter2-new", "is_sensitive": false});
        let mut lines = vec![
            line("POST", &made),
            line("GET", &alice.get(&path).await),
            line("PUT", &alice.put(&path, &changed).await),
            line("GET shown", &alice.get(&path).await),
        ];
        office.room.wait(1);
        let nothing = json!({"id": "x", "updated_at": "now"});
        lines.push(line("PATCH nothing", &alice.patch(&path, &nothing).await));
        let moved = json!({"team": null, "description": "", "is_sensitive": true});
        lines.push(line("PATCH", &alice.patch(&path, &moved).await));
        lines.push(line("LIST", &alice.get(CREDENTIALS).await));
        lines.push(line("DELETE", &alice.delete(&path).await));
        lines.push(line("GET gone", &alice.get(&path).await));
        insta::assert_snapshot!("answers", lines.join("\n"));
        for reply in [&made, &alice.post(CREDENTIALS, &open("x")).await] {
            let shown = reply.is(201);
            let members: Vec<&str> =
                shown.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(members, MEMBERS);
        }
    }

    /// A credential that the client read can be edited and sent back.
    async fn what_was_read_can_be_sent_back(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("kept")).await;
        let mut read = alice.get(&path).await.is(200);
        assert_eq!(read["value"], Value::Null);
        read["name"] = json!("renamed");
        let put = alice.put(&path, &read).await.is(200);
        assert_eq!((&put["name"], &put["value"]), (&json!("renamed"), &Value::Null));
        let shown = alice.patch(&path, &json!({"is_sensitive": false})).await.is(200);
        assert_eq!(shown["value"], "hunter2-secret");
        let again = alice.put(&path, &shown).await.is(200);
        assert_eq!(again["value"], "hunter2-secret");
    }

    /// When a change counts as one.
    async fn every_put_moves_updated_at_and_an_empty_patch_does_not(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("x")).await;
        let made = alice.get(&path).await.is(200);
        assert_eq!(made["created_at"], "2026-01-01T00:00:00.000000Z");
        office.room.wait(5);
        let same = alice.patch(&path, &json!({"unknown": 1})).await.is(200);
        assert_eq!(same["updated_at"], made["updated_at"]);
        let put = alice.put(&path, &made).await.is(200);
        assert_eq!(put["updated_at"], "2026-01-01T00:00:05.000000Z");
        office.room.wait(5);
        let patched = alice.patch(&path, &json!({"description": ""})).await.is(200);
        assert_eq!(patched["updated_at"], "2026-01-01T00:00:10.000000Z");
        assert_eq!(patched["created_at"], made["created_at"]);
    }

    /// Values that text handling might spoil.
    async fn a_value_is_kept_to_the_last_character(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let longest = "\u{1f600}".repeat(65_536);
        for value in ["", " ", "\n\t", "$encrypted$", "caf\u{e9} \u{1f600}", longest.as_str()] {
            let body = json!({"name": "x", "value": value, "is_sensitive": false});
            let path = make(&alice, &body).await;
            assert_eq!(alice.get(&path).await.is(200)["value"], value);
        }
        let long = json!({"name": "x", "value": "x".repeat(65_537)});
        let refused = alice.post(CREDENTIALS, &long).await.is(400);
        let sentence = "Ensure this field has no more than 65536 characters.";
        assert_eq!(refused, json!({"value": [sentence]}));
    }

    /// Faults of fields, all at once, and nothing of the value in them.
    async fn rules_are_listed_by_field(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("kept")).await;
        let shown = make(&alice, &open("open")).await;
        let before = alice.get(&path).await.text;
        let secret = "hunter2-secret";
        let mut lines = Vec::new();
        for body in [
            json!({}),
            json!({"name": "x"}),
            json!({"value": secret}),
            json!({"name": "", "value": null}),
            json!({"name": "  ", "value": [secret]}),
            json!({"name": null, "value": {"x": secret}, "description": null, "is_sensitive": null}),
            json!({"name": true, "value": false, "description": [], "is_sensitive": "maybe", "team": true}),
            json!({"name": "x".repeat(256), "value": format!("{secret}\0"), "description": "x".repeat(1025)}),
            json!({"name": "a\0b", "value": secret, "team": "nobody"}),
            json!({"name": "x", "value": secret, "team": "111111111111"}),
            json!({"name": "x", "value": secret, "team": 5}),
            json!({"name": "x", "value": secret, "team": ""}),
            json!({"name": "x", "value": secret, "team": office.team.1}),
        ] {
            let reply = alice.post(CREDENTIALS, &body).await;
            assert!(!reply.text.contains("hunter2"), "{}", reply.text);
            lines.push(line("POST", &reply));
            assert!(!alice.put(&path, &body).await.text.contains("hunter2"));
        }
        lines.push(line("PUT", &alice.put(&path, &json!({"description": "x"})).await));
        lines.push(line("PATCH", &alice.patch(&path, &json!({"name": null})).await));
        let null = json!({"value": null});
        lines.push(line("PATCH open null", &alice.patch(&shown, &null).await));
        let null = json!({"name": "x", "value": null});
        lines.push(line("PUT open null", &alice.put(&shown, &null).await));
        insta::assert_snapshot!("rules", lines.join("\n").replace(&office.team.1, "[team]"));
        assert_eq!(alice.get(&path).await.text, before);
        for name in ["x".repeat(255), "\u{e9}".repeat(255)] {
            let body = json!({"name": name, "description": "\u{e9}".repeat(1024), "value": "x"});
            alice.post(CREDENTIALS, &body).await.is(201);
        }
    }

    /// Names are not unique, and a number is its text.
    async fn names_need_not_be_unique(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let one = make(&alice, &hidden("same")).await;
        let other = make(&alice, &hidden("same")).await;
        assert_ne!(one, other);
        let named = alice.post(CREDENTIALS, &json!({"name": 12, "value": 3.5})).await.is(201);
        assert_eq!(named["name"], "12");
    }

    /// Everything is in the audit log, values never are.
    async fn changes_are_in_the_audit_log(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("audited")).await;
        alice.put(&path, &json!({"name": "renamed", "value": "hunter2-x"})).await.is(200);
        alice.patch(&path, &json!({"is_sensitive": false})).await.is(200);
        alice.get(&path).await.is(200);
        alice.get(CREDENTIALS).await.is(200);
        alice.patch(&path, &json!({"is_sensitive": true})).await.is(200);
        alice.get(&path).await.is(200);
        alice.delete(&path).await.is(204);
        insta::assert_snapshot!("audited", office.told().await.join("\n"));
    }

    /// Several are deleted, or none.
    async fn several_are_deleted_or_none(room: Room) {
        let office = Office::new(room).await;
        let (alice, bob) = (office.member("alice").await, office.member("bob").await);
        let bulk = "/credentials/bulk/delete/";
        let mut ids = Vec::new();
        for name in ["a", "b", "c"] {
            let path = make(&alice, &hidden(name)).await;
            ids.push(path.split('/').nth(2).unwrap().to_owned());
        }
        let unknown = json!({"ids": [ids[0], "4DY4qGohso1r", "nonsense"]});
        let reply = alice.post(bulk, &unknown).await.is(404);
        assert_eq!(reply["detail"], "Not Found");
        assert_eq!(reply["is_id_404_validation"], true);
        assert_eq!(reply["invalid_ids"], json!(["4DY4qGohso1r", "nonsense"]));
        bob.post(bulk, &json!({"ids": ids})).await.is(403);
        assert_eq!(alice.get(CREDENTIALS).await.is(200)["count"], 3);
        let body = json!({"ids": [ids[0], ids[1], ids[1]]});
        assert_eq!(alice.post(bulk, &body).await.is(200), body);
        assert_eq!(alice.get(CREDENTIALS).await.is(200)["count"], 1);
        let mut lines = Vec::new();
        for body in [
            json!({}),
            json!({"ids": null}),
            json!({"ids": "x"}),
            json!({"ids": [1, "x", null]}),
            json!({"ids": vec!["x"; 1001]}),
            json!({"ids": []}),
        ] {
            lines.push(line("POST", &alice.post(bulk, &body).await));
        }
        insta::assert_snapshot!("bulk", lines.join("\n"));
    }

    /// A creator who is gone still has his name.
    async fn a_creator_who_is_gone_keeps_his_name(room: Room) {
        let office = Office::new(room).await;
        let (alice, bob) = (office.member("alice").await, office.member("bob").await);
        let path = make(&alice, &hidden("orphan")).await;
        let before = bob.get(&path).await.is(200)["creator"].clone();
        let id = office.id_of("alice").await;
        office.root.delete(&format!("/api/v2/users/{id}/")).await.is(204);
        alice.get(&path).await.is(401);
        let after = bob.get(&path).await.is(200)["creator"].clone();
        assert_eq!(before["id"], after["id"]);
        insta::assert_json_snapshot!("creators", [stable(before), stable(after)]);
    }
}
