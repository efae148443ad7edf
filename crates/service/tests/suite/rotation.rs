//! Replacing the root key: nothing becomes unreadable, nothing stays under the old key, and no start goes on
//! without a key that is still needed.

use std::fs;
use std::path::PathBuf;

use strongroom_core::access::Role;
use strongroom_service::{KeyStatus, RotationError, Strongroom};

use crate::room::{Caller, StoreKind, TestRoom, open, options};

on_both_stores! {
    three_rotations_in_a_row_leave_everything_readable_and_nothing_under_an_older_key
    a_rotation_that_was_cut_off_goes_on_and_no_other_begins_before
    a_key_that_is_still_needed_is_not_taken_away_unnoticed
    a_value_that_does_not_open_stays_and_is_named
    only_the_host_looks_after_the_root_key
    a_new_key_elsewhere_is_used_from_there
}

/// Wraps everything anew, in as many batches as it takes; how many values.
async fn rewrap(room: &Strongroom) -> u64 {
    let host = room.on_host();
    let (mut done, mut after) = (0, None::<String>);
    loop {
        let batch = room.rewrap_batch(&host, after.as_deref()).await.unwrap();
        done += batch.done;
        match batch.next {
            None => return done,
            next => after = next,
        }
    }
}

/// What does not open, by table.
async fn broken(room: &Strongroom) -> Vec<(&'static str, i64, String)> {
    let host = room.on_host();
    let (mut broken, mut after) = (Vec::new(), None::<String>);
    loop {
        let batch = room.verify_batch(&host, after.as_deref()).await.unwrap();
        broken.extend(batch.broken.into_iter().map(|value| (value.table, value.id, value.field)));
        match batch.next {
            None => return broken,
            next => after = next,
        }
    }
}

async fn status(room: &Strongroom) -> KeyStatus {
    room.root_key_status(&room.on_host()).await.unwrap()
}

/// A few credentials and the keys that sign.
async fn fill(room: &TestRoom) -> (Caller, Vec<i64>) {
    let admin = room.admin().await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(admin.create_in(1, &format!("c{number}")).await);
    }
    room.room.uaa_public_keys().await.unwrap();
    (admin, made)
}

fn beside(room: &TestRoom, ending: &str) -> PathBuf {
    room.database.key_file().with_file_name(format!("root.key.{ending}"))
}

async fn three_rotations_in_a_row_leave_everything_readable_and_nothing_under_an_older_key(
    mut room: TestRoom,
) {
    let (mut admin, made) = fill(&room).await;
    let texts = "SELECT substr(sealed, 70) FROM sealed_inputs ORDER BY credential_id";
    let before = room.database.rows(texts).await;
    let mut past = Vec::new();
    for turn in 0..3 {
        let old = status(&room.room).await.active;
        let start = room.room.begin_root_key_rotation(&room.room.on_host(), None).await.unwrap();
        assert!(!start.resumed && start.active != old && 8 <= start.waiting, "{start:?}");
        // Under way, everything opens, and what is new is under the new key.
        assert!(broken(&room.room).await.is_empty());
        admin.create_in(1, &format!("turn {turn}")).await;
        admin.copy(made[0], &format!("copy {turn}")).await.unwrap();
        let early = room.room.end_root_key_rotation(&room.room.on_host()).await.unwrap();
        assert_eq!((early.waiting, early.installed), (start.waiting, None));
        assert_eq!(rewrap(&room.room).await, start.waiting);
        let end = room.room.end_root_key_rotation(&room.room.on_host()).await.unwrap();
        assert_eq!((end.waiting, end.installed), (0, Some(room.database.key_file())));
        past.push(old);
        let now = status(&room.room).await;
        assert_eq!(now.active, start.active);
        for key in &now.keys {
            assert_eq!(key.values == 0, key.id != now.active, "{now:?}");
        }
        assert!(!beside(&room, "next").exists());
        assert!(past.iter().all(|old| beside(&room, old).exists()));
        assert!(broken(&room.room).await.is_empty());
        // The next process needs the new key alone.
        room.room.close().await;
        for old in &past {
            drop(fs::rename(beside(&room, old), beside(&room, "away")));
        }
        let opened = open(options(&room.database, room.clock.clone())).await.unwrap();
        past.clear();
        room.room = opened.room;
        admin = room.admin().await;
        assert_eq!(status(&room.room).await.keys.len(), 1);
        assert!(broken(&room.room).await.is_empty());
    }
    let after = room.database.rows(texts).await;
    assert_eq!(after[..before.len()], before, "no text was sealed anew");
    assert_eq!(room.room.first_broken_audit_link().await.unwrap(), None);
}

