//! Seeding: the use-case itself, called in this process by very many at once.
//!
//! Nothing is left out: each credential is checked, sealed, versioned, given its roles and grants and written
//! to the audit log. It is fast because the store's writer takes whatever waits into one commit.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures_util::StreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use secrecy::SecretString;
use serde_json::{Map, json};
use strongroom_core::access::Door;
use strongroom_core::audit::Origin;
use strongroom_core::clock::Clock;
use strongroom_core::draft::Member;
use strongroom_core::id::Ref;
use strongroom_service::{
    CredentialDraft, KeyLocation, OpenOptions, OwnerDoor, Presented, StoreLocation, Strongroom,
    Tuning,
};

use crate::load;
use crate::server::{self, PASSWORD};

/// The store with that many credentials, made once and kept.
pub(crate) fn store(work: &Path, credentials: u64) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(work)?;
    let data = std::path::absolute(work.join(format!("seeded-{credentials}")))?;
    if data.exists() {
        return Ok(data);
    }
    let unfinished = data.with_extension("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    // The first start is the server's own; it takes connections before the store is there.
    let first = server::spawn(&unfinished)?;
    load::once(first.address, &load::request("GET", "/readyz", "", ""))?.json()?;
    first.stop()?;
    tokio::runtime::Runtime::new()?.block_on(fill(&unfinished, credentials))?;
    fs::rename(&unfinished, &data)?;
    Ok(data)
}

async fn fill(data: &Path, credentials: u64) -> anyhow::Result<()> {
    let options = OpenOptions {
        location: StoreLocation::Sqlite(data.join("strongroom.db")),
        key: KeyLocation { path: data.join("keys/root.key"), may_create: false },
        admin_password: None,
        initial_password_file: None,
        issuer: String::new(),
        clock: Clock::system(),
        tuning: Tuning::default(),
        audit_file: None,
    };
    let room = Strongroom::open(options).await?.room;
    let password = SecretString::from(PASSWORD);
    let admin = Presented::Basic { username: "admin".to_owned(), password };
    let admin = room.authenticate(Door::Awx, admin, Origin::local()).await?;
    let bar = ProgressBar::new(credentials).with_style(ProgressStyle::with_template(
        "seeding {human_pos} of {human_len} {wide_bar} {per_sec} {eta} left",
    )?);
    let mut made = futures_util::stream::iter(0..credentials)
        .map(|number| {
            let (room, admin, bar) = (room.clone(), admin.clone(), bar.clone());
            tokio::spawn(async move {
                room.create_credential(&admin, OwnerDoor::Body, draft(number)).await?;
                bar.inc(1);
                anyhow::Ok(())
            })
        })
        .buffer_unordered(AT_ONCE);
    while let Some(made) = made.next().await {
        made?.context("a credential could not be made")?;
    }
    bar.finish();
    room.close().await;
    Ok(())
}

/// A machine credential of the first organization, with a name that sorts by its number.
fn draft(number: u64) -> CredentialDraft {
    let inputs = Map::from_iter([
        ("username".to_owned(), json!("deploy")),
        ("password".to_owned(), json!(format!("{:032x}", fastrand::u128(..)))),
    ]);
    CredentialDraft {
        name: Member::Given(format!("credential {number:08}")),
        description: Member::Given("seeded".to_owned()),
        credential_type: Member::Given(Ref::Serial(1)),
        inputs: Member::Given(inputs),
        organization: Member::Given(Some(Ref::Serial(1))),
        ..CredentialDraft::default()
    }
}

/// Creations under way at once: more than a commit takes, fewer than the writer's queue.
const AT_ONCE: usize = 1024;
