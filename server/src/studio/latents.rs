//! The autoencoder in whose latents a run draws, found by its name.

use engine::checkpoint::{Checkpoint, Header};
use engine::config::RunConfig;

use super::Darkroom;
use crate::Result;

const FIELD: &str = "model_params.autoencoder";

impl Darkroom {
    /// What the autoencoder that `config` names tells of itself; none for a run on pixels. Errors,
    /// also of one that does not fit the run, name the run's fields.
    pub(super) fn autoencoder_header(&self, config: &RunConfig) -> Result<Option<Header>> {
        if !config.model_params.draws_latents() {
            return Ok(None);
        }
        let found = self.models.header(&config.model_params.autoencoder);
        let header = found.map_err(|error| error.renamed("model", FIELD).at_field(FIELD))?;
        config.check_autoencoder(&header.of_autoencoder())?;
        Ok(Some(header))
    }

    /// The same with its weights.
    pub(super) fn autoencoder(&self, config: &RunConfig) -> Result<Option<Checkpoint>> {
        if self.autoencoder_header(config)?.is_none() {
            return Ok(None);
        }
        let file = self.models.find(&config.model_params.autoencoder)?;
        file.checkpoint().map(Some)
    }
}