async fn a_rotation_that_was_cut_off_goes_on_and_no_other_begins_before(mut room: TestRoom) {
    fill(&room).await;
    let host = room.room.on_host();
    let start = room.room.begin_root_key_rotation(&host, None).await.unwrap();
    // Cut off: neither wrapped anew nor ended. The next process finds both keys.
    room.room.close().await;
    room.room = open(options(&room.database, room.clock.clone())).await.unwrap().room;
    assert_eq!(status(&room.room).await.active, start.active);
    assert!(broken(&room.room).await.is_empty());
    let other = beside(&room, "other");
    let refused = room.room.begin_root_key_rotation(&host, Some(other.clone())).await;
    assert!(
        matches!(refused, Err(RotationError::Unfinished { waiting }) if waiting == start.waiting)
    );
    assert!(!other.exists());
    let again = room.room.begin_root_key_rotation(&host, None).await.unwrap();
    assert!(again.resumed);
    assert_eq!((again.active, again.waiting), (start.active, start.waiting));
    assert_eq!(rewrap(&room.room).await, start.waiting);
    // Cut off once more, before the end.
    room.room = open(options(&room.database, room.clock.clone())).await.unwrap().room;
    let last = room.room.begin_root_key_rotation(&host, None).await.unwrap();
    assert!(last.resumed && last.waiting == 0);
    let end = room.room.end_root_key_rotation(&host).await.unwrap();
    assert_eq!(end.installed, Some(room.database.key_file()));
}

async fn a_key_that_is_still_needed_is_not_taken_away_unnoticed(room: TestRoom) {
    fill(&room).await;
    let host = room.room.on_host();
    let old = status(&room.room).await.active;
    let start = room.room.begin_root_key_rotation(&host, None).await.unwrap();
    room.room.close().await;
    let (key, next) = (room.database.key_file(), beside(&room, "next"));
    // The new key away: the canary is under it.
    let away = beside(&room, "away");
    fs::rename(&next, &away).unwrap();
    let error = open(options(&room.database, room.clock.clone())).await.unwrap_err();
    assert_eq!(error.exit_code(), 13);
    assert!(error.to_string().contains(&start.active), "{error}");
    // The old key away: the values are under it.
    let kept = fs::read(&key).unwrap();
    fs::rename(&away, &key).unwrap();
    let entries = room.number("SELECT COUNT(*) FROM audit_entries").await;
    let error = open(options(&room.database, room.clock.clone())).await.unwrap_err();
    assert_eq!(error.exit_code(), 18);
    let told = error.to_string();
    assert!(told.contains(&old) && told.contains(&format!("{} sealed", start.waiting)), "{told}");
    assert_eq!(room.number("SELECT COUNT(*) FROM audit_entries").await, entries);
    // Put back under the name that names it, all is well.
    fs::write(beside(&room, &old), kept).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o400);
    fs::set_permissions(beside(&room, &old), mode).unwrap();
    let opened = open(options(&room.database, room.clock.clone())).await.unwrap();
    assert!(broken(&opened.room).await.is_empty());
    assert_eq!(rewrap(&opened.room).await, start.waiting);
    let end = opened.room.end_root_key_rotation(&host).await.unwrap();
    assert_eq!((end.waiting, end.installed), (0, None));
}

