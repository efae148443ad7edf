//! The canary: a sealed text in the store that tells whether the root key is the right one before
//! anything else is read or written.

use uuid::Uuid;

use crate::envelope::{SealContext, SealError, Sealed};
use crate::key::{KeyFault, KeyId};
use crate::keyring::Keyring;

/// The canary of the keyring's store, to be kept when the store is made.
pub fn canary(keyring: &Keyring) -> Result<Sealed, SealError> {
    keyring.seal(&context(keyring.store_id().as_bytes()), TEXT)
}

/// The same under a key of the keyring that is to become the active one.
pub fn canary_under(keyring: &Keyring, key: KeyId) -> Result<Sealed, SealError> {
    keyring.seal_under(key, &context(keyring.store_id().as_bytes()), TEXT)
}

/// The root key under which a canary was sealed, which is the one that seals; none if the bytes are
/// no canary.
pub fn key_of(canary: &[u8]) -> Option<KeyId> {
    Sealed::from_bytes(canary).ok().map(|sealed| sealed.key_id())
}

/// Whether the keyring is that of the store with this id and canary.
///
/// A key of another store is [`KeyFault::Foreign`], found before anything is opened. Any other that
/// does not open the canary is [`KeyFault::Wrong`]; so is a canary that was damaged.
pub fn check(keyring: &Keyring, store_id: Uuid, canary: &[u8]) -> Result<(), KeyFault> {
    let origin = keyring.origin();
    if keyring.store_id() != store_id {
        let key_store = keyring.store_id();
        return Err(KeyFault::Foreign { origin, key_store, store: store_id });
    }
    let opened = Sealed::from_bytes(canary)
        .and_then(|sealed| keyring.open(&context(store_id.as_bytes()), &sealed));
    match opened {
        Ok(text) if text.as_slice() == TEXT => Ok(()),
        _ => Err(KeyFault::Wrong { origin, needed: key_of(canary) }),
    }
}

fn context(store_id: &[u8; 16]) -> SealContext<'_> {
    SealContext { kind: "store", guid: store_id, field: "canary", version: 1 }
}

const TEXT: &[u8] = b"strongroom-canary";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{KeyOrigin, RootKey};

    const STORE: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);

    fn keyring(store: Uuid) -> Keyring {
        Keyring::new(RootKey::generate(store).unwrap()).unwrap()
    }

    #[test]
    fn the_right_key_passes() {
        let keyring = keyring(STORE);
        let canary = canary(&keyring).unwrap();
        assert_eq!(check(&keyring, STORE, canary.as_bytes()), Ok(()));
    }

    #[test]
    fn another_key_is_wrong() {
        let canary = canary(&keyring(STORE)).unwrap();
        let needed = key_of(canary.as_bytes());
        let wrong = Err(KeyFault::Wrong { origin: KeyOrigin::Memory, needed });
        assert_eq!(check(&keyring(STORE), STORE, canary.as_bytes()), wrong);
    }

    #[test]
    fn another_store_is_foreign_even_with_the_same_key_and_a_broken_canary() {
        let keyring = keyring(OTHER);
        let canary = canary(&keyring).unwrap();
        let foreign =
            Err(KeyFault::Foreign { origin: KeyOrigin::Memory, key_store: OTHER, store: STORE });
        assert_eq!(check(&keyring, STORE, canary.as_bytes()), foreign);
        assert_eq!(check(&keyring, STORE, b""), foreign);
    }

    #[test]
    fn a_damaged_canary_does_not_pass() {
        let keyring = keyring(STORE);
        let canary = canary(&keyring).unwrap().into_bytes();
        for at in 0..canary.len() {
            let mut damaged = canary.clone();
            damaged[at] ^= 1;
            assert_eq!(check(&keyring, STORE, &damaged).unwrap_err().exit_code(), 13, "{at}");
            assert_eq!(check(&keyring, STORE, &canary[..at]).unwrap_err().exit_code(), 13, "{at}");
        }
    }

    #[test]
    fn another_sealed_text_is_no_canary() {
        let keyring = keyring(STORE);
        let sealed = keyring.seal(&context(STORE.as_bytes()), b"something else").unwrap();
        assert_eq!(check(&keyring, STORE, sealed.as_bytes()).unwrap_err().exit_code(), 13);
    }

    #[test]
    fn a_canary_under_an_older_key_passes_while_that_key_is_loaded() {
        let older = || RootKey::known(STORE, [7; 32]);
        let active = || RootKey::known(STORE, [8; 32]);
        let canary = canary(&Keyring::new(older()).unwrap()).unwrap();
        let rotating = Keyring::new(active()).unwrap().with_older(older()).unwrap();
        assert_eq!(check(&rotating, STORE, canary.as_bytes()), Ok(()));
        let rotated = Keyring::new(active()).unwrap();
        assert_eq!(check(&rotated, STORE, canary.as_bytes()).unwrap_err().exit_code(), 13);
    }
}
