//! What a source holds, counted by opening every image.

use crate::grid::Picture;

/// A file that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    pub name: String,
    pub reason: String,
}

impl Skipped {
    pub(super) fn new(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { name: name.into(), reason: reason.into() }
    }
}

/// What a source holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Images that could be read.
    pub count: u64,
    /// Names of the classes and how many images each has; empty where there are no classes.
    pub classes: Vec<(String, u64)>,
    /// The smallest width and the smallest height of any image.
    pub min_size: (u32, u32),
    /// The largest width and the largest height of any image.
    pub max_size: (u32, u32),
    /// 1 if every pixel of every image is gray, else 3.
    pub channels: u32,
    /// Files that could not be used.
    pub skipped: Vec<Skipped>,
}

impl Survey {
    pub(super) fn new(classes: &[String]) -> Self {
        Self {
            count: 0,
            classes: classes.iter().map(|class| (class.clone(), 0)).collect(),
            min_size: (u32::MAX, u32::MAX),
            max_size: (0, 0),
            channels: 1,
            skipped: Vec::new(),
        }
    }

    /// The survey of images that are known to be alike.
    pub(super) fn uniform(
        classes: &[String],
        labels: impl Iterator<Item = u32>,
        size: (u32, u32),
        channels: u32,
    ) -> Self {
        let mut survey = Self::new(classes);
        labels.for_each(|label| survey.add(label, &Seen { size, channels }));
        survey
    }

    pub(super) fn add(&mut self, label: u32, seen: &Seen) {
        self.count += 1;
        self.channels = self.channels.max(seen.channels);
        self.min_size = (self.min_size.0.min(seen.size.0), self.min_size.1.min(seen.size.1));
        self.max_size = (self.max_size.0.max(seen.size.0), self.max_size.1.max(seen.size.1));
        if let Some((_, count)) = self.classes.get_mut(label as usize) {
            *count += 1;
        }
    }
}

/// What a survey wants to know of one image.
pub(super) struct Seen {
    pub size: (u32, u32),
    pub channels: u32,
}

impl Seen {
    pub fn of(picture: &Picture) -> Self {
        let colour = picture.channels == 3
            && picture.pixels.chunks_exact(3).any(|rgb| rgb[0] != rgb[1] || rgb[1] != rgb[2]);
        Self { size: (picture.width, picture.height), channels: if colour { 3 } else { 1 } }
    }
}
