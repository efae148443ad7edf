//! 7 kinds of mutation, 200 of each: every one is found, and nothing before the position that is told is wrong.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use strongroom_seal::ed25519::NoteKey;
use strongroom_seal::{Keyring, RootKey, SealContext};
use uuid::Uuid;

use super::*;
use crate::audit::note::{Checkpoint, notes_in};

const ORIGIN: &str = "strongroom/test";
const MUTATIONS: u32 = 200;

/// A log, the checkpoints over it and the key that signs.
struct Log {
    rows: Vec<Vec<Option<String>>>,
    /// After how many entries there is a checkpoint; the last one covers all.
    checkpoints: Vec<usize>,
}

struct Signer {
    verifier: NoteVerifier,
    key: NoteKey,
}

impl Signer {
    fn new() -> Self {
        let keyring = Keyring::new(RootKey::generate(Uuid::from_u128(1)).unwrap()).unwrap();
        let place = SealContext { kind: "k", guid: &[0; 16], field: "f", version: 1 };
        let (key, _) = NoteKey::generate(&keyring, &place).unwrap();
        Self { verifier: NoteVerifier::new(ORIGIN, key.public().unwrap()), key }
    }

    fn note(&self, size: usize, root: TreeHash) -> String {
        let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: size as u64, root };
        SignedNote::sign(checkpoint.body(), [(&self.verifier, &self.key)]).to_string()
    }
}

fn row(id: usize, word: u64) -> Vec<Option<String>> {
    let mut columns: Vec<Option<String>> = COLUMNS
        .iter()
        .map(|name| match NUMBERS.contains(name) {
            true => Some((word % 1000).to_string()),
            false => Some(format!("{name} {word}")),
        })
        .collect();
    columns[0] = Some(id.to_string());
    columns[9] = None;
    columns
}

impl Log {
    fn draw(rng: &mut TestRng) -> Self {
        let length = rng.random_range(8..60_usize);
        let rows = (1..=length).map(|id| row(id, rng.random())).collect();
        let mut checkpoints: Vec<usize> =
            (1..length).filter(|_| rng.random_range(0..4) == 0).collect();
        checkpoints.push(length);
        Self { rows, checkpoints }
    }

    /// The lines of an honest export, and the notes of its checkpoints.
    fn export(&self, signer: &Signer) -> (Vec<Value>, Vec<String>) {
        let mut lines = vec![head_line(ORIGIN)];
        let (mut notes, mut previous, mut tree) = (Vec::new(), GENESIS, Frontier::default());
        for (at, columns) in self.rows.iter().enumerate() {
            let texts: Vec<Option<&str>> = columns.iter().map(Option::as_deref).collect();
            previous = link(&previous, &texts);
            tree.push(&previous);
            lines.push(entry_line(at as u64 + 1, &previous, columns));
            if self.checkpoints.contains(&(at + 1)) {
                notes.push(signer.note(at + 1, tree.root()));
                lines.push(checkpoint_line(notes.last().unwrap()));
            }
        }
        (lines, notes)
    }

    /// The largest checkpoint of fewer entries than that.
    fn covered_before(&self, position: usize) -> u64 {
        let before = self.checkpoints.iter().filter(|size| **size < position);
        before.max().copied().unwrap_or_default() as u64
    }
}

fn prove(lines: &[Value], signer: &Signer, anchors: &[String]) -> Result<Proof, Finding> {
    let kept = notes_in(&anchors.concat());
    let mut verifier = Verifier::new(vec![signer.verifier.clone()], kept)?;
    for line in lines {
        verifier.line(&line.to_string())?;
    }
    verifier.finish()
}

/// Where the line of an entry is.
fn line_of(lines: &[Value], position: usize) -> usize {
    lines.iter().position(|line| line["position"] == position).unwrap()
}

/// Every link and position anew, as somebody would who holds the database but not the key.
fn relink(lines: &mut [Value]) {
    let (mut previous, mut position) = (GENESIS, 0_u64);
    for line in lines.iter_mut().filter(|line| line.get("link").is_some()) {
        position += 1;
        line["position"] = position.into();
        let columns = columns(line.as_object().unwrap()).unwrap();
        let texts: Vec<Option<&str>> = columns.iter().map(Option::as_deref).collect();
        previous = link(&previous, &texts);
        line["link"] = hexadecimal(&previous).into();
    }
}

/// Runs one kind of mutation; it tells the first position that it made wrong.
fn mutations(
    mutate: impl Fn(&mut TestRng, &Log, &mut Vec<Value>, &mut Vec<String>, bool) -> usize,
) {
    let signer = Signer::new();
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    for number in 0..MUTATIONS {
        let log = Log::draw(runner.rng());
        let (mut lines, mut notes) = log.export(&signer);
        let honest = prove(&lines, &signer, &notes).unwrap();
        assert_eq!(honest.entries, log.rows.len() as u64);
        assert_eq!(honest.anchors, log.checkpoints.len() as u64);
        let relinked = number % 2 == 1;
        let first = mutate(runner.rng(), &log, &mut lines, &mut notes, relinked);
        let finding = prove(&lines, &signer, &notes).unwrap_err();
        let least = log.covered_before(first) + 1;
        assert!(
            (least..=first as u64).contains(&finding.position),
            "{number}: {finding}, but {first} is the first and the checkpoint before it ends at {least}"
        );
    }
}

