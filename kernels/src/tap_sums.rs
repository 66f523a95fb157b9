//! The gradient of a convolution's weight, and of its bias.

use super::arithmetic::Numbers;
use super::conv::Geometry;
use super::matrix;
use super::packed::Packed;
use super::pairs::Rounding;
use super::pool;
use super::storage::chunks;
use super::tile::{Outer, SLACK, TILE_WIDTH, outer};
use super::whole::{Magnitudes, Scale};
use super::winograd;

/// Numbers of a block of images that should stay in the second-level cache.
const BLOCK_NUMBERS: usize = 128 * 1024;

/// The gradient of the weight (outputs, inputs, kernel, kernel).
///
/// With the channels last, the taps of one row of the window are neighbours in memory; so each row
/// is a product of the gradient (outputs, pixels) with rows of x, one for each pixel.
pub(super) fn weight_gradient(g: &Geometry, x: &[f32], grad: &[f32]) -> Vec<f32> {
    if matrix::is_on() {
        return matrix::gradients(g, x, grad, |_, _| ()).0;
    }
    if winograd::pays(g) {
        return winograd::weight_gradient(g, x, grad);
    }
    let batch = grad.len() / g.out_numbers();
    // Sums over a share of the images each, added up in their order. How many follows from the
    // batch alone, so that the result does not depend on the number of threads.
    let share = batch.div_ceil((batch / FEWEST_IMAGES).clamp(1, MOST_SHARES));
    let parts = x.chunks(share * g.image_numbers()).zip(grad.chunks(share * g.out_numbers()));
    let sums = |(x, grad)| TapSums::of(g, x, grad);
    // A share for each thread, or all threads for one.
    let shares: Vec<TapSums> = match parts.len() < pool::threads() {
        true => parts.map(sums).collect(),
        false => pool::map(parts, sums),
    };
    chunks(g.depth(), g.outputs, |output, weight| {
        for sums in &shares {
            sums.add_to(g, output, weight);
        }
    })
}

/// Images whose sums are worth a share of their own, and shares there are at most.
const FEWEST_IMAGES: usize = 4;
const MOST_SHARES: usize = 8;

/// The gradient of a weight in the order it is computed: (row of taps, output, tap and input).
struct TapSums {
    numbers: Vec<f32>,
    pitch: usize,
}

impl TapSums {
    /// Summed over some images, a block of them that fits the cache at a time.
    fn of(g: &Geometry, x: &[f32], grad: &[f32]) -> Self {
        let (rows, width) = (g.stride * g.stride * g.taps(), g.taps() * g.inputs);
        let pitch = width.next_multiple_of(TILE_WIDTH);
        let kind = Numbers::current();
        // With pairs, two neighbouring pixels of a row are one.
        let step = if kind.are_pairs() { 2 } else { 1 };
        let pixels = g.out_height * g.out_width.div_ceil(step);
        let mut numbers = vec![0.0; rows * g.outputs * pitch];
        let block = (BLOCK_NUMBERS / (g.planes_numbers() + g.out_numbers())).max(1);
        let blocks = x.chunks(block * g.image_numbers()).zip(grad.chunks(block * g.out_numbers()));
        let mut buffers = Buffers::default();
        for (x, grad) in blocks {
            let images = 0..grad.len() / g.out_numbers();
            let Laid { planes, grad, units, unit } = buffers.fill(g, x, grad, kind);
            let starts: Vec<usize> = images.clone().map(|at| at * g.outputs * pixels).collect();
            let packed = Packed::interleave(g.outputs, pixels, &starts, pixels, grad);
            let packed = packed.with_units(units);
            let windows =
                |at| g.windows_channels_last(step).map(move |w| at * g.planes_numbers() + w);
            let offsets: Vec<usize> = images.flat_map(windows).collect();
            outer(numbers.chunks_exact_mut(g.outputs * pitch).enumerate().map(|(row, sums)| {
                let product = Outer {
                    a: &packed,
                    b: &planes[g.taps_begin(row)..],
                    offsets: &offsets,
                    width,
                    pitch,
                    accumulate: true,
                    numbers: kind,
                    unit,
                };
                (product, sums)
            }));
        }
        Self { numbers, pitch }
    }

    /// Adds the sums of one output to its weights (inputs, kernel, kernel).
    fn add_to(&self, g: &Geometry, output: usize, weight: &mut [f32]) {
        let (k, s, taps) = (g.kernel, g.stride, g.taps());
        for (row, column) in (0..k).flat_map(|row| (0..k).map(move |column| (row, column))) {
            let taps_row = (row % s * s + column % s) * taps + row / s;
            let at = (taps_row * g.outputs + output) * self.pitch + column / s * g.inputs;
            let to = weight[row * k + column..].iter_mut().step_by(k * k);
            for (weight, sum) in to.zip(&self.numbers[at..][..g.inputs]) {
                *weight += sum;
            }
        }
    }
}

