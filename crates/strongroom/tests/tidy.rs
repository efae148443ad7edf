//! The rules of the architecture, checked by reading the project.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The crates from left to right: each may know those to its right.
const LINE: [&str; 5] = ["strongroom", "http", "service", "core", "seal"];

/// What a crate never depends on, even through nobody else.
const NEVER: [(&str, &[&str]); 4] = [
    ("seal", &["serde", "serde_json", "tokio", "axum", "rusqlite", "tokio-postgres"]),
    ("core", &["tokio", "axum", "http", "hyper", "rusqlite", "tokio-postgres", "rustix"]),
    ("service", &["axum", "http", "hyper", "tower"]),
    ("http", &["rusqlite", "tokio-postgres", "deadpool-postgres", "refinery"]),
];

/// Lines of a file, its unit tests not counted.
const LONGEST_FILE: usize = 600;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(folder) else { return found };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|its| its == extension) {
            found.push(path);
        }
    }
    found.sort_unstable();
    found
}

/// Every source file of the crates, with what it holds.
fn sources() -> Vec<(PathBuf, String)> {
    let sources = files(&root().join("crates"), "rs");
    assert!(sources.len() > 50, "the sources were not found");
    sources.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

fn dependencies(name: &str) -> BTreeSet<String> {
    let path = root().join("crates").join(name).join("Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

fn package(name: &str) -> String {
    if name == "strongroom" { name.to_owned() } else { format!("strongroom-{name}") }
}

#[test]
fn dependencies_follow_the_line() {
    for (at, name) in LINE.iter().enumerate() {
        let dependencies = dependencies(name);
        for left in &LINE[..=at] {
            assert!(!dependencies.contains(&package(left)), "{name} must not know {left}");
        }
    }
    for (name, never) in NEVER {
        let dependencies = dependencies(name);
        for one in never {
            assert!(!dependencies.contains(*one), "{name} must not know {one}");
        }
    }
}

#[test]
fn every_crate_keeps_the_lints_of_the_workspace() {
    for name in LINE {
        let path = root().join("crates").join(name).join("Cargo.toml");
        let manifest: toml::Table = fs::read_to_string(path).unwrap().parse().unwrap();
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{name}");
    }
}

#[test]
fn no_lint_is_silenced_without_being_expected() {
    let silenced = concat!("[al", "low(");
    for (path, text) in sources() {
        assert!(!text.contains(silenced), "{}: use #[expect(.., reason = ..)]", path.display());
        for part in text.split(concat!("[exp", "ect(")).skip(1) {
            let attribute = part.split(")]").next().unwrap_or_default();
            assert!(
                attribute.contains("reason = "),
                "{}: #[expect] without a reason",
                path.display()
            );
        }
    }
}

#[test]
fn no_test_is_left_out() {
    for (path, text) in sources() {
        assert!(!text.contains(concat!("#[ig", "nore")), "{}", path.display());
    }
}

#[test]
fn no_dialect_knows_another() {
    let source = root().join("crates/http/src");
    let is_dialect = |path: &PathBuf| path.join("wire.rs").exists() || path.join("wire").exists();
    let folders = fs::read_dir(&source).unwrap().map(|entry| entry.unwrap().path());
    let dialects: Vec<PathBuf> = folders.filter(is_dialect).collect();
    assert!(!dialects.is_empty());
    for dialect in &dialects {
        for other in dialects.iter().filter(|other| *other != dialect) {
            let forbidden = format!("crate::{}", other.file_name().unwrap().to_str().unwrap());
            for file in files(dialect, "rs") {
                let text = fs::read_to_string(&file).unwrap();
                assert!(!text.contains(&forbidden), "{} knows {forbidden}", file.display());
            }
        }
    }
}

#[test]
fn migrations_are_paired() {
    let names = |store: &str| -> Vec<String> {
        let folder = root().join("crates/service/migrations").join(store);
        let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
        files(&folder, "sql").into_iter().map(name).collect()
    };
    let sqlite = names("sqlite");
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, names("postgres"));
    let mut numbers: Vec<u32> = sqlite
        .iter()
        .map(|name| name.strip_prefix('V').unwrap().split_once("__").unwrap().0.parse().unwrap())
        .collect();
    numbers.sort_unstable();
    assert!(
        numbers.into_iter().eq(1..=u32::try_from(sqlite.len()).unwrap()),
        "numbers without a gap"
    );
}

#[test]
fn no_file_is_too_long_to_read() {
    for (path, text) in sources() {
        let code = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        assert!(code <= LONGEST_FILE, "{} has {code} lines: split it by subject", path.display());
    }
}

/// The settings as the binary itself lists them: flags and variables.
fn settings() -> BTreeSet<String> {
    let output =
        Command::new(env!("CARGO_BIN_EXE_strongroom")).args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    let words = help.split(|character: char| {
        !(character.is_ascii_alphanumeric() || matches!(character, '-' | '_'))
    });
    let is_setting = |word: &&str| word.starts_with("--") || word.starts_with("STRONGROOM_");
    words.filter(is_setting).filter(|word| *word != "--help").map(str::to_owned).collect()
}

#[test]
fn the_documents_name_every_setting_in_each_spelling() {
    let settings = settings();
    assert!(settings.len() > 25, "{settings:?}");
    let document = fs::read_to_string(root().join("docs/configuration.md")).unwrap();
    for setting in settings {
        assert!(document.contains(&format!("`{setting}")), "docs/configuration.md lacks {setting}");
        if let Some(flag) = setting.strip_prefix("--") {
            let key = flag.replace('-', "_");
            let variable = format!("STRONGROOM_{}", key.to_uppercase());
            assert!(
                document.contains(&format!("`{variable}`")),
                "docs/configuration.md lacks {variable}"
            );
            let has_key = flag == "config" || document.contains(&format!("`{key}`"));
            assert!(has_key, "docs/configuration.md lacks {key}");
        }
    }
}

#[test]
fn the_documents_name_every_command() {
    let document = fs::read_to_string(root().join("docs/command-line.md")).unwrap();
    for command in [
        "serve",
        "login",
        "user create",
        "user set-password",
        "org create",
        "token create",
        "credential list",
        "credential get",
        "credential create",
        "credential delete",
        "registry create",
        "registry config",
        "registry remove",
        "robot create",
        "robot rotate",
        "docker-credential",
        "kubelet-credential-provider",
        "registry-credential dockerconfigjson",
        "keys rotate",
        "keys status",
        "keys verify",
        "audit export",
        "audit verify",
        "audit checkpoint",
        "audit key",
        "audit rotate-key",
        "backup create",
        "backup verify",
        "backup restore",
        "fsck",
    ] {
        assert!(
            document.contains(&format!("strongroom {command}")),
            "docs/command-line.md lacks {command}"
        );
    }
}
