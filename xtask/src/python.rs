//! Python programs that work with Darkroom: what they read and what they drive.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use crate::fingerprint::{self, Note};
use crate::shell::{command, find, run, say};
use crate::{apt, workspace};

const REQUIREMENTS: &str = "end2end/python/requirements.txt";

/// `python -m unittest` on `program`; nothing where no Python packages can be had, which is said.
pub fn tests(program: &Path) -> Result<Option<Command>> {
    let Some(python) = environment()? else { return Ok(None) };
    let mut tests = command(&python);
    tests.current_dir(workspace::root().join("end2end/python")).env("DARKROOM", program);
    tests.args(["-m", "unittest", "--verbose"]);
    Ok(Some(tests))
}

/// The Python of an environment that has the packages.
fn environment() -> Result<Option<PathBuf>> {
    let folder = workspace::target().join("python");
    let python = folder.join("bin/python");
    let wanted = fingerprint::of(&[REQUIREMENTS])?;
    let note = Note::new("python");
    if note.says(&wanted) && python.is_file() {
        return Ok(Some(python));
    }
    if !make(&folder)? {
        say("not run: no Python 3 with venv here");
        return Ok(None);
    }
    let mut install = command(&python);
    install.args(["-m", "pip", "install", "--quiet", "--requirement"]);
    if run(install.arg(workspace::root().join(REQUIREMENTS))).is_err() {
        say("not run: pip cannot install the packages");
        return Ok(None);
    }
    note.write(&wanted)?;
    Ok(Some(python))
}

fn make(folder: &Path) -> Result<bool> {
    say("making a Python environment in target/python");
    if find("python3").is_none() && apt::is_here() {
        apt::install(&["python3", "python3-venv"], "(for the tests with Python programs)")?;
    }
    Ok(run(command("python3").args(["-m", "venv"]).arg(folder)).is_ok())
}