/// What a block of images is laid out in.
#[derive(Default)]
struct Buffers {
    planes: Vec<f32>,
    turned: Vec<f32>,
    paired_planes: Vec<f32>,
    paired_grad: Vec<f32>,
}

impl Buffers {
    /// The images in planes with their channels last, and their gradients; of pairs, each number of both
    /// beside that of the next pixel.
    fn fill<'a>(
        &'a mut self,
        g: &Geometry,
        x: &[f32],
        grad: &'a [f32],
        numbers: Numbers,
    ) -> Laid<'a> {
        let used = x.len() / g.image_numbers() * g.planes_numbers();
        // Windows at the end of the last row reach as far beyond it as its border would be wide.
        let reached = used + g.padding * g.inputs + SLACK;
        // One more pixel, which a pair may hold, times zero.
        let planes = &mut self.planes;
        planes.resize(reached + g.inputs, 0.0);
        planes[if g.is_bare() { used } else { 0 }..].fill(0.0);
        let each = planes.chunks_exact_mut(g.planes_numbers());
        for (planes, x) in each.zip(x.chunks_exact(g.image_numbers())) {
            g.lay_out_channels_last(x, planes, &mut self.turned);
        }
        if !numbers.are_pairs() {
            return Laid { planes, grad, units: Vec::new(), unit: 1.0 };
        }
        self.paired_planes.resize(reached, 0.0);
        let rows = grad.len() / g.out_width;
        self.paired_grad.resize(rows * g.out_width.div_ceil(2), 0.0);
        let (paired_planes, paired_grad) = (&mut self.paired_planes, &mut self.paired_grad);
        let (units, unit) = match numbers {
            Numbers::Whole => {
                let of_x = Scale::of_image(x, grad.len() / g.outputs);
                let rounding = Rounding::Whole(of_x.by);
                rounding.pair_rows(planes, &planes[g.inputs..], paired_planes);
                (round_gradients(g, grad, paired_grad), of_x.unit)
            }
            _ => {
                Rounding::Bf16.pair_rows(planes, &planes[g.inputs..], paired_planes);
                Rounding::Bf16.pair_neighbours(grad, g.out_width, paired_grad);
                (Vec::new(), 1.0)
            }
        };
        Laid { planes: paired_planes, grad: paired_grad, units, unit }
    }
}

/// What [`Buffers`] hold.
struct Laid<'a> {
    planes: &'a [f32],
    grad: &'a [f32],
    /// What whole numbers are multiplied by: of each output's gradients, and of the images.
    units: Vec<f32>,
    unit: f32,
}

/// Pairs of neighbouring pixels of the gradients of some images, each output by its own scale. Gives what to
/// multiply each by.
fn round_gradients(g: &Geometry, grad: &[f32], to: &mut [f32]) -> Vec<f32> {
    let (from, to_size) = (g.out_height * g.out_width, g.out_height * g.out_width.div_ceil(2));
    let images = grad.len() / g.out_numbers();
    let of_output = |output: usize| {
        let channel = |image| Magnitudes::of(&grad[(image * g.outputs + output) * from..][..from]);
        (0..images).map(channel).fold(Magnitudes::default(), Magnitudes::and)
    };
    let scales = Scale::of_rows(g.outputs, images * from, of_output);
    let channels = to.chunks_exact_mut(to_size).zip(grad.chunks_exact(from));
    for ((to, from), scale) in channels.zip(scales.iter().cycle()) {
        Rounding::Whole(scale.by).pair_neighbours(from, g.out_width, to);
    }
    scales.iter().map(|scale| scale.unit).collect()
}

/// Channels that a thread sums at a time.
const SUMS_AT_ONCE: usize = 64;

/// The gradient of a bias for each image: (batch, channels), summed over the pixels.
pub(super) fn bias_gradient(grad: &[f32], pixels: usize) -> Vec<f32> {
    let mut sums = vec![0.0; grad.len() / pixels.max(1)];
    let parts = sums.chunks_mut(SUMS_AT_ONCE).zip(grad.chunks(SUMS_AT_ONCE * pixels.max(1)));
    pool::for_each(parts, |(sums, grad)| {
        for (sum, channel) in sums.iter_mut().zip(grad.chunks_exact(pixels)) {
            *sum = super::reduce::sum(channel);
        }
    });
    sums
}
