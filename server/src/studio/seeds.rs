//! Which picture of a job has which seed.

use std::ops::Range;

use engine::config::GenerateSettings;
use engine::sampler::Variation;

/// The seeds of a job's pictures, as A1111 counts them: pictures without a second seed have one each,
/// counting up; with one they share the first, and the second counts up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seeds {
    first: i64,
    second: i64,
    /// How far the noise goes toward the second seed's, 0 to 1.
    strength: f64,
}

impl Seeds {
    /// Both seeds of `settings` must have been drawn.
    pub fn of(settings: &GenerateSettings) -> Self {
        let GenerateSettings { seed, subseed, subseed_strength, .. } = *settings;
        Self { first: seed, second: subseed, strength: subseed_strength }
    }

    /// The seed of picture `index` of the job.
    pub fn of_picture(self, index: usize) -> i64 {
        if self.strength > 0.0 { self.first } else { counted(self.first, index) }
    }

    pub fn own(self, places: Range<usize>) -> Vec<u64> {
        places.map(|place| self.of_picture(place) as u64).collect()
    }

    /// The second seeds, if there are any.
    pub fn variation(self, places: Range<usize>) -> Option<Variation> {
        (self.strength > 0.0).then(|| Variation {
            strengths: vec![self.strength; places.len()],
            seeds: places.map(|place| counted(self.second, place) as u64).collect(),
        })
    }

    /// What the text of picture `index` says of its second seed.
    pub fn details(self, index: usize) -> Vec<(&'static str, String)> {
        if self.strength == 0.0 {
            return Vec::new();
        }
        vec![
            ("Variation seed", counted(self.second, index).to_string()),
            ("Variation seed strength", self.strength.to_string()),
        ]
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
        assert_eq!(super::Seeds { strength: 0.0, ..seeds }.variation(0..1), None);
    }
}
