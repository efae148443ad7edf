//! How a secret reaches a command: from a file, from standard input, or typed without an echo. Never from an
//! argument.

use std::fs::File;
use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, ensure};
use rustix::termios::{LocalModes, OptionalActions, Termios};
use secrecy::SecretString;
use zeroize::Zeroizing;

/// Reads a password from a file, `-` being standard input. One line end at its end does not count.
pub(crate) fn password(path: &Path) -> anyhow::Result<SecretString> {
    let content = content(path)?;
    let text = without_line_end(&content);
    ensure!(!text.is_empty(), "{} holds no password", named(path));
    ensure!(!text.contains(['\n', '\0']), "{} holds more than one line", named(path));
    Ok(SecretString::from(text))
}

/// Reads a password from the file if there is one, else asks for it, else takes a line of standard input.
pub(crate) fn password_or_prompt(
    path: Option<&Path>,
    prompt: &str,
) -> anyhow::Result<SecretString> {
    match path {
        Some(path) => password(path),
        None if io::stdin().is_terminal() => typed(prompt),
        None => password(Path::new("-")),
    }
}

/// Reads a whole text from a file, `-` being standard input.
pub(crate) fn content(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(4096));
    let read = if path == Path::new("-") {
        io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
    };
    read.with_context(|| format!("{} cannot be read", named(path)))?;
    ensure!(bytes.len() as u64 <= LARGEST, "{} is larger than 1 MiB", named(path));
    let text =
        std::str::from_utf8(&bytes).with_context(|| format!("{} is not UTF-8", named(path)))?;
    Ok(Zeroizing::new(text.to_owned()))
}

fn named(path: &Path) -> String {
    if path == Path::new("-") {
        return "standard input".to_owned();
    }
    path.display().to_string()
}

fn typed(prompt: &str) -> anyhow::Result<SecretString> {
    let mut stderr = io::stderr();
    write!(stderr, "{prompt}: ")?;
    stderr.flush()?;
    let mut line = Zeroizing::new(String::new());
    let quiet = Quiet::new().context("the terminal would show the password")?;
    let read = io::stdin().lock().read_line(&mut line);
    drop(quiet);
    writeln!(stderr)?;
    read?;
    let text = without_line_end(&line);
    ensure!(!text.is_empty(), "no password was typed");
    Ok(SecretString::from(text))
}

fn without_line_end(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

/// A terminal without an echo, until it is dropped.
struct Quiet {
    before: Termios,
}

impl Quiet {
    fn new() -> io::Result<Self> {
        let before = rustix::termios::tcgetattr(io::stdin())?;
        let mut quiet = before.clone();
        quiet.local_modes.remove(LocalModes::ECHO);
        rustix::termios::tcsetattr(io::stdin(), OptionalActions::Flush, &quiet)?;
        Ok(Self { before })
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = rustix::termios::tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

const LARGEST: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret;

    #[test]
    fn one_line_end_is_not_part_of_a_password() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("password");
        let read = |content: &[u8]| {
            std::fs::write(&path, content).unwrap();
            password(&path).map(|secret| secret.expose_secret().to_owned())
        };
        assert_eq!(read(b" with spaces \r\n").unwrap(), " with spaces ");
        for bad in [b"".as_slice(), b"\n", b"a\nb", b"a\0b", b"\xff"] {
            assert!(read(bad).is_err(), "{bad:?}");
        }
        assert!(password(&folder.path().join("absent")).is_err());
    }
}
