//! Ed25519 (RFC 8032): the keys that sign checkpoints of the audit log.
//!
//! The private part leaves this crate only sealed: what is sealed is the seed of 32 bytes.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use zeroize::Zeroizing;

use crate::envelope::{SealContext, Sealed};
use crate::keyring::Keyring;
use crate::random;
use crate::signing::SigningFault;

/// The bytes of a public key.
pub type PublicKey = [u8; 32];

/// A key that signs.
pub struct NoteKey(Ed25519KeyPair);

impl NoteKey {
    /// Draws a key; it comes with its private part, sealed for its place in the store.
    pub fn generate(
        keyring: &Keyring,
        context: &SealContext<'_>,
    ) -> Result<(Self, Sealed), SigningFault> {
        let mut seed = Zeroizing::new([0; SEED_LENGTH]);
        random::fill(seed.as_mut_slice()).map_err(|_| SigningFault::Unusable)?;
        Ok((Self::from_seed(&seed[..])?, keyring.seal(context, &seed[..])?))
    }

    /// The key that was sealed for this place.
    pub fn open(
        keyring: &Keyring,
        context: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<Self, SigningFault> {
        Self::from_seed(&keyring.open(context, sealed)?)
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.0.sign(message).as_ref().to_vec()
    }

    /// The public part.
    pub fn public(&self) -> Result<PublicKey, SigningFault> {
        self.0.public_key().as_ref().try_into().map_err(|_| SigningFault::Broken)
    }

    fn from_seed(seed: &[u8]) -> Result<Self, SigningFault> {
        Ed25519KeyPair::from_seed_unchecked(seed).map(Self).map_err(|_| SigningFault::Broken)
    }
}

impl fmt::Debug for NoteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NoteKey").finish_non_exhaustive()
    }
}

/// Whether the message carries the signature of this public key.
pub fn verifies(public: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public).verify(message, signature).is_ok()
}

const SEED_LENGTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::RootKey;
    use uuid::Uuid;

    #[test]
    fn the_published_example_verifies() {
        // RFC 8032, section 7.1, test 2: one byte, 0x72.
        let seed = hex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
        let public = hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
        let signature = hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da\
             085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
        let key = NoteKey::from_seed(&seed).unwrap();
        assert_eq!(key.public().unwrap().as_slice(), public);
        assert_eq!(key.sign(&[0x72]), signature);
        assert!(verifies(&key.public().unwrap(), &[0x72], &signature));
        assert!(!verifies(&key.public().unwrap(), &[0x73], &signature));
        assert!(!verifies(&key.public().unwrap(), &[0x72], &signature[1..]));
    }

    #[test]
    fn a_key_opens_only_at_its_place() {
        let keyring = Keyring::new(RootKey::generate(Uuid::from_u128(1)).unwrap()).unwrap();
        let place =
            |guid| SealContext { kind: "signing_key", guid, field: "private_key", version: 1 };
        let (key, sealed) = NoteKey::generate(&keyring, &place(&[1; 16])).unwrap();
        let opened = NoteKey::open(&keyring, &place(&[1; 16]), &sealed).unwrap();
        assert_eq!(opened.public().unwrap(), key.public().unwrap());
        assert!(NoteKey::open(&keyring, &place(&[2; 16]), &sealed).is_err());
        assert_eq!(format!("{key:?}"), "NoteKey { .. }");
    }

    fn hex(digits: &str) -> Vec<u8> {
        let pairs = digits.as_bytes().chunks(2);
        pairs
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect()
    }
}
