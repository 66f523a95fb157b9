//! How a classifier learns. All of it follows from the images and a seed.

use candle_core::{D, Device, Tensor};

use super::network::Layers;
use super::{AT_ONCE, Classifier, Score, Spec, seen};
use crate::autoencoder::Network;
use crate::config::TrainParams;
use crate::data::ImageSet;
use crate::grid::Picture;
use crate::kernels::record;
use crate::noise::{Stream, permutation};
use crate::train::{Descent, norm};
use crate::unet::Weights;
use crate::{CancelToken, Error, Result};

/// Steps at the most; the rate falls to nothing over them.
const STEPS: usize = 600;
const RATE: f64 = 3e-3;
/// Images of a step.
const BATCH: usize = 64;
/// One image of so many is held out, and no more than [`MOST_HELD_OUT`].
const HELD_OUT: usize = 10;
const MOST_HELD_OUT: usize = 1000;
/// It ends early once the mean loss of so many steps is below [`LEARNED`].
const LOOK_BACK: usize = 50;
const LEARNED: f32 = 0.01;

/// Hears how many steps of how many are done.
pub type OnLesson<'a> = &'a mut dyn FnMut(usize, usize) -> Result<()>;

impl Classifier {
    /// Learns the classes of `data` by cross-entropy, from nine tenths of its images, until it knows
    /// them or 600 steps are done; the others give its score. The same images and seed give the same
    /// weights.
    ///
    /// Errors are those of [`Classifier::check`], and of a loss that runs away.
    pub fn learn(
        data: &ImageSet,
        seed: u64,
        device: &Device,
        cancel: &CancelToken,
        on_step: OnLesson,
    ) -> Result<Self> {
        Self::check(data)?;
        let lesson = Lesson::new(data, seed, device);
        let weights = lesson.learn(cancel, on_step)?;
        let classifier = Self::new(lesson.spec, Score { right: 0, of: 0 }, weights, device)?;
        let score = lesson.score(&classifier.layers, cancel)?;
        Ok(Self { score, ..classifier })
    }
}

/// The images that are learned from and those that are not.
struct Lesson<'a> {
    data: &'a ImageSet,
    spec: Spec,
    seed: u64,
    learned: Vec<usize>,
    held_out: Vec<usize>,
    device: &'a Device,
}

impl<'a> Lesson<'a> {
    fn new(data: &'a ImageSet, seed: u64, device: &'a Device) -> Self {
        let mut held_out = permutation(seed, Stream::Split, 0, data.len());
        let learned = held_out.split_off((data.len() / HELD_OUT).clamp(1, MOST_HELD_OUT));
        Self { data, spec: Spec::of(data), seed, learned, held_out, device }
    }

    /// The weights that it ends with, cut off from any gradients.
    fn learn(&self, cancel: &CancelToken, on_step: OnLesson) -> Result<Weights> {
        let (layers, vars) = Layers::fresh(&self.spec, self.seed, 0, self.device)?;
        let mut descent =
            Descent::new(vars, &TrainParams { grad_clip: 1.0, ..Default::default() })?;
        let mut losses = Vec::with_capacity(STEPS);
        for step in 0..STEPS {
            cancel.check()?;
            losses.push(self.step(step, &layers, &mut descent)?);
            on_step(step + 1, STEPS)?;
            if is_learned(&losses) {
                break;
            }
        }
        let still = descent.weights().into_iter();
        Ok(still.map(|(name, weight)| (name, weight.detach())).collect())
    }

    /// Takes a step and tells the loss before it.
    fn step(&self, step: usize, layers: &Layers, descent: &mut Descent) -> Result<f32> {
        let images = self.batch(step);
        let (pictures, truth) = (self.pictures(&images)?, self.truth(&images)?);
        let (loss, tape) = record(|| cross_entropy(&layers.classes(&pictures)?, &truth));
        let loss = loss?;
        let grads = descent.gradients(tape.backward(&loss)?)?;
        let (loss, norm) = (loss.to_scalar::<f32>()?, norm(&grads)?);
        if !(loss.is_finite() && norm.is_finite()) {
            let message = "the classifier that was to judge did not learn; give another judge";
            return Err(Error::Diverged(message.into()));
        }
        descent.step(&grads, norm, RATE * (1.0 - step as f64 / STEPS as f64))?;
        Ok(loss)
    }

    /// The images of a step: every one once an epoch, but for those that do not fill a step.
    fn batch(&self, step: usize) -> Vec<usize> {
        let size = BATCH.min(self.learned.len());
        let per_epoch = self.learned.len() / size;
        let epoch = (step / per_epoch) as u64;
        let order = permutation(self.seed, Stream::Shuffle, epoch, self.learned.len());
        let places = order.into_iter().skip(step % per_epoch * size).take(size);
        places.map(|place| self.learned[place]).collect()
    }

    fn pictures(&self, images: &[usize]) -> Result<Tensor> {
        let pictures: Vec<Picture> = images.iter().map(|&at| self.data.picture(at)).collect();
        seen(&pictures, self.spec.side, self.device)
    }

    /// 1 at the class of each image, else 0: (images, classes).
    fn truth(&self, images: &[usize]) -> Result<Tensor> {
        let classes = self.spec.classes;
        let mut rows = vec![0f32; images.len() * classes];
        for (row, &at) in rows.chunks_exact_mut(classes).zip(images) {
            row[self.data.labels[at] as usize] = 1.0;
        }
        Ok(Tensor::from_vec(rows, (images.len(), classes), self.device)?)
    }

    /// What `layers` say of the images that were held out.
    fn score(&self, layers: &Layers, cancel: &CancelToken) -> Result<Score> {
        let mut right = 0;
        for images in self.held_out.chunks(AT_ONCE) {
            cancel.check()?;
            let told = layers.classes(&self.pictures(images)?)?.argmax(D::Minus1)?;
            let told = told.to_vec1::<u32>()?;
            right += images
                .iter()
                .zip(told)
                .filter(|(at, told)| self.data.labels[**at] == *told)
                .count();
        }
        Ok(Score { right, of: self.held_out.len() })
    }
}

/// The mean over a batch of how surprised `told` (batch, classes), before softmax, is by `truth`.
fn cross_entropy(told: &Tensor, truth: &Tensor) -> Result<Tensor> {
    let logarithms = candle_nn::ops::log_softmax(told, D::Minus1)?;
    Ok((logarithms * truth)?.sum(D::Minus1)?.mean_all()?.neg()?)
}

fn is_learned(losses: &[f32]) -> bool {
    let last = losses.len().checked_sub(LOOK_BACK).map(|from| &losses[from..]);
    last.is_some_and(|last| last.iter().sum::<f32>() < LEARNED * LOOK_BACK as f32)
}
