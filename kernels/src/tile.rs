//! The matrix product all convolutions are made of.
//!
//! [`outer`]: c[i][j] = sum over k of a[k][i] x b[offset(k) + j]: rows of b lie anywhere in memory,
//! so a convolution reads its padded input in place, shifted, without an im2col copy.
//! Each number of the result is summed in an order that depends on the depth alone, never on the
//! other sizes: an image's result is the same in any batch.

use super::arithmetic::{Arithmetic, Bf16, F32, Numbers, Whole};
use super::packed::{Packed, furthest};
use super::pool;
use super::simd::{Simd, kernel, pairs_kernel, whole_kernel};

/// Rows of a panel, largest first: what fits the registers beside two vectors of `b`.
pub(super) const PANEL_HEIGHTS: [usize; 5] = [12, 8, 4, 2, 1];

/// Numbers beyond the end of a row that [`outer`] may read or write.
pub(super) const SLACK: usize = 32;

/// Rows of `c` are padded to the widest vectors.
pub(super) const TILE_WIDTH: usize = 16;

/// First row and height of each panel.
pub(super) fn panels(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = rows - first;
        // Two panels of 8 are faster than one of 12 and one of 4.
        let most = if left == 16 { 8 } else { left };
        let height = PANEL_HEIGHTS.into_iter().find(|height| *height <= most)?;
        first += height;
        Some((first - height, height))
    })
}

/// One product of [`outer`].
#[derive(Clone, Copy)]
pub(super) struct Outer<'a> {
    pub a: &'a Packed,
    pub b: &'a [f32],
    /// Where in `b` each k begins.
    pub offsets: &'a [usize],
    /// Numbers wanted in a row of `c`; it may be written up to the next multiple of [`TILE_WIDTH`].
    pub width: usize,
    /// Distance of rows in `c`.
    pub pitch: usize,
    /// Add to what stands in `c`.
    pub accumulate: bool,
    /// What those of `a` and `b` are.
    pub numbers: Numbers,
    /// What whole numbers of `b` are multiplied by.
    pub unit: f32,
}

/// c[i][j] = sum over k of a[k][i] x b[offset(k) + j], for products that have a `c` each.
pub(super) fn outer<'a>(products: impl Iterator<Item = (Outer<'a>, &'a mut [f32])>) {
    let parts = products.flat_map(|(product, c)| {
        check(&product, c.len());
        let mut left = c;
        panels(product.a.rows()).map(move |(first, height)| {
            let length = left.len().min(height * product.pitch);
            let (c, rest) = std::mem::take(&mut left).split_at_mut(length);
            left = rest;
            (product, first, height, c)
        })
    });
    // SAFETY: checked above.
    pool::for_each(parts, |(product, first, height, c)| unsafe {
        multiply(&product, first, height, c);
    });
}

/// Whether the sizes of a product fit each other and so many numbers of `c`.
fn check(product: &Outer, c: usize) {
    let Outer { a, b, offsets, width, pitch, .. } = *product;
    let padded = width.next_multiple_of(TILE_WIDTH);
    assert_eq!(offsets.len(), a.depth());
    assert!(furthest(offsets) + padded <= b.len(), "b is too short for {padded} more");
    assert!(padded <= pitch && a.rows().saturating_sub(1) * pitch + padded <= c);
}

/// The panel of `height` rows from `first` on, into its rows of `c`.
///
/// # Safety
/// The whole product must have been found good by [`check`].
unsafe fn multiply(product: &Outer, first: usize, height: usize, c: &mut [f32]) {
    let Outer { a, b, offsets, pitch, accumulate, numbers, unit, width } = *product;
    let panel = Panel {
        height,
        step: height,
        a: a.panel(first, height).as_ptr(),
        b: b.as_ptr(),
        offsets,
        width,
        c: c.as_mut_ptr(),
        pitch,
        accumulate,
        units: std::array::from_fn(|i| unit * a.unit(first + i)),
    };
    // SAFETY: the panel holds height x depth numbers; every offset plus the padded width lies
    // within b, every row of the padded width within c, as the caller made sure.
    unsafe {
        match numbers {
            Numbers::F32 => outer_panel(panel),
            Numbers::Bf16 => pairs_panel(panel),
            Numbers::Whole => whole_panel(panel),
        }
    }
}

/// A panel of rows against all of b.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    height: usize,
    /// Distance from the numbers of one k to those of the next.
    step: usize,
    a: *const f32,
    b: *const f32,
    offsets: &'a [usize],
    width: usize,
    c: *mut f32,
    pitch: usize,
    accumulate: bool,
    /// What whole numbers of each row are multiplied by.
    units: [f32; PANEL_HEIGHTS[0]],
}

