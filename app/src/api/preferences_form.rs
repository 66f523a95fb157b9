//! The Settings form as a browser posts it: an empty checkbox is left out.

use engine::config::ConfigError;
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

impl From<&Preferences> for PreferencesForm {
    fn from(preferences: &Preferences) -> Self {
        Self {
            theme: preferences.theme.key().into(),
            crisp_pixels: preferences.crisp_pixels.to_string(),
            live_preview: preferences.live_preview.to_string(),
            preview: preferences.preview.key().into(),
            preview_every: preferences.preview_every.to_string(),
            negative_prompt: preferences.negative_prompt.clone(),
        }
    }
}

impl PreferencesForm {
    pub fn preferences(&self) -> Result<Preferences, ConfigError> {
        let theme = Theme::from_key(&self.theme).ok_or_else(|| {
            ConfigError::one(
                "theme",
                format!("`{}` will not do; give system, dark or light", self.theme),
            )
        })?;
        // A page from before there was a choice sends none.
        let preview = match self.preview.as_str() {
            "" => Preview::default(),
            key => Preview::from_key(key).ok_or_else(|| {
                ConfigError::one("preview", format!("`{key}` will not do; give x0 or x_t"))
            })?,
        };
        let preview_every =
            self.preview_every.trim().parse().ok().filter(|n| (1..=1000).contains(n));
        let preview_every = preview_every.ok_or_else(|| {
            ConfigError::one(
                "preview_every",
                format!("`{}` will not do; give a whole number from 1 to 1000", self.preview_every),
            )
        })?;
        Ok(Preferences {
            theme,
            crisp_pixels: self.crisp_pixels == "true",
            live_preview: self.live_preview == "true",
            preview,
            preview_every,
            negative_prompt: self.negative_prompt.trim().to_owned(),
        })
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
}
