//! Several processes over one PostgreSQL database.

use std::sync::Arc;

use strongroom_core::Error;
use strongroom_core::access::{Door, Role};
use strongroom_core::clock::Clock;
use strongroom_service::{OpenError, Presented};

use crate::room::{
    Caller, Database, PASSWORD, START, StoreKind, TestRoom, basic, from, given, machine, open,
    options,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_first_starts_at_once_with_one_key_make_one_store() {
    let database = Database::new(StoreKind::Postgres).await;
    // The key is there, as several processes of one store must have it.
    let key = TestRoom::new(StoreKind::Sqlite).await.database;
    std::fs::create_dir(database.key_file().parent().unwrap()).unwrap();
    std::fs::copy(key.key_file(), database.key_file()).unwrap();
    let start = || open(options(&database, Clock::fixed(START)));
    let (one, two) = tokio::join!(start(), start());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.room.store_id(), two.room.store_id());
    let firsts = [&one, &two].into_iter().filter(|opened| opened.first_start.is_some()).count();
    assert_eq!(firsts, 1, "only one of them made the store");
    assert_eq!(database.rows("SELECT COUNT(*) FROM users").await, [["1"]]);
    assert_eq!(database.rows("SELECT COUNT(*) FROM credential_types").await, [["32"]]);
    for room in [&one.room, &two.room] {
        room.authenticate(Door::Awx, basic("admin", PASSWORD), from("h")).await.unwrap();
    }
    assert_eq!(two.room.first_broken_audit_link().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_first_starts_with_keys_of_their_own_one_is_told_that_its_key_is_foreign() {
    let database = Database::new(StoreKind::Postgres).await;
    let elsewhere = database.on_another_host();
    let start = |database: &Database| open(options(database, Clock::fixed(START)));
    let (one, two) = tokio::join!(start(&database), start(&elsewhere));
    let (opened, refused) = match (one, two) {
        (Ok(opened), Err(refused)) | (Err(refused), Ok(opened)) => (opened, refused),
        both => panic!("one must open and one must not: {both:?}"),
    };
    assert!(matches!(refused, OpenError::Key(_)), "{refused:?}");
    assert_eq!(refused.exit_code(), 14);
    assert!(opened.first_start.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_process_takes_away_the_other_misses_on_the_next_request() {
    let here = TestRoom::new(StoreKind::Postgres).await;
    let there = here.another_process().await;
    let organization = here.organization("acme").await;
    let joe = here.user_with("joe", Role::OrganizationAdmin, organization).await;
    let credential = joe.create_in(organization, "c").await;
    let there_joe = Caller { room: there.room.clone(), ..joe.clone() };
    there_joe.read(credential).await.unwrap();
    here.admin().await.take(Role::OrganizationAdmin, organization, joe.id).await.unwrap();
    assert!(matches!(there_joe.read(credential).await, Err(Error::NotFound(_))));

    // A role on the credential itself.
    here.admin().await.give(Role::OrganizationMember, organization, joe.id).await.unwrap();
    here.admin().await.give(Role::CredentialUse, credential, joe.id).await.unwrap();
    assert!(there_joe.read(credential).await.unwrap().capabilities.use_it);
    here.admin().await.take(Role::CredentialUse, credential, joe.id).await.unwrap();
    assert!(there_joe.read(credential).await.is_err());

    // A token.
    let issued = joe.issue(crate::room::token(strongroom_core::record::TokenKind::Native)).await;
    let issued = issued.unwrap();
    let enter = || there.caller(Door::Native, Presented::Bearer(issued.secret.clone()));
    enter().await.unwrap();
    joe.revoke(issued.view.token.id).await.unwrap();
    assert!(matches!(enter().await, Err(Error::Unauthenticated)));

    // A password that the other process remembers to be right.
    let by_password = |password| there.caller(Door::Awx, basic("joe", password));
    by_password(PASSWORD).await.unwrap();
    let draft = strongroom_service::UserDraft {
        password: given(secrecy::SecretString::from("another password")),
        ..strongroom_service::UserDraft::default()
    };
    joe.update_user(joe.id, draft).await.unwrap();
    assert!(matches!(by_password(PASSWORD).await, Err(Error::Unauthenticated)));
    by_password("another password").await.unwrap();

    // The user.
    here.admin().await.delete_user(joe.id).await.unwrap();
    assert!(matches!(by_password("another password").await, Err(Error::Unauthenticated)));
    assert!(there_joe.read(credential).await.is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn changes_of_many_at_once_on_two_processes_all_stand_and_are_all_linked() {
    let here = TestRoom::new(StoreKind::Postgres).await;
    let there = here.another_process().await;
    let admin = here.admin().await;
    let people = [here.user("joe").await.id, here.user("ann").await.id];
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..24_usize {
        let room = if number % 2 == 0 { here.room.clone() } else { there.room.clone() };
        let caller = Caller { room, ..admin.clone() };
        tasks.spawn(async move {
            let id = caller.create_in(1, &format!("c{number}")).await;
            // Each raises the revocation epoch, which all of them meet at.
            let person = people[number % 2];
            let role = [Role::OrganizationAuditor, Role::OrganizationMember][number % 2];
            caller.give(role, 1, person).await.unwrap();
            caller.take(role, 1, person).await.unwrap();
            id
        });
    }
    let made = tasks.join_all().await;
    for id in &made {
        admin.read(*id).await.unwrap();
    }
    assert_eq!(made.iter().collect::<std::collections::BTreeSet<_>>().len(), made.len());
    assert_eq!(there.room.first_broken_audit_link().await.unwrap(), None);
    assert_eq!(here.number("SELECT COUNT(*) FROM audit_queue").await, 0);
    let linked = here.number("SELECT COUNT(*) FROM audit_links").await;
    assert_eq!(linked, here.number("SELECT COUNT(*) FROM audit_entries").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_make_the_same_name_at_once_one_does_and_the_others_are_told() {
    let here = TestRoom::new(StoreKind::Postgres).await;
    let admin = Arc::new(here.admin().await);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let admin = Arc::clone(&admin);
        tasks.spawn(async move {
            let door = strongroom_service::OwnerDoor::Organization(1.into());
            admin.create_credential(door, machine("same")).await
        });
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert!(matches!(error, Error::Invalid(_)), "{error:?}");
    }
}

/// Two processes whose clocks differ agree on who holds what.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_holds_and_ends_at_once_on_a_process_whose_clock_is_behind() {
    let here = TestRoom::new(StoreKind::Postgres).await;
    let late = options(&here.database, Clock::fixed(START - 5_000_000));
    let late = open(late).await.unwrap().room;
    let joe = here.user("joe").await;
    let there = Caller { room: late, ..joe.clone() };
    let credential = here.admin().await.create_in(1, "c").await;
    here.give(&joe, Role::OrganizationAdmin, 1).await;
    assert!(there.read(credential).await.is_ok(), "a grant holds from the next request on");
    here.admin().await.take(Role::OrganizationAdmin, 1, joe.id).await.unwrap();
    assert!(there.read(credential).await.is_err(), "a grant that was taken is gone");
}
