//! Rows of an image between borders, and rows of results without what lies between them.

use std::mem::MaybeUninit;

use super::pairs::{Nearest, Pair, Rounding, Scaled};
use super::simd::{Simd, kernel, pairs_kernel, whole_kernel};

kernel! {
    /// Rows of `width` numbers into rows of `pitch`, `margin` zeros before each and zeros behind.
    fn pad_rows(from: &[f32], width: usize, to: &mut [f32], pitch: usize, margin: usize) = pad_rows_of
}

#[inline(always)]
unsafe fn pad_rows_of<V: Simd>(
    from: &[f32],
    width: usize,
    to: &mut [f32],
    pitch: usize,
    margin: usize,
) {
    for (to, from) in to.chunks_exact_mut(pitch).zip(from.chunks_exact(width)) {
        let (before, to) = to.split_at_mut(margin);
        let (to, behind) = to.split_at_mut(width);
        before.fill(0.0);
        behind.fill(0.0);
        // SAFETY: both rows have one length.
        unsafe { copy_row::<V>(from, to) }
    }
}

/// As [`pad_rows`], to pairs.
#[derive(Clone, Copy)]
pub(super) struct Padded {
    pub width: usize,
    pub pitch: usize,
    pub margin: usize,
}

impl Padded {
    /// From two channels to pairs of both.
    pub fn pair(self, rounding: Rounding, channels: &[f32], to: &mut [f32]) {
        // SAFETY: reads and writes within the slices only.
        unsafe {
            match rounding {
                Rounding::Bf16 => pad_pairs(self, channels, to),
                Rounding::Whole(scale) => pad_rounded(self, Scaled(scale), channels, to),
            }
        }
    }
}

pairs_kernel! { fn pad_pairs(rows: Padded, from: &[f32], to: &mut [f32]) = pad_pairs_of }

#[inline(always)]
unsafe fn pad_pairs_of<V: Simd>(rows: Padded, from: &[f32], to: &mut [f32]) {
    // SAFETY: the caller's promise.
    unsafe { pad_as::<V>(rows, Nearest, from, to) }
}

whole_kernel! {
    fn pad_rounded(rows: Padded, scaled: Scaled, from: &[f32], to: &mut [f32]) = pad_rounded_of
}

#[inline(always)]
unsafe fn pad_rounded_of<V: Simd>(rows: Padded, scaled: Scaled, from: &[f32], to: &mut [f32]) {
    // SAFETY: the caller's promise.
    unsafe { pad_as::<V>(rows, scaled, from, to) }
}

#[inline(always)]
unsafe fn pad_as<V: Simd>(rows: Padded, how: impl Pair, from: &[f32], to: &mut [f32]) {
    let Padded { width, pitch, margin } = rows;
    let (first, second) = from.split_at(from.len() / 2);
    let rows = first.chunks_exact(width).zip(second.chunks_exact(width));
    for (to, (first, second)) in to.chunks_exact_mut(pitch).zip(rows) {
        let (before, to) = to.split_at_mut(margin);
        let (to, behind) = to.split_at_mut(width);
        before.fill(0.0);
        behind.fill(0.0);
        // SAFETY: all three are of one length.
        unsafe { pair_row::<V>(how, first, second, to) }
    }
}

/// Pairs of the numbers of two rows.
#[inline(always)]
unsafe fn pair_row<V: Simd>(how: impl Pair, first: &[f32], second: &[f32], to: &mut [f32]) {
    let (width, mut at) = (to.len(), 0);
    let (first, second, to) = (first.as_ptr(), second.as_ptr(), to.as_mut_ptr());
    // SAFETY: every vector lies within all three rows, which the caller vouches to be of one length.
    unsafe {
        while at < width && width >= V::LANES {
            // The last vector once more, up to the end.
            at = at.min(width - V::LANES);
            how.pair(V::load(first.add(at)), V::load(second.add(at))).store(to.add(at));
            at += V::LANES;
        }
        if at < width {
            let (first, second) = (V::load_first(first, width), V::load_first(second, width));
            how.pair(first, second).store_first(to, width);
        }
    }
}

/// A row too short to be worth a call of the C library.
#[inline(always)]
unsafe fn copy_row<V: Simd>(from: &[f32], to: &mut [f32]) {
    let (width, mut at) = (from.len(), 0);
    // SAFETY: every vector lies within both rows, which the caller vouches to be of one length.
    unsafe {
        while at + V::LANES <= width {
            V::load(from.as_ptr().add(at)).store(to.as_mut_ptr().add(at));
            at += V::LANES;
        }
        if at < width && at > 0 {
            // The last vector once more, up to the end.
            let last = width - V::LANES;
            V::load(from.as_ptr().add(last)).store(to.as_mut_ptr().add(last));
            return;
        }
    }
    for (to, from) in to[at..].iter_mut().zip(&from[at..]) {
        *to = *from;
    }
}

kernel! {
    /// Rows of `width` numbers that begin `pitch` apart in `from`, one after the other, plus `shift`.
    fn take_rows(
        from: &[f32],
        pitch: usize,
        to: &mut [MaybeUninit<f32>],
        width: usize,
        shift: f32,
    ) = take_rows_of
}

#[inline(always)]
unsafe fn take_rows_of<V: Simd>(
    from: &[f32],
    pitch: usize,
    to: &mut [MaybeUninit<f32>],
    width: usize,
    shift: f32,
) {
    for (to, from) in to.chunks_exact_mut(width).zip(from.chunks(pitch)) {
        let mut at = 0;
        // SAFETY: every vector lies within both rows.
        unsafe {
            while at + V::LANES <= width {
                take_vector::<V>(&from[at..], &mut to[at..], shift);
                at += V::LANES;
            }
            if at < width && at > 0 {
                // The last vector once more, up to the end.
                let last = width - V::LANES;
                take_vector::<V>(&from[last..], &mut to[last..], shift);
                at = width;
            }
        }
        for (to, from) in to[at..].iter_mut().zip(&from[at..width]) {
            to.write(from + shift);
        }
    }
}

#[inline(always)]
unsafe fn take_vector<V: Simd>(from: &[f32], to: &mut [MaybeUninit<f32>], shift: f32) {
    // SAFETY: the caller vouches for a whole vector on both sides.
    unsafe { V::load(from.as_ptr()).add(V::splat(shift)).store(to.as_mut_ptr().cast()) }
}
