//! Private keys as PEM text: the frame and the base64 are read, the key material is not.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::rule::KeyFault;

/// Whether a private key needs a passphrase.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It does.
    Encrypted,
    /// It does not.
    Plain,
}

/// Reads a text of PEM blocks back to back: at least one private key and any number of certificates.
///
/// Several keys count as encrypted when one of them is. The time is linear in the length of the text.
pub fn read_key(text: &str) -> Result<KeyState, KeyFault> {
    // Keys copied out of a JSON document often still hold the escape.
    let text = text.replace(r"\u003d", "=");
    let mut rest = text.trim_start();
    let mut state = None;
    while !rest.is_empty() {
        let (block, next) = Block::read(rest).ok_or(KeyFault::Frame)?;
        if let Some(found) = block.state()?
            && state != Some(KeyState::Encrypted)
        {
            state = Some(found);
        }
        rest = next.trim_start();
    }
    state.ok_or(KeyFault::NoPrivateKey)
}

/// One PEM block.
struct Block<'a> {
    /// The words between BEGIN and the dashes.
    kind: &'a str,
    /// What stands between the two lines of dashes, trimmed and not empty.
    body: &'a str,
}

impl<'a> Block<'a> {
    /// The first block of the text and what follows it.
    fn read(text: &'a str) -> Option<(Self, &'a str)> {
        let after_dashes = text.trim_start_matches('-');
        let dashes = &text[..text.len() - after_dashes.len()];
        if dashes.len() < MIN_DASHES {
            return None;
        }
        let head = after_dashes.trim_start_matches(' ').strip_prefix("BEGIN ")?;
        let kind_length = head.find(|c: char| !(c.is_ascii_uppercase() || c == ' '))?;
        let kind = head[..kind_length].trim_end_matches(' ');
        if kind.is_empty() || MAX_KIND < kind.len() {
            return None;
        }
        let content = head[kind_length..].strip_prefix(dashes)?;
        let (body, next) = split_at_end(content, dashes, kind)?;
        let body = body.trim();
        if body.is_empty() { None } else { Some((Self { kind, body }, next)) }
    }

    /// Whether it is an encrypted key or a plain one; a certificate is neither.
    fn state(&self) -> Result<Option<KeyState>, KeyFault> {
        let Some(words) = self.kind.strip_suffix("PRIVATE KEY") else {
            return match self.kind {
                "CERTIFICATE" => self.decode().map(|_| None),
                _ => Err(KeyFault::BlockKind),
            };
        };
        let words = words.trim();
        if !KEY_KINDS.contains(&words) {
            return Err(KeyFault::KeyKind);
        }
        let bytes = self.decode()?;
        let encrypted = match words {
            "OPENSSH" => !bytes.starts_with(OPENSSH_PLAIN),
            "ENCRYPTED" => true,
            _ => self.body.contains("ENCRYPTED"),
        };
        Ok(Some(if encrypted { KeyState::Encrypted } else { KeyState::Plain }))
    }

    /// The body without its header lines, decoded.
    fn decode(&self) -> Result<Vec<u8>, KeyFault> {
        let mut text = String::new();
        let mut in_header = false;
        for line in self.body.lines().map(str::trim) {
            if in_header || is_header(line) {
                in_header = line.ends_with('\\');
            } else {
                text.push_str(line);
            }
        }
        match STANDARD.decode(text) {
            Ok(bytes) if !bytes.is_empty() => Ok(bytes),
            _ => Err(KeyFault::Base64),
        }
    }
}

/// Splits at the END line that belongs to the BEGIN line.
fn split_at_end<'a>(content: &'a str, dashes: &str, kind: &str) -> Option<(&'a str, &'a str)> {
    content.match_indices("END ").find_map(|(at, word)| {
        let body = content[..at].trim_end_matches(' ').strip_suffix(dashes)?;
        let tail = content[at + word.len()..].strip_prefix(kind)?;
        let next = tail.trim_start_matches(' ').strip_prefix(dashes)?;
        Some((body, next))
    })
}

/// A header line is a name, a colon and a value.
fn is_header(line: &str) -> bool {
    line.split_once(':').is_some_and(|(name, value)| !name.is_empty() && !value.is_empty())
}

