//! `cargo xtask test`: runs the stages and sums up.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::shell::say;
use crate::stages::{STAGES, Stage};
use crate::tally::Tally;

struct Outcome {
    stage: &'static Stage,
    tally: Tally,
    time: Duration,
}

/// Runs all stages, or those named after `--only`; a failing one does not keep the next from running.
pub fn run(args: &[String]) -> Result<ExitCode> {
    let outcomes: Vec<Outcome> = choose(args)?.into_iter().map(outcome).collect();
    let total = sum_up(&outcomes);
    Ok(if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Names and meanings of the stages, for the help text.
pub fn help() -> String {
    STAGES.iter().map(|stage| format!("    {:<10}{}\n", stage.name, stage.what)).collect()
}

fn choose(args: &[String]) -> Result<Vec<&'static Stage>> {
    match args {
        [] => Ok(STAGES.iter().collect()),
        [only, names @ ..] if only == "--only" && !names.is_empty() => {
            names.iter().flat_map(|names| names.split(',')).map(find).collect()
        }
        _ => bail!("usage: cargo xtask test [--only STAGE,STAGE…]\n{}", help()),
    }
}

fn find(name: &str) -> Result<&'static Stage> {
    match STAGES.iter().find(|stage| stage.name == name) {
        Some(stage) => Ok(stage),
        None => bail!("there is no stage `{name}`; there are:\n{}", help()),
    }
}

fn outcome(stage: &'static Stage) -> Outcome {
    say(format_args!("{}: {}", stage.name, stage.what));
    let start = Instant::now();
    let tally = (stage.run)().unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        Tally::one(false)
    });
    Outcome { stage, tally, time: start.elapsed() }
}

fn sum_up(outcomes: &[Outcome]) -> Tally {
    let mut total = Tally::default();
    println!("\n{:<10} {:>8} {:>8} {:>9}", "stage", "passed", "failed", "seconds");
    for Outcome { stage, tally, time } in outcomes {
        total += *tally;
        let seconds = time.as_secs_f64();
        println!("{:<10} {:>8} {:>8} {seconds:>9.1}", stage.name, tally.passed, tally.failed);
    }
    let seconds = outcomes.iter().map(|outcome| outcome.time).sum::<Duration>().as_secs_f64();
    println!("{:<10} {:>8} {:>8} {seconds:>9.1}\n", "all", total.passed, total.failed);
    println!("{} passed, {} failed", total.passed, total.failed);
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(args: &[&str]) -> Result<Vec<&'static str>> {
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        Ok(choose(&args)?.iter().map(|stage| stage.name).collect())
    }

    #[test]
    fn stages_are_chosen_by_name() {
        assert_eq!(names(&[]).unwrap().len(), STAGES.len());
        assert_eq!(names(&["--only", "fmt,unit", "browser"]).unwrap(), ["fmt", "unit", "browser"]);
    }

    #[test]
    fn unknown_words_are_refused() {
        for args in [&["--only"][..], &["fmt"], &["--only", "unti"]] {
            assert!(names(args).is_err(), "{args:?}");
        }
    }

    #[test]
    fn one_failure_shows_in_the_sum() {
        let time = Duration::from_secs(1);
        let good = Outcome { stage: &STAGES[0], tally: Tally { passed: 3, failed: 0 }, time };
        let bad = Outcome { stage: &STAGES[1], tally: Tally { passed: 1, failed: 2 }, time };
        assert_eq!(sum_up(&[good, bad]), Tally { passed: 4, failed: 2 });
    }
}
