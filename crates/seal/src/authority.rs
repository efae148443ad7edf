//! A certificate authority for one purpose: P-256 keys that sign tokens as `ES256`, each with a certificate by
//! which whoever trusts the authority can check it.
//!
//! Private parts leave this crate only sealed. Certificates are X.509 version 3 and public.

use std::fmt;
use std::time::Duration;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair,
};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, SerialNumber,
};
use zeroize::Zeroizing;

use crate::envelope::{SealContext, Sealed};
use crate::keyring::Keyring;
use crate::signing::SigningFault;
use crate::{digest, pem, random};

/// The authority: its key, and the certificate that it gave itself.
pub struct Authority {
    key: KeyPair,
    certificate: Vec<u8>,
}

/// A key that signs tokens, and the certificate that its authority gave it.
pub struct TokenSigner {
    key: EcdsaKeyPair,
    certificate: Vec<u8>,
}

/// From when to when a certificate counts, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first second.
    pub from: u64,
    /// The last second.
    pub until: u64,
}

impl Authority {
    /// Draws a key, certifies it by itself, and seals it for its place in the store.
    pub fn generate(
        keyring: &Keyring,
        context: &SealContext<'_>,
        validity: Validity,
    ) -> Result<(Self, Sealed), SigningFault> {
        let document = private_key()?;
        let key = issuing_key(&document)?;
        let certificate = authority(validity)?.self_signed(&key).map_err(unusable)?;
        let sealed = keyring.seal(context, &document)?;
        Ok((Self { key, certificate: certificate.der().to_vec() }, sealed))
    }

    /// The authority whose key was sealed for this place.
    pub fn open(
        keyring: &Keyring,
        context: &SealContext<'_>,
        sealed: &Sealed,
        certificate: Vec<u8>,
    ) -> Result<Self, SigningFault> {
        let document = keyring.open(context, sealed)?;
        let key = issuing_key(&document).map_err(|_| SigningFault::Broken)?;
        Ok(Self { key, certificate })
    }

    /// Draws a key, certifies it, and seals it for its place in the store.
    pub fn issue(
        &self,
        keyring: &Keyring,
        context: &SealContext<'_>,
        validity: Validity,
    ) -> Result<(TokenSigner, Sealed), SigningFault> {
        let document = private_key()?;
        let key = issuing_key(&document)?;
        // Whatever the validity, the issuer is known by its name and its key.
        let issuer = Issuer::new(authority(validity)?, &self.key);
        let certificate = leaf(validity)?.signed_by(&key, &issuer).map_err(unusable)?;
        let signer = TokenSigner::of(&document, certificate.der().to_vec())?;
        Ok((signer, keyring.seal(context, &document)?))
    }

    /// Its certificate, as DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }
}

impl TokenSigner {
    /// The signer whose key was sealed for this place.
    pub fn open(
        keyring: &Keyring,
        context: &SealContext<'_>,
        sealed: &Sealed,
        certificate: Vec<u8>,
    ) -> Result<Self, SigningFault> {
        let document = keyring.open(context, sealed)?;
        Self::of(&document, certificate).map_err(|_| SigningFault::Broken)
    }

    /// Signs a message: the two numbers of the signature one after the other, 64 bytes, as `ES256` wants them.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, SigningFault> {
        let signature = self.key.sign(&SystemRandom::new(), message).map_err(unusable)?;
        Ok(signature.as_ref().to_vec())
    }

    /// Its certificate, as DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    fn of(document: &[u8], certificate: Vec<u8>) -> Result<Self, SigningFault> {
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document);
        Ok(Self { key: key.map_err(unusable)?, certificate })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").finish_non_exhaustive()
    }
}

impl fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenSigner").finish_non_exhaustive()
    }
}

/// The public key of a certificate that was made here: a `SubjectPublicKeyInfo`, whose last 64 bytes are the two
/// coordinates of a point on P-256. Nothing for other certificates.
pub fn public_key(certificate: &[u8]) -> Option<&[u8]> {
    let begin = certificate.windows(P256_KEY.len()).position(|part| part == P256_KEY)?;
    certificate.get(begin..begin + P256_KEY.len() + POINT_LENGTH)
}

