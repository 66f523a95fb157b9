//! How the pictures of a drawing are laid out.

use crate::api::ImageInfo;

/// The first picture of each row, where there are several prompts: each has a row of its own, unless it
/// would be one of single pictures. Pictures come in the order of their numbers, and so do these.
pub fn row_starts(images: &[ImageInfo]) -> Vec<i64> {
    let before = std::iter::once(None).chain(images.iter().map(|image| Some(prompt(image))));
    let begins = images.iter().zip(before).filter(|(image, before)| *before != Some(prompt(image)));
    let starts: Vec<i64> = begins.map(|(image, _)| image.id).collect();
    if (2..images.len()).contains(&starts.len()) { starts } else { Vec::new() }
}

/// How many pictures are in the longest row; none where rows do not matter.
pub fn longest_row(images: &[ImageInfo], starts: &[i64]) -> Option<usize> {
    let mut rows = Vec::with_capacity(starts.len());
    for image in images {
        match rows.last_mut() {
            Some(length) if starts.binary_search(&image.id).is_err() => *length += 1,
            _ => rows.push(1),
        }
    }
    rows.into_iter().max().filter(|_| !starts.is_empty())
}

/// The prompt in the settings of a picture; empty without one.
fn prompt(image: &ImageInfo) -> &str {
    let text = &image.parameters;
    let end = ["\nNegative prompt:", "\nSteps:"].iter().filter_map(|key| text.find(key)).min();
    end.map_or("", |end| &text[..end])
}

/// As near to a square as the count allows, wide rather than high.
pub fn columns(count: usize) -> usize {
    (count as f64).sqrt().ceil().max(1.0) as usize
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn image(id: i64, text: &str) -> ImageInfo {
        ImageInfo {
            id,
            url: String::new(),
            width: 28,
            height: 28,
            seed: id,
            parameters: text.into(),
            strip_url: String::new(),
            strip_frames: 0,
            noisy_strip_url: None,
            starred: false,
        }
    }

    #[test]
    fn every_prompt_has_its_row() {
        let of = |texts: &[&str]| {
            let images: Vec<ImageInfo> =
                texts.iter().zip(1..).map(|(text, id)| image(id, text)).collect();
            let starts = row_starts(&images);
            let longest = longest_row(&images, &starts);
            (starts, longest)
        };
        let (zero, one) = ("0\nSteps: 5", "1\nNegative prompt: 2\nSteps: 5");
        assert_eq!(of(&[zero, zero, one, one, "2\nSteps: 5"]), (vec![1, 3, 5], Some(2)));
        assert_eq!(of(&[zero, zero]), (vec![], None));
        assert_eq!(of(&[zero, one, "2\nSteps: 5"]), (vec![], None));
        assert_eq!(of(&["Steps: 5", "Steps: 5"]), (vec![], None));
        assert_eq!(of(&[]), (vec![], None));
    }

    #[test]
    fn grids_are_near_square() {
        for (count, wanted) in [(1, 1), (2, 2), (4, 2), (5, 3), (16, 4), (64, 8)] {
            assert_eq!(columns(count), wanted);
        }
    }
}
