//! `darkroom import`: a model from elsewhere among the own ones.

use std::path::PathBuf;

use clap::Args;
use engine::checkpoint::Checkpoint;
use engine::config::name_fault;
use engine::train::checkpoint_path;

use super::generate::file_at;
use super::place::DataDir;
use crate::studio::library::Models;
use crate::studio::{Folders, remove_folder};
use crate::{Error, Result};

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A diffusers pipeline (folder or zip), a .pth of the reference code, or a .safetensors of Darkroom
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// What the model is to be called
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The YAML file that a .pth file was trained with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    place: DataDir,
}

pub fn run(args: &ImportArgs) -> Result<()> {
    if let Some(fault) = name_fault(&args.name) {
        return Err(Error::field("name", fault));
    }
    let folder = Folders::at(&args.place.path()).run(&args.name);
    if Models::is_built_in(&args.name) || folder.exists() {
        let message = format!("there is already a model or run called {}", args.name);
        return Err(Error::field("name", message));
    }
    let checkpoint = match file_at(&args.path, args.config.as_deref())? {
        Some(file) => file.checkpoint()?,
        None => Checkpoint::load_diffusers(&args.path)?,
    };
    let file = checkpoint_path(&folder, checkpoint.header.step)?;
    if let Err(error) = checkpoint.save(&file) {
        // An empty folder would keep the name taken.
        remove_folder(&folder)?;
        return Err(error.into());
    }
    let (weights, side) =
        (checkpoint.header.weights, checkpoint.header.config.model_params.im_size);
    println!(
        "{}: {weights} weights, {side}x{side} pixels; draw with --model {}",
        args.name, args.name
    );
    println!("{}", file.display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn import(path: &str, name: &str, data: &Path) -> Result<()> {
        let place = DataDir { data_dir: Some(data.into()) };
        run(&ImportArgs { path: path.into(), name: name.into(), config: None, place })
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
    fn what_cannot_be_imported_leaves_nothing_behind() {
        let data = tempfile::tempdir().unwrap();
        let empty = tempfile::tempdir().unwrap();
        let cases = [
            (PIPELINE.to_owned(), "digits", "already"),
            (PIPELINE.to_owned(), "../up", "name"),
            ("weights.pth".to_owned(), "mine", "--config"),
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
