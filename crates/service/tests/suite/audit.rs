//! The audit log: an entry for every change in the change's own transaction, refusals, and a chain that shows edits.

use strongroom_core::Error;
use strongroom_core::access::Role;
use strongroom_core::audit::{Operation, Outcome};
use strongroom_core::id::Kind;
use strongroom_service::view::AuditView;
use strongroom_service::{ActivityScope, AuditQuery, CredentialDraft, OwnerDoor};

use crate::room::{
    TestRoom, everything, given, machine, named_type, organization, reference, team, token, user,
};

fn told(entry: &AuditView) -> (Operation, Outcome, Kind, i64) {
    (entry.operation, entry.outcome, entry.objects[0].kind, entry.objects[0].id)
}

on_both_stores! {
    every_change_is_told_once_with_who_what_and_whence
    a_change_that_is_refused_leaves_no_row_but_its_refusal
    a_refused_read_is_told_too_and_an_allowed_one_is_not
    an_invalid_change_is_no_entry
    any_edited_removed_or_added_row_breaks_the_chain_where_it_is
    two_entries_that_change_places_break_the_chain
    auditors_see_the_log_of_their_organization_and_nobody_else_sees_any
    the_activity_stream_shows_changes_of_one_object_and_no_refusals_or_logins
}

async fn every_change_is_told_once_with_who_what_and_whence(room: TestRoom) {
    let admin = room.admin().await;
    let after = room.host().log().await.len();
    let acme =
        admin.create_organization(organization("acme")).await.unwrap().organization.identity.id;
    let ops = admin.create_team(team("ops", acme)).await.unwrap().team.identity.id;
    let joe = admin.create_user(user("joe")).await.unwrap().user.identity.id;
    admin.give(Role::OrganizationMember, acme, joe).await.unwrap();
    let c = admin.create_in(acme, "c").await;
    let rename = CredentialDraft { name: given("d"), ..CredentialDraft::default() };
    admin.update(c, rename).await.unwrap();
    let (used, _) = admin.refer(c, reference("r")).await.unwrap();
    admin.unrefer(c, used.identity.id).await.unwrap();
    admin.restore(c, 1).await.unwrap();
    let custom = admin.create_type(named_type("custom")).await.unwrap().identity.id;
    admin.delete_type(custom).await.unwrap();
    let token =
        admin.issue(token(strongroom_core::record::TokenKind::Awx)).await.unwrap().view.token.id;
    admin.revoke(token).await.unwrap();
    admin.take(Role::OrganizationMember, acme, joe).await.unwrap();
    admin.delete(c).await.unwrap();
    admin.delete_team(ops).await.unwrap();
    admin.delete_user(joe).await.unwrap();
    admin.delete_organization(acme).await.unwrap();
    let log = room.host().log().await.split_off(after);
    let done = |operation, kind, id| (operation, Outcome::Done, kind, id);
    let expected = [
        done(Operation::Create, Kind::Organization, acme),
        done(Operation::Create, Kind::Team, ops),
        done(Operation::Create, Kind::User, joe),
        done(Operation::Associate, Kind::Organization, acme),
        done(Operation::Create, Kind::Credential, c),
        done(Operation::Update, Kind::Credential, c),
        done(Operation::Associate, Kind::Reference, used.identity.id),
        done(Operation::Disassociate, Kind::Reference, used.identity.id),
        done(Operation::Restore, Kind::Credential, c),
        done(Operation::Create, Kind::CredentialType, custom),
        done(Operation::Delete, Kind::CredentialType, custom),
        done(Operation::Create, Kind::Token, token),
        done(Operation::Delete, Kind::Token, token),
        done(Operation::Disassociate, Kind::Organization, acme),
        done(Operation::Delete, Kind::Credential, c),
        done(Operation::Delete, Kind::Team, ops),
        done(Operation::Delete, Kind::User, joe),
        done(Operation::Delete, Kind::Organization, acme),
    ];
    assert_eq!(log.iter().map(told).collect::<Vec<_>>(), expected);
    for entry in &log {
        assert_eq!((entry.actor_id, entry.actor_name.as_str()), (Some(1), "admin"));
        assert_eq!((entry.source.as_str(), entry.request_id.as_str()), ("192.0.2.7", "r"));
        assert_eq!(entry.token_id, admin.actor.token_id());
        assert!(!entry.changes.to_string().contains("s3cret"));
    }
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), None);
}

