//! What must not compile: each file of `ui/` says in its first line which error it is.
//!
//! The compiler is asked itself, for this crate as it was just built: that takes a second, where a build of the
//! crate's own for these files takes minutes.

#![expect(clippy::unwrap_used, reason = "a test that panics is a test that fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn what_nobody_may_write_does_not_compile() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(cases).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort_unstable();
    assert!(2 < cases.len());
    for case in cases {
        let text = fs::read_to_string(&case).unwrap();
        let expected = text.lines().next().unwrap().trim_start_matches("//! ").to_owned();
        let told = errors(&case);
        match expected.as_str() {
            // The others say something only if what is allowed compiles.
            "compiles" => assert!(told.is_empty(), "{}: {told:?}", case.display()),
            expected => {
                assert_eq!(told.len(), 1, "{}: {told:?}", case.display());
                assert!(told[0].starts_with(expected), "{}: {told:?}", case.display());
            }
        }
    }
}

/// The errors of the compiler, their first lines.
fn errors(case: &Path) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let built = built_crates();
    let output = Command::new("rustc")
        .args([
            "--edition",
            "2024",
            "--crate-type",
            "lib",
            "--emit",
            "metadata",
            "--color",
            "never",
        ])
        .arg("--extern")
        .arg(format!("strongroom_service={}", newest(&built).display()))
        .arg("-L")
        .arg(format!("dependency={}", built.display()))
        .arg("--out-dir")
        .arg(folder.path())
        .arg(case)
        .output()
        .unwrap();
    let told = String::from_utf8(output.stderr).unwrap();
    let errors = told.lines().filter(|line| line.starts_with("error"));
    let errors = errors.filter(|line| !line.starts_with("error: aborting"));
    errors.map(str::to_owned).collect()
}

/// Where this test lies, beside the crates that it was built with.
fn built_crates() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

/// The crate as it was built last, which is for this test.
fn newest(built: &Path) -> PathBuf {
    let entries = fs::read_dir(built).unwrap().map(|entry| entry.unwrap().path());
    let named = entries.filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libstrongroom_service-") && path.extension() == Some("rlib".as_ref())
    });
    named.max_by_key(|path| path.metadata().unwrap().modified().unwrap()).unwrap()
}
