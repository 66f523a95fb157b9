//! Flags that several commands share: where things are kept and what computes.

use std::path::PathBuf;

use app::api::Preferences;
use clap::Args;
use engine::device::DeviceChoice;

use crate::studio::store::Store;
use crate::studio::{DeviceThread, Folders};
use crate::{Error, Result};

#[derive(Clone, Debug, Args)]
pub struct DataDir {
    /// Where runs, data sets and pictures are kept [default: ~/.local/share/darkroom]
    #[arg(long, value_name = "DIR", env = "DARKROOM_DATA_DIR")]
    pub(super) data_dir: Option<PathBuf>,
}

impl DataDir {
    pub fn path(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(Folders::default_root)
    }

    /// What is chosen in Settings; a folder that holds nothing yet is left alone.
    pub fn preferences(&self) -> Result<Preferences> {
        let database = Folders::at(&self.path()).database();
        if !database.exists() {
            return Ok(Preferences::default());
        }
        match Store::open(&database) {
            Ok(store) => store.preferences(),
            // To draw, a folder that can only be read is enough.
            Err(error) => Store::read_preferences(&database).map_err(|_| error),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub struct Machine {
    /// What computes: auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto")]
    device: DeviceChoice,
    /// Processor threads to compute with [default: all]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

impl Machine {
    pub fn open(&self) -> Result<DeviceThread> {
        if let Some(threads) = self.threads {
            use_threads(threads)?;
        }
        DeviceThread::open(self.device)
    }

    /// The same, and says on stderr why a graphics card is not used if there is anything to say.
    pub fn open_aloud(&self) -> Result<DeviceThread> {
        let device = self.open()?;
        if let Some(note) = &device.label.note {
            eprintln!("computing on {}: {note}", device.label.label);
        }
        Ok(device)
    }
}

fn use_threads(threads: usize) -> Result<()> {
    let most = std::thread::available_parallelism().map_or(1, usize::from);
    if threads == 0 {
        return Err(Error::field("threads", format!("0 will not do; give 1 to {most}")));
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build_global();
    pool.map_err(|error| Error::Other(format!("{threads} threads cannot be had: {error}")))
}
