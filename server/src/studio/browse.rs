//! Looking back: the gallery of all that was drawn.

use std::collections::HashMap;

use app::api::{GalleryImage, GalleryPage, GalleryQuery, ImageId};
use engine::config::{ConfigError, FieldError, GenerateSettings, shown};

use super::store::{ImageFilter, ImageRow};
use super::views::image_info;
use super::{Darkroom, calendar};
use crate::{Error, Result};

/// Pictures of one answer at most.
const STRETCH: u64 = 500;

/// Pictures that one request may name.
const MAX_NAMED: usize = 20_000;

impl Darkroom {
    pub fn gallery(&self, query: &GalleryQuery) -> Result<GalleryPage> {
        let filter = read_filter(query)?;
        let limit = if query.limit == 0 { STRETCH } else { query.limit.min(STRETCH) };
        let (total, rows) = self.store.find_images(&filter, query.offset, limit)?;
        Ok(GalleryPage {
            total,
            offset: query.offset,
            images: rows.into_iter().map(gallery_image).collect(),
            models: self.store.drawing_models()?,
            last_deletion: self.last_deletion()?,
        })
    }

    /// These pictures in this order; those that are gone are left out.
    pub fn gallery_images(&self, ids: &[ImageId]) -> Result<Vec<GalleryImage>> {
        let mut found: Vec<_> = self.pictures(ids)?.into_iter().map(gallery_image).collect();
        let places: HashMap<ImageId, usize> = ids.iter().copied().zip(0..).collect();
        found.sort_by_key(|image| places.get(&image.image.id).copied());
        Ok(found)
    }

    pub fn star(&self, image: ImageId, starred: bool) -> Result<()> {
        match self.store.star_image(image, starred)? {
            true => Ok(()),
            false => Err(Error::NotFound(format!("there is no picture {image}"))),
        }
    }

    /// The pictures called `ids`, for a download.
    pub fn pictures(&self, ids: &[ImageId]) -> Result<Vec<ImageRow>> {
        check_number(ids)?;
        self.store.images_by_id(ids)
    }
}

/// Whether `ids` are as many as a request may name, and at least one.
pub(super) fn check_number(ids: &[ImageId]) -> Result<()> {
    match ids.len() {
        0 => Err(Error::field("images", "choose at least one picture")),
        n if n > MAX_NAMED => {
            Err(Error::field("images", format!("{n} pictures are too many; at most {MAX_NAMED}")))
        }
        _ => Ok(()),
    }
}

fn gallery_image(row: ImageRow) -> GalleryImage {
    GalleryImage { job: row.job, date: calendar::day_of(row.created), image: image_info(row) }
}

fn read_filter(query: &GalleryQuery) -> Result<ImageFilter, ConfigError> {
    let mut faults = Vec::new();
    let filter = ImageFilter {
        words: query.text.split_whitespace().map(str::to_owned).collect(),
        model: query.model.trim().to_owned(),
        seed: take(seed(&query.seed), &mut faults),
        from: take(day("from", &query.from, 0), &mut faults),
        before: take(day("to", &query.to, 1), &mut faults),
        starred: query.starred,
    };
    faults.extend(backwards(query, &filter));
    if faults.is_empty() { Ok(filter) } else { Err(ConfigError(faults)) }
}

/// That the first day comes after the last.
fn backwards(query: &GalleryQuery, filter: &ImageFilter) -> Option<FieldError> {
    let is_backwards = filter.from? >= filter.before?;
    let (from, to) = (query.from.trim(), query.to.trim());
    is_backwards.then(|| {
        FieldError::new("from", format!("{from} is later than To, {to}; give an earlier day"))
    })
}

fn take<T>(found: Result<Option<T>, FieldError>, faults: &mut Vec<FieldError>) -> Option<T> {
    found.unwrap_or_else(|fault| {
        faults.push(fault);
        None
    })
}

fn seed(text: &str) -> Result<Option<i64>, FieldError> {
    let text = text.trim();
    let most = GenerateSettings::MAX_SEED;
    let known = |seed: &i64| (0..=most).contains(seed);
    let fault = || {
        FieldError::new(
            "seed",
            format!("`{}` is no seed; give a whole number up to {most}", shown(text)),
        )
    };
    match text {
        "" => Ok(None),
        text => text.parse().ok().filter(known).map(Some).ok_or_else(fault),
    }
}

/// The moment at which the day `text` begins, `later` days on.
fn day(field: &str, text: &str, later: i32) -> Result<Option<i64>, FieldError> {
    let text = text.trim();
    let fault = || {
        FieldError::new(field, format!("`{}` is no date; give one such as 2026-11-24", shown(text)))
    };
    match text {
        "" => Ok(None),
        text => calendar::start_of(text, later).map(Some).ok_or_else(fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_and_its_faults_are_told_by_field() {
        let query = GalleryQuery {
            text: " steps:  50 digits ".into(),
            seed: "7".into(),
            from: "2026-11-24".into(),
            to: "2026-11-24".into(),
            ..Default::default()
        };
        let filter = read_filter(&query).unwrap();
        assert_eq!(filter.words, ["steps:", "50", "digits"]);
        assert_eq!(filter.seed, Some(7));
        let day = filter.before.unwrap() - filter.from.unwrap();
        assert!((22..=26).contains(&(day / 3_600_000)), "{day}");

        let bad = GalleryQuery { seed: "-1".into(), from: "soon".into(), ..Default::default() };
        let error = read_filter(&bad).unwrap_err();
        assert!(error.for_field("seed").is_some() && error.for_field("from").is_some());
        assert_eq!(error.for_field("to"), None);
    }

    #[test]
    fn a_first_day_after_the_last_is_told_at_its_field() {
        let days = |from: &str, to: &str| {
            let query = GalleryQuery { from: from.into(), to: to.into(), ..Default::default() };
            read_filter(&query).err().map(|error| error.to_string())
        };
        let told = days("2026-11-25", "2026-11-24").unwrap();
        assert_eq!(told, "from: 2026-11-25 is later than To, 2026-11-24; give an earlier day");
        assert_eq!(days("2026-11-24", "2026-11-24"), None);
        assert_eq!(days("2026-11-25", ""), None);
    }
}
