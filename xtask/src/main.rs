//! Every chore of this repository, in Rust. `cargo xtask help` lists them.

mod apt;
mod fingerprint;
mod shell;
mod site;
mod style;
mod wasm;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;

const HELP: &str = "\
cargo xtask CHORE

  site                  build what the browser loads into target/site
  help                  this text";

fn main() -> ExitCode {
    match chore(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore(args: &[String]) -> Result<ExitCode> {
    let (name, _rest) = args.split_first().map_or(("help", &[][..]), |(n, r)| (n.as_str(), r));
    match name {
        "site" => site::build()?,
        "help" | "--help" | "-h" => println!("{HELP}"),
        other => bail!("there is no chore `{other}`\n\n{HELP}"),
    }
    Ok(ExitCode::SUCCESS)
}
