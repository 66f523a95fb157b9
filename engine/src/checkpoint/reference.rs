//! The reference code's `.pth`: a zip with a pickle that names tensors, and their bytes; or what
//! PyTorch wrote before there were such zips.
//!
//! candle's reader walks the pickle's opcodes and knows tensors only; nothing in it is executed.

use std::fs::File;
use std::io::{BufReader, Error as IoError};
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use candle_core::pickle::PthTensors;
use candle_core::{DType, Error as TensorError, Tensor};
use zip::ZipArchive;

use super::{legacy, pickle_bounds};
use crate::unet::Weights;
use crate::{Error, Result};

pub(crate) fn read(path: &Path) -> Result<Weights> {
    let owned: PathBuf = path.to_owned();
    // The reader trusts offsets in places; a hostile file must not end the program.
    let tensors = catch_unwind(move || match legacy::is_legacy(&owned) {
        true => legacy::read(&owned),
        false => read_zip(&owned),
    });
    let tensors = tensors
        .map_err(|_| Error::file(path, "not a PyTorch checkpoint: its pickle is broken"))?
        .map_err(|error| Error::file(path, format!("not a PyTorch checkpoint: {error}")))?;
    if tensors.is_empty() {
        return Err(Error::file(
            path,
            "holds no tensors; a state_dict saved by torch.save would do",
        ));
    }
    tensors
        .into_iter()
        .map(|(name, tensor)| Ok((name, tensor.to_dtype(DType::F32)?.contiguous()?)))
        .collect()
}

/// All tensors by name of a zip whose pickles and tensors are within bounds.
fn read_zip(path: &Path) -> candle_core::Result<Vec<(String, Tensor)>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    check_pickles(file)?;
    let tensors = PthTensors::new(path, None)?;
    pickle_bounds::check_sizes(tensors.tensor_infos().values(), length)?;
    let read = |name: &String| Ok(tensors.get(name)?.map(|tensor| (name.clone(), tensor)));
    tensors.tensor_infos().keys().filter_map(|name| read(name).transpose()).collect()
}

fn check_pickles(file: File) -> candle_core::Result<()> {
    let broken = |error: zip::result::ZipError| TensorError::from(IoError::from(error));
    let mut archive = ZipArchive::new(file).map_err(broken)?;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(broken)?;
        if entry.name_raw().ends_with(b"data.pkl") {
            pickle_bounds::bounded(&mut BufReader::new(entry))?;
        }
    }
    Ok(())
}
