//! The text form of RFC 7468 for what is public.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The bytes between the two lines with a label, without a line end after the last.
pub(crate) fn text(label: &str, bytes: &[u8]) -> String {
    let encoded = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in encoded.as_bytes().chunks(LINE) {
        text.extend(line.iter().copied().map(char::from));
        text.push('\n');
    }
    text.push_str("-----END ");
    text.push_str(label);
    text.push_str("-----");
    text
}

/// Characters of a line.
const LINE: usize = 64;
