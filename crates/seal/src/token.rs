//! Random tokens: their texts, and the hashes that the store keeps.
//!
//! A token holds 256 random bits, so a plain SHA-256 of its text protects it: there is nothing to
//! guess at. The native text is `str_`, 43 characters drawn uniformly from `0-9A-Za-z`, and 6
//! characters of the same alphabet that are the CRC-32 of everything before them. The checksum
//! finds typing errors before the store is asked and lets a scanner recognise a leaked token; it
//! protects nothing. A plain text is the 43 characters alone, for clients that expect nothing but
//! letters and digits.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

use crate::digest::sha256;
use crate::random::{NoRandomness, characters};

/// The SHA-256 of a token's whole text: what the store keeps and finds the token by.
pub type TokenHash = [u8; 32];

/// A new token: its text is shown once, its hash is kept.
pub struct Token {
    /// What the client presents.
    pub text: SecretString,
    /// What the store keeps.
    pub hash: TokenHash,
}

impl Token {
    /// Draws a token with the native text.
    pub fn generate() -> Result<Self, NoRandomness> {
        let body = SecretString::from(characters(BASE62, BODY_LENGTH)?);
        let mut text = String::with_capacity(NATIVE_LENGTH);
        text.push_str(PREFIX);
        text.push_str(body.expose_secret());
        let checksum = checksum(&text);
        text.extend(checksum.map(char::from));
        Ok(Self::of(text.into()))
    }

    /// Draws a token with the plain text.
    pub fn generate_plain() -> Result<Self, NoRandomness> {
        Ok(Self::of(characters(BASE62, BODY_LENGTH)?.into()))
    }

    fn of(text: SecretString) -> Self {
        let hash = sha256(text.expose_secret().as_bytes());
        Self { text, hash }
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").finish_non_exhaustive()
    }
}

/// The hash of a native text; `None` when its shape or checksum is wrong, so no store needs to be
/// asked.
pub fn hash_of(text: &str) -> Option<TokenHash> {
    if text.len() != NATIVE_LENGTH || !text.starts_with(PREFIX) {
        return None;
    }
    let (content, given) = text.split_at_checked(NATIVE_LENGTH - CHECKSUM_LENGTH)?;
    if !alphanumeric(content.strip_prefix(PREFIX)?) || given.as_bytes() != checksum(content) {
        return None;
    }
    Some(sha256(text.as_bytes()))
}

/// The hash of a plain text; `None` when its shape is wrong.
pub fn hash_plain(text: &str) -> Option<TokenHash> {
    if text.len() != BODY_LENGTH || !alphanumeric(text) {
        return None;
    }
    Some(sha256(text.as_bytes()))
}

/// Whether two hashes are the same, in a time that does not tell where they differ.
pub fn is_same(one: &[u8], other: &[u8]) -> bool {
    aws_lc_rs::constant_time::verify_slices_are_equal(one, other).is_ok()
}

fn alphanumeric(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The CRC-32 of the text in base 62, most significant character first.
fn checksum(text: &str) -> [u8; CHECKSUM_LENGTH] {
    let mut rest = crc32(text.as_bytes());
    let mut characters = [b'0'; CHECKSUM_LENGTH];
    for character in characters.iter_mut().rev() {
        *character = BASE62[(rest % 62) as usize];
        rest /= 62;
    }
    characters
}

/// CRC-32 as in IEEE 802.3, bit by bit: a token is short.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

const PREFIX: &str = "str_";
// 62^43 is the first power of 62 above 2^256.
const BODY_LENGTH: usize = 43;
// 62^6 is the first power of 62 above 2^32.
const CHECKSUM_LENGTH: usize = 6;
const NATIVE_LENGTH: usize = PREFIX.len() + BODY_LENGTH + CHECKSUM_LENGTH;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_has_its_shape_and_is_found_by_its_hash() {
        let token = Token::generate().unwrap();
        let text = token.text.expose_secret();
        assert_eq!(text.len(), 53);
        assert!(text.starts_with("str_"));
        assert_eq!(hash_of(text), Some(token.hash));
        assert_eq!(hash_plain(text), None);
    }

    #[test]
    fn a_plain_token_has_its_shape_and_is_found_by_its_hash() {
        let token = Token::generate_plain().unwrap();
        let text = token.text.expose_secret();
        assert_eq!(text.len(), 43);
        assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert_eq!(hash_plain(text), Some(token.hash));
        assert_eq!(hash_of(text), None);
    }

    #[test]
    fn no_token_is_drawn_twice_nor_printed() {
        let (one, other) = (Token::generate().unwrap(), Token::generate().unwrap());
        assert_ne!(one.hash, other.hash);
        assert_eq!(format!("{one:?}"), "Token { .. }");
    }

    #[test]
    fn the_checksum_is_the_published_one_in_base_62() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(&checksum("123456789"), b"3jZRME");
    }

    #[test]
    fn a_known_token_has_its_known_checksum() {
        let text = "str_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefg34cPIE";
        assert_eq!(hash_of(text), Some(sha256(text.as_bytes())));
    }

    #[test]
    fn a_character_that_straddles_the_checksum_is_refused() {
        let text = format!("str_{}é{}", "0".repeat(42), "0".repeat(5));
        assert_eq!((text.len(), hash_of(&text)), (53, None));
    }

    proptest! {
        #[test]
        fn one_wrong_character_is_found(at in 0_usize..53, wrong in "[ -~]") {
            let token = Token::generate().unwrap();
            let mut text = token.text.expose_secret().to_owned();
            let same = text[at..=at] == wrong;
            text.replace_range(at..=at, &wrong);
            prop_assert_eq!(hash_of(&text).is_some(), same);
        }

        #[test]
        fn any_text_is_refused_without_a_panic(text in ".{0,60}") {
            prop_assert_eq!(hash_of(&text), None);
        }

        #[test]
        fn text_of_the_right_length_is_refused(
            text in "str_[0-9A-Za-z]{43}[!-/]{6}",
            plain in "[0-9-]{41}é",
        ) {
            prop_assert_eq!(hash_of(&text), None);
            prop_assert_eq!((plain.len(), hash_plain(&plain)), (43, None));
        }
    }
}
