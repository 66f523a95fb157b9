//! The checks of `cargo xtask test`, one function each, cheapest first.

use std::env;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::recorder::record;
use crate::shell::{cargo, find, run, say};
use crate::tally::Tally;
use crate::{CHORES, browser, python, readme, site, tidy, workspace};

pub struct Stage {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn() -> Result<Tally>,
}

pub const STAGES: [Stage; 11] = [
    Stage { name: "fmt", what: "rustfmt", run: fmt },
    Stage { name: "tidy", what: "house rules: file lengths, links, leftovers", run: tidy },
    Stage {
        name: "clippy",
        what: "clippy, warnings denied; the page for the browser too",
        run: clippy,
    },
    Stage { name: "site", what: "the page for the browser builds", run: site },
    Stage { name: "unit", what: "unit tests of app, engine and xtask", run: unit },
    Stage { name: "doc", what: "examples in documentation", run: doc },
    Stage { name: "parity", what: "the engine against the reference's numbers", run: parity },
    Stage { name: "server", what: "server and command line tests", run: server },
    Stage { name: "readme", what: "the README's commands exist", run: readme },
    Stage { name: "python", what: "Python programs that read and drive it", run: python_programs },
    Stage { name: "browser", what: "end-to-end tests in Chromium", run: browser },
];

fn fmt() -> Result<Tally> {
    check(cargo().args(["fmt", "--all", "--check"]))
}

fn tidy() -> Result<Tally> {
    Ok(report(&tidy::faults()?))
}

fn clippy() -> Result<Tally> {
    let mut tally = check(cargo().arg("clippy").args(["--workspace", "--all-targets"]).args(DENY))?;
    // The server's build has the page with `ssr`; this is the other half.
    let page = ["--package", "app", "--lib", "--no-default-features", "--features", "hydrate"];
    tally += check(cargo().arg("clippy").args(page).args(DENY))?;
    Ok(tally)
}

const DENY: [&str; 3] = ["--", "-D", "warnings"];

fn site() -> Result<Tally> {
    site::build()?;
    Ok(Tally::one(true))
}

// All of these name the workspace and choose tests within it: cargo then builds the dependencies
// once for all, not once for each choice of packages.

fn unit() -> Result<Tally> {
    if has_nextest() {
        return tests(nextest().args(["-E", "not (package(server) or binary(parity))"]));
    }
    tests(cargo().args(["test", "--workspace", "--lib", "--bins"]))
}

fn server() -> Result<Tally> {
    if has_nextest() {
        return tests(nextest().args(["-E", "package(server)"]));
    }
    say("without cargo-nextest the other integration tests run here too");
    tests(cargo().args(["test", "--workspace", "--test", "*"]))
}

fn doc() -> Result<Tally> {
    tests(cargo().args(["test", "--workspace", "--doc"]))
}

fn parity() -> Result<Tally> {
    tests(cargo().args(["test", "--workspace", "--test", "parity", "--", "--nocapture"]))
}

fn readme() -> Result<Tally> {
    let chores: Vec<&str> = CHORES.iter().map(|chore| chore.name).collect();
    Ok(report(&readme::faults(&chores, &dev_program()?)?))
}

fn python_programs() -> Result<Tally> {
    match python::tests(&dev_program()?)? {
        Some(mut command) => tests(&mut command),
        None => Ok(Tally::default()),
    }
}

fn browser() -> Result<Tally> {
    site::build()?;
    browser::install_packages()?;
    let mut tally = check(&mut browser::types())?;
    tally += tests(&mut browser::tests(&dev_program()?)?)?;
    Ok(tally)
}

fn has_nextest() -> bool {
    find("cargo-nextest").is_some()
}

fn nextest() -> Command {
    let mut command = cargo();
    command.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
    command
}

/// The program as the tests built it; it reads the site from the disk.
fn dev_program() -> Result<PathBuf> {
    run(cargo().args(["build", "--workspace", "--bins"]))?;
    Ok(workspace::target().join("debug").join(format!("darkroom{}", env::consts::EXE_SUFFIX)))
}

/// A program that is one check.
fn check(command: &mut Command) -> Result<Tally> {
    Ok(Tally::one(record(command)?.succeeded))
}

/// A program that runs tests and counts them.
fn tests(command: &mut Command) -> Result<Tally> {
    let recording = record(command)?;
    let mut tally = Tally::of(&recording.text);
    if !recording.succeeded && tally.failed == 0 {
        // It did not come as far as a count, for example because it did not compile.
        tally.failed = 1;
    }
    Ok(tally)
}

fn report(faults: &[String]) -> Tally {
    for fault in faults {
        eprintln!("{fault}");
    }
    Tally::one(faults.is_empty())
}
