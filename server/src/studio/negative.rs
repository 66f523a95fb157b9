//! Words to steer away from.

use engine::config::Negative;

/// What is typed, and what Settings has for all models, for one with these `classes`. Words that stand
/// in both count once: those of a picture that is drawn again were joined before.
pub fn joined(typed: &str, always: &str, classes: &[String]) -> String {
    let typed = Negative::words(typed, classes);
    let known = typed.clone();
    let always = Negative::words(always, classes)
        .filter(move |word| !known.clone().any(|known| known == *word));
    Negative::joined(typed.chain(always), classes)
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
            assert_eq!(joined(typed, always, &[]), wanted);
        }
    }

    #[test]
    fn names_with_commas_are_one_word() {
        let classes = ["a", "b", "a, b"].map(str::to_owned);
        assert_eq!(joined("a, b", "b", &classes), "a, b, b");
        assert_eq!(joined("a", "b", &classes), "a\nb");
    }
}
