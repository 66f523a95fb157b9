//! A classifier as a file, so that one data set has one judge.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Classifier, Score, Spec};
use crate::checkpoint::{checksum, native};
use crate::data::ImageSet;
use crate::model::placed;
use crate::{Error, Result};

/// Goes up when classifiers come to be built or to learn in another way.
const EDITION: u32 = 1;
/// The entry of the metadata that holds [`About`].
const ABOUT: &str = "classifier";

#[derive(Serialize, Deserialize)]
struct About {
    spec: Spec,
    score: Score,
}

impl Classifier {
    /// 64 hexadecimal digits that are the same for images of the same pixels and classes, whatever
    /// the classes are called: the name of their classifier.
    pub fn key(data: &ImageSet, seed: u64) -> String {
        let mut hash = Sha256::new();
        let ImageSet { width, height, channels, pixels, labels, classes } = data;
        hash.update(EDITION.to_le_bytes());
        hash.update(seed.to_le_bytes());
        for number in [*width, *height, *channels, classes.len() as u32] {
            hash.update(number.to_le_bytes());
        }
        labels.iter().for_each(|label| hash.update(label.to_le_bytes()));
        hash.update(pixels);
        format!("{:x}", hash.finalize())
    }

    /// A file that holds it, safetensors with a checksum.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let about = About { spec: self.spec, score: self.score };
        let about = serde_json::to_string(&about).expect("plain data");
        let metadata = BTreeMap::from([("format", "darkroom classifier".into()), (ABOUT, about)]);
        let tensors: BTreeMap<String, &Tensor> =
            self.weights.iter().map(|(name, tensor)| (name.clone(), tensor)).collect();
        native::write_tensors(&tensors, &metadata)
    }

    /// Reads what [`Classifier::to_bytes`] wrote; anything else is an error.
    pub fn from_bytes(bytes: &[u8], device: &Device) -> Result<Self> {
        let broken = |why: String| Error::Checkpoint(format!("no classifier: {why}"));
        let (_, metadata) = safetensors::SafeTensors::read_metadata(bytes)
            .map_err(|error| broken(error.to_string()))?;
        let about = metadata.metadata().as_ref().and_then(|entries| entries.get(ABOUT));
        let about = about.ok_or_else(|| broken(format!("its metadata has no `{ABOUT}`")))?;
        let About { spec, score } = serde_json::from_str(about)
            .map_err(|error| broken(format!("its `{ABOUT}` cannot be read: {error}")))?;
        if !spec.is_one() || score.of == 0 {
            return Err(broken(format!("its `{ABOUT}` is {about}")));
        }
        checksum::verify(bytes)?;
        Self::new(spec, score, placed(&native::read_tensors(bytes)?, device)?, device)
    }
}
