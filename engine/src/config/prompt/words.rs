//! Where a prompt comes apart: at commas and ANDs, but not at those within the name of a class.

use super::classes::class_of;

/// What stands between the names of a blend, and between wishes.
pub(super) const COMMA: &str = ",";
pub(super) const AND: &str = " AND ";

/// What a name may stand behind, besides the beginning.
const BEFORE: [&str; 6] = [AND, "..", COMMA, "\n", "(", "["];
/// What may stand behind a name, besides the end.
const BEHIND: [&str; 7] = ["AND ", "..", COMMA, "\n", ")", "]", ":"];

/// The names of classes that hold what stands between names, in lower case and with one space where
/// there may be several, longest first. Others are never taken apart.
pub(super) struct Joint(Vec<String>);

impl Joint {
    pub fn among(classes: &[String]) -> Self {
        let joint = |name: &&String| name.contains(COMMA) || name.contains(AND);
        let plain =
            |name: &String| name.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
        let mut names: Vec<String> = classes.iter().filter(joint).map(plain).collect();
        names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        Self(names)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The pieces of `text` that have one of `marks` between them, these names whole.
    pub fn pieces<'t>(&self, text: &'t str, marks: &[&str]) -> Vec<&'t str> {
        let mut pieces = Vec::new();
        let (mut begin, mut at, mut may_be_name) = (0, 0, true);
        while let Some(letter) = text[at..].chars().next() {
            let rest = &text[at..];
            let begins = |mark: &&&str| rest.starts_with(**mark);
            if may_be_name
                && letter != ' '
                && let Some(length) = self.length_at(rest)
            {
                (at, may_be_name) = (at + length, false);
            } else if let Some(mark) = marks.iter().find(begins) {
                pieces.push(&text[begin..at]);
                at += mark.len();
                (begin, may_be_name) = (at, true);
            } else if let Some(mark) = BEFORE.iter().find(begins) {
                (at, may_be_name) = (at + mark.len(), true);
            } else {
                at += letter.len_utf8();
                may_be_name &= letter == ' ';
            }
        }
        pieces.push(&text[begin..]);
        pieces
    }

    /// The words of `text`: its pieces without the spaces around, none of them empty.
    pub fn words<'t>(
        &self,
        text: &'t str,
        marks: &[&str],
    ) -> impl Iterator<Item = &'t str> + Clone + use<'t> {
        let pieces = self.pieces(text, marks).into_iter();
        pieces.map(str::trim).filter(|word| !word.is_empty())
    }

    /// The length of the name that `text` begins with.
    fn length_at(&self, text: &str) -> Option<usize> {
        let ends = |length: usize| {
            let behind = text[length..].trim_start_matches(' ');
            behind.is_empty() || BEHIND.iter().any(|mark| behind.starts_with(mark))
        };
        self.0.iter().find_map(|name| begin(text, name).filter(|length| ends(*length)))
    }
}

/// The length of what `text` begins with, if in lower case it is `name`, with as many spaces as there
/// are in the place of one.
fn begin(text: &str, name: &str) -> Option<usize> {
    let (mut left, mut last) = (name.chars(), None);
    for (at, letter) in text.char_indices() {
        if left.as_str().is_empty() {
            return Some(at);
        }
        if last.replace(letter) == Some(' ') && letter == ' ' {
            continue;
        }
        if !letter.to_lowercase().all(|lower| left.next() == Some(lower)) {
            return None;
        }
    }
    left.as_str().is_empty().then_some(text.len())
}

/// A class's name as it stands beside others that together may be the name of another class.
pub(super) fn set_apart(word: &str, classes: &[String]) -> String {
    match class_of(word, classes) {
        Some(_) => format!("({word}:1)"),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_classes_stay_whole() {
        let classes = ["a", "a, b", "a, b, c", "one AND two", "İzmir, x", "x"].map(str::to_owned);
        let joint = Joint::among(&classes);
        let cases: &[(&str, &[&str])] = &[
            ("a, b", &["a, b"]),
            ("A, B, x", &["A, B", "x"]),
            ("x, a, b, c", &["x", "a, b, c"]),
            ("a, b, d", &["a, b", "d"]),
            ("a, bc", &["a", "bc"]),
            ("xa, b", &["xa", "b"]),
            ("(a, b:1.3), one AND two", &["(a, b:1.3)", "one AND two"]),
            ("[a, b]..a, b", &["[a, b]..a, b"]),
            ("a,b,", &["a", "b"]),
            ("ä, é", &["ä", "é"]),
            ("i\u{307}zmir, x, x", &["i\u{307}zmir, x", "x"]),
        ];
        for (text, wanted) in cases {
            let found: Vec<&str> = joint.words(text, &[COMMA]).collect();
            assert_eq!(found, *wanted, "{text}");
        }
        assert_eq!(joint.pieces("a, b AND one AND two AND x", &[AND]).len(), 3);
    }
}
