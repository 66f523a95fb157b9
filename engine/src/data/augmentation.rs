//! One image as training sees it: mirrored, turned, warped, cropped, coloured and cut out at random.

use rand::Rng;

use super::cutout::{Cutout, CutoutLabel};
use super::warp::{Warp, WarpLabel};
use super::{ColourJitter, Crop, Symmetry};
use crate::config::DatasetParams;
use crate::grid::Picture;
use crate::noise::{Stream, generator};

/// An image that was changed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Augmented {
    /// (channel, row, column)
    pub planes: Vec<u8>,
    /// How it is laid, if that is all that was changed in it.
    pub laid: Option<Symmetry>,
    /// What the network is told of how it was warped.
    pub label: WarpLabel,
    /// And of what was cut out of it.
    pub cutout: CutoutLabel,
}

/// The planes of an image (channel, row, column), changed as `params` allow.
pub(crate) fn augmented(
    params: &DatasetParams,
    planes: &[u8],
    (width, height): (usize, usize),
    random: &mut impl Rng,
) -> Augmented {
    let DatasetParams { flip, rotate, crop, colour_jitter, augment_probability, cutout, .. } =
        *params;
    let symmetry = Symmetry::draw(random, flip, rotate);
    let mut planes: Vec<u8> = symmetry.lay(planes, width, height).collect();
    let warp = match augment_probability > 0.0 {
        true => Warp::draw(random, augment_probability),
        false => Warp::default(),
    };
    if !warp.changes_nothing() {
        planes = warp.lay(&planes, width, height);
    }
    if crop > 0.0 {
        planes = Crop::draw(random, crop).lay(&planes, width, height);
    }
    if colour_jitter > 0.0 {
        let channels = planes.len() / (width * height);
        ColourJitter::draw(random, colour_jitter).apply(&mut planes, channels);
    }
    let cutout = match cutout > 0.0 {
        true => Cutout::draw(random, cutout),
        false => Cutout::default(),
    };
    cutout.apply(&mut planes, width, height);
    let untouched = warp.changes_nothing() && cutout.changes_nothing();
    let only_laid = untouched && crop == 0.0 && colour_jitter == 0.0;
    Augmented {
        planes,
        laid: only_laid.then_some(symmetry),
        label: warp.label(),
        cutout: cutout.label(),
    }
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
        let changed = augmented(params, &planes, size, &mut random);
        Picture::from_planes(width, height, channels, &changed.planes)
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

    #[test]
    fn a_quarter_of_a_variant_at_most_is_cut_out() {
        let picture = Picture { width: 8, height: 8, channels: 1, pixels: vec![0; 64] };
        let cut = variants(&params(|p| p.cutout = 1.0), &picture, 12, 1);
        let gray = |picture: &Picture| picture.pixels.iter().filter(|&&pixel| pixel > 0).count();
        assert!(cut[1..].iter().all(|variant| (1..=16).contains(&gray(variant))));
    }

    #[test]
    fn warped_variants_follow_from_the_seed() {
        let pixels = (0..256).map(|at| (at % 251) as u8).collect();
        let picture = Picture { width: 16, height: 16, channels: 1, pixels };
        let warped = |seed| variants(&params(|p| p.augment_probability = 0.5), &picture, 12, seed);
        assert_eq!(warped(3), warped(3));
        assert_ne!(warped(3), warped(4));
        let changed = warped(3).iter().filter(|variant| **variant != picture).count();
        assert!((6..=12).contains(&changed), "{changed} of 12");
    }
}
