//! How much memory drawing takes, told before it is taken.

use crate::checkpoint::Header;
use crate::config::{AutoencoderParams, ModelParams};
use crate::diffusers::UNet2DConfig;
use crate::sampler::portion;

/// What a network holds in memory, as far as it follows from its shape: the tensors that live at once
/// in the widest place of a pass. On the CPU it tells a little more than what was measured, but
/// never twice as much; on a GPU it is only what follows from candle's operations.
#[derive(Clone, Debug, PartialEq)]
pub struct Footprint {
    weights: u64,
    channels: usize,
    /// What waits on the left side of the U until the right side wants it.
    skips: Vec<Skip>,
    blocks: Vec<Block>,
    /// What makes pictures of latents; empty where pixels are drawn.
    decoder: Vec<Block>,
    /// How many pixels along a side are one of the numbers that are drawn.
    factor: usize,
    /// Whether the kernels of the CPU run, which write down neither the windows of a convolution nor
    /// the scores of attention.
    kernels: bool,
    /// Threads that each lay out an image of their own.
    threads: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Skip {
    halvings: usize,
    channels: usize,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Block {
    /// How often width and height have been halved before it.
    halvings: usize,
    /// Channels that whoever calls it keeps meanwhile.
    held: usize,
    inputs: usize,
    outputs: usize,
    /// Heads of its attention; 0 for none.
    heads: usize,
}

/// Bytes of a number.
const NUMBER: u64 = 4;
/// Images that a sampler, its history and a picture to begin from hold for each one drawn.
const SAMPLER_IMAGES: u64 = 16;
/// Copies of all scores that softmax makes.
const SCORES: u64 = 3;
/// Pixels of a convolution's window, of which all are copied for each pixel where no kernel runs.
const WINDOW: usize = 9;
/// What an allocator keeps in spite of all, and the share it loses in gaps.
const LEAST: u64 = 4 << 20;
const GAPS: u64 = 4;
/// More pictures than anybody draws at once.
const MANY: usize = 1 << 20;

impl Footprint {
    /// Of the network that `header` describes, on the CPU or else on a GPU.
    pub fn new(header: &Header, on_cpu: bool) -> Self {
        let (skips, blocks) = match &header.diffusers {
            Some(spec) => of_diffusers(&spec.unet),
            None => of_reference(&header.network()),
        };
        let latents = header.latents.as_ref().map(|latents| &latents.params);
        Self {
            weights: header.weights,
            channels: header.network().im_channels,
            skips,
            blocks,
            decoder: latents.map_or_else(Vec::new, of_decoder),
            factor: latents.map_or(1, AutoencoderParams::factor),
            kernels: on_cpu,
            threads: rayon::current_num_threads(),
        }
    }

    /// Bytes of the weights alone.
    pub fn weight_bytes(&self) -> u64 {
        self.weights * NUMBER
    }

    /// Bytes, beside the weights, of drawing `batch` pictures of `size` (width, height) at once.
    /// `guided` is whether every picture is asked for twice, with and without its prompt.
    pub fn drawing_bytes(&self, size: (usize, usize), batch: usize, guided: bool) -> u64 {
        let pixels = (size.0 * size.1) as u64;
        let area = pixels / (self.factor * self.factor) as u64;
        let batch = batch as u64;
        let asked = if guided { 2 * batch } else { batch };
        let at_once = asked.min(portion(area as usize) as u64);
        // Pictures are made of latents between two passes.
        let widest =
            (at_once * self.pass_numbers(area)).max(batch * self.widest(&self.decoder, pixels));
        let images = batch * SAMPLER_IMAGES * self.channels as u64 * area;
        let scratch = |blocks, area| self.scratch_numbers(blocks, area);
        let scratch = scratch(&self.blocks, area).max(scratch(&self.decoder, pixels));
        let exact = NUMBER * (widest + images + scratch);
        exact + exact / GAPS + LEAST
    }

    /// How many pictures can be drawn at once within `bytes` beside the weights; at least 1, for
    /// who would draw none.
    pub fn largest_batch(&self, size: (usize, usize), guided: bool, bytes: u64) -> usize {
        let (mut fits, mut too_many) = (1, MANY);
        while too_many - fits > 1 {
            let batch = fits.midpoint(too_many);
            match self.drawing_bytes(size, batch, guided) <= bytes {
                true => fits = batch,
                false => too_many = batch,
            }
        }
        fits
    }

    /// Numbers of one image at the widest place of a pass.
    fn pass_numbers(&self, area: u64) -> u64 {
        let skip = |skip: &Skip| skip.channels as u64 * shrunk(area, skip.halvings);
        self.skips.iter().map(skip).sum::<u64>() + self.widest(&self.blocks, area)
    }

    /// Numbers of one image at the widest of `blocks`.
    fn widest(&self, blocks: &[Block], area: u64) -> u64 {
        let numbers = |block: &Block| {
            let pixels = shrunk(area, block.halvings);
            let windows = if self.kernels { 0 } else { (WINDOW * block.inputs) as u64 };
            let scores = if self.kernels { 0 } else { SCORES * block.heads as u64 * pixels };
            pixels * (block.channels() + windows.max(scores))
        };
        blocks.iter().map(numbers).max().unwrap_or(0)
    }

    /// Numbers of the padded images that the kernels lay out, one for each thread.
    fn scratch_numbers(&self, blocks: &[Block], area: u64) -> u64 {
        let block =
            |block: &Block| (block.inputs + block.outputs) as u64 * shrunk(area, block.halvings);
        blocks.iter().map(block).max().unwrap_or(0) * self.threads as u64
    }
}

/// An area after its sides were halved some times.
fn shrunk(area: u64, halvings: usize) -> u64 {
    (area >> (2 * halvings)).max(1)
}

impl Block {
    /// Channels that live at once.
    fn channels(&self) -> u64 {
        let convolutions = (self.inputs + self.outputs).max(4 * self.outputs);
        // Its input, queries, keys and values, what they mix to, the projection and the sum.
        let attention = if self.heads > 0 { 7 * self.outputs } else { 0 };
        (self.held + convolutions.max(attention)) as u64
    }
}

fn of_reference(model: &ModelParams) -> (Vec<Skip>, Vec<Block>) {
    let halvings =
        |level: usize| model.down_sample[..level].iter().filter(|&&halves| halves).count();
    let heads = |level: usize| if model.attention_at(level) { model.num_heads } else { 0 };
    let skip =
        |level: usize| Skip { halvings: halvings(level), channels: model.down_channels[level] };
    let down = |level: usize| Block {
        halvings: halvings(level),
        held: model.down_channels[level],
        inputs: model.down_channels[level],
        outputs: model.down_channels[level + 1],
        heads: heads(level),
    };
    let mid = |pair: &[usize]| Block {
        halvings: halvings(model.levels()),
        held: pair[0],
        inputs: pair[0],
        outputs: pair[1],
        heads: model.num_heads,
    };
    let up = |level: usize| Block {
        halvings: halvings(level),
        // What came, grown, and once more beside the skip.
        held: 4 * model.down_channels[level],
        inputs: 2 * model.down_channels[level],
        outputs: if level == 0 { model.conv_out_channels } else { model.down_channels[level - 1] },
        heads: heads(level),
    };
    let levels = 0..model.levels();
    let blocks = levels.clone().flat_map(|level| [down(level), up(level)]);
    (levels.map(skip).collect(), blocks.chain(model.mid_channels.windows(2).map(mid)).collect())
}

fn of_decoder(params: &AutoencoderParams) -> Vec<Block> {
    let mid = |pair: &[usize]| Block {
        halvings: params.halvings(params.levels()),
        held: pair[1],
        inputs: pair[1],
        outputs: pair[0],
        heads: params.num_heads,
    };
    let up = |level: usize| Block {
        halvings: params.halvings(level),
        // What came, and grown.
        held: 2 * params.down_channels[level + 1],
        inputs: params.down_channels[level + 1],
        outputs: params.down_channels[level],
        heads: if params.attention_at(level) { params.num_heads } else { 0 },
    };
    let mids = params.mid_channels.windows(2).map(mid);
    mids.chain((0..params.levels()).map(up)).collect()
}

fn of_diffusers(unet: &UNet2DConfig) -> (Vec<Skip>, Vec<Block>) {
    let channels = &unet.block_out_channels;
    let skips = channels.iter().enumerate().flat_map(|(halvings, &channels)| {
        vec![Skip { halvings, channels }; unet.layers_per_block + 1]
    });
    let blocks = channels.iter().enumerate().map(|(halvings, &outputs)| {
        let deeper = channels[(halvings + 1).min(channels.len() - 1)];
        let inputs = deeper + outputs;
        let heads = outputs / unet.attention_head_dim.unwrap_or(outputs);
        Block { halvings, held: deeper + inputs, inputs, outputs, heads }
    });
    (skips.collect(), blocks.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::RunConfig;

    fn header(preset: &str) -> Header {
        let config = RunConfig::preset(preset).unwrap();
        let weights = crate::train::weights_of(&config.model_params);
        Header {
            config,
            step: 0,
            dataset: Default::default(),
            weights,
            diffusers: None,
            merge: None,
            latents: None,
        }
    }

    #[test]
    fn it_tells_what_was_measured_and_less_than_twice_as_much() {
        // Growth of the resident memory's peak over two steps of DPM++ 2M, two threads, megabytes.
        let measured = [
            ("small", (28, 28), 16, 11.2),
            ("small", (256, 256), 1, 78.0),
            ("reference", (28, 28), 128, 233.7),
            ("reference", (64, 64), 16, 155.4),
            ("reference", (128, 128), 2, 102.8),
            ("rgb", (64, 128), 4, 92.1),
        ];
        for (preset, size, batch, megabytes) in measured {
            let footprint = Footprint { threads: 2, ..Footprint::new(&header(preset), true) };
            let told = footprint.drawing_bytes(size, batch, false) as f64 / 1e6;
            assert!((1.0..2.0).contains(&(told / megabytes)), "{preset}, {size:?}: {told}");
        }
    }

    #[test]
    fn of_large_pictures_only_what_the_sampler_holds_grows_with_the_batch() {
        let footprint = Footprint::new(&header("reference"), true);
        let bytes = |batch| footprint.drawing_bytes((1024, 1024), batch, true);
        let image = (NUMBER * SAMPLER_IMAGES) << 20;
        assert_eq!(bytes(8) - bytes(4), 4 * (image + image / GAPS));
        assert!(bytes(1) > 4 * image);
    }

    #[test]
    fn the_largest_batch_just_fits() {
        let footprint = Footprint::new(&header("reference"), true);
        let (size, budget) = ((64, 32), 300 << 20);
        for guided in [false, true] {
            let batch = footprint.largest_batch(size, guided, budget);
            assert!(footprint.drawing_bytes(size, batch, guided) <= budget);
            assert!(footprint.drawing_bytes(size, batch + 1, guided) > budget);
        }
        assert_eq!(footprint.largest_batch(size, true, 0), 1);
        assert_eq!(footprint.weight_bytes(), 4 * 10_188_081);
    }

    #[test]
    fn a_gpu_writes_down_windows_and_scores() {
        let [cpu, gpu] = [true, false].map(|on_cpu| Footprint::new(&header("reference"), on_cpu));
        let bytes = |footprint: &Footprint| footprint.drawing_bytes((64, 64), 4, false);
        assert!(bytes(&gpu) > 2 * bytes(&cpu));
        assert!(
            gpu.largest_batch((64, 64), false, 4 << 30)
                < cpu.largest_batch((64, 64), false, 4 << 30)
        );
    }

    #[test]
    fn diffusers_networks_are_counted_by_their_own_shape() {
        let unet = UNet2DConfig {
            block_out_channels: vec![32, 64],
            layers_per_block: 1,
            attention_head_dim: None,
            ..Default::default()
        };
        let (skips, blocks) = of_diffusers(&unet);
        let channels: Vec<_> = skips.iter().map(|skip| (skip.halvings, skip.channels)).collect();
        assert_eq!(channels, [(0, 32), (0, 32), (1, 64), (1, 64)]);
        assert_eq!((blocks[0].inputs, blocks[0].outputs, blocks[0].heads), (96, 32, 1));
    }
}
