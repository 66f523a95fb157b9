//! Which column holds the images and which the classes.
//!
//! Files of the Hugging Face hub tell it in their metadata, under `huggingface`:
//! `{"info": {"features": {"image": {"_type": "Image"}, "label": {"_type": "ClassLabel", "names":
//! [...]}}}}`. Without it the columns go by their usual names.

use ::parquet::basic::Type;
use ::parquet::file::metadata::ParquetMetaData;
use serde_json::{Map, Value};

use crate::data::Told;

const IMAGES: [&str; 4] = ["image", "img", "images", "jpg"];
const LABELS: [&str; 5] = ["label", "labels", "fine_label", "class", "y"];

/// Places among the leaf columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    pub images: usize,
    pub labels: Option<usize>,
    /// Names of the classes by number, where the file tells them.
    pub names: Option<Vec<String>>,
}

impl Columns {
    /// The error is the reason in words.
    pub fn of(metadata: &ParquetMetaData) -> Told<Self> {
        let features = features(metadata).unwrap_or_default();
        let images = candidates(&features, "Image", &IMAGES)
            .find_map(|name| image_leaf(metadata, name))
            .ok_or_else(|| no_images(metadata))?;
        let label = candidates(&features, "ClassLabel", &LABELS)
            .find_map(|name| Some((name, label_leaf(metadata, name)?)));
        let names = label.and_then(|(name, _)| class_names(features.get(name)?));
        Ok(Self { images, labels: label.map(|(_, leaf)| leaf), names })
    }
}

fn features(metadata: &ParquetMetaData) -> Option<Map<String, Value>> {
    let pairs = metadata.file_metadata().key_value_metadata()?;
    let told = pairs.iter().find(|pair| pair.key == "huggingface")?.value.as_ref()?;
    let told: Value = serde_json::from_str(told).ok()?;
    told.pointer("/info/features")?.as_object().cloned()
}

/// Columns by their usual names first, then those that the metadata says are of `kind`.
fn candidates<'a>(
    features: &'a Map<String, Value>,
    kind: &'a str,
    usual: &'a [&'a str],
) -> impl Iterator<Item = &'a str> {
    let told = features.iter().filter(move |(_, feature)| feature["_type"] == kind);
    usual.iter().copied().chain(told.map(|(name, _)| name.as_str()))
}

/// The bytes of `name`: a column of bytes, or the field `bytes` of a structure.
fn image_leaf(metadata: &ParquetMetaData, name: &str) -> Option<usize> {
    leaf(metadata, &[name, "bytes"]).or_else(|| leaf(metadata, &[name])).filter(|&leaf| {
        metadata.file_metadata().schema_descr().column(leaf).physical_type() == Type::BYTE_ARRAY
    })
}

fn label_leaf(metadata: &ParquetMetaData, name: &str) -> Option<usize> {
    let types = [Type::INT32, Type::INT64, Type::BYTE_ARRAY];
    leaf(metadata, &[name]).filter(|&leaf| {
        types.contains(&metadata.file_metadata().schema_descr().column(leaf).physical_type())
    })
}

/// The column at `path`, if it has one value a row.
fn leaf(metadata: &ParquetMetaData, path: &[&str]) -> Option<usize> {
    let columns = metadata.file_metadata().schema_descr().columns();
    columns.iter().position(|column| column.path().parts() == path && column.max_rep_level() == 0)
}

fn class_names(feature: &Value) -> Option<Vec<String>> {
    let names = feature.get("names")?.as_array()?;
    names.iter().map(|name| name.as_str().map(str::to_owned)).collect()
}

fn no_images(metadata: &ParquetMetaData) -> String {
    let columns = metadata.file_metadata().schema_descr().columns();
    let names: Vec<String> = columns.iter().map(|column| column.path().string()).collect();
    format!(
        "holds the columns {}, none of them images: expected a column `image` of bytes, or of \
         structures with `bytes`",
        names.join(", ")
    )
}
