//! What a model is called: a built-in one or a run, and which of the run's checkpoints.
//!
//! ```text
//! leaves            the newest checkpoint, with averaged weights where it has them
//! leaves@1200       the checkpoint of step 1200
//! leaves@1200+raw   the same, with the weights as they were trained
//! leaves@last+raw   the newest, with the weights as they were trained
//! leaves@best       the one with the lowest loss on held-out images
//! ```

/// A model's name, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelName<'a> {
    pub run: &'a str,
    pub which: Which,
    /// Whether the moving average of the weights is passed over.
    pub raw: bool,
}

/// Which checkpoint of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Newest,
    Best,
    Step(u64),
}

const RAW: &str = "+raw";
const NEWEST: &str = "last";
const BEST: &str = "best";

impl<'a> ModelName<'a> {
    /// Nothing if what stands behind the `@` is no checkpoint.
    pub fn parse(name: &'a str) -> Option<Self> {
        let Some((run, checkpoint)) = name.split_once('@') else {
            return Some(Self { run: name, which: Which::Newest, raw: false });
        };
        let (step, raw) = match checkpoint.strip_suffix(RAW) {
            Some(step) => (step, true),
            None => (checkpoint, false),
        };
        let which = match step {
            NEWEST => Which::Newest,
            BEST => Which::Best,
            step => Which::Step(step.parse().ok()?),
        };
        Some(Self { run, which, raw })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let parsed = |name| ModelName::parse(name).map(|name| (name.run, name.which, name.raw));
        for (name, parts) in [
            ("leaves", Some(("leaves", Which::Newest, false))),
            ("leaves@1200", Some(("leaves", Which::Step(1200), false))),
            ("leaves@1200+raw", Some(("leaves", Which::Step(1200), true))),
            ("leaves@last+raw", Some(("leaves", Which::Newest, true))),
            ("leaves@best", Some(("leaves", Which::Best, false))),
            ("leaves@", None),
            ("leaves@-1", None),
            ("leaves@12+rare", None),
            ("leaves@1@2", None),
        ] {
            assert_eq!(parsed(name), parts, "{name}");
        }
    }
}
