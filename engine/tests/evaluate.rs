//! Pictures judged by what a network makes of them.

use candle_core::Device;
use engine::config::RunConfig;
use engine::data::{ImageSet, LoadOptions, Source};
use engine::evaluate::{
    Classifier, Features, Score, WIDTH, frechet_distance, kernel_distance, precision_recall,
};
use engine::grid::Picture;
use engine::model::Model;
use engine::unet::{UNet, Weights};
use engine::{CancelToken, Error};

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

/// Digits small enough to be learned in a test.
fn small_digits(count: usize) -> ImageSet {
    let options = LoadOptions { size: Some((16, 16)), channels: 1, background: [0; 3] };
    let all = Source::Digits.load(&options, &CancelToken::new()).unwrap();
    all.subset(&(0..count).collect::<Vec<_>>())
}

fn learned(data: &ImageSet, seed: u64) -> Classifier {
    Classifier::learn(data, seed, &Device::Cpu, &CancelToken::new(), &mut |_, _| Ok(())).unwrap()
}

#[test]
fn a_classifier_learns_digits_and_tells_them_from_noise() {
    let all = small_digits(2000);
    let classifier = learned(&all.subset(&(0..1600).collect::<Vec<_>>()), 0);
    let Score { right, of } = classifier.score();
    assert_eq!(of, 160);
    assert!(right >= 144, "{right} of {of} held-out digits");
    let words = classifier.words();
    let share = format!("{:.1} % of 160 held-out images right", right as f64 / 1.6);
    assert_eq!(words, format!("a classifier of 10 classes ({share})"));

    let features = |pictures: Vec<Picture>| {
        Features::of_classifier(&classifier, &pictures, &CancelToken::new()).unwrap()
    };
    let digits = |from: usize| features((from..from + 200).map(|at| all.picture(at)).collect());
    let blurred = |at: usize| {
        let picture = all.picture(at);
        let mean = |at: usize| ((u16::from(picture.pixels[at]) + 60) / 2) as u8;
        Picture { pixels: (0..picture.pixels.len()).map(mean).collect(), ..picture }
    };
    // Digits that it has never seen, beside those that it learned.
    let (seen, unseen) = (digits(0), digits(1600));
    assert_eq!((seen.count(), seen.length()), (200, WIDTH));
    let pale = features((1600..1800).map(blurred).collect());
    let (near, far) =
        (frechet_distance(&seen, &unseen).unwrap(), frechet_distance(&seen, &pale).unwrap());
    assert!(near < 0.3 * far, "{near} {far}");
}

/// Two classes of 8x8 images that a glance tells apart.
fn bars() -> ImageSet {
    let image = |at: usize| {
        (0..64).map(move |pixel| {
            let along = if at.is_multiple_of(2) { pixel % 8 } else { pixel / 8 };
            if (along + at) % 8 < 4 { 220 } else { 30 }
        })
    };
    ImageSet {
        width: 8,
        height: 8,
        channels: 1,
        pixels: (0..40).flat_map(image).collect(),
        labels: (0..40).map(|at| at % 2).collect(),
        classes: vec!["upright".into(), "lying".into()],
    }
}

#[test]
fn the_same_images_and_seed_give_the_same_classifier() {
    let data = bars();
    let bytes = |seed| learned(&data, seed).to_bytes().unwrap();
    let first = bytes(1);
    assert!(first == bytes(1) && first != bytes(2));
    let key = Classifier::key(&data, 1);
    let renamed = ImageSet { classes: vec!["a".into(), "b".into()], ..data.clone() };
    assert_eq!(key, Classifier::key(&renamed, 1));
    let mut other = data.clone();
    other.labels.swap(0, 1);
    assert!(key != Classifier::key(&other, 1) && key != Classifier::key(&data, 2));
}

#[test]
fn a_classifier_out_of_a_file_sees_the_same() {
    let classifier = learned(&bars(), 1);
    let bytes = classifier.to_bytes().unwrap();
    let again = Classifier::from_bytes(&bytes, &Device::Cpu).unwrap();
    assert_eq!(again.words(), classifier.words());
    let picture = [Picture { width: 9, height: 5, channels: 3, pixels: (0..135).collect() }];
    let features = |of: &Classifier| of.features(&picture, &CancelToken::new()).unwrap();
    assert_eq!(features(&again), features(&classifier));
    let mut broken = bytes.clone();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    for broken in [&broken[..], &bytes[..100], b"pickle"] {
        assert!(Classifier::from_bytes(broken, &Device::Cpu).is_err());
    }
}

#[test]
fn learning_to_classify_can_be_cancelled() {
    let (cancel, mut done) = (CancelToken::new(), 0);
    let learned = Classifier::learn(&bars(), 1, &Device::Cpu, &cancel, &mut |step, _| {
        done = step;
        if step == 3 {
            cancel.cancel();
        }
        Ok(())
    });
    assert!(matches!(learned, Err(Error::Cancelled)));
    assert_eq!(done, 3);
}
