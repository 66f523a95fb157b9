//! Looking through all pictures that were ever drawn.

use app::api::ImageId;
use rusqlite::types::Value;
use rusqlite::{ToSql, params_from_iter};

use super::{ImageRow, Store};
use crate::Result;

/// What pictures are looked for; what is empty or none finds all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageFilter {
    /// Each stands somewhere in the settings, in any letter case; a number by itself.
    pub words: Vec<String>,
    pub model: String,
    pub seed: Option<i64>,
    /// Milliseconds since 1970: from, and before.
    pub from: Option<i64>,
    pub before: Option<i64>,
    pub starred: bool,
}

impl ImageFilter {
    /// The conditions and the values for their question marks.
    fn clause(&self) -> (String, Vec<Value>) {
        let mut conditions = vec!["deleted IS NULL".to_owned()];
        let mut values = Vec::new();
        let mut add = |condition: &str, value: Value| {
            conditions.push(condition.to_owned());
            values.push(value);
        };
        for word in &self.words {
            match is_number(word) {
                // In a hash there is every digit.
                true => add("(' ' || parameters || ' ') GLOB ?", alone(word).into()),
                false => add(r"parameters LIKE ? ESCAPE '\'", pattern(word).into()),
            }
        }
        if !self.model.is_empty() {
            add("model = ?", self.model.clone().into());
        }
        for (condition, value) in
            [("seed = ?", self.seed), ("created >= ?", self.from), ("created < ?", self.before)]
        {
            if let Some(value) = value {
                add(condition, value.into());
            }
        }
        if self.starred {
            conditions.push("starred".into());
        }
        (conditions.join(" AND "), values)
    }
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number `word`, and not within another or within a word.
fn alone(word: &str) -> String {
    format!("*[^0-9A-Za-z.]{word}[^0-9A-Za-z.]*")
}

/// `word` anywhere, its own signs taken as they are.
fn pattern(word: &str) -> String {
    let escaped = word.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}

impl Store {
    /// How many pictures fit, and the newest of them from `offset` on.
    pub fn find_images(
        &self,
        filter: &ImageFilter,
        offset: u64,
        limit: u64,
    ) -> Result<(u64, Vec<ImageRow>)> {
        let (clause, mut values) = filter.clause();
        let total = self.with(|db| {
            db.prepare_cached(&format!("SELECT count(*) FROM images WHERE {clause}"))?
                .query_row(params_from_iter(&values), |row| row.get(0))
        })?;
        values.extend([limit, offset].map(|number| Value::from(number as i64)));
        let tail = format!("WHERE {clause} ORDER BY id DESC LIMIT ? OFFSET ?");
        Ok((total, self.select_images(&tail, params_from_iter(values.iter().map(dynamic)))?))
    }

    /// Those of `ids` that are there, in the order they were drawn.
    pub fn images_by_id(&self, ids: &[ImageId]) -> Result<Vec<ImageRow>> {
        let marks = vec!["?"; ids.len()].join(", ");
        let tail = format!("WHERE id IN ({marks}) AND deleted IS NULL ORDER BY id");
        self.select_images(&tail, params_from_iter(ids))
    }

    /// Every model that has a picture, by name.
    pub fn drawing_models(&self) -> Result<Vec<String>> {
        self.with(|db| {
            db.prepare_cached(
                "SELECT DISTINCT model FROM images WHERE deleted IS NULL AND model <> '' ORDER BY model",
            )?
            .query_map([], |row| row.get(0))?
            .collect()
        })
    }
}

fn dynamic(value: &Value) -> &dyn ToSql {
    value
}
