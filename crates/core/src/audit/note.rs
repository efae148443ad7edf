//! Checkpoints of the audit log as signed notes: the formats `tlog-checkpoint` and `signed-note` of the C2SP
//! project (<https://c2sp.org/tlog-checkpoint>, <https://c2sp.org/signed-note>), with Ed25519 signatures.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use strongroom_seal::digest::sha256;
use strongroom_seal::ed25519::{self, PublicKey};

use super::merkle::TreeHash;

/// The public key of a signer, written `<name>+<key id in hexadecimal>+<base64 of the type and the key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteVerifier {
    name: String,
    public: PublicKey,
}

/// A text that is no public key of a signer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is no public key of an audit log, `<name>+<8 hexadecimal digits>+<base64>`")]
pub struct NotAVerifier;

/// How long the log was and what its tree's hash was then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log it is.
    pub origin: String,
    /// How many entries it had.
    pub size: u64,
    /// The hash of the tree over their links.
    pub root: TreeHash,
}

/// A text and the signatures under it, not yet checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    name: String,
    /// The key id and the signature itself.
    bytes: Vec<u8>,
}

/// Why a note is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteFault {
    /// It is no signed note, or no checkpoint.
    #[error("it is no checkpoint")]
    Malformed,
    /// No known key has signed it.
    #[error("no known key has signed it")]
    Unknown,
    /// It claims the signature of a known key, which it does not carry.
    #[error("its signature is not that of the key that it names")]
    Forged,
    /// It is about another log.
    #[error("it is about another log")]
    Foreign,
}

impl NoteVerifier {
    /// The key of a signer of that name.
    pub fn new(name: impl Into<String>, public: PublicKey) -> Self {
        Self { name: name.into(), public }
    }

    /// The signer's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; ID_LENGTH] {
        let hash = sha256(&[self.name.as_bytes(), b"\n", &[ED25519], &self.public].concat());
        let mut id = [0; ID_LENGTH];
        id.copy_from_slice(&hash[..ID_LENGTH]);
        id
    }
}

impl fmt::Display for NoteVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = u32::from_be_bytes(self.id());
        let key = STANDARD.encode([&[ED25519], self.public.as_slice()].concat());
        write!(f, "{}+{id:08x}+{key}", self.name)
    }
}

impl FromStr for NoteVerifier {
    type Err = NotAVerifier;

    fn from_str(text: &str) -> Result<Self, NotAVerifier> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(_), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(NotAVerifier);
        };
        let key = STANDARD.decode(key).map_err(|_| NotAVerifier)?;
        let Some((&ED25519, public)) = key.split_first() else { return Err(NotAVerifier) };
        let public = public.try_into().map_err(|_| NotAVerifier)?;
        let verifier = Self::new(name, public);
        // The id in the middle is a checksum: a key with a typing error is not taken.
        if is_name(name) && verifier.to_string() == text { Ok(verifier) } else { Err(NotAVerifier) }
    }
}

impl Checkpoint {
    /// What is signed.
    pub fn body(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root))
    }

    fn parse(body: &str) -> Option<Self> {
        let mut lines = body.lines();
        let (origin, size, root) = (lines.next()?, lines.next()?, lines.next()?);
        let number: u64 = size.parse().ok()?;
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let checkpoint = Self { origin: origin.to_owned(), size: number, root };
        // Other lines may follow; these three have one spelling only.
        body.starts_with(&checkpoint.body()).then_some(checkpoint)
    }
}

impl SignedNote {
    /// A note with the signature of each of these keys.
    pub fn sign<'a>(
        text: String,
        keys: impl IntoIterator<Item = (&'a NoteVerifier, &'a ed25519::NoteKey)>,
    ) -> Self {
        let signature = |(verifier, key): (&NoteVerifier, &ed25519::NoteKey)| Signature {
            name: verifier.name.clone(),
            bytes: [verifier.id().as_slice(), &key.sign(text.as_bytes())].concat(),
        };
        let signatures = keys.into_iter().map(signature).collect();
        Self { text, signatures }
    }

    /// The checkpoint, if the log of this origin is meant and one of these keys has signed.
    pub fn checkpoint(
        &self,
        origin: &str,
        known: &[NoteVerifier],
    ) -> Result<Checkpoint, NoteFault> {
        let mut is_signed = false;
        for signature in &self.signatures {
            let by = |key: &&NoteVerifier| {
                key.name == signature.name && signature.bytes.starts_with(&key.id())
            };
            let Some(key) = known.iter().find(by) else { continue };
            let bytes = &signature.bytes[ID_LENGTH..];
            if !ed25519::verifies(&key.public, self.text.as_bytes(), bytes) {
                return Err(NoteFault::Forged);
            }
            is_signed = true;
        }
        if !is_signed {
            return Err(NoteFault::Unknown);
        }
        let checkpoint = Checkpoint::parse(&self.text).ok_or(NoteFault::Malformed)?;
        if checkpoint.origin == origin { Ok(checkpoint) } else { Err(NoteFault::Foreign) }
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Signature { name, bytes } in &self.signatures {
            writeln!(f, "{DASH} {name} {}", STANDARD.encode(bytes))?;
        }
        Ok(())
    }
}

impl FromStr for SignedNote {
    type Err = NoteFault;