#[test]
fn an_edited_entry_is_found() {
    mutations(|rng, log, lines, _, relinked| {
        let position = rng.random_range(1..=log.rows.len());
        let at = line_of(lines, position);
        let column = COLUMNS[rng.random_range(0..COLUMNS.len())];
        let is_number = NUMBERS.contains(&column);
        lines[at][column] =
            if is_number { json!(rng.random_range(5000..9000)) } else { json!("edited") };
        if relinked {
            relink(lines);
        }
        position
    });
}

#[test]
fn a_deleted_entry_is_found() {
    mutations(|rng, log, lines, _, relinked| {
        let position = rng.random_range(1..=log.rows.len());
        lines.remove(line_of(lines, position));
        if relinked {
            relink(lines);
        }
        position
    });
}

#[test]
fn an_inserted_entry_is_found() {
    mutations(|rng, log, lines, _, relinked| {
        let position = rng.random_range(1..=log.rows.len());
        let at = line_of(lines, position);
        let inserted = entry_line(position as u64, &[7; 32], &row(position, rng.random()));
        lines.insert(at, inserted);
        if relinked {
            relink(lines);
        }
        position
    });
}

#[test]
fn entries_that_changed_places_are_found() {
    mutations(|rng, log, lines, _, relinked| {
        let (one, other) =
            (rng.random_range(1..=log.rows.len()), rng.random_range(1..=log.rows.len()));
        let (one, other) = match one == other {
            true => (1, log.rows.len()),
            false => (one.min(other), one.max(other)),
        };
        let (first, second) = (line_of(lines, one), line_of(lines, other));
        lines.swap(first, second);
        if relinked {
            relink(lines);
        }
        one
    });
}

#[test]
fn an_end_that_was_cut_off_is_found_up_to_the_last_checkpoint_kept_elsewhere() {
    mutations(|rng, log, lines, notes, at_checkpoint| {
        // What is kept elsewhere may lag behind the export.
        let kept = rng.random_range(1..=notes.len());
        notes.truncate(kept);
        let anchored = log.checkpoints[kept - 1];
        let mut cut = rng.random_range(0..anchored);
        if at_checkpoint {
            cut = log.covered_before(cut + 1).try_into().unwrap();
        }
        let mut seen = 0;
        lines.retain(|line| {
            let stays = seen < cut || line.get("link").is_none() && seen <= cut;
            seen += usize::from(line.get("link").is_some());
            stays && (line.get("checkpoint").is_none() || seen <= cut)
        });
        cut + 1
    });
}

#[test]
fn a_second_history_that_the_key_itself_signed_is_found() {
    let signer = Signer::new();
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    for number in 0..MUTATIONS {
        let rng = runner.rng();
        let log = Log::draw(rng);
        let (_, notes) = log.export(&signer);
        let fork = rng.random_range(1..=log.rows.len());
        let mut other = Log { rows: log.rows.clone(), checkpoints: log.checkpoints.clone() };
        for at in fork..=other.rows.len() {
            other.rows[at - 1] = row(at, rng.random());
        }
        other.rows.extend((0..rng.random_range(0..5_u64)).map(|word| row(999, word)));
        other.checkpoints.push(other.rows.len());
        let (lines, _) = other.export(&signer);
        // By itself it is whole; against what was kept of the other it is not.
        assert!(prove(&lines, &signer, &[]).is_ok(), "{number}");
        let finding = prove(&lines, &signer, &notes).unwrap_err();
        let least = log.covered_before(fork) + 1;
        assert!((least..=fork as u64).contains(&finding.position), "{number}: {finding}, {fork}");
        assert!(matches!(finding.fault, ProofFault::Forked { .. }), "{finding}");
    }
}

#[test]
fn an_old_checkpoint_in_a_new_ones_place_is_found() {
    mutations(|rng, log, lines, notes, whole_export| {
        let older = log.checkpoints.len().saturating_sub(1);
        let old = rng.random_range(0..=older.saturating_sub(1));
        if older == 0 || whole_export {
            // All of an older export, whose newest checkpoint is as good as ever.
            let size = if older == 0 { 0 } else { log.checkpoints[old] };
            let end = if size == 0 { 1 } else { line_of(lines, size) + 2 };
            lines.truncate(end);
            return size + 1;
        }
        *lines.last_mut().unwrap() = checkpoint_line(&notes[old]);
        usize::try_from(log.covered_before(log.rows.len())).unwrap() + 1
    });
}

#[test]
fn what_is_no_export_is_refused() {
    let signer = Signer::new();
    let mut rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let (lines, notes) = Log::draw(&mut rng).export(&signer);
    assert!(prove(&[], &signer, &[]).is_err());
    assert!(prove(&lines[1..], &signer, &[]).is_err());
    let foreign =
        Signer { verifier: NoteVerifier::new("strongroom/other", [1; 32]), ..Signer::new() };
    let fault = prove(&lines, &foreign, &[]).unwrap_err().fault;
    assert!(matches!(fault, ProofFault::Foreign { .. }));
    let stranger = Signer::new();
    assert!(matches!(
        prove(&lines, &stranger, &[]).unwrap_err().fault,
        ProofFault::Checkpoint(NoteFault::Unknown)
    ));
    let anchors = [notes[0].clone(), "half a note".to_owned()];
    let fault = prove(&lines, &signer, &anchors).unwrap_err().fault;
    assert!(matches!(fault, ProofFault::Anchor { number: 2, .. }), "{fault}");
}

proptest! {
    #[test]
    fn no_line_makes_it_panic(lines in proptest::collection::vec(".{0,80}", 0..5)) {
        let signer = Signer::new();
        let mut verifier = Verifier::new(vec![signer.verifier], Vec::new()).unwrap();
        for line in &lines {
            let _ = verifier.line(line);
        }
        let _ = verifier.finish();
    }
}
