//! The Galaxy credentials of an organization.

use serde_json::{Value, json};

use super::{Office, answers, is_refused};
use crate::room::on_both_stores;

const GALAXY: &str = "/api/v2/organizations/2/galaxy_credentials/";

async fn ids(office: &Office) -> Vec<Value> {
    let listed = office.admin.get(GALAXY).await.is(200);
    listed["results"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect()
}

on_both_stores! {
    async fn they_are_attached_in_order_and_taken_away(room: Room) {
        let office = Office::of(room).await;
        let url = json!({"url": "https://galaxy.example.com/"});
        let own = office.of_type("a hub", 19, &url).await;
        let second = office.of_type("another hub", 19, &url).await;
        for id in [second, own, second] {
            office.bob.post(GALAXY, &json!({"id": id})).await.is(204);
        }
        assert_eq!(ids(&office).await, [json!(second), json!(own)]);
        // The one that a fresh store holds is for whoever administers the system.
        answers(&office.bob.post(GALAXY, &json!({"id": 1})).await, 400, &json!({"detail": "Credential matching query does not exist."}));
        office.admin.post(GALAXY, &json!({"id": 1})).await.is(204);
        assert_eq!(ids(&office).await, [json!(second), json!(own), json!(1)]);
        assert_eq!(office.bob.get(GALAXY).await.is(200)["count"], 2);
        assert_eq!(office.admin.get(&format!("{GALAXY}?name=a%20hub")).await.is(200)["count"], 1);
        let machine = office.of_type("m", 1, &json!({})).await;
        answers(&office.admin.post(GALAXY, &json!({"id": machine})).await, 400, &json!({
            "msg": "Credential must be a Galaxy credential, not Machine."
        }));
        answers(&office.admin.post(GALAXY, &json!({})).await, 400, &json!({"msg": "Credential 'id' field is missing."}));
        office.admin.post("/api/v2/organizations/2/users/", &json!({"id": 2})).await.is(204);
        is_refused(&office.alice.post(GALAXY, &json!({"id": own})).await);
        for _ in 0..2 {
            office.bob.post(GALAXY, &json!({"id": second, "disassociate": true})).await.is(204);
        }
        office.admin.delete(&format!("/api/v2/credentials/{own}/")).await.is(204);
        assert_eq!(ids(&office).await, [json!(1)]);
        office.admin.delete("/api/v2/organizations/2/").await.is(204);
        office.admin.get("/api/v2/credentials/1/").await.is(200);
    }
}
