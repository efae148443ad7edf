//! Sealing secrets: which context each value is bound to.

use secrecy::SecretString;
use strongroom_core::id::{Guid, Kind};
use strongroom_core::{Error, Result};
use strongroom_seal::envelope::{SealContext, SealError, Sealed};

use crate::Strongroom;

impl Strongroom {
    /// Seals the value of one field of one version of a credential.
    pub(crate) fn seal_input(
        &self,
        guid: &Guid,
        field: &str,
        version: u64,
        text: &SecretString,
    ) -> Result<Vec<u8>> {
        let context = context(guid, field, version);
        let sealed = self.0.keyring.seal_text(&context, text).map_err(Error::internal)?;
        Ok(sealed.into_bytes())
    }

    /// A digest by which equal values of one field of one credential are told, and nothing else.
    pub(crate) fn fingerprint(&self, guid: &Guid, field: &str, text: &SecretString) -> String {
        self.0.keyring.fingerprint(guid.as_bytes(), field, text)
    }

    /// Seals one text of the settings of a target, sequence, extra host or domain. All of them are sealed as of a
    /// target, because they share a column; the guid tells them apart.
    pub(crate) fn seal_setting(
        &self,
        guid: &Guid,
        field: &str,
        version: u64,
        text: &SecretString,
    ) -> Result<Vec<u8>> {
        let kind = Kind::Target.word();
        let context = SealContext { kind, guid: guid.as_bytes(), field, version };
        let sealed = self.0.keyring.seal_text(&context, text).map_err(Error::internal)?;
        Ok(sealed.into_bytes())
    }

    /// Opens the value of one field of one version of a credential.
    pub(crate) fn open_input(
        &self,
        guid: &Guid,
        field: &str,
        version: u64,
        sealed: Vec<u8>,
    ) -> Result<SecretString> {
        let context = context(guid, field, version);
        let sealed = Sealed::from_bytes(sealed).map_err(Error::internal)?;
        match self.0.keyring.open_text(&context, &sealed) {
            // Another process may have begun to replace the root key a moment ago.
            Err(SealError::UnknownKey(_)) => {
                self.load_keys_beside()?;
                self.0.keyring.open_text(&context, &sealed).map_err(Error::internal)
            }
            opened => opened.map_err(Error::internal),
        }
    }

    /// Seals the secret of an OAuth application.
    pub(crate) fn seal_client_secret(&self, guid: &Guid, text: &SecretString) -> Result<Vec<u8>> {
        let context = of_application(guid);
        let sealed = self.0.keyring.seal_text(&context, text).map_err(Error::internal)?;
        Ok(sealed.into_bytes())
    }

    /// Opens the secret of an OAuth application, to compare it with what a client sent.
    pub(crate) fn open_client_secret(&self, guid: &Guid, sealed: Vec<u8>) -> Result<SecretString> {
        let sealed = Sealed::from_bytes(sealed).map_err(Error::internal)?;
        self.0.keyring.open_text(&of_application(guid), &sealed).map_err(Error::internal)
    }
}

fn of_application(guid: &Guid) -> SealContext<'_> {
    let kind = Kind::Application.word();
    SealContext { kind, guid: guid.as_bytes(), field: "client_secret", version: 1 }
}

fn context<'a>(guid: &'a Guid, field: &'a str, version: u64) -> SealContext<'a> {
    SealContext { kind: Kind::Credential.word(), guid: guid.as_bytes(), field, version }
}
