//! Everything a run needs to go on as if it had never stopped.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Shape, Tensor, Var};

use crate::checkpoint::{checksum, native};
use crate::unet::Weights;
use crate::{Error, Result, atomic_file};

/// Writes tensors and the step they belong to.
pub(super) fn save(path: &Path, tensors: &BTreeMap<String, &Tensor>, step: u64) -> Result<()> {
    let metadata =
        BTreeMap::from([("format", "darkroom state".into()), ("step", step.to_string())]);
    atomic_file::write(path, &native::write_tensors(tensors, &metadata)?)
}

/// Reads what [`save`] wrote.
pub(super) fn load(path: &Path) -> Result<(Weights, u64)> {
    let bytes = std::fs::read(path).map_err(|error| Error::file(path, error))?;
    let broken = |why: String| broken(path, &why);
    let step = told_step(path, &bytes)?;
    checksum::verify(&bytes).map_err(|error| broken(error.to_string()))?;
    Ok((native::read_tensors(&bytes).map_err(|error| broken(error.to_string()))?, step))
}

/// The step that the state is of. Reads only the head of the file.
pub(super) fn step_of(path: &Path) -> Result<u64> {
    told_step(path, &native::read_head(path)?)
}

fn broken(path: &Path, why: &str) -> Error {
    Error::file(path, format!("the run cannot be resumed: {why}"))
}

fn told_step(path: &Path, bytes: &[u8]) -> Result<u64> {
    let metadata = native::metadata_of(bytes).map_err(|error| broken(path, &error.to_string()))?;
    let step = metadata.metadata().as_ref().and_then(|entries| entries.get("step")?.parse().ok());
    step.ok_or_else(|| broken(path, "its file names no step"))
}

/// Puts the tensor called `name` into `var`.
pub(super) fn restore(var: &Var, state: &Weights, name: &str) -> Result<()> {
    Ok(var.set(&fitting(state, name, var.shape())?.to_device(var.device())?)?)
}

/// The tensor called `name`, which must have `shape`.
pub(super) fn fitting<'a>(state: &'a Weights, name: &str, shape: &Shape) -> Result<&'a Tensor> {
    state.get(name).filter(|tensor| tensor.shape() == shape).ok_or_else(|| {
        Error::Checkpoint(format!("the saved state does not fit the configuration at `{name}`"))
    })
}
