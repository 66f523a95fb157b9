//! The part of the gallery that this page has: pictures by their place, with gaps between stretches.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::api::{GalleryImage, GalleryPage, ImageId};

/// Pictures asked for at once, at least; a server gives 500 at most.
const STRETCH: u64 = 120;

#[derive(Clone, Debug, Default)]
pub struct Shelf {
    total: u64,
    pictures: BTreeMap<u64, GalleryImage>,
}

impl Shelf {
    pub fn new(page: GalleryPage) -> Self {
        let mut shelf = Self { total: page.total, pictures: BTreeMap::new() };
        shelf.put(page);
        shelf
    }

    /// Pictures that are looked for, here or not.
    pub fn total(&self) -> u64 {
        self.total
    }

    pub fn get(&self, place: u64) -> Option<&GalleryImage> {
        self.pictures.get(&place)
    }

    /// Adds a stretch. One with another total tells of a gallery that has changed: what is here stands
    /// at other places by now, and goes.
    pub fn put(&mut self, page: GalleryPage) {
        if page.total != self.total {
            self.total = page.total;
            self.pictures.clear();
        }
        self.pictures.extend((page.offset..).zip(page.images));
    }

    /// Offset and limit of the next stretch to ask for, so that all of `places` is here.
    pub fn missing(&self, places: Range<u64>) -> Option<(u64, u64)> {
        let end = places.end.min(self.total);
        let first = (places.start..end).find(|place| !self.pictures.contains_key(place))?;
        Some((first, STRETCH.min(self.total - first)))
    }

    /// Whether the picture at `place` is the first of its day, as far as is known here.
    pub fn begins_day(&self, place: u64) -> bool {
        let day = |place| self.get(place).map(|picture| &picture.date);
        match place.checked_sub(1) {
            None => true,
            Some(newer) => day(newer).is_some() && day(newer) != day(place),
        }
    }

    /// Numbers of the pictures at `places`, as far as they are here.
    pub fn ids(&self, places: Range<u64>) -> impl Iterator<Item = ImageId> {
        self.pictures.range(places).map(|(_, picture)| picture.image.id)
    }

    pub fn by_id(&mut self, id: ImageId) -> Option<&mut GalleryImage> {
        self.pictures.values_mut().find(|picture| picture.image.id == id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::ImageInfo;

    fn page(total: u64, offset: u64, dates: &[&str]) -> GalleryPage {
        let image = |(i, date): (usize, &&str)| GalleryImage {
            image: ImageInfo {
                id: (total - offset) as i64 - i as i64,
                url: String::new(),
                width: 28,
                height: 28,
                seed: 0,
                parameters: String::new(),
                strip_url: String::new(),
                strip_frames: 0,
                noisy_strip_url: None,
                starred: false,
            },
            job: 1,
            date: (*date).into(),
        };
        let images = dates.iter().enumerate().map(image).collect();
        GalleryPage { total, offset, images, ..Default::default() }
    }

    #[test]
    fn gaps_are_asked_for_until_none_is_left() {
        let mut shelf = Shelf::new(page(300, 0, &["2026-11-24"; 60]));
        assert_eq!(shelf.missing(0..60), None);
        assert_eq!(shelf.missing(40..90), Some((60, STRETCH)));
        assert_eq!(shelf.missing(250..400), Some((250, 50)));
        shelf.put(page(300, 60, &["2026-11-24"; 120]));
        assert_eq!(shelf.missing(0..180), None);
        assert_eq!(shelf.ids(59..61).collect::<Vec<_>>(), [241, 240]);
    }

    #[test]
    fn a_gallery_that_grew_is_begun_anew() {
        let mut shelf = Shelf::new(page(3, 0, &["2026-11-24"; 3]));
        shelf.put(page(4, 2, &["2026-11-24"; 2]));
        assert_eq!((shelf.total(), shelf.get(0)), (4, None));
        assert_eq!(shelf.get(2).unwrap().image.id, 2);
    }

    #[test]
    fn a_day_begins_where_the_date_changes() {
        let shelf = Shelf::new(page(9, 0, &["2026-11-24", "2026-11-24", "2026-11-23"]));
        assert_eq!([0, 1, 2].map(|place| shelf.begins_day(place)), [true, false, true]);
        assert!(
            !Shelf::new(page(9, 4, &["2026-11-24"])).begins_day(4),
            "its neighbour is not here"
        );
    }
}
