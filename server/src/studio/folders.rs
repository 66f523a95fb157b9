//! Where everything stands below the data folder.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use app::api::JobId;
use engine::config::GenerateSettings;

use super::files::lock;
use crate::{Error, Result};

/// What a picture was drawn out of; each kind has folders of its own, by A1111's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outputs {
    /// Noise, and words at most.
    Text,
    /// Another picture.
    Image,
}

impl Outputs {
    pub fn of(settings: &GenerateSettings) -> Self {
        if settings.is_image_to_image() { Self::Image } else { Self::Text }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Text => "txt2img",
            Self::Image => "img2img",
        }
    }
}

/// The data folder and the places in it.
#[derive(Clone, Debug)]
pub struct Folders {
    root: PathBuf,
}

impl Folders {
    /// Opens the data folder, making it if it is not there.
    pub fn open(root: &Path) -> Result<Self> {
        fs::create_dir_all(root).map_err(Error::file("make the data folder", root))?;
        let root = root.canonicalize().map_err(Error::file("open the data folder", root))?;
        Ok(Self { root })
    }

    /// For reading only; nothing is made.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf() }
    }

    /// `$XDG_DATA_HOME/darkroom`, or `~/.local/share/darkroom`.
    pub fn default_root() -> PathBuf {
        let absolute = |name: &str| {
            std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute())
        };
        let share = absolute("XDG_DATA_HOME")
            .or_else(|| std::env::home_dir().map(|home| home.join(".local/share")))
            .unwrap_or_else(|| PathBuf::from("."));
        share.join("darkroom")
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn database(&self) -> PathBuf {
        self.root.join("darkroom.db")
    }

    pub fn runs(&self) -> PathBuf {
        self.root.join("runs")
    }

    pub fn run(&self, name: &str) -> PathBuf {
        self.runs().join(name)
    }

    /// Uploaded data sets, unpacked.
    pub fn datasets(&self) -> PathBuf {
        self.root.join("datasets")
    }

    pub fn dataset(&self, name: &str) -> PathBuf {
        self.datasets().join(name)
    }

    /// What was changed in a data set whose own files stay as they are.
    pub fn changes(&self, dataset: &str) -> PathBuf {
        self.root.join("changes").join(format!("{dataset}.json"))
    }

    /// Archives that were named by path, unpacked; may be deleted at any time.
    pub fn unpacked(&self) -> PathBuf {
        self.root.join("cache/unpacked")
    }

    /// A judge of pictures that has learned, by its key; may be deleted at any time.
    pub fn classifier(&self, key: &str) -> PathBuf {
        self.root.join("cache/classifiers").join(format!("{key}.safetensors"))
    }

    /// What an evaluation shows of pictures and the images that they are most like.
    pub fn neighbours(&self, job: JobId) -> PathBuf {
        self.root.join("evaluations").join(format!("{job}.png"))
    }

    pub fn uploads(&self) -> PathBuf {
        self.root.join("cache/uploads")
    }

    /// Images that were given to draw from or to look into.
    pub fn inputs(&self) -> PathBuf {
        self.root.join("inputs")
    }

    /// Whoever gives a run, a model or a data set its name holds this, so that no name is given twice.
    pub fn lock_names(&self) -> Result<File> {
        lock(&self.root.join("cache/names.lock"))
    }

    pub fn workers(&self) -> PathBuf {
        self.root.join("cache/workers")
    }

    /// A1111's layout: one folder per day.
    pub fn images(&self, outputs: Outputs, date: &str) -> PathBuf {
        self.root.join("outputs").join(format!("{}-images", outputs.name())).join(date)
    }

    pub fn strips(&self, outputs: Outputs, date: &str) -> PathBuf {
        self.images(outputs, date).join("strips")
    }

    pub fn grids(&self, outputs: Outputs, date: &str) -> PathBuf {
        self.root.join("outputs").join(format!("{}-grids", outputs.name())).join(date)
    }

    /// `path` as the database keeps it: relative, so that the data folder can move.
    pub fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned()
    }

    /// The file that the database calls `relative`.
    pub fn absolute(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }
}
