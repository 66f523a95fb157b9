//! The distance between two sets as if each were a Gaussian.

use super::features::{Features, square_distance};
use super::matrix::Matrix;
use crate::Result;

/// |mean_a - mean_b|² + tr(C_a + C_b - 2 (C_a C_b)^½), which is zero or above: the Fréchet distance of
/// Heusel et al. 2017 (arXiv 1706.08500), called FID where the features are Inception's. It falls
/// with the number of pictures, so compare only what was taken from equally many.
///
/// Errors if the vectors differ in length or a set has fewer than two.
pub fn frechet_distance(a: &Features, b: &Features) -> Result<f64> {
    a.check_pair(b, 2)?;
    let means = square_distance(&a.mean(), &b.mean());
    let (first, second) = (covariance(a), covariance(b));
    // C_a C_b has the eigenvalues of the symmetric matrix Lᵀ C_b L, where L Lᵀ = C_a.
    let factor = first.factor();
    let values = factor.transposed().times(&second).times(&factor).eigenvalues();
    let shared: f64 = values.iter().map(|value| value.max(0.0).sqrt()).sum();
    Ok((means + first.trace() + second.trace() - 2.0 * shared).max(0.0))
}

/// The unbiased covariance: (length, length).
fn covariance(features: &Features) -> Matrix {
    let (mean, length) = (features.mean(), features.length());
    let off = |vector: &[f64]| vector.iter().zip(&mean).map(|(x, mean)| x - mean).collect();
    let off: Vec<Vec<f64>> = features.vectors().map(off).collect();
    let weight = 1.0 / (features.count() - 1) as f64;
    Matrix::from_rows(length, |row| {
        let mut sums = vec![0.0; length];
        for vector in &off {
            let factor = weight * vector[row];
            sums.iter_mut().zip(vector).for_each(|(sum, x)| *sum += factor * x);
        }
        sums
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, gaussian};

    fn close(a: f64, b: f64) -> bool {
        (a - b).abs() < 1e-9
    }

    #[test]
    fn along_one_axis_it_is_the_distance_of_means_and_deviations() {
        let a = Features::new(vec![-1.0, 1.0, 0.0, 0.0], 1).unwrap();
        let b = Features::new(vec![1.0, 7.0, 4.0, 4.0], 1).unwrap();
        // Means 0 and 4, variances 2/3 and 6: 4² + (√6 - √⅔)².
        let wanted = 16.0 + (6f64.sqrt() - (2f64 / 3.0).sqrt()).powi(2);
        assert!(close(frechet_distance(&a, &b).unwrap(), wanted));
    }

    #[test]
    fn a_set_is_no_distance_from_itself_and_a_shift_is_its_square() {
        let numbers: Vec<f64> =
            gaussian(1, Stream::Start, 0, 300).into_iter().map(f64::from).collect();
        let a = Features::new(numbers.clone(), 6).unwrap();
        assert!(frechet_distance(&a, &a).unwrap() < 1e-9);
        let shifted = Features::new(numbers.iter().map(|x| x + 0.5).collect(), 6).unwrap();
        assert!(close(frechet_distance(&a, &shifted).unwrap(), 6.0 * 0.25));
        let wider = Features::new(numbers.iter().map(|x| x * 3.0).collect(), 6).unwrap();
        let (means, spread) = (4.0 * a.mean().iter().map(|x| x * x).sum::<f64>(), covariance(&a));
        // C and 9 C share their eigenvectors: tr(C + 9 C - 2 · 3 C) = 4 tr(C).
        assert!(close(frechet_distance(&a, &wider).unwrap(), means + 4.0 * spread.trace()));
    }
}
