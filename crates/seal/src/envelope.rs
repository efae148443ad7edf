//! The bytes of a sealed value.
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 1 | format version, 1 |
//! | 1 | 8 | id of the root key that wraps the data key |
//! | 9 | 12 | nonce of the wrapped data key |
//! | 21 | 32 | the data key, encrypted |
//! | 53 | 16 | its tag |
//! | 69 | 12 | nonce of the text |
//! | 81 | n | the text, encrypted |
//! | 81 + n | 16 | its tag |
//!
//! Both encryptions are AES-256-GCM. The data key is encrypted under the root key, the text under
//! the data key. The additional data of the text is, in this order, the format version (1 byte),
//! the store id (16), the kind of object (UTF-8), the object's guid (16), the field (UTF-8) and the
//! version (8, big-endian); that of the data key is the same and then the root key's id (8). Each
//! of them is preceded by its length as eight bytes, big-endian. The text does not depend on the
//! root key's id, so that rotation can wrap the data key anew and leave offsets 69 and on as they
//! are.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::key::KeyId;
use crate::random::{self, NoRandomness};

/// The place a value is sealed for; it opens nowhere else. The store's id comes from the keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealContext<'a> {
    /// The kind of object.
    pub kind: &'a str,
    /// The object's guid.
    pub guid: &'a [u8; 16],
    /// The field of the object.
    pub field: &'a str,
    /// The version of the value.
    pub version: u64,
}

/// Why a value could not be sealed or opened. Nothing of the value is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The bytes are too short or of an unknown format version.
    #[error("the sealed bytes have no known format")]
    Malformed,
    /// The value was sealed under a root key that is not loaded.
    #[error("sealed under root key {0}, which is not loaded")]
    UnknownKey(KeyId),
    /// The bytes were changed, moved from another place, or sealed under another key with the same
    /// id.
    #[error("the sealed bytes do not open here")]
    DoesNotOpen,
    /// The value opened but is not the text it was asked for as.
    #[error("the opened value is not UTF-8 text")]
    NotText,
    /// A root key of another store cannot join this keyring.
    #[error("the root key belongs to store {0}")]
    ForeignKey(Uuid),
    /// The cryptographic library could not do its work.
    #[error("the cryptographic library is not available")]
    Unavailable,
}

impl From<NoRandomness> for SealError {
    fn from(_: NoRandomness) -> Self {
        Self::Unavailable
    }
}

/// A sealed value: bytes of the known format. Whether they open is known only to a keyring.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Reads what [`Sealed::as_bytes`] gave.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Result<Self, SealError> {
        let bytes = bytes.into();
        if bytes.len() < SHORTEST || bytes[0] != FORMAT {
            return Err(SealError::Malformed);
        }
        Ok(Self(bytes))
    }

    /// Puts the parts together; both are what [`encrypt`] gave.
    pub(crate) fn from_parts(key_id: KeyId, wrapped_key: &[u8], text: &[u8]) -> Self {
        Self([&[FORMAT], key_id.as_bytes().as_slice(), wrapped_key, text].concat())
    }

    /// The bytes for the store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes for the store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    /// The root key that wraps the data key.
    pub fn key_id(&self) -> KeyId {
        let mut id = [0; KeyId::LENGTH];
        id.copy_from_slice(&self.0[1..WRAPPED_KEY]);
        KeyId::new(id)
    }

    /// The data key with its nonce and tag.
    pub(crate) fn wrapped_key(&self) -> &[u8] {
        &self.0[WRAPPED_KEY..TEXT]
    }

    /// The text with its nonce and tag.
    pub(crate) fn text(&self) -> &[u8] {
        &self.0[TEXT..]
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealed").field("key_id", &self.key_id()).finish_non_exhaustive()
    }
}

/// The additional data of the text; with a key's id, that of the data key.
pub(crate) fn additional_data(
    store: Uuid,
    context: &SealContext<'_>,
    key: Option<KeyId>,
) -> Vec<u8> {
    let version = context.version.to_be_bytes();
    let mut data = Vec::with_capacity(128 + context.kind.len() + context.field.len());
    append(&mut data, &[FORMAT]);
    append(&mut data, store.as_bytes());
    append(&mut data, context.kind.as_bytes());
    append(&mut data, context.guid);
    append(&mut data, context.field.as_bytes());
    append(&mut data, &version);
    if let Some(id) = key {
        append(&mut data, id.as_bytes());
    }
    data
}

fn append(data: &mut Vec<u8>, part: &[u8]) {
    data.extend_from_slice(&(part.len() as u64).to_be_bytes());
    data.extend_from_slice(part);
}

/// A key of 32 bytes, ready for use.
pub(crate) fn cipher(key: &[u8; KEY_LENGTH]) -> Result<LessSafeKey, SealError> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| SealError::Unavailable)?;
    Ok(LessSafeKey::new(key))
}

