//! The keyring: root keys in use, and sealing and opening with them.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::aead::LessSafeKey;
use aws_lc_rs::hmac;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::envelope::{
    KEY_LENGTH, SealContext, SealError, Sealed, additional_data, cipher, decrypt, encrypt,
};
use crate::key::{KeyId, KeyOrigin, RootKey};
use crate::locked::LockedKey;
use crate::random;

/// The root keys of one store: the active one seals, all of them open.
///
/// Keys come and become active while others use the keyring; every call sees one state of it.
pub struct Keyring {
    store_id: Uuid,
    keys: RwLock<Keys>,
}

#[derive(Clone)]
struct Keys {
    active: Arc<WrappingKey>,
    others: Vec<Arc<WrappingKey>>,
}

impl Keyring {
    /// A keyring whose active key is this one.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the keyring's copy is to be the only one left"
    )]
    pub fn new(root: RootKey) -> Result<Self, SealError> {
        let active = Arc::new(WrappingKey::new(&root));
        let keys = RwLock::new(Keys { active, others: Vec::new() });
        Ok(Self { store_id: root.store_id(), keys })
    }

    /// Adds a key that opens what was sealed before the active one came; it must be the same
    /// store's.
    pub fn with_older(self, root: RootKey) -> Result<Self, SealError> {
        self.add(root)?;
        Ok(self)
    }

    /// Adds a key that opens what it has sealed; it must be the same store's. A key that is there
    /// already takes the new one's origin.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the keyring's copy is to be the only one left"
    )]
    pub fn add(&self, root: RootKey) -> Result<KeyId, SealError> {
        if root.store_id() != self.store_id {
            return Err(SealError::ForeignKey(root.store_id()));
        }
        let key = Arc::new(WrappingKey::new(&root));
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.active.id == key.id {
            keys.active = key;
        } else {
            keys.others.retain(|other| other.id != key.id);
            keys.others.push(key);
        }
        Ok(root.id())
    }

    /// Makes a key that is there the one that seals.
    pub fn activate(&self, id: KeyId) -> Result<(), SealError> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if keys.active.id == id {
            return Ok(());
        }
        let at = keys.others.iter().position(|key| key.id == id);
        let at = at.ok_or(SealError::UnknownKey(id))?;
        let now_active = keys.others.swap_remove(at);
        let was_active = std::mem::replace(&mut keys.active, now_active);
        keys.others.push(was_active);
        Ok(())
    }

    /// The store whose values it seals.
    pub fn store_id(&self) -> Uuid {
        self.store_id
    }

    /// The id of the active key.
    pub fn active_key(&self) -> KeyId {
        self.active().id
    }

    /// Where the active key came from.
    pub fn origin(&self) -> KeyOrigin {
        self.active().origin.clone()
    }

    /// Every key and where it came from, the active one first.
    pub fn loaded(&self) -> Vec<(KeyId, KeyOrigin)> {
        let keys = self.keys();
        let all = std::iter::once(&keys.active).chain(&keys.others);
        all.map(|key| (key.id, key.origin.clone())).collect()
    }

    /// Whether the key is there.
    pub fn holds(&self, id: KeyId) -> bool {
        self.key(id).is_ok()
    }

    /// Seals a value for one place, under a data key of its own.
    pub fn seal(&self, context: &SealContext<'_>, plaintext: &[u8]) -> Result<Sealed, SealError> {
        self.seal_with(&self.active(), context, plaintext)
    }

    /// Seals a value under a key that need not be the active one.
    pub fn seal_under(
        &self,
        key: KeyId,
        context: &SealContext<'_>,
        plaintext: &[u8],
    ) -> Result<Sealed, SealError> {
        self.seal_with(&*self.key(key)?, context, plaintext)
    }

    fn seal_with(
        &self,
        key: &WrappingKey,
        context: &SealContext<'_>,
        plaintext: &[u8],
    ) -> Result<Sealed, SealError> {
        let mut data_key = Zeroizing::new([0; KEY_LENGTH]);
        random::fill(data_key.as_mut_slice())?;
        let text = encrypt(&cipher(&data_key)?, &self.text_data(context), plaintext)?;
        self.wrap(key, context, &data_key, &text)
    }

    /// Opens a value that was sealed for this place.
    pub fn open(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let data_key = self.unwrap(context, sealed)?;
        decrypt(&cipher(&data_key)?, &self.text_data(context), sealed.text())
    }

    /// Seals a text for one place.
    pub fn seal_text(
        &self,
        context: &SealContext<'_>,
        text: &SecretString,
    ) -> Result<Sealed, SealError> {
        self.seal(context, text.expose_secret().as_bytes())
    }

    /// Opens a text that was sealed for this place.
    pub fn open_text(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<SecretString, SealError> {
        let opened = self.open(context, sealed)?;
        std::str::from_utf8(&opened).map(SecretString::from).map_err(|_| SealError::NotText)
    }

    /// A digest of a text at one place, keyed by the active root key and the place: equal texts at one place have
    /// equal digests, and no digest tells anything of another place. 32 hexadecimal characters.
    pub fn fingerprint(&self, guid: &[u8; 16], field: &str, text: &SecretString) -> String {
        let mut context = hmac::Context::with_key(&self.active().fingerprints);
        for part in [guid.as_slice(), field.as_bytes(), text.expose_secret().as_bytes()] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        let mut text = String::with_capacity(2 * FINGERPRINT_BYTES);
        for byte in tag.as_ref().iter().take(FINGERPRINT_BYTES) {
            text.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or_default());
            text.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or_default());
        }
        text
    }

    /// Wraps the data key of a value under the active key; the encrypted text stays as it is,
    /// unopened.
    pub fn rewrap(&self, context: &SealContext<'_>, sealed: &Sealed) -> Result<Sealed, SealError> {
        let data_key = self.unwrap(context, sealed)?;
        self.wrap(&self.active(), context, &data_key, sealed.text())
    }

    fn wrap(
        &self,
        key: &WrappingKey,
        context: &SealContext<'_>,
        data_key: &[u8; KEY_LENGTH],
        text: &[u8],
    ) -> Result<Sealed, SealError> {
        let data = additional_data(self.store_id, context, Some(key.id));
        let wrapped_key = encrypt(&key.cipher()?, &data, data_key)?;
        Ok(Sealed::from_parts(key.id, &wrapped_key, text))
    }

    fn unwrap(
        &self,
        context: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<Zeroizing<[u8; KEY_LENGTH]>, SealError> {
        let key = self.key(sealed.key_id())?;
        let data = additional_data(self.store_id, context, Some(key.id));
        let opened = decrypt(&key.cipher()?, &data, sealed.wrapped_key())?;
        let mut data_key = Zeroizing::new([0; KEY_LENGTH]);
        data_key.copy_from_slice(&opened);
        Ok(data_key)
    }

    fn text_data(&self, context: &SealContext<'_>) -> Vec<u8> {
        additional_data(self.store_id, context, None)
    }

    fn active(&self) -> Arc<WrappingKey> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner).active)
    }

    fn key(&self, id: KeyId) -> Result<Arc<WrappingKey>, SealError> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let found = std::iter::once(&keys.active).chain(&keys.others).find(|key| key.id == id);
        found.cloned().ok_or(SealError::UnknownKey(id))
    }

    fn keys(&self) -> Keys {
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.keys();
        f.debug_struct("Keyring")
            .field("store_id", &self.store_id)
            .field("active", &keys.active.id)
            .field("others", &keys.others.iter().map(|key| key.id).collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

struct WrappingKey {
    id: KeyId,
    origin: KeyOrigin,
    key: LockedKey,
    fingerprints: hmac::Key,
}

impl WrappingKey {
    fn new(root: &RootKey) -> Self {
        // A key of its own, so that nothing else is ever signed with the root key.
        let derived =
            hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, root.bytes()), FINGERPRINT_LABEL);
        let fingerprints = hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref());
        let (id, origin) = (root.id(), root.origin().clone());
        Self { id, origin, key: LockedKey::new(root.bytes()), fingerprints }
    }
}

impl WrappingKey {
    /// The key ready for use. Its schedule lives no longer than the one use; the library wipes it.
    fn cipher(&self) -> Result<LessSafeKey, SealError> {
        cipher(self.key.bytes())
    }
}

/// What the key of fingerprints is derived for.
const FINGERPRINT_LABEL: &[u8] = b"strongroom fingerprint 1";
const FINGERPRINT_BYTES: usize = 16;

#[cfg(test)]
mod tests;
