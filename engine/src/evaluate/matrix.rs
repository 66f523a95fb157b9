//! Symmetric matrices: eigenvalues and square roots.

/// Rotations stop when what is left off the diagonal is this small against the whole.
const PRECISION: f64 = 1e-14;
/// Sweeps over all pairs; ten or so are enough for any matrix of a few thousand rows.
const MOST_SWEEPS: usize = 64;

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

    fn diagonal(values: &[f64]) -> Self {
        let mut matrix = Self::zeros(values.len());
        for (at, value) in values.iter().enumerate() {
            *matrix.at(at, at) = *value;
        }
        matrix
    }

    pub fn at(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.numbers[row * self.size + column]
    }

    fn get(&self, row: usize, column: usize) -> f64 {
        self.numbers[row * self.size + column]
    }

    pub fn trace(&self) -> f64 {
        (0..self.size).map(|at| self.get(at, at)).sum()
    }

    pub fn times(&self, other: &Self) -> Self {
        let mut product = Self::zeros(self.size);
        for (row, out) in product.numbers.chunks_exact_mut(self.size).enumerate() {
            for (inner, numbers) in other.numbers.chunks_exact(self.size).enumerate() {
                let factor = self.get(row, inner);
                out.iter_mut().zip(numbers).for_each(|(sum, x)| *sum += factor * x);
            }
        }
        product
    }

    fn transposed(&self) -> Self {
        let mut turned = Self::zeros(self.size);
        for row in 0..self.size {
            for column in 0..self.size {
                *turned.at(column, row) = self.get(row, column);
            }
        }
        turned
    }

    /// The square root of a symmetric matrix without negative eigenvalues; those that rounding made
    /// negative count as zero.
    pub fn square_root(&self) -> Self {
        let (values, vectors) = self.eigen();
        let roots: Vec<f64> = values.iter().map(|value| value.max(0.0).sqrt()).collect();
        vectors.times(&Self::diagonal(&roots)).times(&vectors.transposed())
    }

    /// Eigenvalues of a symmetric matrix, and its eigenvectors as columns: cyclic Jacobi rotations
    /// (Golub & Van Loan, "Matrix computations", section 8.5).
    pub fn eigen(&self) -> (Vec<f64>, Self) {
        let mut matrix = self.clone();
        let mut vectors = Self::diagonal(&vec![1.0; self.size]);
        let whole: f64 = self.numbers.iter().map(|x| x * x).sum();
        for _ in 0..MOST_SWEEPS {
            if matrix.off_diagonal() <= PRECISION * PRECISION * whole {
                break;
            }
            for row in 0..self.size {
                for column in row + 1..self.size {
                    matrix.rotate(row, column, &mut vectors);
                }
            }
        }
        ((0..self.size).map(|at| matrix.get(at, at)).collect(), vectors)
    }

    /// The sum of the squares beside the diagonal.
    fn off_diagonal(&self) -> f64 {
        let beside = |(at, _): &(usize, &f64)| at / self.size != at % self.size;
        self.numbers.iter().enumerate().filter(beside).map(|(_, x)| x * x).sum()
    }

    /// Turns rows and columns `p` and `q` until they have nothing in common.
    fn rotate(&mut self, p: usize, q: usize, vectors: &mut Self) {
        let shared = self.get(p, q);
        if shared == 0.0 {
            return;
        }
        let slope = (self.get(q, q) - self.get(p, p)) / (2.0 * shared);
        let tangent = slope.signum() / (slope.abs() + slope.hypot(1.0));
        let cosine = 1.0 / tangent.hypot(1.0);
        let sine = tangent * cosine;
        self.turn_columns(p, q, cosine, sine);
        self.turn_rows(p, q, cosine, sine);
        vectors.turn_columns(p, q, cosine, sine);
    }

    fn turn_columns(&mut self, p: usize, q: usize, cosine: f64, sine: f64) {
        for row in self.numbers.chunks_exact_mut(self.size) {
            (row[p], row[q]) = (cosine * row[p] - sine * row[q], sine * row[p] + cosine * row[q]);
        }
    }

    fn turn_rows(&mut self, p: usize, q: usize, cosine: f64, sine: f64) {
        for column in 0..self.size {
            let (a, b) = (self.get(p, column), self.get(q, column));
            *self.at(p, column) = cosine * a - sine * b;
            *self.at(q, column) = sine * a + cosine * b;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, gaussian};

    /// A random matrix times itself turned over: symmetric, without negative eigenvalues.
    fn covariance(size: usize, seed: u64) -> Matrix {
        let numbers = gaussian(seed, Stream::Start, 0, size * size);
        let matrix = Matrix { size, numbers: numbers.into_iter().map(f64::from).collect() };
        matrix.times(&matrix.transposed())
    }

    fn farthest(a: &Matrix, b: &Matrix) -> f64 {
        a.numbers.iter().zip(&b.numbers).map(|(x, y)| (x - y).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn known_eigenvalues_are_found() {
        let matrix = Matrix { size: 2, numbers: vec![2.0, 1.0, 1.0, 2.0] };
        let (mut values, _) = matrix.eigen();
        values.sort_by(f64::total_cmp);
        assert!((values[0] - 1.0).abs() < 1e-12 && (values[1] - 3.0).abs() < 1e-12);
        assert_eq!(Matrix::diagonal(&[4.0, 9.0]).square_root(), Matrix::diagonal(&[2.0, 3.0]));
    }

    #[test]
    fn a_root_times_itself_is_the_matrix() {
        for size in [1, 3, 17, 40] {
            let matrix = covariance(size, size as u64);
            let root = matrix.square_root();
            assert!(farthest(&root.times(&root), &matrix) < 1e-10 * matrix.trace(), "{size}");
        }
    }

    #[test]
    fn eigenvectors_take_the_matrix_apart() {
        let matrix = covariance(12, 3);
        let (values, vectors) = matrix.eigen();
        let again = vectors.times(&Matrix::diagonal(&values)).times(&vectors.transposed());
        assert!(farthest(&again, &matrix) < 1e-11 * matrix.trace());
        let unit = vectors.times(&vectors.transposed());
        assert!(farthest(&unit, &Matrix::diagonal(&[1.0; 12])) < 1e-12);
    }
}
