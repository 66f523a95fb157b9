//! Images left out and classes changed in a data set whose labels stand in a file: that file stays
//! as it is, and what was changed is laid over it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::labels::Labels;
use super::{NO_CLASS, natural};

/// What was changed. Images go by their number in the source; numbers that it has no longer are
/// passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Revision {
    /// What the classes of the source are called now; those of one name are one class.
    renamed: BTreeMap<String, String>,
    /// The classes of single images, whatever became of the class they had in the source.
    moved: BTreeMap<usize, String>,
    left_out: BTreeSet<usize>,
}

impl Revision {
    /// Whether it leaves every data set as it is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Leaves images out.
    pub fn leave_out(&mut self, images: impl IntoIterator<Item = usize>) {
        self.left_out.extend(images);
    }

    /// Gives images another class; [`NO_CLASS`] takes theirs away.
    pub fn move_to(&mut self, images: impl IntoIterator<Item = usize>, class: &str) {
        self.moved.extend(images.into_iter().map(|image| (image, class.to_owned())));
    }

    /// Calls the class `from` otherwise; where there is a class called `to`, the two become one.
    pub fn rename(&mut self, from: &str, to: &str) {
        let known = self.renamed.values_mut().chain(self.moved.values_mut());
        known.filter(|class| *class == from).for_each(|class| to.clone_into(class));
        // The source's own class of that name, unless it was called otherwise before.
        self.renamed.entry(from.to_owned()).or_insert_with(|| to.to_owned());
    }

    /// The labels of a source as they are now.
    pub(super) fn applied(&self, source: &Labels) -> Labels {
        let names: Vec<&str> = source.classes.iter().map(|class| self.name(class)).collect();
        let own = |place: u32| names.get(place as usize).copied().unwrap_or(NO_CLASS);
        let class = |(number, place): (&usize, &u32)| {
            let class = self.moved.get(number).map_or_else(|| own(*place), String::as_str);
            (!self.left_out.contains(number)).then_some((*number, class))
        };
        let images = source.numbers.iter().zip(&source.places);
        let (numbers, of_images): (Vec<usize>, Vec<&str>) = images.filter_map(class).unzip();
        let classes = in_order(&names, &of_images);
        let places: BTreeMap<&str, u32> = classes.iter().copied().zip(0..).collect();
        let place = |class: &&str| places.get(class).copied().unwrap_or_default();
        Labels {
            places: of_images.iter().map(place).collect(),
            classes: classes.into_iter().map(str::to_owned).collect(),
            numbers,
        }
    }

    fn name<'a>(&'a self, class: &'a str) -> &'a str {
        self.renamed.get(class).map_or(class, String::as_str)
    }
}

/// The classes that images have: those of the source in its order, new ones behind them, none last.
/// Images that all have no class need none.
fn in_order<'a>(source: &[&'a str], of_images: &[&'a str]) -> Vec<&'a str> {
    let mut left: BTreeSet<&str> = of_images.iter().copied().collect();
    let unclassed = left.remove(NO_CLASS);
    let mut classes: Vec<&str> =
        source.iter().copied().filter(|class| left.remove(*class)).collect();
    let mut new: Vec<&str> = left.into_iter().collect();
    new.sort_by(|left, right| natural::compare(left, right));
    classes.extend(new);
    if unclassed && !classes.is_empty() {
        classes.push(NO_CLASS);
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pets() -> Labels {
        let numbers = [0, 1, 1, 2, 0];
        Labels::named(&numbers, ["cats", "dogs", "fish"].map(str::to_owned).into()).unwrap()
    }

    /// The class of each image that is left, by its number.
    fn told(labels: &Labels) -> Vec<(usize, &str)> {
        let class = |place: &u32| labels.classes.get(*place as usize).map_or("", String::as_str);
        labels.numbers.iter().copied().zip(labels.places.iter().map(class)).collect()
    }

    fn revised(change: impl FnOnce(&mut Revision)) -> Labels {
        let mut revision = Revision::default();
        change(&mut revision);
        let text = serde_json::to_string(&revision).unwrap();
        assert_eq!(serde_json::from_str::<Revision>(&text).unwrap(), revision);
        revision.applied(&pets())
    }

    #[test]
    fn nothing_changed_is_the_source() {
        assert_eq!(revised(|_| ()), pets());
        assert!(Revision::default().is_empty());
    }

    #[test]
    fn images_are_left_out_and_moved_by_their_numbers() {
        let labels = revised(|revision| {
            revision.leave_out([1, 3, 99]);
            revision.move_to([4, 70], "apes");
        });
        assert_eq!(told(&labels), [(0, "cats"), (2, "dogs"), (4, "apes")]);
        // Fish have no image left.
        assert_eq!(labels.classes, ["cats", "dogs", "apes"]);
    }

    #[test]
    fn classes_are_renamed_and_become_one() {
        let labels = revised(|revision| {
            revision.rename("dogs", "wolves");
            revision.rename("cats", "dogs");
            revision.move_to([3], "dogs");
            revision.rename("dogs", "pets");
        });
        assert_eq!(labels.classes, ["pets", "wolves"]);
        let wanted = [(0, "pets"), (1, "wolves"), (2, "wolves"), (3, "pets"), (4, "pets")];
        assert_eq!(told(&labels), wanted);
        let one = revised(|revision| revision.rename("dogs", "cats"));
        assert_eq!(one.classes, ["cats", "fish"]);
    }

    #[test]
    fn a_source_without_classes_gets_some_and_loses_them() {
        let mut revision = Revision::default();
        revision.move_to([1], "odd");
        let labels = revision.applied(&Labels::none(3));
        assert_eq!(labels.classes, ["odd", NO_CLASS]);
        assert_eq!(labels.places, [1, 0, 1]);
        revision.move_to([1], NO_CLASS);
        assert_eq!(revision.applied(&Labels::none(3)), Labels::none(3));
    }
}
