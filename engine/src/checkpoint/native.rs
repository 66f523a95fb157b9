//! The program's own format: safetensors whose metadata holds configuration, step and data set.
//!
//! Written here rather than by the safetensors crate because that keeps metadata in a hash map,
//! whose order would make two saves of one checkpoint differ.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Metadata, SafeTensors};
use serde::de::DeserializeOwned;

use super::checksum::{self, Lain};
use super::{Checkpoint, DatasetFacts, Header};
use crate::config::RunConfig;
use crate::unet::Weights;
use crate::{Error, Result};

/// A header longer than this is not one of ours.
const MAX_HEADER_BYTES: u64 = 16 << 20;
const EMA_PREFIX: &str = "ema.";
const AUTOENCODER_PREFIX: &str = "autoencoder.";

pub(super) fn to_bytes(checkpoint: &Checkpoint) -> Result<Vec<u8>> {
    let header = &checkpoint.header;
    let mut metadata = BTreeMap::from([
        ("format", "darkroom".to_string()),
        ("config", header.config.to_json()),
        ("step", header.step.to_string()),
        ("dataset", serde_json::to_string(&header.dataset).expect("plain data")),
        ("weights", header.weights.to_string()),
    ]);
    metadata.extend(header.merge.iter().map(|note| ("merge", note.clone())));
    if let Some(spec) = &header.diffusers {
        metadata.insert("diffusers", serde_json::to_string(spec).expect("plain data"));
    }
    if let Some(latents) = &header.latents {
        metadata.insert("latents", serde_json::to_string(latents).expect("plain data"));
    }
    let mut tensors: BTreeMap<String, &Tensor> =
        checkpoint.weights.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
    let besides = [(EMA_PREFIX, &checkpoint.ema), (AUTOENCODER_PREFIX, &checkpoint.autoencoder)];
    for (prefix, weights) in besides {
        let named = weights.iter().flatten();
        tensors.extend(named.map(|(name, tensor)| (format!("{prefix}{name}"), tensor)));
    }
    write_tensors(&tensors, &metadata)
}

/// Safetensors bytes of named tensors, names and metadata in order, with a checksum.
pub(crate) fn write_tensors(
    tensors: &BTreeMap<String, &Tensor>,
    metadata: &BTreeMap<&str, String>,
) -> Result<Vec<u8>> {
    let (mut data, mut places) = (Vec::new(), Vec::with_capacity(tensors.len()));
    for tensor in tensors.values() {
        let start = data.len();
        places.push((append(&mut data, tensor)?, start..data.len()));
    }
    let lain = || {
        tensors.iter().zip(&places).map(|((name, tensor), (dtype, place))| Lain {
            name,
            dtype,
            shape: tensor.dims(),
            data: &data[place.clone()],
        })
    };
    let mut metadata = metadata.clone();
    metadata.insert(checksum::KEY, checksum::of(&metadata, lain()));
    let mut head = head(&metadata, lain());
    let mut bytes = (head.len() as u64).to_le_bytes().to_vec();
    bytes.append(&mut head);
    bytes.append(&mut data);
    Ok(bytes)
}

/// The JSON before the tensors, which lie one behind the other.
fn head<'a>(metadata: &BTreeMap<&str, String>, tensors: impl Iterator<Item = Lain<'a>>) -> Vec<u8> {
    let mut entries = serde_json::Map::new();
    entries.insert("__metadata__".into(), serde_json::to_value(metadata).expect("plain data"));
    let mut start = 0;
    for Lain { name, dtype, shape, data } in tensors {
        let end = start + data.len();
        let entry =
            serde_json::json!({"dtype": dtype, "shape": shape, "data_offsets": [start, end]});
        entries.insert(name.into(), entry);
        start = end;
    }
    let mut head = serde_json::Value::Object(entries).to_string().into_bytes();
    head.resize(head.len().next_multiple_of(8), b' ');
    head
}

fn append(data: &mut Vec<u8>, tensor: &Tensor) -> Result<&'static str> {
    let flat = tensor.flatten_all()?;
    Ok(match tensor.dtype() {
        DType::F16 => {
            data.extend(flat.to_vec1::<half::f16>()?.iter().flat_map(|x| x.to_le_bytes()));
            "F16"
        }
        _ => {
            let numbers = flat.to_dtype(DType::F32)?.to_vec1::<f32>()?;
            data.extend(numbers.iter().flat_map(|x| x.to_le_bytes()));
            "F32"
        }
    })
}

pub(super) fn read_header(path: &Path) -> Result<Header> {
    header_of(&read_head(path)?).map_err(|error| Error::file(path, error))
}

