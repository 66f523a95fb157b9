//! Which inputs something still names.

use std::collections::HashSet;

use super::Store;
use crate::Result;

/// All texts in which the name of an input may stand.
const TEXTS: &str = "SELECT request FROM jobs UNION ALL SELECT parameters FROM images
    UNION ALL SELECT content FROM drafts UNION ALL SELECT content FROM styles";

impl Store {
    /// Those of `names` that stand in no job, no picture, no draft and no style.
    pub fn inputs_without_a_row(&self, mut names: HashSet<String>) -> Result<HashSet<String>> {
        self.with(|db| {
            let mut texts = db.prepare(TEXTS)?;
            let mut rows = texts.query([])?;
            while let Some(row) = rows.next()? {
                let text = row.get_ref(0)?.as_str()?;
                for word in text.split(|c: char| !c.is_ascii_alphanumeric()) {
                    names.remove(word);
                }
            }
            Ok(())
        })?;
        Ok(names)
    }
}
