//! Who sees, changes and deletes what: the table of the contract, for each actor it names.

use serde_json::json;

use super::{CREDENTIALS, Office, hidden, make, open};
use crate::room::{Caller, Room, on_both_stores};

/// For each actor what he may do with a credential of the account, of the team, and of his own: s see, c change, d delete.
const TABLE: &[(&str, [&str; 3])] = &[
    ("creator", ["scd", "scd", "scd"]),
    ("account manager", ["scd", "scd", "scd"]),
    ("team manager", ["s", "scd", "scd"]),
    ("team member", ["s", "s", "scd"]),
    ("account member", ["s", "", "scd"]),
    ("organization admin", ["scd", "scd", "scd"]),
    ("system administrator", ["scd", "scd", "scd"]),
    ("other account", ["", "", "scd"]),
];

async fn caller(office: &Office, actor: &str, creator: &Caller) -> Caller {
    let name = actor.replace(' ', "-");
    match actor {
        "creator" => creator.clone(),
        "account manager" => {
            let caller = office.member(&name).await;
            office.grant_in_account("probely_manage_credentials", office.id_of(&name).await).await;
            caller
        }
        "team manager" => {
            let caller = office.member(&name).await;
            let path = format!("/strongroom/v1/teams/{}/grants", office.team.0);
            let role =
                json!({"role": "probely_manage_credentials", "user": office.id_of(&name).await});
            office.root.post(&path, &role).await.is(201);
            caller
        }
        "team member" => {
            let caller = office.member(&name).await;
            office.join(&name).await;
            caller
        }
        "organization admin" => {
            let id = office.person(&name).await;
            let path = format!("/api/v2/organizations/{}/admins/", office.acme);
            office.root.post(&path, &json!({"id": id})).await.is(204);
            office.token(&name, office.acme).await
        }
        "system administrator" => office.token("admin", office.acme).await,
        "other account" => {
            let id = office.person(&name).await;
            let path = "/strongroom/v1/organizations/1/grants";
            office.root.post(path, &json!({"role": "probely_member", "user": id})).await.is(201);
            office.token(&name, 1).await
        }
        _ => office.member(&name).await,
    }
}

/// What somebody may do with a credential, tried out; it is made anew by whoever owns it.
async fn tried(caller: &Caller, owner: &Caller, team: Option<&str>) -> String {
    let body = json!({"name": "tried", "value": "hunter2-secret", "team": team});
    let path = make(owner, &body).await;
    let mut may = String::new();
    let read = caller.get(&path).await;
    let listed = caller.get(&format!("{CREDENTIALS}?length=1000")).await.is(200);
    let id = path.split('/').nth(2).unwrap();
    assert_eq!(
        listed.to_string().contains(id),
        read.status == 200,
        "the list hides what is hidden"
    );
    let hides = match read.status {
        200 => {
            may.push('s');
            403
        }
        status => {
            assert_eq!(status, 404);
            404
        }
    };
    let changed = caller.patch(&path, &json!({"name": "changed"})).await;
    let put = caller.put(&path, &json!({"name": "changed", "value": null})).await;
    assert_eq!(changed.status, put.status);
    match changed.status {
        200 => may.push('c'),
        status => assert_eq!(status, hides),
    }
    match caller.delete(&path).await.status {
        204 => may.push('d'),
        status => assert_eq!(status, hides),
    }
    may
}

async fn check(room: Room) {
    let office = Office::new(room).await;
    let creator = office.member("creator").await;
    office.join("creator").await;
    for (actor, expected) in TABLE {
        let caller = caller(&office, actor, &creator).await;
        let found = [
            tried(&caller, &creator, None).await,
            tried(&caller, &creator, Some(&office.team.1)).await,
            tried(&caller, &caller, None).await,
        ];
        assert_eq!(&found.each_ref().map(String::as_str), expected, "{actor}");
    }
}

