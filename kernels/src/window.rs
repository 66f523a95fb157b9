//! A convolution's weight as its products read it.

use super::arithmetic::Numbers;
use super::matrix::{self, Tiles};
use super::packed::Packed;
use super::tile::{Outer, outer};

/// Rows of results by taps of channels.
pub(super) enum Window {
    Numbers(Packed),
    /// Two channels are one, in bf16.
    Pairs(Packed),
    /// Two channels are one, in whole numbers.
    Whole(Packed),
    /// Two channels are one, and sixteen pairs are multiplied at once.
    Tiles(Tiles),
}

impl Window {
    /// Number k of row i is `from[rows[i] + depth[k]]`; `depth` goes through the taps of one channel after
    /// the other.
    pub fn gather(
        numbers: Numbers,
        rows: &[usize],
        (depth, taps): (&[usize], usize),
        from: &[f32],
    ) -> Self {
        match numbers {
            Numbers::F32 => Self::Numbers(Packed::gather(rows, depth, from)),
            Numbers::Bf16 if matrix::is_on() => Self::Tiles(Tiles::gather(rows, depth, taps, from)),
            numbers => {
                Self::paired(numbers, Packed::gather_pairs(numbers, rows, depth, taps, from))
            }
        }
    }

    /// As [`Window::gather`] of rows that follow each other.
    pub fn rows(
        numbers: Numbers,
        rows: usize,
        (channels, taps): (usize, usize),
        from: &[f32],
    ) -> Self {
        let depth = channels * taps;
        match numbers {
            Numbers::F32 => Self::Numbers(Packed::interleave(rows, depth, &[0], depth, from)),
            Numbers::Bf16 if matrix::is_on() => {
                Self::Tiles(Tiles::rows(rows, channels, taps, from))
            }
            numbers => {
                let packed = Packed::interleave_pairs(numbers, rows, channels, taps, from);
                Self::paired(numbers, packed)
            }
        }
    }

    /// Of (channel, row, tap) with the taps turned around.
    pub fn turned(
        numbers: Numbers,
        rows: usize,
        (channels, taps): (usize, usize),
        from: &[f32],
    ) -> Self {
        match numbers {
            Numbers::Bf16 if matrix::is_on() => {
                return Self::Tiles(Tiles::turned(rows, channels, taps, from));
            }
            Numbers::F32 if taps == 1 => {
                return Self::Numbers(Packed::columns(rows, channels, from));
            }
            numbers if taps == 1 => {
                let packed = Packed::columns_of_pairs(numbers, rows, channels, from);
                return Self::paired(numbers, packed);
            }
            _ => {}
        }
        let starts: Vec<usize> = (0..rows).map(|row| row * taps).collect();
        let turned = |channel: usize| (0..taps).rev().map(move |tap| channel * rows * taps + tap);
        let depth: Vec<usize> = (0..channels).flat_map(turned).collect();
        Self::gather(numbers, &starts, (&depth, taps), from)
    }

    /// Of pairs of `numbers`.
    fn paired(numbers: Numbers, packed: Packed) -> Self {
        if numbers == Numbers::Whole { Self::Whole(packed) } else { Self::Pairs(packed) }
    }

    /// What an image is multiplied as.
    pub fn numbers(&self) -> Numbers {
        match self {
            Self::Numbers(_) => Numbers::F32,
            Self::Pairs(_) | Self::Tiles(_) => Numbers::Bf16,
            Self::Whole(_) => Numbers::Whole,
        }
    }

    /// Products of each sum.
    pub fn depth(&self) -> usize {
        match self {
            Self::Numbers(packed) => packed.depth(),
            Self::Pairs(packed) | Self::Whole(packed) => 2 * packed.depth(),
            Self::Tiles(tiles) => 2 * tiles.planes() * tiles.taps(),
        }
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
    /// apart. `unit` is what whole numbers of b are multiplied by.
    pub fn multiply(
        &self,
        (b, unit): (&[f32], f32),
        (plane, offsets): (usize, &[usize]),
        width: usize,
        (c, pitch): (&mut [f32], usize),
    ) {
        let packed = match self {
            Self::Tiles(tiles) => {
                return tiles.multiply((b, plane, &offsets[..tiles.taps()]), width, (c, pitch));
            }
            Self::Numbers(packed) | Self::Pairs(packed) | Self::Whole(packed) => packed,
        };
        let (a, numbers) = (packed, self.numbers());
        let product = Outer { a, b, offsets, width, pitch, accumulate: false, numbers, unit };
        outer([(product, c)].into_iter());
    }
}
