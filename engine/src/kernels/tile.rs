//! The two matrix products all heavy kernels are made of.
//!
//! [`outer`]: c[i][j] = sum over k of a[k][i] x b[offset(k) + j]: rows of b lie anywhere in memory,
//! so a convolution reads its padded input in place, shifted, without an im2col copy.
//! [`dot`]: c[i][j] = sum over n of a[i][n] x b[offset(j) + n]: both sides run along memory, as in the
//! gradient of a convolution's weight.
//!
//! Each number of the result is summed in an order that depends on the depth alone, never on the
//! other sizes: an image's result is the same in any batch.

use super::simd::{Simd, kernel};

/// Rows of a panel, largest first: what fits the registers beside two vectors of `b`.
const PANEL_HEIGHTS: [usize; 5] = [12, 8, 4, 2, 1];

/// Numbers beyond the end of a row that [`outer`] and [`dot`] may read or write.
pub(super) const SLACK: usize = 32;

/// Width of a tile of [`outer`] for the widest vectors; rows of `c` are padded to it.
pub(super) const TILE_WIDTH: usize = 32;

/// The left side of [`outer`], in panels of rows whose numbers lie in the order they are used.
#[derive(Debug, Default)]
pub(super) struct Packed {
    numbers: Vec<f32>,
    rows: usize,
    depth: usize,
}

impl Packed {
    /// `at(row, k)` gives the numbers.
    pub fn new(rows: usize, depth: usize, at: impl Fn(usize, usize) -> f32) -> Self {
        let mut packed = Self::default();
        packed.fill(rows, depth, at);
        packed
    }

    /// As [`Packed::new`], into the memory that is there.
    pub fn fill(&mut self, rows: usize, depth: usize, at: impl Fn(usize, usize) -> f32) {
        self.rows = rows;
        self.depth = depth;
        self.numbers.clear();
        self.numbers.reserve(rows * depth);
        for (first, height) in panels(rows) {
            for k in 0..depth {
                self.numbers.extend((first..first + height).map(|row| at(row, k)));
            }
        }
    }
}

/// First row and height of each panel.
fn panels(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    let mut first = 0;
    std::iter::from_fn(move || {
        let left = rows - first;
        let height = PANEL_HEIGHTS.into_iter().find(|height| *height <= left)?;
        first += height;
        Some((first - height, height))
    })
}

/// One product of [`outer`].
pub(super) struct Outer<'a> {
    pub a: &'a Packed,
    pub b: &'a [f32],
    /// Where in `b` each k begins.
    pub offsets: &'a [usize],
    /// Numbers wanted in a row of `c`; the row is written up to the next multiple of [`TILE_WIDTH`].
    pub width: usize,
    /// Distance of rows in `c`.
    pub pitch: usize,
    /// Add to what stands in `c`.
    pub accumulate: bool,
}

