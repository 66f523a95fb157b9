//! What a data set holds, as the database keeps it.

use app::api::{ClassInfo, SkippedFile};
use engine::data::{Skipped, Stamp, Survey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Skipped files that are listed by name; a broken data set may have a hundred thousand.
const SKIPPED_SHOWN: usize = 200;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoredSurvey {
    pub count: u64,
    pub min_size: (u32, u32),
    pub max_size: (u32, u32),
    pub channels: u32,
    pub classes: Vec<ClassInfo>,
    pub skipped: Vec<SkippedFile>,
    /// What [`listing`] said when it was read.
    #[serde(default)]
    pub listing: String,
    /// Whether the images stand in arrays rather than in a file each.
    #[serde(default)]
    pub arrays: bool,
}

/// Changes when files come, go, are replaced or change their class, which is in their names.
pub fn listing(stamps: &[Stamp]) -> String {
    let mut hash = Sha256::new();
    for Stamp { name, bytes, modified } in stamps {
        hash.update(name);
        hash.update([0]);
        hash.update(bytes.to_le_bytes());
        hash.update(modified.to_le_bytes());
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

impl From<Survey> for StoredSurvey {
    fn from(survey: Survey) -> Self {
        Self {
            count: survey.count,
            // Nothing has no smallest size.
            min_size: if survey.count == 0 { (0, 0) } else { survey.min_size },
            max_size: survey.max_size,
            channels: survey.channels,
            classes: survey
                .classes
                .into_iter()
                .map(|(name, count)| ClassInfo { name, count })
                .collect(),
            skipped: skipped_files(survey.skipped),
            listing: String::new(),
            arrays: false,
        }
    }
}

pub fn skipped_files(skipped: Vec<Skipped>) -> Vec<SkippedFile> {
    let rest = skipped.len().saturating_sub(SKIPPED_SHOWN);
    let mut files: Vec<SkippedFile> = skipped
        .into_iter()
        .take(SKIPPED_SHOWN)
        .map(|file| SkippedFile { name: file.name, reason: file.reason })
        .collect();
    if rest > 0 {
        files.push(SkippedFile {
            name: format!("{rest} more"),
            reason: "left out of this list".into(),
        });
    }
    files
}
