//! What is told of a data set.

use app::api::DatasetInfo;

use super::survey::StoredSurvey;
use crate::Result;
use crate::studio::store::DatasetRow;

/// The note of one that is not counted yet.
pub const BEING_READ: &str = "being read…";

/// Of one that was uploaded or named by path.
pub fn info(row: &DatasetRow) -> Result<DatasetInfo> {
    let source = if row.uploaded { "uploaded" } else { &row.path };
    let mut info = info_of(&row.name, false, source);
    info.skipped = serde_json::from_str(&row.skipped)?;
    info.note = row.fault.clone();
    match &row.survey {
        Some(survey) => Ok(with_survey(info, serde_json::from_str(survey)?)),
        None => {
            info.note.get_or_insert_with(|| BEING_READ.into());
            Ok(info)
        }
    }
}

/// Of one that holds nothing yet.
pub fn info_of(name: &str, built_in: bool, source: &str) -> DatasetInfo {
    DatasetInfo {
        name: name.into(),
        built_in,
        source: source.into(),
        count: 0,
        min_size: (0, 0),
        max_size: (0, 0),
        channels: 0,
        classes: Vec::new(),
        skipped: Vec::new(),
        note: None,
        editable: false,
        undo: None,
        revised: false,
        takes_images: false,
    }
}

/// With what was counted in it.
pub fn with_survey(mut info: DatasetInfo, survey: StoredSurvey) -> DatasetInfo {
    info.count = survey.count;
    (info.min_size, info.max_size) = (survey.min_size, survey.max_size);
    info.channels = survey.channels;
    info.classes = survey.classes;
    info.skipped.extend(survey.skipped);
    info
}
