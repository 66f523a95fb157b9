//! Starting other programs.

use std::env;
use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace;

/// One line about what happens and why, apart from the output of other programs.
pub fn say(line: impl std::fmt::Display) {
    eprintln!("xtask: {line}");
}

/// `program`, to be started in the workspace.
pub fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.current_dir(workspace::root());
    command
}

/// The cargo that called us, of the active toolchain.
pub fn cargo() -> Command {
    let mut cargo = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // Some people keep one target folder for all their projects; the paths here must hold for them.
    cargo.env("CARGO_TARGET_DIR", workspace::target());
    // These variables, where somebody has them, stand in the place of what `.cargo/config.toml` says.
    for name in ["RUSTFLAGS", "RUSTDOCFLAGS"] {
        if let Ok(flags) = env::var(name) {
            cargo.env(name, with_page_flags(&flags));
        }
    }
    cargo
}

/// The page compiles only with this.
const PAGE_FLAGS: &str = "--cfg erase_components";

fn with_page_flags(flags: &str) -> String {
    match flags.contains(PAGE_FLAGS) {
        true => flags.to_owned(),
        false => format!("{flags} {PAGE_FLAGS}"),
    }
}

/// Runs to the end; an error unless it ends well.
pub fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", line(command)))?;
    if !status.success() {
        bail!("`{}` ended with {status}", line(command));
    }
    Ok(())
}

/// Standard output of a program that ends well, trimmed.
pub fn read(command: &mut Command) -> Result<String> {
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start `{}`", line(command)))?;
    if !output.status.success() {
        bail!("`{}` ended with {}", line(command), output.status);
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The full path of `program`, if it can be started by name.
pub fn find(program: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders)
        .map(|folder| folder.join(format!("{program}{}", env::consts::EXE_SUFFIX)))
        .find(|path| path.is_file())
}

/// How a person would type it.
pub fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_environment_keep_those_of_the_page() {
        assert_eq!(with_page_flags("-D warnings"), "-D warnings --cfg erase_components");
        let both = "--cfg erase_components -O";
        assert_eq!(with_page_flags(both), both);
    }
}
