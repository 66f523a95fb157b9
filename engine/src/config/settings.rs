//! Every setting of a run, declared once: its name, words, unit and range.
//!
//! The page's form, the command line's `--set` and the validation messages are views of [`SETTINGS`].

use super::{
    AutoencoderKind, BetaSchedule, DownSampleKind, Flip, LossWeighting, Precision, Prediction,
    TimestepSampling, VarianceType,
};

/// What a setting's value may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A whole number from `min` to `max`, both included.
    Int { min: u64, max: u64 },
    /// A number from `min` to `max`, both included.
    Float { min: f64, max: f64 },
    /// Yes or no.
    Bool,
    /// One of these names.
    Choice(&'static [&'static str]),
    /// Any text of one line.
    Text,
    /// Whole numbers separated by commas, each from `min` to `max`.
    IntList { min: u64, max: u64 },
    /// Yes or no for each level, separated by commas.
    BoolList,
}

impl Kind {
    /// What would do, in words, for a message about a value that does not.
    pub fn expectation(self) -> String {
        match self {
            Kind::Int { min, max } => format!("give a whole number from {min} to {max}"),
            Kind::Float { min, max } => format!("give a number from {min} to {max}"),
            Kind::Bool => "give true or false".into(),
            Kind::Choice([names @ .., last]) => format!("give {} or {last}", names.join(", ")),
            Kind::Choice([]) => "nothing would do".into(),
            Kind::Text => "give a line of text".into(),
            Kind::IntList { min, max } => {
                format!("give whole numbers from {min} to {max} separated by commas, as in 32, 64")
            }
            Kind::BoolList => "give true or false for each level, as in true, true, false".into(),
        }
    }
}

/// The fold of the form a setting stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Data,
    Diffusion,
    Model,
    Autoencoder,
    Training,
}

impl Group {
    pub const ALL: [Group; 5] =
        [Group::Data, Group::Diffusion, Group::Model, Group::Autoencoder, Group::Training];

    /// The heading of the fold.
    pub fn title(self) -> &'static str {
        match self {
            Group::Data => "Data",
            Group::Diffusion => "Diffusion",
            Group::Model => "Model",
            Group::Autoencoder => "Autoencoder",
            Group::Training => "Training",
        }
    }
}

/// One setting of [`crate::config::RunConfig`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Its place in the YAML file, such as `train_params.lr`.
    pub key: &'static str,
    /// What the form calls it.
    pub label: &'static str,
    /// One or two sentences that say what it does.
    pub help: &'static str,
    /// The unit of a number; empty where it has none.
    pub unit: &'static str,
    pub kind: Kind,
    pub group: Group,
}

const fn setting(
    key: &'static str,
    label: &'static str,
    unit: &'static str,
    kind: Kind,
    group: Group,
    help: &'static str,
) -> Setting {
    Setting { key, label, help, unit, kind, group }
}

const fn int(min: u64, max: u64) -> Kind {
    Kind::Int { min, max }
}

const fn float(min: f64, max: f64) -> Kind {
    Kind::Float { min, max }
}

/// The keys of [`SETTINGS`]: a browser that needs no words of them loads none.
pub const SETTING_KEYS: [&str; SETTINGS.len()] = {
    let mut keys = [""; SETTINGS.len()];
    let mut place = 0;
    while place < keys.len() {
        keys[place] = SETTINGS[place].key;
        place += 1;
    }
    keys
};

