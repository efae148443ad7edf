//! Showing a hidden value: to whom, and what becomes of the value otherwise.

use serde_json::{Value, json};
use strongroom_http::HttpSettings;
use strongroom_service::Tuning;

use super::{Office, hidden, line, make, open};
use crate::database::StoreKind;
use crate::room::{Room, on_both_stores};

/// A server that never shows a hidden value: a new one may be shown, and what is shown already stays so.
async fn a_strict_server_shows_no_hidden_value(kind: StoreKind) {
    let tuning = Tuning { probely_reveal: false, ..Tuning::default() };
    let office = Office::new(Room::tuned(kind, HttpSettings::default(), tuning).await).await;
    let alice = office.member("alice").await;
    let path = make(&alice, &hidden("x")).await;
    let show = json!({"is_sensitive": false});
    let mut lines = Vec::new();
    for (label, reply) in [
        ("patch", alice.patch(&path, &show).await),
        ("null", alice.patch(&path, &json!({"is_sensitive": false, "value": null})).await),
        (
            "put",
            alice.put(&path, &json!({"name": "y", "value": null, "is_sensitive": false})).await,
        ),
        ("administrator", office.token("admin", office.acme).await.patch(&path, &show).await),
        ("stranger", office.member("bob").await.patch(&path, &show).await),
    ] {
        lines.push(line(label, &reply));
    }
    insta::assert_snapshot!("strict", lines.join("\n"));
    let read = alice.get(&path).await.is(200);
    assert_eq!(
        (&read["name"], &read["is_sensitive"], &read["value"]),
        (&json!("x"), &json!(true), &json!(null))
    );
    let told = office.told().await;
    assert!(
        !told.iter().any(|entry| entry.starts_with("re")),
        "nothing was revealed or released: {told:?}"
    );
    let new = json!({"is_sensitive": false, "value": "hunter2-new"});
    assert_eq!(alice.patch(&path, &new).await.is(200)["value"], "hunter2-new");
    assert_eq!(alice.patch(&path, &show).await.is(200)["value"], "hunter2-new");
    assert_eq!(make_open(&alice).await, "hunter2-open");
}

