//! A browser and Playwright for the end-to-end tests.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::fingerprint::{self, Note};
use crate::shell::{command, find, read, run, say};
use crate::{apt, workspace};

const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// The compiler's look at the tests, which Playwright itself only strips of their types.
pub fn types() -> Command {
    npx(&["tsc"])
}

/// `npx playwright test` on `program`, in the browser that is here or can be installed.
pub fn tests(program: &Path) -> Result<Command> {
    let mut tests = npx(&["playwright", "test"]);
    tests.env("DARKROOM", program).env("CHROMIUM", chromium()?);
    Ok(tests)
}

fn folder() -> PathBuf {
    workspace::root().join("end2end")
}

fn npx(args: &[&str]) -> Command {
    let mut npx = command("npx");
    npx.current_dir(folder()).arg("--no-install").args(args);
    npx
}

/// Playwright itself, as `package-lock.json` has it.
pub fn install_packages() -> Result<()> {
    if find("npx").is_none() {
        if !apt::is_here() {
            bail!("the browser tests need Node.js 18 or newer with npm: install them");
        }
        apt::install(&["nodejs", "npm"], "(for Playwright, which drives the browser)")?;
    }
    let lock = fingerprint::of(&["end2end/package-lock.json"])?;
    let note = Note::new("npm");
    if note.says(&lock) && folder().join("node_modules").is_dir() {
        return Ok(());
    }
    say("installing Playwright into end2end/node_modules: npm ci");
    let mut install = command("npm");
    // Where browsers may be downloaded is decided below.
    install.current_dir(folder()).arg("ci").env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1");
    run(&mut install)?;
    note.write(&lock)
}

/// The browser's program: the one that is there, or else one that can be installed.
fn chromium() -> Result<PathBuf> {
    if let Some(path) = env::var_os("CHROMIUM").map(PathBuf::from) {
        if path.is_file() {
            return Ok(path);
        }
        bail!("CHROMIUM names {}, which is not there", path.display());
    }
    if let Some(path) = installed().or_else(playwrights_own) {
        return Ok(path);
    }
    say("no Chromium here: npx playwright install chromium");
    if run(&mut npx(&["playwright", "install", "chromium"])).is_ok()
        && let Some(path) = playwrights_own()
    {
        return Ok(path);
    }
    if apt::is_here() {
        apt::install(&["chromium"], "(the browser tests run in it)")?;
    }
    match installed() {
        Some(path) => Ok(path),
        None => bail!(
            "the browser tests need Chromium: install it, or name one: CHROMIUM=/path/to/chromium"
        ),
    }
}

fn installed() -> Option<PathBuf> {
    NAMES.into_iter().find_map(find)
}

/// What an earlier `playwright install` left.
fn playwrights_own() -> Option<PathBuf> {
    let script = "console.log(require('@playwright/test').chromium.executablePath())";
    let path = read(command("node").current_dir(folder()).args(["-e", script])).ok()?;
    Some(PathBuf::from(path)).filter(|path| path.is_file())
}
