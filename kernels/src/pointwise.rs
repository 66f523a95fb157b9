//! Convolution by windows of one pixel: a matrix product that reads rows of an image where they lie and
//! writes its results where they belong.

use std::mem::MaybeUninit;

use super::arithmetic::{Arithmetic, Bf16, F32, Numbers, Whole};
use super::conv::{Geometry, bias_after, for_each_image};
use super::packed::Packed;
use super::pairs::{Rounding, with_pairs};
use super::pool;
use super::prefetch::prefetch;
use super::scratch::{self, To};
use super::simd::{Simd, kernel, pairs_kernel, whole_kernel};
use super::tile::{PANEL_HEIGHTS, over_rows, panels};

/// Pixels of an image that is worth doing alone: of smaller ones the last vectors, half empty, cost more than
/// to lay out several together.
const FEWEST_PIXELS: usize = 128;

/// Pixels of small images that are done together: the last vectors of each alone would be half empty.
const PIXELS_TOGETHER: usize = 400;

/// Whether `g` is one that goes this way.
pub(super) fn pays(g: &Geometry) -> bool {
    g.kernel == 1 && g.is_bare()
}

/// `x` (batch, inputs, pixels) to all of `y` (batch, outputs, pixels). `packed` holds `numbers`, of
/// which pairs are two inputs in one.
/// `bias`: (outputs) or (batch, outputs), or empty for none.
pub(super) fn run(
    g: &Geometry,
    x: &[f32],
    packed: &Packed,
    numbers: Numbers,
    bias: &[f32],
    y: &mut [MaybeUninit<f32>],
) {
    let pixels = g.height * g.width;
    let together = if pixels < FEWEST_PIXELS { PIXELS_TOGETHER / pixels } else { 1 };
    // None are done together where each is large enough.
    let sets = if together > 1 { x.len() / g.image_numbers() / together } else { 0 };
    let whole = sets * together;
    let (x, x_rest) = x.split_at(whole * g.image_numbers());
    let (y, y_rest) = y.split_at_mut(whole * g.out_numbers());
    let (size, out) = (together * g.image_numbers(), together * g.out_numbers());
    for_each_image((x, size), (y, out), |at, x, y| {
        let own = bias.len() > g.outputs;
        let bias = bias_after(bias, at * together, g.outputs);
        images(g, x, (packed, numbers), (bias, own), y);
    });
    singly(g, x_rest, packed, numbers, bias_after(bias, whole, g.outputs), y_rest);
}

/// As [`run`], an image at a time.
fn singly(
    g: &Geometry,
    x: &[f32],
    packed: &Packed,
    numbers: Numbers,
    bias: &[f32],
    y: &mut [MaybeUninit<f32>],
) {
    let per_image = if bias.len() > g.outputs { g.outputs } else { 0 };
    let pixels = g.height * g.width;
    for_each_image((x, g.image_numbers()), (y, g.out_numbers()), |at, x, y| {
        let bias = bias.get(at * per_image..).unwrap_or(&[]);
        with_pairs((numbers, g.inputs), x, pixels, |x, unit| {
            image((x, unit), pixels, (packed, numbers), bias, y);
        });
    });
}

