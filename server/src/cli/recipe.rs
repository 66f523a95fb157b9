//! From flags to the configuration of a run: preset or YAML first, then single settings.

use std::path::{Path, PathBuf};

use clap::Args;
use engine::CancelToken;
use engine::config::{PRESETS, RunConfig, SETTINGS, unknown_name};

use crate::studio::Darkroom;
use crate::{Error, Result};

const CHANNELS: &str = "model_params.im_channels";

#[derive(Debug, Args)]
pub struct Recipe {
    /// Data set by name (digits, textures, one added in the page), or a folder, archive or IDX file
    #[arg(long, value_name = "NAME|PATH")]
    pub dataset: Option<String>,
    #[arg(long, conflicts_with = "config", help = preset_help())]
    preset: Option<String>,
    /// YAML file to start from; the reference code's files load unchanged
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Name of the run and of the model it becomes
    #[arg(long)]
    pub name: Option<String>,
    /// Steps of the whole run
    #[arg(long, value_name = "N")]
    steps: Option<String>,
    /// Passes over the data set, instead of steps
    #[arg(long, value_name = "N", conflicts_with = "steps")]
    epochs: Option<String>,
    /// Images per step
    #[arg(long, value_name = "N")]
    batch: Option<String>,
    /// Where all randomness of the run comes from
    #[arg(long, value_name = "N")]
    seed: Option<String>,
    /// Learning rate
    #[arg(long, value_name = "RATE")]
    lr: Option<String>,
    /// Steps between checkpoints
    #[arg(long, value_name = "N")]
    checkpoint_every: Option<String>,
    /// Steps between grids of samples
    #[arg(long, value_name = "N")]
    sample_every: Option<String>,
    /// Any setting by its YAML key, as in model_params.num_heads=8; may be given often
    #[arg(long = "set", value_name = "KEY=VALUE")]
    settings: Vec<String>,
}

fn preset_help() -> String {
    let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
    format!("Configuration to start from: {} [default: {}]", names.join(", "), names[0])
}

impl Recipe {
    /// The configuration of a new run.
    pub fn config(&self, darkroom: &Darkroom) -> Result<RunConfig> {
        let (mut config, channels_chosen) = self.base()?;
        self.apply(&mut config)?;
        if !channels_chosen && !self.sets(CHANNELS) {
            take_channels(&mut config, darkroom)?;
        }
        if self.name.is_none() && self.config.is_none() && !self.sets("train_params.task_name") {
            config.train_params.task_name = free_name(&config.dataset_params.im_path, darkroom);
        }
        Ok(config)
    }

    /// Flags come after preset or file, so they win.
    pub fn apply(&self, config: &mut RunConfig) -> Result<()> {
        if self.epochs.is_some() {
            config.set("train_params.num_steps", "0")?;
        }
        let flags = [
            ("dataset_params.im_path", &self.dataset),
            ("train_params.task_name", &self.name),
            ("train_params.num_steps", &self.steps),
            ("train_params.num_epochs", &self.epochs),
            ("train_params.batch_size", &self.batch),
            ("train_params.seed", &self.seed),
            ("train_params.lr", &self.lr),
            ("train_params.checkpoint_every", &self.checkpoint_every),
            ("train_params.sample_every", &self.sample_every),
        ];
        for (key, value) in flags {
            if let Some(value) = value {
                config.set(key, value)?;
            }
        }
        for setting in &self.settings {
            let (key, value) = setting.split_once('=').ok_or_else(|| {
                Error::field("set", format!("`{setting}` will not do; give KEY=VALUE"))
            })?;
            config.set(&full_key(key.trim()), value)?;
        }
        Ok(())
    }

    /// The configuration to start from, and whether it says itself how many channels there are.
    fn base(&self) -> Result<(RunConfig, bool)> {
        if let Some(path) = &self.config {
            let (config, text) = read_yaml(path)?;
            return Ok((config, text.contains("im_channels")));
        }
        let name = self.preset.as_deref().unwrap_or(PRESETS[0].name);
        let config = RunConfig::preset(name).ok_or_else(|| {
            unknown_name("preset", name, PRESETS.iter().map(|preset| preset.name))
        })?;
        Ok((config, false))
    }