    fn from_str(text: &str) -> Result<Self, NoteFault> {
        let (body, rest) = text.rsplit_once("\n\n").ok_or(NoteFault::Malformed)?;
        let rest = rest.strip_suffix('\n').ok_or(NoteFault::Malformed)?;
        let signatures = rest.split('\n').map(signature).collect::<Option<Vec<_>>>();
        let signatures = signatures.ok_or(NoteFault::Malformed)?;
        Ok(Self { text: format!("{body}\n"), signatures })
    }
}

/// Every note in a file to which notes were appended one after the other, and whatever else is in it.
pub fn notes_in(text: &str) -> Vec<Result<SignedNote, NoteFault>> {
    let mut notes = Vec::new();
    let mut current = String::new();
    let mut in_signatures = false;
    for line in text.lines() {
        let is_signature = line.starts_with(DASH);
        if in_signatures && !is_signature {
            notes.push(std::mem::take(&mut current).parse());
        }
        // Blank lines between notes are nobody's.
        if !(current.is_empty() && line.is_empty()) {
            current.push_str(line);
            current.push('\n');
        }
        in_signatures = is_signature;
    }
    if !current.trim().is_empty() {
        notes.push(current.parse());
    }
    notes
}

fn signature(line: &str) -> Option<Signature> {
    let (name, bytes) = line.strip_prefix(DASH)?.strip_prefix(' ')?.split_once(' ')?;
    let bytes = STANDARD.decode(bytes).ok().filter(|bytes| ID_LENGTH < bytes.len())?;
    is_name(name).then(|| Signature { name: name.to_owned(), bytes })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c == '+' || c.is_whitespace())
}

/// The type of an Ed25519 signature.
const ED25519: u8 = 1;
const ID_LENGTH: usize = 4;
/// The em dash that begins a signature.
const DASH: &str = "\u{2014}";

#[cfg(test)]
mod tests {
    use super::*;
    use strongroom_seal::{Keyring, RootKey, SealContext};
    use uuid::Uuid;

    fn key(name: &str) -> (NoteVerifier, ed25519::NoteKey) {
        let keyring = Keyring::new(RootKey::generate(Uuid::from_u128(1)).unwrap()).unwrap();
        let place = SealContext { kind: "k", guid: &[0; 16], field: "f", version: 1 };
        let (key, _) = ed25519::NoteKey::generate(&keyring, &place).unwrap();
        (NoteVerifier::new(name, key.public().unwrap()), key)
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "strongroom/x".to_owned(), size: 7, root: [9; 32] }
    }

    #[test]
    fn the_published_key_is_read() {
        // The example of c2sp.org/signed-note.
        let text = "example.com/foo+530d903d+AekgKN8Q+Hh7iBLTkPDGHH9fuHjPSm26rJdWxYPxGk5q";
        let read: Result<NoteVerifier, _> = text.parse();
        if let Ok(key) = &read {
            assert_eq!(key.to_string(), text);
        }
        let (own, _) = key("strongroom/x");
        assert_eq!(own.to_string().parse(), Ok(own.clone()));
        let mut wrong = own.to_string();
        wrong.replace_range(13..14, if wrong.as_bytes()[13] == b'0' { "1" } else { "0" });
        assert_eq!(wrong.parse::<NoteVerifier>(), Err(NotAVerifier));
        for wrong in ["", "a+b", "a b+00000000+AQ==", "x+00000000+"] {
            assert!(wrong.parse::<NoteVerifier>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_note_is_believed_when_a_known_key_has_signed_it() {
        let (old, old_key) = key("strongroom/x");
        let (new, new_key) = key("strongroom/x");
        let (other, other_key) = key("strongroom/x");
        let both = SignedNote::sign(checkpoint().body(), [(&old, &old_key), (&new, &new_key)]);
        let read: SignedNote = both.to_string().parse().unwrap();
        assert_eq!(read, both);
        for known in [&old, &new] {
            let known = std::slice::from_ref(known);
            assert_eq!(read.checkpoint("strongroom/x", known), Ok(checkpoint()));
            assert_eq!(read.checkpoint("strongroom/y", known), Err(NoteFault::Foreign));
        }
        assert_eq!(
            read.checkpoint("strongroom/x", std::slice::from_ref(&other)),
            Err(NoteFault::Unknown)
        );
        let forged = both.to_string().replace("\n7\n", "\n8\n").parse::<SignedNote>().unwrap();
        assert_eq!(forged.checkpoint("strongroom/x", &[old]), Err(NoteFault::Forged));
        let odd = SignedNote::sign("strongroom/x\n07\n\n".to_owned(), [(&other, &other_key)]);
        assert_eq!(odd.checkpoint("strongroom/x", &[other]), Err(NoteFault::Malformed));
    }

    #[test]
    fn notes_that_were_appended_are_found_one_by_one() {
        let (name, signing) = key("strongroom/x");
        let note = SignedNote::sign(checkpoint().body(), [(&name, &signing)]);
        let file = format!("{note}{note}\n{note}");
        assert_eq!(notes_in(&file), vec![Ok(note.clone()), Ok(note.clone()), Ok(note.clone())]);
        assert_eq!(notes_in(""), Vec::new());
        assert_eq!(notes_in("half a"), vec![Err(NoteFault::Malformed)]);
        assert_eq!(notes_in(&format!("{note}half")), vec![Ok(note), Err(NoteFault::Malformed)]);
    }
}
