//! What `strongroom login` keeps: a server and a token, in a file that only its user can read.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::Url;
use zeroize::{Zeroize, Zeroizing};

use crate::config::Environment;

/// A server and the token that it gave.
pub(crate) struct Login {
    /// The base address of the server.
    pub(crate) url: Url,
    /// The token.
    pub(crate) token: SecretString,
}

impl Login {
    /// What is kept, if anything is.
    pub(crate) fn load(path: &Path) -> anyhow::Result<Option<Self>> {
        let mut file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| unreadable(path)),
        };
        let metadata = file.metadata().with_context(|| unreadable(path))?;
        if metadata.mode() & 0o077 != 0 {
            bail!(
                "others may read the token in {0}: `chmod 600 {0}`, and log in again",
                path.display()
            );
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text).with_context(|| unreadable(path))?;
        Self::parse(&text)
            .map(Some)
            .with_context(|| format!("{} is broken: run `strongroom login` again", path.display()))
    }

    /// Keeps it: the file is there whole, with mode 0600, or not at all.
    pub(crate) fn save(&self, path: &Path) -> anyhow::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        let failed = || format!("{} cannot be written", path.display());
        DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(failed)?;
        let new = path.with_extension("new");
        // What an interrupted login left is not written through: it could be anybody's.
        match std::fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(error).with_context(failed);
            }
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new)
            .with_context(failed)?;
        file.write_all(self.text()?.as_bytes())
            .and_then(|()| file.sync_all())
            .with_context(failed)?;
        std::fs::rename(&new, path).with_context(failed)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut kept: Kept = toml::from_str(text).ok()?;
        let token = SecretString::from(kept.token.as_str());
        kept.token.zeroize();
        Some(Self { url: kept.url.parse().ok()?, token })
    }

    fn text(&self) -> anyhow::Result<Zeroizing<String>> {
        let mut kept =
            Kept { url: self.url.to_string(), token: self.token.expose_secret().to_owned() };
        let text = toml::to_string(&kept).map(Zeroizing::new);
        kept.token.zeroize();
        Ok(text?)
    }
}

/// The file: `strongroom/login.toml` in the user's configuration directory.
pub(crate) fn path(environment: &Environment) -> anyhow::Result<PathBuf> {
    let directory = match environment.get("XDG_CONFIG_HOME").map(PathBuf::from) {
        Some(directory) if directory.is_absolute() => directory,
        _ => {
            let home =
                environment.get("HOME").context("HOME is not set: where is the login kept?")?;
            Path::new(home).join(".config")
        }
    };
    Ok(directory.join("strongroom").join("login.toml"))
}

fn unreadable(path: &Path) -> String {
    format!("{} cannot be read", path.display())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    url: String,
    token: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_kept_comes_back_and_nobody_else_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let variables = [("XDG_CONFIG_HOME".into(), folder.path().into())];
        let path = path(&Environment::new(variables)).unwrap();
        assert!(Login::load(&path).unwrap().is_none());
        let login = |token: &str| Login {
            url: "https://room.example/".parse().unwrap(),
            token: token.to_owned().into(),
        };
        login("str_\"one\"").save(&path).unwrap();
        login("str_two").save(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        let kept = Login::load(&path).unwrap().unwrap();
        assert_eq!(kept.token.expose_secret(), "str_two");
        assert_eq!(kept.url.as_str(), "https://room.example/");
        std::fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        assert!(Login::load(&path).is_err());
    }

    #[test]
    fn a_broken_file_is_refused_without_its_content() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login.toml");
        std::fs::write(&path, "token = \"str_hunter2\nurl =").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let message = format!("{:#}", Login::load(&path).err().unwrap());
        assert!(message.contains("login") && !message.contains("hunter2"), "{message}");
    }
}
