//! Keys that sign tokens for other products: RSA of 2048 bits, PKCS #1 v1.5 with SHA-256, which JSON Web
//! Tokens call `RS256`.
//!
//! The private part leaves this crate only sealed; the public part is kept and shown as it is.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize, PublicKey};
use aws_lc_rs::signature::{
    KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::envelope::{SealContext, SealError, Sealed};
use crate::keyring::Keyring;
use crate::pem;

/// A key that signs.
pub struct SigningKey(KeyPair);

/// The public part of a signing key.
#[derive(Clone)]
pub struct VerifyingKey {
    /// `SubjectPublicKeyInfo`.
    document: Vec<u8>,
    modulus: Vec<u8>,
    exponent: Vec<u8>,
}

/// A signing key that cannot be made, read or used. Nothing of the key is told.
#[derive(Debug, thiserror::Error)]
pub enum SigningFault {
    /// The key cannot be made or used.
    #[error("the signing key cannot be made or used")]
    Unusable,
    /// The stored bytes are no key of that kind.
    #[error("the stored signing key is broken")]
    Broken,
    /// The stored key does not open.
    #[error("the stored signing key does not open")]
    Sealed(#[from] SealError),
}

impl SigningKey {
    /// Draws a key. Takes tenths of a second.
    pub fn generate() -> Result<Self, SigningFault> {
        KeyPair::generate(KeySize::Rsa2048).map(Self).map_err(|_| SigningFault::Unusable)
    }

    /// The private part, sealed for its place in the store.
    pub fn seal(
        &self,
        keyring: &Keyring,
        context: &SealContext<'_>,
    ) -> Result<Sealed, SigningFault> {
        let document: Pkcs8V1Der<'_> = self.0.as_der().map_err(|_| SigningFault::Unusable)?;
        Ok(keyring.seal(context, document.as_ref())?)
    }

    /// The key that was sealed for this place.
    pub fn open(
        keyring: &Keyring,
        context: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<Self, SigningFault> {
        let document = keyring.open(context, sealed)?;
        KeyPair::from_pkcs8(&document).map(Self).map_err(|_| SigningFault::Broken)
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFault> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature)
            .map_err(|_| SigningFault::Unusable)?;
        Ok(signature)
    }

    /// The public part.
    pub fn verifying_key(&self) -> Result<VerifyingKey, SigningFault> {
        VerifyingKey::of(self.0.public_key())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").finish_non_exhaustive()
    }
}

impl VerifyingKey {
    /// Reads a `SubjectPublicKeyInfo` document.
    pub fn from_document(document: &[u8]) -> Result<Self, SigningFault> {
        let key = PublicKey::from_der(document).map_err(|_| SigningFault::Broken)?;
        Self::of(&key)
    }

    fn of(key: &PublicKey) -> Result<Self, SigningFault> {
        let document: PublicKeyX509Der<'_> = key.as_der().map_err(|_| SigningFault::Broken)?;
        Ok(Self {
            document: document.as_ref().to_vec(),
            modulus: key.modulus().big_endian_without_leading_zero().to_vec(),
            exponent: key.exponent().big_endian_without_leading_zero().to_vec(),
        })
    }

    /// Whether the message carries this key's signature.
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.document);
        key.verify(message, signature).is_ok()
    }

    /// The `SubjectPublicKeyInfo` document that the store keeps.
    pub fn document(&self) -> &[u8] {
        &self.document
    }

    /// The document in the text form of RFC 7468.
    pub fn pem(&self) -> String {
        pem::text("PUBLIC KEY", &self.document)
    }

    /// The modulus as a JSON Web Key spells it.
    pub fn modulus(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.modulus)
    }

    /// The exponent as a JSON Web Key spells it.
    pub fn exponent(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.exponent)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::RootKey;
    use uuid::Uuid;

    fn keyring() -> Keyring {
        Keyring::new(RootKey::generate(Uuid::from_u128(1)).unwrap()).unwrap()
    }

    fn context(guid: &[u8; 16]) -> SealContext<'_> {
        SealContext { kind: "signing_key", guid, field: "private_key", version: 1 }
    }

    #[test]
    fn what_is_signed_verifies_and_nothing_else() {
        let (key, other) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        let signature = key.sign(b"message").unwrap();
        let public = VerifyingKey::from_document(key.verifying_key().unwrap().document()).unwrap();
        assert!(public.verifies(b"message", &signature));
        assert!(!public.verifies(b"messagf", &signature));
        assert!(!public.verifies(b"message", &signature[1..]));
        assert!(!public.verifies(b"message", b""));
        assert!(!other.verifying_key().unwrap().verifies(b"message", &signature));
    }

    #[test]
    fn a_key_opens_only_at_its_place() {
        let keyring = keyring();
        let key = SigningKey::generate().unwrap();
        let sealed = key.seal(&keyring, &context(&[1; 16])).unwrap();
        let opened = SigningKey::open(&keyring, &context(&[1; 16]), &sealed).unwrap();
        let message = opened.sign(b"message").unwrap();
        assert!(key.verifying_key().unwrap().verifies(b"message", &message));
        assert!(SigningKey::open(&keyring, &context(&[2; 16]), &sealed).is_err());
        let text = keyring.seal(&context(&[1; 16]), b"no key").unwrap();
        let broken = SigningKey::open(&keyring, &context(&[1; 16]), &text);
        assert!(matches!(broken, Err(SigningFault::Broken)));
    }

    #[test]
    fn the_public_part_is_shown_in_the_usual_forms_and_the_private_part_in_none() {
        let key = SigningKey::generate().unwrap();
        let public = key.verifying_key().unwrap();
        assert_eq!(public.exponent(), "AQAB");
        assert_eq!(public.modulus().len(), 342);
        let pem = public.pem();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\nMII") && pem.ends_with("KEY-----"));
        assert!(pem.lines().all(|line| line.len() <= 64));
        assert_eq!(format!("{key:?} {public:?}"), "SigningKey { .. } VerifyingKey { .. }");
        assert!(VerifyingKey::from_document(b"no key").is_err());
    }
}
