//! This machine's memory, and whether a drawing fits into it.

use app::api::ModelInfo;
use engine::checkpoint::Header;
use engine::config::{ConfigError, GenerateSettings, Prompt};
use engine::footprint::Footprint;

use super::Darkroom;
use super::card::CardMemory;
use super::drawing::drawn_size;
use crate::{Error, Result};

/// Bytes of main memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// What all programs may still take.
    pub free: u64,
    /// What this program holds.
    pub used: u64,
    pub total: u64,
}

impl Memory {
    /// What a run may take that begins when this program has nothing else to do: what is free, and
    /// what the program holds now.
    pub fn for_a_run(&self) -> u64 {
        (self.free + self.used).min(self.total)
    }

    /// Nothing where the system does not tell.
    pub fn now() -> Option<Self> {
        let system = std::fs::read_to_string("/proc/meminfo").ok()?;
        let own = std::fs::read_to_string("/proc/self/status").ok()?;
        Some(Self {
            free: bytes(&system, "MemAvailable")?,
            used: bytes(&own, "VmRSS")?,
            total: bytes(&system, "MemTotal")?,
        })
    }
}

/// The line `name:   123 kB`.
fn bytes(lines: &str, name: &str) -> Option<u64> {
    let line = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

impl Darkroom {
    /// The room that is free now for drawings of the model with this `header`, in the memory of what
    /// computes; nothing where that does not tell.
    pub(super) fn room_for(&self, header: &Header) -> Option<Room> {
        let on_cpu = self.device.is_cpu();
        let free = match on_cpu {
            true => Memory::now()?.free,
            false => CardMemory::now()?.free,
        };
        Some(Room { footprint: Footprint::new(header, on_cpu), free })
    }
}

/// What a model's drawings take, and how many bytes are free for them.
pub(super) struct Room {
    footprint: Footprint,
    free: u64,
}

impl Room {
    /// Whether a batch of what `settings` ask of `model` fits; errors name `batch_size` and the largest
    /// that fits.
    pub fn check(&self, settings: &GenerateSettings, model: &ModelInfo) -> Result<()> {
        let Self { footprint, free } = self;
        let guided = asks_twice(settings, &model.classes);
        let size = drawn_size(settings, model.width as usize);
        fits(footprint, size, settings.batch_size, guided, *free)?;
        if settings.has_second_pass() {
            // The pictures go through it one by one.
            let large = settings.hires_size(size, model.size_divisor);
            let checked = fits(footprint, large, 1, guided, *free);
            checked.map_err(|error| Error::from(error).renamed("width", "hires_scale"))?;
        }
        Ok(())
    }
}

/// Whether the network is asked for two pictures in place of one. A prompt that cannot be read is told
/// elsewhere.
fn asks_twice(settings: &GenerateSettings, classes: &[String]) -> bool {
    let composed = || {
        let prompts = Prompt::parse(&settings.prompt, classes).unwrap_or_default();
        !prompts.iter().all(Prompt::is_plain)
    };
    !classes.is_empty() && (settings.cfg_scale != 1.0 || composed())
}

fn fits(
    footprint: &Footprint,
    size: (usize, usize),
    batch: usize,
    guided: bool,
    free: u64,
) -> std::result::Result<(), ConfigError> {
    let taken = footprint.drawing_bytes(size, batch, guided);
    let free = free.saturating_sub(footprint.weight_bytes());
    if taken <= free {
        return Ok(());
    }
    let told = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let (width, height) = size;
    let (taken, left) = (told(taken), told(free));
    let largest = footprint.largest_batch(size, guided, free);
    let (field, way_out) = match largest < batch {
        true => ("batch_size", format!("give at most {largest}")),
        false => ("width", "give a smaller size".into()),
    };
    let pictures = if batch == 1 { "a picture" } else { &format!("{batch} pictures at once") };
    let message =
        format!("{pictures} of {width}x{height} would take {taken} and {left} are free; {way_out}");
    Err(ConfigError::one(field, message))
}

#[cfg(test)]
mod tests {
    use engine::checkpoint::{DatasetFacts, Header};
    use engine::config::RunConfig;

    use super::*;

    #[test]
    fn a_line_of_proc_reads_as_bytes() {
        let lines = "MemTotal:  16 kB\nMemTotalHuge: 1 kB\nOdd: x kB\n";
        assert_eq!(bytes(lines, "MemTotal"), Some(16 << 10));
        assert_eq!((bytes(lines, "Odd"), bytes(lines, "None")), (None, None));
    }

    #[test]
    fn what_is_compared_is_asked_for_twice() {
        let classes = ["one", "two"].map(str::to_owned);
        let asks = |prompt: &str, cfg_scale| {
            let settings =
                GenerateSettings { prompt: prompt.into(), cfg_scale, ..Default::default() };
            asks_twice(&settings, &classes)
        };
        assert!(!asks("one", 1.0));
        assert!(asks("one", 2.0) && asks("one AND two", 1.0) && asks("one :0.5", 1.0));
        let unnamed = GenerateSettings { cfg_scale: 3.0, ..Default::default() };
        assert!(!asks_twice(&unnamed, &[]), "a model without classes is asked once");
    }

    #[test]
    fn a_batch_that_is_too_large_is_told_with_the_largest_that_fits() {
        let config = RunConfig::default();
        let weights = engine::train::weights_of(&config.network());
        let dataset = DatasetFacts::default();
        let (diffusers, merge, latents) = (None, None, None);
        let header = Header { config, step: 1, dataset, weights, diffusers, merge, latents };
        let footprint = Footprint::new(&header, true);
        let ask = |batch| fits(&footprint, (28, 28), batch, false, 200 << 20);
        let error = ask(256).unwrap_err();
        let told = error.for_field("batch_size").unwrap();
        let largest = told.rsplit(' ').next().unwrap().parse().unwrap();
        assert_eq!(ask(largest), Ok(()), "{told}");
        assert!(ask(largest + 1).is_err(), "{told}");
        let far_too_large = fits(&footprint, (1024, 1024), 1, false, 200 << 20).unwrap_err();
        assert!(far_too_large.for_field("width").unwrap().ends_with("give a smaller size"));
    }
}
