//! The images of a data set that a picture is nearest to, which shows what was learned by heart.

use crate::data::ImageSet;
use crate::grid::Picture;
use crate::{Error, Result};

/// An image and how far a picture is from it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Neighbour {
    /// Its place in the data set.
    pub image: usize,
    /// Root mean square of the differences of all numbers, 0 to 255; below about 10 it is hard to
    /// tell the two apart.
    pub distance: f64,
}

/// The `count` images that `picture` is nearest to, the nearest first.
///
/// Errors if the picture has another size or other channels than the images.
pub fn nearest(picture: &Picture, images: &ImageSet, count: usize) -> Result<Vec<Neighbour>> {
    let shape = (images.width, images.height, images.channels);
    let (width, height, channels) = (picture.width, picture.height, u32::from(picture.channels));
    if (width, height, channels) != shape {
        return Err(Error::Data(format!(
            "a picture of {width}x{height} with {channels} channels cannot be compared with images \
             of {}x{} with {}",
            shape.0, shape.1, shape.2
        )));
    }
    let planes = planes(picture);
    let neighbour = |image| Neighbour { image, distance: distance(&planes, images.image(image)) };
    let mut all: Vec<Neighbour> = (0..images.len()).map(neighbour).collect();
    let nearer = |a: &Neighbour, b: &Neighbour| {
        a.distance.total_cmp(&b.distance).then(a.image.cmp(&b.image))
    };
    if count < all.len() {
        all.select_nth_unstable_by(count, nearer);
        all.truncate(count);
    }
    all.sort_unstable_by(nearer);
    Ok(all)
}

/// A picture's pixels as a data set has them, plane after plane.
fn planes(picture: &Picture) -> Vec<u8> {
    let channels = usize::from(picture.channels);
    let plane = |channel| picture.pixels.iter().skip(channel).step_by(channels).copied();
    (0..channels).flat_map(plane).collect()
}

fn distance(a: &[u8], b: &[u8]) -> f64 {
    // The squares of so few differences add up in 32 bits, which the processor does by the dozen.
    const PART: usize = 1 << 16;
    let square = |(x, y): (&u8, &u8)| u32::from(x.abs_diff(*y)).pow(2);
    let part = |(a, b): (&[u8], &[u8])| u64::from(a.iter().zip(b).map(square).sum::<u32>());
    let sum: u64 = a.chunks(PART).zip(b.chunks(PART)).map(part).sum();
    (sum as f64 / a.len() as f64).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_nearest_to_its_original() {
        let images = ImageSet {
            width: 2,
            height: 1,
            channels: 3,
            pixels: vec![0, 0, 0, 0, 0, 0, 10, 20, 30, 40, 50, 60, 200, 200, 200, 200, 200, 200],
            labels: vec![0; 3],
            classes: Vec::new(),
        };
        let mut picture = images.picture(1);
        let neighbours = nearest(&picture, &images, 2).unwrap();
        assert_eq!(neighbours[0], Neighbour { image: 1, distance: 0.0 });
        assert_eq!(neighbours[1].image, 0);
        picture.pixels.iter_mut().for_each(|x| *x += 3);
        assert_eq!(nearest(&picture, &images, 5).unwrap()[0].distance, 3.0);
        assert_eq!(nearest(&picture, &images, 5).unwrap().len(), 3);
        let small = Picture { width: 1, height: 1, channels: 3, pixels: vec![0; 3] };
        let message = nearest(&small, &images, 1).unwrap_err().to_string();
        assert!(message.contains("1x1 with 3 channels") && message.contains("of 2x1"), "{message}");
    }
}
