//! Targets with their sequences and extra hosts, domains, labels, and what they say of the credentials they mention.

use serde_json::{Value, json};

use super::{Office, hidden, make, text};
use crate::room::{Caller, Reply, on_both_stores};

const TARGETS: &str = "/targets/";

/// The id of a new credential of the account.
async fn credential(caller: &Caller, name: &str) -> String {
    let path = make(caller, &hidden(name)).await;
    path.split('/').nth(2).unwrap().to_owned()
}

fn uri(id: &str) -> String {
    format!("credentials://{id}")
}

/// A new target; its path.
async fn target(caller: &Caller, site: Value) -> String {
    let made = caller.post(TARGETS, &json!({"site": site})).await.is(201);
    format!("{TARGETS}{}/", text(&made["id"]))
}

/// Where a credential is used, as this caller sees it: type, name and key of each.
async fn uses(caller: &Caller, id: &str) -> Vec<String> {
    let shown = caller.get(&format!("/credentials/{id}/")).await.is(200);
    let references = shown["references"].as_array().unwrap();
    assert_eq!(shown["usage_count"], references.len());
    let line = |one: &Value| {
        let member = |name: &str| one[name].as_str().unwrap().to_owned();
        assert_eq!(member("root_object_id").len(), 12);
        format!(
            "{} {} {}",
            member("root_object_type"),
            member("root_object_display_name"),
            member("ui_reference_key")
        )
    };
    references.iter().map(line).collect()
}

fn errors(reply: &Reply) -> Value {
    reply.is(400)
}

