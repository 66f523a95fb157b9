//! A case folder: its words and its tensors.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use serde_json::Value;

pub struct Case {
    pub folder: PathBuf,
    pub name: String,
    pub kind: String,
    pub words: Value,
    tensors: HashMap<String, Tensor>,
}

impl Case {
    /// Opens a folder; nothing if it holds no case.
    pub fn open(folder: &Path) -> Option<Self> {
        let name = folder.file_name()?.to_string_lossy().into_owned();
        if folder.join("golden.json").exists() {
            let kind = "golden-default-unet".to_owned();
            let (folder, words) = (folder.to_owned(), Value::Null);
            return Some(Self { folder, name, kind, words, tensors: HashMap::new() });
        }
        let text = std::fs::read_to_string(folder.join("case.json")).ok()?;
        let words: Value = serde_json::from_str(&text).unwrap();
        let kind = words["kind"].as_str().unwrap().to_owned();
        let path = folder.join("tensors.safetensors");
        let tensors = candle_core::safetensors::load(&path, &Device::Cpu)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Some(Self { folder: folder.to_owned(), name, kind, words, tensors })
    }

    pub fn tensor(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("{}: no tensor {name}", self.name))
    }

    /// All tensors whose names begin with `prefix`, by the rest of their names.
    pub fn group(&self, prefix: &str) -> std::collections::BTreeMap<String, Tensor> {
        let entry = |(name, tensor): (&String, &Tensor)| {
            Some((name.strip_prefix(prefix)?.to_owned(), tensor.clone()))
        };
        self.tensors.iter().filter_map(entry).collect()
    }

    pub fn timesteps(&self, name: &str) -> Vec<usize> {
        let numbers = self.tensor(name).to_vec1::<i64>().unwrap();
        numbers.into_iter().map(|t| t as usize).collect()
    }
}

/// The largest difference between two tensors.
pub fn difference(a: &Tensor, b: &Tensor) -> f64 {
    assert_eq!(a.dims(), b.dims());
    let (a, b) = (numbers(a), numbers(b));
    a.iter()
        .zip(&b)
        .map(|(a, b)| f64::from((a - b).abs()))
        .fold(0.0, |most, x| if x > most || x.is_nan() { x } else { most })
}

/// The largest magnitude in a tensor.
pub fn largest(tensor: &Tensor) -> f64 {
    numbers(tensor).iter().fold(0.0, |most, x| f64::from(x.abs()).max(most))
}

fn numbers(tensor: &Tensor) -> Vec<f32> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}
