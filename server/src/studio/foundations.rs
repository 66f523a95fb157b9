//! Models that a run builds on, found by name: the autoencoder in whose latents it draws, and the
//! weights it begins with.

use engine::checkpoint::{Checkpoint, Header};
use engine::config::RunConfig;

use super::Darkroom;
use crate::{Error, Result};

const FIELD: &str = "model_params.autoencoder";
const BEGINNING: &str = "train_params.begin_from";

impl Darkroom {
    /// What the autoencoder that `config` names tells of itself; none for a run on pixels. Errors,
    /// also of one that does not fit the run, name the run's fields.
    pub(super) fn autoencoder_header(&self, config: &RunConfig) -> Result<Option<Header>> {
        if !config.model_params.draws_latents() {
            return Ok(None);
        }
        let name = &config.model_params.autoencoder;
        let run = name.split('@').next().unwrap_or_default();
        if self.models.find(run).is_err() {
            return Err(self.no_autoencoder(run));
        }
        let found = self.models.header(name);
        let header = found.map_err(|error| error.renamed("model", FIELD).at_field(FIELD))?;
        config.check_autoencoder(&header.of_autoencoder())?;
        Ok(Some(header))
    }

    /// Names those that there are.
    fn no_autoencoder(&self, name: &str) -> Error {
        let models = self.models.list().into_iter().filter(|model| model.is_autoencoder);
        let names: Vec<String> = models.map(|model| model.name).collect();
        let would_do = match names.is_empty() {
            true => "train one first, as with the preset autoencoder".to_owned(),
            false => format!("autoencoders here are {}", names.join(", ")),
        };
        Error::field(FIELD, format!("there is no `{name}`; {would_do}"))
    }

    /// The same with its weights.
    pub(super) fn autoencoder(&self, config: &RunConfig) -> Result<Option<Checkpoint>> {
        if self.autoencoder_header(config)?.is_none() {
            return Ok(None);
        }
        let file = self.models.find(&config.model_params.autoencoder)?;
        file.checkpoint().map(Some)
    }

    /// Whether the model that `config` is to begin with is there.
    pub(super) fn check_beginning(&self, config: &RunConfig) -> Result<()> {
        let name = config.train_params.begin_from.trim();
        if !name.is_empty() {
            self.models.find(name).map_err(|error| error.renamed("model", BEGINNING))?;
        }
        Ok(())
    }

    /// That model with its weights; none for a run with fresh ones.
    pub(super) fn beginning(&self, config: &RunConfig) -> Result<Option<Checkpoint>> {
        match config.train_params.begin_from.trim() {
            "" => Ok(None),
            name => {
                let found = self.models.find(name);
                let file = found.map_err(|error| error.renamed("model", BEGINNING))?;
                file.checkpoint().map(Some)
            }
        }
    }
}
