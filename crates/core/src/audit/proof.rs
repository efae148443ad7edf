//! The exported log and its proof: whether nothing in it was edited, deleted, inserted, moved or cut off, found
//! with nothing but the export, a public key and, for the newest entries, checkpoints kept elsewhere.
//!
//! An export is one JSON object a line: a head, the entries in the order of the chain, and each checkpoint after
//! the last entry that it covers. An entry holds the columns that its link covers, as the store keeps them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::merkle::{Frontier, TreeHash};
use super::note::{NoteFault, NoteVerifier, SignedNote};
use super::{GENESIS, Link, link};

/// The names of the columns that a link covers, in their order.
pub const COLUMNS: [&str; 15] = [
    "id",
    "at",
    "action",
    "outcome",
    "dialect",
    "request_id",
    "source",
    "actor_id",
    "actor_name",
    "token_id",
    "objects",
    "organization_id",
    "reason",
    "changes",
    "times",
];

/// Those of them that are numbers.
const NUMBERS: [&str; 6] = ["id", "at", "actor_id", "token_id", "organization_id", "times"];

/// The line that begins an export.
pub fn head_line(origin: &str) -> Value {
    json!({"strongroom_audit_export": 1, "origin": origin})
}

/// The line of an entry whose columns are given as a link covers them.
pub fn entry_line(position: u64, hash: &Link, columns: &[Option<String>]) -> Value {
    let mut line = Map::new();
    line.insert("position".to_owned(), position.into());
    for (name, column) in COLUMNS.into_iter().zip(columns) {
        let number = || column.as_ref().and_then(|text| text.parse::<i64>().ok()).map(Value::from);
        let value =
            if NUMBERS.contains(&name) { number() } else { column.clone().map(Value::from) };
        line.insert(name.to_owned(), value.unwrap_or_default());
    }
    line.insert("link".to_owned(), hexadecimal(hash).into());
    Value::Object(line)
}

/// The line of a checkpoint.
pub fn checkpoint_line(note: &str) -> Value {
    json!({"checkpoint": note})
}

/// Something in an export that is not as it was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("position {position}: {fault}")]
pub struct Finding {
    /// The first position that may be wrong; every entry before it is as it was signed.
    pub position: u64,
    /// What is wrong.
    pub fault: ProofFault,
}

/// What is wrong with an export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// A line is neither an entry nor a checkpoint.
    #[error("the line is not one of an export")]
    Malformed,
    /// The export is of another log than the public key.
    #[error("the export is of {found}, the key is of {expected}")]
    Foreign {
        /// Which log it says it is.
        found: String,
        /// Which log the key signs.
        expected: String,
    },
    /// An entry stands where another one should.
    #[error("an entry of position {found} stands here")]
    OutOfPlace {
        /// Where it says it belongs.
        found: u64,
    },
    /// An entry is not the one that was chained here.
    #[error("the entry is not the one that was linked here")]
    BrokenLink,
    /// A checkpoint in the export does not do.
    #[error("the checkpoint after the entry before does not do: {0}")]
    Checkpoint(NoteFault),
    /// A checkpoint stands after more or fewer entries than it covers.
    #[error("a checkpoint of {size} entries stands here")]
    Misplaced {
        /// How many entries it covers.
        size: u64,
    },
    /// The entries up to a signed checkpoint are not the signed ones.
    #[error("up to position {size} these are not the entries that were signed")]
    Rewritten {
        /// How many entries the checkpoint covers.
        size: u64,
    },
    /// A checkpoint kept elsewhere covers other entries: the log has two histories.
    #[error("a checkpoint kept elsewhere was signed over other entries up to position {size}")]
    Forked {
        /// How many entries it covers.
        size: u64,
    },
    /// A checkpoint kept elsewhere covers more entries than there are.
    #[error("a checkpoint kept elsewhere covers {size} entries: the end was cut off")]
    CutOff {
        /// How many entries it covers.
        size: u64,
    },
    /// Entries at the end are covered by no checkpoint.
    #[error("no checkpoint covers the entries from here on")]
    Uncovered,
    /// The file of checkpoints kept elsewhere holds something else.
    #[error("among the checkpoints kept elsewhere, number {number} does not do: {fault}")]
    Anchor {
        /// Which one, counted from 1.
        number: usize,
        /// What is wrong with it.
        fault: NoteFault,
    },
}

/// What a whole export proved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proof {
    /// Entries.
    pub entries: u64,
    /// Checkpoints in the export.
    pub checkpoints: u64,
    /// Checkpoints kept elsewhere that agree.
    pub anchors: u64,
    /// The largest of these; 0 without any.
    pub anchored: u64,
}

/// Checks an export line by line, so that it need not fit into memory.
#[derive(Debug)]
pub struct Verifier {
    keys: Vec<NoteVerifier>,
    origin: String,
    anchors: BTreeMap<u64, Vec<TreeHash>>,
    anchors_given: u64,
    has_head: bool,
    previous: Link,
    tree: Frontier,
    covered: u64,
    proof: Proof,
}

