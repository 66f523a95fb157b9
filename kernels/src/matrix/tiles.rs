//! A convolution's weight as tiles, and their product with an image.

use super::{SIDE, Shapes, Unit, with_unit};
use crate::lines::Lines;
use crate::pairs::{Rounding, narrow_rows, pair};
use crate::pool;
use crate::scratch::{self, To};
use crate::transpose::transpose;

/// Columns of a part of a product: many enough to be worth the shapes of the tiles.
const PART: usize = 512;

/// `count` in as few equal parts as tiles have room for; the last may be short.
#[derive(Clone, Copy)]
pub(crate) struct Split {
    pub parts: usize,
    pub each: usize,
}

impl Split {
    pub fn new(count: usize) -> Self {
        let parts = count.div_ceil(SIDE).max(1);
        Self { parts, each: count.div_ceil(parts).max(1) }
    }

    pub fn padded(self) -> usize {
        self.parts * self.each
    }
}

/// Where words lie in a part of the rows.
struct Shape {
    rows: Split,
    pairs: Split,
}

impl Shape {
    fn tile(&self) -> usize {
        self.rows.each * self.pairs.each
    }

    fn word(&self, tap: usize, row: usize, pair: usize) -> usize {
        let (part, at) = (pair / self.pairs.each, pair % self.pairs.each);
        (tap * self.pairs.parts + part) * self.tile() + row * self.pairs.each + at
    }
}

/// The left side of [`Tiles::multiply`], in the order its tiles are used: (part of the rows, tap, part of
/// the pairs, row, pair).
pub(crate) struct Tiles {
    words: Lines,
    rows: Split,
    pairs: Split,
    taps: usize,
}

impl Tiles {
    /// Pair p of row i at tap t is `from[rows[i] + depth[2 p taps + t]]` beside
    /// `from[rows[i] + depth[(2 p + 1) taps + t]]`.
    pub fn gather(starts: &[usize], depth: &[usize], taps: usize, from: &[f32]) -> Self {
        let furthest = |of: &[usize]| of.iter().copied().max().unwrap_or(0);
        assert!(furthest(starts) + furthest(depth) < from.len());
        Self::fill(starts.len(), depth.len() / taps, taps, |shape, first, panel| {
            let starts = &starts[first..starts.len().min(first + shape.rows.each)];
            for (at, channels) in depth.chunks_exact(2 * taps).enumerate() {
                let (left, right) = channels.split_at(taps);
                for (tap, (left, right)) in left.iter().zip(right).enumerate() {
                    for (row, start) in starts.iter().enumerate() {
                        // SAFETY: the largest sums lie within, as asserted above.
                        let [left, right] = [left, right]
                            .map(|channel| unsafe { *from.get_unchecked(start + channel) });
                        panel[shape.word(tap, row, at)] = pair(left, right);
                    }
                }
            }
        })
    }

    /// [`Tiles::gather`] of (row, channel, tap).
    pub fn rows(rows: usize, channels: usize, taps: usize, from: &[f32]) -> Self {
        let depth = channels * taps;
        assert!(from.len() >= rows * depth);
        Self::fill(rows, channels, taps, |shape, first, panel| {
            scratch::with(&scratch::WEIGHTS, depth, |turned| {
                let each = from[first * depth..].chunks_exact(depth).take(shape.rows.each);
                for (row, from) in each.take(rows - first).enumerate() {
                    transpose(from, (channels, taps), taps, turned, channels);
                    for (tap, turned) in turned.chunks_exact(channels).enumerate() {
                        let to = &mut panel[shape.word(tap, row, 0)..];
                        let last = (shape.pairs.parts - 1) * shape.tile() + shape.pairs.each;
                        assert!(last <= to.len() && channels <= 2 * shape.pairs.padded());
                        let to = to.as_mut_ptr().cast();
                        // SAFETY: there is room for all parts, as asserted.
                        unsafe { narrow_rows(turned, 2 * shape.pairs.each, to, 2 * shape.tile()) }
                    }
                }
            });
        })
    }

    /// [`Tiles::gather`] of (channel, row, tap) with the taps turned around.
    pub fn turned(rows: usize, channels: usize, taps: usize, from: &[f32]) -> Self {
        let depth = rows * taps;
        assert!(from.len() >= channels * depth);
        Self::fill(rows, channels, taps, |shape, first, panel| {
            let count = shape.rows.each.min(rows - first);
            let numbers = count * taps;
            scratch::with(&scratch::WEIGHTS, 2 * SIDE * numbers, |words| {
                let (paired, turned) = words.split_at_mut(SIDE * numbers);
                for part in (0..channels / 2).step_by(shape.pairs.each) {
                    let pairs = shape.pairs.each.min(channels / 2 - part);
                    for (pair, to) in paired.chunks_exact_mut(numbers).take(pairs).enumerate() {
                        let at = 2 * (part + pair) * depth + first * taps;
                        Rounding::Bf16.pair_rows(&from[at..], &from[at + depth..], to);
                    }
                    transpose(paired, (pairs, numbers), numbers, turned, SIDE);
                    for (at, turned) in turned.chunks_exact(SIDE).enumerate() {
                        let to = shape.word(taps - 1 - at % taps, at / taps, part);
                        panel[to..][..pairs].copy_from_slice(&turned[..pairs]);
                    }
                }
            });
        })
    }

