//! A model from elsewhere among the own ones.

use std::path::Path;

use engine::checkpoint::{Checkpoint, Header};
use engine::config::name_fault;
use engine::train::checkpoint_path;

use super::run_zip::run_at;
use super::{ModelFile, Models};
use crate::studio::files::remove_folder;
use crate::{Error, Result};

/// Where a model is to come from.
#[derive(Clone, Copy, Debug)]
pub struct ModelSource<'a> {
    /// A diffusers pipeline (folder or zip), a .pth of the reference code, a .safetensors of ours, or
    /// the zip of a run.
    pub path: &'a Path,
    /// What a .pth was trained with.
    pub yaml: Option<&'a Path>,
}

impl ModelSource<'_> {
    fn checkpoint(&self) -> Result<Checkpoint> {
        match ModelFile::at(self.path, self.yaml)? {
            Some(file) => file.checkpoint(),
            None => Ok(Checkpoint::load_diffusers(self.path)?),
        }
    }
}

impl Models {
    /// Copies the model to the name `name`; errors name `name`, `config` or the file. What cannot be
    /// imported leaves nothing behind.
    pub fn import(&self, name: &str, source: &ModelSource) -> Result<Header> {
        self.check_new(name)?;
        if let Some(zip) = run_at(source.path) {
            return self.add_run(name, zip);
        }
        let checkpoint = source.checkpoint()?;
        self.add(name, &checkpoint)?;
        Ok(checkpoint.header)
    }

    /// Whether a model may be called `name`; errors name `name`.
    pub fn check_new(&self, name: &str) -> Result<()> {
        if let Some(fault) = name_fault(name) {
            return Err(Error::field("name", fault));
        }
        if Self::is_built_in(name) || self.run_folder(name).exists() {
            let message = format!("there is already a model or run called {name}");
            return Err(Error::field("name", message));
        }
        Ok(())
    }

    /// Puts `checkpoint` among the models as `name`; errors name `name` if that was taken meanwhile.
    pub fn add(&self, name: &str, checkpoint: &Checkpoint) -> Result<()> {
        let _lock = self.folders.lock_names()?;
        self.check_new(name)?;
        let folder = self.run_folder(name);
        let file = checkpoint_path(&folder, checkpoint.header.step)?;
        if let Err(error) = checkpoint.save(&file) {
            // An empty folder would keep the name taken.
            remove_folder(&folder)?;
            return Err(error.into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::studio::Folders;

    fn import(path: &str, name: &str, data: &Path) -> Result<()> {
        let source = ModelSource { path: Path::new(path), yaml: None };
        Models::new(Folders::at(data)).import(name, &source).map(drop)
    }

    const PIPELINE: &str = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../engine/tests/cases/diffusers-unet-uncond/pipeline"
    );

    #[test]
    fn an_imported_pipeline_is_among_the_models() {
        let data = tempfile::tempdir().unwrap();
        import(PIPELINE, "butterflies", data.path()).unwrap();
        let info = Models::new(Folders::at(data.path())).info("butterflies").unwrap();
        assert_eq!((info.width, info.height, info.channels), (16, 16, 3));
        assert_eq!(info.timesteps, 1000);
        let again = import(PIPELINE, "butterflies", data.path()).unwrap_err().to_string();
        assert!(again.contains("already"), "{again}");
    }

    #[test]
    fn a_pipeline_without_folders_is_imported_too() {
        let data = tempfile::tempdir().unwrap();
        let flat = data.path().join("flat");
        std::fs::create_dir(&flat).unwrap();
        for file in [
            "model_index.json",
            "unet/config.json",
            "unet/diffusion_pytorch_model.safetensors",
            "scheduler/scheduler_config.json",
        ] {
            let (from, name) = (Path::new(PIPELINE).join(file), file.rsplit('/').next().unwrap());
            std::fs::copy(from, flat.join(name)).unwrap();
        }
        let packed = data.path().join("flat.zip");
        let mut zip = zip::ZipWriter::new(std::fs::File::create(&packed).unwrap());
        for file in std::fs::read_dir(&flat).unwrap().map(|file| file.unwrap().path()) {
            let name = format!("ddpm/{}", file.file_name().unwrap().to_str().unwrap());
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(&std::fs::read(&file).unwrap()).unwrap();
        }
        zip.finish().unwrap();
        import(PIPELINE, "parts", data.path()).unwrap();
        let models = Models::new(Folders::at(data.path()));
        let weights = |name: &str| models.find(name).unwrap().checkpoint().unwrap().weights;
        for (path, name) in [(&flat, "flat"), (&packed, "packed")] {
            import(path.to_str().unwrap(), name, data.path()).unwrap();
            let spec = |name| models.header(name).unwrap().diffusers.unwrap();
            assert_eq!(spec(name), spec("parts"));
            assert_eq!(weights(name).len(), weights("parts").len());
        }
    }

    #[test]
    fn what_cannot_be_imported_leaves_nothing_behind() {
        let data = tempfile::tempdir().unwrap();
        let empty = tempfile::tempdir().unwrap();
        let cases = [
            (PIPELINE.to_owned(), "digits", "already"),
            (PIPELINE.to_owned(), "../up", "name"),
            ("weights.pth".to_owned(), "mine", "YAML"),
            (empty.path().display().to_string(), "mine", "unet/config.json"),
            (format!("{PIPELINE}/model_index.json"), "mine", "neither a folder nor a zip"),
        ];
        for (path, name, word) in cases {
            let error = import(&path, name, data.path()).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
        assert!(Models::new(Folders::at(data.path())).list().iter().all(|model| model.built_in));
        assert!(!data.path().join("runs/mine").exists());
    }
}
