//! Models under the names that A1111's clients use: `name.safetensors [first ten digits of its hash]`.

use app::api::ModelInfo;
use engine::config::unknown_name;
use serde_json::{Value, json};

use crate::Result;
use crate::studio::Darkroom;
use crate::studio::library::{ModelFile, Models};

const EXTENSION: &str = ".safetensors";

/// Digits of a hash within a title.
const SHORT: usize = 10;

/// A model as this API calls it.
#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub title: String,
    pub name: String,
    pub sha256: String,
}

impl Named {
    pub fn of(models: &Models, name: &str) -> Result<Self> {
        let sha256 = models.sha256(name)?;
        let title = format!("{name}{EXTENSION} [{}]", &sha256[..SHORT]);
        Ok(Self { title, name: name.into(), sha256 })
    }

    pub fn short_hash(&self) -> &str {
        &self.sha256[..SHORT]
    }

    /// One entry of `GET /sdapi/v1/sd-models`.
    pub fn entry(&self, models: &Models) -> Result<Value> {
        let filename = match models.find(&self.name)? {
            ModelFile::Checkpoint { path, .. } => path.display().to_string(),
            _ => format!("{}{EXTENSION}", self.name),
        };
        Ok(json!({
            "title": self.title,
            "model_name": self.name,
            "hash": self.short_hash(),
            "sha256": self.sha256,
            "filename": filename,
            "config": null,
        }))
    }
}

/// All models in this API's words; one that cannot be read right now is left out.
pub fn all(darkroom: &Darkroom) -> Vec<Named> {
    let drawing = darkroom.models.list().into_iter().filter(|info| !info.is_autoencoder);
    let names = drawing.map(|info| info.name);
    names.filter_map(|name| Named::of(&darkroom.models, &name).ok()).collect()
}

/// The model that `asked` means: a title, a name, a file name or a hash. A run learns on, so a title
/// with the hash of an older checkpoint still means the run.
pub fn meant(darkroom: &Darkroom, asked: &str) -> Result<ModelInfo> {
    let asked = asked.trim();
    let name = without_hash(asked);
    let name = name.strip_suffix(EXTENSION).unwrap_or(name);
    let known = darkroom.models.list();
    let exact = known.iter().find(|info| info.name == name);
    let like = || known.iter().find(|info| info.name.eq_ignore_ascii_case(name));
    let hashed = || known.iter().find(|info| has_hash(darkroom, info, asked));
    // A checkpoint of a run, `leaves@1200`, is on no list.
    let checkpoint = || darkroom.models.info(name).ok();
    let found = exact.or_else(like).or_else(hashed).cloned().or_else(checkpoint);
    found.ok_or_else(|| {
        unknown_name("model", asked, known.iter().map(|info| info.name.as_str())).into()
    })
}

/// `name.safetensors [0123456789]` without the part in brackets.
fn without_hash(title: &str) -> &str {
    match title.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
        Some((name, _)) => name.trim_end(),
        None => title,
    }
}

fn has_hash(darkroom: &Darkroom, info: &ModelInfo, digits: &str) -> bool {
    let digits = digits.to_ascii_lowercase();
    let is_hash = digits.len() >= SHORT && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash && darkroom.models.sha256(&info.name).is_ok_and(|sha256| sha256.starts_with(&digits))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_loses_its_hash() {
        for (title, name) in [
            ("digits.safetensors [0123456789]", "digits.safetensors"),
            ("digits", "digits"),
            ("[x]", ""),
            ("odd] [name", "odd] [name"),
            ("]", "]"),
        ] {
            assert_eq!(without_hash(title), name);
        }
    }
}
