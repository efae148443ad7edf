//! Everything drawn at random: identities, keys, nonces, salts and tokens.
//!
//! The source is the cryptographic library's generator, seeded by the operating system.

use uuid::Uuid;
use zeroize::Zeroizing;

/// The generator gave nothing; whatever needed it was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random number generator is not available")]
pub struct NoRandomness;

/// Fills the bytes with random ones.
pub fn fill(bytes: &mut [u8]) -> Result<(), NoRandomness> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| NoRandomness)
}

/// A new UUID of version 4: 122 random bits.
pub fn guid() -> Result<Uuid, NoRandomness> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid())
}

/// A new short id: twelve Base58 characters, about 70 random bits.
pub fn short_id() -> Result<String, NoRandomness> {
    characters(BASE58, SHORT_ID_LENGTH)
}

/// A new request id: 32 lower-case hexadecimal digits, 128 random bits.
pub fn request_id() -> Result<String, NoRandomness> {
    let mut bytes = [0; 16];
    fill(&mut bytes)?;
    Ok(uuid::Builder::from_random_bytes(bytes).into_uuid().simple().to_string())
}

/// So many characters, each drawn uniformly from an alphabet of 1 to 256 ASCII characters.
pub(crate) fn characters(alphabet: &[u8], count: usize) -> Result<String, NoRandomness> {
    // A byte beyond the last whole multiple would favour the first characters, so it is drawn
    // again.
    let bound = 256 - 256 % alphabet.len();
    let mut text = Zeroizing::new(String::with_capacity(count));
    let mut drawn = Zeroizing::new([0; 64]);
    while text.len() < count {
        fill(drawn.as_mut_slice())?;
        let missing = count - text.len();
        let kept = drawn.iter().map(|byte| usize::from(*byte)).filter(|value| *value < bound);
        text.extend(kept.take(missing).map(|value| char::from(alphabet[value % alphabet.len()])));
    }
    Ok(std::mem::take(&mut *text))
}

const SHORT_ID_LENGTH: usize = 12;
const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    #[test]
    fn a_guid_is_of_version_four_and_not_drawn_twice() {
        let drawn: BTreeSet<Uuid> = (0..1000).map(|_| guid().unwrap()).collect();
        assert_eq!(drawn.len(), 1000);
        for guid in drawn {
            assert_eq!(guid.get_version_num(), 4);
            assert_eq!(guid.get_variant(), uuid::Variant::RFC4122);
        }
    }

    #[test]
    fn a_short_id_draws_every_character_alike() {
        let mut counts: BTreeMap<u8, u32> = BTreeMap::new();
        for _ in 0..25_000 {
            let id = short_id().unwrap();
            assert_eq!(id.len(), 12);
            for byte in id.bytes() {
                assert!(BASE58.contains(&byte));
                *counts.entry(byte).or_default() += 1;
            }
        }
        // 300,000 characters, about 5172 of each with a standard deviation of 71: six deviations do
        // not happen by chance, while drawing without rejection is more than that off at every
        // character.
        assert_eq!(counts.len(), 58);
        for (character, count) in counts {
            assert!((4746..5599).contains(&count), "{} came {count} times", char::from(character));
        }
    }

    #[test]
    fn no_character_is_favoured() {
        // With 200 characters a plain remainder would draw the first 56 twice as often as the
        // others.
        let alphabet: Vec<u8> = (0..200).map(|value| value % 128).collect();
        let text = characters(&alphabet, 100_000).unwrap();
        // Values 0 to 71 stand twice in the alphabet, 72 to 127 once.
        let doubled = text.bytes().filter(|byte| *byte < 72).count();
        assert!((71_000..73_000).contains(&doubled), "{doubled}");
    }

    #[test]
    fn a_request_id_is_hexadecimal() {
        let id = request_id().unwrap();
        assert_eq!(id.len(), 32);
        assert!(id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')));
        assert_ne!(id, request_id().unwrap());
    }
}
