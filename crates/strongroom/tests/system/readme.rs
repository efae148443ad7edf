//! The README's own commands, run as they stand there, give the answers that stand there.
//!
//! What is drawn anew at each start is not compared: points of time, UUIDs, short ids, fingerprints, the names and
//! passwords of robots; and the address, which the README shows as the default.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::common::{ADMIN_PASSWORD, Store};

#[test]
fn the_commands_give_the_answers_on_sqlite() {
    run(&Store::sqlite());
}

#[test]
fn the_commands_give_the_answers_on_postgres() {
    run(&Store::postgres());
}

#[test]
fn the_two_commands_exist() {
    let commands: Vec<String> =
        blocks("## Two commands").into_iter().map(|block| block.text).collect();
    assert_eq!(commands, ["cargo run --release\n", "scripts/test\n"]);
    let mode = fs::metadata(root().join("scripts/test")).unwrap().permissions().mode();
    assert_eq!(mode & 0o111, 0o111, "scripts/test can be run");
    let manifest = fs::read_to_string(root().join("Cargo.toml")).unwrap();
    assert!(
        manifest.contains("default-members = [\"crates/strongroom\"]"),
        "cargo run finds the server"
    );
}

/// A fenced block.
struct Block {
    language: String,
    text: String,
}

fn run(store: &Store) {
    let server = store.start();
    let blocks = blocks("## First steps");
    let script = store.folder().join("readme.sh");
    let commands = blocks.iter().filter(|block| block.language == "sh");
    let commands: Vec<&str> = commands.map(|block| block.text.as_str()).collect();
    let commands = commands.join(&format!("echo '{MARK}'\n"));
    fs::write(&script, format!("set -euo pipefail\n{commands}")).unwrap();
    let mut shell = Command::new("bash")
        .arg(&script)
        .env("STRONGROOM_URL", server.url())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    writeln!(shell.stdin.take().unwrap(), "{ADMIN_PASSWORD}").unwrap();
    let output = shell.wait_with_output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");

    let mut outputs = printed.split(MARK);
    let mut last = "";
    let mut compared = 0;
    for block in &blocks {
        if block.language == "sh" {
            last = outputs.next().unwrap();
            continue;
        }
        let shown = serde_json::from_str(&block.text).unwrap_or_default();
        let given: Value = serde_json::from_str(last).unwrap();
        let shown = without_chance(&shown, "http://127.0.0.1:8470");
        assert_eq!(shown, without_chance(&given, server.url()), "the answer is:\n{given:#}");
        compared += 1;
    }
    assert_eq!(compared, 6, "all five operations show their answers");
}

/// The fenced blocks of a chapter of the README.
fn blocks(chapter: &str) -> Vec<Block> {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let chapter = readme.split_once(&format!("{chapter}\n")).unwrap().1;
    let chapter = chapter.split("\n## ").next().unwrap();
    let mut blocks = Vec::new();
    for fenced in chapter.split("```").skip(1).step_by(2) {
        let (language, text) = fenced.split_once('\n').unwrap();
        blocks.push(Block { language: language.to_owned(), text: text.to_owned() });
    }
    blocks
}

/// The value with one and the same word for everything that chance makes.
fn without_chance(value: &Value, address: &str) -> Value {
    match value {
        Value::String(text) if is_time(text) => Value::from("a time"),
        Value::String(text) => {
            Value::from(words_without_chance(&text.replace(address, "the address")))
        }
        Value::Array(items) => items.iter().map(|item| without_chance(item, address)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), without_chance(member, address)))
            .collect(),
        _ => value.clone(),
    }
}

/// The text with one word for each UUID, short id, robot, fingerprint and password in it.
fn words_without_chance(text: &str) -> String {
    let inside = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(inside) {
        kept.push_str(&rest[..start]);
        rest = &rest[start..];
        let (word, after) =
            rest.split_at(rest.find(|letter| !inside(letter)).unwrap_or(rest.len()));
        kept.push_str(match word.len() {
            36 if is_uuid(word) => "a-UUID",
            12 if word
                .chars()
                .any(|letter| letter.is_ascii_digit() || letter.is_ascii_uppercase()) =>
            {
                "a-short-id"
            }
            16 if word.bytes().all(|byte| byte.is_ascii_hexdigit()) => "a-robot",
            32 if word.bytes().all(|byte| byte.is_ascii_hexdigit()) => "a-fingerprint",
            43 => "a-password",
            _ => word,
        });
        rest = after;
    }
    kept.push_str(rest);
    kept
}

fn is_time(text: &str) -> bool {
    text.len() >= 20 && text.ends_with('Z') && shape(text).starts_with("9999-99-99T99:99:99")
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// The text with 9 for every digit.
fn shape(text: &str) -> String {
    text.chars().map(|letter| if letter.is_ascii_digit() { '9' } else { letter }).collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap().to_owned()
}

/// Stands between the outputs of two blocks.
const MARK: &str = "--- next block ---";
