//! Images that a person gives: to draw from, to mask with, or to look into.
//!
//! Each is kept once, as a PNG that holds the pixels and the texts of the file it came from, under the
//! hash of that file. So a form can name it, and what was drawn from it can be drawn again.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::SystemTime;

use app::api::{ImageId, InputImage};
use engine::config::GenerateSettings;
use engine::data::{MAX_PIXELS, decode_bytes};
use engine::grid::Picture;
use sha2::{Digest, Sha256};

use super::deletions::UNDO_TIME;
use super::files::{remove_file, write_whole};
use super::recall::recalled;
use super::{Darkroom, foreign, image_texts};
use crate::{Error, Result};

/// Digits of a name.
const NAME_LENGTH: usize = 32;

/// Texts that are kept with an image; more is no setting.
const MAX_TEXT: usize = 1 << 20;

impl Darkroom {
    /// Keeps the image in `bytes`, a PNG, JPEG, WebP, GIF or BMP; errors name `image`.
    pub fn add_input(&self, bytes: &[u8]) -> Result<InputImage> {
        let picture = decoded(bytes, "image")?;
        let name = &input_name(bytes);
        let path = self.input_path(name, "image")?;
        // Given again, it is as new.
        let known = std::fs::File::options().append(true).open(&path);
        if !known.is_ok_and(|file| file.set_modified(SystemTime::now()).is_ok()) {
            let texts = image_texts::texts(bytes);
            let texts: Vec<(&str, &str)> =
                texts.iter().map(pair).filter(|text| is_writable(*text)).collect();
            write_whole(&path, &picture.to_png(&texts))?;
        }
        self.input(name)
    }

    /// What is known of the input called `name`.
    pub fn input(&self, name: &str) -> Result<InputImage> {
        let path = self.input_path(name, "image")?;
        let bytes = std::fs::read(&path).map_err(|_| no_input("image", name))?;
        let picture = Picture::from_png(&bytes)?;
        let texts = image_texts::texts(&bytes);
        let (written_by, parameters) = foreign::read(&texts).unwrap_or_default();
        let is_here = |name: &str| self.check_input(name, "image").is_ok();
        let recalled = recalled(&parameters, &self.models, is_here);
        Ok(InputImage {
            name: name.into(),
            url: format!("/files/inputs/{name}.png"),
            width: picture.width,
            height: picture.height,
            written_by: written_by.into(),
            parameters: parameters.text(),
            form: recalled.form,
            left_out: recalled.left_out,
            settings: parameters.settings,
            texts,
        })
    }

    /// Removes the inputs that were given more than a day ago and that nothing names: no job, no
    /// picture, no form, no style.
    pub(super) fn purge_inputs(&self) -> Result<()> {
        let old = self.old_inputs();
        if old.is_empty() {
            return Ok(());
        }
        for name in self.store.inputs_without_a_row(old)? {
            remove_file(&self.input_path(&name, "image")?);
        }
        Ok(())
    }

    fn old_inputs(&self) -> HashSet<String> {
        let Ok(entries) = std::fs::read_dir(self.folders.inputs()) else { return HashSet::new() };
        let old = |entry: &std::fs::DirEntry| {
            let given = entry.metadata().and_then(|metadata| metadata.modified());
            given.is_ok_and(|given| given.elapsed().is_ok_and(|age| age > UNDO_TIME))
        };
        let names = entries.filter_map(|entry| {
            let entry = entry.ok().filter(old)?;
            Some(entry.file_name().to_str()?.strip_suffix(".png")?.to_owned())
        });
        names.filter(|name| self.input_path(name, "image").is_ok()).collect()
    }

    /// Gives a picture of the gallery as an input.
    pub fn input_from_gallery(&self, id: ImageId) -> Result<InputImage> {
        let row = self.store.image(id)?;
        let row = row.ok_or_else(|| Error::NotFound(format!("there is no picture {id}")))?;
        let path = self.folders.absolute(&row.image.path);
        let bytes = std::fs::read(&path).map_err(Error::file("read", &path))?;
        self.add_input(&bytes)
    }

    /// The pixels of the input called `name`; errors name `field`.
    pub fn input_picture(&self, name: &str, field: &str) -> Result<Picture> {
        let path = self.input_path(name, field)?;
        let bytes = std::fs::read(path).map_err(|_| no_input(field, name))?;
        Ok(Picture::from_png(&bytes)?)
    }

