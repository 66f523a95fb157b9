//! From the numbers that files give classes to places among names.

use super::{Entry, NO_CLASS};

/// For each image its place among the classes, and the classes in the order of their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    pub places: Vec<u32>,
    pub classes: Vec<String>,
    /// The numbers of the images in their source, rising.
    pub numbers: Vec<usize>,
}

impl Labels {
    /// Labels of all images of a source.
    pub fn new(places: Vec<u32>, classes: Vec<String>) -> Self {
        Self { numbers: (0..places.len()).collect(), places, classes }
    }

    /// The images by their numbers.
    pub fn entries(&self) -> Vec<Entry> {
        entries_of(&self.numbers, &self.places, &self.classes)
    }

    /// Labels of `count` images that have no classes.
    pub fn none(count: usize) -> Self {
        Self::new(vec![0; count], Vec::new())
    }

    /// Classes that are called by their numbers.
    pub fn numbered(numbers: &[i64]) -> Self {
        let mut known = numbers.to_vec();
        known.sort_unstable();
        known.dedup();
        let place = |number: &i64| known.binary_search(number).unwrap_or_default() as u32;
        let classes = known.iter().map(i64::to_string).collect();
        Self::new(numbers.iter().map(place).collect(), classes)
    }

    /// Class `n` is called `names[n]`; -1 is no class. The error is a number that has no name.
    pub fn named(numbers: &[i64], mut names: Vec<String>) -> Result<Self, i64> {
        let known = names.len();
        if numbers.contains(&-1) {
            names.push(NO_CLASS.into());
        }
        let place = |&number: &i64| match usize::try_from(number) {
            Ok(place) if place < known => Ok(place as u32),
            _ if number == -1 => Ok(known as u32),
            _ => Err(number),
        };
        Ok(Self::new(numbers.iter().map(place).collect::<Result<_, _>>()?, names))
    }
}

/// Images by their numbers, each with its place among the classes.
pub fn entries_of(numbers: &[usize], places: &[u32], classes: &[String]) -> Vec<Entry> {
    let class = |place: u32| classes.get(place as usize).cloned();
    let images = numbers.iter().zip(places);
    images.map(|(number, &at)| Entry { name: number.to_string(), class: class(at) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_without_names_are_their_own() {
        let labels = Labels::numbered(&[7, -3, 7, 12]);
        assert_eq!(labels.places, [1, 0, 1, 2]);
        assert_eq!(labels.classes, ["-3", "7", "12"]);
    }

    #[test]
    fn names_go_by_number_and_what_has_none_comes_last() {
        let names = || vec!["cat".to_owned(), "dog".to_owned()];
        let labels = Labels::named(&[1, -1, 0], names()).unwrap();
        assert_eq!(labels.places, [1, 2, 0]);
        assert_eq!(labels.classes, ["cat", "dog", NO_CLASS]);
        assert_eq!(Labels::named(&[0, 1], names()).unwrap().classes, names());
        assert_eq!(Labels::named(&[0, 2], names()), Err(2));
        assert_eq!(Labels::named(&[-2], names()), Err(-2));
    }
}
