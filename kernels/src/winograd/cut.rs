//! Images cut into tiles, and the way of their numbers into the products and out of them.
//!
//! Sixteen channels lie in the lanes, whatever the batch and the size of the image: a strip, one row
//! of tiles, is turned to have its channels last while it is in the first-level cache.

use std::ops::Range;

use super::points::{self, Transform};
use super::weights::padded;
use crate::pool;
use crate::scratch::{self, To};
use crate::simd::{Simd, kernel, pairs_kernel};
use crate::transpose::{Sides, transpose, turn};

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
    /// A strip without pixels, which sees zeros.
    nothing: Strip,
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

/// Which two numbers of the tiles lie as bf16 in the place of one: neighbours in the sum that is made of
/// them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pairing {
    /// All are f32.
    None,
    /// Channels that are sixteen apart.
    Channels,
    /// Tiles at the same place of two strips that follow each other, perhaps of two images.
    Strips,
}

impl Pairing {
    /// Strips whose tiles are one.
    pub fn strips(self) -> usize {
        if self == Self::Strips { 2 } else { 1 }
    }
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
        Self {
            pixels: height * width,
            columns,
            strips: (0..rows).map(strip).collect(),
            nothing: Strip { first: 0, pixels: 0, seen: vec![0; columns * side * side] },
        }
    }

    /// Image and strip of the strip `at`, counted through all images.
    pub fn place(&self, at: usize) -> (usize, &Strip) {
        (at / self.strips.len(), &self.strips[at % self.strips.len()])
    }

    /// Fills `turned` with the strip's pixels, sixteen channels each, and one of zeros behind them.
    fn turn(&self, image: &[f32], part: Part<'_>, turned: &mut [f32]) {
        let Part { strip, first_channel, channels } = part;
        if channels < CHANNELS {
            turned.fill(0.0);
        }
        turned[strip.pixels * CHANNELS..].fill(0.0);
        let from = &image[first_channel * self.pixels + strip.first..];
        transpose(from, (channels, strip.pixels), self.pixels, turned, CHANNELS);
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
    /// Channels are paired only where there are 32, or a multiple of that.
    pub pairing: Pairing,
}

impl Images<'_> {
    /// Tiles that so many strips are in the sums.
    pub fn tiles(&self, strips: usize) -> usize {
        self.rows(strips) * self.cut.columns
    }

    /// Strips, or pairs of them.
    fn rows(&self, strips: usize) -> usize {
        strips.div_ceil(self.pairing.strips())
    }

    /// Where the tiles of so many strips lie.
    pub fn pitch(&self, strips: usize) -> Pitch {
        let width = padded(self.channels);
        let width = if self.pairing == Pairing::Channels { width / 2 } else { width };
        Pitch::new(self.tiles(strips), width)
    }

    /// Strips, counted through all images, to `tiles` (point, tile, channel).
    pub fn transform(&self, strips: Range<usize>, tiles: &mut [f32]) {
        let pitch = self.pitch(strips.len());
        assert!(POINTS * pitch.point <= tiles.len());
        let groups = pitch.tile / CHANNELS;
        let to = To(tiles.as_mut_ptr());
        pool::for_each_number(self.rows(strips.len()) * groups, |at| {
            let (row, group) = (at / groups, at % groups);
            let to = to.at(row * self.cut.columns * pitch.tile + group * CHANNELS);
            let piece = |at: usize, group: usize| self.piece(strips.start + at, group, strips.end);
            let pieces = match self.pairing {
                Pairing::None => [piece(row, group), self.nothing()],
                Pairing::Channels => [piece(row, 2 * group), piece(row, 2 * group + 1)],
                Pairing::Strips => [piece(2 * row, group), piece(2 * row + 1, group)],
            };
            // SAFETY: the tiles have sixteen places for these channels at each point, as asserted.
            unsafe { self.write(pieces, Target { to, pitch }) }
        });
    }

    /// Sixteen channels of the strip `at`, which is nothing beyond the last one.
    fn piece(&self, at: usize, group: usize, end: usize) -> Piece<'_> {
        if at >= end {
            return self.nothing();
        }
        let (image, strip) = self.cut.place(at);
        let first_channel = group * CHANNELS;
        let channels = CHANNELS.min(self.channels - first_channel);
        let each = self.channels * self.cut.pixels;
        let image = &self.numbers[image * each..][..each];
        Piece { image, part: Part { strip, first_channel, channels } }
    }

    fn nothing(&self) -> Piece<'_> {
        let strip = &self.cut.nothing;
        Piece { image: &[], part: Part { strip, first_channel: 0, channels: 0 } }
    }

    /// Transforms the tiles of the first piece, or of both in pairs.
    ///
    /// # Safety
    /// The target must be good for the tiles' points, sixteen channels each, and be nobody else's.
    unsafe fn write(&self, pieces: [Piece<'_>; 2], to: Target) {
        let [first, second] = pieces.map(|piece| (piece.part.strip.pixels + 1) * CHANNELS);
        scratch::with(&scratch::STRIP, first + second, |turned| {
            let (first, second) = turned.split_at_mut(first);
            let turn = |piece: Piece<'_>, turned: &mut [f32]| {
                self.cut.turn(piece.image, piece.part, turned);
                turned.as_ptr()
            };
            let from = [turn(pieces[0], first), turn(pieces[1], second)];
            let [first, second] =
                [0, 1].map(|at| Tiles { from: from[at], seen: &pieces[at].part.strip.seen });
            // SAFETY: `seen` names pixels of the strips, or the zeros behind them; the rest is the
            // caller's promise.
            unsafe {
                match (self.pairing, self.gradient) {
                    (Pairing::None, false) => image_tiles(first, to),
                    (Pairing::None, true) => gradient_tiles(first, to),
                    (_, false) => image_pairs(first, second, to),
                    (_, true) => gradient_pairs(first, second, to),
                }
            }
        });
    }
}

