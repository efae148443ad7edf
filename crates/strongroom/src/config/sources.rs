//! Where settings are looked for.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use zeroize::{Zeroize, Zeroizing};

use super::error::{ConfigError, Origin, Wanted};

/// What was typed, by setting.
#[derive(Default)]
pub(crate) struct Flags(BTreeMap<&'static str, Vec<OsString>>);

impl Flags {
    /// These flags and another.
    #[must_use]
    pub(crate) fn with(
        mut self,
        name: &'static str,
        values: impl IntoIterator<Item = OsString>,
    ) -> Self {
        self.0.entry(name).or_default().extend(values);
        self
    }
}

/// The variables of the environment that are ours.
#[derive(Default)]
pub(crate) struct Environment(BTreeMap<String, Wiped>);

impl Environment {
    /// The variables this process was started with. An empty one counts as not set.
    pub(crate) fn of_the_process() -> Self {
        Self::new(std::env::vars_os())
    }

    /// The variables that are ours among these.
    pub(crate) fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let ours = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(|(name, value)| is_ours(name) && !value.is_empty())
            .map(|(name, value)| (name, Wiped(value)));
        Self(ours.collect())
    }

    /// The value of a variable.
    pub(crate) fn get(&self, name: &str) -> Option<&OsStr> {
        self.0.get(name).map(|value| value.0.as_os_str())
    }
}

/// A value that may be a secret: its memory is wiped when it is no longer needed.
pub(crate) struct Wiped(OsString);

impl Drop for Wiped {
    fn drop(&mut self) {
        std::mem::take(&mut self.0).into_vec().zeroize();
    }
}

/// One value and where it came from.
pub(crate) struct Given {
    /// The value.
    value: Wiped,
    /// Where it came from.
    pub(crate) origin: Origin,
}

impl Given {
    fn new(value: impl Into<OsString>, origin: Origin) -> Self {
        Self { value: Wiped(value.into()), origin }
    }

    /// The value.
    pub(crate) fn value(&self) -> &OsStr {
        &self.value.0
    }

    /// The value as text.
    pub(crate) fn text(&self) -> Result<&str, ConfigError> {
        self.value().to_str().ok_or_else(|| self.wrong(Wanted::Text))
    }

    /// The refusal of this value.
    pub(crate) fn wrong(&self, wanted: Wanted) -> ConfigError {
        ConfigError::Wrong { origin: self.origin.clone(), wanted }
    }
}

/// Flags, environment and file.
pub(crate) struct Sources {
    flags: Flags,
    environment: Environment,
    file: Option<File>,
}

impl Sources {
    /// Reads the configuration file if there is one.
    pub(crate) fn new(flags: Flags, environment: Environment) -> Result<Self, ConfigError> {
        let mut sources = Self { flags, environment, file: None };
        if let Some(given) = sources.one("config")? {
            sources.file = Some(File::read(&given)?);
        }
        Ok(sources)
    }

    /// The value of a setting.
    pub(crate) fn one(&self, name: &'static str) -> Result<Option<Given>, ConfigError> {
        let mut given = self.many(name)?;
        if 1 < given.len() {
            return Err(given.remove(0).wrong(Wanted::One));
        }
        Ok(given.pop())
    }

    /// The values of a setting, all from the strongest source that has any.
    pub(crate) fn many(&self, name: &'static str) -> Result<Vec<Given>, ConfigError> {
        if let Some(values) = self.flags.0.get(name).filter(|values| !values.is_empty()) {
            let given = |value: &OsString| Given::new(value, Origin::Flag(name));
            return Ok(values.iter().map(given).collect());
        }
        let variable = variable(name);
        if let Some(value) = self.environment.get(&variable) {
            return Ok(vec![Given::new(value, Origin::Variable(variable.clone()))]);
        }
        self.file.as_ref().map_or(Ok(Vec::new()), |file| file.values(name))
    }

    /// The directory in which systemd hands over credentials.
    pub(crate) fn credentials_directory(&self) -> Option<&Path> {
        self.environment.get(CREDENTIALS_DIRECTORY).map(Path::new)
    }
}

/// The configuration file.
struct File {
    path: PathBuf,
    table: toml::Table,
}

impl File {
    fn read(given: &Given) -> Result<Self, ConfigError> {
        let path = PathBuf::from(given.value());
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => Zeroizing::new(text),
            Err(source) => {
                return Err(ConfigError::Unreadable { origin: given.origin.clone(), path, source });
            }
        };
        // The parser's own message quotes the line, which may hold a password.
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                let error: toml::de::Error = error;
                let start = error.span().map_or(0, |span| span.start);
                return Err(ConfigError::Syntax { path, line: line_of(&text, start) });
            }
        };
        match table.keys().find(|key| !FILE_KEYS.contains(&key.as_str())) {
            Some(key) => Err(ConfigError::UnknownKey { key: key.clone(), path }),
            None => Ok(Self { path, table }),
        }
    }

    fn values(&self, name: &'static str) -> Result<Vec<Given>, ConfigError> {
        let values = match self.table.get(name) {
            None => return Ok(Vec::new()),
            Some(toml::Value::Array(values)) => values.as_slice(),
            Some(value) => std::slice::from_ref(value),
        };
        values.iter().map(|value| self.given(name, value)).collect()
    }

    fn given(&self, key: &'static str, value: &toml::Value) -> Result<Given, ConfigError> {
        let origin = Origin::File { path: self.path.clone(), key };
        let text = match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Boolean(boolean) => boolean.to_string(),
            _ => return Err(ConfigError::Wrong { origin, wanted: Wanted::One }),
        };
        Ok(Given::new(text, origin))
    }
}

fn variable(name: &str) -> String {
    format!("{PREFIX}{}", name.to_ascii_uppercase())
}

fn is_ours(name: &str) -> bool {
    name.starts_with(PREFIX) || OTHERS.contains(&name)
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

const PREFIX: &str = "STRONGROOM_";
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";
const OTHERS: [&str; 3] = [CREDENTIALS_DIRECTORY, "XDG_CONFIG_HOME", "HOME"];

/// The settings that may stand in the file: all but the file itself and the password in plain.
const FILE_KEYS: [&str; 21] = [
    "admin_password_file",
    "audit_anchor_file",
    "audit_anchor_url",
    "audit_file",
    "data_dir",
    "database_connections",
    "database_url",
    "insecure_http",
    "key_file",
    "list_timeout_ms",
    "listen",
    "log",
    "log_format",
    "metrics_token_file",
    "node",
    "probely_reveal",
    "public_url",
    "registry_token_key",
    "tls_cert",
    "tls_key",
    "trusted_proxy",
];
