//! The engine's numbers against PyTorch's and diffusers', case by case.
//!
//! Reads the case folders in `tests/cases`, and those under the directory in `DARKROOM_CASES` if it
//! is set. Run with `--nocapture` to see the table.

mod case;
mod diffusers;
mod golden;
mod reverse;
mod sampler;
mod scheduler;
mod schedules;
mod unet;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use case::Case;

/// What a check found: the largest error of each figure, relative to what is allowed.
type Findings = Vec<(&'static str, f64, f64)>;

type Check = fn(&Case) -> Option<Findings>;

const CHECKS: &[(&str, Check)] = &[
    ("unet-reference", unet::check),
    ("reverse-reference", reverse::check),
    ("schedules", schedules::check),
    ("golden-default-unet", golden::check),
    ("sampler", sampler::check),
    ("scheduler", scheduler::check),
    ("diffusers-unet", diffusers::check),
];

fn folders() -> Vec<PathBuf> {
    let mut roots = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")];
    roots.extend(std::env::var_os("DARKROOM_CASES").map(PathBuf::from));
    let mut folders: Vec<PathBuf> = Vec::new();
    for root in roots {
        let entries =
            std::fs::read_dir(&root).unwrap_or_else(|e| panic!("{}: {e}", root.display()));
        folders.extend(entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()));
    }
    folders.sort();
    folders
}

#[test]
fn every_case_holds() {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    println!("{:<28} {:<22} {:>12} {:>10}", "case", "figure", "error", "allowed");
    for folder in folders() {
        let Some(case) = Case::open(&folder) else { continue };
        let Some((kind, check)) = CHECKS.iter().find(|(kind, _)| *kind == case.kind) else {
            *counts.entry(format!("{} (not built yet, not checked)", case.kind)).or_default() += 1;
            continue;
        };
        let found = check(&case);
        // There is no sampler here that a case may have in vain.
        if found.is_none() && *kind == "sampler" {
            failures.push(format!("{}: nothing here is built for it", case.name));
        }
        let Some(findings) = found else {
            *counts.entry(format!("{} (not built yet, not checked)", case.kind)).or_default() += 1;
            continue;
        };
        *counts.entry((*kind).to_owned()).or_default() += 1;
        for (figure, error, allowed) in findings {
            println!("{:<28} {figure:<22} {error:>12.2e} {allowed:>10.0e}", case.name);
            // Not `error > allowed`: NaN must fail.
            if !matches!(error.partial_cmp(&allowed), Some(std::cmp::Ordering::Less)) {
                failures.push(format!("{}: {figure} is off by {error:e}", case.name));
            }
        }
    }
    println!();
    for (kind, count) in &counts {
        println!("{kind}: {count} cases");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    for (kind, _) in CHECKS {
        assert!(counts.contains_key(*kind), "no case of kind {kind} was checked");
    }
}
