//! What the last steps found, for samplers that build on it.

use std::collections::VecDeque;

use candle_core::Tensor;

use super::level::Level;

/// The last few estimates with the levels they were made at.
#[derive(Clone, Debug)]
pub struct History {
    most: usize,
    newest_first: VecDeque<(Level, Tensor)>,
}

impl History {
    /// Keeps the last `most` estimates.
    pub fn new(most: usize) -> Self {
        Self { most, newest_first: VecDeque::with_capacity(most + 1) }
    }

    pub fn push(&mut self, level: Level, estimate: Tensor) {
        self.newest_first.push_front((level, estimate));
        self.newest_first.truncate(self.most);
    }

    /// The estimate `back` steps ago; 0 is the newest.
    pub fn get(&self, back: usize) -> Option<&(Level, Tensor)> {
        self.newest_first.get(back)
    }

    /// The estimates, the newest first.
    pub fn tensors(&self) -> impl ExactSizeIterator<Item = &Tensor> {
        self.newest_first.iter().map(|(_, tensor)| tensor)
    }

    /// The levels, the newest first.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = Level> {
        self.newest_first.iter().map(|(level, _)| *level)
    }
}
