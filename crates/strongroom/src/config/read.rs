//! One function per kind of setting: text in, value out.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use secrecy::{ExposeSecret, SecretString};
use strongroom_service::{TokenKeyForm, Tuning};
use tracing::Level;
use url::Url;
use zeroize::Zeroizing;

use super::error::{ConfigError, Origin, Wanted};
use super::sources::{Given, Sources};
use crate::log::LogFormat;

/// Some text that is not blank.
pub(super) fn text(sources: &Sources, name: &'static str) -> Result<Option<String>, ConfigError> {
    parsed(sources, name, Wanted::Text, |text| {
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    })
}

/// A boolean.
pub(super) fn boolean(sources: &Sources, name: &'static str) -> Result<Option<bool>, ConfigError> {
    parsed(sources, name, Wanted::Boolean, |text| text.parse().ok())
}

/// Where to listen.
pub(super) fn listen(sources: &Sources) -> Result<Option<SocketAddr>, ConfigError> {
    parsed(sources, "listen", Wanted::Address, |text| text.parse().ok())
}

/// The base of all links: an origin, because paths are matched from the root.
pub(super) fn public_url(sources: &Sources) -> Result<Option<Url>, ConfigError> {
    parsed(sources, "public_url", Wanted::BaseUrl, base_url)
}

/// The networks of the proxies.
pub(super) fn trusted_proxies(sources: &Sources) -> Result<Vec<IpNet>, ConfigError> {
    let mut networks = Vec::new();
    for given in sources.many("trusted_proxy")? {
        for text in given.text()?.split(',') {
            networks.push(network(text.trim()).ok_or_else(|| given.wrong(Wanted::Network))?);
        }
    }
    Ok(networks)
}

/// The most connections to the database. One is not enough: the linker keeps one for itself.
pub(super) fn connections(sources: &Sources) -> Result<Option<usize>, ConfigError> {
    parsed(sources, "database_connections", Wanted::Connections, |text| {
        text.parse().ok().filter(|number| (2..=1000).contains(number))
    })
}

/// How an open store behaves.
pub(super) fn tuning(sources: &Sources) -> Result<Tuning, ConfigError> {
    let time = parsed(sources, "list_timeout_ms", Wanted::ListTime, |text| {
        text.parse().ok().filter(|number| (1..=60_000).contains(number))
    })?;
    let token_key = parsed(sources, "registry_token_key", Wanted::TokenKey, |text| match text {
        "x5c" => Some(TokenKeyForm::Certificate),
        "kid" => Some(TokenKeyForm::KeyId),
        _ => None,
    })?;
    let usual = Tuning::default();
    Ok(Tuning {
        list_time: time.map_or(usual.list_time, Duration::from_millis),
        token_key: token_key.unwrap_or(usual.token_key),
        probely_reveal: boolean(sources, "probely_reveal")?.unwrap_or(usual.probely_reveal),
    })
}

/// The URL of the database.
pub(super) fn database_url(sources: &Sources) -> Result<Option<SecretString>, ConfigError> {
    let Some(given) = sources.one("database_url")? else { return Ok(None) };
    let text = given.text()?;
    let url = Url::parse(text).map_err(|_| given.wrong(Wanted::DatabaseUrl))?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(given.wrong(Wanted::DatabaseUrl));
    }
    let has_password =
        url.password().is_some() || url.query_pairs().any(|(name, _)| name == "password");
    if has_password && matches!(given.origin, Origin::Flag(_)) {
        return Err(ConfigError::PasswordInFlag);
    }
    Ok(Some(text.into()))
}

/// The least level that is logged.
pub(super) fn log_level(sources: &Sources) -> Result<Option<Level>, ConfigError> {
    parsed(sources, "log", Wanted::LogLevel, |text| {
        // The type also reads numbers, which nobody could explain.
        text.bytes().all(|byte| byte.is_ascii_alphabetic()).then(|| text.parse().ok()).flatten()
    })
}

/// How a log line looks.
pub(super) fn log_format(sources: &Sources) -> Result<Option<LogFormat>, ConfigError> {
    parsed(sources, "log_format", Wanted::LogFormat, |text| match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    })
}

/// The first administrator's password, from a variable or a file.
pub(super) fn admin_password(sources: &Sources) -> Result<Option<SecretString>, ConfigError> {
    let Some(plain) = sources.one("admin_password")? else {
        return secret_file(sources, "admin_password_file");
    };
    if let Some(file) = sources.one("admin_password_file")? {
        return Err(ConfigError::Both { one: plain.origin, other: file.origin });
    }
    Ok(Some(plain.text()?.into()))
}

/// The secret in the file that a setting names.
pub(super) fn secret_file(
    sources: &Sources,
    name: &'static str,
) -> Result<Option<SecretString>, ConfigError> {
    let Some(given) = sources.one(name)? else { return Ok(None) };
    let path = absolute(&given)?;
    match secret_in(&path) {
        Ok(Some(secret)) => Ok(Some(secret)),
        Ok(None) => Err(ConfigError::NotASecret { origin: given.origin, path }),
        Err(source) => Err(ConfigError::Unreadable { origin: given.origin, path, source }),
    }
}

/// The path of a file.
pub(super) fn path(sources: &Sources, name: &'static str) -> Result<Option<PathBuf>, ConfigError> {
    sources.one(name)?.map(|given| absolute(&given)).transpose()
}

/// An address to which something is sent: over TLS, or to this host.
pub(super) fn target_url(
    sources: &Sources,
    name: &'static str,
) -> Result<Option<Url>, ConfigError> {
    parsed(sources, name, Wanted::TargetUrl, |text| {
        let url = Url::parse(text).ok()?;
        let is_here = match url.host()? {
            url::Host::Domain(name) => name == "localhost",
            url::Host::Ipv4(address) => address.is_loopback(),
            url::Host::Ipv6(address) => address.is_loopback(),
        };
        let is_plain = url.username().is_empty() && url.password().is_none();
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && is_here);
        (is_plain && is_safe).then_some(url)
    })
}

/// A path, absolute, so that it still means the same when it is shown or read again.
pub(super) fn absolute(given: &Given) -> Result<PathBuf, ConfigError> {
    std::path::absolute(given.value()).map_err(|_| given.wrong(Wanted::Path))
}

/// The same for a default.
pub(super) fn absolute_default(path: &'static str) -> Result<PathBuf, ConfigError> {
    let origin = Origin::Default("data_dir");
    std::path::absolute(path).map_err(|_| ConfigError::Wrong { origin, wanted: Wanted::Path })
}

fn parsed<T>(
    sources: &Sources,
    name: &'static str,
    wanted: Wanted,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, ConfigError> {
    let Some(given) = sources.one(name)? else { return Ok(None) };
    parse(given.text()?).map(Some).ok_or_else(|| given.wrong(wanted))
}

fn base_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_origin = url.has_host()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (is_origin && matches!(url.scheme(), "http" | "https")).then_some(url)
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

/// The content of a file without its last line feed; `None` when that is no secret.
fn secret_in(path: &Path) -> std::io::Result<Option<SecretString>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST_SECRET + 3));
    let file = std::fs::File::open(path)?;
    file.take(LONGEST_SECRET as u64 + 3).read_to_end(&mut bytes)?;
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let secret = SecretString::from(without_line_feed(text));
    let fits = (1..=LONGEST_SECRET).contains(&secret.expose_secret().len());
    Ok(fits.then_some(secret))
}

/// The text without the line end that editors add.
fn without_line_feed(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

const LONGEST_SECRET: usize = 4096;