/// The bytes of a file before its tensors.
pub(crate) fn read_head(path: &Path) -> Result<Vec<u8>> {
    let file = |error| Error::file(path, error);
    let mut head = Vec::new();
    let mut source = std::fs::File::open(path).map_err(file)?.take(8);
    source.read_to_end(&mut head).map_err(file)?;
    let length = head.first_chunk().map_or(u64::MAX, |bytes| u64::from_le_bytes(*bytes));
    if length > MAX_HEADER_BYTES {
        return Err(Error::file(path, "not a safetensors file"));
    }
    source.set_limit(length);
    source.read_to_end(&mut head).map_err(file)?;
    Ok(head)
}

/// What the head of a file tells, be its tensors there or not.
pub(crate) fn metadata_of(bytes: &[u8]) -> Result<Metadata> {
    let broken = || Error::Checkpoint("not a safetensors file".into());
    let length = u64::from_le_bytes(*bytes.first_chunk().ok_or_else(broken)?);
    if length > MAX_HEADER_BYTES {
        return Err(broken());
    }
    let head = bytes.get(8..8 + length as usize).ok_or_else(broken)?;
    serde_json::from_slice(head)
        .map_err(|error| Error::Checkpoint(format!("its header cannot be read: {error}")))
}

pub(super) fn header_of(bytes: &[u8]) -> Result<Header> {
    let metadata = metadata_of(bytes)?;
    let entry = |key: &str| {
        metadata.metadata().as_ref().and_then(|entries| entries.get(key)).ok_or_else(|| {
            Error::Checkpoint(format!(
                "its metadata has no `{key}`: it is not a checkpoint of this program"
            ))
        })
    };
    let number = |key: &str| {
        entry(key)?
            .parse::<u64>()
            .map_err(|_| Error::Checkpoint(format!("its `{key}` is no number")))
    };
    let dataset: DatasetFacts = serde_json::from_str(entry("dataset")?)
        .map_err(|error| Error::Checkpoint(format!("its `dataset` cannot be read: {error}")))?;
    let config = RunConfig::from_json(entry("config")?)?.validate()?.into_inner();
    let header = Header {
        step: number("step")?,
        dataset,
        weights: number("weights")?,
        diffusers: optional("diffusers", entry("diffusers").ok())?,
        merge: entry("merge").ok().cloned(),
        latents: optional("latents", entry("latents").ok())?,
        config,
    };
    match &header.latents {
        Some(latents) => latents.check(&header.config, header.of_autoencoder())?,
        None if header.config.model_params.draws_latents() => {
            return Err(Error::Checkpoint("its metadata does not tell of its latents".into()));
        }
        None => {}
    }
    Ok(header)
}

/// An entry of the metadata that need not be there.
fn optional<T: DeserializeOwned>(key: &str, text: Option<&String>) -> Result<Option<T>> {
    let read = text.map(|text| serde_json::from_str(text)).transpose();
    read.map_err(|error| Error::Checkpoint(format!("its `{key}` cannot be read: {error}")))
}

pub(super) fn from_bytes(bytes: &[u8]) -> Result<Checkpoint> {
    let header = header_of(bytes)?;
    checksum::verify(bytes)?;
    let (mut weights, mut ema, mut autoencoder) = (Weights::new(), Weights::new(), Weights::new());
    for (name, tensor) in read_tensors(bytes)? {
        if let Some(name) = name.strip_prefix(EMA_PREFIX) {
            ema.insert(name.to_owned(), tensor);
        } else if let Some(name) = name.strip_prefix(AUTOENCODER_PREFIX) {
            autoencoder.insert(name.to_owned(), tensor);
        } else {
            weights.insert(name, tensor);
        }
    }
    let there = |weights: Weights| (!weights.is_empty()).then_some(weights);
    let checkpoint =
        Checkpoint { header, weights, ema: there(ema), autoencoder: there(autoencoder) };
    checkpoint.check()?;
    Ok(checkpoint)
}

/// All tensors of a safetensors file as f32 on the CPU. The crate checks offsets and sizes.
pub(crate) fn read_tensors(bytes: &[u8]) -> Result<Weights> {
    let fault = |error| Error::Checkpoint(format!("its tensors cannot be read: {error}"));
    let file = SafeTensors::deserialize(bytes).map_err(fault)?;
    file.iter()
        .map(|(name, view)| {
            use safetensors::Dtype;
            let dtype = match view.dtype() {
                Dtype::F16 => DType::F16,
                Dtype::BF16 => DType::BF16,
                Dtype::F32 => DType::F32,
                Dtype::F64 => DType::F64,
                other => {
                    let message =
                        format!("`{name}` has the type {other:?}; f16, bf16, f32 or f64 would do");
                    return Err(Error::Checkpoint(message));
                }
            };
            let tensor = Tensor::from_raw_buffer(view.data(), dtype, view.shape(), &Device::Cpu)?;
            Ok((name.to_owned(), tensor.to_dtype(DType::F32)?))
        })
        .collect()
}
