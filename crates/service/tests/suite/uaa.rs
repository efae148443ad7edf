//! Tokens of the platform, below the wire.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use strongroom_core::Error;
use strongroom_core::access::{Dialect, Door};
use strongroom_core::audit::Origin;
use strongroom_service::uaa::UaaTokens;
use strongroom_service::{Actor, Presented};

use crate::room::{PASSWORD, StoreKind, TestRoom, from};

fn origin() -> Origin {
    Origin { dialect: Dialect::CloudFoundry, ..from("192.0.2.7") }
}

async fn log_in(room: &TestRoom, username: &str) -> UaaTokens {
    let password = SecretString::from(PASSWORD);
    let actor = room.room.log_in(Door::Uaa, username, password, origin()).await.unwrap();
    room.room.issue_uaa_tokens(&actor, &[]).await.unwrap()
}

async fn enter(room: &TestRoom, token: &SecretString) -> strongroom_core::Result<Actor> {
    let presented = Presented::Bearer(SecretString::from(token.expose_secret()));
    room.room.authenticate(Door::CloudFoundry, presented, origin()).await
}

on_both_stores! {
    what_has_ended_is_forgotten
    the_signing_key_is_made_once_and_sealed
    a_rotated_key_logs_nobody_out
}

/// Rows of tokens and jobs go some time after their end, and nothing that is still good goes with them.
async fn what_has_ended_is_forgotten(room: TestRoom) {
    let first = log_in(&room, "admin").await;
    let count = async || room.number("SELECT COUNT(*) FROM tokens").await;
    assert_eq!(count().await, 2);
    room.wait(600 + 3_600);
    room.room.close().await;
    assert_eq!(count().await, 2, "not yet");
    room.wait(1);
    room.room.close().await;
    assert_eq!(count().await, 1, "the access token is forgotten");
    let token = first.refresh_token.unwrap();
    let refresh = Presented::Refresh(token.clone());
    let actor = room.room.authenticate(Door::Uaa, refresh, origin()).await.unwrap();
    let second = room.room.refresh_uaa_token(&actor, &token, &[]).await.unwrap();
    enter(&room, &second.access_token).await.unwrap();
    room.wait(31 * 86_400);
    room.room.close().await;
    room.room.close().await;
    assert_eq!(count().await, 0);
    assert_eq!(room.number("SELECT COUNT(*) FROM refresh_tokens").await, 0);
}

/// A new key signs at once; what the old one signed is good until it ends, and then the old one is forgotten.
async fn a_rotated_key_logs_nobody_out(room: TestRoom) {
    let first = log_in(&room, "admin").await;
    let host = room.room.on_host();
    let new = room.room.rotate_uaa_key(&host).await.unwrap();
    let keys = room.room.list_uaa_keys(&host).await.unwrap();
    assert_eq!(keys.len(), 2);
    assert_eq!((keys[0].kid, keys[0].retired), (new.kid, None));
    assert!(keys[1].retired.is_some());
    let published = room.room.uaa_public_keys().await.unwrap();
    assert_eq!(published.len(), 2, "the old one is needed to verify");
    assert_eq!(published[0].kid, new.kid.to_string());
    enter(&room, &first.access_token).await.unwrap();
    let refreshing = first.refresh_token.unwrap();
    let actor =
        room.room.authenticate(Door::Uaa, Presented::Refresh(refreshing.clone()), origin()).await;
    let second = room.room.refresh_uaa_token(&actor.unwrap(), &refreshing, &[]).await.unwrap();
    enter(&room, &second.access_token).await.unwrap();
    assert_eq!(kid_of(&second.access_token), new.kid.to_string());
    room.wait(600 + 3_600 + 1);
    room.room.close().await;
    assert_eq!(room.room.list_uaa_keys(&host).await.unwrap().len(), 1);
    let bob = enter(&room, &second.access_token).await;
    assert!(matches!(bob, Err(Error::Unauthenticated)));
}

/// The id of the key that signed a token.
fn kid_of(token: &SecretString) -> String {
    let header = token.expose_secret().split('.').next().unwrap();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    let header: serde_json::Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

/// A key is made once, sealed, and found again by whoever opens the store next.
async fn the_signing_key_is_made_once_and_sealed(room: TestRoom) {
    assert_eq!(room.number("SELECT COUNT(*) FROM signing_keys WHERE purpose = 'uaa'").await, 0);
    let (one, other) = (log_in(&room, "admin").await, log_in(&room, "admin").await);
    assert_ne!(one.jti, other.jti);
    assert_eq!(room.number("SELECT COUNT(*) FROM signing_keys WHERE purpose = 'uaa'").await, 1);
    let keys = room.room.uaa_public_keys().await.unwrap();
    assert_eq!(keys.len(), 1);
    assert!(keys[0].pem.starts_with("-----BEGIN PUBLIC KEY-----"));
    let sealed =
        room.number("SELECT LENGTH(sealed_key) FROM signing_keys WHERE purpose = 'uaa'").await;
    assert!(1_000 < sealed, "{sealed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_counts_on_every_process_and_ends_on_all() {
    let one = TestRoom::new(StoreKind::Postgres).await;
    let other = one.another_process().await;
    // Both make a key at the same time; one of them is the store's.
    let (first, second) = tokio::join!(log_in(&one, "admin"), log_in(&other, "admin"));
    assert_eq!(one.number("SELECT COUNT(*) FROM signing_keys WHERE purpose = 'uaa'").await, 1);
    for token in [&first.access_token, &second.access_token] {
        enter(&one, token).await.unwrap();
        enter(&other, token).await.unwrap();
    }
    let actor = enter(&other, &second.access_token).await.unwrap();
    // What one process rotates, the other signs with at its next token.
    let new = one.room.rotate_uaa_key(&one.room.on_host()).await.unwrap();
    let third = log_in(&other, "admin").await;
    assert_eq!(kid_of(&third.access_token), new.kid.to_string());
    enter(&one, &third.access_token).await.unwrap();
    enter(&one, &first.access_token).await.unwrap();
    one.room.revoke_uaa_token(&actor, second.jti).await.unwrap();
    let refused = enter(&other, &second.access_token).await;
    assert!(matches!(refused, Err(Error::Unauthenticated)));
    enter(&other, &first.access_token).await.unwrap();
}
