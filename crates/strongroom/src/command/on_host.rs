//! Commands on the server's own host: through the socket of the server that holds the data directory, or,
//! when none runs, on the store itself.

use std::io;
use std::path::Path;
use std::time::Duration;

use anyhow::bail;
use strongroom_http::HttpSettings;
use tokio::time::Instant;
use tracing::Level;

use crate::client::Client;
use crate::config::StoreConfig;
use crate::data_dir::{Claim, DataDir};
use crate::log::{self, LogFormat};
use crate::room::{self, Reveal};
use crate::server::socket;

/// A client, and the hold on the data directory that it needs.
pub(super) struct OnHost {
    /// The client.
    pub(super) client: Client,
    // Held until the client is closed.
    held: Option<DataDir>,
}

impl OnHost {
    /// Finds the server or opens the store. A store that does not exist yet is made.
    pub(super) async fn reach(config: &StoreConfig) -> anyhow::Result<Self> {
        let end = Instant::now() + PATIENCE;
        loop {
            match DataDir::claim(&config.data_dir, config.database_url.is_none())? {
                Claim::Ours(held) => return Self::open(config, held).await,
                Claim::Served => {}
            }
            let path = socket::path(&config.data_dir);
            if answers(&path).await {
                return Ok(Self { client: Client::Socket(path), held: None });
            }
            // A server that starts or stops holds the directory without listening, but not for long.
            if end < Instant::now() {
                bail!(
                    "another process holds the data directory {} and does not listen",
                    config.data_dir.display()
                );
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The same, but a store that does not exist yet is an error.
    pub(super) async fn reach_existing(config: &StoreConfig) -> anyhow::Result<Self> {
        if config.database_url.is_none() && !room::sqlite_file(config).exists() {
            bail!(
                "there is no store in {}: name its place with --data-dir",
                config.data_dir.display()
            );
        }
        Self::reach(config).await
    }

    /// Ends the use of it.
    pub(super) async fn close(self) {
        self.client.close().await;
        drop(self.held);
    }

    async fn open(config: &StoreConfig, held: DataDir) -> anyhow::Result<Self> {
        log::start(Level::WARN, LogFormat::Text)?;
        // Standard output is for what the command prints.
        let room = room::open(config, Reveal::Keep, &mut io::stderr()).await?;
        let router = strongroom_http::host_router(room.clone(), HttpSettings::default());
        Ok(Self { client: Client::InProcess { router, room }, held: Some(held) })
    }
}

async fn answers(path: &Path) -> bool {
    socket::connect(path).await.is_ok()
}

const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_millis(50);
