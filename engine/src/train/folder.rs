//! Where the files of a run lie.

use std::path::{Path, PathBuf};

use super::state;
use crate::{Error, Result};

/// The folder of one run: `config.yaml`, `checkpoints/`, `state.safetensors`, `steering.json`,
/// `marks.json`, `latents.cache`.
#[derive(Clone, Debug)]
pub(super) struct RunFolder(PathBuf);

impl RunFolder {
    /// Makes the folder if it is not there.
    pub fn create(path: &Path) -> Result<Self> {
        let folder = Self::at(path);
        let checkpoints = folder.checkpoints();
        std::fs::create_dir_all(&checkpoints).map_err(|error| Error::file(&checkpoints, error))?;
        Ok(folder)
    }

    /// Deletes what a run needs to go on, so that another one can begin.
    pub fn forget_earlier_run(&self) -> Result<()> {
        [self.state(), self.steering(), self.marks()].iter().try_for_each(|path| forget(path))
    }

    pub fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub fn config(&self) -> PathBuf {
        self.0.join("config.yaml")
    }

    pub fn state(&self) -> PathBuf {
        self.0.join("state.safetensors")
    }

    pub fn steering(&self) -> PathBuf {
        self.0.join("steering.json")
    }

    pub fn marks(&self) -> PathBuf {
        self.0.join("marks.json")
    }

    /// Latents of the images, which may be deleted at any time.
    pub fn latents(&self) -> PathBuf {
        self.0.join("latents.cache")
    }

    fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    pub fn checkpoint(&self, step: u64) -> PathBuf {
        self.checkpoints().join(format!("step-{step:08}.safetensors"))
    }
}

/// The checkpoints of a run with their steps, the oldest first.
pub fn checkpoints(folder: &Path) -> Result<Vec<(u64, PathBuf)>> {
    let folder = RunFolder::at(folder).checkpoints();
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(Error::file(&folder, error)),
    };
    let mut found: Vec<(u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| Some((step_of(&entry.path())?, entry.path())))
        .collect();
    found.sort();
    Ok(found)
}

/// Where the checkpoint of `step` belongs in the folder of a run, which is made if it is not there.
pub fn checkpoint_path(folder: &Path, step: u64) -> Result<PathBuf> {
    Ok(RunFolder::create(folder)?.checkpoint(step))
}

/// Whether the run in `folder` has come to a state that it can go on from.
pub fn has_state(folder: &Path) -> bool {
    RunFolder::at(folder).state().exists()
}

/// The step that the run in `folder` would go on from; none where there is no state, or none that can
/// be read.
pub fn saved_step(folder: &Path) -> Option<u64> {
    state::step_of(&RunFolder::at(folder).state()).ok()
}

/// The newest checkpoint of a run.
pub fn latest_checkpoint(folder: &Path) -> Result<Option<PathBuf>> {
    Ok(checkpoints(folder)?.pop().map(|(_, path)| path))
}

/// Deletes a file if it is there.
pub(super) fn forget(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::file(path, error)),
        _ => Ok(()),
    }
}

fn step_of(path: &Path) -> Option<u64> {
    let name = path.file_name()?.to_str()?;
    name.strip_prefix("step-")?.strip_suffix(".safetensors")?.parse().ok()
}
