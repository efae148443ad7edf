//! The root key and the file that holds it.
//!
//! The file is one line, `strongroom-root-key:1:<store id>:<key>`: the store id as a hyphenated
//! UUID, the key as the padded base64 of 32 bytes. It ends with a line feed, which may be missing.
//! The file belongs to the process's user or root and nobody else may read it; its folder belongs
//! to one of them too and nobody else may write there.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::digest::sha256;
use crate::envelope::KEY_LENGTH;
use crate::random::{self, NoRandomness};
use file::KeyFile;

mod fault;
mod file;

pub use fault::{Exposure, KeyFault};

/// A root key: the key-encryption key of one store.
pub struct RootKey {
    store_id: Uuid,
    id: KeyId,
    origin: KeyOrigin,
    key: SecretBox<[u8; KEY_LENGTH]>,
}

impl RootKey {
    /// Draws a new key for a store that does not exist yet.
    pub fn generate(store_id: Uuid) -> Result<Self, NoRandomness> {
        let mut key = SecretBox::new(Box::new([0; KEY_LENGTH]));
        random::fill(key.expose_secret_mut())?;
        Ok(Self::new(store_id, key, KeyOrigin::Memory))
    }

    /// Reads the key from its file, following symbolic links, and checks who else could.
    pub fn load(path: &Path) -> Result<Self, KeyFault> {
        let file = KeyFile::open(path)?;
        let content = file.content()?;
        if content.trim_ascii().is_empty() {
            return Err(KeyFault::Empty { path: path.into() });
        }
        let (store_id, key) =
            parse(&content).ok_or_else(|| KeyFault::Malformed { path: path.into() })?;
        file.check_access()?;
        Ok(Self::new(store_id, key, KeyOrigin::File(path.into())))
    }

    /// Writes the key to a new file with mode 0400, and makes its folder with mode 0700 if it is
    /// missing.
    ///
    /// The file appears whole and on disk or not at all. An existing file is never overwritten, and
    /// nothing is written into a folder that [`RootKey::load`] would refuse.
    pub fn write_new(&self, path: &Path) -> Result<(), KeyFault> {
        file::write_new(path, &format!(".{}.new", self.id), self.line().as_bytes())
    }

    /// The key files that stand beside the one of a store while it is rotated and afterwards:
    /// `<name>.next`, the new key until it takes the place of the file, and `<name>.<key id>`, those
    /// whose place was taken. Only names are looked at; a folder that cannot be listed has none.
    pub fn beside(path: &Path) -> Vec<PathBuf> {
        file::beside(path, |rest| rest == NEXT || KeyId::parse(rest).is_some())
    }

    /// Where a new key waits until it takes the place of this file.
    pub fn next_path(path: &Path) -> PathBuf {
        file::with_ending(path, NEXT)
    }

    /// Puts the key that waits beside the file into its place. The file that stood there is kept as
    /// `<name>.<key id>`, because backups made before still need it. At every moment there is a file
    /// at the place.
    pub fn take_place(path: &Path) -> Result<(), KeyFault> {
        let kept = file::with_ending(path, &Self::load(path)?.id().to_string());
        file::exchange(path, &Self::next_path(path), &kept)
    }

    /// The store the key belongs to.
    pub fn store_id(&self) -> Uuid {
        self.store_id
    }

    /// The key's name, which tells nothing of the key.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Where the key came from.
    pub fn origin(&self) -> &KeyOrigin {
        &self.origin
    }

    pub(crate) fn bytes(&self) -> &[u8; KEY_LENGTH] {
        self.key.expose_secret()
    }

    fn new(store_id: Uuid, key: SecretBox<[u8; KEY_LENGTH]>, origin: KeyOrigin) -> Self {
        let id = KeyId::derive(key.expose_secret());
        Self { store_id, id, origin, key }
    }

    fn line(&self) -> Zeroizing<String> {
        let mut line = Zeroizing::new(String::with_capacity(LONGEST));
        line.push_str(PREFIX);
        line.push_str(self.store_id.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        line.push(':');
        STANDARD.encode_string(self.bytes(), &mut line);
        line.push('\n');
        line
    }
}

#[cfg(test)]
impl RootKey {
    /// A root key of known bytes.
    pub(crate) fn known(store_id: Uuid, bytes: [u8; KEY_LENGTH]) -> Self {
        Self::new(store_id, SecretBox::new(Box::new(bytes)), KeyOrigin::Memory)
    }
}

impl fmt::Debug for RootKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootKey")
            .field("store_id", &self.store_id)
            .field("id", &self.id)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// The name of a root key: the first 8 bytes of a SHA-256 over a label and the key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; KeyId::LENGTH]);

impl KeyId {
    /// How many bytes an id has; it is written as twice as many hexadecimal digits.
    pub const LENGTH: usize = 8;

    pub(crate) const fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The id that these bytes are; `None` if they are not as many as an id has.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Reads what `Display` writes.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 2 * Self::LENGTH || !text.bytes().all(digits) {
            return None;
        }
        u64::from_str_radix(text, 16).ok().map(|number| Self(number.to_be_bytes()))
    }

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    fn derive(key: &[u8; KEY_LENGTH]) -> Self {
        let labelled = Zeroizing::new([ID_LABEL, key.as_slice()].concat());
        let mut id = [0; Self::LENGTH];
        id.copy_from_slice(&sha256(&labelled)[..Self::LENGTH]);
        Self(id)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// Where a root key came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyOrigin {
    /// It was drawn by this process.
    Memory,
    /// It was read from this file.
    File(PathBuf),
}

impl fmt::Display for KeyOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory => f.write_str("the root key made by this process"),
            Self::File(path) => write!(f, "the root key in {}", path.display()),
        }
    }
}

/// Reads the line; `None` when anything about it is wrong.
fn parse(content: &[u8]) -> Option<(Uuid, SecretBox<[u8; KEY_LENGTH]>)> {
    let line = content.strip_suffix(b"\n").unwrap_or(content);
    let (store_id, encoded) =
        std::str::from_utf8(line).ok()?.strip_prefix(PREFIX)?.split_once(':')?;
    if store_id.len() != uuid::fmt::Hyphenated::LENGTH {
        return None;
    }
    let store_id = Uuid::try_parse(store_id).ok()?;
    let mut key = SecretBox::new(Box::new([0; KEY_LENGTH]));
    let length = STANDARD.decode_slice(encoded, key.expose_secret_mut()).ok()?;
    (length == KEY_LENGTH).then_some((store_id, key))
}

const NEXT: &str = "next";
const PREFIX: &str = "strongroom-root-key:1:";
const ID_LABEL: &[u8] = b"strongroom-root-key-id-1";
/// The length of the line in bytes, with its line feed.
const LONGEST: usize =
    PREFIX.len() + uuid::fmt::Hyphenated::LENGTH + 1 + KEY_LENGTH.div_ceil(3) * 4 + 1;

#[cfg(test)]
mod tests;
