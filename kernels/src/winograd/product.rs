//! The products between the transforms: c[i][j] = sum over k of a[i][k] x b[k][j].

use crate::arithmetic::{Arithmetic, Bf16, F32, Numbers, Whole};
use crate::simd::{Simd, kernel, pairs_kernel, whole_kernel};

/// One product. The depth comes in an order that depends on nothing else.
#[derive(Clone, Copy)]
pub(super) struct Product {
    pub a: *const f32,
    /// Distance in `a` from row to row, and from one k to the next.
    pub a_row: usize,
    pub a_step: usize,
    /// Rows of `pitch` numbers.
    pub b: *const f32,
    pub b_pitch: usize,
    pub c: *mut f32,
    pub c_pitch: usize,
    pub rows: usize,
    pub depth: usize,
    /// A multiple of sixteen.
    pub width: usize,
    /// Add to what stands in `c`.
    pub accumulate: bool,
    /// Of whole numbers, what those of the first run are multiplied by: of each row of `a`, and of each column
    /// of `b`. Their distances, also from run to run, are those of the numbers.
    pub units: [*const f32; 2],
}

impl Product {
    /// The whole product.
    ///
    /// # Safety
    /// `a`, `b` and `c` must be good for all that the sizes say, `units` too if numbers are whole, and
    /// nobody else may use `c`.
    pub unsafe fn multiply(self, numbers: Numbers) {
        // SAFETY: the caller's promise.
        unsafe {
            match numbers {
                Numbers::F32 => multiply_f32(self),
                Numbers::Bf16 => multiply_bf16(self),
                Numbers::Whole => multiply_whole(self),
            }
        }
    }
}

kernel! { fn multiply_f32(product: Product) = f32_of }

#[inline(always)]
unsafe fn f32_of<V: Simd>(product: Product) {
    // SAFETY: the caller's promise.
    unsafe { multiply_of::<V, F32>(product) }
}

pairs_kernel! { fn multiply_bf16(product: Product) = bf16_of }

#[inline(always)]
unsafe fn bf16_of<V: Simd>(product: Product) {
    // SAFETY: the caller's promise.
    unsafe { multiply_of::<V, Bf16>(product) }
}

whole_kernel! { fn multiply_whole(product: Product) = whole_of }

#[inline(always)]
unsafe fn whole_of<V: Simd>(product: Product) {
    // SAFETY: the caller's promise.
    unsafe { multiply_of::<V, Whole>(product) }
}

/// Products that are summed one after the other before they are added to the others: a long sum loses
/// what is small beside it.
pub(super) const RUN: usize = 32;

/// Heights of the tiles of registers: what fits them beside two vectors of `b`.
const WIDE: [usize; 7] = [14, 12, 8, 7, 4, 2, 1];
const NARROW: [usize; 4] = [6, 4, 2, 1];

#[inline(always)]
unsafe fn multiply_of<V: Simd, A: Arithmetic>(product: Product) {
    let mut row = 0;
    while row < product.rows {
        let height = height::<V>(product.rows - row);
        // SAFETY: the caller's promise.
        unsafe {
            match height {
                14 => rows_of::<V, A, 14>(&product, row),
                12 => rows_of::<V, A, 12>(&product, row),
                8 => rows_of::<V, A, 8>(&product, row),
                7 => rows_of::<V, A, 7>(&product, row),
                6 => rows_of::<V, A, 6>(&product, row),
                4 => rows_of::<V, A, 4>(&product, row),
                2 => rows_of::<V, A, 2>(&product, row),
                _ => rows_of::<V, A, 1>(&product, row),
            }
        }
        row += height;
    }
}

/// Rows to do next, so that few small tiles are left over.
#[inline(always)]
fn height<V: Simd>(left: usize) -> usize {
    let heights = if V::LANES >= 16 { &WIDE[..] } else { &NARROW };
    let most = match left {
        _ if V::LANES < 16 || matches!(left % 14, 0 | 7) => left,
        16 => 8,
        _ => left.min(12),
    };
    heights.iter().copied().find(|height| *height <= most).unwrap_or(1)
}

#[inline(always)]
unsafe fn rows_of<V: Simd, A: Arithmetic, const H: usize>(product: &Product, row: usize) {
    let mut column = 0;
    // SAFETY: the caller's promise.
    unsafe {
        while column + 2 * V::LANES <= product.width {
            tile::<V, A, H, 2>(product, row, column);
            column += 2 * V::LANES;
        }
        if column < product.width {
            tile::<V, A, H, 1>(product, row, column);
        }
    }
}

/// H rows of W vectors.
#[inline(always)]
unsafe fn tile<V: Simd, A: Arithmetic, const H: usize, const W: usize>(
    product: &Product,
    row: usize,
    column: usize,
) {
    // SAFETY: the caller vouches for H rows of a and c, and for W vectors of each row of b and c.
    unsafe {
        let (mut a, mut b) = (product.a.add(row * product.a_row), product.b.add(column));
        let mut done = 0;
        while done < product.depth.max(1) {
            let mut sums = [[V::splat(0.0); W]; H];
            for _ in done..product.depth.min(done + RUN) {
                let mut columns = [V::splat(0.0); W];
                for (j, column) in columns.iter_mut().enumerate() {
                    *column = V::load(b.add(j * V::LANES));
                }
                for (i, sum) in sums.iter_mut().enumerate() {
                    let factor = V::splat(*a.add(i * product.a_row));
                    for j in 0..W {
                        sum[j] = A::add(sum[j], factor, columns[j]);
                    }
                }
                a = a.add(product.a_step);
                b = b.add(product.b_pitch);
            }
            if A::WHOLE {
                scale::<V, H, W>(product, done / RUN, (row, column), &mut sums);
            }
            for (i, sum) in sums.iter().enumerate() {
                for (j, value) in sum.iter().enumerate() {
                    let to = product.c.add((row + i) * product.c_pitch + column + j * V::LANES);
                    let value = if done == 0 && !product.accumulate {
                        *value
                    } else {
                        value.add(V::load(to))
                    };
                    value.store(to);
                }
            }
            done += RUN;
        }
    }
}

/// Makes the sums of a run what they stand for.
#[inline(always)]
unsafe fn scale<V: Simd, const H: usize, const W: usize>(
    product: &Product,
    run: usize,
    (row, column): (usize, usize),
    sums: &mut [[V; W]; H],
) {
    let [of_rows, of_columns] = product.units;
    // SAFETY: the caller vouches for the scales of H rows and of W vectors.
    unsafe {
        let mut columns = [V::splat(0.0); W];
        for (j, unit) in columns.iter_mut().enumerate() {
            *unit = V::load(of_columns.add(run * product.b_pitch + column + j * V::LANES));
        }
        for (i, sum) in sums.iter_mut().enumerate() {
            let unit = V::splat(*of_rows.add((row + i) * product.a_row + run * product.a_step));
            for (sum, column) in sum.iter_mut().zip(&columns) {
                *sum = sum.whole().mul(*column).mul(unit);
            }
        }
    }
}
