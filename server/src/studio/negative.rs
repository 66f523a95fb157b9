//! Words to steer away from.

use engine::config::Negative;

/// What is typed, and what Settings has for all models. Words that stand in both count once: those of
/// a picture that is drawn again were joined before.
pub fn joined(typed: &str, always: &str) -> String {
    let typed = Negative::words(typed);
    let always = Negative::words(always).filter(|word| !typed.clone().any(|known| known == *word));
    typed.clone().chain(always).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::joined;

    #[test]
    fn words_of_settings_come_behind_what_is_typed_once() {
        for (typed, always, wanted) in [
            ("", "", ""),
            ("1, 2", "", "1, 2"),
            (" ", "1", "1"),
            ("2", "1,\n(3:1.2)", "2, 1, (3:1.2)"),
            ("2, 1, (3:1.2)", "1, (3:1.2)", "2, 1, (3:1.2)"),
            ("1, 1", "1", "1, 1"),
        ] {
            assert_eq!(joined(typed, always), wanted);
        }
    }
}
