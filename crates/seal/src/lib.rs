//! Key custody, envelope encryption, the hashes of passwords and tokens, and all randomness.
//!
//! This is the only crate that touches key bytes. It knows nothing of credentials: a caller says
//! what kind of object a text belongs to, and the crate binds the sealed bytes to exactly that
//! place.
//!
//! # What it defends
//!
//! Whoever reads the database, its logs or a backup learns no secret: every secret is sealed before
//! it reaches the store, and the root key lives outside of it. Whoever can also *write* there
//! cannot move sealed bytes to another field, object, version or store, nor change a bit of them,
//! without the next opening failing. Tokens and passwords are kept as hashes that do not give the
//! original back.
//!
//! # What it does not defend
//!
//! Whoever reads the memory of the process or the root key file can open everything. Putting back a
//! whole older database is not noticed here. The length of a secret shows in the length of its
//! sealed bytes.
//!
//! # Keys
//!
//! The root key is a key-encryption key. Every value has a data key of its own, drawn at sealing
//! and wrapped by the root key, so that rotating the root key re-wraps 32 bytes and leaves the text
//! untouched. Nonces are random, 96 bits: one root key should wrap no more than 2^32 values before
//! it is rotated. Secrets and keys are wiped from memory when they are dropped; nothing that holds
//! one prints it.

pub mod authority;
pub mod canary;
pub mod digest;
pub mod ed25519;
pub mod envelope;
pub mod key;
pub mod keyring;
mod locked;
pub mod mac;
pub mod password;
mod pem;
pub mod random;
pub mod signing;
pub mod token;

pub use authority::{Authority, TokenSigner};
pub use envelope::{SealContext, SealError, Sealed};
pub use key::{KeyFault, KeyId, RootKey};
pub use keyring::Keyring;
pub use mac::CacheKey;
pub use random::NoRandomness;
pub use signing::{SigningKey, VerifyingKey};
pub use token::{Token, TokenHash};
