//! Credentials in use.

use serde_json::json;

use super::{CREDENTIALS, Office, hidden, line, make, stable};
use crate::room::on_both_stores;

on_both_stores! {
    /// A credential in use is not deleted unless that is forced.
    async fn a_credential_in_use_stays(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("used")).await;
        let id = path.split('/').nth(2).unwrap().to_owned();
        let uses = format!("/strongroom/v1/credentials/{id}/references");
        let used = json!({"consumer": "deployer", "kind": "job", "name": "nightly"});
        office.root.post(&uses, &used).await.is(201);
        assert_eq!(alice.get(&path).await.is(200)["usage_count"], 0);
        let refused = alice.delete(&path).await;
        let bulk = json!({"ids": [id]});
        let lines = [
            line("DELETE", &refused),
            line("bulk", &alice.post("/credentials/bulk/delete/", &bulk).await),
            line("forced", &alice.delete(&format!("{path}?force=true")).await),
            line("gone", &alice.get(&path).await),
        ];
        insta::assert_snapshot!("in_use", lines.join("\n"));
    }

    /// The refusal lists the uses that the caller sees; its sentence counts the others too.
    async fn the_refusal_lists_the_uses(room: Room) {
        let office = Office::new(room).await;
        let (alice, bob) = (office.member("alice").await, office.member("bob").await);
        office.join("bob").await;
        let path = make(&alice, &hidden("used")).await;
        let id = path.split('/').nth(2).unwrap().to_owned();
        let uri = format!("credentials://{id}");
        let domain = json!({"hostname": "d.example.com", "basic_auth_password": uri});
        alice.post("/domains/", &domain).await.is(201);
        let site = json!({"url": "https://s.example.com", "name": "Shop", "otp_secret": uri});
        let hidden_one = json!({"site": site, "teams": [office.team.1]});
        bob.post("/targets/", &hidden_one).await.is(201);
        let seen = alice.get(&path).await.is(200);
        assert_eq!(seen["usage_count"], 1);
        let told = json!({
            "non_field_errors": ["This credential is in use in 2 places."], "references": seen["references"],
        });
        assert_eq!(alice.delete(&path).await.is(400), told);
        assert_eq!(alice.post("/credentials/bulk/delete/", &json!({"ids": [id]})).await.is(400), told);
        let manager = office.token("admin", office.acme).await;
        let whole = manager.delete(&path).await.is(400);
        assert_eq!(whole["references"].as_array().unwrap().len(), 2);
        assert_eq!(whole["references"], manager.get(&path).await.is(200)["references"]);
    }

    /// The setting of the organization makes it a refusal that cannot be forced.
    async fn a_protected_credential_in_use_stays_even_then(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("used")).await;
        let id = path.split('/').nth(2).unwrap().to_owned();
        let uses = format!("/strongroom/v1/credentials/{id}/references");
        let used = json!({"consumer": "deployer", "kind": "job", "name": "nightly"});
        let made = office.root.post(&uses, &used).await.is(201);
        let settings = format!("/strongroom/v1/organizations/{}/settings", office.acme);
        office.root.patch(&settings, &json!({"protect_used": true})).await.is(200);
        alice.delete(&format!("{path}?force=true")).await.is(400);
        office.root.delete(&format!("{uses}/{}", made["id"])).await.is(204);
        alice.delete(&path).await.is(204);
    }

    /// What uses a credential through this dialect is shown with it.
    async fn uses_of_this_dialect_are_shown(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &hidden("used")).await;
        let unused = make(&alice, &hidden("unused")).await;
        let id = path.split('/').nth(2).unwrap().to_owned();
        let uses = format!("/strongroom/v1/credentials/{id}/references");
        for (kind, key) in [("Target", "otp_secret"), ("Domain", "basic_auth_password")] {
            let used = json!({"consumer": "probely", "kind": kind, "name": "Shop", "key": key});
            office.root.post(&uses, &used).await.is(201);
        }
        let shown = alice.get(&path).await.is(200);
        for one in shown["references"].as_array().unwrap() {
            assert_eq!(one["root_object_id"].as_str().unwrap().len(), 12);
        }
        insta::assert_json_snapshot!("uses", stable(shown));
        assert_eq!(alice.get(&unused).await.is(200)["references"], json!([]));
        let page = alice.get(&format!("{CREDENTIALS}?ordering=-usage_count")).await.is(200);
        assert_eq!(page["results"][0]["name"], "used");
    }
}
