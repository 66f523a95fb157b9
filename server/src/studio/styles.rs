//! Styles: settings of the Generate form that a person keeps under a name.

use app::api::{GenerateForm, Style};

use super::Darkroom;
use crate::{Error, Result};

/// Letters of a name at most.
const LONGEST_NAME: usize = 80;

impl Darkroom {
    /// Keeps how `form` draws, and what of prompts, seeds and pictures it has; errors name `style`.
    pub fn save_style(&self, name: &str, form: &GenerateForm) -> Result<()> {
        let name = name.trim();
        let length = name.chars().count();
        if !(1..=LONGEST_NAME).contains(&length) || name.contains(['\n', '\r']) {
            let message = format!("give a name of 1 to {LONGEST_NAME} letters on one line");
            return Err(Error::field("style", message));
        }
        form.settings()?;
        let settings = form.style().into_iter();
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
        self.store.save_style(&Style { name: name.into(), settings })
    }

    pub fn delete_style(&self, name: &str) -> Result<()> {
        match self.store.delete_style(name)? {
            true => Ok(()),
            false => Err(Error::NotFound(format!("there is no style called {name}"))),
        }
    }

    /// The words that the styles called `names` add to `prompt`, in the way of A1111: where a style
    /// has `{prompt}` the prompt goes there, else the style comes behind it. `key` is `prompt` or
    /// `negative_prompt`. A name that is not known adds nothing, as there.
    pub fn styled(&self, names: &[String], key: &str, prompt: &str) -> Result<String> {
        let styles = self.store.styles()?;
        let words = names.iter().filter_map(|name| {
            let style = styles.iter().find(|style| style.name.eq_ignore_ascii_case(name))?;
            style.settings.iter().find(|(known, _)| known == key).map(|(_, words)| words.as_str())
        });
        Ok(words.fold(prompt.trim().to_owned(), joined))
    }

    /// Those of `names` that are no styles.
    pub fn unknown_styles(&self, names: &[String]) -> Result<Vec<String>> {
        let styles = self.store.styles()?;
        let is_known =
            |name: &str| styles.iter().any(|style| style.name.eq_ignore_ascii_case(name));
        Ok(names.iter().filter(|name| !is_known(name)).cloned().collect())
    }
}

fn joined(prompt: String, style: &str) -> String {
    match style.trim() {
        "" => prompt,
        style if style.contains(Style::PLACE) => style.replace(Style::PLACE, &prompt),
        style if prompt.is_empty() => style.to_owned(),
        style => format!("{prompt}, {style}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_comes_behind_the_prompt_or_around_it() {
        for (prompt, style, whole) in [
            ("7", "", "7"),
            ("7", " 3 ", "7, 3"),
            ("", "3", "3"),
            ("7", "({prompt}:1.2), 1", "(7:1.2), 1"),
        ] {
            assert_eq!(joined(prompt.into(), style), whole);
        }
    }
}
