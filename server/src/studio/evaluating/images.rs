//! The images that pictures are compared with.

use std::collections::HashSet;
use std::sync::Arc;

use engine::checkpoint::Header;
use engine::data::ImageSet;
use engine::noise::{Stream, permutation};
use engine::train::held_out;

use super::{EvaluateSettings, FEWEST};

/// Held-out images that are enough where more pictures are asked for: figures of fewer say little.
const ENOUGH: usize = 50;
use crate::{Error, Result};

/// The images that pictures are measured by.
pub(super) struct Images {
    /// Those that the pictures should be like: what the run held out, where it held out enough.
    pub compared: ImageSet,
    /// Those that a picture may be a copy of.
    pub originals: Arc<ImageSet>,
    /// Which they are, for people.
    pub words: String,
}

impl Images {
    /// Chosen by the seed from `all` of a data set, by what the model of `header` has seen of it.
    pub fn choose(
        all: &Arc<ImageSet>,
        header: &Header,
        settings: &EvaluateSettings,
    ) -> Result<Self> {
        let learned_from = &header.config.dataset_params.im_path;
        let other = settings.dataset.as_ref().filter(|dataset| *dataset != learned_from);
        let unseen = if other.is_none() { held_out(header, all.len()) } else { Vec::new() };
        if unseen.len() < settings.count.min(ENOUGH) {
            let everything: Vec<usize> = (0..all.len()).collect();
            return Ok(Self {
                compared: some_of(all, &everything, settings)?,
                originals: Arc::clone(all),
                words: other.cloned().unwrap_or_else(|| "its own".into()),
            });
        }
        let never: HashSet<usize> = unseen.iter().copied().collect();
        let seen: Vec<usize> = (0..all.len()).filter(|at| !never.contains(at)).collect();
        Ok(Self {
            compared: some_of(all, &unseen, settings)?,
            originals: Arc::new(all.subset(&seen)),
            words: "its own, held out".into(),
        })
    }
}

/// As many of the images at `places` as were asked for, chosen by the seed.
fn some_of(all: &ImageSet, places: &[usize], settings: &EvaluateSettings) -> Result<ImageSet> {
    if places.len() < FEWEST {
        let message = format!("{} images are too few; at least {FEWEST} are needed", places.len());
        return Err(Error::field("dataset", message));
    }
    let order = permutation(settings.seed as u64, Stream::Start, 0, places.len());
    let chosen: Vec<usize> = order.into_iter().take(settings.count).map(|at| places[at]).collect();
    Ok(all.subset(&chosen))
}

#[cfg(test)]
mod tests {
    use engine::checkpoint::DatasetFacts;
    use engine::config::RunConfig;

    use super::*;

    /// Images of one pixel, each as bright as its number.
    fn images(count: u8) -> Arc<ImageSet> {
        Arc::new(ImageSet {
            width: 1,
            height: 1,
            channels: 1,
            pixels: (0..count).collect(),
            labels: vec![0; count.into()],
            classes: Vec::new(),
        })
    }

    fn header(share: f64, count: u64) -> Header {
        let mut config = RunConfig::default();
        config.dataset_params.im_path = "sprites".into();
        config.train_params.validation_share = share;
        Header {
            config,
            step: 8,
            dataset: DatasetFacts { count, ..DatasetFacts::default() },
            weights: 0,
            diffusers: None,
            merge: None,
            latents: None,
        }
    }

    fn settings(dataset: Option<&str>) -> EvaluateSettings {
        let form = app::api::EvaluateForm {
            dataset: dataset.unwrap_or_default().into(),
            count: "10".into(),
            ..Default::default()
        };
        EvaluateSettings::read(&form).unwrap()
    }

    #[test]
    fn pictures_are_compared_with_what_was_held_out_and_searched_in_what_was_learned() {
        let (all, header) = (images(100), header(0.1, 100));
        for dataset in [None, Some("sprites")] {
            let chosen = Images::choose(&all, &header, &settings(dataset)).unwrap();
            assert_eq!(chosen.words, "its own, held out");
            assert_eq!((chosen.compared.len(), chosen.originals.len()), (10, 90));
            let mut both = [chosen.compared.pixels, chosen.originals.pixels.clone()].concat();
            both.sort_unstable();
            assert_eq!(both, all.pixels);
        }
    }

    #[test]
    fn all_images_are_taken_where_too_few_are_known_to_be_held_out() {
        let all = images(100);
        let merged = Header { merge: Some("a + b".into()), ..header(0.1, 100) };
        let mut begun = header(0.1, 100);
        begun.config.train_params.begin_from = "elder".into();
        for (header, dataset, words) in [
            (header(0.0, 100), None, "its own"),
            (header(0.02, 100), None, "its own"),
            (header(0.1, 90), None, "its own"),
            (merged, None, "its own"),
            (begun, None, "its own"),
            (header(0.1, 100), Some("scans"), "scans"),
        ] {
            let chosen = Images::choose(&all, &header, &settings(dataset)).unwrap();
            assert_eq!((chosen.words.as_str(), chosen.compared.len()), (words, 10));
            assert_eq!(chosen.originals.len(), 100);
        }
        assert!(Images::choose(&images(7), &header(0.0, 7), &settings(None)).is_err());
    }
}