on_both_stores! {
    /// The whole table.
    async fn everybody_may_what_the_contract_says(room: Room) {
        check(room).await;
    }

    /// Team credentials are used by members of the team, those of the account by everybody in it.
    async fn what_is_seen_by_position_may_be_mentioned(room: Room) {
        let office = Office::new(room).await;
        let creator = office.member("creator").await;
        office.join("creator").await;
        let wide = make(&creator, &hidden("account")).await;
        let body = json!({"name": "team", "value": "hunter2", "team": office.team.1});
        let of_team = make(&creator, &body).await;
        for (actor, status) in [
            ("account member", [201, 400]),
            ("team member", [201, 201]),
            ("team manager", [201, 201]),
            ("account manager", [201, 201]),
            ("other account", [400, 400]),
        ] {
            let caller = caller(&office, actor, &creator).await;
            for (path, status) in [&wide, &of_team].into_iter().zip(status) {
                let uri = format!("credentials://{}", path.split('/').nth(2).unwrap());
                let domain = json!({"hostname": "d.example.com", "basic_auth_password": uri});
                caller.post("/domains/", &domain).await.status_is(status);
            }
        }
    }

    /// Membership of the account can be given to a team: its members are members like any other.
    async fn a_member_through_his_team_is_a_member(room: Room) {
        let office = Office::new(room).await;
        office.person("alice").await;
        office.join("alice").await;
        let path = format!("/strongroom/v1/organizations/{}/grants", office.acme);
        let member = json!({"role": "probely_member", "team": office.team.0});
        office.root.post(&path, &member).await.is(201);
        let alice = office.token("alice", office.acme).await;
        let own = make(&alice, &hidden("own")).await;
        alice.patch(&own, &json!({"name": "changed"})).await.is(200);
        alice.patch(&own, &json!({"is_sensitive": false})).await.is(200);
        let uri = format!("credentials://{}", own.split('/').nth(2).unwrap());
        let domain = json!({"hostname": "d.example.com", "basic_auth_password": uri});
        alice.post("/domains/", &domain).await.is(201);
    }

    /// Whoever leaves the account opens nothing here. What he made he still reads natively, masked, and no more; it is
    /// his again when he comes back.
    async fn a_creator_who_left_reads_what_he_made_and_no_more(room: Room) {
        let office = Office::new(room).await;
        let id = office.person("alice").await;
        let grants = format!("/strongroom/v1/organizations/{}/grants", office.acme);
        let member = json!({"role": "probely_member", "user": id});
        let given = office.root.post(&grants, &member).await.is(201);
        let alice = office.token("alice", office.acme).await;
        let path = make(&alice, &hidden("own")).await;
        office.root.delete(&format!("{grants}/{}", given["id"])).await.is(204);
        alice.get(&path).await.is(401);
        let native = format!("/strongroom/v1/credentials/{}", path.split('/').nth(2).unwrap());
        let outside = office.room.with_token_of("alice").await;
        let read = outside.get(&native).await.is(200);
        assert_eq!(read["inputs"], json!({"value": "$encrypted$"}));
        assert!(read["may"].as_object().unwrap().values().all(|may| may == false), "{read}");
        outside.post(&format!("{native}/checkout"), &json!({})).await.is(403);
        outside.patch(&native, &json!({"description": "x"})).await.is(403);
        outside.delete(&native).await.is(403);
        let used = json!({"consumer": "ci", "kind": "job", "name": "n"});
        outside.post(&format!("{native}/references"), &used).await.is(403);
        office.root.post(&grants, &member).await.is(201);
        alice.patch(&path, &json!({"is_sensitive": false})).await.is(200);
        alice.delete(&path).await.is(204);
    }

    /// Where a credential may be put.
    async fn a_team_is_set_by_who_belongs_to_it_or_manages_it(room: Room) {
        let office = Office::new(room).await;
        let creator = office.member("creator").await;
        let body = json!({"name": "x", "value": "y", "team": office.team.1});
        for (actor, status) in [
            ("account member", 400),
            ("other account", 400),
            ("team member", 201),
            ("team manager", 201),
            ("account manager", 201),
            ("organization admin", 201),
            ("system administrator", 201),
        ] {
            let caller = caller(&office, actor, &creator).await;
            assert_eq!(caller.post(CREDENTIALS, &body).await.status, status, "{actor}");
            let own = make(&caller, &hidden("own")).await;
            let moved = caller.patch(&own, &json!({"team": office.team.1})).await;
            assert_eq!(moved.status, if status == 201 { 200 } else { 400 }, "{actor}");
        }
    }

    /// Where it is already a credential may stay, whoever edits the rest of it.
    async fn a_team_that_stays_is_not_asked_about(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        office.join("alice").await;
        let body = json!({"name": "x", "value": "y", "team": office.team.1});
        let path = make(&alice, &body).await;
        let leave = format!("/api/v2/teams/{}/users/", office.team.0);
        let id = office.id_of("alice").await;
        office.root.post(&leave, &json!({"id": id, "disassociate": true})).await.is(204);
        let read = alice.get(&path).await.is(200);
        assert_eq!(alice.put(&path, &read).await.is(200)["team"], office.team.1);
        alice.patch(&path, &json!({"team": null})).await.is(200);
        alice.patch(&path, &json!({"team": office.team.1})).await.is(400);
    }

    /// A team that goes takes its placements along, and nothing becomes visible to the account.
    async fn a_team_that_goes_widens_nothing(room: Room) {
        let office = Office::new(room).await;
        let (alice, bob) = (office.member("alice").await, office.member("bob").await);
        office.join("alice").await;
        let body = json!({"name": "of the team", "value": "hunter2", "team": office.team.1});
        let path = make(&alice, &body).await;
        office.root.delete(&format!("/api/v2/teams/{}/", office.team.0)).await.is(204);
        for caller in [&alice, &bob] {
            caller.get(&path).await.is(404);
            assert_eq!(caller.get(CREDENTIALS).await.is(200)["count"], 0);
        }
        let kept = office.root.get("/strongroom/v1/credentials").await.is(200);
        assert!(kept.to_string().contains("of the team"), "{kept}");
    }

    /// An auditor of the system reads what there is and sees no secret, not even an open one.
    async fn an_auditor_sees_no_open_value_that_his_position_does_not_give(room: Room) {
        let office = Office::new(room).await;
        let (alice, auditor) = (office.member("alice").await, office.member("auditor").await);
        office.join("alice").await;
        let id = office.id_of("auditor").await;
        office.root.patch(&format!("/api/v2/users/{id}/"), &json!({"is_system_auditor": true})).await.is(200);
        let account = make(&alice, &open("account")).await;
        let team = json!({"name": "team", "value": "hunter2", "is_sensitive": false, "team": office.team.1});
        let team = make(&alice, &team).await;
        assert_eq!(auditor.get(&account).await.is(200)["value"], "hunter2-open");
        assert_eq!(auditor.get(&team).await.is(200)["value"], json!(null));
        auditor.patch(&team, &json!({"name": "x"})).await.is(403);
    }

    /// A token that only reads.
    async fn a_token_that_only_reads_changes_nothing(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = make(&alice, &open("x")).await;
        let sql = "UPDATE tokens SET scope = 'read' WHERE kind = 'probely'";
        office.room.database.rows(sql).await;
        assert_eq!(alice.get(&path).await.is(200)["value"], "hunter2-open");
        alice.patch(&path, &json!({"name": "y"})).await.is(403);
        alice.post(CREDENTIALS, &hidden("y")).await.is(403);
        alice.delete(&path).await.is(403);
    }
}
