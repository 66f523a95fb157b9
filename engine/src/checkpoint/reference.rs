//! The reference code's `.pth`: a zip with a pickle that names tensors, and their bytes; or what
//! PyTorch wrote before there were such zips.
//!
//! candle's reader walks the pickle's opcodes and knows tensors only; nothing in it is executed.

use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use candle_core::{DType, pickle};

use super::legacy;
use crate::unet::Weights;
use crate::{Error, Result};

pub(crate) fn read(path: &Path) -> Result<Weights> {
    let owned: PathBuf = path.to_owned();
    // The reader trusts offsets in places; a hostile file must not end the program.
    let tensors = catch_unwind(move || match legacy::is_legacy(&owned) {
        true => legacy::read(&owned),
        false => pickle::read_all(&owned),
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
