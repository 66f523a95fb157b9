//! Tokens one after the other, with their channels along the lanes.

use std::mem::MaybeUninit;

use super::head::Head;
use super::tile::TILE;
use crate::pairs::Rounding;
use crate::simd::Level;
use crate::transpose::{transpose, transpose_into};

/// How channels fill vectors: `group` tokens share one where the channels of one would not fill it.
/// Each channel's numbers of all of them then lie side by side.
#[derive(Clone, Copy)]
pub(super) struct RowsShape {
    /// One, two or four.
    pub group: usize,
    /// Numbers of a row, whole vectors.
    pub length: usize,
    lanes: usize,
}

impl RowsShape {
    pub fn of(head: Head) -> Self {
        let lanes = Level::current().lanes(head.numbers);
        let group = [4, 2].into_iter().find(|group| group * head.width <= lanes).unwrap_or(1);
        Self { group, length: (group * head.width).next_multiple_of(lanes), lanes }
    }

    /// Rows of sums, one for each token, to all of (width, tokens).
    pub fn take_back(&self, head: Head, rows: &[f32], channels: &mut [MaybeUninit<f32>]) {
        let Head { width, tokens, .. } = head;
        if self.group == 1 {
            return transpose_into(rows, (tokens, width), self.length, channels, tokens);
        }
        for (token, row) in rows.chunks_exact(self.length).enumerate() {
            for (channel, sums) in row.chunks_exact(self.group).take(width).enumerate() {
                channels[channel * tokens + token].write(sums.iter().sum::<f32>());
            }
        }
    }
}

/// A tile of tokens in rows.
#[derive(Default)]
pub(super) struct Rows {
    numbers: Vec<f32>,
    pairs: Vec<f32>,
    rows: Vec<f32>,
}

impl Rows {
    /// Tokens `first..first + count` of (width, tokens), zeros where a tile has more. In bf16 two
    /// tokens are one: those in the same lane of two vectors.
    pub fn gather(&mut self, head: Head, channels: &[f32], first: usize, count: usize) -> &[f32] {
        let shape = RowsShape::of(head);
        let padded = shape.length / shape.group;
        self.numbers.clear();
        self.numbers.resize(TILE * padded, 0.0);
        let from = &channels[first..];
        transpose(from, (head.width, count), head.tokens, &mut self.numbers, padded);
        if head.sums_pairs() {
            self.pair(shape, padded);
        }
        let tokens = if head.sums_pairs() { &self.pairs } else { &self.numbers };
        if shape.group == 1 {
            return tokens;
        }
        self.rows.resize(tokens.len(), 0.0);
        let tokens = tokens.chunks_exact(shape.length);
        for (to, from) in self.rows.chunks_exact_mut(shape.length).zip(tokens) {
            transpose(from, (shape.group, padded), padded, to, shape.group);
        }
        &self.rows
    }

    /// Makes `pairs` of `numbers`.
    fn pair(&mut self, shape: RowsShape, padded: usize) {
        self.pairs.resize(TILE / 2 * padded, 0.0);
        let vector = shape.lanes * padded;
        let both = self.numbers.chunks_exact(2 * vector);
        for (pairs, both) in self.pairs.chunks_exact_mut(vector).zip(both) {
            let (first, second) = both.split_at(vector);
            Rounding::Bf16.pair_rows(first, second, pairs);
        }
    }
}
