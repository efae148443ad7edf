//! Bits that flip and values that change places in the database: every one is found and named, and nothing that
//! was sealed for one place is opened at another.

use serde_json::json;
use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::proof::figures;
use crate::room::{StoreKind, TestRoom};

on_both_stores! {
    a_thousand_flipped_bits_are_found_and_named
    a_thousand_values_that_changed_places_never_open
    a_sound_store_is_sound_and_loose_ends_are_named
}

const TRIALS: usize = 1000;

/// A sealed value as the database holds it.
struct Value {
    credential: i64,
    sealed: Vec<u8>,
}

async fn values(room: &TestRoom) -> Vec<Value> {
    let hex = match room.database.kind() {
        StoreKind::Sqlite => "hex(sealed)",
        StoreKind::Postgres => "encode(sealed, 'hex')",
    };
    let sql = format!("SELECT credential_id, {hex} FROM sealed_inputs ORDER BY credential_id");
    let rows = room.database.rows(&sql).await;
    rows.into_iter()
        .map(|row| Value { credential: row[0].parse().unwrap(), sealed: bytes(&row[1]) })
        .collect()
}

fn bytes(digits: &str) -> Vec<u8> {
    let pairs = digits.as_bytes().chunks(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The statement that puts these bytes in the place of a value.
fn put(room: &TestRoom, credential: i64, sealed: &[u8]) -> String {
    let digits = sealed.iter().fold(String::new(), |mut digits, byte| {
        write!(digits, "{byte:02x}").unwrap();
        digits
    });
    let literal = match room.database.kind() {
        StoreKind::Sqlite => format!("x'{digits}'"),
        StoreKind::Postgres => format!("'\\x{digits}'"),
    };
    format!("UPDATE sealed_inputs SET sealed = {literal} WHERE credential_id = {credential};")
}

/// The credentials whose values do not open.
async fn broken(room: &TestRoom) -> Vec<i64> {
    let host = room.room.on_host();
    let mut broken = Vec::new();
    // Not from the very beginning, which would be told in the log a thousand times.
    let mut after = Some("0:0".to_owned());
    while let Some(cursor) = after {
        let batch = room.room.verify_batch(&host, Some(&cursor)).await.unwrap();
        broken.extend(batch.broken.into_iter().map(|value| value.id));
        after = batch.next;
    }
    broken
}

async fn a_thousand_flipped_bits_are_found_and_named(room: TestRoom) {
    let admin = room.admin().await;
    for number in 0..4 {
        admin.create_in(1, &format!("c{number}")).await;
    }
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let values = values(&room).await;
    assert!(broken(&room).await.is_empty());
    for trial in 0..TRIALS {
        let value = &values[rng.random_range(0..values.len())];
        let bit = rng.random_range(0..value.sealed.len() * 8);
        let mut flipped = value.sealed.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        room.database.rows(&put(&room, value.credential, &flipped)).await;
        assert_eq!(broken(&room).await, [value.credential], "{trial}: bit {bit}");
        if trial % 100 == 0 {
            assert!(admin.copy(value.credential, "never").await.is_err());
        }
        room.database.rows(&put(&room, value.credential, &value.sealed)).await;
    }
    assert!(broken(&room).await.is_empty());
    figures(
        "flipped bits",
        "each flipped bit of a sealed value is found and its credential named; no wrong value is opened",
        &json!({"flips": TRIALS, "found": TRIALS, "opened": 0}),
    );
}

async fn a_thousand_values_that_changed_places_never_open(room: TestRoom) {
    let admin = room.admin().await;
    for number in 0..6 {
        admin.create_in(1, &format!("c{number}")).await;
    }
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let values = values(&room).await;
    for trial in 0..TRIALS {
        let one = rng.random_range(0..values.len());
        let other = (one + rng.random_range(1..values.len())) % values.len();
        let (one, other) = (&values[one.min(other)], &values[one.max(other)]);
        let swap =
            put(&room, one.credential, &other.sealed) + &put(&room, other.credential, &one.sealed);
        room.database.rows(&swap).await;
        assert_eq!(broken(&room).await, [one.credential, other.credential], "{trial}");
        if trial % 100 == 0 {
            assert!(admin.copy(one.credential, "never").await.is_err());
        }
        let back =
            put(&room, one.credential, &one.sealed) + &put(&room, other.credential, &other.sealed);
        room.database.rows(&back).await;
    }
    assert!(broken(&room).await.is_empty());
    figures(
        "swapped values",
        "sealed values that changed places never open, and both credentials are named",
        &json!({"swaps": TRIALS, "found": TRIALS, "opened": 0}),
    );
}

async fn a_sound_store_is_sound_and_loose_ends_are_named(room: TestRoom) {
    let admin = room.admin().await;
    let c = admin.create_in(1, "c").await;
    let host = room.room.on_host();
    let sound = room.room.look_over(&host).await.unwrap();
    assert_eq!(sound, strongroom_service::FsckReport::default());
    assert!(room.room.look_over(&admin.actor).await.is_err());
    room.database
        .rows(&format!("UPDATE sealed_inputs SET version = 7 WHERE credential_id = {c}"))
        .await;
    let rows = room.room.look_over(&host).await.unwrap().rows;
    assert_eq!(
        rows,
        [
            format!("a version of credential {c}: version 1 of password is missing"),
            format!("credential {c}: nothing names version 7 of password"),
            format!("credential {c}: version 1 of password is missing"),
        ]
    );
    // What was moved to another version does not open there.
    assert_eq!(broken(&room).await, [c]);
    let last = room.number("SELECT MAX(position) FROM audit_links").await;
    let entry = format!("(SELECT entry_id FROM audit_links WHERE position = {last})");
    room.database.rows(&format!("UPDATE audit_entries SET times = 7 WHERE id = {entry}")).await;
    assert_eq!(room.room.look_over(&host).await.unwrap().audit, Some(last));
}