on_both_stores! {
    /// What the product's clients insist on is there from the start.
    async fn a_target_has_every_member_that_clients_ask_for(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let body = json!({
            "site": {"url": "https://shop.example.com/x", "name": " Shop ", "desc": "d"},
            "type": "single", "labels": [{"name": "Production"}], "scanning_agent": null,
        });
        let made = alice.post("/targets/?duplicate_check=False", &body).await.is(201);
        for name in ["lows", "mediums", "highs", "criticals", "risk", "assets", "scan_profile",
            "report_type", "allowed_scan_profiles", "labels", "teams", "changed", "changed_by"] {
            assert!(made.get(name).is_some(), "{name}");
        }
        let site = &made["site"];
        assert_eq!((&site["host"], &site["name"]), (&json!("shop.example.com"), &json!("Shop")));
        assert_eq!(site["basic_auth"], json!({"username": "", "password": ""}));
        assert_eq!(site["verification_token"], "");
        assert_eq!(made["labels"][0]["name"], "Production");
        assert_eq!(made["changed_by"]["email"], "alice@example.com");
        let again = alice.post(TARGETS, &body).await;
        assert_eq!(errors(&again)["site"]["url"][0], "A target with this URL already exists.");
        let page = alice.get("/targets/?ordering=-changed&length=50&page=1&search=SHOP").await.is(200);
        assert_eq!((&page["count"], &page["length"]), (&json!(1), &json!(50)));
        let none = alice.get("/targets/?search=nothing").await.is(200);
        assert_eq!(none["count"], 0);
        let unknown = "/targets/?id=4DY4qGohso1r&id=x&is_id_404_validation=True";
        assert_eq!(alice.get(unknown).await.is(404)["invalid_ids"], json!(["4DY4qGohso1r", "x"]));
    }

    /// Every place of the contract that can hold a credential.
    async fn every_place_that_mentions_a_credential_is_told(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let id = credential(&alice, "everywhere").await;
        let uri = uri(&id);
        let path = target(&alice, json!({
            "url": "https://shop.example.com", "name": "Shop",
            "basic_auth": {"username": uri, "password": uri},
            "form_login": [{"name": "user", "value": "alice"}, {"name": "pass", "value": uri}],
            "headers": [{"name": "Authorization", "value": format!("Bearer {uri} and {uri}")}],
            "cookies": [{"name": "sid", "value": uri}],
            "otp_secret": uri,
            "api_scan_settings": {
                "api_login_payload": format!("{{\"password\": \"{uri}\"}}"),
                "custom_api_parameters": [{"name": "key", "value": uri}],
            },
        })).await;
        let sequence = json!({
            "name": "Login", "content": "[]",
            "custom_field_mappings": [{"name": "[CUSTOM_PASSWORD]", "value": uri, "enabled": true}],
        });
        let sequence = alice.post(&format!("{path}sequences/"), &sequence).await.is(201);
        let host = json!({
            "host": "api.example.com", "headers": [{"name": "X", "value": uri}],
            "cookies": [{"name": "c", "value": uri}],
        });
        let host = alice.post(&format!("{path}assets/"), &host).await.is(201);
        let domain = json!({
            "name": "example.com", "basic_auth_username": uri, "basic_auth_password": uri,
        });
        let domain = alice.post("/domains/", &domain).await.is(201);
        let (sid, hid) = (text(&sequence["id"]), text(&host["id"]));
        let mut expected = vec![
            "Domain example.com basic_auth_password".to_owned(),
            "Domain example.com basic_auth_username".to_owned(),
            "Target Shop api_scan_settings.api_login_payload".to_owned(),
            "Target Shop api_scan_settings.custom_api_parameters.key".to_owned(),
            format!("Target Shop assets.{hid}.cookies.c"),
            format!("Target Shop assets.{hid}.headers.X"),
            "Target Shop basic_auth.password".to_owned(),
            "Target Shop basic_auth.username".to_owned(),
            "Target Shop cookies.sid".to_owned(),
            "Target Shop form_login.pass".to_owned(),
            "Target Shop headers.Authorization".to_owned(),
            "Target Shop otp_secret".to_owned(),
            format!("Target Shop sequences.{sid}.[CUSTOM_PASSWORD]"),
        ];
        expected.sort();
        assert_eq!(uses(&alice, &id).await, expected);

        // They follow every edit at once.
        alice.patch(&path, &json!({"site": {"name": "Store", "otp_secret": ""}})).await.is(200);
        let left = uses(&alice, &id).await;
        assert!(left.contains(&"Target Store basic_auth.password".to_owned()), "{left:?}");
        assert_eq!(left.len(), expected.len() - 1);
        alice.delete(&format!("{path}sequences/{sid}/")).await.is(204);
        alice.delete(&format!("{path}assets/{hid}/")).await.is(204);
        assert_eq!(uses(&alice, &id).await.len(), expected.len() - 4);
        let refused = alice.delete(&format!("/credentials/{id}/")).await.is(400);
        assert_eq!(refused["non_field_errors"][0], "This credential is in use in 9 places.");
        alice.delete(&path).await.is(204);
        assert_eq!(uses(&alice, &id).await.len(), 2);
        alice.delete(&format!("/domains/{}/", text(&domain["id"]))).await.is(204);
        alice.delete(&format!("/credentials/{id}/")).await.is(204);
    }

    /// What a setting may not mention, and that nothing is stored then.
    async fn what_is_not_there_or_not_usable_is_not_mentioned(room: Room) {
        let office = Office::new(room).await;
        let (alice, bob) = (office.member("alice").await, office.member("bob").await);
        office.join("alice").await;
        let team = json!({"name": "t", "value": "hunter2-secret", "team": office.team.1});
        let of_team = text(&alice.post("/credentials/", &team).await.is(201)["id"]);
        let path = target(&bob, json!({"url": "https://a.example.com"})).await;
        for bad in ["credentials://4DY4qGohso1r", "x credentials://abc", &uri(&of_team)] {
            let body = json!({"site": {"basic_auth": {"password": bad},
                "headers": [{"name": "ok", "value": ""}, {"name": "X", "value": bad}]}});
            let told = errors(&bob.patch(&path, &body).await);
            let run = bad.rsplit('/').next().unwrap();
            let sentence = format!("Credential \"{run}\" does not exist.");
            assert_eq!(told["site"]["basic_auth"]["password"], json!([sentence]));
            assert_eq!(told["site"]["headers"][0], json!({}));
            assert_eq!(told["site"]["headers"][1]["value"], json!([sentence]));
        }
        let shown = bob.get(&path).await.is(200);
        assert_eq!(shown["site"]["basic_auth"]["password"], "");
        assert!(uses(&alice, &of_team).await.is_empty());
        // Plain text is no mention.
        let body = json!({"site": {"basic_auth": {"username": "credentials:// x"}}});
        bob.patch(&path, &body).await.is(200);
        // What stands there already is not looked at again.
        let id = credential(&bob, "gone").await;
        bob.patch(&path, &json!({"site": {"otp_secret": uri(&id)}})).await.is(200);
        bob.delete(&format!("/credentials/{id}/?force=true")).await.is(204);
        let whole = bob.get(&path).await.is(200);
        assert_eq!(whole["site"]["otp_secret"], uri(&id));
        bob.put(&path, &whole).await.is(200);
    }

    /// Passwords that are written into settings.
    async fn literal_secrets_are_sealed_and_kept_by_the_mask(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = target(&alice, json!({
            "url": "https://a.example.com", "otp_secret": "hunter2-otp",
            "basic_auth": {"username": "me", "password": "hunter2-basic"},
            "headers": [{"name": "Authorization", "value": "hunter2-header"}],
        })).await;
        let body = json!({"hostname": "example.com", "basic_auth_password": "hunter2-domain"});
        let domain = alice.post("/domains/", &body).await;
        assert!(!domain.text.contains("hunter2"));
        let shown = alice.get(&path).await;
        assert!(!shown.text.contains("hunter2"), "{}", shown.text);
        let shown = shown.is(200);
        assert_eq!(shown["site"]["basic_auth"]["password"], "$encrypted$");
        assert_eq!(shown["site"]["headers"][0]["value"], "$encrypted$");
        let again = alice.put(&path, &shown).await.is(200);
        assert_eq!(again["site"]["headers"], shown["site"]["headers"]);
        let wrong = json!({"site": {"cookies": [{"name": "new", "value": "$encrypted$"}]}});
        let told = errors(&alice.patch(&path, &wrong).await);
        assert_eq!(told["site"]["cookies"][0]["value"][0], "There is no stored value to keep.");
        let log = office.root.get("/strongroom/v1/audit?limit=200").await.is(200);
        assert!(!log.to_string().contains("hunter2"), "{log}");
    }

    /// Whoever may not see a target does not see that it uses something, but it counts.
    async fn a_hidden_consumer_counts_without_its_name(room: Room) {
        let office = Office::new(room).await;
        let (alice, bob) = (office.member("alice").await, office.member("bob").await);
        office.join("alice").await;
        let id = credential(&bob, "shared").await;
        let body = json!({
            "site": {"url": "https://secret.example.com", "otp_secret": uri(&id)},
            "teams": [{"id": office.team.1}],
        });
        let made = alice.post(TARGETS, &body).await.is(201);
        assert_eq!(made["teams"][0]["name"], "Web");
        let path = format!("{TARGETS}{}/", text(&made["id"]));
        bob.get(&path).await.is(404);
        assert_eq!(bob.get(TARGETS).await.is(200)["count"], 0);
        assert!(uses(&bob, &id).await.is_empty());
        assert_eq!(uses(&alice, &id).await.len(), 1);
        bob.delete(&format!("/credentials/{id}/")).await.is(400);
        let native = format!("/strongroom/v1/credentials/{id}/references");
        let whole = office.root.get(&native).await.is(200);
        assert_eq!((&whole["hidden"], &whole["items"][0]["kind"]), (&json!(0), &json!("target")));
        assert_eq!(whole["items"][0]["name"], "https://secret.example.com");
        let reference = format!("{native}/{}", whole["items"][0]["id"]);
        office.root.delete(&reference).await.is(403);
        // Its team goes: it stays with those who manage the account and with its maker.
        let team = format!("/api/v2/teams/{}/", office.team.0);
        office.root.delete(&team).await.is(204);
        bob.get(&path).await.is(404);
        alice.get(&path).await.is(200);
    }

    /// Several at once, and what excludes each other.
    async fn several_targets_are_changed_or_deleted_or_none(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let mut ids = Vec::new();
        for host in ["a", "b"] {
            let path = target(&alice, json!({"url": format!("https://{host}.example.com")})).await;
            ids.push(path.split('/').nth(2).unwrap().to_owned());
        }
        let both = json!({"ids": ids, "site": {"has_form_login": true, "has_sequence_login": true}});
        let told = errors(&alice.post("/targets/bulk/update/", &both).await);
        assert!(told["site"]["non_field_errors"][0].is_string(), "{told}");
        let change = json!({"ids": ids, "labels": [{"name": "x"}], "site": {"desc": "d"}});
        alice.post("/targets/bulk/update/", &change).await.is(200);
        for id in &ids {
            let shown = alice.get(&format!("{TARGETS}{id}/")).await.is(200);
            assert_eq!((&shown["site"]["desc"], &shown["labels"][0]["name"]), (&json!("d"), &json!("x")));
        }
        let labels = alice.get("/labels/targets/").await.is(200);
        assert_eq!(labels["count"], 1);
        let labelled = format!("/targets/?label={}", text(&labels["results"][0]["id"]));
        assert_eq!(alice.get(&labelled).await.is(200)["count"], 2);
        let unknown = json!({"ids": [ids[0], "4DY4qGohso1r"]});
        let told = alice.post("/targets/bulk/delete/", &unknown).await.is(404);
        assert_eq!(told["invalid_ids"], json!(["4DY4qGohso1r"]));
        alice.post("/targets/bulk/delete/", &json!({"ids": ids})).await.is(200);
        assert_eq!(alice.get(TARGETS).await.is(200)["count"], 0);
    }

    /// What lists of parts show, and the analytics of a client.
    async fn parts_are_listed_with_what_is_asked(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let path = target(&alice, json!({"url": "https://a.example.com"})).await;
        let body = json!({"name": "Login", "content": [{"type": "goto"}], "type": "login"});
        let made = alice.post(&format!("{path}sequences/"), &body).await.is(201);
        assert_eq!(made["content"], "[{\"type\":\"goto\"}]");
        let bare = alice.get("/targets/sequences/").await.is(200);
        assert_eq!(bare["results"][0].get("content"), None);
        let whole = alice.get("/targets/sequences/?include=content&include=target").await.is(200);
        assert_eq!(whole["results"][0]["target"]["has_assets"], false);
        assert_eq!(whole["results"][0]["content"], made["content"]);
        let one = format!("{path}sequences/{}/", text(&made["id"]));
        let changed = alice.patch(&one, &json!({"enabled": false, "index": 3})).await.is(200);
        assert_eq!((&changed["enabled"], &changed["index"]), (&json!(false), &json!(3)));
        let other = target(&alice, json!({"url": "https://b.example.com"})).await;
        alice.get(&format!("{other}sequences/{}/", text(&made["id"]))).await.is(404);
        let event = alice.post("/cli/analytics/event/", &json!({"x": 1})).await;
        assert_eq!((event.status, event.text.as_str()), (204, ""));
        alice.get(&format!("{path}scans/")).await.is(404);
    }

    /// The account's log as a table.
    async fn the_log_is_a_table_of_this_accounts_changes(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let id = credential(&alice, "=1+1").await;
        office.room.wait(1);
        let change = json!({"name": "new", "value": "hunter2-secret"});
        alice.patch(&format!("/credentials/{id}/"), &change).await.is(200);
        alice.patch(&format!("/credentials/{id}/"), &json!({"is_sensitive": false})).await.is(200);
        let path = target(&alice, json!({"url": "https://a.example.com", "otp_secret": uri(&id)})).await;
        alice.delete(&path).await.is(204);
        alice.delete(&format!("/credentials/{id}/")).await.is(204);
        alice.get("/auditlog/").await.is(403);
        let user = office.id_of("alice").await;
        office.grant_in_account("probely_audit_log", user).await;
        let reply = alice.get("/auditlog/").await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "text/csv; charset=utf-8"));
        assert!(!reply.text.contains("hunter2"));
        let target_id = path.split('/').nth(2).unwrap();
        let text = reply.text.replace(&id, "CRED").replace(target_id, "TARGET");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "user_email,date,action,object_model,object_id,field,old_value,new_value");
        let rest: Vec<String> = lines[1..]
            .iter()
            .filter(|line| line.starts_with("alice@"))
            .map(|line| line.splitn(3, ',').nth(2).unwrap().to_owned())
            .collect();
        assert_eq!(rest, [
            "create,credential,CRED,,,",
            "update,credential,CRED,name,'=1+1,new",
            "update,credential,CRED,value,,",
            "update,credential,CRED,is_sensitive,True,False",
            "create,scope,TARGET,,,",
            "update,scope,TARGET,references,,credentials://CRED at otp_secret",
            "delete,scope,TARGET,,,",
            "delete,credential,CRED,,,",
        ]);
        let some = alice.get(&format!("/auditlog/?object_id={id}&start=2026-01-01T00:00:01")).await;
        assert_eq!(some.text.lines().count(), 5, "{}", some.text);
        let none = alice.get("/auditlog/?end=2026-01-01").await;
        assert_eq!(none.text.lines().count(), 1);
        let told = alice.get("/auditlog/?start=yesterday").await.is(400);
        assert!(told["start"][0].is_string());
    }

    /// Changes of the account's objects are in its table whatever dialect they came through, and without the address of
    /// whoever is not shown with one.
    async fn changes_through_other_dialects_are_in_the_table_too(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        office.grant_in_account("probely_audit_log", office.id_of("alice").await).await;
        let (first, second) = (credential(&alice, "first").await, credential(&alice, "second").await);
        let native = |id: &str| format!("/strongroom/v1/credentials/{id}");
        let body = json!({"name": "born elsewhere", "type": 0, "organization": office.acme, "inputs": {"value": "hunter2"}});
        let kind = office.root.get(&native(&first)).await.is(200)["type"].clone();
        let mut elsewhere = body;
        elsewhere["type"] = kind;
        let placed = office.root.post("/strongroom/v1/credentials", &elsewhere).await.is(201);
        let placed = native(&placed["id"].to_string());
        office.root.patch(&placed, &json!({"description": "before it stood here"})).await.is(200);
        let place = json!({"dialect": "probely", "organization": office.acme});
        let placement = office.root.post(&format!("{placed}/placements"), &place).await.is(201);
        office.root.patch(&placed, &json!({"inputs": {"value": "hunter2-new"}, "name": "renamed"})).await.is(200);
        office.root.delete(&format!("{placed}/placements/{}", placement["id"])).await.is(204);
        office.root.patch(&placed, &json!({"description": "after"})).await.is(200);
        office.root.patch(&native(&first), &json!({"inputs": {"value": "hunter2-set"}, "description": "told"})).await.is(200);
        office.root.post(&format!("{}/versions/1/restore", native(&first)), &json!({})).await.is(200);
        let id = office.root.get(&native(&first)).await.is(200)["id"].clone();
        office.root.delete(&format!("/api/v2/credentials/{id}/")).await.status_is(204);
        office.root.delete(&native(&second)).await.is(204);
        office.root.patch(&format!("/api/v2/teams/{}/", office.team.0), &json!({"description": "d"})).await.is(200);
        let reply = alice.get("/auditlog/").await;
        assert!(!reply.text.contains("hunter2") && !reply.text.contains("admin@localhost"));
        let ids = [(&first, "FIRST"), (&second, "SECOND"), (&office.team.1, "TEAM")];
        let short_id = super::text(&placement["short_id"]);
        let known = ids.into_iter().chain([(&short_id, "PLACED")]);
        let text = known.fold(reply.text.clone(), |text, (id, word)| text.replace(id, word));
        let told: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with("admin,"))
            .map(|line| line.splitn(3, ',').nth(2).unwrap().to_owned())
            .collect();
        assert_eq!(told, [
            "create,team,TEAM,,,",
            "create,credential,PLACED,,,",
            "update,credential,PLACED,value,,",
            "delete,credential,PLACED,,,",
            "update,credential,FIRST,description,,told",
            "update,credential,FIRST,value,,",
            "update,credential,FIRST,value,,",
            "delete,credential,FIRST,,,",
            "delete,credential,SECOND,,,",
            "update,team,TEAM,description,The site,d",
        ]);
        assert_eq!(alice.get(&format!("/auditlog/?object_id={first}")).await.text.lines().count(), 6);
    }

    /// Teams, by administrators of the account's organization.
    async fn administrators_make_and_delete_teams(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let admin = office.token("admin", office.acme).await;
        let body = json!({"name": " Ops ", "description": "d"});
        alice.post("/teams/", &body).await.is(403);
        let made = admin.post("/teams/", &body).await.is(201);
        assert_eq!((&made["name"], &made["description"]), (&json!("Ops"), &json!("d")));
        assert_eq!(errors(&admin.post("/teams/", &json!({"name": "OPS"})).await).as_object().unwrap().len(), 1);
        let path = format!("/teams/{}/", text(&made["id"]));
        alice.patch(&path, &json!({"name": "x"})).await.is(404);
        assert_eq!(admin.patch(&path, &json!({"name": "Run"})).await.is(200)["name"], "Run");
        let body = json!({"name": "c", "value": "hunter2", "team": made["id"]});
        let credential = admin.post("/credentials/", &body).await.is(201);
        let told = errors(&admin.delete(&path).await);
        assert_eq!(told["non_field_errors"][0], "This team still has a credential.");
        admin.delete(&format!("/credentials/{}/", text(&credential["id"]))).await.is(204);
        admin.delete(&path).await.is(204);
        admin.get(&path).await.is(404);
    }

    /// What nobody uses, and what ends soon.
    async fn reports_tell_what_is_unused(room: Room) {
        let office = Office::new(room).await;
        let alice = office.member("alice").await;
        let (used, unused) = (credential(&alice, "used").await, credential(&alice, "unused").await);
        let path = target(&alice, json!({"url": "https://a.example.com", "otp_secret": uri(&used)})).await;
        let names = async || -> Vec<String> {
            let shown = office.root.get("/strongroom/v1/reports/unused?days=10").await.is(200);
            let items = shown["items"].as_array().unwrap().iter();
            let short = |one: &Value| text(&one["short_id"]);
            items.map(short).filter(|id| *id == used || *id == unused).collect()
        };
        assert!(names().await.is_empty(), "both are new");
        office.room.wait(11 * 86_400);
        assert_eq!(names().await, std::slice::from_ref(&unused));
        alice.delete(&path).await.is(204);
        assert_eq!(names().await, std::slice::from_ref(&unused), "it was referred to until now");
        office.room.wait(11 * 86_400);
        assert_eq!(names().await.len(), 2);
        let show = json!({"is_sensitive": false});
        alice.patch(&format!("/credentials/{unused}/"), &show).await.is(200);
        assert_eq!(names().await, std::slice::from_ref(&used), "its value was shown");
        let native = format!("/strongroom/v1/credentials/{unused}/references");
        let last = office.root.get(&native).await.is(200)["last_used"].clone();
        assert_eq!((&last["name"], &last["dialect"]), (&json!("alice"), &json!("probely")));
        let ends = office.root.get("/strongroom/v1/reports/expiring").await.is(200);
        assert_eq!(ends, json!({"items": [], "next": null}));
        office.root.get("/strongroom/v1/reports/expiring?days=-1").await.is(400);
    }
}
