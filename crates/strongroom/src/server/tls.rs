//! The server's certificate, and its renewal without a restart.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, ensure};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::config::TlsFiles;

/// The certificate in use and the files it comes from.
pub(crate) struct Tls {
    files: TlsFiles,
    current: watch::Sender<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads the files.
    pub(crate) fn load(files: TlsFiles) -> anyhow::Result<Self> {
        let current = watch::Sender::new(Arc::new(config(&files)?));
        Ok(Self { files, current })
    }

    /// The configuration that each new connection takes.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Arc<ServerConfig>> {
        self.current.subscribe()
    }

    /// Reads the files again. Files that do not do leave everything as it is.
    pub(crate) fn reload(&self) {
        match config(&self.files) {
            Ok(config) => {
                self.current.send_replace(Arc::new(config));
                tracing::info!("the certificate was read again");
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the new certificate does not do, the old one stays in use");
            }
        }
    }
}

/// TLS 1.2 and 1.3 with the suites that rustls holds safe; HTTP/1.1 only, as the connections speak it.
fn config(files: &TlsFiles) -> anyhow::Result<ServerConfig> {
    let chain = chain(&files.cert)?;
    let key = key(&files.key)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .with_context(|| {
            let (cert, key) = (files.cert.display(), files.key.display());
            format!("the certificate in {cert} and the private key in {key} do not do")
        })?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn chain(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let unreadable = || format!("--tls-cert: {} cannot be read", path.display());
    let file = File::open(path).with_context(unreadable)?;
    let chain: Vec<_> = CertificateDer::pem_reader_iter(BufReader::new(file))
        .collect::<Result<_, _>>()
        .with_context(unreadable)?;
    ensure!(!chain.is_empty(), "--tls-cert: {} holds no certificate in PEM", path.display());
    Ok(chain)
}

fn key(path: &Path) -> anyhow::Result<PrivateKeyDer<'static>> {
    let unreadable = || format!("--tls-key: {} cannot be read", path.display());
    let mut text = Zeroizing::new(Vec::with_capacity(16 * 1024));
    File::open(path).and_then(|mut file| file.read_to_end(&mut text)).with_context(unreadable)?;
    PrivateKeyDer::from_pem_slice(&text)
        .map_err(|_| anyhow::anyhow!("--tls-key: {} holds no private key in PEM", path.display()))
}
