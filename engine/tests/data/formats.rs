//! What image files hold, and the shape it is brought to.

use engine::CancelToken;
use engine::data::{LoadOptions, Source, built_in};
use image::{ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use crate::files::*;

#[test]
fn every_format_is_read_by_its_content_whatever_its_ending() {
    let formats = [
        ("png", ImageFormat::Png, 0),
        ("JPG", ImageFormat::Jpeg, 6),
        ("Jpeg", ImageFormat::Jpeg, 6),
        ("webp", ImageFormat::WebP, 0),
        ("GIF", ImageFormat::Gif, 4),
        ("bmp", ImageFormat::Bmp, 0),
        ("png", ImageFormat::Jpeg, 6),
    ];
    for (ending, format, tolerance) in formats {
        let root = folder();
        put(root.path(), &format!("a.{ending}"), &encoded(RgbImage::from_pixel(8, 8, RED), format));
        let set = load_folder(root.path(), &options(None, 3));
        assert_eq!((set.len(), set.width, set.height), (1, 8, 8), "{format:?}");
        check_close(&set.picture(0).pixels[..3], &RED.0, tolerance);
    }
}

/// A PNG of one pixel with a palette whose second colour is half transparent.
fn palette_png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_palette(vec![10, 20, 30, 200, 100, 0]);
    encoder.set_trns(vec![255, 128]);
    encoder.write_header().unwrap().write_image_data(&[0, 1]).unwrap();
    bytes
}

#[test]
fn transparency_lies_over_the_background() {
    let root = folder();
    put(root.path(), "palette.png", &palette_png());
    let clear = RgbaImage::from_pixel(2, 1, Rgba([1, 2, 3, 0]));
    put(root.path(), "rgba.png", &encoded(clear, ImageFormat::Png));
    let options = LoadOptions { size: None, channels: 3, background: [0, 100, 255] };
    let set = load_folder(root.path(), &options);
    check_close(&set.picture(0).pixels, &[10, 20, 30, 100, 100, 127], 1);
    assert_eq!(set.picture(1).pixels, [0, 100, 255, 0, 100, 255]);
}

#[test]
fn sixteen_bits_become_eight() {
    let root = folder();
    let deep = image::ImageBuffer::<Luma<u16>, _>::from_pixel(4, 4, Luma([0x8080]));
    put(root.path(), "deep.png", &encoded(deep, ImageFormat::Png));
    let source = Source::Folder(root.path().to_owned());
    assert_eq!(source.survey(&CancelToken::new()).unwrap().channels, 1);
    assert!(load(&source, &options(None, 1)).pixels.iter().all(|&value| value == 0x80));
}

#[test]
fn gray_becomes_colour_and_comes_back_exactly() {
    let root = folder();
    put(root.path(), "gray.png", &gray_png(77));
    let same = RgbImage::from_pixel(8, 8, Rgb([77, 77, 77]));
    put(root.path(), "same.png", &encoded(same, ImageFormat::Png));
    assert_eq!(load_folder(root.path(), &options(None, 1)).pixels, [77; 2 * 64]);
    assert_eq!(load_folder(root.path(), &options(None, 3)).pixels, [77; 2 * 3 * 64]);
    put(root.path(), "red.png", &red_png());
    let luma = (299 * 200 + 587 * 30 + 114 * 40 + 500) / 1000;
    assert_eq!(load_folder(root.path(), &options(None, 1)).image(1), [luma as u8; 64]);
}

#[test]
fn planes_hold_one_channel_after_another() {
    let root = folder();
    put(root.path(), "red.png", &red_png());
    let set = load_folder(root.path(), &options(None, 3));
    assert_eq!(set.pixels, [[200; 64], [30; 64], [40; 64]].concat());
}

#[test]
fn the_shorter_side_is_scaled_and_the_longer_one_cropped_to_its_middle() {
    let root = folder();
    // Green in the middle square, red at both sides.
    let wide = RgbImage::from_fn(96, 32, |x, _| match x {
        32..64 => Rgb([0, 255, 0]),
        _ => Rgb([255, 0, 0]),
    });
    put(root.path(), "wide.png", &encoded(wide, ImageFormat::Png));
    for side in [2, 16, 48] {
        let set = load_folder(root.path(), &options(Some((side, side)), 3));
        let picture = set.picture(0);
        assert_eq!((picture.width, picture.height), (side, side));
        let green = picture.pixels.chunks(3).all(|rgb| rgb[1] > 240 && rgb[0] < 15);
        assert!(green, "only the middle is left at {side} pixels");
    }
}

#[test]
fn a_size_that_cannot_be_is_refused() {
    let source = built_in("digits").unwrap();
    let load = |options| source.load(&options, &CancelToken::new());
    assert!(message(load(options(Some((0, 8)), 1))).contains("0x8"));
    assert!(message(load(options(Some((8, 100_000)), 1))).contains("8x100000"));
    assert!(message(load(options(None, 2))).contains("1 or 3 channels, not 2"));
}
