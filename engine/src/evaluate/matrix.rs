//! Symmetric matrices: eigenvalues, and a factor that makes one with itself.

use rayon::prelude::*;

use super::features::dot;

/// What counts as nothing against the largest number of a matrix.
const NOTHING: f64 = 1e-15;
/// Steps that one eigenvalue takes at most; two or so are usual.
const MOST_STEPS: usize = 100;

/// A square matrix, row after row.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    size: usize,
    numbers: Vec<f64>,
}

impl Matrix {
    pub fn zeros(size: usize) -> Self {
        Self { size, numbers: vec![0.0; size * size] }
    }

    /// The matrix whose row `row` is `of(row)`.
    pub fn from_rows(size: usize, of: impl Fn(usize) -> Vec<f64> + Send + Sync) -> Self {
        let numbers = (0..size).into_par_iter().flat_map_iter(of).collect();
        Self { size, numbers }
    }

    fn at(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.numbers[row * self.size + column]
    }

    fn get(&self, row: usize, column: usize) -> f64 {
        self.numbers[row * self.size + column]
    }

    fn row(&self, row: usize) -> &[f64] {
        &self.numbers[row * self.size..][..self.size]
    }

    pub fn times(&self, other: &Self) -> Self {
        Self::from_rows(self.size, |row| {
            let mut out = vec![0.0; self.size];
            for (factor, numbers) in self.row(row).iter().zip(0..).map(|(x, at)| (x, other.row(at)))
            {
                out.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += factor * x);
            }
            out
        })
    }

    pub fn transposed(&self) -> Self {
        Self::from_rows(self.size, |row| {
            (0..self.size).map(|column| self.get(column, row)).collect()
        })
    }

    /// The lower triangle L with L Lᵀ = this, a symmetric matrix without negative eigenvalues
    /// (Cholesky). A row that those before it make up already has nothing of its own.
    pub fn factor(&self) -> Self {
        let mut lower = Self::zeros(self.size);
        let largest = (0..self.size).map(|at| self.get(at, at)).fold(0.0, f64::max);
        for column in 0..self.size {
            let above = lower.row(column)[..column].to_vec();
            let own = self.get(column, column) - dot(&above, &above);
            if own <= NOTHING * largest {
                continue;
            }
            let root = own.sqrt();
            *lower.at(column, column) = root;
            let size = self.size;
            let below = lower.numbers.par_chunks_exact_mut(size).enumerate().skip(column + 1);
            below.for_each(|(row, numbers)| {
                let shared = dot(&numbers[..column], &above);
                numbers[column] = (self.get(row, column) - shared) / root;
            });
        }
        lower
    }

    /// Eigenvalues of a symmetric matrix, in no order.
    pub fn eigenvalues(&self) -> Vec<f64> {
        let (diagonal, beside) = self.tridiagonal();
        eigenvalues_of(diagonal, beside)
    }

    /// The diagonal of a matrix with the same eigenvalues, and the numbers beside it; all others are
    /// zero: Householder reflections (Golub & Van Loan, "Matrix computations", algorithm 8.3.1).
    fn tridiagonal(&self) -> (Vec<f64>, Vec<f64>) {
        let (size, mut matrix) = (self.size, self.clone());
        let mut beside = Vec::with_capacity(size);
        for step in 0..size.saturating_sub(2) {
            let mut mirror = matrix.row(step)[step + 1..].to_vec();
            let norm = dot(&mirror, &mirror).sqrt();
            if norm == 0.0 {
                beside.push(0.0);
                continue;
            }
            let image = -norm.copysign(mirror[0]);
            mirror[0] -= image;
            beside.push(image);
            matrix.reflect(step + 1, &mirror);
        }
        if size > 1 {
            beside.push(matrix.get(size - 1, size - 2));
        }
        ((0..size).map(|at| matrix.get(at, at)).collect(), beside)
    }

    /// Reflects rows and columns from `first` on at the plane across `mirror`.
    fn reflect(&mut self, first: usize, mirror: &[f64]) {
        let size = self.size;
        let weight = 2.0 / dot(mirror, mirror);
        let rows = self.numbers[first * size..].par_chunks_exact(size);
        let seen: Vec<f64> = rows.map(|row| weight * dot(&row[first..], mirror)).collect();
        let half = 0.5 * weight * dot(&seen, mirror);
        let moved: Vec<f64> = seen.iter().zip(mirror).map(|(x, m)| x - half * m).collect();
        let rows = self.numbers[first * size..].par_chunks_exact_mut(size).enumerate();
        rows.for_each(|(at, row)| {
            let (own, its) = (mirror[at], moved[at]);
            for ((x, w), m) in row[first..].iter_mut().zip(&moved).zip(mirror) {
                *x -= own * w + its * m;
            }
        });
    }
}

