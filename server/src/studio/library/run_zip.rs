//! Models as one zip, to be taken elsewhere.

use std::fs::File;

use super::Models;
use crate::studio::archive::Archive;
use crate::{Error, Result};

/// As large as the checkpoints together, and of use only to go on here.
const STATE: &str = "state.safetensors";

impl Models {
    /// A zip of the whole folder of the run called `name` but the state of its optimizer, to be read
    /// from its beginning.
    pub fn zip(&self, name: &str) -> Result<File> {
        let mut archive = Archive::begin(self.folders.root())?;
        archive.add_all(&self.run(name)?, |file| file != STATE)?;
        archive.finish()
    }

    /// A zip of the model called `name` as a pipeline of diffusers; an error for one that it has no
    /// place for.
    pub fn diffusers_zip(&self, name: &str) -> Result<File> {
        let root = self.folders.root();
        let folder = tempfile::tempdir_in(root).map_err(Error::file("write in", root))?;
        self.find(name)?.checkpoint()?.save_diffusers(folder.path())?;
        let mut archive = Archive::begin(root)?;
        archive.add_all(folder.path(), |_| true)?;
        archive.finish()
    }
}
