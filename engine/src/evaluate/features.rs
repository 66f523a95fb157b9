//! Vectors that stand for pictures.

use candle_core::Tensor;

use super::{Classifier, FEATURES, Inception, WIDTH};
use crate::grid::Picture;
use crate::model::Model;
use crate::sampler::image_tensor;
use crate::{CancelToken, Error, Result};

/// Pictures that the judge sees at once.
const AT_ONCE: usize = 64;

/// The features of a set of pictures, one vector of finite numbers each: (pictures, length).
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    numbers: Vec<f64>,
    length: usize,
}

impl Features {
    /// Takes the vectors, `length` numbers each, one behind the other.
    pub fn new(numbers: Vec<f64>, length: usize) -> Result<Self> {
        if length == 0 || !numbers.len().is_multiple_of(length) {
            let message = format!("{} features are no vectors of {length}", numbers.len());
            return Err(Error::Data(message));
        }
        if let Some(at) = numbers.iter().position(|number| !number.is_finite()) {
            let message =
                format!("feature {} of picture {} is no number", at % length, at / length);
            return Err(Error::Data(message));
        }
        Ok(Self { numbers, length })
    }

    /// What `judge` makes of `pictures`: the middle of a diffusion network tells what they show about
    /// as well as a classifier (Xiang et al. 2023, arXiv 2303.09769). Sets can be compared only by
    /// the same judge.
    ///
    /// Errors name the first picture of a size or with channels that the judge does not take.
    pub fn of(judge: &Model, pictures: &[Picture], cancel: &CancelToken) -> Result<Self> {
        let (mut numbers, mut length) = (Vec::new(), 0);
        for (part, pictures) in pictures.chunks(AT_ONCE).enumerate() {
            cancel.check()?;
            let tensors = pictures
                .iter()
                .enumerate()
                .map(|(at, picture)| seen_by(judge, picture, part * AT_ONCE + at))
                .collect::<Result<Vec<Tensor>>>()?;
            let features = judge.features(&Tensor::cat(&tensors, 0)?)?;
            length = features.dim(1)?;
            numbers.extend(features.flatten_all()?.to_vec1::<f32>()?.into_iter().map(f64::from));
        }
        Self::new(numbers, length)
    }

    /// As [`Self::of`], by the network that FID means; it takes pictures of any size.
    pub fn of_inception(
        network: &Inception,
        pictures: &[Picture],
        cancel: &CancelToken,
    ) -> Result<Self> {
        Self::new(network.features(pictures, cancel)?, FEATURES)
    }

    /// As [`Self::of`], by a classifier of the data set's own classes; it takes pictures of any size.
    pub fn of_classifier(
        network: &Classifier,
        pictures: &[Picture],
        cancel: &CancelToken,
    ) -> Result<Self> {
        Self::new(network.features(pictures, cancel)?, WIDTH)
    }

    /// How many pictures there are.
    pub fn count(&self) -> usize {
        self.numbers.len() / self.length
    }

    /// How many features each picture has.
    pub fn length(&self) -> usize {
        self.length
    }

    pub(super) fn vectors(&self) -> std::slice::ChunksExact<'_, f64> {
        self.numbers.chunks_exact(self.length)
    }

    /// The mean vector.
    pub(super) fn mean(&self) -> Vec<f64> {
        let mut mean = vec![0.0; self.length];
        for vector in self.vectors() {
            mean.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
        }
        mean.iter_mut().for_each(|sum| *sum /= self.count() as f64);
        mean
    }

    /// An error unless both sets have vectors of one length, and `least` pictures each.
    pub(super) fn check_pair(&self, other: &Self, least: usize) -> Result<()> {
        if self.length != other.length {
            return Err(Error::Data(format!(
                "the features of one set have {} numbers, those of the other {}; take both from \
                 one network",
                self.length, other.length
            )));
        }
        match self.count().min(other.count()) {
            count if count < least => Err(Error::Data(format!(
                "{count} pictures are too few to compare; {least} or more would do"
            ))),
            _ => Ok(()),
        }
    }
}

/// A picture as the judge takes it: (1, channels, side, side).
fn seen_by(judge: &Model, picture: &Picture, number: usize) -> Result<Tensor> {
    let params = &judge.config().model_params;
    let (side, channels) = (params.im_size as u32, params.im_channels);
    let fits = (picture.width, picture.height) == (side, side)
        && usize::from(picture.channels) == channels;
    if !fits {
        let Picture { width, height, channels: has, .. } = picture;
        return Err(Error::Data(format!(
            "picture {number} is {width}x{height} with {has} channels; the judge takes \
             {side}x{side} with {channels}"
        )));
    }
    image_tensor(picture, judge.device())
}

pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

pub(super) fn square_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_compared_is_told() {
        let message = |result: Result<Features>| result.unwrap_err().to_string();
        assert!(message(Features::new(vec![0.0; 7], 2)).contains("7 features are no vectors of 2"));
        assert!(message(Features::new(vec![1.0, 2.0, f64::NAN], 1)).contains("of picture 2"));
        let pairs = Features::new(vec![0.0; 8], 2).unwrap();
        let triples = Features::new(vec![0.0; 9], 3).unwrap();
        let check = |least| pairs.check_pair(&pairs, least).map_err(|error| error.to_string());
        assert_eq!(check(4), Ok(()));
        assert!(check(5).unwrap_err().contains("4 pictures are too few"));
        assert!(pairs.check_pair(&triples, 1).unwrap_err().to_string().contains("one network"));
    }
}