/// Eigenvalues of the symmetric matrix with this `diagonal` and these numbers `beside` it, all others
/// zero: implicit QL steps (Golub & Van Loan, section 8.3.3; Wilkinson's shift).
fn eigenvalues_of(mut diagonal: Vec<f64>, mut beside: Vec<f64>) -> Vec<f64> {
    let size = diagonal.len();
    beside.push(0.0);
    let whole = diagonal.iter().chain(&beside).fold(0f64, |most, x| most.max(x.abs()));
    for first in 0..size {
        for _ in 0..MOST_STEPS {
            let apart = |at: &usize| {
                let near = diagonal[*at].abs() + diagonal[*at + 1].abs();
                beside[*at].abs() <= f64::EPSILON * near.max(NOTHING * whole)
            };
            let last = (first..size - 1).find(apart).unwrap_or(size - 1);
            if last == first {
                break;
            }
            chase(&mut diagonal, &mut beside, first, last);
        }
    }
    diagonal
}

/// One implicit step on the part from `first` to `last`.
fn chase(diagonal: &mut [f64], beside: &mut [f64], first: usize, last: usize) {
    let slope = (diagonal[first + 1] - diagonal[first]) / (2.0 * beside[first]);
    let long = slope.hypot(1.0).copysign(slope);
    let mut bulge = diagonal[last] - diagonal[first] + beside[first] / (slope + long);
    let (mut sine, mut cosine, mut shift) = (1.0, 1.0, 0.0);
    for at in (first..last).rev() {
        let (turned, kept) = (sine * beside[at], cosine * beside[at]);
        let length = turned.hypot(bulge);
        beside[at + 1] = length;
        if length == 0.0 {
            diagonal[at + 1] -= shift;
            beside[last] = 0.0;
            return;
        }
        (sine, cosine) = (turned / length, bulge / length);
        bulge = diagonal[at + 1] - shift;
        let mixed = (diagonal[at] - bulge) * sine + 2.0 * cosine * kept;
        shift = sine * mixed;
        diagonal[at + 1] = bulge + shift;
        bulge = cosine * mixed - kept;
    }
    diagonal[first] -= shift;
    beside[first] = bulge;
    beside[last] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, gaussian};

    impl Matrix {
        fn trace(&self) -> f64 {
            (0..self.size).map(|at| self.get(at, at)).sum()
        }
    }

    /// A random matrix times itself turned over, of at most `rank`: symmetric, without negative
    /// eigenvalues.
    fn covariance(size: usize, rank: usize, seed: u64) -> Matrix {
        let numbers = gaussian(seed, Stream::Start, 0, size * size);
        let numbers = numbers.into_iter().enumerate();
        let kept = numbers.map(|(at, x)| if at % size < rank { f64::from(x) } else { 0.0 });
        let matrix = Matrix { size, numbers: kept.collect() };
        matrix.times(&matrix.transposed())
    }

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn known_eigenvalues_are_found() {
        let matrix = Matrix { size: 2, numbers: vec![2.0, 1.0, 1.0, 2.0] };
        let values = sorted(matrix.eigenvalues());
        assert!((values[0] - 1.0).abs() < 1e-12 && (values[1] - 3.0).abs() < 1e-12);
        // Second differences: 2 - 2 cos(k pi / (n + 1)).
        let size = 30;
        let matrix = Matrix::from_rows(size, |row| {
            (0..size).map(|column| [2.0, -1.0, 0.0][row.abs_diff(column).min(2)]).collect()
        });
        let angle = |k: usize| std::f64::consts::PI * k as f64 / (size + 1) as f64;
        for (at, value) in sorted(matrix.eigenvalues()).into_iter().enumerate() {
            assert!((value - 2.0 + 2.0 * angle(at + 1).cos()).abs() < 1e-12, "{at}: {value}");
        }
        assert_eq!(Matrix { size: 1, numbers: vec![5.0] }.eigenvalues(), [5.0]);
        assert_eq!(Matrix::zeros(3).eigenvalues(), [0.0; 3]);
    }

    #[test]
    fn eigenvalues_keep_trace_and_squares_whatever_the_rank() {
        for (size, rank) in [(3, 3), (17, 5), (40, 40), (64, 7)] {
            let matrix = covariance(size, rank, size as u64);
            let values = matrix.eigenvalues();
            let close = |a: f64, b: f64| (a - b).abs() < 1e-11 * b;
            assert!(close(values.iter().sum(), matrix.trace()), "{size}");
            let squares = values.iter().map(|x| x * x).sum();
            assert!(close(squares, matrix.times(&matrix).trace()), "{size}");
            let some = values.iter().filter(|value| **value > 1e-9 * matrix.trace()).count();
            assert_eq!(some, rank, "{size}");
        }
    }

    #[test]
    fn a_factor_with_itself_is_the_matrix() {
        for (size, rank) in [(1, 1), (17, 17), (40, 11)] {
            let matrix = covariance(size, rank, size as u64);
            let factor = matrix.factor();
            let again = factor.times(&factor.transposed());
            let off = again.numbers.iter().zip(&matrix.numbers).map(|(a, b)| (a - b).abs());
            assert!(off.fold(0.0, f64::max) < 1e-10 * matrix.trace(), "{size}");
        }
    }
}