async fn a_change_that_is_refused_leaves_no_row_but_its_refusal(room: TestRoom) {
    let admin = room.admin().await;
    let c = admin.create_in(1, "c").await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    room.give(&joe, Role::CredentialRead, c).await;
    let before = (
        room.host().log().await.len(),
        room.database.rows("SELECT * FROM credentials").await.len(),
    );
    let rename = CredentialDraft { name: given("d"), ..CredentialDraft::default() };
    assert!(matches!(joe.update(c, rename).await, Err(Error::Forbidden(_))));
    assert!(matches!(joe.delete(c).await, Err(Error::Forbidden(_))));
    let refused = joe.create_credential(OwnerDoor::Organization(1.into()), machine("x")).await;
    assert!(matches!(refused, Err(Error::Forbidden(_))));
    assert!(joe.read_user(9999).await.is_err());
    let log = room.host().log().await.split_off(before.0);
    let refused = |operation, kind, id| (operation, Outcome::Refused, kind, id);
    let expected = [
        refused(Operation::Update, Kind::Credential, c),
        refused(Operation::Delete, Kind::Credential, c),
        refused(Operation::Create, Kind::Organization, 1),
    ];
    // Nobody waits for a refusal to be written, so they may overtake each other.
    assert_eq!(log.len(), expected.len(), "{log:?}");
    for one in expected {
        assert!(log.iter().any(|entry| told(entry) == one), "{one:?}");
    }
    for entry in &log {
        assert_eq!((entry.actor_id, entry.organization_id), (Some(joe.id), Some(1)));
    }
    assert_eq!(room.database.rows("SELECT * FROM credentials").await.len(), before.1);
}

async fn a_refused_read_is_told_too_and_an_allowed_one_is_not(room: TestRoom) {
    let admin = room.admin().await;
    let c = admin.create_in(1, "c").await;
    let joe = room.user("joe").await;
    let before = room.host().log().await.len();
    admin.read(c).await.unwrap();
    assert_eq!(room.host().log().await.len(), before);
    assert!(joe.read(c).await.is_err());
    let log = room.host().log().await.split_off(before);
    assert_eq!(
        log.iter().map(told).collect::<Vec<_>>(),
        [(Operation::Read, Outcome::Refused, Kind::Credential, c),]
    );
}

async fn an_invalid_change_is_no_entry(room: TestRoom) {
    let admin = room.admin().await;
    let before = room.host().log().await.len();
    assert!(admin.create_organization(organization("Default")).await.is_err());
    assert!(admin.create_credential(OwnerDoor::Body, machine("x")).await.is_err());
    assert_eq!(room.host().log().await.len(), before);
}

async fn any_edited_removed_or_added_row_breaks_the_chain_where_it_is(room: TestRoom) {
    let admin = room.admin().await;
    for number in 0..4 {
        admin.create_in(1, &format!("c{number}")).await;
    }
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), None);
    let links = "SELECT position, entry_id FROM audit_links ORDER BY position";
    let links = room.database.rows(links).await;
    let (position, entry) = (links[2][0].parse::<i64>().unwrap(), links[2][1].clone());
    for (column, value) in [
        ("at", "at + 1"),
        ("action", "'update'"),
        ("outcome", "'refused'"),
        ("dialect", "'native'"),
        ("request_id", "'other'"),
        ("source", "'elsewhere'"),
        ("actor_id", "77"),
        ("actor_name", "'eve'"),
        ("token_id", "77"),
        ("objects", "'[]'"),
        ("organization_id", "77"),
        ("reason", "'none'"),
        ("changes", "'[]'"),
        ("times", "7"),
    ] {
        let old = room
            .database
            .rows(&format!("SELECT {column} FROM audit_entries WHERE id = {entry}"))
            .await;
        let old = &old[0][0];
        let number = matches!(column, "at" | "actor_id" | "token_id" | "organization_id" | "times");
        let back = match (number, old.as_str()) {
            (true, "") => "NULL".to_owned(),
            (true, text) => text.to_owned(),
            (false, text) => format!("'{}'", text.replace('\'', "''")),
        };
        room.database
            .rows(&format!("UPDATE audit_entries SET {column} = {value} WHERE id = {entry}"))
            .await;
        assert_eq!(room.room.first_broken_audit_link().await.unwrap(), Some(position), "{column}");
        room.database
            .rows(&format!("UPDATE audit_entries SET {column} = {back} WHERE id = {entry}"))
            .await;
        assert_eq!(
            room.room.first_broken_audit_link().await.unwrap(),
            None,
            "{column} is as it was"
        );
    }
    room.database.rows(&format!("DELETE FROM audit_links WHERE entry_id = {entry}")).await;
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), Some(position));
}