async fn make_open(caller: &crate::room::Caller) -> String {
    let path = make(caller, &open("o")).await;
    super::text(&caller.get(&path).await.is(200)["value"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_server_with_sqlite_shows_no_hidden_value() {
    a_strict_server_shows_no_hidden_value(StoreKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_strict_server_with_postgres_shows_no_hidden_value() {
    a_strict_server_shows_no_hidden_value(StoreKind::Postgres).await;
}

on_both_stores! {
    /// Whoever typed the value, and is still in the account, may show it; others may not, whatever they manage.
    async fn only_who_holds_change_and_checkout_shows_a_hidden_value(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let manager = office.member("manager").await;
        office.grant_in_account("probely_manage_credentials", office.id_of("manager").await).await;
        let admin = office.token("admin", office.acme).await;
        let path = make(&alice, &hidden("x")).await;
        let show = json!({"is_sensitive": false});
        let mut lines = Vec::new();
        for (who, caller) in [("manager", &manager), ("admin", &admin)] {
            lines.push(line(who, &caller.patch(&path, &show).await));
            let put = json!({"name": "y", "value": null, "is_sensitive": false});
            caller.put(&path, &put).await.is(403);
        }
        let read = alice.get(&path).await.is(200);
        assert_eq!((&read["name"], &read["is_sensitive"]), (&json!("x"), &json!(true)));
        lines.push(line("alice", &alice.patch(&path, &show).await));
        insta::assert_snapshot!("shown", lines.join("\n"));
        assert_eq!(manager.get(&path).await.is(200)["value"], "hunter2-secret");
        let told = office.told().await;
        assert!(told.iter().any(|entry| entry == "reveal done of 2 objects: is_sensitive"), "{told:?}");
    }

    /// A role given natively lets somebody else show it too.
    async fn checkout_given_natively_counts(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let manager = office.member("manager").await;
        let id = office.id_of("manager").await;
        office.grant_in_account("probely_manage_credentials", id).await;
        let path = make(&alice, &hidden("x")).await;
        let credential = path.split('/').nth(2).unwrap();
        let grants = format!("/strongroom/v1/credentials/{credential}/grants");
        let show = json!({"is_sensitive": false});
        manager.patch(&path, &show).await.is(403);
        office.root.post(&grants, &json!({"role": "checkout", "user": id})).await.is(201);
        assert_eq!(manager.patch(&path, &show).await.is(200)["value"], "hunter2-secret");
    }

    /// Having typed ends with the next value that somebody else sets.
    async fn who_typed_it_is_whoever_set_it_last(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let manager = office.member("manager").await;
        office.grant_in_account("probely_manage_credentials", office.id_of("manager").await).await;
        let path = make(&alice, &hidden("x")).await;
        manager.patch(&path, &json!({"value": "hunter2-new"})).await.is(200);
        let show = json!({"is_sensitive": false});
        alice.patch(&path, &show).await.is(403);
        assert_eq!(manager.patch(&path, &show).await.is(200)["value"], "hunter2-new");
    }

    /// A new value may be shown by whoever sets it; the old one is gone.
    async fn a_new_value_may_be_shown(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let manager = office.member("manager").await;
        office.grant_in_account("probely_manage_credentials", office.id_of("manager").await).await;
        let path = make(&alice, &hidden("x")).await;
        let both = json!({"is_sensitive": false, "value": "hunter2-new"});
        assert_eq!(manager.patch(&path, &both).await.is(200)["value"], "hunter2-new");
        assert_eq!(alice.get(&path).await.is(200)["value"], "hunter2-new");
        let told = office.told().await;
        assert!(!told.iter().any(|entry| entry.starts_with("reveal")), "{told:?}");
    }

    /// Hiding takes the value out of the same answer.
    async fn hiding_hides_at_once(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &open("x")).await;
        let hidden = alice.patch(&path, &json!({"is_sensitive": true})).await.is(200);
        assert_eq!(hidden["value"], Value::Null);
        assert_eq!(alice.get(&path).await.is(200)["value"], Value::Null);
    }

    /// A value that AWX or a restore sets is hidden again, and nobody here has typed it.
    async fn a_value_set_elsewhere_is_hidden_again(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &open("x")).await;
        let credential = path.split('/').nth(2).unwrap();
        let native = format!("/strongroom/v1/credentials/{credential}");
        let set = json!({"inputs": {"value": "hunter2-elsewhere"}});
        office.root.patch(&native, &set).await.is(200);
        assert_eq!(alice.get(&path).await.is(200)["is_sensitive"], true);
        alice.patch(&path, &json!({"is_sensitive": false})).await.is(403);
        alice.patch(&path, &json!({"value": "hunter2-mine", "is_sensitive": false})).await.is(200);
        office.root.post(&format!("{native}/versions/1/restore"), &json!({})).await.is(200);
        let restored = alice.get(&path).await.is(200);
        assert_eq!((&restored["is_sensitive"], &restored["value"]), (&json!(true), &Value::Null));
        alice.patch(&path, &json!({"is_sensitive": false})).await.is(403);
    }

    /// Who leaves the account loses the checkout that typing gave.
    async fn typing_counts_only_in_the_account(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("x")).await;
        let grants = format!("/strongroom/v1/organizations/{}/grants", office.acme);
        let given = office.root.get(&grants).await.is(200);
        let mut items = given["items"].as_array().unwrap().iter();
        let id = &items.rfind(|grant| grant["role"] == "probely_member").unwrap()["id"];
        office.root.delete(&format!("{grants}/{id}")).await.is(204);
        alice.patch(&path, &json!({"is_sensitive": false})).await.is(401);
        office.grant_in_account("probely_member", office.id_of("alice").await).await;
        alice.patch(&path, &json!({"is_sensitive": false})).await.is(200);
    }
}
