//! A convolution's weight as its products read it.

use super::matrix::{self, Tiles};
use super::pairs;
use super::tile::{Outer, Packed, outer};

/// Rows of results by taps of channels.
pub(super) enum Window {
    Numbers(Packed),
    /// Two channels are one.
    Pairs(Packed),
    /// Two channels are one, and sixteen pairs are multiplied at once.
    Tiles(Tiles),
}

impl Window {
    /// Number k of row i is `from[rows[i] + depth[k]]`; `depth` goes through the taps of one channel after
    /// the other.
    pub fn gather(rows: &[usize], depth: &[usize], taps: usize, from: &[f32]) -> Self {
        match pairs::of_channels(depth.len() / taps) {
            false => Self::Numbers(Packed::gather(rows, depth, from)),
            true if matrix::is_on() => Self::Tiles(Tiles::gather(rows, depth, taps, from)),
            true => Self::Pairs(Packed::gather_pairs(rows, depth, taps, from)),
        }
    }

    /// As [`Window::gather`] of rows that follow each other.
    pub fn rows(rows: usize, channels: usize, taps: usize, from: &[f32]) -> Self {
        let depth = channels * taps;
        if !pairs::of_channels(channels) {
            return Self::Numbers(Packed::interleave(rows, depth, &[0], depth, from));
        }
        if matrix::is_on() {
            return Self::Tiles(Tiles::rows(rows, channels, taps, from));
        }
        Self::Pairs(Packed::interleave_pairs(rows, channels, taps, from))
    }

    /// Of (channel, row, tap) with the taps turned around.
    pub fn turned(rows: usize, channels: usize, taps: usize, from: &[f32]) -> Self {
        if pairs::of_channels(channels) && matrix::is_on() {
            return Self::Tiles(Tiles::turned(rows, channels, taps, from));
        }
        if taps == 1 && !pairs::of_channels(channels) {
            return Self::Numbers(Packed::columns(rows, channels, from));
        }
        if taps == 1 {
            let mut paired = vec![0.0; rows * channels / 2];
            pairs::pair_channels(from, rows, &mut paired);
            return Self::Pairs(Packed::columns(rows, channels / 2, &paired));
        }
        let starts: Vec<usize> = (0..rows).map(|row| row * taps).collect();
        let turned = |channel: usize| (0..taps).rev().map(move |tap| channel * rows * taps + tap);
        Self::gather(&starts, &(0..channels).flat_map(turned).collect::<Vec<_>>(), taps, from)
    }

    /// Whether two channels are one.
    pub fn is_paired(&self) -> bool {
        !matches!(self, Self::Numbers(_))
    }

    /// Planes that are read beyond those of the channels: they must hold numbers, which count for
    /// nothing.
    pub fn planes_beyond(&self, channels: usize) -> usize {
        match self {
            Self::Tiles(tiles) => tiles.planes() - channels / 2,
            _ => 0,
        }
    }

    /// Rows of results that are written beyond those that are wanted.
    pub fn rows_beyond(&self, rows: usize) -> usize {
        match self {
            Self::Tiles(tiles) => tiles.rows_written() - rows,
            _ => 0,
        }
    }

    /// c[i][j] = the sum over all taps of all channels of their number of row i and b[its offset + j], for
    /// j below `width`. `offsets` are those of all taps of all channels in turn, whose planes are `plane`
    /// apart.
    pub fn multiply(
        &self,
        (b, plane, offsets): (&[f32], usize, &[usize]),
        width: usize,
        (c, pitch): (&mut [f32], usize),
    ) {
        let (packed, pairs) = match self {
            Self::Tiles(tiles) => {
                return tiles.multiply((b, plane, &offsets[..tiles.taps()]), width, (c, pitch));
            }
            Self::Numbers(packed) => (packed, false),
            Self::Pairs(packed) => (packed, true),
        };
        let product = Outer { a: packed, b, offsets, width, pitch, accumulate: false, pairs };
        outer([(product, c)].into_iter());
    }
}
