//! Packs the files of the site as small as gzip can be, which takes seconds: once for all who load them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use zopfli::{Format, Options};

use crate::fingerprint;

/// Those that are not packed already.
const KINDS: [&str; 4] = ["css", "js", "svg", "wasm"];

/// Writes `NAME.gz` beside every file below `folder` that becomes smaller by it.
pub fn pack(folder: &Path) -> Result<()> {
    let mut files = Vec::new();
    fingerprint::collect(folder, &mut files)?;
    for file in files {
        let kind = file.extension().and_then(|kind| kind.to_str()).unwrap_or_default();
        if KINDS.contains(&kind) {
            pack_file(&file).with_context(|| format!("cannot pack {}", file.display()))?;
        }
    }
    Ok(())
}

fn pack_file(file: &Path) -> Result<()> {
    let plain = fs::read(file)?;
    let mut packed = Vec::new();
    zopfli::compress(Options::default(), Format::Gzip, &plain[..], &mut packed)?;
    if packed.len() < plain.len() {
        let name = format!("{}.gz", file.display());
        fs::write(name, packed)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_is_the_file_again_and_smaller_than_gzip_makes_it() {
        let folder = tempfile::tempdir().unwrap();
        let text: String = (0..4000).map(|n| format!("{} words, ", n * n % 97)).collect();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("page.css", &text);
        write("short.js", "1");
        write("picture.png", &text);
        pack(folder.path()).unwrap();

        let packed = fs::read(folder.path().join("page.css.gz")).unwrap();
        let mut unpacked = String::new();
        flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut unpacked).unwrap();
        assert_eq!(unpacked, text);
        let mut plain = Vec::new();
        let best = flate2::Compression::best();
        flate2::read::GzEncoder::new(text.as_bytes(), best).read_to_end(&mut plain).unwrap();
        assert!(packed.len() < plain.len(), "{} and {}", packed.len(), plain.len());
        for other in ["short.js.gz", "picture.png.gz"] {
            assert!(!folder.path().join(other).exists(), "{other}");
        }
    }
}
