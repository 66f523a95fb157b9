//! Darkroom beside PyTorch on this machine, in turns, so that both meet the same weather.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::program::Build;
use crate::shell::{command, find, read, say};
use crate::workspace;

/// Configurations below `bench`, and the batches each is measured with.
const RUNS: [(&str, &[usize]); 3] =
    [("reference", &[64, 16, 1]), ("narrow", &[64]), ("small", &[64])];

/// What `cargo xtask bench` takes.
struct Options {
    python: Option<PathBuf>,
    seconds: String,
    rounds: usize,
    precision: String,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self> {
        let mut options =
            Self { python: None, seconds: "16".into(), rounds: 3, precision: "f32".into() };
        let mut args = args.iter();
        while let Some(name) = args.next() {
            let value = args.next().with_context(|| format!("`{name}` needs a value"))?;
            match name.as_str() {
                "--python" => options.python = Some(value.into()),
                "--seconds" if value.parse::<f64>().is_ok_and(|s| (0.1..=3600.0).contains(&s)) => {
                    options.seconds.clone_from(value);
                }
                "--seconds" => bail!("--seconds: `{value}` will not do; give 0.1 to 3600"),
                "--rounds" => {
                    let rounds = value.parse().ok().filter(|rounds| (1..=99).contains(rounds));
                    options.rounds =
                        rounds.with_context(|| format!("--rounds: `{value}`; give 1 to 99"))?;
                }
                "--precision" if ["f32", "bf16"].contains(&value.as_str()) => {
                    options.precision.clone_from(value);
                }
                "--precision" => bail!("--precision: `{value}` will not do; give f32 or bf16"),
                other => bail!(
                    "unknown option `{other}`; there are --python, --seconds, --rounds, --precision"
                ),
            }
        }
        Ok(options)
    }

    /// A Python that has torch: the one asked for, else one in PATH, else none.
    fn python(&self) -> Result<Option<PathBuf>> {
        let can = |python: &Path| {
            command(python)
                .args(["-c", "import torch, yaml"])
                .output()
                .is_ok_and(|o| o.status.success())
        };
        match &self.python {
            Some(python) if can(python) => Ok(Some(python.clone())),
            Some(python) => bail!("--python: {} has no torch and pyyaml", python.display()),
            None => Ok(find("python3").filter(|python| can(python))),
        }
    }
}

/// Images per second.
#[derive(Clone, Copy)]
struct Rates {
    train: f64,
    forward: f64,
}

/// Runs a program that prints its figures as one JSON line.
fn figures(program: &mut Command) -> Result<Value> {
    let output = read(program)?;
    let line = output.lines().last().unwrap_or_default();
    serde_json::from_str(line).with_context(|| format!("no figures in `{line}`"))
}

