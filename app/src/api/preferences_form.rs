//! The Settings form as a browser posts it: an empty checkbox is left out.

use engine::config::{ConfigError, unknown_name};
use serde::{Deserialize, Serialize};

use super::{Preferences, Preview, Theme};

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PreferencesForm {
    pub theme: String,
    pub crisp_pixels: String,
    pub live_preview: String,
    pub preview: String,
    pub preview_every: String,
    pub keep_half_done: String,
    pub negative_prompt: String,
}

impl Theme {
    pub const ALL: [Theme; 3] = [Theme::System, Theme::Dark, Theme::Light];

    pub fn title(self) -> &'static str {
        match self {
            Theme::System => "System",
            Theme::Dark => "Dark",
            Theme::Light => "Light",
        }
    }

    /// The value of `data-theme`, which the style sheet reads.
    pub fn key(self) -> &'static str {
        match self {
            Theme::System => "system",
            Theme::Dark => "dark",
            Theme::Light => "light",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.key() == key)
    }
}

impl Preview {
    pub const ALL: [Preview; 2] = [Preview::X0, Preview::Xt];

    pub fn title(self) -> &'static str {
        match self {
            Preview::X0 => "The picture it foresees (x0)",
            Preview::Xt => "The noisy picture itself (x_t)",
        }
    }

    pub fn key(self) -> &'static str {
        match self {
            Preview::X0 => "x0",
            Preview::Xt => "x_t",
        }
    }

    fn from_key(key: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preview| preview.key() == key)
    }
}

#[cfg(test)]
impl From<&Preferences> for PreferencesForm {
    fn from(preferences: &Preferences) -> Self {
        Self {
            theme: preferences.theme.key().into(),
            crisp_pixels: preferences.crisp_pixels.to_string(),
            live_preview: preferences.live_preview.to_string(),
            preview: preferences.preview.key().into(),
            preview_every: preferences.preview_every.to_string(),
            keep_half_done: preferences.keep_half_done.to_string(),
            negative_prompt: preferences.negative_prompt.clone(),
        }
    }
}

impl Preferences {
    /// Every key that [`Preferences::set`] takes.
    pub const KEYS: [&str; 7] = [
        "theme",
        "crisp_pixels",
        "live_preview",
        "preview",
        "preview_every",
        "keep_half_done",
        "negative_prompt",
    ];

    /// Reads `text` into the preference called `key`. A text that will not do changes nothing.
    pub fn set(&mut self, key: &str, text: &str) -> Result<(), ConfigError> {
        let fault =
            |wanted: &str| ConfigError::one(key, format!("`{text}` will not do; give {wanted}"));
        match key {
            "theme" => {
                let theme = Theme::from_key(text);
                self.theme = theme.ok_or_else(|| fault("system, dark or light"))?;
            }
            "crisp_pixels" => self.crisp_pixels = text == "true",
            "live_preview" => self.live_preview = text == "true",
            "preview" => {
                self.preview = Preview::from_key(text).ok_or_else(|| fault("x0 or x_t"))?;
            }
            "preview_every" => {
                let every = text.trim().parse().ok().filter(|n| (1..=1000).contains(n));
                self.preview_every = every.ok_or_else(|| fault("a whole number from 1 to 1000"))?;
            }
            "keep_half_done" => self.keep_half_done = text == "true",
            "negative_prompt" => self.negative_prompt = text.trim().to_owned(),
            _ => return Err(unknown_name("key", key, Self::KEYS)),
        }
        Ok(())
    }
}

impl PreferencesForm {
    pub fn preferences(&self) -> Result<Preferences, ConfigError> {
        let mut preferences = Preferences::default();
        let texts = [
            &self.theme,
            &self.crisp_pixels,
            &self.live_preview,
            &self.preview,
            &self.preview_every,
            &self.keep_half_done,
            &self.negative_prompt,
        ];
        for (key, text) in Preferences::KEYS.into_iter().zip(texts) {
            // A page from before there was a choice of previews sends none.
            if key != "preview" || !text.is_empty() {
                preferences.set(key, text)?;
            }
        }
        Ok(preferences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_survive_the_form() {
        for theme in Theme::ALL {
            let preferences = Preferences {
                theme,
                crisp_pixels: false,
                preview: Preview::Xt,
                preview_every: 7,
                ..Default::default()
            };
            assert_eq!(PreferencesForm::from(&preferences).preferences().unwrap(), preferences);
        }
    }

    #[test]
    fn faults_name_their_field() {
        let good = PreferencesForm::from(&Preferences::default());
        let bad = PreferencesForm { preview_every: "0".into(), ..good.clone() };
        assert!(bad.preferences().unwrap_err().for_field("preview_every").is_some());
        let bad = PreferencesForm { theme: "pink".into(), ..good };
        assert!(bad.preferences().unwrap_err().for_field("theme").is_some());
    }

    #[test]
    fn a_text_that_will_not_do_changes_nothing() {
        let before = Preferences { preview_every: 7, ..Default::default() };
        let mut preferences = before.clone();
        for (key, text) in [("theme", "pink"), ("preview", ""), ("preview_every", "0")] {
            assert!(preferences.set(key, text).unwrap_err().for_field(key).is_some());
        }
        assert!(preferences.set("thema", "dark").unwrap_err().to_string().contains("theme"));
        assert_eq!(preferences, before);
    }
}
