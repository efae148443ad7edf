//! The server that a command speaks to: one on the network, or the store of this host.

use anyhow::{Context, bail};

use secrecy::SecretString;

use super::login::server_url;
use super::on_host::OnHost;
use crate::cli::StoreArgs;
use crate::client::{Client, Pass};
use crate::config::{Environment, StoreConfig};
use crate::login_file::{self, Login};
use crate::secret_input;

/// The server that the settings point to.
pub(super) enum Server {
    /// One that is reached with a token.
    Network(Client),
    /// The store of this host.
    Host(OnHost),
}

impl Server {
    /// Finds the server, works with it and ends the use of it, whatever came of the work.
    pub(super) async fn with<T>(
        store: StoreArgs,
        environment: Environment,
        work: impl AsyncFnOnce(&Client) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let server = Self::find(store, environment).await?;
        let outcome = work(server.client()).await;
        server.close().await;
        outcome
    }

    /// A data directory that was typed, then a server that was named, then one that was logged in to, then
    /// the store of the other settings.
    async fn find(store: StoreArgs, environment: Environment) -> anyhow::Result<Self> {
        let is_store_named = store.data_dir.is_some() || store.database_url.is_some();
        if !is_store_named && let Some(client) = network(&environment)? {
            return Ok(Self::Network(client));
        }
        let config = StoreConfig::read(store.into_flags(), environment)?;
        if config.database_url.is_none() && !config.data_dir.exists() {
            bail!(
                "no server is known and there is no store in {}: run `strongroom login`, set STRONGROOM_URL \
                 and STRONGROOM_TOKEN, or give --data-dir",
                config.data_dir.display()
            );
        }
        OnHost::reach(&config).await.map(Self::Host)
    }

    /// What sends requests to it.
    fn client(&self) -> &Client {
        match self {
            Self::Network(client) => client,
            Self::Host(host) => &host.client,
        }
    }

    /// Ends the use of it.
    async fn close(self) {
        match self {
            Self::Network(client) => client.close().await,
            Self::Host(host) => host.close().await,
        }
    }
}

/// The token of the environment, or of the file that it names, as helpers without a terminal have it.
fn token(environment: &Environment) -> anyhow::Result<SecretString> {
    if let Some(token) = environment.get("STRONGROOM_TOKEN") {
        return Ok(token.to_str().context("STRONGROOM_TOKEN is no token")?.into());
    }
    let path = environment
        .get("STRONGROOM_TOKEN_FILE")
        .context("STRONGROOM_URL is set, but STRONGROOM_TOKEN and STRONGROOM_TOKEN_FILE are not")?;
    let content = secret_input::content(std::path::Path::new(path))?;
    Ok(content.trim().into())
}

fn network(environment: &Environment) -> anyhow::Result<Option<Client>> {
    if let Some(url) = server_url(None, environment)? {
        return Ok(Some(Client::Network { url, pass: Pass::Token(token(environment)?) }));
    }
    let Ok(path) = login_file::path(environment) else { return Ok(None) };
    let login = Login::load(&path)?;
    Ok(login.map(|Login { url, token }| Client::Network { url, pass: Pass::Token(token) }))
}