/// c[i][j] = sum over k of a[k][i] x b[offset(k) + j].
pub(super) fn outer(product: &Outer, c: &mut [f32]) {
    let Outer { a, b, offsets, width, pitch, accumulate } = *product;
    let padded = width.next_multiple_of(TILE_WIDTH);
    if a.rows == 0 || width == 0 {
        return;
    }
    assert_eq!(offsets.len(), a.depth);
    let furthest = offsets.iter().copied().max().unwrap_or(0);
    assert!(furthest + padded <= b.len(), "b is too short: {furthest} + {padded} > {}", b.len());
    assert!(padded <= pitch && (a.rows - 1) * pitch + padded <= c.len());
    for (first, height) in panels(a.rows) {
        let panel = &a.numbers[first * a.depth..][..height * a.depth];
        // SAFETY: the panel holds height x depth numbers; every offset plus the padded width lies
        // within b, every row of the padded width within c, as asserted above.
        unsafe {
            outer_panel(Panel {
                height,
                step: height,
                a: panel.as_ptr(),
                b: b.as_ptr(),
                offsets,
                width: padded,
                c: c.as_mut_ptr().add(first * pitch),
                pitch,
                accumulate,
            });
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
}

kernel! { fn outer_panel(panel: Panel<'_>) = outer_panel_of }

#[inline(always)]
unsafe fn outer_panel_of<V: Simd>(panel: Panel<'_>) {
    // SAFETY: the caller's promise for the whole panel holds for each part of it.
    unsafe {
        // Narrower vectors have fewer registers: tall panels are done four rows at a time there.
        match (panel.height, V::LANES >= 16) {
            (12, true) => outer_rows::<V, 12>(panel, 0),
            (8, true) => outer_rows::<V, 8>(panel, 0),
            (12 | 8, false) => {
                for row in (0..panel.height).step_by(4) {
                    outer_rows::<V, 4>(panel, row);
                }
            }
            (4, _) => outer_rows::<V, 4>(panel, 0),
            (2, _) => outer_rows::<V, 2>(panel, 0),
            _ => outer_rows::<V, 1>(panel, 0),
        }
    }
}

/// H rows of a panel, tile by tile.
#[inline(always)]
unsafe fn outer_rows<V: Simd, const H: usize>(panel: Panel<'_>, row: usize) {
    let mut at = 0;
    while at < panel.width {
        // SAFETY: the caller vouches for H rows from `row` on, of the whole width.
        unsafe { outer_tile::<V, H>(&panel, row, at) }
        at += 2 * V::LANES;
    }
}

#[inline(always)]
unsafe fn outer_tile<V: Simd, const H: usize>(panel: &Panel<'_>, row: usize, at: usize) {
    // SAFETY: the caller vouches for H rows of c, two vectors wide, and for b at every offset.
    unsafe {
        let mut sums = [[V::splat(0.0); 2]; H];
        let (mut a, b) = (panel.a.add(row), panel.b.add(at));
        for offset in panel.offsets {
            let row = b.add(*offset);
            let (left, right) = (V::load(row), V::load(row.add(V::LANES)));
            for (i, sum) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.add(i));
                sum[0] = factor.mul_add(left, sum[0]);
                sum[1] = factor.mul_add(right, sum[1]);
            }
            a = a.add(panel.step);
        }
        for (i, sum) in sums.iter().enumerate() {
            for (half, value) in sum.iter().enumerate() {
                let to = panel.c.add((row + i) * panel.pitch + at + half * V::LANES);
                let value = if panel.accumulate { value.add(V::load(to)) } else { *value };
                value.store(to);
            }
        }
    }
}

/// One product of [`dot`], summed over images as well.
pub(super) struct Dot<'a> {
    /// Row i of image m begins at a_start + i x a_pitch + m x a_image.
    pub a: &'a [f32],
    pub a_pitch: usize,
    pub a_image: usize,
    pub rows: usize,
    /// Column j of image m begins at offsets[j] + m x b_image.
    pub b: &'a [f32],
    pub offsets: &'a [usize],
    pub b_image: usize,
    /// Numbers along n; both sides are read up to the next multiple of 16, where one must hold zeros.
    pub length: usize,
    pub images: usize,
    /// Distance of rows in `c`.
    pub pitch: usize,
    pub accumulate: bool,
}

/// c[i][j] = sum over images and n of a[i][n] x b[offset(j) + n].
pub(super) fn dot(product: &Dot, c: &mut [f32]) {
    let p = product;
    if p.rows == 0 || p.offsets.is_empty() || p.images == 0 {
        return;
    }
    let padded = p.length.next_multiple_of(16);
    let last = p.images - 1;
    let furthest = p.offsets.iter().copied().max().unwrap_or(0);
    assert!((p.rows - 1) * p.a_pitch + last * p.a_image + padded <= p.a.len());
    assert!(furthest + last * p.b_image + padded <= p.b.len());
    assert!(p.offsets.len() <= p.pitch && (p.rows - 1) * p.pitch + p.offsets.len() <= c.len());
    // SAFETY: all rows, columns and results lie within their slices, as asserted above.
    unsafe { dot_tiles(p, padded, c.as_mut_ptr()) }
}

kernel! {
    fn dot_tiles(product: &Dot, length: usize, c: *mut f32) = dot_tiles_of
}

#[inline(always)]
unsafe fn dot_tiles_of<V: Simd>(p: &Dot, length: usize, c: *mut f32) {
    // SAFETY: the caller vouches for all rows and columns.
    unsafe {
        if V::LANES >= 16 {
            dot_rows::<V, 4, 6>(p, length, c);
        } else {
            dot_rows::<V, 2, 4>(p, length, c);
        }
    }
}

#[inline(always)]
unsafe fn dot_rows<V: Simd, const H: usize, const W: usize>(p: &Dot, length: usize, c: *mut f32) {
    // SAFETY: the caller's promise; tiles never reach beyond the rows and columns there are.
    unsafe {
        let mut row = 0;
        while row + H <= p.rows {
            dot_columns::<V, H, W>(p, length, c, row);
            row += H;
        }
        while row < p.rows {
            dot_columns::<V, 1, W>(p, length, c, row);
            row += 1;
        }
    }
}

#[inline(always)]
unsafe fn dot_columns<V: Simd, const H: usize, const W: usize>(
    p: &Dot,
    length: usize,
    c: *mut f32,
    row: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut column = 0;
        while column + W <= p.offsets.len() {
            dot_tile::<V, H, W>(p, length, c, row, column);
            column += W;
        }
        while column < p.offsets.len() {
            dot_tile::<V, H, 1>(p, length, c, row, column);
            column += 1;
        }
    }
}

