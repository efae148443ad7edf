//! Changing examples.

use fastrand::Rng;

/// An example with a few changes, most of which keep its structure.
pub(super) fn mutated(rng: &mut Rng, examples: &[&str], words: &[&str]) -> Vec<u8> {
    let mut bytes = one_of(rng, examples).to_vec();
    for _ in 0..rng.usize(1..=6) {
        change(rng, &mut bytes, examples, words);
    }
    bytes.truncate(LONGEST);
    bytes
}

fn change(rng: &mut Rng, bytes: &mut Vec<u8>, examples: &[&str], words: &[&str]) {
    let at = rng.usize(0..=bytes.len());
    let end = rng.usize(at..=bytes.len().min(at + 40));
    match rng.u8(0..12) {
        0..=3 => insert(bytes, at, one_of(rng, words)),
        4..=5 => replace(bytes, at, end, one_of(rng, words)),
        6 => replace(bytes, at, end, b""),
        7 => {
            let part = bytes[at..end].to_vec();
            insert(bytes, end, &part.repeat(rng.usize(1..=3)));
        }
        8 => insert(bytes, at, one_of(rng, examples)),
        9 => insert(bytes, at, one_of(rng, ODD)),
        10 => insert(bytes, at, &one_of(rng, words).repeat(rng.usize(1..=200))),
        _ => {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = rng.u8(..);
            }
        }
    }
}

fn insert(bytes: &mut Vec<u8>, at: usize, part: &[u8]) {
    replace(bytes, at, at, part);
}

fn replace(bytes: &mut Vec<u8>, at: usize, end: usize, part: &[u8]) {
    drop(bytes.splice(at..end, part.iter().copied()));
}

fn one_of<'a>(rng: &mut Rng, choices: &[&'a str]) -> &'a [u8] {
    rng.choice(choices).map_or(b"", |choice| choice.as_bytes())
}

/// What trips decoders of any language.
const ODD: &[&str] = &[
    "\0",
    "%00",
    "\u{feff}",
    "\u{202e}",
    "\u{d7ff}",
    "\u{10ffff}",
    "e\u{301}",
    "ﬀ",
    "İ",
    "ß",
    "\r\n",
    "\t",
    "%",
    "%zz",
    "%C0%80",
    "+",
    "\\",
    "'",
    "\"",
    ";--",
    "$1",
    "{{",
    "}}",
    "{%",
    "../",
    "%2e%2e%2f",
    "-0",
    "1e309",
    "NaN",
    "0x10",
    "1_0",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999999999",
    "null",
    "true",
    "$encrypted$",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59.999999999+18:00",
];
const LONGEST: usize = 16 * 1024;
