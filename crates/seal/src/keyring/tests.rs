//! Tests of the keyring: known bytes, round trips, tampering, moving and rotation.

use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const STORE: Uuid = Uuid::from_u128(0x0123_4567_89ab_4def_8123_4567_89ab_cdef);
const OTHER_STORE: Uuid = Uuid::from_u128(1);
const GUID: [u8; 16] = [0xAB; 16];
const CONTEXT: SealContext<'_> =
    SealContext { kind: "credential", guid: &GUID, field: "password", version: 3 };

/// Offsets of the layout, written out again on purpose.
const KEY_ID: std::ops::Range<usize> = 1..9;
const WRAPPED: std::ops::Range<usize> = 9..69;
const TEXT: std::ops::RangeFrom<usize> = 69..;

fn keyring(store: Uuid, byte: u8) -> Keyring {
    Keyring::new(RootKey::known(store, [byte; 32])).unwrap()
}

fn changed(sealed: &Sealed, change: impl FnOnce(&mut Vec<u8>)) -> Result<Sealed, SealError> {
    let mut bytes = sealed.as_bytes().to_vec();
    change(&mut bytes);
    Sealed::from_bytes(bytes)
}

/// Bytes made by another implementation of the documented layout.
///
/// Root key 00..1f, data key 20..3f, nonces 40..4b and 50..5b, text "correct horse".
const KNOWN: [&[u8]; 8] = [
    b"\x01",
    b"\x90\x76\x20\xf1\xbc\x12\xb5\x5c",
    b"\x40\x41\x42\x43\x44\x45\x46\x47\x48\x49\x4a\x4b",
    b"\xc2\x98\x8c\x00\x02\x19\xa1\x24\xe5\xed\x3d\x1d\xb7\x49\x3d\x74\
      \x49\xf7\x60\x6f\x83\x00\x39\x14\x4f\x7e\x74\xde\xab\x2e\xd3\xe4",
    b"\xcd\xf3\xb5\xfd\x44\xbf\x9e\x05\x95\x66\x84\xec\xf8\xca\x6a\x4f",
    b"\x50\x51\x52\x53\x54\x55\x56\x57\x58\x59\x5a\x5b",
    b"\xd2\xcf\xda\x60\x54\x4c\x03\x2d\x5c\x60\x78\x69\x08",
    b"\xaa\x55\x60\xa2\x25\x5d\x15\xa2\xa7\x37\x46\x28\x21\x7e\x79\xde",
];

#[test]
fn known_bytes_open() {
    let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let keyring = Keyring::new(RootKey::known(STORE, bytes)).unwrap();
    let sealed = Sealed::from_bytes(KNOWN.concat()).unwrap();
    assert_eq!(keyring.open(&CONTEXT, &sealed).unwrap().as_slice(), b"correct horse");
    assert_eq!(sealed.key_id(), keyring.active_key());
}

#[test]
fn a_text_survives_sealing() {
    let keyring = keyring(STORE, 1);
    let sealed = keyring.seal_text(&CONTEXT, &"pässword".into()).unwrap();
    assert_eq!(keyring.open_text(&CONTEXT, &sealed).unwrap().expose_secret(), "pässword");
    let bytes = keyring.seal(&CONTEXT, b"\xFF").unwrap();
    assert_eq!(keyring.open_text(&CONTEXT, &bytes).err(), Some(SealError::NotText));
}

#[test]
fn another_store_or_key_does_not_open() {
    let (ours, other_store, other_key) =
        (keyring(STORE, 1), keyring(OTHER_STORE, 1), keyring(STORE, 2));
    let sealed = ours.seal(&CONTEXT, b"secret").unwrap();
    assert_eq!(other_store.open(&CONTEXT, &sealed).err(), Some(SealError::DoesNotOpen));
    let unknown = SealError::UnknownKey(ours.active_key());
    assert_eq!(other_key.open(&CONTEXT, &sealed).err(), Some(unknown));

    let renamed = changed(&sealed, |bytes| {
        bytes[KEY_ID].copy_from_slice(other_key.active_key().as_bytes());
    });
    assert_eq!(other_key.open(&CONTEXT, &renamed.unwrap()).err(), Some(SealError::DoesNotOpen));
}

