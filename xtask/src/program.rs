//! The `darkroom` program: building it in release with the site inside, and starting it.

use std::env;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};

use crate::fingerprint::{self, Note};
use crate::shell::{cargo, run, say};
use crate::{site, workspace};

/// What the program is made from besides the site.
const INPUTS: &[&str] = &[
    "engine/src",
    "kernels/src",
    "kernels/Cargo.toml",
    "server/src",
    "server/models",
    "server/build.rs",
    "server/Cargo.toml",
];

/// How the program is to be built.
#[derive(Clone, Copy, Default)]
pub struct Build {
    pub cuda: bool,
}

impl Build {
    /// Takes the options before `--`; returns what follows it too.
    pub fn parse(args: &[String]) -> Result<(Self, &[String])> {
        let mut build = Self::default();
        for (position, arg) in args.iter().enumerate() {
            match arg.as_str() {
                "--" => return Ok((build, &args[position + 1..])),
                "--cuda" => build.cuda = true,
                other => bail!(
                    "unknown option `{other}`; options of the program come after `--`, \
                     for example `cargo xtask run -- --port 7861`"
                ),
            }
        }
        Ok((build, &[]))
    }

    /// Builds the program unless it stands there already, made from the same files.
    pub fn make(self) -> Result<PathBuf> {
        let program = workspace::target()
            .join("release")
            .join(format!("darkroom{}", env::consts::EXE_SUFFIX));
        let made_from = self.fingerprint()?;
        let note = Note::new("program");
        if note.says(&made_from) && program.is_file() {
            return Ok(program);
        }
        site::build()?;
        say("building the server in release; the first time takes some minutes");
        let mut build = cargo();
        build.args(["build", "--release", "--package", "server", "--bin", "darkroom"]);
        if self.cuda {
            build.args(["--features", "cuda"]);
        }
        run(&mut build)?;
        note.write(&made_from)?;
        Ok(program)
    }

    fn fingerprint(self) -> Result<String> {
        let inputs = [site::INPUTS, INPUTS].concat();
        let device = if self.cuda { "cuda" } else { "cpu" };
        Ok(format!("{} {device}", fingerprint::of(&inputs)?))
    }
}

/// Becomes `darkroom serve`, in the folder from which xtask was called.
pub fn serve(args: &[String]) -> Result<ExitCode> {
    let (build, args) = Build::parse(args)?;
    become_program(Command::new(build.make()?).arg("serve").args(args))
}

#[cfg(unix)]
fn become_program(command: &mut Command) -> Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.exec()).context("cannot start the server")
}

#[cfg(not(unix))]
fn become_program(command: &mut Command) -> Result<ExitCode> {
    let status = command.status().context("cannot start the server")?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, Into::into))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<(bool, Vec<String>)> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let (build, rest) = Build::parse(&args)?;
        Ok((build.cuda, rest.to_vec()))
    }

    #[test]
    fn what_follows_two_dashes_is_the_programs() {
        assert_eq!(parse(&[]).unwrap(), (false, vec![]));
        assert_eq!(parse(&["--cuda", "--", "--cuda"]).unwrap(), (true, vec!["--cuda".into()]));
    }

    #[test]
    fn a_program_option_before_the_dashes_is_explained() {
        let error = parse(&["--port"]).unwrap_err().to_string();
        assert!(error.contains("`--port`") && error.contains("-- --port"), "{error}");
    }
}