/// The name by which Distribution 2.8 knows the key of a certificate: the first 30 bytes of the SHA-256 of its
/// `SubjectPublicKeyInfo` in base 32 (RFC 4648), in groups of four characters with colons between them.
pub fn key_id(certificate: &[u8]) -> Option<String> {
    let digest = digest::sha256(public_key(certificate)?);
    let mut characters = Vec::with_capacity(48);
    for group in digest.get(..30)?.chunks_exact(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        let digit = |place: u32| BASE32.get(usize::try_from(bits >> (5 * place) & 31).ok()?);
        characters.extend((0..8).rev().filter_map(digit).map(|digit| char::from(*digit)));
    }
    let groups: Vec<String> = characters.chunks(4).map(|group| group.iter().collect()).collect();
    Some(groups.join(":"))
}

/// A certificate in the text form of RFC 7468.
pub fn certificate_pem(certificate: &[u8]) -> String {
    pem::text("CERTIFICATE", certificate)
}

/// A new private key as PKCS #8.
fn private_key() -> Result<Zeroizing<Vec<u8>>, SigningFault> {
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(unusable)?;
    let document = key.to_pkcs8v1().map_err(unusable)?;
    Ok(Zeroizing::new(document.as_ref().to_vec()))
}

fn issuing_key(document: &[u8]) -> Result<KeyPair, SigningFault> {
    KeyPair::from_pkcs8_der_and_sign_algo(&document.into(), &PKCS_ECDSA_P256_SHA256)
        .map_err(unusable)
}

