//! Convolution of small images, sixteen at once: each image has a lane of the vectors to itself.
//!
//! Rows of 7 pixels fill no vector, and a window at the edge of a small image sees little but
//! border. Here a pixel is a vector, so every lane is used, and taps beyond the edge are left out.
//! Sums run in the order of [`super::conv`], to which a border adds nothing: an image's result has
//! the same bits alone and among sixteen.

use std::mem::MaybeUninit;

use super::conv::with_scratch;
use super::packed::Packed;
use super::pool;
use super::scratch::To;
use super::simd::{Simd, kernel};
use super::tile::{over_rows, panels};
use super::transpose::{transpose, transpose_into};

/// Images of a group.
pub(super) const IMAGES: usize = 16;

/// Pixels of an image that is small enough to gain by it.
const SMALL: usize = 196;

/// Channels that a thread turns at a time.
const CHANNELS: usize = 8;

/// Where a convolution takes what from.
pub(super) struct Plan {
    inputs: usize,
    pixels: usize,
    outputs: usize,
    out_pixels: usize,
    /// Taps of a window.
    area: usize,
    /// What windows see: those amid the image alike, those at each edge.
    views: Vec<View>,
    /// For each row of the result.
    rows: Vec<Vec<Tile>>,
}

/// Taps that fall into the image.
struct View {
    /// Tap, and the distance in pixels of what it sees from the first pixel seen.
    taps: Vec<[usize; 2]>,
    /// The same through all inputs: place in a row of the weight, distance in numbers.
    steps: Vec<[usize; 2]>,
}

/// One or two pixels of the result that have the same view.
struct Tile {
    view: usize,
    to: Vec<usize>,
    /// The first pixel that each sees.
    from: Vec<usize>,
}

/// How many of `batch` images, of so many pixels in the result, are to be done here.
pub(super) fn share(batch: usize, out_pixels: usize) -> usize {
    if out_pixels <= SMALL { batch / IMAGES * IMAGES } else { 0 }
}

impl Plan {
    /// From (inputs, pixels) to (outputs, height, width). `seen(pixel)` gives tap and pixel of all that
    /// a pixel of the result sees through its window of so many taps.
    pub fn new(
        (inputs, pixels): (usize, usize),
        (outputs, height, width): (usize, usize, usize),
        area: usize,
        seen: impl Fn(usize) -> Vec<[usize; 2]>,
    ) -> Self {
        let out_pixels = height * width;
        let (views, rows) = (Vec::new(), Vec::new());
        let mut plan = Self { inputs, pixels, outputs, out_pixels, area, views, rows };
        for first in (0..out_pixels).step_by(width) {
            let mut row: Vec<Tile> = Vec::new();
            for pixel in first..first + width {
                let taps = seen(pixel);
                assert!(taps.iter().all(|[tap, pixel]| *tap < area && *pixel < pixels));
                let from = taps.iter().map(|[_, pixel]| *pixel).min().unwrap_or(0);
                let view = plan.view(taps, from);
                match row.iter_mut().find(|tile| tile.view == view && tile.to.len() == 1) {
                    Some(tile) => {
                        tile.to.push(pixel);
                        tile.from.push(from);
                    }
                    None => row.push(Tile { view, to: vec![pixel], from: vec![from] }),
                }
            }
            plan.rows.push(row);
        }
        plan
    }

    /// The number of the view of one that sees `taps`, no pixel before `from`.
    fn view(&mut self, mut taps: Vec<[usize; 2]>, from: usize) -> usize {
        taps.iter_mut().for_each(|[_, pixel]| *pixel -= from);
        if let Some(known) = self.views.iter().position(|view| view.taps == taps) {
            return known;
        }
        let step = |input: usize, [tap, pixel]: [usize; 2]| {
            [input * self.area + tap, (input * self.pixels + pixel) * IMAGES]
        };
        let inputs = 0..self.inputs;
        let steps = inputs.flat_map(|input| taps.iter().map(move |tap| step(input, *tap)));
        let steps = steps.collect();
        self.views.push(View { taps, steps });
        self.views.len() - 1
    }

    /// `x` (groups x 16, inputs, pixels) to `y` (groups x 16, outputs, out_pixels), all of it.
    /// Number tap + area x input of a row of `weight` is that tap's.
    /// `bias`: (outputs) or (groups x 16, outputs), or empty for none.
    pub fn run(&self, x: &[f32], weight: &Packed, bias: &[f32], y: &mut [MaybeUninit<f32>]) {
        let (from, to) =
            (IMAGES * self.inputs * self.pixels, IMAGES * self.outputs * self.out_pixels);
        let groups = x.len() / from;
        let parts = x.chunks_exact(from).zip(y.chunks_exact_mut(to)).enumerate();
        let group = |(at, (x, y)): (usize, (&[f32], &mut [MaybeUninit<f32>]))| {
            let by_image = if bias.len() > self.outputs { IMAGES * self.outputs } else { 0 };
            self.group(x, weight, bias.get(at * by_image..).unwrap_or(&[]), by_image > 0, y);
        };
        // A group for each thread, or all threads for one.
        if groups.is_multiple_of(pool::threads()) || groups > 3 * pool::threads() {
            pool::for_each(parts, group);
        } else {
            parts.for_each(group);
        }
    }

