//! A run goes on only as the one that was begun.

use engine::CancelToken;
use engine::config::ValidConfig;
use engine::data::ImageSet;
use engine::train::TrainEnd;

use crate::fixture::{run, stripes, tiny};

/// A run of six steps that was stopped after three.
struct Stopped(tempfile::TempDir);

impl Stopped {
    fn of(config: &ValidConfig, data: &ImageSet) -> Self {
        let folder = tempfile::tempdir().unwrap();
        run(config, data, folder.path(), false, &CancelToken::new(), 3).unwrap();
        Self(folder)
    }

    fn resume(&self, config: &ValidConfig, data: &ImageSet) -> engine::Result<TrainEnd> {
        run(config, data, self.0.path(), true, &CancelToken::new(), 0)
    }

    fn yaml(&self) -> String {
        std::fs::read_to_string(self.0.path().join("config.yaml")).unwrap()
    }
}

#[test]
fn classes_that_changed_their_names_or_places_are_told() {
    let (config, data) = (tiny(&["model_params.num_classes=2"]), stripes(10));
    let stopped = Stopped::of(&config, &data);
    let renamed = ImageSet { classes: vec!["lying".into(), "standing".into()], ..data.clone() };
    let error = stopped.resume(&config, &renamed).unwrap_err().to_string();
    assert!(error.contains("lying, standing now") && error.contains("upright, lying"), "{error}");
    assert_eq!(stopped.resume(&config, &data).unwrap(), TrainEnd::Finished { step: 6 });
}

#[test]
fn names_of_classes_are_nothing_to_a_run_without_them() {
    let (config, data) = (tiny(&[]), stripes(10));
    let stopped = Stopped::of(&config, &data);
    let renamed = ImageSet { classes: vec!["lying".into(), "standing".into()], ..data };
    assert_eq!(stopped.resume(&config, &renamed).unwrap(), TrainEnd::Finished { step: 6 });
}

#[test]
fn images_that_came_do_not_move_trained_ones_among_those_held_out() {
    let config = tiny(&["train_params.validation_share=0.2"]);
    let stopped = Stopped::of(&config, &stripes(10));
    let error = stopped.resume(&config, &stripes(11)).unwrap_err().to_string();
    assert!(error.contains("train_params.validation_share"), "{error}");
    let all = tiny(&["train_params.validation_share=0"]);
    assert_eq!(stopped.resume(&all, &stripes(11)).unwrap(), TrainEnd::Finished { step: 6 });
}

#[test]
fn a_run_that_goes_on_holds_out_nothing_that_it_has_trained_on() {
    let (config, data) = (tiny(&["train_params.validation_share=0.2"]), stripes(10));
    for change in ["train_params.validation_share=0.4", "train_params.seed=1"] {
        let stopped = Stopped::of(&config, &data);
        let changed = tiny(&["train_params.validation_share=0.2", change]);
        let error = stopped.resume(&changed, &data).unwrap_err().to_string();
        assert!(error.contains("give 0.2 with the seed 0, or 0"), "{change}: {error}");
    }
    let stopped = Stopped::of(&tiny(&[]), &data);
    let error = stopped.resume(&config, &data).unwrap_err().to_string();
    assert!(error.starts_with("train_params.validation_share: 0.2 with the seed 0"), "{error}");
    // Fewer than before are still images that it never saw.
    let fewer = tiny(&["train_params.validation_share=0.1"]);
    let stopped = Stopped::of(&config, &data);
    assert_eq!(stopped.resume(&fewer, &data).unwrap(), TrainEnd::Finished { step: 6 });
}

#[test]
fn a_change_that_does_not_fit_leaves_the_run_as_it_was() {
    let (config, data) = (tiny(&[]), stripes(10));
    let stopped = Stopped::of(&config, &data);
    let before = stopped.yaml();
    for (change, field) in [
        ("model_params.num_heads=2", "num_heads"),
        ("model_params.down_sample_kind=pool", "down_sample_kind"),
        ("model_params.time_emb_dim=32", "t_emb_layers"),
    ] {
        let error = stopped.resume(&tiny(&[change]), &data).unwrap_err().to_string();
        assert!(error.contains(field), "{change}: {error}");
        assert_eq!(stopped.yaml(), before, "{change}");
    }
    assert_eq!(stopped.resume(&config, &data).unwrap(), TrainEnd::Finished { step: 6 });
}

#[test]
fn a_run_may_begin_to_draw_timesteps_by_what_they_cost() {
    let data = stripes(10);
    let stopped = Stopped::of(&tiny(&[]), &data);
    let changed = tiny(&["train_params.timestep_sampling=importance"]);
    assert_eq!(stopped.resume(&changed, &data).unwrap(), TrainEnd::Finished { step: 6 });
}