/// Fewer dashes frame nothing.
const MIN_DASHES: usize = 4;
/// The longest kind of block known is far shorter; a bound keeps the search for its END linear.
const MAX_KIND: usize = 64;
/// The words before PRIVATE KEY.
const KEY_KINDS: [&str; 6] = ["RSA", "DSA", "EC", "OPENSSH", "", "ENCRYPTED"];
/// How an OpenSSH key that needs no passphrase begins: magic, length 4, cipher `none`.
const OPENSSH_PLAIN: &[u8] = b"openssh-key-v1\0\0\0\0\x04none";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pem(kind: &str, body: &str) -> String {
        format!("-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
    }

    fn openssh(cipher: &str) -> String {
        let mut bytes = b"openssh-key-v1\0\0\0\0".to_vec();
        bytes.push(u8::try_from(cipher.len()).unwrap());
        bytes.extend(cipher.bytes());
        bytes.extend([0; 24]);
        pem("OPENSSH PRIVATE KEY", &STANDARD.encode(bytes))
    }

    #[test]
    fn keys_that_need_a_passphrase_are_told_from_plain_ones() {
        let legacy = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,\\\n0011\n\nQUJD\nREVG";
        for (text, state) in [
            (pem("RSA PRIVATE KEY", "QUJD"), KeyState::Plain),
            (pem("DSA PRIVATE KEY", "QUJD"), KeyState::Plain),
            (pem("EC PRIVATE KEY", "QUJD\r\nREVG"), KeyState::Plain),
            (pem("PRIVATE KEY", "QUJD"), KeyState::Plain),
            (pem("ENCRYPTED PRIVATE KEY", "QUJD"), KeyState::Encrypted),
            (pem("RSA PRIVATE KEY", legacy), KeyState::Encrypted),
            (openssh("none"), KeyState::Plain),
            (openssh("aes256-ctr"), KeyState::Encrypted),
            (pem("CERTIFICATE", "QUJD") + &pem("RSA PRIVATE KEY", "QUJD"), KeyState::Plain),
            (openssh("aes256-ctr") + &pem("RSA PRIVATE KEY", "QUJD"), KeyState::Encrypted),
            (pem("RSA PRIVATE KEY", "QUJD") + &openssh("aes256-ctr"), KeyState::Encrypted),
            (pem("RSA PRIVATE KEY", r"QUI\u003d"), KeyState::Plain),
            (
                " \n---- BEGIN RSA PRIVATE KEY ----QUJD---- END RSA PRIVATE KEY ----".to_owned(),
                KeyState::Plain,
            ),
        ] {
            assert_eq!(read_key(&text), Ok(state), "{text}");
        }
    }

    #[test]
    fn each_fault_is_told() {
        for (text, fault) in [
            ("not a key".to_owned(), KeyFault::Frame),
            ("-----BEGIN RSA PRIVATE KEY-----\nQUJD".to_owned(), KeyFault::Frame),
            (
                "-----BEGIN A PRIVATE KEY-----\nQUJD\n-----END B PRIVATE KEY-----".to_owned(),
                KeyFault::Frame,
            ),
            (
                "---BEGIN RSA PRIVATE KEY---\nQUJD\n---END RSA PRIVATE KEY---".to_owned(),
                KeyFault::Frame,
            ),
            (pem("RSA PRIVATE KEY", ""), KeyFault::Frame),
            (pem("RSA PRIVATE KEY", "QUJD") + "tail", KeyFault::Frame),
            (pem("FOO PRIVATE KEY", "QUJD"), KeyFault::KeyKind),
            (pem("PUBLIC KEY", "QUJD"), KeyFault::BlockKind),
            (pem("RSA PRIVATE KEY", "QUJ"), KeyFault::Base64),
            (pem("RSA PRIVATE KEY", "Q!JD"), KeyFault::Base64),
            (pem("RSA PRIVATE KEY", "Name: value"), KeyFault::Base64),
            (pem("CERTIFICATE", "QUJD"), KeyFault::NoPrivateKey),
            ("  ".to_owned(), KeyFault::NoPrivateKey),
        ] {
            assert_eq!(read_key(&text), Err(fault), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = read_key(&text);
        }

        #[test]
        fn no_row_of_frames_panics(parts in prop::collection::vec(
            prop::sample::select(vec!["-", "----", " ", "\n", "BEGIN ", "END ", "RSA", "PRIVATE KEY", "A: b\\", "QUJD", "é"]),
            0..30,
        )) {
            let _ = read_key(&parts.concat());
        }

        #[test]
        fn a_framed_body_is_read_back(body in prop::collection::vec(any::<u8>(), 1..200)) {
            let text = pem("RSA PRIVATE KEY", &STANDARD.encode(body));
            prop_assert!(read_key(&text).is_ok());
        }
    }
}
