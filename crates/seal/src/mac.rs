//! A keyed digest whose key never leaves the process: names entries of a cache of verified
//! passwords.
//!
//! What stands in the cache cannot be guessed at without the key, and the key dies with the
//! process.

use std::fmt;

use aws_lc_rs::hmac;
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// A key drawn for the life of the process.
pub struct CacheKey(hmac::Key);

impl CacheKey {
    /// Draws a key of 256 bits.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; 32]);
        random::fill(bytes.as_mut_slice())?;
        Ok(Self::from_bytes(&bytes))
    }

    /// HMAC-SHA256 of the parts, each preceded by its length as eight bytes, big-endian, so that no
    /// two lists of parts give the same bytes.
    pub fn tag(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        for part in parts {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        let mut tag = [0; 32];
        tag.copy_from_slice(context.sign().as_ref());
        tag
    }

    fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tag_is_the_hmac_of_the_prefixed_parts() {
        let bytes = [7; 32];
        let plain = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        let expected = hmac::sign(&plain, b"\0\0\0\0\0\0\0\x02ab\0\0\0\0\0\0\0\0");
        assert_eq!(CacheKey::from_bytes(&bytes).tag(&[b"ab", b""]), expected.as_ref());
    }

    #[test]
    fn another_key_gives_another_tag() {
        let (one, other) = (CacheKey::generate().unwrap(), CacheKey::generate().unwrap());
        assert_ne!(one.tag(&[b"alice", b"secret"]), other.tag(&[b"alice", b"secret"]));
        assert_eq!(format!("{one:?}"), "CacheKey { .. }");
    }

    proptest! {
        #[test]
        fn lists_that_differ_have_tags_that_differ(
            one in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..4),
            other in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..4), 0..4),
        ) {
            let key = CacheKey::from_bytes(&[7; 32]);
            let tag = |parts: &[Vec<u8>]| {
                let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
                key.tag(&parts)
            };
            prop_assert_eq!(one == other, tag(&one) == tag(&other));
        }
    }
}
