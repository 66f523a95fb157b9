//! The distance between two sets as if each were a Gaussian.

use rayon::prelude::*;

use super::features::{Features, dot, square_distance};
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
    let (first, second) = (Spread::of(a), Spread::of(b));
    // Both give the same; the smaller matrix is sooner done.
    let values = match first.0.len().min(second.0.len()) < a.length() {
        true => shared_by_pictures(&first, &second),
        false => shared_by_features(&first, &second, a.length()),
    };
    let shared: f64 = values.iter().map(|value| value.max(0.0).sqrt()).sum();
    Ok((means + first.variance() + second.variance() - 2.0 * shared).max(0.0))
}

/// Vectors less their mean, over the root of their number less one: a set X with X Xᵀ = C.
struct Spread(Vec<Vec<f64>>);

impl Spread {
    fn of(features: &Features) -> Self {
        let mean = features.mean();
        let scale = 1.0 / ((features.count() - 1) as f64).sqrt();
        let off =
            |vector: &[f64]| vector.iter().zip(&mean).map(|(x, mean)| (x - mean) * scale).collect();
        Self(features.vectors().map(off).collect())
    }

    /// tr(C)
    fn variance(&self) -> f64 {
        self.0.iter().map(|vector| dot(vector, vector)).sum()
    }

    /// The unbiased covariance: (length, length).
    fn covariance(&self, length: usize) -> Matrix {
        Matrix::from_rows(length, |row| {
            let mut sums = vec![0.0; length];
            for vector in &self.0 {
                let factor = vector[row];
                sums.iter_mut().zip(vector).for_each(|(sum, x)| *sum += factor * x);
            }
            sums
        })
    }
}

/// The eigenvalues of C_a C_b, which are those of the symmetric matrix Lᵀ C_b L, where L Lᵀ = C_a.
fn shared_by_features(a: &Spread, b: &Spread, length: usize) -> Vec<f64> {
    let factor = a.covariance(length).factor();
    factor.transposed().times(&b.covariance(length)).times(&factor).eigenvalues()
}

/// Those that are not zero: C_a C_b = A Aᵀ B Bᵀ has those of G Gᵀ, where G = Aᵀ B.
fn shared_by_pictures(a: &Spread, b: &Spread) -> Vec<f64> {
    let (few, many) = if a.0.len() <= b.0.len() { (a, b) } else { (b, a) };
    let row = |vector: &Vec<f64>| many.0.iter().map(|other| dot(vector, other)).collect();
    let products: Vec<Vec<f64>> = few.0.par_iter().map(row).collect();
    let gram = |row: usize| products.iter().map(|other| dot(&products[row], other)).collect();
    Matrix::from_rows(products.len(), gram).eigenvalues()
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
        let means = 4.0 * a.mean().iter().map(|x| x * x).sum::<f64>();
        // C and 9 C share their eigenvectors: tr(C + 9 C - 2 · 3 C) = 4 tr(C).
        assert!(close(
            frechet_distance(&a, &wider).unwrap(),
            means + 4.0 * Spread::of(&a).variance()
        ));
    }

    #[test]
    fn by_pictures_and_by_features_it_is_the_same() {
        let set = |seed, count: usize| {
            let numbers = gaussian(seed, Stream::Start, 0, count * 6);
            Spread::of(&Features::new(numbers.into_iter().map(f64::from).collect(), 6).unwrap())
        };
        let root = |values: Vec<f64>| values.iter().map(|x| x.max(0.0).sqrt()).sum::<f64>();
        for (few, many) in [(3, 3), (3, 20), (5, 4), (12, 9)] {
            let (a, b) = (set(1, few), set(2, many));
            let (found, wanted) = (shared_by_pictures(&a, &b), shared_by_features(&a, &b, 6));
            let (found, wanted) = (root(found), root(wanted));
            assert!((found - wanted).abs() < 1e-6 * wanted, "{few}, {many}: {found} {wanted}");
        }
    }
}
