//! `strongroom serve`.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use strongroom_http::HttpSettings;
use strongroom_service::Strongroom;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::cli::ServeArgs;
use crate::config::{Config, Environment};
use crate::data_dir::{Claim, DataDir};
use crate::room::{self, Reveal};
use crate::server::anchor::Anchors;
use crate::server::{self, Phase, Signals, Tls, socket};
use crate::{hardening, log};

/// Serves until a signal says to stop.
pub(super) async fn run(
    args: ServeArgs,
    environment: Environment,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let config = Config::read(args.into_flags(), environment, io::stderr().is_terminal())?;
    log::start(config.log_level, config.log_format)?;
    hardening::raise_file_limit();
    let mut signals = Signals::new()?;
    let tls = config.store.tls.clone().map(Tls::load).transpose()?;
    let store = &config.store;
    let _held = match DataDir::claim(&store.data_dir, store.database_url.is_none())? {
        Claim::Ours(held) => held,
        Claim::Served => bail!(
            "another server holds the data directory {}: stop it, or choose another with --data-dir",
            store.data_dir.display()
        ),
    };
    let listener = listen(&config).await?;
    let reveal = if io::stdout().is_terminal() { Reveal::Print } else { Reveal::Keep };
    let room = tokio::select! {
        room = room::open(store, reveal, out) => room?,
        () = signals.stop(|| ()) => bail!("told to stop before the store was open"),
    };
    room::advise_on_key(store);
    let running = Running { config: &config, room: &room, tls: tls.as_ref() };
    let outcome = running.until_stopped(listener, &mut signals, out).await;
    if outcome.is_ok() {
        tracing::info!("stopped");
    }
    outcome
}

/// A server at work.
struct Running<'a> {
    config: &'a Config,
    room: &'a Strongroom,
    tls: Option<&'a Tls>,
}

impl Running<'_> {
    async fn until_stopped(
        &self,
        listener: TcpListener,
        signals: &mut Signals,
        out: &mut (dyn Write + Send),
    ) -> anyhow::Result<()> {
        let metrics = install_metrics()?;
        let socket_path = socket::path(&self.config.store.data_dir);
        let host = socket::listen(&socket_path)
            .with_context(|| format!("{} cannot be made", socket_path.display()))?;
        let address = listener.local_addr()?;
        let settings = self.settings(metrics.clone());
        let router = strongroom_http::router(self.room.clone(), settings.clone());
        let host_router = strongroom_http::host_router(self.room.clone(), settings);
        let phase = watch::Sender::new(Phase::Serving);
        let network = server::serve_network(
            listener,
            self.tls.map(Tls::subscribe),
            router,
            phase.subscribe(),
        );
        let background = Box::pin(self.background(metrics, phase.subscribe()));
        let anchors = Anchors {
            file: self.config.audit_anchor_file.clone(),
            url: self.config.audit_anchor_url.clone(),
        };
        let newest = self.room.audit_checkpoints();
        let anchoring = Box::pin(anchors.follow(newest, phase.subscribe()));
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        writeln!(out, "listening on {scheme}://{address}")?;
        out.flush()?;
        tracing::info!(%address, store = self.room.store_kind(), "serving");
        let all = async {
            tokio::join!(
                network,
                server::serve_host(host, host_router, phase.subscribe()),
                background,
                anchoring
            );
        };
        let drained = drain(all, &phase, signals, || self.reload()).await;
        // The next server replaces it; a command that finds none opens the store itself.
        let _ = std::fs::remove_file(&socket_path);
        if drained && tokio::time::timeout(CLOSE, self.room.close()).await.is_err() {
            tracing::warn!("the store did not take what was still waiting in time");
        }
        Ok(())
    }

    /// Works on what is due now and then, until the server drains.
    async fn background(&self, metrics: PrometheusHandle, mut phase: watch::Receiver<Phase>) {
        let upkeep = async {
            let mut tick = tokio::time::interval(UPKEEP);
            loop {
                tick.tick().await;
                metrics.run_upkeep();
            }
        };
        let chores = self.room.background(async move {
            let _ = phase.wait_for(|phase| *phase == Phase::Draining).await;
        });
        tokio::select! {
            () = chores => {}
            () = upkeep => {}
        }
    }

    fn settings(&self, metrics: PrometheusHandle) -> HttpSettings {
        HttpSettings {
            public_url: self.config.store.public_url.clone(),
            tls: self.tls.is_some(),
            trusted_proxies: self.config.trusted_proxies.clone(),
            metrics: Arc::new(move || metrics.render()),
            metrics_token: self.config.metrics_token.clone(),
            node: self.config.node.clone(),
            ..HttpSettings::default()
        }
    }

    fn reload(&self) {
        let Some(tls) = self.tls else {
            return tracing::info!("there is no certificate to read again");
        };
        tls.reload();
    }
}

async fn listen(config: &Config) -> anyhow::Result<TcpListener> {
    let address = config.store.listen;
    TcpListener::bind(address).await.with_context(|| {
        format!("{address} cannot be listened on: stop what listens there, or choose another with --listen")
    })
}

/// Runs everything until a signal says to stop, then gives open requests their time. False if it was cut off.
async fn drain(
    all: impl Future<Output = ()>,
    phase: &watch::Sender<Phase>,
    signals: &mut Signals,
    reload: impl Fn(),
) -> bool {
    let mut all = std::pin::pin!(all);
    tokio::select! {
        () = &mut all => return true,
        () = signals.stop(&reload) => {}
    }
    tracing::info!("stopping: open requests have {} s", DRAIN.as_secs());
    phase.send_replace(Phase::Draining);
    tokio::select! {
        () = &mut all => true,
        () = tokio::time::sleep(DRAIN) => {
            tracing::warn!("requests that were not answered in time are cut off");
            true
        }
        () = signals.stop(reload) => {
            tracing::warn!("stopping at once, as told twice");
            false
        }
    }
}

fn install_metrics() -> anyhow::Result<PrometheusHandle> {
    let duration = Matcher::Full(strongroom_http::DURATION.to_owned());
    Ok(PrometheusBuilder::new()
        .set_buckets_for_metric(duration, strongroom_http::DURATION_BUCKETS)?
        .install_recorder()?)
}

const DRAIN: Duration = Duration::from_secs(10);
const CLOSE: Duration = Duration::from_secs(5);
const UPKEEP: Duration = Duration::from_secs(5);