    pub fn has_file(&self) -> bool {
        self.config.is_some()
    }

    pub fn sets(&self, key: &str) -> bool {
        self.settings
            .iter()
            .filter_map(|setting| setting.split_once('='))
            .any(|(given, _)| full_key(given.trim()) == key)
    }
}

/// A configuration file and its text.
pub fn read_yaml(path: &Path) -> Result<(RunConfig, String)> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::file("read", path)(error).at_field("config"))?;
    Ok((RunConfig::from_yaml(&text)?, text))
}

/// `lr` for `train_params.lr`: the section may be left out.
fn full_key(key: &str) -> String {
    let setting = SETTINGS
        .iter()
        .find(|setting| setting.key.split_once('.').is_some_and(|(_, field)| field == key));
    setting.map_or(key, |setting| setting.key).to_owned()
}

/// A network for gray images that was not asked for by name becomes one for colour if the data has it.
fn take_channels(config: &mut RunConfig, darkroom: &Darkroom) -> Result<()> {
    let asked = config.dataset_params.im_path.clone();
    if config.model_params.im_channels != 1 {
        return Ok(());
    }
    darkroom.datasets.check_as_it_is(&asked)?;
    let channels = match darkroom.datasets.known(&asked)? {
        Some(info) => info.channels,
        None => {
            let cancel = CancelToken::new();
            darkroom.datasets.resolve(&asked, &cancel)?.survey(&cancel)?.channels
        }
    };
    if channels == 3 {
        config.set(CHANNELS, "3")?;
        eprintln!("{asked} is in colour: {CHANNELS} is 3 for this run");
    }
    Ok(())
}

/// `digits-1`, or the next number that no run has.
fn free_name(dataset: &str, darkroom: &Darkroom) -> String {
    let last = Path::new(dataset).file_stem().unwrap_or_default().to_string_lossy();
    let fits = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let stem: String = last.chars().filter(fits).take(40).collect();
    let stem = if stem.is_empty() { "run" } else { &stem };
    (1u64..)
        .map(|number| format!("{stem}-{number}"))
        .find(|name| !darkroom.folders.run(name).exists())
        .unwrap_or_else(|| stem.to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        recipe: Recipe,
    }

    fn applied(flags: &str) -> Result<RunConfig> {
        let words = std::iter::once("train").chain(flags.split_whitespace());
        let recipe = Line::try_parse_from(words).unwrap().recipe;
        let (mut config, _) = recipe.base()?;
        recipe.apply(&mut config)?;
        Ok(config)
    }

    #[test]
    fn flags_win_over_the_preset() {
        let config =
            applied("--dataset digits --steps 500 --batch 16 --set lr=0.5 --name a").unwrap();
        let train = &config.train_params;
        assert_eq!((train.num_steps, train.batch_size, train.lr), (500, 16, 0.5));
        assert_eq!(config.model_params, RunConfig::preset("small").unwrap().model_params);
    }

    #[test]
    fn epochs_take_the_place_of_the_presets_steps() {
        let train = applied("--preset small --epochs 3").unwrap().train_params;
        assert_eq!((train.num_steps, train.num_epochs), (0, 3));
    }

    #[test]
    fn what_will_not_do_is_told_by_its_name() {
        for (flags, words) in [
            ("--preset smal", "preset: there is no `smal`; nearest are small"),
            ("--batch 0", "train_params.batch_size: `0` will not do"),
            ("--set lr", "give KEY=VALUE"),
            ("--set learning=1", "no such setting"),
            ("--config /nowhere.yaml", "config: could not read `/nowhere.yaml`"),
        ] {
            let error = applied(flags).unwrap_err().to_string();
            assert!(error.contains(words), "{flags}: {error}");
        }
    }
}
