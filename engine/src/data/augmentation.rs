//! One image as training sees it: mirrored, turned, cropped and coloured at random.

use rand::Rng;

use super::{ColourJitter, Crop, Symmetry};
use crate::config::DatasetParams;
use crate::grid::Picture;
use crate::noise::{Stream, generator};

/// The planes of an image (channel, row, column), changed as `params` allow, and how they are laid.
pub(crate) fn augmented(
    params: &DatasetParams,
    planes: &[u8],
    (width, height): (usize, usize),
    random: &mut impl Rng,
) -> (Symmetry, Vec<u8>) {
    let DatasetParams { flip, rotate, crop, colour_jitter, .. } = *params;
    let symmetry = Symmetry::draw(random, flip, rotate);
    let mut planes: Vec<u8> = symmetry.lay(planes, width, height).collect();
    if crop > 0.0 {
        planes = Crop::draw(random, crop).lay(&planes, width, height);
    }
    if colour_jitter > 0.0 {
        let channels = planes.len() / (width * height);
        ColourJitter::draw(random, colour_jitter).apply(&mut planes, channels);
    }
    (symmetry, planes)
}

/// `picture` itself, and then `count` of what training may see of it. A picture that may be turned
/// must be square.
pub fn variants(
    params: &DatasetParams,
    picture: &Picture,
    count: usize,
    seed: u64,
) -> Vec<Picture> {
    let Picture { width, height, channels, .. } = *picture;
    let planes = picture.planes();
    let mut random = generator(seed, Stream::Augment, 0);
    let mut variant = || {
        let size = (width as usize, height as usize);
        let (_, planes) = augmented(params, &planes, size, &mut random);
        Picture::from_planes(width, height, channels, &planes)
    };
    let variants: Vec<Picture> = (0..count).map(|_| variant()).collect();
    std::iter::once(picture.clone()).chain(variants).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flip, RunConfig};

    fn params(change: impl FnOnce(&mut DatasetParams)) -> DatasetParams {
        let mut params = RunConfig::default().dataset_params;
        change(&mut params);
        params
    }

    #[test]
    fn variants_show_what_is_allowed_and_nothing_else() {
        let pixels = (0..12).collect();
        let picture = Picture { width: 2, height: 2, channels: 3, pixels };
        let still = variants(&params(|_| {}), &picture, 3, 1);
        assert_eq!(still, vec![picture.clone(); 4]);
        let mirrored = Picture { pixels: vec![3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8], ..picture };
        let flipped = variants(&params(|p| p.flip = Flip::Horizontal), &mirrored, 40, 1);
        let others = flipped.iter().filter(|variant| **variant != mirrored).count();
        assert!((5..36).contains(&others), "{others} of 40 are mirrored");
        let jittered = variants(&params(|p| p.colour_jitter = 0.5), &mirrored, 2, 1);
        assert!(jittered[1] != mirrored && jittered[1] != jittered[2]);
        assert_eq!(variants(&params(|p| p.colour_jitter = 0.5), &mirrored, 2, 1), jittered);
    }
}
