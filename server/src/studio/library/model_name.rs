//! What a model is called: a built-in one or a run, and which of the run's checkpoints.
//!
//! ```text
//! leaves            the newest checkpoint, with averaged weights where it has them
//! leaves@1200       the checkpoint of step 1200
//! leaves@1200+raw   the same, with the weights as they were trained
//! leaves@last+raw   the newest, with the weights as they were trained
//! ```

/// A model's name, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelName<'a> {
    pub run: &'a str,
    /// The newest if none is named.
    pub step: Option<u64>,
    /// Whether the moving average of the weights is passed over.
    pub raw: bool,
}

const RAW: &str = "+raw";
const NEWEST: &str = "last";

impl<'a> ModelName<'a> {
    /// Nothing if what stands behind the `@` is no checkpoint.
    pub fn parse(name: &'a str) -> Option<Self> {
        let Some((run, checkpoint)) = name.split_once('@') else {
            return Some(Self { run: name, step: None, raw: false });
        };
        let (step, raw) = match checkpoint.strip_suffix(RAW) {
            Some(step) => (step, true),
            None => (checkpoint, false),
        };
        let step = if step == NEWEST { None } else { Some(step.parse().ok()?) };
        Some(Self { run, step, raw })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parsed = |name| ModelName::parse(name).map(|name| (name.run, name.step, name.raw));
        for (name, parts) in [
            ("leaves", Some(("leaves", None, false))),
            ("leaves@1200", Some(("leaves", Some(1200), false))),
            ("leaves@1200+raw", Some(("leaves", Some(1200), true))),
            ("leaves@last+raw", Some(("leaves", None, true))),
            ("leaves@", None),
            ("leaves@-1", None),
            ("leaves@12+rare", None),
            ("leaves@1@2", None),
        ] {
            assert_eq!(parsed(name), parts, "{name}");
        }
    }
}