async fn a_value_that_does_not_open_stays_and_is_named(room: TestRoom) {
    let (_, made) = fill(&room).await;
    let harm = match room.database.kind() {
        StoreKind::Sqlite => "substr(sealed, 1, 30) || x'00' || substr(sealed, 32)",
        StoreKind::Postgres => "set_byte(sealed, 30, (get_byte(sealed, 30) + 1) % 256)",
    };
    room.database
        .rows(&format!(
            "UPDATE sealed_inputs SET sealed = CAST({harm} AS {}) WHERE credential_id = {}",
            if room.database.kind() == StoreKind::Sqlite { "BLOB" } else { "BYTEA" },
            made[2]
        ))
        .await;
    let expected = vec![("sealed_inputs", made[2], "password".to_owned())];
    assert_eq!(broken(&room.room).await, expected);
    let host = room.room.on_host();
    let start = room.room.begin_root_key_rotation(&host, None).await.unwrap();
    assert_eq!(rewrap(&room.room).await, start.waiting - 1);
    let end = room.room.end_root_key_rotation(&host).await.unwrap();
    assert_eq!((end.waiting, end.installed), (1, None));
    assert_eq!(broken(&room.room).await, expected);
}

async fn only_the_host_looks_after_the_root_key(room: TestRoom) {
    let admin = room.admin().await;
    assert!(room.room.root_key_status(&admin.actor).await.is_err());
    assert!(room.room.begin_root_key_rotation(&admin.actor, None).await.is_err());
    assert!(room.room.rewrap_batch(&admin.actor, None).await.is_err());
    assert!(room.room.end_root_key_rotation(&admin.actor).await.is_err());
    assert!(room.room.verify_batch(&admin.actor, None).await.is_err());
    assert!(!beside(&room, "next").exists());
}

async fn a_new_key_elsewhere_is_used_from_there(room: TestRoom) {
    fill(&room).await;
    let host = room.room.on_host();
    let elsewhere = room.database.folder().join("elsewhere").join("new.key");
    let begin = room.room.begin_root_key_rotation(&host, Some(elsewhere.clone())).await;
    assert_eq!(begin.unwrap().file, Some(elsewhere.clone()));
    rewrap(&room.room).await;
    let end = room.room.end_root_key_rotation(&host).await.unwrap();
    assert_eq!((end.waiting, end.installed), (0, None));
    room.room.close().await;
    let mut with_new = options(&room.database, room.clock.clone());
    with_new.key.path = elsewhere;
    assert!(broken(&open(with_new).await.unwrap().room).await.is_empty());
    // The key of another store is refused.
    let other = TestRoom::new(StoreKind::Sqlite).await;
    let foreign = Some(other.database.key_file());
    let refused = room.room.begin_root_key_rotation(&host, foreign).await;
    assert!(matches!(refused, Err(RotationError::Key(fault)) if fault.exit_code() == 14));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_process_reads_and_seals_on_while_the_key_is_replaced() {
    let room = TestRoom::new(StoreKind::Postgres).await;
    let (_, made) = fill(&room).await;
    let other = room.another_process().await;
    let there = other.user_with("there", Role::OrganizationAdmin, 1).await;
    let host = room.room.on_host();
    room.room.begin_root_key_rotation(&host, None).await.unwrap();
    rewrap(&room.room).await;
    // It does not know the new key yet: it reads it where the old one is, and seals under no other.
    there.copy(made[0], "read by the other").await.unwrap();
    for number in 0..5 {
        there.create_in(1, &format!("sealed by the other {number}")).await;
    }
    let end = room.room.end_root_key_rotation(&host).await.unwrap();
    assert_eq!(end.waiting, 0, "the other process sealed under the old key");
    assert_eq!(status(&other.room).await.active, status(&room.room).await.active);
    assert!(broken(&other.room).await.is_empty());
}
