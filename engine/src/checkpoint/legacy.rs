//! `.pth` files as PyTorch wrote them before its version 1.6: pickles one behind the other, and then
//! the numbers of each storage.
//!
//! The pickles are a magic number, the version, what the machine was like, the dictionary of tensors,
//! and the names of the storages in the order in which they follow.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use candle_core::pickle::{Object, Stack, TensorInfo};
use candle_core::{Device, Result, Tensor, bail};

use super::pickle_bounds;

/// The pickle of the magic number.
const START: [u8; 15] = *b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e";

/// Whether a file begins as these do.
pub fn is_legacy(path: &Path) -> bool {
    let mut start = [0; START.len()];
    File::open(path).and_then(|mut file| file.read_exact(&mut start)).is_ok() && start == START
}

/// All tensors by name. Nothing in the pickles is executed.
pub fn read(path: &Path) -> Result<Vec<(String, Tensor)>> {
    let file = File::open(path)?;
    let length = file.metadata()?.len();
    from_reader(&mut BufReader::new(file), length)
}

/// As [`read`], from something of `length` bytes.
fn from_reader(reader: &mut impl BufRead, length: u64) -> Result<Vec<(String, Tensor)>> {
    reader.read_exact(&mut [0; START.len()])?;
    for _version_and_machine in 0..2 {
        pickled(reader)?;
    }
    let Object::Dict(entries) = pickled(reader)? else {
        bail!("it holds no dictionary of tensors")
    };
    let infos =
        entries.into_iter().map(|(name, tensor)| tensor.into_tensor_info(name, "".as_ref()));
    let infos: Vec<TensorInfo> = infos.filter_map(Result::transpose).collect::<Result<_>>()?;
    pickle_bounds::check_sizes(infos.iter(), length)?;
    let storages = storages(reader, &infos)?;
    infos.into_iter().map(|info| Ok((info.name.clone(), tensor(&info, &storages)?))).collect()
}

fn pickled(reader: &mut impl BufRead) -> Result<Object> {
    let mut stack = Stack::empty();
    stack.read_loop(&mut pickle_bounds::bounded(reader)?.as_slice())?;
    stack.finalize()
}

/// Flat tensors by what [`TensorInfo::path`] calls them.
fn storages(reader: &mut impl BufRead, infos: &[TensorInfo]) -> Result<HashMap<String, Tensor>> {
    let Object::List(names) = pickled(reader)? else { bail!("it does not name its storages") };
    let mut storages = HashMap::new();
    for name in names {
        let Object::Unicode(name) = name else { bail!("the name of a storage is no text") };
        let path = format!("/{name}");
        let Some(info) = infos.iter().find(|info| info.path == path) else {
            bail!("no tensor uses the storage {name}")
        };
        let mut count = [0; 8];
        reader.read_exact(&mut count)?;
        let count = u64::from_le_bytes(count);
        let length = count.saturating_mul(info.dtype.size_in_bytes() as u64);
        // Grows with what is there, not with what is told.
        let mut bytes = Vec::new();
        reader.by_ref().take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 != length {
            bail!("it is cut short in the storage {name}")
        }
        let flat = Tensor::from_raw_buffer(&bytes, info.dtype, &[count as usize], &Device::Cpu)?;
        storages.insert(path, flat);
    }
    Ok(storages)
}

fn tensor(info: &TensorInfo, storages: &HashMap<String, Tensor>) -> Result<Tensor> {
    let Some(storage) = storages.get(&info.path) else { bail!("`{}` has no storage", info.name) };
    if storage.dtype() != info.dtype || !info.layout.is_contiguous() {
        bail!("`{}` does not lie in its storage row by row", info.name)
    }
    let first = info.layout.start_offset() / info.dtype.size_in_bytes();
    storage.narrow(0, first, info.layout.shape().elem_count())?.reshape(info.layout.shape())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::DType;

    /// torch.save of an ordered dictionary with `_use_new_zipfile_serialization=False`: `a` of 0 to 5
    /// in two rows, `b` of two halves, `row`, the second row of `a`, and `n`, a whole number.
    const FILE: &[u8] = include_bytes!("legacy_test.pth");

    #[test]
    fn tensors_are_read_by_name_also_where_they_share_their_numbers() {
        let tensors: HashMap<_, _> =
            from_reader(&mut &*FILE, FILE.len() as u64).unwrap().into_iter().collect();
        let numbers = |name: &str| {
            let flat = tensors[name].to_dtype(DType::F32).unwrap().flatten_all().unwrap();
            flat.to_vec1::<f32>().unwrap()
        };
        assert_eq!(
            (numbers("a"), tensors["a"].dims()),
            (vec![0., 1., 2., 3., 4., 5.], &[2, 3][..])
        );
        assert_eq!((numbers("b"), numbers("row")), (vec![1.5, -2.0], vec![3., 4., 5.]));
        assert_eq!((numbers("n"), tensors["n"].rank()), (vec![7.0], 0));
    }

    #[test]
    fn a_file_that_breaks_off_is_an_error_wherever_it_does() {
        for length in 0..FILE.len() {
            assert!(from_reader(&mut &FILE[..length], length as u64).is_err(), "{length}");
        }
    }
}
