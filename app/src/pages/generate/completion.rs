//! Completing a class's name in a prompt.

/// What a word may stand behind.
const MARKS: [&str; 7] = [",", "(", "[", "|", "\n", "..", " AND "];

/// Where the word that is being typed at the end of `prompt` begins.
fn beginning(prompt: &str) -> usize {
    let behind = |mark: &&str| prompt.rfind(mark).map(|at| at + mark.len());
    let begin = MARKS.iter().filter_map(behind).max().unwrap_or(0);
    prompt.len() - prompt[begin..].trim_start().len()
}

/// The classes that the last word of `prompt` may become: those that begin with it, then those that
/// hold it. None if there is no word, or if it is a class as it stands.
pub fn completions(prompt: &str, classes: &[String]) -> Vec<String> {
    let word = prompt[beginning(prompt)..].trim_end();
    if word.is_empty() || classes.iter().any(|name| ends_with(prompt.trim_end(), name)) {
        return Vec::new();
    }
    let word = lower(word);
    let (mut begin, mut hold) = (Vec::new(), Vec::new());
    for name in classes {
        match lower(name).find(&word) {
            Some(0) => begin.push(name.clone()),
            Some(_) => hold.push(name.clone()),
            None => {}
        }
    }
    begin.append(&mut hold);
    begin
}

/// Whether the last words of `prompt` are the class `name`, in which may be marks.
fn ends_with(prompt: &str, name: &str) -> bool {
    let before = prompt.strip_suffix(name);
    before.is_some_and(|before| beginning(before) == before.len())
}

/// The browser has Unicode's tables already.
#[cfg(feature = "hydrate")]
fn lower(text: &str) -> String {
    js_sys::JsString::from(text).to_lower_case().into()
}

#[cfg(not(feature = "hydrate"))]
fn lower(text: &str) -> String {
    text.to_lowercase()
}

/// `prompt` with the class `name` chosen: in the place of its last word if that is to be completed,
/// behind it if it waits for one more, else instead of it.
pub fn with_class(prompt: &str, name: &str, completes: bool) -> String {
    let begin = beginning(prompt);
    let stays = match completes {
        true => &prompt[..begin],
        false if begin == prompt.len() => without_all(prompt),
        false => "",
    };
    format!("{stays}{name}")
}

/// `prompt`, which waits for a class, without a `..` at its end that means all of them: one that begins
/// with no class.
fn without_all(prompt: &str) -> &str {
    let before = prompt.trim_end().strip_suffix("..");
    before.filter(|before| beginning(before) == before.len()).unwrap_or(prompt)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes() -> Vec<String> {
        ["cat", "wildcat", "catfish", "Ähre", "dog"].map(str::to_owned).to_vec()
    }

    #[test]
    fn the_last_word_is_completed() {
        let all = classes();
        for prompt in
            ["ca", "dog, ca", "(ca", "[ca", "dog|ca", "dog AND ca", "dog..ca", "dog\nca", "Ca "]
        {
            assert_eq!(completions(prompt, &all), ["cat", "catfish", "wildcat"], "{prompt:?}");
        }
        assert_eq!(completions("äh", &all), ["Ähre"]);
    }

    #[test]
    fn what_is_whole_or_unknown_is_not_completed() {
        let all = classes();
        for prompt in ["", "cat", "dog, ", "dog, cat", "(cat:1.3)", "bird", "cat bird"] {
            assert!(completions(prompt, &all).is_empty(), "{prompt:?}");
        }
    }

    #[test]
    fn a_class_completes_follows_or_replaces() {
        assert_eq!(with_class("dog AND ca", "cat", true), "dog AND cat");
        assert_eq!(with_class("Ähre, (do", "dog", true), "Ähre, (dog");
        assert_eq!(with_class("dog, ", "cat", false), "dog, cat");
        assert_eq!(with_class("cat..", "dog", false), "cat..dog");
        assert_eq!(with_class("", "dog", false), "dog");
        assert_eq!(with_class("dog, cat", "Ähre", false), "Ähre");
    }

    #[test]
    fn a_class_with_a_mark_in_its_name_is_no_word_to_complete() {
        let all = ["a, b", "bread", "one AND two"].map(str::to_owned);
        for prompt in ["a, b", "bread, a, b ", "one AND two", "(a, b"] {
            assert!(completions(prompt, &all).is_empty(), "{prompt:?}");
        }
        assert_eq!(completions("bread, b", &all), ["bread", "a, b"]);
    }

    #[test]
    fn a_class_takes_the_place_of_all() {
        assert_eq!(with_class("..", "dog", false), "dog");
        assert_eq!(with_class(" .. ", "dog", false), " dog");
        assert_eq!(with_class("cat, ..", "dog", false), "cat, dog");
        assert_eq!(with_class("..do", "dog", true), "..dog", "typed as a range");
    }
}