/// From small images to all of `y`: a row holds the pixels of all images. `bias` is that of the first
/// image and whether each has its own.
fn images(
    g: &Geometry,
    x: &[f32],
    (packed, numbers): (&Packed, Numbers),
    (bias, by_image): (&[f32], bool),
    y: &mut [MaybeUninit<f32>],
) {
    let (pixels, depth, outputs) = (g.height * g.width, packed.depth(), packed.rows());
    let row = x.len() / g.inputs;
    let inputs_in_one = if numbers.are_pairs() { 2 } else { 1 };
    assert!(depth * inputs_in_one == g.inputs && y.len() == row * outputs);
    let y = To(y.as_mut_ptr().cast());
    scratch::with(&scratch::PAIRS, depth * row, |rows| {
        let units = lay_out(numbers, x, (g.inputs, pixels), rows);
        pool::for_each(panels(outputs), |(first, height)| {
            scratch::with(&scratch::PRODUCTS, height * row, |sums| {
                let panel = Panel {
                    height,
                    depth,
                    pixels: row,
                    a: packed.panel(first, height).as_ptr(),
                    x: rows.as_ptr(),
                    y: sums.as_mut_ptr(),
                    shift: [0.0; PANEL_HEIGHTS[0]],
                    units: [1.0; PANEL_HEIGHTS[0]],
                };
                // SAFETY: a holds height x depth numbers, x and the sums all pixels of each row.
                unsafe { panel.multiply(numbers) }
                for (at, sums) in sums.chunks_exact(pixels).enumerate() {
                    let (image, output) = (at % (row / pixels), first + at / (row / pixels));
                    let own = if by_image { image * outputs } else { 0 };
                    let bias = bias.get(own + output).copied().unwrap_or(0.0);
                    let unit = units[image] * packed.unit(output);
                    let to = y.at((image * outputs + output) * pixels);
                    for (pixel, sum) in sums.iter().enumerate() {
                        // SAFETY: these outputs of these images are nobody else's.
                        unsafe { to.add(pixel).write(sum * unit + bias) }
                    }
                }
            });
        });
    });
}

/// Images (inputs, pixels) to rows of all their pixels, one for each input or each pair of them. Gives what each
/// image's whole numbers are multiplied by.
fn lay_out(
    numbers: Numbers,
    x: &[f32],
    (inputs, pixels): (usize, usize),
    rows: &mut [f32],
) -> Vec<f32> {
    let row = x.len() / inputs;
    let place = |image: usize, k: usize| k * row + image * pixels..k * row + (image + 1) * pixels;
    let lay_out_image = |(image, x): (usize, &[f32])| {
        if !numbers.are_pairs() {
            for (k, channel) in x.chunks_exact(pixels).enumerate() {
                rows[place(image, k)].copy_from_slice(channel);
            }
            return 1.0;
        }
        let (rounding, unit) = Rounding::of_image((numbers, inputs), x);
        for (k, both) in x.chunks_exact(2 * pixels).enumerate() {
            let (first, second) = both.split_at(pixels);
            rounding.pair_rows(first, second, &mut rows[place(image, k)]);
        }
        unit
    };
    x.chunks_exact(inputs * pixels).enumerate().map(lay_out_image).collect()
}

/// From `x` (depth, pixels), and what its whole numbers are multiplied by, to all of `y` (outputs, pixels).
fn image(
    (x, unit): (&[f32], f32),
    pixels: usize,
    (packed, numbers): (&Packed, Numbers),
    bias: &[f32],
    y: &mut [MaybeUninit<f32>],
) {
    let depth = packed.depth();
    assert!(x.len() == depth * pixels && y.len() == packed.rows() * pixels);
    let y = To(y.as_mut_ptr().cast());
    pool::for_each(panels(packed.rows()), |(first, height)| {
        let shift = std::array::from_fn(|i| bias.get(first + i).copied().unwrap_or(0.0));
        let units = std::array::from_fn(|i| unit * packed.unit(first + i));
        let (a, y) = (packed.panel(first, height).as_ptr(), y.at(first * pixels));
        // SAFETY: a holds height x depth numbers, x and y all pixels of each row, as asserted; these
        // rows of y are nobody else's.
        unsafe {
            Panel { height, depth, pixels, a, x: x.as_ptr(), y, shift, units }.multiply(numbers);
        }
    });
}

/// Some outputs of an image.
#[derive(Clone, Copy)]
pub(super) struct Panel {
    height: usize,
    depth: usize,
    pixels: usize,
    a: *const f32,
    x: *const f32,
    y: *mut f32,
    /// What is added to each output.
    shift: [f32; PANEL_HEIGHTS[0]],
    /// What its whole numbers are multiplied by.
    units: [f32; PANEL_HEIGHTS[0]],
}

impl Panel {
    /// Computes all outputs.
    ///
    /// # Safety
    /// All that the sizes say must be there, and `y` be nobody else's.
    unsafe fn multiply(self, numbers: Numbers) {
        // SAFETY: the caller's promise.
        unsafe {
            match numbers {
                Numbers::F32 => numbers_panel(self),
                Numbers::Bf16 => pairs_panel(self),
                Numbers::Whole => whole_panel(self),
            }
        }
    }
}