/// A fresh nonce, the encrypted text and its tag.
pub(crate) fn encrypt(key: &LessSafeKey, data: &[u8], text: &[u8]) -> Result<Vec<u8>, SealError> {
    let mut nonce = [0; NONCE_LEN];
    random::fill(&mut nonce)?;
    // Wiped if it fails half-way; room for all of it, so that nothing of the text is left behind by
    // growing.
    let mut boxed = Zeroizing::new(Vec::with_capacity(NONCE_LEN + text.len() + TAG_LENGTH));
    boxed.extend_from_slice(&nonce);
    boxed.extend_from_slice(text);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(data),
            &mut boxed[NONCE_LEN..],
        )
        .map_err(|_| SealError::Unavailable)?;
    boxed.extend_from_slice(tag.as_ref());
    Ok(std::mem::take(&mut *boxed))
}

/// The text that [`encrypt`] was given, if key and additional data are the same.
pub(crate) fn decrypt(
    key: &LessSafeKey,
    data: &[u8],
    boxed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let (nonce, rest) = boxed.split_at_checked(NONCE_LEN).ok_or(SealError::Malformed)?;
    let length = rest.len().checked_sub(TAG_LENGTH).ok_or(SealError::Malformed)?;
    let (encrypted, tag) = rest.split_at(length);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Malformed)?;
    let mut text = Zeroizing::new(vec![0; length]);
    key.open_separate_gather(nonce, Aad::from(data), encrypted, tag, &mut text)
        .map_err(|_| SealError::DoesNotOpen)?;
    Ok(text)
}

/// Length of root keys and data keys in bytes.
pub(crate) const KEY_LENGTH: usize = 32;

const FORMAT: u8 = 1;
const TAG_LENGTH: usize = 16;
const WRAPPED_KEY: usize = 1 + KeyId::LENGTH;
const TEXT: usize = WRAPPED_KEY + NONCE_LEN + KEY_LENGTH + TAG_LENGTH;
const SHORTEST: usize = TEXT + NONCE_LEN + TAG_LENGTH;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CONTEXT: SealContext<'_> =
        SealContext { kind: "credential", guid: &[0xAB; 16], field: "password", version: 3 };

    #[test]
    fn the_additional_data_is_as_documented() {
        let store = Uuid::from_bytes([0xCD; 16]);
        let mut expected = Vec::new();
        expected.extend(b"\0\0\0\0\0\0\0\x01\x01");
        expected.extend(b"\0\0\0\0\0\0\0\x10");
        expected.extend([0xCD; 16]);
        expected.extend(b"\0\0\0\0\0\0\0\x0Acredential");
        expected.extend(b"\0\0\0\0\0\0\0\x10");
        expected.extend([0xAB; 16]);
        expected.extend(b"\0\0\0\0\0\0\0\x08password");
        expected.extend(b"\0\0\0\0\0\0\0\x08\0\0\0\0\0\0\0\x03");
        assert_eq!(additional_data(store, &CONTEXT, None), expected);
        expected.extend(b"\0\0\0\0\0\0\0\x08abcdefgh");
        assert_eq!(additional_data(store, &CONTEXT, Some(KeyId::new(*b"abcdefgh"))), expected);
    }

    #[test]
    fn the_layout_is_as_documented() {
        let sealed = Sealed::from_parts(KeyId::new(*b"abcdefgh"), &[1; 60], &[2; 28]);
        assert_eq!(sealed.as_bytes()[..9], *b"\x01abcdefgh");
        assert_eq!(sealed.as_bytes()[9..69], [1; 60]);
        assert_eq!(sealed.as_bytes()[69..], [2; 28]);
        assert_eq!(sealed.wrapped_key(), [1; 60]);
        assert_eq!(sealed.text(), [2; 28]);
        assert_eq!(sealed.key_id(), KeyId::new(*b"abcdefgh"));
    }

    #[test]
    fn a_sealed_value_prints_no_bytes() {
        let sealed = Sealed::from_parts(KeyId::new([0xAA; 8]), &[1; 60], &[2; 28]);
        assert_eq!(format!("{sealed:?}"), "Sealed { key_id: KeyId(aaaaaaaaaaaaaaaa), .. }");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let known = 97 <= bytes.len() && bytes[0] == 1;
            let read = Sealed::from_bytes(bytes.clone());
            prop_assert_eq!(read.is_ok(), known);
            if let Ok(sealed) = read {
                prop_assert_eq!(sealed.wrapped_key().len(), 60);
                prop_assert_eq!(sealed.into_bytes(), bytes);
            }
        }

        #[test]
        fn any_boxed_bytes_are_refused_without_a_panic(
            boxed in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            let opened = decrypt(&cipher(&[1; 32]).unwrap(), b"", &boxed);
            let short = boxed.len() < 28;
            let expected = if short { SealError::Malformed } else { SealError::DoesNotOpen };
            prop_assert_eq!(opened.err(), Some(expected));
        }
    }
}