fn rates(figures: &Value) -> Result<Rates> {
    let figure = |name: &str| figures[name].as_f64().with_context(|| format!("no `{name}`"));
    Ok(Rates {
        train: figure("train_images_per_second")?,
        forward: figure("forward_images_per_second")?,
    })
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers.get(numbers.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One configuration and batch, measured in turns.
struct Measured {
    name: &'static str,
    batch: usize,
    ours: Vec<Rates>,
    theirs: Vec<Rates>,
    memory: u64,
}

impl Measured {
    fn row(&self) -> String {
        let part = |of: fn(&Rates) -> f64| {
            let ours = median(self.ours.iter().map(of));
            if self.theirs.is_empty() {
                return format!("{ours:.1} | | ");
            }
            let theirs = median(self.theirs.iter().map(of));
            let pairs = self.ours.iter().zip(&self.theirs);
            let ratio = median(pairs.map(|(ours, theirs)| of(ours) / of(theirs)));
            format!("{ours:.1} | {theirs:.1} | {ratio:.2}")
        };
        let Self { name, batch, memory, .. } = self;
        let (train, forward) = (part(|rates| rates.train), part(|rates| rates.forward));
        format!("| {name} | {batch} | {train} | {forward} | {} |", memory >> 20)
    }
}

/// Measures, prints a table and adds it to `docs/performance.md`.
pub fn compare(args: &[String]) -> Result<ExitCode> {
    let options = Options::parse(args)?;
    let program = Build::default().make()?;
    let python = options.python()?;
    if python.is_none() {
        say("no Python with torch and pyyaml found (--python PATH): measuring Darkroom alone");
    }
    report(&heading(&options))?;
    for (name, batches) in RUNS {
        for &batch in batches {
            // Row by row, so that one who stops it keeps what was measured.
            report(&measure(&options, &program, python.as_deref(), name, batch)?.row())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// One configuration and batch, in all rounds.
fn measure(
    options: &Options,
    program: &Path,
    python: Option<&Path>,
    name: &'static str,
    batch: usize,
) -> Result<Measured> {
    let mut measured = Measured { name, batch, ours: Vec::new(), theirs: Vec::new(), memory: 0 };
    let script = workspace::root().join("bench/torch_peer.py");
    for round in 1..=options.rounds {
        say(format!("{name}, batch {batch}: round {round} of {}", options.rounds));
        let mut ours = command(program);
        ours.args(["bench", "--json", "--precision", &options.precision]);
        let mut ours = on_config(&ours, options, name, batch);
        let ours = figures(&mut ours)?;
        measured.memory = ours["peak_memory_bytes"].as_u64().unwrap_or(0);
        measured.ours.push(rates(&ours)?);
        if let Some(python) = python {
            let mut theirs = command(python);
            theirs.arg(&script).args(["--dtype", &options.precision]);
            let mut theirs = on_config(&theirs, options, name, batch);
            measured.theirs.push(rates(&figures(&mut theirs)?)?);
        }
    }
    Ok(measured)
}

/// The same four options for both programs.
fn on_config(program: &Command, options: &Options, name: &str, batch: usize) -> Command {
    let config = workspace::root().join("bench").join(format!("{name}.yaml"));
    let mut whole = command(program.get_program());
    whole.args(program.get_args()).arg("--config").arg(config);
    whole.args(["--batch", &batch.to_string(), "--seconds", &options.seconds]);
    whole
}

fn heading(options: &Options) -> String {
    let revision = read(command("git").args(["rev-parse", "--short", "HEAD"])).unwrap_or_default();
    format!(
        "\n### {revision}, {}\n\n\
         {}; rounds: {}, of {} s each; Darkroom and PyTorch in turns; figures and ratios are \
         medians over the rounds.\n\n\
         | network | batch | train images/s | PyTorch | ratio | forward images/s | PyTorch | ratio | \
         peak MiB |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|",
        machine(),
        options.precision,
        options.rounds,
        options.seconds,
    )
}

/// The processor's name and how many of its cores there are.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    format!("{} cores of {}", cores, name.map_or(std::env::consts::ARCH, |(_, name)| name))
}

fn report(line: &str) -> Result<()> {
    println!("{line}");
    let path = workspace::root().join("docs/performance.md");
    let mut file = OpenOptions::new().append(true).open(&path).context("docs/performance.md")?;
    writeln!(file, "{line}").context("docs/performance.md")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(args: &[&str]) -> Result<Options> {
        Options::parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn options_out_of_range_are_named() {
        assert_eq!(options(&["--rounds", "5"]).unwrap().rounds, 5);
        for (args, word) in [
            (["--rounds", "0"], "--rounds"),
            (["--seconds", "soon"], "--seconds"),
            (["--precision", "f16"], "--precision"),
            (["--batch", "4"], "--batch"),
        ] {
            let error = options(&args).err().unwrap().to_string();
            assert!(error.contains(word), "{error}");
        }
    }

    #[test]
    fn a_row_holds_medians_and_the_median_of_ratios() {
        let rates = |train| Rates { train, forward: 10.0 * train };
        let measured = Measured {
            name: "small",
            batch: 4,
            ours: [3.0, 9.0, 6.0].map(rates).into(),
            theirs: [1.0, 3.0, 3.0].map(rates).into(),
            memory: 5 << 20,
        };
        assert_eq!(measured.row(), "| small | 4 | 6.0 | 3.0 | 3.00 | 60.0 | 30.0 | 3.00 | 5 |");
    }
}
