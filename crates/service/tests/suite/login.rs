//! Logging in: what opens which door, how guessing is slowed, and what is written about it.

use strongroom_core::Error;
use strongroom_core::access::Door;
use strongroom_core::audit::{Operation, Outcome};
use strongroom_service::Presented;

use crate::room::{PASSWORD, TestRoom, basic, from};

/// Tries from one source until the throttle stops it.
async fn guesses(room: &TestRoom, username: &str, source: &str) -> (u32, u32) {
    for taken in 0.. {
        match room.room.authenticate(Door::Awx, basic(username, "wrong"), from(source)).await {
            Err(Error::Unauthenticated) => {}
            Err(Error::Throttled { seconds }) => return (taken, seconds),
            other => panic!("{other:?}"),
        }
    }
    unreachable!("the throttle stops it")
}

on_both_stores! {
    nothing_a_wrong_key_and_a_key_for_another_door_are_told_alike
    every_spelling_of_a_name_is_the_same_account
    guessing_is_slowed_for_every_spelling_together_and_time_gives_tries_back
    guessing_at_a_name_that_nobody_has_is_slowed_alike
    a_login_is_the_first_use_of_a_password_from_a_source_in_an_hour
    failures_of_a_minute_are_one_entry_and_unknown_names_are_not_told
}

async fn nothing_a_wrong_key_and_a_key_for_another_door_are_told_alike(room: TestRoom) {
    for (door, presented) in [
        (Door::Awx, Presented::Nothing),
        (Door::Awx, basic("admin", "wrong")),
        (Door::Awx, basic("nobody", PASSWORD)),
        (Door::Awx, basic("", "")),
        (Door::Awx, basic("a\0b", PASSWORD)),
        (Door::Awx, basic(&"x".repeat(10_000), PASSWORD)),
        (Door::Native, basic("admin", PASSWORD)),
        (Door::Probely, basic("admin", PASSWORD)),
        (Door::Awx, Presented::Bearer("".into())),
        (Door::Native, Presented::Bearer("str_wrong".into())),
        (Door::Native, Presented::Bearer("x".repeat(100_000).into())),
    ] {
        let told = room.caller(door, presented).await;
        assert!(matches!(told, Err(Error::Unauthenticated)));
    }
    room.caller(Door::NativeLogin, basic("admin", PASSWORD)).await.unwrap();
}

async fn every_spelling_of_a_name_is_the_same_account(room: TestRoom) {
    room.user("Jörg").await;
    for spelling in ["jörg", "JÖRG", " Jörg ", "Jo\u{308}rg", "ＪÖＲＧ"] {
        let caller = room.caller(Door::Awx, basic(spelling, PASSWORD)).await.unwrap();
        assert_eq!(caller.actor.username(), "Jörg", "{spelling}");
    }
    assert!(room.caller(Door::Awx, basic("jorg", PASSWORD)).await.is_err());
}

async fn guessing_is_slowed_for_every_spelling_together_and_time_gives_tries_back(room: TestRoom) {
    let (taken, seconds) = guesses(&room, "admin", "192.0.2.1").await;
    assert_eq!(taken, 10);
    assert!((1..=60).contains(&seconds));
    let (taken, _) = guesses(&room, "ＡＤＭＩＮ", "192.0.2.1").await;
    assert_eq!(taken, 0, "another spelling draws from the same bucket");
    // The right password from that source must wait too.
    let right = || room.room.authenticate(Door::Awx, basic("Admin", PASSWORD), from("192.0.2.1"));
    assert!(matches!(right().await, Err(Error::Throttled { .. })));
    room.wait(i64::from(seconds));
    right().await.unwrap();
    // Who was right there before is not shut out by guesses from elsewhere.
    for source in 2..5 {
        guesses(&room, "admin", &format!("192.0.2.{source}")).await;
    }
    let elsewhere =
        room.room.authenticate(Door::Awx, basic("admin", PASSWORD), from("192.0.2.9")).await;
    assert!(matches!(elsewhere, Err(Error::Throttled { .. })));
    right().await.unwrap();
    // Another account is not touched by it.
    room.user("joe").await;
    room.room.authenticate(Door::Awx, basic("joe", PASSWORD), from("192.0.2.1")).await.unwrap();
}

async fn guessing_at_a_name_that_nobody_has_is_slowed_alike(room: TestRoom) {
    assert_eq!(guesses(&room, "nobody", "192.0.2.1").await.0, 10);
}

async fn a_login_is_the_first_use_of_a_password_from_a_source_in_an_hour(room: TestRoom) {
    let logins = || async {
        let log = room.host().log().await;
        log.iter().filter(|e| e.operation == Operation::LogIn && e.outcome == Outcome::Done).count()
    };
    let log_in = |source| room.room.authenticate(Door::Awx, basic("admin", PASSWORD), from(source));
    for _ in 0..3 {
        log_in("192.0.2.1").await.unwrap();
    }
    assert_eq!(logins().await, 1);
    log_in("192.0.2.2").await.unwrap();
    assert_eq!(logins().await, 2);
    room.wait(3600);
    log_in("192.0.2.1").await.unwrap();
    assert_eq!(logins().await, 3);
    let user = room.admin().await.read_user(1).await.unwrap().user;
    assert_eq!(user.last_login, Some(room.room.now()));
}

async fn failures_of_a_minute_are_one_entry_and_unknown_names_are_not_told(room: TestRoom) {
    for last in 1..=4 {
        let wrong = room
            .room
            .authenticate(Door::Awx, basic("ADMIN", "wrong"), from(&format!("192.0.2.{last}")))
            .await;
        assert!(wrong.is_err());
        let unknown = room
            .room
            .authenticate(Door::Awx, basic("my-password-by-mistake", "x"), from("192.0.2.1"))
            .await;
        assert!(unknown.is_err());
    }
    room.room.close().await;
    let log = room.host().log().await;
    let failures: Vec<_> = log.iter().filter(|e| e.outcome == Outcome::NotAuthenticated).collect();
    let told: Vec<(&str, i64, &str)> =
        failures.iter().map(|e| (e.actor_name.as_str(), e.times, e.source.as_str())).collect();
    assert_eq!(told, [("", 4, "192.0.2.0/24"), ("ADMIN", 4, "192.0.2.0/24")]);
    assert!(failures.iter().all(|entry| entry.actor_id.is_none()));
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), None);
}