/// A part of an image.
#[derive(Clone, Copy)]
struct Piece<'a> {
    image: &'a [f32],
    part: Part<'a>,
}

/// Tiles to be transformed.
#[derive(Clone, Copy)]
pub(super) struct Tiles<'a> {
    /// Pixels of sixteen channels each.
    from: *const f32,
    seen: &'a [u32],
}

/// Where they go.
#[derive(Clone, Copy)]
pub(super) struct Target {
    to: *mut f32,
    pitch: Pitch,
}

kernel! { fn image_tiles(tiles: Tiles<'_>, to: Target) = image_tiles_of }

#[inline(always)]
unsafe fn image_tiles_of<V: Simd>(tiles: Tiles<'_>, to: Target) {
    // SAFETY: the caller's promise.
    unsafe { tiles_of::<V, points::Image, 6>(tiles, to) }
}

kernel! { fn gradient_tiles(tiles: Tiles<'_>, to: Target) = gradient_tiles_of }

#[inline(always)]
unsafe fn gradient_tiles_of<V: Simd>(tiles: Tiles<'_>, to: Target) {
    // SAFETY: the caller's promise.
    unsafe { tiles_of::<V, points::ResultGradient, STEP>(tiles, to) }
}

pairs_kernel! {
    /// As [`image_tiles`], of the same tile in both.
    fn image_pairs(first: Tiles<'_>, second: Tiles<'_>, to: Target) = image_pairs_of
}

#[inline(always)]
unsafe fn image_pairs_of<V: Simd>(first: Tiles<'_>, second: Tiles<'_>, to: Target) {
    // SAFETY: the caller's promise.
    unsafe { pairs_of::<V, points::Image, 6>([first, second], to) }
}

pairs_kernel! {
    /// As [`gradient_tiles`], of the same tile in both.
    fn gradient_pairs(first: Tiles<'_>, second: Tiles<'_>, to: Target) = gradient_pairs_of
}

#[inline(always)]
unsafe fn gradient_pairs_of<V: Simd>(first: Tiles<'_>, second: Tiles<'_>, to: Target) {
    // SAFETY: the caller's promise.
    unsafe { pairs_of::<V, points::ResultGradient, STEP>([first, second], to) }
}

/// Transforms N x N pixels to 6 x 6 points.
#[inline(always)]
unsafe fn tiles_of<V: Simd, T: Transform<N, 6>, const N: usize>(tiles: Tiles<'_>, to: Target) {
    for tile in 0..tiles.seen.len() / (N * N) {
        for lane in (0..CHANNELS).step_by(V::LANES) {
            // SAFETY: the caller vouches for all pixels that are seen and for all points.
            unsafe {
                let at = to.to.add(tile * to.pitch.tile + lane);
                let half = columns_of::<V, T, N>(tiles, tile, lane);
                for (i, row) in half.iter().enumerate() {
                    let row = T::of(*row);
                    for (j, value) in row.iter().enumerate() {
                        value.store(at.add((i * 6 + j) * to.pitch.point));
                    }
                }
            }
        }
    }
}

/// As [`tiles_of`], of two tiles to pairs.
#[inline(always)]
unsafe fn pairs_of<V: Simd, T: Transform<N, 6>, const N: usize>(tiles: [Tiles<'_>; 2], to: Target) {
    for tile in 0..tiles[0].seen.len() / (N * N) {
        for lane in (0..CHANNELS).step_by(V::LANES) {
            // SAFETY: the caller vouches for all pixels that are seen and for all points.
            unsafe {
                let first = columns_of::<V, T, N>(tiles[0], tile, lane);
                let second = columns_of::<V, T, N>(tiles[1], tile, lane);
                let at = to.to.add(tile * to.pitch.tile + lane);
                for i in 0..6 {
                    let (first, second) = (T::of(first[i]), T::of(second[i]));
                    for j in 0..6 {
                        let at = at.add((i * 6 + j) * to.pitch.point);
                        first[j].pair_nearest(second[j]).store(at);
                    }
                }
            }
        }
    }
}

/// The columns of a tile, transformed: six rows of N.
#[inline(always)]
unsafe fn columns_of<V: Simd, T: Transform<N, 6>, const N: usize>(
    tiles: Tiles<'_>,
    tile: usize,
    lane: usize,
) -> [[V; N]; 6] {
    // SAFETY: the caller vouches for all pixels that are seen.
    unsafe {
        let mut half = [[V::splat(0.0); N]; 6];
        for j in 0..N {
            let mut column = [V::splat(0.0); N];
            for (i, value) in column.iter_mut().enumerate() {
                let pixel = *tiles.seen.get_unchecked(tile * N * N + i * N + j) as usize;
                *value = V::load(tiles.from.add(pixel * CHANNELS + lane));
            }
            let column = T::of(column);
            for (row, value) in half.iter_mut().zip(&column) {
                row[j] = *value;
            }
        }
        half
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
