//! Which picture of a job has which seed.

use std::ops::Range;

use engine::config::GenerateSettings;
use engine::sampler::Variation;

/// The seeds of a job's pictures, as A1111 counts them: pictures without a second seed have one each,
/// counting up; with one they share the first, and the second counts up. On a walk they share both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seeds {
    first: i64,
    second: i64,
    toward: Toward,
    /// Pixels of the noise that is laid into the middle of a picture of another size.
    resized_from: Option<(usize, usize)>,
}

/// How far the noise goes toward the second seed's.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Toward {
    /// 0 for not at all, to 1.
    Strength(f64),
    /// From the one to the other within so many pictures, at least two.
    Walk(usize),
}

impl Seeds {
    /// Both seeds of `settings` must have been drawn.
    pub fn of(settings: &GenerateSettings) -> Self {
        let toward = match settings.walk_frames {
            0 => Toward::Strength(settings.subseed_strength),
            frames => Toward::Walk(frames),
        };
        let resized_from = settings.seed_size();
        Self { first: settings.seed, second: settings.subseed, toward, resized_from }
    }

    /// The seed of picture `index` of the job.
    pub fn of_picture(self, index: usize) -> i64 {
        match self.toward {
            Toward::Strength(0.0) => counted(self.first, index),
            _ => self.first,
        }
    }

    pub fn own(self, places: Range<usize>) -> Vec<u64> {
        places.map(|place| self.of_picture(place) as u64).collect()
    }

    /// The second seeds, if there are any.
    pub fn variation(self, places: Range<usize>) -> Option<Variation> {
        (self.toward != Toward::Strength(0.0)).then(|| Variation {
            seeds: places.clone().map(|place| self.second_of(place) as u64).collect(),
            strengths: places.map(|place| self.strength_of(place)).collect(),
        })
    }

    /// Width and height of the noise that is laid into the middle, if it has a size of its own.
    pub fn resized_from(self) -> Option<(usize, usize)> {
        self.resized_from
    }

    /// What the text of picture `index` says of its second seed, and of the size its seed is from.
    pub fn details(self, index: usize) -> Vec<(&'static str, String)> {
        let mut details = Vec::new();
        if self.toward != Toward::Strength(0.0) {
            details.push(("Variation seed", self.second_of(index).to_string()));
            details.push(("Variation seed strength", self.strength_of(index).to_string()));
        }
        let size = self.resized_from.map(|(width, height)| format!("{width}x{height}"));
        details.extend(size.map(|size| ("Seed resize from", size)));
        details
    }

    fn second_of(self, index: usize) -> i64 {
        match self.toward {
            Toward::Strength(_) => counted(self.second, index),
            Toward::Walk(_) => self.second,
        }
    }

    fn strength_of(self, index: usize) -> f64 {
        match self.toward {
            Toward::Strength(strength) => strength,
            Toward::Walk(frames) => index as f64 / (frames - 1) as f64,
        }
    }
}

/// After the highest seed comes 0, so each can be typed again.
fn counted(first: i64, index: usize) -> i64 {
    (first + index as i64) % (GenerateSettings::MAX_SEED + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(seed: i64, subseed: i64, subseed_strength: f64) -> Seeds {
        Seeds::of(&GenerateSettings { seed, subseed, subseed_strength, ..Default::default() })
    }

    #[test]
    fn seeds_count_up_and_wrap_within_what_a_person_can_type() {
        assert_eq!(seeds(7, 0, 0.0).own(3..5), [10, 11]);
        assert_eq!(seeds(GenerateSettings::MAX_SEED, 0, 0.0).own(1..2), [0]);
    }

    #[test]
    fn with_a_second_seed_it_is_that_one_that_counts() {
        let seeds = seeds(7, 20, 0.25);
        assert_eq!(seeds.own(1..3), [7, 7]);
        let variation = seeds.variation(1..3).unwrap();
        assert_eq!((variation.seeds, variation.strengths), (vec![21, 22], vec![0.25, 0.25]));
        assert_eq!(seeds.details(2)[0], ("Variation seed", "22".into()));
        let resized = Seeds { resized_from: Some((28, 32)), ..seeds };
        assert_eq!(resized.details(2)[2], ("Seed resize from", "28x32".into()));
        let without = Seeds { toward: Toward::Strength(0.0), ..seeds };
        assert_eq!(without.variation(0..1), None);
    }

    #[test]
    fn a_walk_goes_from_the_one_seed_to_the_other() {
        let walk = GenerateSettings { seed: 7, subseed: 20, walk_frames: 5, ..Default::default() };
        let seeds = Seeds::of(&walk);
        assert_eq!(seeds.own(0..2), [7, 7]);
        let variation = seeds.variation(0..5).unwrap();
        assert_eq!(variation.seeds, [20; 5]);
        assert_eq!(variation.strengths, [0.0, 0.25, 0.5, 0.75, 1.0]);
    }
}
