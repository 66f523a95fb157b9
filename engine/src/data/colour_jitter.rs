//! Images a little brighter or darker, harder or softer, more or less colourful.

use rand::Rng;

/// What an image's brightness, contrast and saturation are multiplied by, in this order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ColourJitter {
    pub brightness: f32,
    pub contrast: f32,
    pub saturation: f32,
}

impl ColourJitter {
    /// Factors from 1 - `strength` to 1 + `strength`, `strength` in [0, 1].
    pub fn draw(random: &mut impl Rng, strength: f64) -> Self {
        let mut factor = || (1.0 + strength * (2.0 * random.random::<f64>() - 1.0)) as f32;
        Self { brightness: factor(), contrast: factor(), saturation: factor() }
    }

    /// Changes the planes of an image with `channels` of them; one that is gray has no saturation.
    pub fn apply(self, planes: &mut [u8], channels: usize) {
        let area = planes.len() / channels;
        let mut image: Vec<f32> =
            planes.iter().map(|&byte| f32::from(byte) * self.brightness).collect();
        let mean = image.iter().sum::<f32>() / image.len() as f32;
        image.iter_mut().for_each(|x| *x = mean + (*x - mean) * self.contrast);
        if channels == 3 {
            self.saturate(&mut image, area);
        }
        for (byte, x) in planes.iter_mut().zip(image) {
            *byte = x.round().clamp(0.0, 255.0) as u8;
        }
    }

    fn saturate(self, image: &mut [f32], area: usize) {
        for at in 0..area {
            let places = [at, at + area, at + 2 * area];
            let gray = places.iter().map(|&place| image[place]).sum::<f32>() / 3.0;
            places.iter().for_each(|&place| {
                image[place] = gray + (image[place] - gray) * self.saturation;
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, generator};

    const NONE: ColourJitter = ColourJitter { brightness: 1.0, contrast: 1.0, saturation: 1.0 };

    fn changed(jitter: ColourJitter, planes: &[u8], channels: usize) -> Vec<u8> {
        let mut planes = planes.to_vec();
        jitter.apply(&mut planes, channels);
        planes
    }

    #[test]
    fn each_factor_does_what_it_says() {
        let planes = [10, 200, 40, 100, 70, 30];
        assert_eq!(changed(NONE, &planes, 3), planes);
        let bright = ColourJitter { brightness: 1.5, ..NONE };
        assert_eq!(changed(bright, &planes, 1), [15, 255, 60, 150, 105, 45]);
        let hard = ColourJitter { contrast: 2.0, ..NONE };
        assert_eq!(changed(hard, &[100, 120, 140], 1), [80, 120, 160]);
        let gray = ColourJitter { saturation: 0.0, ..NONE };
        assert_eq!(changed(gray, &planes, 3), [40, 110, 40, 110, 40, 110]);
    }

    #[test]
    fn factors_lie_as_far_from_one_as_asked() {
        let mut random = generator(1, Stream::Augment, 1);
        let factors: Vec<f32> =
            (0..300).map(|_| ColourJitter::draw(&mut random, 0.3).contrast).collect();
        let (least, most) = (0.7 - 1e-6, 1.3 + 1e-6);
        assert!(factors.iter().all(|factor| (least..=most).contains(factor)));
        assert!(factors.iter().any(|&f| f < 0.75) && factors.iter().any(|&f| f > 1.25));
    }
}
