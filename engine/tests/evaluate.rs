//! Pictures judged by what a network makes of them.

use candle_core::Device;
use engine::CancelToken;
use engine::config::RunConfig;
use engine::data::Source;
use engine::evaluate::{Features, frechet_distance, kernel_distance, precision_recall};
use engine::grid::Picture;
use engine::model::Model;
use engine::unet::{UNet, Weights};

/// A small network with fresh weights: even those tell digits from textures.
fn judge() -> Model {
    let config = RunConfig::preset("small").unwrap();
    let (_, vars) = UNet::fresh(&config.model_params, 1, &Device::Cpu).unwrap();
    let weights: Weights =
        vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect();
    Model::from_weights(config, &weights, &Device::Cpu).unwrap()
}

fn features(source: &Source, from: usize) -> Features {
    let picture = |at| {
        let picture = source.picture(at, 28, [0; 3]).unwrap();
        let gray = picture.pixels.chunks_exact(usize::from(picture.channels)).map(|pixel| pixel[0]);
        Picture { channels: 1, pixels: gray.collect(), ..picture }
    };
    let pictures: Vec<Picture> = (from..from + 100).map(picture).collect();
    Features::of(&judge(), &pictures, &CancelToken::new()).unwrap()
}

#[test]
fn digits_are_nearer_to_digits_than_to_textures() {
    let digits = features(&Source::Digits, 0);
    let (same, other) = (features(&Source::Digits, 500), features(&Source::Textures, 0));
    assert_eq!((digits.count(), digits.length()), (100, 64));
    for distance in [frechet_distance, kernel_distance] {
        let (near, far) = (distance(&digits, &same).unwrap(), distance(&digits, &other).unwrap());
        assert!(near.abs() < 0.3 * far, "{near} {far}");
    }
    let (near, far) =
        (precision_recall(&digits, &same).unwrap(), precision_recall(&digits, &other).unwrap());
    assert!(near.precision > 0.5 && near.recall > 0.5, "{near:?}");
    // Textures differ so much that the surroundings of a few hold some digits.
    assert!(far.precision < 0.1 && far.recall < 0.5 * near.recall, "{near:?} {far:?}");
}

#[test]
fn a_picture_the_judge_cannot_see_is_named() {
    let small = Picture { width: 8, height: 8, channels: 1, pixels: vec![0; 64] };
    let error = Features::of(&judge(), &[small], &CancelToken::new()).unwrap_err().to_string();
    assert_eq!(error, "picture 0 is 8x8 with 1 channels; the judge takes 28x28 with 1");
}