impl Verifier {
    /// A check against these keys of one log, and checkpoints that were kept elsewhere.
    pub fn new(
        keys: Vec<NoteVerifier>,
        kept_elsewhere: Vec<Result<SignedNote, NoteFault>>,
    ) -> Result<Self, Finding> {
        let origin = keys.first().map(|key| key.name().to_owned()).unwrap_or_default();
        let mut anchors: BTreeMap<u64, Vec<TreeHash>> = BTreeMap::new();
        let mut anchors_given = 0;
        for (at, note) in kept_elsewhere.into_iter().enumerate() {
            let checkpoint = note.and_then(|note| note.checkpoint(&origin, &keys));
            let checkpoint = checkpoint.map_err(|fault| Finding {
                position: 1,
                fault: ProofFault::Anchor { number: at + 1, fault },
            })?;
            anchors.entry(checkpoint.size).or_default().push(checkpoint.root);
            anchors_given += 1;
        }
        Ok(Self {
            keys,
            origin,
            anchors,
            anchors_given,
            has_head: false,
            previous: GENESIS,
            tree: Frontier::default(),
            covered: 0,
            proof: Proof::default(),
        })
    }

    /// Takes the next line.
    pub fn line(&mut self, line: &str) -> Result<(), Finding> {
        let Ok(Value::Object(line)) = serde_json::from_str(line) else {
            return Err(self.here(ProofFault::Malformed));
        };
        if !self.has_head {
            return self.head(&line);
        }
        match line.get("checkpoint") {
            Some(Value::String(note)) if line.len() == 1 => self.checkpoint(note),
            Some(_) => Err(self.here(ProofFault::Malformed)),
            None => self.entry(&line),
        }
    }

    /// The end of the export.
    pub fn finish(mut self) -> Result<Proof, Finding> {
        if !self.has_head {
            return Err(self.here(ProofFault::Malformed));
        }
        let size = self.tree.size();
        if let Some((size, _)) = self.anchors.split_off(&(size + 1)).last_key_value() {
            return Err(self.here(ProofFault::CutOff { size: *size }));
        }
        if self.covered < size {
            return Err(Finding { position: self.covered + 1, fault: ProofFault::Uncovered });
        }
        self.proof.anchors = self.anchors_given;
        self.proof.anchored = self.anchors.last_key_value().map_or(0, |(size, _)| *size);
        Ok(self.proof)
    }

    fn head(&mut self, line: &Map<String, Value>) -> Result<(), Finding> {
        let origin = line.get("origin").and_then(Value::as_str);
        let Some(found) = origin.filter(|_| line.contains_key("strongroom_audit_export")) else {
            return Err(self.here(ProofFault::Malformed));
        };
        if found != self.origin {
            let expected = self.origin.clone();
            return Err(self.here(ProofFault::Foreign { found: found.to_owned(), expected }));
        }
        self.has_head = true;
        Ok(())
    }

    fn entry(&mut self, line: &Map<String, Value>) -> Result<(), Finding> {
        let position = line.get("position").and_then(Value::as_u64);
        let Some(position) = position.filter(|_| line.len() == COLUMNS.len() + 2) else {
            return Err(self.here(ProofFault::Malformed));
        };
        if position != self.tree.size() + 1 {
            // Where an earlier entry stands again, what was put before it is what is wrong.
            let first = position.clamp(self.covered + 1, self.tree.size() + 1);
            let fault = ProofFault::OutOfPlace { found: position };
            return Err(Finding { position: first, fault });
        }
        let Some(columns) = columns(line) else { return Err(self.here(ProofFault::Malformed)) };
        let columns: Vec<Option<&str>> = columns.iter().map(Option::as_deref).collect();
        let hash = link(&self.previous, &columns);
        if line.get("link").and_then(Value::as_str) != Some(hexadecimal(&hash).as_str()) {
            return Err(self.here(ProofFault::BrokenLink));
        }
        self.previous = hash;
        self.tree.push(&hash);
        self.proof.entries += 1;
        let size = self.tree.size();
        let Some(kept) = self.anchors.get(&size) else { return Ok(()) };
        let root = self.tree.root();
        if kept.iter().all(|kept| *kept == root) {
            return Ok(());
        }
        Err(Finding { position: self.last_agreed() + 1, fault: ProofFault::Forked { size } })
    }

    fn checkpoint(&mut self, note: &str) -> Result<(), Finding> {
        let note: Result<SignedNote, NoteFault> = note.parse();
        let checkpoint = note.and_then(|note| note.checkpoint(&self.origin, &self.keys));
        let checkpoint =
            checkpoint.map_err(|fault| self.after_covered(ProofFault::Checkpoint(fault)))?;
        let size = checkpoint.size;
        if size != self.tree.size() {
            return Err(self.after_covered(ProofFault::Misplaced { size }));
        }
        if checkpoint.root != self.tree.root() {
            return Err(self.after_covered(ProofFault::Rewritten { size }));
        }
        self.covered = size;
        self.proof.checkpoints += 1;
        Ok(())
    }

    /// The last position up to which the entries are as a checkpoint says.
    fn last_agreed(&self) -> u64 {
        let anchored =
            self.anchors.range(..self.tree.size()).next_back().map_or(0, |(size, _)| *size);
        anchored.max(self.covered.min(self.tree.size().saturating_sub(1)))
    }

    fn after_covered(&self, fault: ProofFault) -> Finding {
        Finding { position: self.covered + 1, fault }
    }

    fn here(&self, fault: ProofFault) -> Finding {
        Finding { position: self.tree.size() + 1, fault }
    }
}

/// The columns of a line as the link covers them.
fn columns(line: &Map<String, Value>) -> Option<Vec<Option<String>>> {
    let column = |name: &str| match (line.get(name)?, NUMBERS.contains(&name)) {
        (Value::Null, true) => Some(None),
        (Value::Number(number), true) => number.as_i64().map(|number| Some(number.to_string())),
        (Value::String(text), false) => Some(Some(text.clone())),
        _ => None,
    };
    COLUMNS.into_iter().map(column).collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
