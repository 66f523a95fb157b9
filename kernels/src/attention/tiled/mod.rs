//! Attention by tiles of bf16, where there is a unit for them.
//!
//! The unit makes sixteen by sixteen scores at once and leaves them in memory; vectors make weights of
//! them, which the unit then reads as pairs. Tokens are padded to whole tiles: keys by the last of them,
//! so that no weight is larger than others, whatever counts by zeros.

mod backward;
mod forward;

pub(super) use backward::head_backward;
pub(super) use forward::head_forward;

use super::head::Head;
use crate::lines::Lines;
use crate::matrix::{SIDE, Shapes, Split, Unit};
use crate::pairs::{Rounding, narrow_rows};
use crate::simd::{Simd, pairs_kernel};
use crate::transpose::transpose;

/// Tokens of a pair of tiles beside each other.
const TWO: usize = 2 * SIDE;

/// What a head's sides are padded to.
#[derive(Clone, Copy)]
struct Padded {
    head: Head,
    /// Tokens, a multiple of [`TWO`].
    tokens: usize,
    /// Channels, a multiple of [`SIDE`].
    channels: usize,
    /// Pairs of channels, in parts that tiles have room for.
    pairs: Split,
}

impl Padded {
    /// With so many channels beyond the last.
    fn new(head: Head, beyond: usize) -> Self {
        Self {
            head,
            tokens: head.tokens.next_multiple_of(TWO),
            channels: (head.width + beyond).next_multiple_of(SIDE),
            pairs: Split::new(head.width / 2),
        }
    }

    /// A tile for sums, for the left side of scores and for their right side.
    fn shapes(&self) -> [(usize, usize); 3] {
        [(SIDE, SIDE), (SIDE, self.pairs.each), (self.pairs.each, SIDE)]
    }

    /// (pair of channels, token): channels times `by`, as the right side of scores reads them. Tokens
    /// beyond the last are as the last.
    fn by_pair(&self, channels: &[f32], by: f32) -> Lines {
        let tokens = self.head.tokens;
        let mut pairs = Lines::any(self.pairs.padded() * self.tokens);
        pairs[self.head.width / 2 * self.tokens..].fill(0.0);
        let each = pairs.chunks_exact_mut(self.tokens).zip(channels.chunks_exact(2 * tokens));
        for (pairs, both) in each {
            let (first, second) = both.split_at(tokens);
            let (pairs, beyond) = pairs.split_at_mut(tokens);
            // SAFETY: all are of one length.
            unsafe { pair_scaled(first, second, by, pairs) }
            beyond.fill(pairs[tokens - 1]);
        }
        pairs
    }

    /// (token, pair of channels) of [`Padded::by_pair`], as the left side of scores reads it.
    fn by_token(&self, pairs: &[f32]) -> Lines {
        let (depth, mut rows) = (self.pairs.padded(), Lines::any(pairs.len()));
        transpose(pairs, (depth, self.tokens), self.tokens, &mut rows, depth);
        rows
    }

    /// (channel, pair of tokens), zeros beyond both: the left side of a sum over tokens.
    fn by_channel(&self, channels: &[f32]) -> Lines {
        let (tokens, words) = (self.head.tokens, self.tokens / 2);
        let mut rows = Lines::any(self.channels * words);
        rows[self.head.width * words..].fill(0.0);
        for (row, channel) in rows.chunks_exact_mut(words).zip(channels.chunks_exact(tokens)) {
            row[tokens / 2..].fill(0.0);
            // SAFETY: a row has room for all tokens.
            unsafe { narrow_rows(channel, tokens, row.as_mut_ptr().cast(), 2 * words) }
        }
        rows
    }

    /// (pair of tokens, channel): the right side of a sum over tokens. Of each [`TWO`] tokens those are
    /// pairs that are [`SIDE`] apart.
    fn by_token_pair(&self, channels: &[f32]) -> Lines {
        let (tokens, words) = (self.head.tokens, self.tokens / 2);
        let mut rows = Lines::any(self.channels * words);
        rows[self.head.width * words..].fill(0.0);
        let mut two = [0.0; TWO];
        for (row, channel) in rows.chunks_exact_mut(words).zip(channels.chunks_exact(tokens)) {
            for (pairs, tokens) in row.chunks_exact_mut(SIDE).zip(channel.chunks(TWO)) {
                two[..tokens.len()].copy_from_slice(tokens);
                two[tokens.len()..].fill(0.0);
                Rounding::Bf16.pair_rows(&two[..SIDE], &two[SIDE..], pairs);
            }
        }
        let mut pairs = Lines::any(rows.len());
        transpose(&rows, (self.channels, words), words, &mut pairs, self.channels);
        pairs
    }

    /// Steps of a sum over all tokens.
    fn steps(&self) -> usize {
        self.tokens / TWO
    }
}

/// Shapes of sums over tokens.
fn square_shapes() -> Shapes {
    Shapes::new([(SIDE, SIDE); 8])
}

/// Makes two tiles of scores, `FIRST` and `SECOND`: sixteen tokens of `left`, as [`Padded::by_token`] has
/// them, with two times sixteen of `right`, as [`Padded::by_pair`] has them.
///
/// Every tile that is written costs, above all where two threads share the unit: the right side stays
/// in `RIGHT` and `BESIDE`, if they have room for it, once [`load_right`] was called.
#[inline(always)]
unsafe fn scores<
    U: Unit,
    const FIRST: usize,
    const SECOND: usize,
    const LEFT: usize,
    const RIGHT: usize,
    const BESIDE: usize,
>(
    padded: &Padded,
    left: *const f32,
    right: *const f32,
) {
    let Split { parts, each } = padded.pairs;
    // SAFETY: the caller vouches for all tokens of both.
    unsafe {
        U::zero::<FIRST>();
        U::zero::<SECOND>();
        for part in 0..parts {
            if parts > 1 {
                load_right::<U, RIGHT, BESIDE>(padded, right, part);
            }
            U::load::<LEFT>(left.add(part * each), padded.pairs.padded());
            U::dot::<FIRST, LEFT, RIGHT>();
            U::dot::<SECOND, LEFT, BESIDE>();
        }
    }
}

/// The right side of scores: one part of the pairs of two times sixteen tokens.
#[inline(always)]
unsafe fn load_right<U: Unit, const RIGHT: usize, const BESIDE: usize>(
    padded: &Padded,
    right: *const f32,
    part: usize,
) {
    // SAFETY: as for `scores`.
    unsafe {
        let right = right.add(part * padded.pairs.each * padded.tokens);
        U::load::<RIGHT>(right, padded.tokens);
        U::load::<BESIDE>(right.add(SIDE), padded.tokens);
    }
}

pairs_kernel! {
    /// Pairs of the numbers of two rows, times `by`.
    fn pair_scaled(first: &[f32], second: &[f32], by: f32, to: &mut [f32]) = pair_scaled_of
}

#[inline(always)]
unsafe fn pair_scaled_of<V: Simd>(first: &[f32], second: &[f32], by: f32, to: &mut [f32]) {
    let (count, mut at) = (to.len(), 0);
    let (first, second, to) = (first.as_ptr(), second.as_ptr(), to.as_mut_ptr());
    // SAFETY: the caller vouches for one length of all.
    unsafe {
        let by = V::splat(by);
        while at < count {
            let some = V::LANES.min(count - at);
            let [first, second] = [first, second].map(|row| row.add(at));
            let (first, second) = (V::load_first(first, some), V::load_first(second, some));
            first.mul(by).pair_nearest(second.mul(by)).store_first(to.add(at), some);
            at += some;
        }
    }
}