    /// `panel(shape, first, words)` fills what is not zero of the rows of one part from `first` on.
    fn fill(
        rows: usize,
        channels: usize,
        taps: usize,
        panel: impl Fn(&Shape, usize, &mut [f32]) + Sync,
    ) -> Self {
        let shape = Shape { rows: Split::new(rows), pairs: Split::new(channels / 2) };
        let size = taps * shape.pairs.parts * shape.tile();
        let full = (rows, channels) == (shape.rows.padded(), 2 * shape.pairs.padded());
        let words = size * shape.rows.parts;
        let mut words = if full { Lines::any(words) } else { Lines::zeros(words) };
        pool::for_each(words.chunks_exact_mut(size).enumerate(), |(part, words)| {
            // The last part of an uneven number may be short, but never empty.
            panel(&shape, part * shape.rows.each, words);
        });
        Self { words, rows: shape.rows, pairs: shape.pairs, taps }
    }

    pub fn taps(&self) -> usize {
        self.taps
    }

    /// Rows of the result, those included that nobody wants.
    pub fn rows_written(&self) -> usize {
        self.rows.padded()
    }

    /// Planes of pairs that are read, those included that count for nothing but must hold numbers.
    pub fn planes(&self) -> usize {
        self.pairs.padded()
    }

    /// c[i][j] = the sum over taps t and pairs p of both products of pair p of row i and
    /// b[p x plane + taps[t] + j], for j below `width` and up to the next multiple of sixteen.
    pub fn multiply(
        &self,
        (b, plane, taps): (&[f32], usize, &[usize]),
        width: usize,
        (c, pitch): (&mut [f32], usize),
    ) {
        let padded = width.next_multiple_of(SIDE);
        let furthest = taps.iter().copied().max().unwrap_or(0);
        assert_eq!(taps.len(), self.taps);
        assert!((self.planes() - 1) * plane + furthest + padded <= b.len(), "b is too short");
        assert!(padded <= pitch && (self.rows_written() - 1) * pitch + padded <= c.len());
        let (parts, each) = (self.pairs.parts, self.pairs.each * plane);
        let steps = taps.iter().flat_map(|tap| (0..parts).map(move |part| tap + part * each));
        let steps: Vec<usize> = steps.collect();
        let c = To(c.as_mut_ptr());
        let starts = (0..width).step_by(PART);
        let all =
            (0..self.rows.parts).step_by(2).flat_map(|row| starts.clone().map(move |at| (row, at)));
        pool::for_each(all, |(row, at)| {
            let panel = steps.len() * self.rows.each * self.pairs.each;
            let product = Product {
                a: self.words[row * panel..].as_ptr(),
                panel,
                rows: self.rows.each,
                pairs: self.pairs.each,
                b: b[at..].as_ptr(),
                plane,
                steps: &steps,
                c: c.at(row * self.rows.each * pitch + at),
                pitch,
                width: PART.min(width - at),
            };
            let two = row + 1 < self.rows.parts;
            // SAFETY: all tiles lie within both sides, as asserted above; these rows and columns of c
            // are nobody else's.
            unsafe { with_unit!(run(&product, two)) }
        });
    }
}

/// One part of the rows, or two, by some columns.
struct Product<'a> {
    a: *const f32,
    /// Words of a part of the rows.
    panel: usize,
    rows: usize,
    pairs: usize,
    b: *const f32,
    plane: usize,
    steps: &'a [usize],
    c: *mut f32,
    pitch: usize,
    width: usize,
}

unsafe fn run<U: Unit>(product: &Product<'_>, two: bool) {
    // SAFETY: the caller vouches for all rows and for columns up to whole tiles.
    unsafe {
        let [sums, left, right] =
            [(product.rows, SIDE), (product.rows, product.pairs), (product.pairs, SIDE)];
        U::shape(&Shapes::new([sums, sums, sums, sums, left, left, right, right]));
        let mut at = 0;
        while at < product.width {
            match (two, at + SIDE < product.width) {
                (true, true) => square::<U, true, true>(product, at),
                (true, false) => square::<U, true, false>(product, at),
                (false, true) => square::<U, false, true>(product, at),
                (false, false) => square::<U, false, false>(product, at),
            }
            at += 2 * SIDE;
        }
        U::release();
    }
}

/// One or two tiles of sums below each other, and one or two beside each other.
#[inline(always)]
unsafe fn square<U: Unit, const BELOW: bool, const BESIDE: bool>(product: &Product<'_>, at: usize) {
    let Product { rows, pairs, plane, pitch, .. } = *product;
    // SAFETY: as for `run`.
    unsafe {
        U::zero::<0>();
        U::zero::<1>();
        U::zero::<2>();
        U::zero::<3>();
        let (mut a, b) = (product.a, product.b.add(at));
        for step in product.steps {
            U::load::<4>(a, pairs);
            U::load::<6>(b.add(*step), plane);
            U::dot::<0, 4, 6>();
            if BESIDE {
                U::load::<7>(b.add(step + SIDE), plane);
                U::dot::<1, 4, 7>();
            }
            if BELOW {
                U::load::<5>(a.add(product.panel), pairs);
                U::dot::<2, 5, 6>();
            }
            if BELOW && BESIDE {
                U::dot::<3, 5, 7>();
            }
            a = a.add(rows * pairs);
        }
        let c = product.c.add(at);
        U::store::<0>(c, pitch);
        if BESIDE {
            U::store::<1>(c.add(SIDE), pitch);
        }
        if BELOW {
            U::store::<2>(c.add(rows * pitch), pitch);
        }
        if BELOW && BESIDE {
            U::store::<3>(c.add(rows * pitch + SIDE), pitch);
        }
    }
}