fn authority(validity: Validity) -> Result<CertificateParams, SigningFault> {
    let mut params = certificate("Strongroom registry token authority", validity)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

fn leaf(validity: Validity) -> Result<CertificateParams, SigningFault> {
    let mut params = certificate("Strongroom registry token signer", validity)?;
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn certificate(name: &str, validity: Validity) -> Result<CertificateParams, SigningFault> {
    let mut params = CertificateParams::default();
    params.distinguished_name.remove(DnType::CommonName);
    params.distinguished_name.push(DnType::CommonName, name);
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(validity.from.min(LATEST));
    params.not_after = epoch + Duration::from_secs(validity.until.min(LATEST));
    let mut serial = [0; SERIAL_LENGTH];
    random::fill(&mut serial).map_err(unusable)?;
    // Positive, and as long as it is drawn.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    Ok(params)
}

fn unusable<E>(_: E) -> SigningFault {
    SigningFault::Unusable
}

/// The last second that a certificate can name: the end of the year 9999.
const LATEST: u64 = 253_402_300_799;
const SERIAL_LENGTH: usize = 16;
/// How the `SubjectPublicKeyInfo` of every key on P-256 begins, up to its uncompressed point (RFC 5480).
const P256_KEY: [u8; 27] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a,
    0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04,
];
/// Two coordinates of 32 bytes.
const POINT_LENGTH: usize = 64;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::RootKey;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, KeyPair as _, UnparsedPublicKey};
    use uuid::Uuid;

    const VALIDITY: Validity = Validity { from: 1_700_000_000, until: 1_800_000_000 };

    fn keyring() -> Keyring {
        Keyring::new(RootKey::generate(Uuid::from_u128(1)).unwrap()).unwrap()
    }

    fn context(guid: &[u8; 16]) -> SealContext<'_> {
        SealContext { kind: "signing_key", guid, field: "private_key", version: 1 }
    }

    #[test]
    fn what_a_signer_signs_verifies_by_its_key_and_has_no_der_around_it() {
        let keyring = keyring();
        let (authority, _) = Authority::generate(&keyring, &context(&[1; 16]), VALIDITY).unwrap();
        let (signer, _) = authority.issue(&keyring, &context(&[2; 16]), VALIDITY).unwrap();
        let signature = signer.sign(b"message").unwrap();
        assert_eq!(signature.len(), 64);
        let public = signer.key.public_key().as_ref().to_vec();
        let verified = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &public);
        assert!(verified.verify(b"message", &signature).is_ok());
        assert!(verified.verify(b"messagf", &signature).is_err());
        // The certificate names the signer's key, not the authority's.
        let holds = |certificate: &[u8]| certificate.windows(public.len()).any(|at| at == public);
        assert!(holds(signer.certificate()) && !holds(authority.certificate()));
    }

    #[test]
    fn both_open_only_at_their_places() {
        let keyring = keyring();
        let (authority, sealed) =
            Authority::generate(&keyring, &context(&[1; 16]), VALIDITY).unwrap();
        let certificate = authority.certificate().to_vec();
        let open = |guid: &[u8; 16]| {
            Authority::open(&keyring, &context(guid), &sealed, certificate.clone())
        };
        assert!(open(&[2; 16]).is_err());
        let opened = open(&[1; 16]).unwrap();
        let (signer, sealed) = opened.issue(&keyring, &context(&[3; 16]), VALIDITY).unwrap();
        let certificate = signer.certificate().to_vec();
        let again =
            TokenSigner::open(&keyring, &context(&[3; 16]), &sealed, certificate.clone()).unwrap();
        assert_eq!(again.key.public_key().as_ref(), signer.key.public_key().as_ref());
        assert!(
            TokenSigner::open(&keyring, &context(&[1; 16]), &sealed, certificate.clone()).is_err()
        );
        let text = keyring.seal(&context(&[3; 16]), b"no key").unwrap();
        let broken = TokenSigner::open(&keyring, &context(&[3; 16]), &text, certificate);
        assert!(matches!(broken, Err(SigningFault::Broken)));
        assert_eq!(format!("{opened:?} {again:?}"), "Authority { .. } TokenSigner { .. }");
    }

    #[test]
    fn a_certificate_is_shown_as_text_and_no_two_have_one_number() {
        let keyring = keyring();
        let (authority, _) = Authority::generate(&keyring, &context(&[1; 16]), VALIDITY).unwrap();
        let pem = certificate_pem(authority.certificate());
        assert!(pem.starts_with("-----BEGIN CERTIFICATE-----\nMII") && pem.ends_with("CATE-----"));
        let issue = || authority.issue(&keyring, &context(&[2; 16]), VALIDITY).unwrap().0;
        assert_ne!(issue().certificate(), issue().certificate());
    }

    #[test]
    fn a_key_is_known_by_its_certificate() {
        let keyring = keyring();
        let (authority, sealed) =
            Authority::generate(&keyring, &context(&[1; 16]), VALIDITY).unwrap();
        let certificate = authority.certificate().to_vec();
        // The authority's own key signs too, for registries that are told of it by name.
        let signer =
            TokenSigner::open(&keyring, &context(&[1; 16]), &sealed, certificate.clone()).unwrap();
        let key = public_key(&certificate).unwrap();
        assert_eq!(key.get(26..), Some(signer.key.public_key().as_ref()));
        let id = key_id(&certificate).unwrap();
        let groups: Vec<&str> = id.split(':').collect();
        assert!(groups.len() == 12 && groups.iter().all(|group| group.len() == 4), "{id}");
        assert!(public_key(b"something else").is_none() && key_id(&key[..80]).is_none());
    }

    #[test]
    fn a_key_id_is_what_others_make_of_the_same_key() {
        // The SHA-256 of this key, as openssl tells it, cut to 30 bytes and written by coreutils' base32.
        let mut key = P256_KEY.to_vec();
        key.extend([7; POINT_LENGTH]);
        assert_eq!(
            key_id(&key).as_deref(),
            Some("RY3R:CBMY:EW4I:UYRU:DPIE:4IIS:WPKF:YX5R:EIYV:BZ66:RUCG:GRQD")
        );
    }

    #[test]
    fn a_validity_beyond_all_years_is_the_last_that_can_be_written() {
        let far = Validity { from: 0, until: u64::MAX };
        assert!(Authority::generate(&keyring(), &context(&[1; 16]), far).is_ok());
    }
}
