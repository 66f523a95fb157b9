//! Whether pictures look real, and whether all that is real appears among them.

use super::features::{Features, square_distance};
use crate::Result;

/// Shares from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrecisionRecall {
    /// Of the generated pictures, those that lie among the real ones.
    pub precision: f64,
    /// Of the real pictures, those that lie among the generated ones.
    pub recall: f64,
}

/// The neighbour that sets the size of a picture's surroundings.
const NEIGHBOUR: usize = 3;

/// Kynkäänniemi et al. 2019 (arXiv 1904.06991): a picture lies among a set if it is no farther from
/// one of its pictures than that one's third nearest neighbour in the set.
///
/// Errors if the vectors differ in length or a set has fewer than four.
pub fn precision_recall(real: &Features, generated: &Features) -> Result<PrecisionRecall> {
    real.check_pair(generated, NEIGHBOUR + 1)?;
    Ok(PrecisionRecall {
        precision: share_among(generated, real),
        recall: share_among(real, generated),
    })
}

fn share_among(pictures: &Features, set: &Features) -> f64 {
    let reach = reach(set);
    let is_among = |x: &&[f64]| {
        set.vectors().zip(&reach).any(|(centre, reach)| square_distance(x, centre) <= *reach)
    };
    pictures.vectors().filter(is_among).count() as f64 / pictures.count() as f64
}

/// The squared distance of each picture to its third nearest other one.
fn reach(set: &Features) -> Vec<f64> {
    let of = |x: &[f64]| {
        let mut distances: Vec<f64> = set.vectors().map(|y| square_distance(x, y)).collect();
        // The picture itself is the nearest of all.
        *distances.select_nth_unstable_by(NEIGHBOUR, f64::total_cmp).1
    };
    set.vectors().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(numbers: &[f64]) -> Features {
        Features::new(numbers.to_vec(), 1).unwrap()
    }

    #[test]
    fn a_case_by_hand() {
        let real = line(&[0.0, 1.0, 2.0, 3.0, 20.0]);
        assert_eq!(reach(&real), [9.0, 4.0, 4.0, 9.0, 361.0]);
        // The lonely one at 20 reaches from 1 to 39: only -4 and 40 lie outside everything.
        let generated = line(&[0.5, -4.0, 6.0, 40.0]);
        let shares = precision_recall(&real, &generated).unwrap();
        assert_eq!(shares.precision, 0.5);
        // 0.5 reaches 39.5 far, so all that is real lies among what was generated.
        assert_eq!(shares.recall, 1.0);
    }

    #[test]
    fn few_modes_are_precise_and_miss_the_rest() {
        let around = |centres: &[f64]| {
            let near = |&centre: &f64| [0.0, 0.1, 0.2, 0.3, 0.4].map(|at| centre + at);
            line(&centres.iter().flat_map(near).collect::<Vec<_>>())
        };
        let shares = precision_recall(&around(&[0.0, 5.0, 10.0, 15.0]), &around(&[5.0])).unwrap();
        assert_eq!((shares.precision, shares.recall), (1.0, 0.25));
    }
}
