//! The distance between two sets by a kernel, which asks for no Gaussian and no thousands of pictures.

use super::features::{Features, dot};
use crate::Result;

/// The squared maximum mean discrepancy of two sets under (x · y / length + 1)³, without bias: the
/// kernel distance of Bińkowski et al. 2018 (arXiv 1801.01401), called KID where the features are
/// Inception's. About zero, also a little below, for two sets of one distribution.
///
/// Errors if the vectors differ in length or a set has fewer than two.
pub fn kernel_distance(a: &Features, b: &Features) -> Result<f64> {
    a.check_pair(b, 2)?;
    Ok(within(a) + within(b) - 2.0 * between(a, b))
}

fn kernel(x: &[f64], y: &[f64]) -> f64 {
    (dot(x, y) / x.len() as f64 + 1.0).powi(3)
}

/// The mean over all pairs of different pictures.
fn within(features: &Features) -> f64 {
    let count = features.count();
    let row = |(at, x)| -> f64 { features.vectors().take(at).map(|y| kernel(x, y)).sum() };
    let sum: f64 = features.vectors().enumerate().map(row).sum();
    2.0 * sum / (count * (count - 1)) as f64
}

/// The mean over all pairs of one picture from each set.
fn between(a: &Features, b: &Features) -> f64 {
    let row = |x| -> f64 { b.vectors().map(|y| kernel(x, y)).sum() };
    a.vectors().map(row).sum::<f64>() / (a.count() * b.count()) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, gaussian};

    #[test]
    fn a_case_by_hand() {
        let a = Features::new(vec![0.0, 1.0], 1).unwrap();
        let b = Features::new(vec![1.0, 2.0], 1).unwrap();
        // Within a: (0 + 1)³ = 1; within b: 3³ = 27; between: 1, 1, 2³ and 3³, 37 / 4 on average.
        assert!((kernel_distance(&a, &b).unwrap() - (1.0 + 27.0 - 18.5)).abs() < 1e-12);
    }

    #[test]
    fn sets_of_one_distribution_are_near_and_others_far() {
        let set = |seed, shift: f64| {
            let numbers = gaussian(seed, Stream::Start, 0, 4000);
            Features::new(numbers.into_iter().map(|x| f64::from(x) + shift).collect(), 8).unwrap()
        };
        let near = kernel_distance(&set(1, 0.0), &set(2, 0.0)).unwrap();
        let far = kernel_distance(&set(1, 0.0), &set(2, 0.5)).unwrap();
        assert!(near.abs() < 0.02 && far > 0.3, "{near} {far}");
    }
}