#[inline(always)]
unsafe fn dot_tile<V: Simd, const H: usize, const W: usize>(
    p: &Dot,
    length: usize,
    c: *mut f32,
    row: usize,
    column: usize,
) {
    // SAFETY: the caller vouches for H rows from `row` and W columns from `column`.
    unsafe {
        let mut sums = [[V::splat(0.0); W]; H];
        for image in 0..p.images {
            let a = p.a.as_ptr().add(row * p.a_pitch + image * p.a_image);
            let b = p.b.as_ptr().add(image * p.b_image);
            let mut columns = [b; W];
            for (j, column_start) in columns.iter_mut().enumerate() {
                *column_start = b.add(*p.offsets.get_unchecked(column + j));
            }
            let mut n = 0;
            while n < length {
                // No closures here: what calls an intrinsic must carry the instruction set itself.
                let mut left = [V::splat(0.0); H];
                for (i, left) in left.iter_mut().enumerate() {
                    *left = V::load(a.add(i * p.a_pitch + n));
                }
                for j in 0..W {
                    let right = V::load(columns[j].add(n));
                    for i in 0..H {
                        sums[i][j] = left[i].mul_add(right, sums[i][j]);
                    }
                }
                n += V::LANES;
            }
        }
        for (i, sums) in sums.iter().enumerate() {
            for (j, sum) in sums.iter().enumerate() {
                let to = c.add((row + i) * p.pitch + column + j);
                *to = sum.sum() + if p.accumulate { *to } else { 0.0 };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::simd::Level;
    use crate::noise::{Stream, gaussian};

    fn random(counter: u64, count: usize) -> Vec<f32> {
        gaussian(1, Stream::Start, counter, count)
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
                let a = Packed::new(rows, depth, |row, k| left[row * depth + k]);
                let pitch = width.next_multiple_of(TILE_WIDTH) + 3;
                let mut c = vec![1.0; rows * pitch];
                let product =
                    Outer { a: &a, b: &b, offsets: &offsets, width, pitch, accumulate: true };
                outer(&product, &mut c);
                for (i, j) in (0..rows).flat_map(|i| (0..width).map(move |j| (i, j))) {
                    let wanted = 1.0
                        + (0..depth).map(|k| left[i * depth + k] * b[offsets[k] + j]).sum::<f32>();
                    assert!((c[i * pitch + j] - wanted).abs() < 1e-4, "{level:?} {i} {j}");
                }
            }
        }
        Level::force(Level::detected());
    }

    #[test]
    fn dot_is_the_plain_product_at_every_level() {
        for level in [Level::Portable, Level::Avx2, Level::Avx512] {
            Level::force(level);
            for (rows, columns, length, images) in
                [(1usize, 1usize, 1usize, 1usize), (5, 7, 33, 3), (9, 13, 50, 2)]
            {
                let a_pitch = length.next_multiple_of(16);
                let mut a = random(3, rows * a_pitch * images);
                for row in a.chunks_mut(a_pitch) {
                    row[length..].fill(0.0);
                }
                let b = random(4, images * 400 + 200);
                let offsets: Vec<usize> = (0..columns).map(|j| j * 11).collect();
                let mut c = vec![2.0; rows * columns];
                let product = Dot {
                    a: &a,
                    a_pitch,
                    a_image: rows * a_pitch,
                    rows,
                    b: &b,
                    offsets: &offsets,
                    b_image: 400,
                    length,
                    images,
                    pitch: columns,
                    accumulate: true,
                };
                dot(&product, &mut c);
                for (i, j) in (0..rows).flat_map(|i| (0..columns).map(move |j| (i, j))) {
                    let term = |m: usize, n: usize| {
                        a[m * rows * a_pitch + i * a_pitch + n] * b[m * 400 + offsets[j] + n]
                    };
                    let wanted = 2.0f32
                        + (0..images)
                            .flat_map(|m| (0..length).map(move |n| (m, n)))
                            .map(|(m, n)| term(m, n))
                            .sum::<f32>();
                    assert!((c[i * columns + j] - wanted).abs() < 1e-3, "{level:?} {i} {j}");
                }
            }
        }
        Level::force(Level::detected());
    }
}
