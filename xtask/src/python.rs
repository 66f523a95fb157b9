//! Python programs that work with Darkroom: what they read and what they drive.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::fingerprint::{self, Note};
use crate::shell::{command, find, run, say};
use crate::{apt, workspace};

/// Packages that tests need, in an environment of their own.
struct Environment {
    /// Of its folder below the target folder.
    name: &'static str,
    requirements: &'static str,
    /// Where pip looks besides PyPI.
    index: Option<&'static str>,
    /// What a person may want to know before it is made.
    what: &'static str,
}

const CLIENTS: Environment = Environment {
    name: "python",
    requirements: "end2end/python/requirements.txt",
    index: None,
    what: "TensorBoard and webuiapi",
};

const DIFFUSERS: Environment = Environment {
    name: "python-diffusers",
    requirements: "end2end/python/requirements-diffusers.txt",
    // torch for the processor alone, of a tenth of the size. Where this cannot be reached, pip takes
    // the package that everybody has.
    index: Some("https://download.pytorch.org/whl/cpu"),
    what: "torch and diffusers, some gigabytes where only the package with CUDA can be had",
};

/// `python -m unittest` on `program`; nothing where no Python packages can be had, which is said.
pub fn tests(program: &Path) -> Result<Option<Command>> {
    let Some(python) = CLIENTS.python()? else { return Ok(None) };
    let mut tests = command(&python);
    tests.current_dir(workspace::root().join("end2end/python")).env("DARKROOM", program);
    tests.args(["-m", "unittest", "--verbose"]);
    if env::var_os(GIVEN).is_none()
        && let Some(python) = DIFFUSERS.python()?
    {
        tests.env(GIVEN, python);
    }
    Ok(Some(tests))
}

/// The variable that names a Python with torch and diffusers.
const GIVEN: &str = "DARKROOM_PYTHON";

impl Environment {
    /// The Python that has the packages; nothing where they cannot be had, which is said.
    fn python(&self) -> Result<Option<PathBuf>> {
        let folder = workspace::target().join(self.name);
        let python = folder.join("bin/python");
        let wanted = fingerprint::of(&[self.requirements])?;
        let note = Note::new(self.name);
        if note.says(&wanted) && python.is_file() {
            return Ok(Some(python));
        }
        say(format_args!("making target/{} for tests with {}", self.name, self.what));
        if !make(&folder)? {
            say(format_args!("not run: no Python 3 with venv here, for {}", self.what));
            return Ok(None);
        }
        if run(&mut self.install(&python)).is_err() {
            say(format_args!("not run: pip cannot install {}", self.what));
            // What half came may be gigabytes.
            std::fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
            return Ok(None);
        }
        note.write(&wanted)?;
        Ok(Some(python))
    }

    fn install(&self, python: &Path) -> Command {
        let mut install = command(python);
        install.args(["-m", "pip", "install", "--quiet", "--no-cache-dir"]);
        let index = self.index.iter().filter(|index| answers(python, index));
        install.args(index.flat_map(|index| ["--extra-index-url", index]));
        install.arg("--requirement").arg(workspace::root().join(self.requirements));
        install
    }
}

/// Whether anything is at `address`: pip asks an index that is not there for every package, again and
/// again.
fn answers(python: &Path, address: &str) -> bool {
    let ask = "import sys, urllib.request as r; r.urlopen(sys.argv[1] + '/', timeout=10)";
    let mut asked = command(python);
    asked.args(["-c", ask, address]).stderr(Stdio::null());
    asked.status().is_ok_and(|status| status.success())
}

fn make(folder: &Path) -> Result<bool> {
    if find("python3").is_none() && apt::is_here() {
        apt::install(&["python3", "python3-venv"], "(for the tests with Python programs)")?;
    }
    Ok(run(command("python3").args(["-m", "venv"]).arg(folder)).is_ok())
}
