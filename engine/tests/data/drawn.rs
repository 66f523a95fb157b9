//! The sets that the program draws itself.

use engine::CancelToken;
use engine::data::{Source, built_in};

use crate::files::*;

#[test]
fn drawn_sets_are_the_same_every_time_and_have_all_classes() {
    for (name, channels, classes) in [("digits", 1, 10), ("textures", 3, 10)] {
        let source = built_in(name).unwrap();
        let set = load(&source, &options(None, channels));
        assert_eq!((set.width, set.height, set.classes.len()), (28, 28, classes), "{name}");
        for index in [0, 1, 77, set.len() - 1] {
            assert_eq!(set.picture(index), source.picture(index, 28, [0; 3]).unwrap());
        }
        assert_ne!(set.image(0), set.image(classes), "two images of one class differ");
        let survey = source.survey(&CancelToken::new()).unwrap();
        assert_eq!((survey.count, survey.channels), (set.len() as u64, channels));
        assert!(survey.classes.iter().all(|(_, count)| *count == survey.count / classes as u64));
        assert_eq!(source.entries().unwrap().len(), set.len());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(pool.install(|| load(&source, &options(None, channels))), set);
    }
    assert_eq!(built_in("letters"), None);
}

#[test]
fn digits_are_told_apart_by_their_shape() {
    // The nearest mean of each class names most digits: the classes are not alike, nor mixed up.
    let set = load(&Source::Digits, &options(None, 1));
    let mut means = vec![vec![0.0f32; 784]; 10];
    for index in 1000..set.len() {
        let mean = &mut means[set.labels[index] as usize];
        mean.iter_mut().zip(set.image(index)).for_each(|(m, &p)| *m += f32::from(p) / 900.0);
    }
    let distance = |mean: &[f32], image: &[u8]| -> f32 {
        mean.iter().zip(image).map(|(m, &p)| (m - f32::from(p)).powi(2)).sum()
    };
    let nearest = |index: usize| {
        let of = |class: &usize| distance(&means[*class], set.image(index));
        (0..10usize).min_by(|a, b| of(a).total_cmp(&of(b))).unwrap()
    };
    let right = (0..1000).filter(|&index| nearest(index) as u32 == set.labels[index]).count();
    assert!(right > 700, "{right} of 1000");
}
