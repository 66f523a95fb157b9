//! The pictures that were selected, of the gallery or of a page of a data set.

use std::collections::BTreeSet;
use std::ops::Range;

use leptos::prelude::*;

#[derive(Clone, Copy, Default)]
pub struct Selection {
    images: RwSignal<BTreeSet<i64>>,
    /// The place that a range begins at.
    anchor: RwSignal<Option<u64>>,
}

impl Selection {
    pub fn holds(self, image: i64) -> bool {
        self.images.with(|images| images.contains(&image))
    }

    pub fn is_empty(self) -> bool {
        self.images.with(BTreeSet::is_empty)
    }

    /// Newest first.
    pub fn all(self) -> Vec<i64> {
        self.images.with(|images| images.iter().rev().copied().collect())
    }

    /// Takes `image`, at `place`, in or out.
    pub fn toggle(self, image: i64, place: u64) {
        self.anchor.set(Some(place));
        self.images.update(|images| {
            if !images.remove(&image) {
                images.insert(image);
            }
        });
    }

    pub fn add(self, more: impl Iterator<Item = i64>) {
        self.images.update(|images| images.extend(more));
    }

    pub fn remove(self, images: impl Iterator<Item = i64>) {
        self.images.update(|chosen| {
            images.for_each(|image| {
                chosen.remove(&image);
            });
        });
    }

    /// Places from the one that was selected last to `place`, both within.
    pub fn range_to(self, place: u64) -> Range<u64> {
        let anchor = self.anchor.get_untracked().unwrap_or(place);
        anchor.min(place)..anchor.max(place) + 1
    }

    /// Does nothing when the pictures went from the page while an answer was on its way.
    pub fn clear(self) {
        self.anchor.try_set(None);
        if self.images.try_with_untracked(BTreeSet::is_empty) == Some(false) {
            self.images.set(BTreeSet::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_runs_from_the_picture_selected_last() {
        let owner = Owner::new();
        owner.set();
        let selection = Selection::default();
        assert_eq!(selection.range_to(4), 4..5);
        selection.toggle(70, 6);
        assert_eq!(selection.range_to(4), 4..7);
        assert_eq!(selection.range_to(9), 6..10);
        selection.add([3, 90].into_iter());
        assert_eq!(selection.all(), [90, 70, 3]);
        selection.toggle(70, 6);
        assert!(!selection.holds(70) && selection.holds(90));
        selection.remove([90, 1].into_iter());
        assert_eq!(selection.all(), [3]);
        selection.clear();
        assert!(selection.is_empty());
    }

    #[test]
    fn a_selection_that_went_with_its_page_can_be_cleared() {
        let owner = Owner::new();
        let selection = owner.with(Selection::default);
        owner.cleanup();
        selection.clear();
    }
}