    /// Width and height of the input called `name`, of which only the head is read; errors name
    /// `field`.
    pub fn input_size(&self, name: &str, field: &str) -> Result<(u32, u32)> {
        let path = self.input_path(name, field)?;
        let file = std::fs::File::open(path).map_err(|_| no_input(field, name))?;
        Ok(Picture::png_size(std::io::BufReader::new(file))?)
    }

    /// Whether the input called `name` is there; errors name `field`.
    pub fn check_input(&self, name: &str, field: &str) -> Result<()> {
        match self.input_path(name, field)?.is_file() {
            true => Ok(()),
            false => Err(no_input(field, name)),
        }
    }

    /// Whether what `settings` begin from is there and goes together; errors name `init_image` and
    /// `mask`.
    pub(super) fn check_inputs(&self, settings: &GenerateSettings) -> Result<()> {
        for name in settings.init_images() {
            self.check_input(name, "init_image")?;
        }
        if !settings.mask.is_empty() {
            self.check_input(&settings.mask, "mask")?;
        }
        check_turns(settings.init_images().count(), settings.images())?;
        self.check_mask(settings)?;
        self.check_whole_pictures(settings)
    }

    /// Pictures of which a part is drawn are in memory as large as they are.
    fn check_whole_pictures(&self, settings: &GenerateSettings) -> Result<()> {
        let (given, most) = (settings.init_images().count() as u64, MAX_PIXELS);
        if given < 2 || settings.mask.is_empty() || !settings.inpaint_full_res {
            return Ok(());
        }
        // All are as large as the mask.
        let (width, height) = self.input_size(&settings.mask, "mask")?;
        let pixels = u64::from(width) * u64::from(height);
        if given * pixels <= most {
            return Ok(());
        }
        let message = format!(
            "{given} pictures of {width}x{height} are too large to draw a part of each; give at most {}",
            most / pixels
        );
        Err(Error::field("init_image", message))
    }

    /// A mask says of each pixel of its picture whether it is drawn anew; errors name `mask`.
    pub fn check_mask(&self, settings: &GenerateSettings) -> Result<()> {
        if settings.mask.is_empty() {
            return Ok(());
        }
        let mask = self.input_size(&settings.mask, "mask")?;
        for name in settings.init_images() {
            let (width, height) = self.input_size(name, "init_image")?;
            if mask != (width, height) {
                let message = format!(
                    "the mask is {}x{} and its picture {width}x{height}; give one of the picture's size",
                    mask.0, mask.1
                );
                return Err(Error::field("mask", message));
            }
        }
        Ok(())
    }

    /// Where the input called `name` stands; a name that is no hash leads nowhere.
    pub fn input_path(&self, name: &str, field: &str) -> Result<PathBuf> {
        let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match name.len() == NAME_LENGTH && name.bytes().all(digit) {
            true => Ok(self.folders.inputs().join(format!("{name}.png"))),
            false => Err(no_input(field, name)),
        }
    }
}

/// Every picture that is given must have its turn among those that are drawn.
pub fn check_turns(given: usize, drawn: usize) -> Result<()> {
    if given <= drawn {
        return Ok(());
    }
    let message = format!("{given} pictures are given and {drawn} drawn; give at most {drawn}");
    Err(Error::field("init_image", message))
}

/// What an image file is called as an input.
pub fn input_name(bytes: &[u8]) -> String {
    let mut name = format!("{:x}", Sha256::digest(bytes));
    name.truncate(NAME_LENGTH);
    name
}

/// The pixels of an image file; errors name `field`.
pub fn decoded(bytes: &[u8], field: &str) -> Result<Picture> {
    decode_bytes(bytes, [0; 3])
        .map_err(|reason| Error::field(field, format!("this cannot be used: {reason}")))
}

/// Whether a PNG can hold a text: keywords have 1 to 79 characters of Latin-1, and no text a zero.
fn is_writable((keyword, text): (&str, &str)) -> bool {
    let latin1 = keyword.chars().all(|c| c != '\0' && u32::from(c) < 256);
    let short = (1..80).contains(&keyword.chars().count()) && text.len() <= MAX_TEXT;
    latin1 && short && !text.contains('\0')
}

fn pair(text: &(String, String)) -> (&str, &str) {
    (&text.0, &text.1)
}

fn no_input(field: &str, name: &str) -> Error {
    Error::field(field, format!("there is no image `{name}` any more; give it again"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_png_can_hold_is_kept_with_an_image() {
        assert!(is_writable(("parameters", "7")) && is_writable(("Größe", "é🎨")));
        for keyword in ["", "🎨", "a\0b", &"k".repeat(80)] {
            assert!(!is_writable((keyword, "7")), "{keyword}");
        }
        assert!(!is_writable(("parameters", "a\0b")));
    }
}
