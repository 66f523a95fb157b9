//! Images cut into tiles, and the way of their numbers into the products and out of them.
//!
//! Sixteen channels lie in the lanes, whatever the batch and the size of the image: a strip, one row
//! of tiles, is turned to have its channels last while it is in the first-level cache.

use std::ops::Range;

use super::points::{self, Transform};
use super::weights::padded;
use crate::pool;
use crate::scratch::{self, To};
use crate::simd::{Simd, kernel};
use crate::transpose::{Sides, turn};

/// Channels that are done at once.
pub(super) const CHANNELS: usize = 16;

/// Numbers of a tile of the image, and so products of a tile.
pub(super) const POINTS: usize = 36;

/// Results along each side of a tile.
pub(super) const STEP: usize = 4;

/// Windows over an image, each of `side` x `side` pixels, four pixels from each other.
pub(super) struct Cut {
    /// Pixels of the image.
    pixels: usize,
    /// Tiles in a strip.
    pub columns: usize,
    pub strips: Vec<Strip>,
}

/// A row of tiles.
pub(super) struct Strip {
    /// First pixel of the rows that it sees, and how many there are.
    first: usize,
    pixels: usize,
    /// For each tile, the pixels it sees, counted from the first; those beyond the edge are all one
    /// behind the last.
    seen: Vec<u32>,
}

/// Sixteen channels, or what there is of them, of a strip.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    pub strip: &'a Strip,
    /// Of the image.
    pub first_channel: usize,
    pub channels: usize,
}

/// Where numbers of tiles lie: distances from one of the 36 points to the next, and from tile to tile.
#[derive(Clone, Copy)]
pub(super) struct Pitch {
    pub point: usize,
    pub tile: usize,
}

impl Pitch {
    /// For so many tiles, one after the other. The points are apart by an odd number of cache lines: a
    /// power of two would put them all into the same few places of the cache.
    pub fn new(tiles: usize, tile: usize) -> Self {
        Self { point: spread(tiles * tile), tile }
    }
}

/// So many numbers, or some more, that fill an odd number of cache lines.
pub(super) fn spread(numbers: usize) -> usize {
    numbers.next_multiple_of(LINE) | LINE
}

/// Numbers in a line of the cache.
const LINE: usize = 16;

impl Cut {
    /// The first window begins `border` pixels before the image of (height, width).
    pub fn new(
        (height, width): (usize, usize),
        border: usize,
        side: usize,
        (rows, columns): (usize, usize),
    ) -> Self {
        let strip = |row: usize| {
            // Rows of the window that are inside.
            let inside = |at: usize, size: usize| {
                (at * STEP).saturating_sub(border)
                    ..(at * STEP + side).saturating_sub(border).min(size)
            };
            let seen_rows = inside(row, height);
            let (first, pixels) = (seen_rows.start * width, seen_rows.len() * width);
            let see = |at: usize| {
                let (tile, y, x) = (at / (side * side), at / side % side, at % side);
                let y = (row * STEP + y).checked_sub(border).filter(|y| seen_rows.contains(y));
                let x = (tile * STEP + x).checked_sub(border).filter(|x| *x < width);
                y.zip(x).map_or(pixels, |(y, x)| y * width + x - first) as u32
            };
            Strip { first, pixels, seen: (0..columns * side * side).map(see).collect() }
        };
        Self { pixels: height * width, columns, strips: (0..rows).map(strip).collect() }
    }

    /// Image and strip of the strip `at`, counted through all images.
    pub fn place(&self, at: usize) -> (usize, &Strip) {
        (at / self.strips.len(), &self.strips[at % self.strips.len()])
    }

    /// Transforms the tiles of a strip of the image, or with `gradient` of the result's gradient.
    ///
    /// # Safety
    /// `to` must be good for the tiles' points by `pitch`, sixteen channels each, and be nobody else's.
    unsafe fn transform(
        &self,
        image: &[f32],
        part: Part<'_>,
        gradient: bool,
        to: *mut f32,
        pitch: Pitch,
    ) {
        let Part { strip, first_channel, channels } = part;
        scratch::with(&scratch::STRIP, (strip.pixels + 1) * CHANNELS, |turned| {
            if channels < CHANNELS {
                turned.fill(0.0);
            }
            turned[strip.pixels * CHANNELS..].fill(0.0);
            let from = &image[first_channel * self.pixels + strip.first..];
            assert!((channels - 1) * self.pixels + strip.pixels <= from.len());
            let sides = Sides {
                from: from.as_ptr(),
                from_pitch: self.pixels,
                to: turned.as_mut_ptr(),
                to_pitch: CHANNELS,
            };
            let work = Tiles { from: turned.as_ptr(), seen: &strip.seen, to, pitch };
            // SAFETY: as many channels of all the strip's pixels lie in the image, as asserted, and
            // have room; `seen` names pixels of the strip, or the zeros behind them.
            unsafe {
                turn(sides, (channels, strip.pixels));
                if gradient { gradient_tiles(work) } else { image_tiles(work) }
            }
        });
    }