#[test]
fn the_wrapped_key_of_one_value_does_not_open_another() {
    let keyring = keyring(STORE, 1);
    let other = SealContext { field: "token", ..CONTEXT };
    let donor = keyring.seal(&other, b"secret").unwrap();
    let twin = keyring.seal(&CONTEXT, b"secret").unwrap();
    let sealed = keyring.seal(&CONTEXT, b"secret").unwrap();
    for from in [&donor, &twin] {
        let swap = |range: std::ops::Range<usize>| {
            let swapped =
                changed(&sealed, |b| b[range.clone()].copy_from_slice(&from.as_bytes()[range]));
            keyring.open(&CONTEXT, &swapped.unwrap()).err()
        };
        assert_eq!(swap(WRAPPED), Some(SealError::DoesNotOpen));
        assert_eq!(swap(TEXT.start..sealed.as_bytes().len()), Some(SealError::DoesNotOpen));
    }
}

#[test]
fn the_text_is_bound_to_its_place_even_under_its_own_data_key() {
    let keyring = keyring(STORE, 1);
    let other = SealContext { field: "token", ..CONTEXT };
    let sealed = keyring.seal(&CONTEXT, b"secret").unwrap();
    let data_key = keyring.unwrap(&CONTEXT, &sealed).unwrap();
    let moved = keyring.wrap(&keyring.active(), &other, &data_key, sealed.text()).unwrap();
    assert_eq!(keyring.open(&other, &moved).err(), Some(SealError::DoesNotOpen));
}

#[test]
fn two_seals_of_one_text_are_unrelated() {
    let keyring = keyring(STORE, 1);
    let text = [0x55; 1024];
    let (mut keys, mut texts) =
        (std::collections::HashSet::new(), std::collections::HashSet::new());
    let mut differing = 0;
    let first = keyring.seal(&CONTEXT, &text).unwrap();
    for _ in 0..1000 {
        let sealed = keyring.seal(&CONTEXT, &text).unwrap();
        assert!(keys.insert(sealed.wrapped_key().to_vec()));
        assert!(texts.insert(sealed.text().to_vec()));
        let pairs = sealed.text().iter().zip(first.text());
        differing += pairs.map(|(a, b)| (a ^ b).count_ones()).sum::<u32>();
    }
    // 1000 times 1052 bytes: 4,208,000 of 8,416,000 bits, with a standard deviation of 1450.
    assert!((4_198_000..4_218_000).contains(&differing), "{differing}");
}

#[test]
fn a_key_of_another_store_does_not_join() {
    let joined = keyring(STORE, 1).with_older(RootKey::known(OTHER_STORE, [2; 32]));
    assert_eq!(joined.err(), Some(SealError::ForeignKey(OTHER_STORE)));
}

#[test]
fn a_keyring_prints_no_bytes() {
    let keyring = keyring(STORE, 0xEE).with_older(RootKey::known(STORE, [0xDD; 32])).unwrap();
    let printed = format!("{keyring:?}");
    assert!(printed.contains(&keyring.active_key().to_string()));
    for trace in ["238", "221", "eeee", "dddd"] {
        assert!(!printed.contains(trace), "{printed}");
    }
}

