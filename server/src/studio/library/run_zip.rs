//! Runs and models as one zip, to be taken elsewhere, and runs that come as one, to go on here.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::Path;

use engine::checkpoint::Header;
use engine::train::{check_whole, latest_checkpoint};
use zip::ZipArchive;

use super::Models;
use crate::studio::archive::Archive;
use crate::studio::files::{make_folder, write_whole};
use crate::{Error, Result};

const CONFIG: &str = "config.yaml";
const STATE: &str = "state.safetensors";
/// What lies in a run's folder besides what has its step in its name, and TensorBoard's files.
const FILES: &[&str] = &[CONFIG, STATE, "steering.json", "marks.json", "metrics.jsonl"];

/// No run has more.
const MOST_FILES: usize = 100_000;
/// No run is packed more tightly, weights being what they are, but for a small one's figures.
const MOST_TIMES: u64 = 4;
const MOST_BESIDES: u64 = 64 << 20;

/// The zip of a run, not unpacked yet.
pub(super) struct RunZip {
    archive: ZipArchive<BufReader<File>>,
    /// Bytes that may come out of it.
    most: u64,
}

impl Models {
    /// A zip of the run called `name` with all that it needs to go on elsewhere, to be read from its
    /// beginning.
    pub fn zip(&self, name: &str) -> Result<File> {
        let folder = self.run(name)?;
        let mut archive = Archive::begin(self.folders.root())?;
        // First, lest a run that goes on meanwhile saves one that the other files know nothing of.
        if folder.join(STATE).exists() {
            archive.add(STATE, &folder.join(STATE))?;
        }
        archive.add_all(&folder, |file| file != STATE && belongs(file))?;
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

    /// Takes in the run in `zip` as `name`, and tells of its newest checkpoint.
    pub(super) fn add_run(&self, name: &str, zip: RunZip) -> Result<Header> {
        let root = self.folders.root();
        make_folder(root)?;
        let staging = tempfile::tempdir_in(root).map_err(Error::file("write in", root))?;
        // Not the temporary folder itself, which is private to its owner.
        let staged = staging.path().join("run");
        unpack(zip, &staged)?;
        let header = check(&staged, name)?;
        let _lock = self.folders.lock_names()?;
        self.check_new(name)?;
        make_folder(&self.folders.runs())?;
        let folder = self.run_folder(name);
        fs::rename(&staged, &folder).map_err(Error::file("write", &folder))?;
        Ok(header)
    }
}

/// The zip at `path` if it holds a run as [`Models::zip`] makes it.
pub(super) fn run_at(path: &Path) -> Option<RunZip> {
    let file = File::open(path).ok()?;
    let most = file.metadata().ok()?.len().saturating_mul(MOST_TIMES) + MOST_BESIDES;
    let archive = ZipArchive::new(BufReader::new(file)).ok()?;
    let is_checkpoint = |name: &str| name.starts_with("checkpoints/") && belongs(name);
    let has_checkpoint = archive.file_names().flatten().any(|name| is_checkpoint(&name));
    let is_run = archive.index_for_name(CONFIG).is_some() && has_checkpoint;
    is_run.then_some(RunZip { archive, most })
}

/// Whether a file of this name below a run's folder is the run's. No such name leads out of the folder.
fn belongs(name: &str) -> bool {
    match name.split_once('/') {
        None => FILES.contains(&name) || is_event_file(name),
        Some(("checkpoints", file)) => is_of_step(file, ".safetensors"),
        Some(("samples", file)) => is_of_step(file, ".png") || is_of_step(file, "-raw.png"),
        Some(_) => false,
    }
}

fn is_of_step(file: &str, ending: &str) -> bool {
    let step = file.strip_prefix("step-").and_then(|rest| rest.strip_suffix(ending));
    step.is_some_and(|step| !step.is_empty() && step.bytes().all(|byte| byte.is_ascii_digit()))
}

/// TensorBoard's.
fn is_event_file(name: &str) -> bool {
    let rest = name.strip_prefix("events.out.tfevents.");
    rest.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.'))
}

/// Writes the files of the run in `zip` into the new folder `into`; what is not a run's is left out.
fn unpack(RunZip { mut archive, most }: RunZip, into: &Path) -> Result<()> {
    for folder in ["checkpoints", "samples"] {
        make_folder(&into.join(folder))?;
    }
    if archive.len() > MOST_FILES {
        return Err(Error::Other(format!("the zip holds more than {MOST_FILES} files")));
    }
    let mut left = most;
    for index in 0..archive.len() {
        let broken = |error| Error::Other(format!("the zip cannot be read: {error}"));
        let mut entry = archive.by_index(index).map_err(broken)?;
        let Ok(name) = entry.name().map(|name| name.into_owned()) else { continue };
        if !belongs(&name) || !entry.is_file() {
            continue;
        }
        let path = into.join(&name);
        let mut file = File::create(&path).map_err(Error::file("write", &path))?;
        let copied = std::io::copy(&mut entry.by_ref().take(left + 1), &mut file);
        let bytes = copied.map_err(|error| Error::Other(format!("{name} in the zip: {error}")))?;
        left = left.checked_sub(bytes).ok_or_else(|| {
            Error::Other(format!("more than {MOST_TIMES} times the zip's size comes out of it"))
        })?;
    }
    Ok(())
}

/// Whether the run in `folder` can go on; it is called `name` from now on.
fn check(folder: &Path, name: &str) -> Result<Header> {
    if !folder.join(STATE).exists() {
        let message = "the run in the zip has no state.safetensors, so it cannot go on; unpack the zip \
                       and import one of its checkpoints";
        return Err(Error::Other(message.into()));
    }
    let broken = |error| Error::Other(format!("the run in the zip cannot go on: {error}"));
    let mut config = check_whole(folder).map_err(broken)?;
    config.train_params.task_name = name.into();
    write_whole(&folder.join(CONFIG), config.to_yaml().as_bytes())?;
    let newest = latest_checkpoint(folder)?;
    let newest = newest.ok_or_else(|| Error::Other("the run has no checkpoint".into()))?;
    Ok(Header::read(&newest)?)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    #[test]
    fn a_zip_out_of_which_far_too_much_comes_is_left_half_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bomb.zip");
        let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
        let megabyte = vec![0; 1 << 20];
        for (name, megabytes) in [(CONFIG, 1), ("checkpoints/step-1.safetensors", 70)] {
            zip.start_file(name, SimpleFileOptions::default()).unwrap();
            (0..megabytes).for_each(|_| zip.write_all(&megabyte).unwrap());
        }
        zip.finish().unwrap();
        let into = folder.path().join("run");
        let error = unpack(run_at(&path).unwrap(), &into).unwrap_err().to_string();
        assert!(error.contains("comes out of it"), "{error}");
    }

    #[test]
    fn only_the_files_of_a_run_belong_to_it() {
        for name in [
            "config.yaml",
            "state.safetensors",
            "checkpoints/step-00000008.safetensors",
            "samples/step-00000008.png",
            "samples/step-00000008-raw.png",
            "events.out.tfevents.1764400000.darkroom",
        ] {
            assert!(belongs(name), "{name}");
        }
        for name in [
            "../config.yaml",
            "/etc/passwd",
            "checkpoints/../../step-1.safetensors",
            "checkpoints/step-.safetensors",
            "checkpoints/inner/step-1.safetensors",
            "samples/step-1.safetensors",
            "events.out.tfevents./../x",
            "latents.cache",
            "state.safetensors.partial",
        ] {
            assert!(!belongs(name), "{name}");
        }
    }
}
