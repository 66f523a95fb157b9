//! The keys of a configuration that this program does not know.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Error, Result};

/// Keys with their values, as they were read. They are written out again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rest(BTreeMap<String, Value>);

impl Rest {
    /// Without what diffusers notes for itself, such as its version.
    pub fn without_notes(mut self) -> Self {
        self.0.retain(|key, _| !key.starts_with('_'));
        self
    }

    /// The keys that ask for something; null and false leave it out.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        let asks = |(key, value): &(&String, &Value)| {
            !key.starts_with('_') && !matches!(value, Value::Null | Value::Bool(false))
        };
        self.0.iter().filter(asks).map(|(key, _)| key.as_str())
    }

    /// An error that names the first key that asks for something.
    pub fn check(&self) -> Result<()> {
        let Some(key) = self.keys().next() else { return Ok(()) };
        let value = &self.0[key];
        Err(Error::Checkpoint(format!(
            "`{key}` is {value}, which this program does not know; without it the file would do"
        )))
    }
}
