//! The built-in models: trained by the program itself from the recipes in `server/models/recipes`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::program::Build;
use crate::shell::{run, say};
use crate::workspace;

/// Trains every recipe from its first step and replaces the models in `server/models`.
pub fn train() -> Result<()> {
    let program = Build::default().make()?;
    let data_dir = workspace::target().join("models");
    if data_dir.exists() {
        fs::remove_dir_all(&data_dir).context("cannot clear target/models")?;
    }
    let models = workspace::root().join("server/models");
    let recipes = models.join("recipes");
    for entry in fs::read_dir(&recipes).context("cannot read server/models/recipes")? {
        let recipe = entry?.path();
        let name = recipe.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        say(format!("training `{name}`; this takes some 15 minutes on two cores"));
        let mut train = Command::new(&program);
        // The built-in model keeps its name taken.
        let again = format!("{name}-again");
        train.arg("train").arg("--config").arg(&recipe).args(["--dataset", &name]);
        train.args(["--name", &again]);
        run(train.arg("--data-dir").arg(&data_dir))?;
        let mut export = Command::new(&program);
        export.arg("export").arg("--half").arg("--model").arg(latest(&data_dir, &again)?);
        run(export.arg("--out").arg(models.join(format!("{name}.safetensors"))))?;
    }
    Ok(())
}

/// The newest checkpoint of a run.
fn latest(data_dir: &Path, name: &str) -> Result<PathBuf> {
    let folder = data_dir.join("runs").join(name).join("checkpoints");
    let mut files: Vec<_> = fs::read_dir(&folder)?.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files.pop().with_context(|| format!("no checkpoint in {}", folder.display()))
}
