//! Running a test program: a person sees its output as it comes, and it is kept to be counted.

use std::io::{self, IsTerminal, Read, Write};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result};

use crate::shell::line;

/// How a program ended and what it printed, standard error first.
pub struct Recording {
    pub succeeded: bool,
    pub text: String,
}

/// Runs `command` to its end.
pub fn record(command: &mut Command) -> Result<Recording> {
    if io::stderr().is_terminal() {
        // The programs see a pipe, the person does not.
        command.env("CARGO_TERM_COLOR", "always").env("FORCE_COLOR", "1");
    }
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    let output = child.stdout.take().context("no standard output")?;
    let errors = child.stderr.take().context("no standard error")?;
    let errors = thread::spawn(move || echo(errors, io::stderr()));
    let output = echo(output, io::stdout());
    let errors = errors.join().unwrap_or_default();
    let status = child.wait().with_context(|| format!("lost `{}`", line(command)))?;
    let text = String::from_utf8_lossy(&[errors, output].concat()).into_owned();
    Ok(Recording { succeeded: status.success(), text })
}

/// Passes on all that comes `from` a program, and returns it.
fn echo(mut from: impl Read, mut to: impl Write) -> Vec<u8> {
    let mut all = Vec::new();
    let mut block = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut block) {
        all.extend_from_slice(&block[..length]);
        // Whoever closed our output does not stop the tests.
        let _ = to.write_all(&block[..length]).and_then(|()| to.flush());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::command;

    #[test]
    fn output_and_end_are_kept() {
        let recording = record(command("rustc").arg("--version")).unwrap();
        assert!(recording.succeeded && recording.text.contains("rustc 1"), "{}", recording.text);
    }

    #[test]
    fn a_bad_end_keeps_the_errors() {
        let recording = record(command("rustc").arg("no-such-file.rs")).unwrap();
        assert!(!recording.succeeded && recording.text.contains("no-such-file.rs"));
    }
}