    fn group(
        &self,
        x: &[f32],
        weight: &Packed,
        bias: &[f32],
        by_image: bool,
        y: &mut [MaybeUninit<f32>],
    ) {
        assert_eq!(weight.depth(), self.inputs * self.area);
        with_scratch(|[planes, results]| {
            self.lay_out(x, planes);
            results.resize(self.outputs * self.out_pixels * IMAGES, 0.0);
            let bias = self.bias_lanes(bias, by_image);
            let c = To(results.as_mut_ptr());
            let parts = self.rows.iter().flat_map(|tiles| {
                panels(self.outputs).map(move |(first, height)| (tiles, first, height))
            });
            pool::for_each(parts, |(tiles, first, height)| {
                let panel = Panel {
                    plan: self,
                    tiles,
                    height,
                    a: weight.panel(first, height).as_ptr(),
                    b: planes.as_ptr(),
                    c: c.at(first * self.out_pixels * IMAGES),
                    bias: bias[first * IMAGES..].as_ptr(),
                };
                // SAFETY: a holds height x depth numbers and b all pixels of all inputs; the panels'
                // rows of c, and the pixels of each row, are nobody else's.
                unsafe { lanes_panel(panel) }
            });
            self.take_back(results, y);
        });
    }

    /// (16, inputs, pixels) to (inputs, pixels, 16).
    fn lay_out(&self, x: &[f32], planes: &mut Vec<f32>) {
        let each = self.inputs * self.pixels;
        planes.resize(each * IMAGES, 0.0);
        let some = CHANNELS * self.pixels;
        pool::for_each(planes.chunks_mut(some * IMAGES).enumerate(), |(at, planes)| {
            let columns = planes.len() / IMAGES;
            transpose(&x[at * some..], (IMAGES, columns), each, planes, IMAGES);
        });
    }

    /// (outputs, out_pixels, 16) to (16, outputs, out_pixels).
    fn take_back(&self, results: &[f32], y: &mut [MaybeUninit<f32>]) {
        let each = self.outputs * self.out_pixels;
        let half = IMAGES / 2;
        pool::for_each(y.chunks_mut(half * each).enumerate(), |(at, y)| {
            transpose_into(&results[at * half..], (each, half), IMAGES, y, each);
        });
    }

    /// What is added to each output of each image: (outputs, 16).
    fn bias_lanes(&self, bias: &[f32], by_image: bool) -> Vec<f32> {
        let of = |at: usize| {
            let (output, image) = (at / IMAGES, at % IMAGES);
            let at = if by_image { image * self.outputs + output } else { output };
            bias.get(at).copied().unwrap_or(0.0)
        };
        (0..self.outputs * IMAGES).map(of).collect()
    }
}

/// Some outputs of some pixels.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    plan: &'a Plan,
    tiles: &'a [Tile],
    height: usize,
    a: *const f32,
    b: *const f32,
    c: *mut f32,
    bias: *const f32,
}

kernel! { fn lanes_panel(panel: Panel<'_>) = lanes_panel_of }

#[inline(always)]
unsafe fn lanes_panel_of<V: Simd>(panel: Panel<'_>) {
    for tile in panel.tiles {
        // SAFETY: the caller's promise for the whole panel holds for each part of it.
        unsafe { over_rows!(panel.height, tile_rows(&panel, tile)) }
    }
}

/// H rows of one or two pixels.
#[inline(always)]
unsafe fn tile_rows<V: Simd, const H: usize>(panel: &Panel<'_>, tile: &Tile, row: usize) {
    for lane in (0..IMAGES).step_by(V::LANES) {
        // SAFETY: the caller's promise.
        unsafe {
            match (&*tile.from, &*tile.to) {
                (&[a, b], &[to_a, to_b]) => {
                    tile_sums::<V, H, 2>(panel, tile, [a, b], [to_a, to_b], row, lane);
                }
                (&[a], &[to_a]) => tile_sums::<V, H, 1>(panel, tile, [a], [to_a], row, lane),
                _ => {}
            }
        }
    }
}

/// H rows of W pixels, in the lanes from `lane` on.
#[inline(always)]
unsafe fn tile_sums<V: Simd, const H: usize, const W: usize>(
    panel: &Panel<'_>,
    tile: &Tile,
    from: [usize; W],
    to: [usize; W],
    row: usize,
    lane: usize,
) {
    let (height, out_pixels) = (panel.height, panel.plan.out_pixels);
    // SAFETY: the caller vouches for H rows of a, for all pixels of b, and for those of c.
    unsafe {
        let mut sums = [[V::splat(0.0); W]; H];
        let a = panel.a.add(row);
        let b = from.map(|from| panel.b.add(from * IMAGES + lane));
        for &[k, distance] in &panel.plan.views[tile.view].steps {
            let columns = b.map(|b| V::load(b.add(distance)));
            let a = a.add(k * height);
            for (i, sum) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.add(i));
                for j in 0..W {
                    sum[j] = factor.mul_add(columns[j], sum[j]);
                }
            }
        }
        for (i, sum) in sums.iter().enumerate() {
            let bias = V::load(panel.bias.add((row + i) * IMAGES + lane));
            for (value, to) in sum.iter().zip(to) {
                let c = panel.c.add(((row + i) * out_pixels + to) * IMAGES + lane);
                value.add(bias).store(c);
            }
        }
    }
}