proptest! {
    #[test]
    fn every_value_opens_where_it_was_sealed(
        (kind, field) in (".{0,8}", ".{0,8}"),
        (guid, version) in any::<([u8; 16], u64)>(),
        value in vec(any::<u8>(), 0..200),
    ) {
        let context = SealContext { kind: &kind, guid: &guid, field: &field, version };
        let keyring = keyring(STORE, 1);
        let sealed = keyring.seal(&context, &value).unwrap();
        prop_assert_eq!(sealed.as_bytes().len(), 97 + value.len());
        let read = Sealed::from_bytes(sealed.as_bytes()).unwrap();
        prop_assert_eq!(keyring.open(&context, &read).unwrap().to_vec(), value.clone());
    }

    #[test]
    fn no_flipped_bit_opens(value in vec(any::<u8>(), 0..40), bit: proptest::sample::Index) {
        let keyring = keyring(STORE, 1);
        let sealed = keyring.seal(&CONTEXT, &value).unwrap();
        let bit = bit.index(sealed.as_bytes().len() * 8);
        let opened = changed(&sealed, |bytes| bytes[bit / 8] ^= 1 << (bit % 8))
            .and_then(|flipped| keyring.open(&CONTEXT, &flipped));
        let error = opened.err();
        match bit / 8 {
            0 => prop_assert_eq!(error, Some(SealError::Malformed)),
            1..9 => prop_assert!(matches!(error, Some(SealError::UnknownKey(_)))),
            _ => prop_assert_eq!(error, Some(SealError::DoesNotOpen)),
        }
    }

    #[test]
    fn no_other_length_opens(
        value in vec(any::<u8>(), 0..40),
        cut: proptest::sample::Index,
        more in vec(any::<u8>(), 1..9),
    ) {
        let keyring = keyring(STORE, 1);
        let sealed = keyring.seal(&CONTEXT, &value).unwrap();
        let shorter = changed(&sealed, |bytes| bytes.truncate(cut.index(bytes.len())))
            .and_then(|sealed| keyring.open(&CONTEXT, &sealed));
        prop_assert!(shorter.is_err());
        let longer = changed(&sealed, |bytes| bytes.extend(more))
            .and_then(|sealed| keyring.open(&CONTEXT, &sealed));
        prop_assert_eq!(longer.err(), Some(SealError::DoesNotOpen));
    }

    #[test]
    fn no_other_place_opens(
        (kind, other_kind) in (".{0,3}", ".{0,3}"),
        (guid, other_guid) in (0_u8..2, 0_u8..2),
        (field, other_field) in (".{0,3}", ".{0,3}"),
        (version, other_version) in (0_u64..2, 0_u64..2),
    ) {
        let (guid, other_guid) = ([guid; 16], [other_guid; 16]);
        let here = SealContext { kind: &kind, guid: &guid, field: &field, version };
        let keyring = keyring(STORE, 1);
        let sealed = keyring.seal(&here, b"secret").unwrap();
        let elsewhere = [
            SealContext { kind: &other_kind, ..here },
            SealContext { guid: &other_guid, ..here },
            SealContext { field: &other_field, ..here },
            SealContext { version: other_version, ..here },
            // The same bytes, cut at another place.
            SealContext { kind: &format!("{kind}{field}"), field: "", ..here },
        ];
        for there in elsewhere {
            let expected = if there == here { None } else { Some(SealError::DoesNotOpen) };
            prop_assert_eq!(keyring.open(&there, &sealed).err(), expected);
            prop_assert_eq!(keyring.rewrap(&there, &sealed).err(), expected);
        }
    }

    #[test]
    fn rewrapping_leaves_the_text_untouched(value in vec(any::<u8>(), 0..40)) {
        let old = keyring(STORE, 1);
        let sealed = old.seal(&CONTEXT, &value).unwrap();
        let both = keyring(STORE, 2).with_older(RootKey::known(STORE, [1; 32])).unwrap();
        prop_assert_eq!(both.open(&CONTEXT, &sealed).unwrap().to_vec(), value.clone());

        let rewrapped = both.rewrap(&CONTEXT, &sealed).unwrap();
        prop_assert_eq!(&rewrapped.as_bytes()[TEXT], &sealed.as_bytes()[TEXT]);
        prop_assert_ne!(&rewrapped.as_bytes()[WRAPPED], &sealed.as_bytes()[WRAPPED]);
        prop_assert_eq!(rewrapped.key_id(), both.active_key());

        let new = keyring(STORE, 2);
        prop_assert_eq!(new.open(&CONTEXT, &rewrapped).unwrap().to_vec(), value.clone());
        let unknown = |keyring: &Keyring| Some(SealError::UnknownKey(keyring.active_key()));
        prop_assert_eq!(new.open(&CONTEXT, &sealed).err(), unknown(&old));
        prop_assert_eq!(old.open(&CONTEXT, &rewrapped).err(), unknown(&new));
    }
}
