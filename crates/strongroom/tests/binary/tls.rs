//! TLS: what is served, how it is renewed, and what is refused.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustix::process::Signal;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::common::http::{Answer, Request};
use crate::common::{Server, Store};

/// Files of a certificate.
struct Files {
    cert: PathBuf,
    key: PathBuf,
}

impl Files {
    fn of(store: &Store) -> Self {
        Self { cert: store.folder().join("cert.pem"), key: store.folder().join("key.pem") }
    }

    /// A new certificate in them, which trusts itself.
    fn renew(&self) -> CertificateDer<'static> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        fs::write(&self.cert, cert.pem()).unwrap();
        fs::write(&self.key, signing_key.serialize_pem()).unwrap();
        cert.der().clone()
    }

    fn start(&self, store: &Store) -> Server {
        store.start_with(&self.words())
    }

    fn words(&self) -> [&str; 4] {
        ["--tls-cert", self.cert.to_str().unwrap(), "--tls-key", self.key.to_str().unwrap()]
    }
}

/// The answer over TLS to somebody who trusts only this certificate.
fn ask(server: &Server, trusted: &CertificateDer<'static>) -> io::Result<Answer> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).map_err(io::Error::other)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(io::Error::other)?;
    let stream = TcpStream::connect(server.address())?;
    Request::get("/healthz").send(StreamOwned::new(connection, stream))
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < Duration::from_secs(30), "{what}");
        thread::yield_now();
    }
}

#[test]
fn a_renewed_certificate_is_taken_and_a_bad_one_is_not() {
    let store = Store::sqlite();
    let files = Files::of(&store);
    let first = files.renew();
    let mut server = files.start(&store);
    assert!(server.url().starts_with("https://"));
    assert_eq!(ask(&server, &first).unwrap().status, 200);

    let second = files.renew();
    server.signal(Signal::HUP);
    wait_for("the new certificate is served", || ask(&server, &second).is_ok());
    assert!(ask(&server, &first).is_err());

    fs::write(&files.key, "no key").unwrap();
    server.signal(Signal::HUP);
    let complaint = "the new certificate does not do, the old one stays in use";
    wait_for("the bad key is logged", || store.log().contains(complaint));
    assert_eq!(ask(&server, &second).unwrap().status, 200);

    let mixed = files.renew();
    let other = Store::sqlite();
    let stranger = Files::of(&other);
    stranger.renew();
    fs::copy(&stranger.key, &files.key).unwrap();
    server.signal(Signal::HUP);
    wait_for("the foreign key is logged", || store.log().matches(complaint).count() == 2);
    assert!(ask(&server, &mixed).is_err());
    assert_eq!(ask(&server, &second).unwrap().status, 200);
    assert!(server.stop().success());
}

#[test]
fn clear_text_gets_no_answer_from_a_tls_listener() {
    let store = Store::sqlite();
    let files = Files::of(&store);
    files.renew();
    let server = files.start(&store);
    let stream = TcpStream::connect(server.address()).unwrap();
    let answer = Request::get("/healthz").send(stream);
    assert!(answer.is_err(), "{answer:?}");
}

#[test]
fn certificates_that_do_not_do_are_refused_before_anything_is_made() {
    let store = Store::sqlite();
    let files = Files::of(&store);
    files.renew();
    for (content, message) in
        [(None, "key.pem cannot be read"), (Some("x"), "holds no private key in PEM")]
    {
        match content {
            None => fs::remove_file(&files.key).unwrap(),
            Some(content) => fs::write(&files.key, content).unwrap(),
        }
        let output = store.run(&files.words());
        assert_eq!(output.status.code(), Some(1));
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(message), "{said}");
        assert!(!store.data_dir().exists());
    }
}

#[test]
fn a_hang_up_without_tls_does_no_harm() {
    let store = Store::sqlite();
    let mut server = store.start();
    server.signal(Signal::HUP);
    wait_for("the signal is logged", || store.log().contains("no certificate to read again"));
    assert_eq!(server.ask(&Request::get("/healthz")).status, 200);
    assert!(server.stop().success());
}

#[test]
fn login_and_commands_go_over_tls_to_a_server_they_trust() {
    let store = Store::sqlite();
    let files = Files::of(&store);
    files.renew();
    let mut server = files.start(&store);
    let url = format!("https://localhost:{}", server.address().port());
    let password = store.folder().join("password");
    fs::write(&password, crate::common::ADMIN_PASSWORD).unwrap();
    let login = ["login", &url, "--user", "admin", "--password-file", password.to_str().unwrap()];

    let away = Store::sqlite();
    let stranger = away.command(&login).output().unwrap();
    assert_eq!(stranger.status.code(), Some(1));
    let trusting =
        |words: &[&str]| away.command(words).env("SSL_CERT_FILE", &files.cert).output().unwrap();
    let output = trusting(&login);
    assert!(output.status.success(), "{output:?}");
    let output = trusting(&["credential", "list"]);
    assert!(output.status.success(), "{output:?}");
    assert!(!away.data_dir().exists());
    assert!(server.stop().success());
}