kernel! { fn outer_panel(panel: Panel<'_>) = numbers_panel_of }

#[inline(always)]
unsafe fn numbers_panel_of<V: Simd>(panel: Panel<'_>) {
    // SAFETY: the caller's promise.
    unsafe { outer_panel_of::<V, F32>(panel) }
}

pairs_kernel! {
    /// As [`outer_panel`], of pairs of bf16.
    fn pairs_panel(panel: Panel<'_>) = pairs_panel_of
}

#[inline(always)]
unsafe fn pairs_panel_of<V: Simd>(panel: Panel<'_>) {
    // SAFETY: the caller's promise.
    unsafe { outer_panel_of::<V, Bf16>(panel) }
}

whole_kernel! {
    /// As [`outer_panel`], of pairs of whole numbers.
    fn whole_panel(panel: Panel<'_>) = whole_panel_of
}

#[inline(always)]
unsafe fn whole_panel_of<V: Simd>(panel: Panel<'_>) {
    // SAFETY: the caller's promise.
    unsafe { outer_panel_of::<V, Whole>(panel) }
}

/// Runs `$work::<V, H>(args, row)`, or `$work::<V, H, A>`, over the rows of a panel: all at once with the
/// widest vectors, of which there are twice as many, in parts with others.
macro_rules! over_rows {
    ($height:expr, $work:ident $([$arithmetic:ident])? ($($arg:expr),*)) => {
        match ($height, V::LANES >= 16) {
            (12, true) => $work::<V, 12 $(, $arithmetic)?>($($arg,)* 0),
            (8, true) => $work::<V, 8 $(, $arithmetic)?>($($arg,)* 0),
            (12, false) => {
                $work::<V, 6 $(, $arithmetic)?>($($arg,)* 0);
                $work::<V, 6 $(, $arithmetic)?>($($arg,)* 6);
            }
            (8, false) => {
                $work::<V, 4 $(, $arithmetic)?>($($arg,)* 0);
                $work::<V, 4 $(, $arithmetic)?>($($arg,)* 4);
            }
            (4, _) => $work::<V, 4 $(, $arithmetic)?>($($arg,)* 0),
            (2, _) => $work::<V, 2 $(, $arithmetic)?>($($arg,)* 0),
            _ => $work::<V, 1 $(, $arithmetic)?>($($arg,)* 0),
        }
    };
}
pub(super) use over_rows;

#[inline(always)]
unsafe fn outer_panel_of<V: Simd, A: Arithmetic>(panel: Panel<'_>) {
    // SAFETY: the caller's promise for the whole panel holds for each part of it.
    unsafe { over_rows!(panel.height, outer_rows[A](panel)) }
}

/// H rows of a panel, tile by tile.
#[inline(always)]
unsafe fn outer_rows<V: Simd, const H: usize, A: Arithmetic>(panel: Panel<'_>, row: usize) {
    // What is left at the end may fill half a vector only; pairs have none.
    let half = if A::PAIRS || V::Half::LANES == V::LANES { 0 } else { V::Half::LANES };
    let mut at = 0;
    // SAFETY: the caller vouches for H rows from `row` on, of the width up to whole vectors.
    unsafe {
        while at + V::LANES + half < panel.width {
            outer_tile::<V, H, 2, A>(&panel, row, at);
            at += 2 * V::LANES;
        }
        while at < panel.width {
            if half > 0 && at + half >= panel.width {
                outer_tile::<V::Half, H, 1, A>(&panel, row, at);
            } else {
                outer_tile::<V, H, 1, A>(&panel, row, at);
            }
            at += V::LANES;
        }
    }
}

/// H rows, W vectors wide.
#[inline(always)]
unsafe fn outer_tile<V: Simd, const H: usize, const W: usize, A: Arithmetic>(
    panel: &Panel<'_>,
    row: usize,
    at: usize,
) {
    // SAFETY: the caller vouches for H rows of c, W vectors wide, and for b at every offset.
    unsafe {
        let mut sums = [[V::splat(0.0); W]; H];
        let (mut a, b) = (panel.a.add(row), panel.b.add(at));
        for offset in panel.offsets {
            let mut columns = [V::splat(0.0); W];
            for (j, column) in columns.iter_mut().enumerate() {
                *column = V::load(b.add(offset + j * V::LANES));
            }
            for (i, sum) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.add(i));
                for j in 0..W {
                    sum[j] = A::add(sum[j], factor, columns[j]);
                }
            }
            a = a.add(panel.step);
        }
        for (i, sum) in sums.iter().enumerate() {
            for (j, value) in sum.iter().enumerate() {
                let to = panel.c.add((row + i) * panel.pitch + at + j * V::LANES);
                let value = match A::WHOLE {
                    true => value.whole().mul(V::splat(panel.units[row + i])),
                    false => *value,
                };
                let value = if panel.accumulate { value.add(V::load(to)) } else { value };
                value.store(to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simd::Level;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn random(seed: u64, count: usize) -> Vec<f32> {
        let mut generator = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| generator.random_range(-2.0..2.0)).collect()
    }

    #[test]
    fn outer_is_the_plain_product_at_every_level() {
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            Level::force(level);
            for (rows, depth, width) in
                [(1usize, 1usize, 1usize), (7, 5, 33), (12, 9, 64), (31, 17, 49), (25, 3, 100)]
            {
                let (left, b) = (random(1, rows * depth), random(2, depth * 40 + 200));
                let offsets: Vec<usize> = (0..depth).map(|k| k * 37 + k % 3).collect();
                let starts: Vec<usize> = (0..rows).map(|row| row * depth).collect();
                let a = Packed::gather(&starts, &(0..depth).collect::<Vec<_>>(), &left);
                let pitch = width.next_multiple_of(TILE_WIDTH) + 3;
                let mut c = vec![1.0; rows * pitch];
                let product = Outer {
                    a: &a,
                    b: &b,
                    offsets: &offsets,
                    width,
                    pitch,
                    accumulate: true,
                    numbers: Numbers::F32,
                    unit: 1.0,
                };
                outer([(product, c.as_mut_slice())].into_iter());
                for (i, j) in (0..rows).flat_map(|i| (0..width).map(move |j| (i, j))) {
                    let wanted = 1.0
                        + (0..depth).map(|k| left[i * depth + k] * b[offsets[k] + j]).sum::<f32>();
                    assert!((c[i * pitch + j] - wanted).abs() < 1e-4, "{level:?} {i} {j}");
                }
            }
        }
        Level::force(Level::detected());
    }
}
