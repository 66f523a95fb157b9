//! Every chore of this repository, in Rust. `cargo xtask help` lists them.

mod apt;
mod arrange;
mod bench;
mod browser;
mod cuda;
mod fingerprint;
mod glue;
mod merge;
mod models;
mod pack;
mod program;
mod python;
mod readme;
mod recorder;
mod shell;
mod site;
mod split;
mod stages;
mod style;
mod suite;
mod tally;
mod tidy;
mod wasm;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

struct Chore {
    name: &'static str,
    usage: &'static str,
    what: &'static str,
    run: fn(&[String]) -> Result<ExitCode>,
}

const CHORES: [Chore; 8] = [
    Chore {
        name: "run",
        usage: "run [--cuda] [-- OPTIONS]",
        what: "set up what is missing, build, and serve; OPTIONS are those of `darkroom serve`",
        run: program::serve,
    },
    Chore {
        name: "test",
        usage: "test [--only STAGE,…]",
        what: "run every check, or the named ones; see the stages below",
        run: suite::run,
    },
    Chore {
        name: "build",
        usage: "build [--cuda]",
        what: "build target/release/darkroom with the page inside",
        run: build,
    },
    Chore {
        name: "site",
        usage: "site",
        what: "build only what the browser loads, into target/site",
        run: |_| site::build().map(|()| ExitCode::SUCCESS),
    },
    Chore {
        name: "models",
        usage: "models",
        what: "train the built-in models again from their recipes and replace them",
        run: |_| models::train().map(|()| ExitCode::SUCCESS),
    },
    Chore {
        name: "bench",
        usage: "bench [--python PATH]",
        what: "measure Darkroom and PyTorch in turns; adds a table to docs/performance.md",
        run: bench::compare,
    },
    Chore {
        name: "cuda-check",
        usage: "cuda-check",
        what: "check that the CUDA half compiles; needs NVIDIA's compiler, no GPU",
        run: |_| cuda::check().map(|()| ExitCode::SUCCESS),
    },
    Chore { name: "help", usage: "help", what: "show this text", run: |_| Ok(help()) },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    chore(&args).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn chore(args: &[String]) -> Result<ExitCode> {
    let Some((name, rest)) = args.split_first() else { return Ok(help()) };
    let name = if name == "--help" || name == "-h" { "help" } else { name };
    match CHORES.iter().find(|chore| chore.name == name) {
        Some(chore) => (chore.run)(rest),
        None => bail!("there is no chore `{name}`; `cargo xtask help` lists them"),
    }
}

fn build(args: &[String]) -> Result<ExitCode> {
    let (build, _) = program::Build::parse(args)?;
    println!("{}", build.make()?.display());
    Ok(ExitCode::SUCCESS)
}

fn help() -> ExitCode {
    println!("cargo xtask CHORE\n");
    for Chore { usage, what, .. } in CHORES {
        println!("  {usage:<26}{what}");
    }
    print!("\nstages of `test`, in their order:\n{}", suite::help());
    ExitCode::SUCCESS
}