/// All settings of a run in the order the form shows them.
#[rustfmt::skip]
pub const SETTINGS: &[Setting] = &[
    setting("dataset_params.im_path", "Data set", "", Kind::Text, Group::Data,
        "Name of a data set of this program, or a path: a folder of images (sub-folders are classes), a zip or tar.gz of one, or IDX, CIFAR, numpy or Parquet files."),
    setting("dataset_params.background", "Background", "", Kind::Text, Group::Data,
        "Colour put behind transparent pixels, as #rrggbb."),
    setting("dataset_params.flip", "Mirror", "", Kind::Choice(Flip::NAMES), Group::Data,
        "Show the network about half of the images mirrored, where a mirrored picture is as good as its original: not for digits, but for most textures."),
    setting("dataset_params.rotate", "Quarter turns", "", Kind::Bool, Group::Data,
        "Show the network the images turned by 0, 90, 180 or 270 degrees: for textures and tiles without an up."),
    setting("dataset_params.crop", "Random crop", "", float(0.0, 0.9), Group::Data,
        "Show the network parts of the images, enlarged to the whole: the largest share of width and height that is cut away. 0 shows them whole."),
    setting("dataset_params.colour_jitter", "Colour jitter", "", float(0.0, 1.0), Group::Data,
        "How far brightness, contrast and saturation of the images are changed at random, as a share: 0.1 gives nine to eleven tenths of each. 0 leaves them as they are."),
    setting("dataset_params.augment_probability", "Augment probability", "", float(0.0, 1.0), Group::Data,
        "For few images: how likely each of six changes is (mirrored, upside down, larger or smaller, turned, stretched, shifted). The network is told what was changed, and so draws nothing mirrored or turned that was not so before. 0 changes nothing, 0.12 to 0.15 is usual."),
    setting("dataset_params.cutout", "Cutout", "", float(0.0, 1.0), Group::Data,
        "For few images: how likely a square of half the width and height is made gray. The network is told where, and so draws whole pictures. 0 shows all images whole."),

    setting("diffusion_params.num_timesteps", "Timesteps", "steps", int(2, 10_000), Group::Diffusion,
        "Number of noising steps T between a picture and pure noise."),
    setting("diffusion_params.beta_start", "First beta", "", float(1e-8, 0.999), Group::Diffusion,
        "Variance of the noise added by the first step; betas grow linearly from here."),
    setting("diffusion_params.beta_end", "Last beta", "", float(1e-8, 0.999), Group::Diffusion,
        "Variance of the noise added by the last step."),
    setting("diffusion_params.beta_schedule", "Beta schedule", "", Kind::Choice(BetaSchedule::NAMES), Group::Diffusion,
        "How beta grows from first to last. Linear is the reference's; cosine, which has no use for first and last, leaves small pictures readable for longer."),
    setting("diffusion_params.rescale_zero_snr", "Zero terminal SNR", "", Kind::Bool, Group::Diffusion,
        "Make the last timestep pure noise, so that pictures may come out wholly dark or bright. Needs a prediction of v or of the picture."),
    setting("diffusion_params.prediction_type", "Prediction", "", Kind::Choice(Prediction::NAMES), Group::Diffusion,
        "What the network learns to tell: the noise (epsilon, the reference's), the picture (sample), or a mixture that is steady at all levels of noise (v_prediction)."),
    setting("diffusion_params.variance_type", "Variance", "", Kind::Choice(VarianceType::NAMES), Group::Diffusion,
        "How much noise a step of DDPM adds: the least that can be right (fixed_small, the reference's), the most (fixed_large), or what the network learns to tell (learned_range), which needs fewer steps. Other samplers do not ask."),

    setting("model_params.im_channels", "Image channels", "", int(1, 4), Group::Model,
        "1 for gray pictures, 3 for colour."),
    setting("model_params.im_size", "Image size", "px", int(4, 512), Group::Model,
        "Width and height of the pictures; others are scaled and centre-cropped to it. Must be divisible by 2 for every level that downsamples."),
    setting("model_params.down_channels", "Down channels", "", Kind::IntList { min: 1, max: 4096 }, Group::Model,
        "Width of the first convolution, then of each down block. Up blocks mirror them."),
    setting("model_params.mid_channels", "Mid channels", "", Kind::IntList { min: 1, max: 4096 }, Group::Model,
        "Widths through the bottleneck. The first must equal the last down channel, the last must equal the one before it."),
    setting("model_params.down_sample", "Downsample", "", Kind::BoolList, Group::Model,
        "For each down block: halve width and height after it?"),
    setting("model_params.down_sample_kind", "Halve by", "", Kind::Choice(DownSampleKind::NAMES), Group::Model,
        "How width and height are halved, and doubled on the way back. conv is the reference's: a 4x4 convolution with stride 2, and a transposed one. pool takes the mean of 2x2 pixels, and doubles each pixel with a 3x3 convolution behind: fewer weights, and no checkerboard."),
    setting("model_params.attn_down", "Attention", "", Kind::BoolList, Group::Model,
        "For each down block, and the up block facing it: use self-attention? The reference uses it everywhere; at full resolution it costs most of the time. Empty means everywhere."),
    setting("model_params.time_emb_dim", "Time embedding", "", int(2, 4096), Group::Model,
        "Length of the vector that tells the network the timestep. Must be even."),
    setting("model_params.num_down_layers", "Layers per down block", "", int(1, 16), Group::Model,
        "Pairs of residual and attention layers in each down block."),
    setting("model_params.num_mid_layers", "Layers per mid block", "", int(1, 16), Group::Model,
        "Pairs of attention and residual layers in each mid block, after its first residual layer."),
    setting("model_params.num_up_layers", "Layers per up block", "", int(1, 16), Group::Model,
        "Pairs of residual and attention layers in each up block."),
    setting("model_params.num_heads", "Attention heads", "", int(1, 64), Group::Model,
        "Heads of every attention layer; each channel count with attention must be divisible by it. The reference code ignores its own value and always uses 4; here it counts."),
    setting("model_params.norm_groups", "Norm groups", "", int(1, 256), Group::Model,
        "Groups of every group normalisation; each channel count must be divisible by it. 8 in the reference."),
    setting("model_params.conv_out_channels", "Output width", "", int(1, 4096), Group::Model,
        "Channels that the last up block hands to the output convolution. 16 in the reference."),
    setting("model_params.num_classes", "Classes", "", int(0, 4096), Group::Model,
        "For pictures by class: the number of classes of the data set (its sub-folders or labels). 0 trains without classes."),
    setting("model_params.zero_init", "Zero beginnings", "", Kind::Bool, Group::Model,
        "Begin with zeros in the last convolution of each residual block, the output of each attention layer and the last convolution of all, so that a fresh network changes nothing and learns steadily. Off in the reference."),
    setting("model_params.autoencoder", "Draws in the latents of", "", Kind::Text, Group::Model,
        "Name of a finished autoencoder: the network then learns and draws its latents, which are much smaller than pictures (latent diffusion), and its checkpoints hold the autoencoder. Empty for pixels."),

    setting("autoencoder_params.kind", "Train an autoencoder", "", Kind::Choice(AutoencoderKind::NAMES), Group::Autoencoder,
        "none trains a network that draws. kl and vq train an autoencoder, which makes pictures small and large again, for such a network to draw in: kl with smooth latents, vq with latents out of a codebook."),
    setting("autoencoder_params.z_channels", "Latent channels", "", int(1, 64), Group::Autoencoder,
        "Numbers that stand for each square of pixels. More keep more of the picture, and are more to draw."),
    setting("autoencoder_params.thumbnail", "Thumbnail in the latents", "", Kind::Bool, Group::Autoencoder,
        "The first latents, one for each colour, begin with the picture made small, and the decoder adds to it made large again: colours are right from the first step. Off in the reference."),
    setting("autoencoder_params.codebook_size", "Codebook", "entries", int(2, 65_536), Group::Autoencoder,
        "Entries of the codebook of a vq autoencoder. Those that no picture needs are put where pictures are."),
    setting("autoencoder_params.down_channels", "Encoder channels", "", Kind::IntList { min: 1, max: 4096 }, Group::Autoencoder,
        "Width of the first convolution, then of each block of the encoder. The decoder mirrors them."),
    setting("autoencoder_params.mid_channels", "Encoder mid channels", "", Kind::IntList { min: 1, max: 4096 }, Group::Autoencoder,
        "Widths between encoder and latents; the decoder mirrors them. First and last must equal the last down channel."),
    setting("autoencoder_params.down_sample", "Encoder downsample", "", Kind::BoolList, Group::Autoencoder,
        "For each block of the encoder: halve width and height after it? Two halvings make one latent of 4x4 pixels."),
    setting("autoencoder_params.attn_down", "Encoder attention", "", Kind::BoolList, Group::Autoencoder,
        "For each block of the encoder, and the one of the decoder facing it: use self-attention? Empty means nowhere but between encoder and latents."),
    setting("autoencoder_params.num_down_layers", "Layers per encoder block", "", int(1, 16), Group::Autoencoder,
        "Residual layers in each block of the encoder."),
    setting("autoencoder_params.num_mid_layers", "Layers per encoder mid block", "", int(1, 16), Group::Autoencoder,
        "Pairs of attention and residual layers in each mid block, after its first residual layer."),
    setting("autoencoder_params.num_up_layers", "Layers per decoder block", "", int(1, 16), Group::Autoencoder,
        "Residual layers in each block of the decoder."),
    setting("autoencoder_params.num_heads", "Encoder attention heads", "", int(1, 64), Group::Autoencoder,
        "Heads of every attention layer; each channel count with attention must be divisible by it."),
    setting("autoencoder_params.norm_channels", "Encoder norm groups", "", int(1, 256), Group::Autoencoder,
        "Groups of every group normalisation (the reference calls them channels); each channel count must be divisible by it."),
    setting("autoencoder_params.kl_weight", "KL weight", "", float(0.0, 10.0), Group::Autoencoder,
        "How firmly the latents of a kl autoencoder are held near a unit Gaussian. Little keeps pictures sharp; 0 lets latents go where they like."),
    setting("autoencoder_params.codebook_weight", "Codebook weight", "", float(0.0, 100.0), Group::Autoencoder,
        "How firmly the codebook of a vq autoencoder is drawn to what the encoder tells."),
    setting("autoencoder_params.commitment_beta", "Commitment", "", float(0.0, 100.0), Group::Autoencoder,
        "How firmly the encoder of a vq autoencoder is held to the codebook."),
    setting("autoencoder_params.perceptual_weight", "Detail weight", "", float(0.0, 100.0), Group::Autoencoder,
        "Weight of a distance of edges and details at several sizes (a Laplacian pyramid), beside that of pixels. It stands in the place of LPIPS, whose weights are not at hand here. 0 compares pixels alone."),
    setting("autoencoder_params.disc_weight", "Adversarial weight", "", float(0.0, 100.0), Group::Autoencoder,
        "Weight of a second network's doubt that the decoder's pictures are real, which makes them crisp and costs about half as much time again. 0 does without."),
    setting("autoencoder_params.disc_start", "Adversarial from", "steps", int(0, 100_000_000), Group::Autoencoder,
        "Steps before that second network begins to learn and to count: pictures should be good by then."),
    setting("autoencoder_params.disc_channels", "Adversarial channels", "", Kind::IntList { min: 1, max: 4096 }, Group::Autoencoder,
        "Widths of that second network's layers, each of which halves the picture."),

    setting("train_params.task_name", "Run name", "", Kind::Text, Group::Training,
        "Folder and name of the run: letters, digits, dot, dash and underscore."),
    setting("train_params.begin_from", "Begin from", "", Kind::Text, Group::Training,
        "A model whose weights to begin with instead of fresh ones: a run by name, or its checkpoint of a step, as in leaves@1200. Its network must have the same shape; the optimizer begins anew."),
    setting("train_params.precision", "Precision", "", Kind::Choice(Precision::NAMES), Group::Training,
        "What convolutions and attention multiply while training. bf16 is faster on processors with AVX2, AVX-512 or AMX; weights, sums and pictures stay f32."),
    setting("train_params.batch_size", "Batch size", "images", int(1, 4096), Group::Training,
        "Images that pass through the network together."),
    setting("train_params.accumulation_steps", "Accumulation", "batches", int(1, 1024), Group::Training,
        "Batches whose gradients make up one step: as good as a batch that many times larger, in the memory of one."),
    setting("train_params.num_epochs", "Epochs", "", int(1, 1_000_000), Group::Training,
        "Passes over the data set, when the number of steps is 0."),
    setting("train_params.num_steps", "Steps", "steps", int(0, 100_000_000), Group::Training,
        "Steps of the whole run; 0 means as many as the epochs give."),
    setting("train_params.lr", "Learning rate", "", float(1e-8, 1.0), Group::Training,
        "Step width of Adam."),
    setting("train_params.warmup_steps", "Warm-up", "steps", int(0, 10_000_000), Group::Training,
        "Steps over which the learning rate grows from 0 to its value."),
    setting("train_params.lr_schedule", "Rate schedule", "", Kind::Text, Group::Training,
        "constant; linear or cosine, which fall to a hundredth at the end of the run; or rates with the last step of each, as in 0.001:100, 1e-5:1000."),
    setting("train_params.adam_beta1", "Adam beta 1", "", float(0.0, 0.9999), Group::Training,
        "How long Adam remembers the direction of the gradient."),
    setting("train_params.adam_beta2", "Adam beta 2", "", float(0.0, 0.999_999), Group::Training,
        "How long Adam remembers the size of the gradient."),
    setting("train_params.weight_decay", "Weight decay", "", float(0.0, 1.0), Group::Training,
        "Share of each weight, times the learning rate, that is taken away at every step (AdamW); biases and norms are spared unless said otherwise. 0 is plain Adam."),
    setting("train_params.decay_norms", "Decay biases and norms", "", Kind::Bool, Group::Training,
        "Weight decay for biases and norms too, as PyTorch's AdamW has it unless told otherwise."),
    setting("train_params.grad_clip", "Gradient clip", "", float(0.0, 1e6), Group::Training,
        "Largest norm of all gradients together; 0 means no limit."),
    setting("train_params.loss_weighting", "Loss weighting", "", Kind::Choice(LossWeighting::NAMES), Group::Training,
        "Which timesteps count more: none, all the same, as in the reference; min_snr and soft_min_snr hold back those with little noise, which learns sooner."),
    setting("train_params.snr_gamma", "SNR gamma", "", float(0.01, 1000.0), Group::Training,
        "Signal-to-noise ratio from which the loss weighting holds back."),
    setting("train_params.offset_noise", "Offset noise", "", float(0.0, 1.0), Group::Training,
        "Strength of noise that shifts a whole channel at once; lets pictures come out darker and brighter. 0 in the reference, 0.1 is usual."),
    setting("train_params.timestep_sampling", "Timesteps of a batch", "", Kind::Choice(TimestepSampling::NAMES), Group::Training,
        "uniform, each image by itself, as in the reference; stratified spreads them evenly, which makes the loss less noisy; importance draws those more often that cost more, once each was seen ten times, and weighs them down for it."),
    setting("train_params.class_dropout", "Class dropout", "", float(0.0, 1.0), Group::Training,
        "Share of the images shown without their class, so that the CFG scale has something to steer away from. Only for a model with classes."),
    setting("train_params.dropout", "Dropout", "", float(0.0, 0.9), Group::Training,
        "Share of the numbers in each residual block that is left out at random at each step, which keeps a network from learning few images by heart. 0 in the reference, 0.1 is usual; drawing leaves out nothing."),
    setting("train_params.ema_decay", "EMA decay", "", float(0.0, 0.999_999), Group::Training,
        "Decay, at each step, of the moving average of the weights that samples are drawn with. 0 means none."),
    setting("train_params.ema_half_life", "EMA half-life", "images", int(0, 10_000_000_000), Group::Training,
        "Images after which a weight counts half in the moving average: the same at any batch size, in place of the decay. 0 leaves it to the decay."),
    setting("train_params.ema_warmup", "EMA warm-up", "", Kind::Bool, Group::Training,
        "Let the moving average forget sooner at first, with a decay of at most (1 + step) / (10 + step), so that the fresh weights do not linger in it."),
    setting("train_params.seed", "Seed", "", int(0, 4_294_967_295), Group::Training,
        "Where all randomness of the run comes from: first weights, order of the images, timesteps, noise."),
    setting("train_params.validation_share", "Held-out share", "", float(0.0, 0.5), Group::Training,
        "Share of the images, chosen by the seed, that is never trained on: the loss on them rises again once the network learns its images by heart. 0 trains on all."),
    setting("train_params.validate_every", "Validate every", "steps", int(0, 100_000_000), Group::Training,
        "Steps between measurements of the loss on the held-out images, besides the one at every checkpoint; 0 means at checkpoints alone."),
    setting("train_params.checkpoint_every", "Checkpoint every", "steps", int(0, 100_000_000), Group::Training,
        "Steps between checkpoints; 0 means once an epoch. The end of the run always makes one."),
    setting("train_params.keep_checkpoints", "Keep checkpoints", "", int(0, 10_000), Group::Training,
        "How many of the newest checkpoints stay. The best on held-out images, those saved by hand and every tenth stay besides; 0 keeps all."),
    setting("train_params.sample_every", "Sample every", "steps", int(0, 100_000_000), Group::Training,
        "Steps between grids of samples; 0 means with every checkpoint."),
    setting("train_params.num_samples", "Samples", "images", int(1, 1024), Group::Training,
        "Pictures in each grid of samples."),
    setting("train_params.num_grid_rows", "Grid columns", "", int(1, 64), Group::Training,
        "Pictures in a row of the grid (the reference calls this rows)."),
    setting("train_params.sample_steps", "Sampling steps", "steps", int(0, 10_000), Group::Training,
        "Denoising steps for the samples of the run; 0 means all timesteps, as in the reference."),
    setting("train_params.sample_raw", "Samples as trained", "", Kind::Bool, Group::Training,
        "Where the run keeps an average of its weights, draws its samples by the weights as trained too, from the same seeds. That takes as long again."),
    setting("train_params.ckpt_name", "Checkpoint name", "", Kind::Text, Group::Training,
        "File name of the reference's checkpoint. Kept for its YAML; Darkroom names its files by step."),
];

/// The setting that stands at `key`.
pub fn setting_at(key: &str) -> Option<&'static Setting> {
    SETTINGS.iter().find(|setting| setting.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_settings_have_one_key_or_one_label() {
        for names in [|s: &Setting| s.key, |s: &Setting| s.label] {
            let mut names: Vec<&str> = SETTINGS.iter().map(names).collect();
            names.sort_unstable();
            let twice: Vec<_> = names.windows(2).filter(|pair| pair[0] == pair[1]).collect();
            assert!(twice.is_empty(), "{twice:?}");
        }
    }
}