kernel! { fn numbers_panel(panel: Panel) = numbers_panel_of }

#[inline(always)]
unsafe fn numbers_panel_of<V: Simd>(panel: Panel) {
    // SAFETY: the caller's promise.
    unsafe { panel_of::<V, F32>(panel) }
}

pairs_kernel! { fn pairs_panel(panel: Panel) = pairs_panel_of }

#[inline(always)]
unsafe fn pairs_panel_of<V: Simd>(panel: Panel) {
    // SAFETY: the caller's promise.
    unsafe { panel_of::<V, Bf16>(panel) }
}

whole_kernel! { fn whole_panel(panel: Panel) = whole_panel_of }

#[inline(always)]
unsafe fn whole_panel_of<V: Simd>(panel: Panel) {
    // SAFETY: the caller's promise.
    unsafe { panel_of::<V, Whole>(panel) }
}

#[inline(always)]
unsafe fn panel_of<V: Simd, A: Arithmetic>(panel: Panel) {
    // SAFETY: the caller's promise for the whole panel holds for each part of it.
    unsafe { over_rows!(panel.height, rows_of[A](&panel)) }
}

/// H rows, all pixels.
#[inline(always)]
unsafe fn rows_of<V: Simd, const H: usize, A: Arithmetic>(panel: &Panel, row: usize) {
    let mut at = 0;
    // SAFETY: the caller vouches for H rows from `row` on, of all pixels.
    unsafe {
        while at + 2 * V::LANES <= panel.pixels {
            tile::<V, H, 2, A>(panel, row, at, V::LANES);
            at += 2 * V::LANES;
        }
        while at < panel.pixels {
            let count = V::LANES.min(panel.pixels - at);
            tile::<V, H, 1, A>(panel, row, at, count);
            at += count;
        }
    }
}

/// Pixels from those that are being done to those that are asked for: rows of images that fill no cache
/// are too far apart for the processor to foresee.
const AHEAD: usize = 64;

/// H rows, W vectors wide; of a single one, the first `count` numbers.
#[inline(always)]
unsafe fn tile<V: Simd, const H: usize, const W: usize, A: Arithmetic>(
    panel: &Panel,
    row: usize,
    at: usize,
    count: usize,
) {
    // SAFETY: the caller vouches for H rows of y, so many numbers wide, and for as many of each of x.
    unsafe {
        let mut sums = [[V::splat(0.0); W]; H];
        let (mut a, mut x) = (panel.a.add(row), panel.x.add(at));
        if W == 2 {
            for i in 0..H {
                let next = panel.y.wrapping_add((row + i) * panel.pixels + at + AHEAD);
                prefetch(next);
                prefetch(next.wrapping_add(V::LANES));
            }
        }
        for _ in 0..panel.depth {
            let mut columns = [V::splat(0.0); W];
            for (j, column) in columns.iter_mut().enumerate() {
                let from = x.add(j * V::LANES);
                *column = if W == 1 { V::load_first(from, count) } else { V::load(from) };
            }
            if W == 2 && !A::PAIRS {
                prefetch(x.wrapping_add(AHEAD));
                prefetch(x.wrapping_add(AHEAD + V::LANES));
            }
            for (i, sum) in sums.iter_mut().enumerate() {
                let factor = V::splat(*a.add(i));
                for j in 0..W {
                    sum[j] = A::add(sum[j], factor, columns[j]);
                }
            }
            a = a.add(panel.height);
            x = x.add(panel.pixels);
        }
        for (i, sum) in sums.iter().enumerate() {
            let (shift, unit) = (V::splat(panel.shift[row + i]), V::splat(panel.units[row + i]));
            for (j, value) in sum.iter().enumerate() {
                let to = panel.y.add((row + i) * panel.pixels + at + j * V::LANES);
                let value = match A::WHOLE {
                    // One after the other, as several images have it.
                    true => value.whole().mul(unit),
                    false => *value,
                };
                let value = value.add(shift);
                if W == 1 { value.store_first(to, count) } else { value.store(to) }
            }
        }
    }
}
