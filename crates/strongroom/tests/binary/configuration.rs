//! Settings that are refused, and what the refusal says.

use crate::common::Store;

type Words = &'static [&'static str];
type Variables = &'static [(&'static str, &'static str)];

/// The exit code and standard error of a server that does not start. Nothing is made on the way.
fn refusal(words: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let store = Store::sqlite();
    let output = store.command(words).envs(variables.iter().copied()).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "");
    assert!(!store.data_dir().exists());
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn wrong_settings_end_with_2_and_a_sentence() {
    let cases: [(Words, Variables, &str); 9] = [
        (&["--listen", "0.0.0.0:0"], &[], "0.0.0.0:0 can be reached from other hosts"),
        (&["serve", "--listen", "localhost:1"], &[], "--listen must be an IP address and a port"),
        (&[], &[("STRONGROOM_PUBLIC_URL", "room")], "STRONGROOM_PUBLIC_URL must be `https://host"),
        (&["--tls-cert", "/c"], &[], "--tls-cert needs --tls-key as well"),
        (&["--config", "/nonexistent"], &[], "--config: /nonexistent cannot be read: No such file"),
        (&["--log", "loud"], &[], "--log must be error, warn, info, debug or trace"),
        (
            &["--database-url", "postgres://u:hunter2@h/d"],
            &[],
            "--database-url must not hold a password",
        ),
        (&["--lisen", "x"], &[], "unexpected argument '--lisen'"),
        (&["frobnicate"], &[], "unrecognized subcommand 'frobnicate'"),
    ];
    for (words, variables, sentence) in cases {
        let (code, message) = refusal(words, variables);
        assert_eq!(code, Some(2), "{words:?}: {message}");
        assert!(message.contains(sentence), "{words:?}: {message}");
        assert!(!message.contains("hunter2"));
    }
}

#[test]
fn an_unknown_key_of_the_file_is_refused() {
    let store = Store::sqlite();
    let file = store.folder().join("strongroom.toml");
    std::fs::write(&file, "lisen = '127.0.0.1:0'\n").unwrap();
    let output = store.run(&["--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("`lisen` is not a setting"));
}

#[test]
fn a_listener_beyond_loopback_starts_when_it_is_told_to() {
    let store = Store::sqlite();
    for words in [
        &["--listen", "0.0.0.0:0", "--insecure-http"][..],
        &[
            "--listen",
            "0.0.0.0:0",
            "--public-url",
            "https://room.example",
            "--trusted-proxy",
            "10.0.0.0/8",
        ],
    ] {
        let mut server = store.start_with(words);
        assert!(server.url().starts_with("http://0.0.0.0:"));
        assert!(server.stop().success());
    }
}

#[test]
fn an_address_in_use_and_a_bad_directory_say_what_to_do() {
    let store = Store::sqlite();
    let server = store.start();
    let other = Store::sqlite();
    let output = other.run(&["--listen", &server.address().to_string()]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("choose another with --listen"), "{message}");

    std::fs::write(other.folder().join("file"), "").unwrap();
    let output = other.run(&["--data-dir", "file"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("is not a directory: choose another with --data-dir"), "{message}");
}