    /// The results of a strip's tiles, plus `bias` (sixteen), to an image of the result.
    ///
    /// # Safety
    /// `from` must be good for the tiles' points by `pitch`, sixteen channels each; `image` for a whole
    /// one, of which the strip's part is nobody else's.
    pub unsafe fn take_back(
        &self,
        from: *const f32,
        pitch: Pitch,
        bias: &[f32; CHANNELS],
        part: Part<'_>,
        image: *mut f32,
    ) {
        let Part { strip, first_channel, channels } = part;
        scratch::with(&scratch::STRIP, (strip.pixels + 1) * CHANNELS, |results| {
            let to = results.as_mut_ptr();
            let work = Results { from, pitch, seen: &strip.seen, to, bias };
            let sides = Sides {
                from: to,
                from_pitch: CHANNELS,
                to: image.wrapping_add(first_channel * self.pixels + strip.first),
                to_pitch: self.pixels,
            };
            // SAFETY: `seen` names pixels of the strip, or the place behind them; the image holds all
            // of its channels, as the caller vouches.
            unsafe {
                result_tiles(work);
                turn(sides, (strip.pixels, channels));
            }
        });
    }
}

/// Images, or gradients, that are cut into tiles.
pub(super) struct Images<'a> {
    pub cut: &'a Cut,
    pub numbers: &'a [f32],
    pub channels: usize,
    pub gradient: bool,
}

impl Images<'_> {
    /// Strips, counted through all images, to `tiles` (point, tile, channel).
    pub fn transform(&self, strips: Range<usize>, tiles: &mut [f32]) {
        let width = padded(self.channels);
        let groups = width / CHANNELS;
        let to = To(tiles.as_mut_ptr());
        let pitch = Pitch::new(strips.len() * self.cut.columns, width);
        pool::for_each_number(strips.len() * groups, |at| {
            let (at, first_channel) = (at / groups, at % groups * CHANNELS);
            let to = to.at(at * self.cut.columns * width + first_channel);
            let channels = CHANNELS.min(self.channels - first_channel);
            let (image, strip) = self.cut.place(strips.start + at);
            let part = Part { strip, first_channel, channels };
            let each = self.channels * self.cut.pixels;
            let image = &self.numbers[image * each..][..each];
            // SAFETY: the strip's tiles have sixteen places for these channels at each point.
            unsafe { self.cut.transform(image, part, self.gradient, to, pitch) }
        });
    }
}

/// Tiles to be transformed.
#[derive(Clone, Copy)]
pub(super) struct Tiles<'a> {
    /// Pixels of sixteen channels each.
    from: *const f32,
    seen: &'a [u32],
    to: *mut f32,
    pitch: Pitch,
}

kernel! { fn image_tiles(tiles: Tiles<'_>) = image_tiles_of }

#[inline(always)]
unsafe fn image_tiles_of<V: Simd>(tiles: Tiles<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tiles_of::<V, points::Image, 6>(tiles) }
}

kernel! { fn gradient_tiles(tiles: Tiles<'_>) = gradient_tiles_of }

#[inline(always)]
unsafe fn gradient_tiles_of<V: Simd>(tiles: Tiles<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tiles_of::<V, points::ResultGradient, STEP>(tiles) }
}

/// Transforms N x N pixels to 6 x 6 points, first down the columns, then along the rows.
#[inline(always)]
unsafe fn tiles_of<V: Simd, T: Transform<N, 6>, const N: usize>(tiles: Tiles<'_>) {
    let Tiles { from, seen, to, pitch } = tiles;
    for (tile, seen) in seen.chunks_exact(N * N).enumerate() {
        for lane in (0..CHANNELS).step_by(V::LANES) {
            // SAFETY: the caller vouches for all pixels that are seen and for all points.
            unsafe {
                let mut half = [[V::splat(0.0); N]; 6];
                for j in 0..N {
                    let mut column = [V::splat(0.0); N];
                    for (i, value) in column.iter_mut().enumerate() {
                        let pixel = *seen.get_unchecked(i * N + j) as usize;
                        *value = V::load(from.add(pixel * CHANNELS + lane));
                    }
                    let column = T::of(column);
                    for (row, value) in half.iter_mut().zip(&column) {
                        row[j] = *value;
                    }
                }
                let to = to.add(tile * pitch.tile + lane);
                for (i, row) in half.iter().enumerate() {
                    let row = T::of(*row);
                    for (j, value) in row.iter().enumerate() {
                        value.store(to.add((i * 6 + j) * pitch.point));
                    }
                }
            }
        }
    }
}

/// Tiles of products that become results.
#[derive(Clone, Copy)]
pub(super) struct Results<'a> {
    from: *const f32,
    pitch: Pitch,
    seen: &'a [u32],
    to: *mut f32,
    bias: &'a [f32; CHANNELS],
}

kernel! { fn result_tiles(results: Results<'_>) = result_tiles_of }

#[inline(always)]
unsafe fn result_tiles_of<V: Simd>(results: Results<'_>) {
    let Results { from, pitch, seen, to, bias } = results;
    for (tile, seen) in seen.chunks_exact(STEP * STEP).enumerate() {
        for lane in (0..CHANNELS).step_by(V::LANES) {
            // SAFETY: the caller vouches for all points and for all pixels that are seen.
            unsafe {
                let from = from.add(tile * pitch.tile + lane);
                let mut half = [[V::splat(0.0); 6]; STEP];
                for j in 0..6 {
                    let mut column = [V::splat(0.0); 6];
                    for (i, value) in column.iter_mut().enumerate() {
                        *value = V::load(from.add((i * 6 + j) * pitch.point));
                    }
                    let column = points::Result::of(column);
                    for (row, value) in half.iter_mut().zip(&column) {
                        row[j] = *value;
                    }
                }
                let bias = V::load(bias.as_ptr().add(lane));
                for (i, row) in half.iter().enumerate() {
                    let row = points::Result::of(*row);
                    for (j, value) in row.iter().enumerate() {
                        let pixel = *seen.get_unchecked(i * STEP + j) as usize;
                        value.add(bias).store(to.add(pixel * CHANNELS + lane));
                    }
                }
            }
        }
    }
}
