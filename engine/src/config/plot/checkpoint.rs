//! Checkpoints of a run by their names.

/// What the name of a checkpoint ends in whose weights are those that were trained themselves.
const RAW: &str = "+raw";

/// The checkpoint of `step` of the run that `model` is of.
pub(super) fn at_step(model: &str, step: &str) -> String {
    let (run, raw) = match model.split_once('@') {
        Some((run, checkpoint)) => (run, checkpoint.ends_with(RAW)),
        None => (model, false),
    };
    format!("{run}@{step}{}", if raw { RAW } else { "" })
}

/// The same checkpoint with averaged weights or without.
pub(super) fn with_average(model: &str, averaged: bool) -> String {
    let name = model.strip_suffix(RAW).unwrap_or(model);
    match (averaged, name.contains('@')) {
        (true, _) => name.into(),
        (false, true) => format!("{name}{RAW}"),
        (false, false) => format!("{name}@last{RAW}"),
    }
}
