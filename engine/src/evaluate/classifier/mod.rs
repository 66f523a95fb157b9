//! A small network that learned to tell the classes of a data set apart, as a judge of pictures: what
//! it makes of a picture right before it names a class is what classes differ by.
//!
//! Inception's features (Heusel et al. 2017, arXiv 1706.08500) are of photographs; for handwriting a
//! classifier of handwriting sees more, as the MNIST score of Li et al. 2017 (arXiv 1709.01215) has it.

mod file;
mod lesson;
mod network;

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::bilinear::enlarged;
use crate::autoencoder::Network;
use crate::data::ImageSet;
use crate::grid::Picture;
use crate::unet::Weights;
use crate::{CancelToken, Error, Result};
pub use lesson::OnLesson;
use network::Layers;
pub use network::WIDTH;

/// Pictures that it sees at once.
const AT_ONCE: usize = 64;
/// Fewer images are nothing to learn from.
const FEWEST: usize = 16;

/// What the shape of a classifier follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Spec {
    /// Width and height that every picture is brought to.
    side: usize,
    classes: usize,
}

impl Spec {
    /// Pictures keep their size, but for the few pixels that halving asks for, up to 64 a side.
    fn of(data: &ImageSet) -> Self {
        let side = match data.width.max(data.height) as usize {
            side @ ..=32 => side.next_multiple_of(4).max(8),
            side => side.next_multiple_of(8).min(64),
        };
        Self { side, classes: data.classes.len() }
    }

    /// Whether [`Spec::of`] can have made it.
    fn is_one(self) -> bool {
        (8..=64).contains(&self.side) && self.side.is_multiple_of(4) && self.classes > 1
    }
}

/// How many images that it never learned from it named right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    pub right: usize,
    pub of: usize,
}

/// The network on weights that stand.
#[derive(Clone, Debug)]
pub struct Classifier {
    spec: Spec,
    score: Score,
    weights: Weights,
    layers: Layers,
    device: Device,
}

impl Classifier {
    /// An error unless `data` has at least two classes, and images enough, to learn from.
    pub fn check(data: &ImageSet) -> Result<()> {
        let first = data.labels.first();
        if data.classes.len() < 2 || data.labels.iter().all(|label| Some(label) == first) {
            return Err(Error::Data(
                "the images have no classes to tell apart; give a data set with two or more \
                 (sub-folders or labels), or another judge"
                    .into(),
            ));
        }
        match data.len() {
            count if count < FEWEST => Err(Error::Data(format!(
                "{count} images are too few to learn classes from; {FEWEST} or more would do, or \
                 another judge"
            ))),
            _ => Ok(()),
        }
    }

    fn new(spec: Spec, score: Score, weights: Weights, device: &Device) -> Result<Self> {
        let layers = Layers::from_weights(&spec, &weights)?;
        Ok(Self { spec, score, weights, layers, device: device.clone() })
    }

    pub fn score(&self) -> Score {
        self.score
    }

    /// What it is, for people: its features are of no use without.
    pub fn words(&self) -> String {
        let Score { right, of } = self.score;
        let share = 100.0 * right as f64 / of as f64;
        let classes = self.spec.classes;
        format!("a classifier of {classes} classes ({share:.1} % of {of} held-out images right)")
    }

    /// What it makes of `pictures`: [`WIDTH`] numbers each, one behind the other. They may be of any
    /// size.
    pub fn features(&self, pictures: &[Picture], cancel: &CancelToken) -> Result<Vec<f64>> {
        let mut numbers = Vec::with_capacity(pictures.len() * WIDTH);
        for part in pictures.chunks(AT_ONCE) {
            cancel.check()?;
            let features = self.layers.features(&seen(part, self.spec.side, &self.device)?)?;
            let features = features.flatten_all()?.to_vec1::<f32>()?;
            numbers.extend(features.into_iter().map(f64::from));
        }
        Ok(numbers)
    }
}

/// Pictures as the network takes them: (pictures, 3, side, side) in [-1, 1].
fn seen(pictures: &[Picture], side: usize, device: &Device) -> Result<Tensor> {
    let planes: Vec<f32> = pictures.iter().flat_map(|picture| enlarged(picture, side)).collect();
    Ok(Tensor::from_vec(planes, (pictures.len(), 3, side, side), device)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn images(side: u32, labels: Vec<u32>, classes: usize) -> ImageSet {
        let pixels = vec![0; labels.len() * (side * side) as usize];
        let classes = (0..classes).map(|class| class.to_string()).collect();
        ImageSet { width: side, height: side, channels: 1, pixels, labels, classes }
    }

    #[test]
    fn pictures_are_brought_to_a_size_that_can_be_halved() {
        let side = |side| Spec::of(&images(side, vec![0, 1], 2)).side;
        assert_eq!([5, 8, 28, 30, 33, 64, 512].map(side), [8, 8, 28, 32, 40, 64, 64]);
    }

    #[test]
    fn what_cannot_be_learned_is_told() {
        let fault = |labels: Vec<u32>, classes| {
            Classifier::check(&images(8, labels, classes)).map_err(|error| error.to_string())
        };
        let both: Vec<u32> = (0..16).map(|at| at % 2).collect();
        assert_eq!(fault(both.clone(), 2), Ok(()));
        assert!(fault(vec![0; 16], 0).unwrap_err().contains("two or more"));
        assert!(fault(vec![1; 16], 2).unwrap_err().contains("two or more"));
        assert!(fault(both[..8].to_vec(), 2).unwrap_err().contains("8 images are too few"));
    }
}
