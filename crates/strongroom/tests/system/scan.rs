//! Looks for planted texts in every encoding in which a text commonly travels.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Finds planted texts.
pub(crate) struct Scanner {
    automaton: AhoCorasick,
    /// The label of each pattern.
    labels: Vec<String>,
}

/// What was found: label and encoding.
pub(crate) type Found = BTreeSet<String>;

impl Scanner {
    /// A scanner for planted bytes, each under a label.
    pub(crate) fn new<'a>(planted: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let mut patterns = Vec::new();
        let mut labels = Vec::new();
        for (label, bytes) in planted {
            for (encoding, pattern) in encodings(bytes) {
                patterns.push(pattern);
                labels.push(format!("{label} ({encoding})"));
            }
        }
        Self { automaton: AhoCorasick::new(patterns).unwrap(), labels }
    }

    /// What occurs in the bytes.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Found {
        let found = self.automaton.find_overlapping_iter(bytes);
        found.map(|found| self.labels[found.pattern().as_usize()].clone()).collect()
    }

    /// What occurs in each file below a directory.
    pub(crate) fn files(
        &self,
        directory: &Path,
        skip: &dyn Fn(&Path) -> bool,
    ) -> BTreeMap<PathBuf, Found> {
        let mut all = BTreeMap::new();
        let mut waiting = vec![directory.to_owned()];
        while let Some(directory) = waiting.pop() {
            // The database removes files of its own while it runs.
            let Ok(entries) = fs::read_dir(&directory) else { continue };
            for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
                match fs::symlink_metadata(&path) {
                    _ if skip(&path) => {}
                    Ok(metadata) if metadata.is_dir() => waiting.push(path),
                    Ok(metadata) if metadata.is_file() => {
                        let Ok(bytes) = fs::read(&path) else { continue };
                        all.insert(path, self.bytes(&bytes));
                    }
                    _ => {}
                }
            }
        }
        all
    }
}

/// The bytes as they are and in each encoding, without what surrounds them in it.
fn encodings(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let each =
        |form: &dyn Fn(u8) -> String| bytes.iter().map(|byte| form(*byte)).collect::<String>();
    let mut list: Vec<(&'static str, Vec<u8>)> = vec![
        ("plain", bytes.to_vec()),
        ("upper case", bytes.to_ascii_uppercase()),
        ("reversed", bytes.iter().rev().copied().collect()),
        ("UTF-16, little end first", bytes.iter().flat_map(|byte| [*byte, 0]).collect()),
        ("UTF-16, big end first", bytes.iter().flat_map(|byte| [0, *byte]).collect()),
        ("hexadecimal", each(&|byte| format!("{byte:02x}")).into_bytes()),
        ("hexadecimal, upper case", each(&|byte| format!("{byte:02X}")).into_bytes()),
        ("percent", each(&|byte| format!("%{byte:02x}")).into_bytes()),
        ("percent, upper case", each(&|byte| format!("%{byte:02X}")).into_bytes()),
        ("JSON escapes", each(&|byte| format!("\\u{byte:04x}")).into_bytes()),
        ("JSON escapes, upper case", each(&|byte| format!("\\u{byte:04X}")).into_bytes()),
        ("numbers", numbers(bytes, ",")),
        ("numbers with spaces", numbers(bytes, ", ")),
    ];
    for before in 0..3 {
        list.push(("base64", base64(&STANDARD_NO_PAD, bytes, before)));
        list.push(("base64 for addresses", base64(&URL_SAFE_NO_PAD, bytes, before)));
    }
    let mut seen = BTreeSet::new();
    list.retain(|(_, pattern)| seen.insert(pattern.clone()));
    list
}

fn numbers(bytes: &[u8], separator: &str) -> Vec<u8> {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(separator).into_bytes()
}

/// The characters that the bytes alone decide when so many others stand before them.
fn base64(engine: &impl Engine, bytes: &[u8], before: usize) -> Vec<u8> {
    let whole = [&vec![0; before], bytes].concat();
    let text = engine.encode(&whole).into_bytes();
    text[(before * 8).div_ceil(6)..whole.len() * 8 / 6].to_vec()
}

#[test]
fn every_encoding_is_found_wherever_it_stands() {
    let secret = b"k3v9x0q7m2w8z5t1";
    let scanner = Scanner::new([("it", secret.as_slice())]);
    for (encoding, pattern) in encodings(secret) {
        let hidden = [b"before ", pattern.as_slice(), b" after"].concat();
        assert!(scanner.bytes(&hidden).contains(&format!("it ({encoding})")), "{encoding}");
    }
    for before in 0..6 {
        let text = STANDARD_NO_PAD.encode([&b"abcdef"[..before], secret, b"xyz"].concat());
        assert_eq!(scanner.bytes(text.as_bytes()), Found::from(["it (base64)".to_owned()]));
    }
    assert_eq!(scanner.bytes(b"k3v9x0q7m2w8z5t"), Found::new());
}
