//! Noise on the way from one seed to another.

use candle_core::{Device, Tensor};

use crate::Result;
use crate::config::ConfigError;
use crate::noise::{Stream, gaussian};

/// A second seed for each picture, and how far the noise it begins as goes toward that seed's.
#[derive(Clone, Debug, PartialEq)]
pub struct Variation {
    pub seeds: Vec<u64>,
    /// 0 for the picture's own seed, 1 for the other.
    pub strengths: Vec<f64>,
}

impl Variation {
    /// Whether there is a seed and a strength in 0 to 1 for each of `images` pictures.
    pub(super) fn check(&self, images: usize) -> std::result::Result<(), ConfigError> {
        let counts = [("subseed", self.seeds.len()), ("subseed_strength", self.strengths.len())];
        for (field, count) in counts {
            if count != images {
                let message = format!("{count} do not go with {images} pictures; give {images}");
                return Err(ConfigError::one(field, message));
            }
        }
        // Written so that NaN is out of range too.
        let stray = self.strengths.iter().find(|strength| !(0.0..=1.0).contains(*strength));
        stray.map_or(Ok(()), |strength| {
            let message = format!("{strength} is out of range; give 0 to 1");
            Err(ConfigError::one("subseed_strength", message))
        })
    }

    /// What pictures with these `seeds` begin as: (seeds, channels, height, width).
    pub(super) fn noise(
        &self,
        seeds: &[u64],
        shape: (usize, usize, usize),
        device: &Device,
    ) -> Result<Tensor> {
        let (channels, height, width) = shape;
        let draw = |seed: u64| gaussian(seed, Stream::Start, 0, channels * height * width);
        let pairs = seeds.iter().zip(&self.seeds).zip(&self.strengths);
        let numbers: Vec<f32> = pairs
            .flat_map(|((&own, &other), &strength)| slerp(strength, &draw(own), &draw(other)))
            .collect();
        Ok(Tensor::from_vec(numbers, (seeds.len(), channels, height, width), device)?)
    }
}

/// Cosine of the angle from which on two directions count as one.
const PARALLEL: f64 = 0.9995;

/// Spherical interpolation (Shoemake 1985): a sum of Gaussians that stays one on the whole way,
/// which a straight mix would not.
fn slerp(strength: f64, from: &[f32], to: &[f32]) -> Vec<f32> {
    let cosine = dot(from, to) / (dot(from, from) * dot(to, to)).sqrt();
    // NaN, of a noise of zeros alone, goes straight too.
    let (own, other) = if cosine.abs() <= PARALLEL {
        let angle = cosine.acos();
        (((1.0 - strength) * angle).sin() / angle.sin(), (strength * angle).sin() / angle.sin())
    } else {
        (1.0 - strength, strength)
    };
    let mix = |(a, b): (&f32, &f32)| (own * f64::from(*a) + other * f64::from(*b)) as f32;
    from.iter().zip(to).map(mix).collect()
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_is_an_arc_from_one_noise_to_the_other() {
        let [from, to] = [1, 2].map(|seed| gaussian(seed, Stream::Start, 0, 3 * 64));
        assert_eq!(slerp(0.0, &from, &to), from);
        assert_eq!(slerp(1.0, &from, &to), to);
        let half = slerp(0.5, &from, &to);
        let (whole, ends) = (dot(&half, &half), (dot(&from, &from) + dot(&to, &to)) / 2.0);
        assert!((whole / ends - 1.0).abs() < 0.05, "{whole} of {ends}");
        let cosine = |a: &[f32], b: &[f32]| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
        assert!(cosine(&half, &from) > 0.6 && cosine(&half, &to) > 0.6);
    }

    #[test]
    fn parallel_noises_are_mixed_straight() {
        let from = [1.0, -2.0, 0.5];
        let twice = from.map(|x| 2.0 * x);
        assert_eq!(slerp(0.5, &from, &twice), [1.5, -3.0, 0.75]);
        assert_eq!(slerp(0.5, &[0.0], &[0.0]), [0.0]);
    }

    #[test]
    fn every_picture_needs_its_own() {
        let two = Variation { seeds: vec![1, 2], strengths: vec![0.1, f64::NAN] };
        assert!(two.check(3).unwrap_err().for_field("subseed").unwrap().contains("give 3"));
        assert!(two.check(2).unwrap_err().for_field("subseed_strength").is_some());
        assert_eq!(Variation { strengths: vec![0.0, 1.0], ..two }.check(2), Ok(()));
    }
}