async fn two_entries_that_change_places_break_the_chain(room: TestRoom) {
    let admin = room.admin().await;
    admin.create_in(1, "one").await;
    admin.create_in(1, "two").await;
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), None);
    let last = room.number("SELECT MAX(position) FROM audit_links").await;
    room.database
        .rows(&format!(
            "UPDATE audit_links SET position = -1 WHERE position = {last}; \
         UPDATE audit_links SET position = {last} WHERE position = {last} - 1; \
         UPDATE audit_links SET position = {last} - 1 WHERE position = -1"
        ))
        .await;
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), Some(last - 1));
}

async fn auditors_see_the_log_of_their_organization_and_nobody_else_sees_any(room: TestRoom) {
    let admin = room.admin().await;
    let other = room.organization("other").await;
    let here = admin.create_in(1, "here").await;
    let there = admin.create_in(other, "there").await;
    let joe = room.user("joe").await;
    let private = joe.create_own("private").await;
    let auditor = room.user_with("auditor", Role::OrganizationAuditor, 1).await;
    let boss = room.user_with("boss", Role::OrganizationAdmin, other).await;
    let member = room.user_with("member", Role::OrganizationMember, 1).await;
    let seen = |log: Vec<AuditView>| -> Vec<i64> {
        let made = log.into_iter().filter(|e| e.operation == Operation::Create);
        made.filter(|e| e.objects[0].kind == Kind::Credential).map(|e| e.objects[0].id).collect()
    };
    assert_eq!(seen(admin.log().await), [here, there, private]);
    assert_eq!(seen(auditor.log().await), [here]);
    assert_eq!(seen(boss.log().await), [there]);
    for nobody in [joe, member] {
        let refused = room.room.list_audit(&nobody.actor, AuditQuery::default()).await;
        assert!(matches!(refused, Err(Error::Forbidden(_))));
    }
}

async fn the_activity_stream_shows_changes_of_one_object_and_no_refusals_or_logins(room: TestRoom) {
    let admin = room.admin().await;
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    let c = admin.create_in(1, "c").await;
    admin.give(Role::CredentialRead, c, joe.id).await.unwrap();
    assert!(joe.delete(c).await.is_err());
    let touching = |kind, id: i64| ActivityScope::Touching(kind, id.into());
    let stream = |scope| room.room.list_activity(&admin.actor, scope, everything());
    let of_credential = stream(touching(Kind::Credential, c)).await.unwrap();
    let operations: Vec<Operation> = of_credential.items.iter().map(|e| e.operation).collect();
    assert_eq!(operations, [Operation::Create, Operation::Associate]);
    let of_joe = stream(touching(Kind::User, joe.id)).await.unwrap();
    assert_eq!(of_joe.items.len(), 3, "made, made a member, given a role");
    assert!(
        stream(ActivityScope::All).await.unwrap().items.iter().all(|e| e.outcome == Outcome::Done)
    );
    let hidden =
        room.room.list_activity(&joe.actor, touching(Kind::Organization, 99), everything()).await;
    assert!(matches!(hidden, Err(Error::NotFound(_))));
    let one = of_credential.items[0].id;
    assert_eq!(room.room.read_activity(&admin.actor, one).await.unwrap(), of_credential.items[0]);
    // Who can read the object can read what was done to it, and nobody else.
    assert_eq!(room.room.read_activity(&joe.actor, one).await.unwrap(), of_credential.items[0]);
    let stranger = room.user("stranger").await;
    assert!(room.room.read_activity(&stranger.actor, one).await.is_err());
}

/// What PostgreSQL's row of the epoch says; SQLite keeps it in memory, where its own tests look.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_epoch_rises_with_everything_that_can_take_a_right_away() {
    let room = TestRoom::new(crate::room::StoreKind::Postgres).await;
    let admin = room.admin().await;
    let epoch = || room.number("SELECT epoch FROM revocation");
    let joe = room.user_with("joe", Role::OrganizationMember, 1).await;
    let crew = room.team("crew", 1).await;
    admin.give(Role::TeamMember, crew, joe.id).await.unwrap();
    let mut last = epoch().await;
    let mut rises = async |what: &str| {
        let now = epoch().await;
        assert!(last < now, "{what} did not raise it");
        last = now;
    };
    admin.take(Role::OrganizationMember, 1, joe.id).await.unwrap();
    rises("taking a role").await;
    let flag =
        |on| strongroom_service::UserDraft { is_system_auditor: given(on), ..Default::default() };
    admin.update_user(joe.id, flag(true)).await.unwrap();
    admin.update_user(joe.id, flag(false)).await.unwrap();
    rises("taking a flag").await;
    admin.delete_team(crew).await.unwrap();
    rises("deleting a team").await;
    admin.delete_user(joe.id).await.unwrap();
    rises("deleting a user").await;
    admin.delete_organization(1).await.unwrap();
    rises("deleting an organization").await;
}
