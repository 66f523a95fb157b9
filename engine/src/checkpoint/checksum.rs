//! A checksum over all that a safetensors file holds, in its own metadata: SHA-256 of the other
//! metadata and of each tensor's name, type, shape and bytes, in the order of their names. A file
//! that another program wrote again from the same content still has it.

use std::collections::BTreeMap;

use safetensors::tensor::SafeTensors;
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The name of the checksum in the metadata.
pub const KEY: &str = "checksum";

/// A tensor as it lies in a file.
#[derive(Debug)]
pub struct Lain<'a> {
    pub name: &'a str,
    pub dtype: &'a str,
    pub shape: &'a [usize],
    pub data: &'a [u8],
}

/// The checksum, as `sha256:` and 64 hexadecimal digits. `tensors` come in the order of their names.
pub fn of<'a>(
    metadata: &BTreeMap<&str, String>,
    tensors: impl IntoIterator<Item = Lain<'a>>,
) -> String {
    let mut hash = Sha256::new();
    // Every word is ended by a byte that none of them holds, so that none runs into the next.
    let word = |hash: &mut Sha256, text: &str| {
        hash.update(text);
        hash.update([0]);
    };
    for (key, value) in metadata.iter().filter(|(key, _)| **key != KEY) {
        word(&mut hash, key);
        word(&mut hash, value);
    }
    for tensor in tensors {
        word(&mut hash, tensor.name);
        word(&mut hash, &format!("{}{:?}", tensor.dtype, tensor.shape));
        hash.update(tensor.data);
    }
    format!("sha256:{:x}", hash.finalize())
}

/// Whether a file holds what was once written; one without a checksum is taken as it is.
pub fn verify(bytes: &[u8]) -> Result<()> {
    let broken = |error| Error::Checkpoint(format!("not a safetensors file: {error}"));
    let (_, head) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let entries = head.metadata().as_ref().into_iter().flatten();
    let metadata: BTreeMap<&str, String> =
        entries.map(|(key, value)| (key.as_str(), value.clone())).collect();
    let Some(told) = metadata.get(KEY) else { return Ok(()) };
    let file = SafeTensors::deserialize(bytes).map_err(broken)?;
    let views: BTreeMap<&str, _> =
        file.iter().map(|(name, view)| (name, (format!("{:?}", view.dtype()), view))).collect();
    let tensors = views.iter().map(|(name, (dtype, view))| Lain {
        name,
        dtype,
        shape: view.shape(),
        data: view.data(),
    });
    match of(&metadata, tensors) == *told {
        true => Ok(()),
        false => Err(Error::Checkpoint(
            "it is damaged: its content does not have the checksum that stands in it; take \
             another copy of the file"
                .into(),
        )),
    }
}
