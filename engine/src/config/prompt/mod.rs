//! What a person asks for in words: class names, as A1111's prompt box takes words.
//!
//! `seven` names a class; `(seven:1.3)` weighs it, `(seven)` by 1.1, `[seven]` by 1/1.1; names with
//! commas between them are blended; ` AND ` composes two wishes (Liu et al. 2022, arXiv 2206.01714),
//! each with a weight behind it if need be, as in `seven AND one :0.5`. `0..9` stands for each of the
//! classes from the one to the other in turn, `..` for all: one prompt becomes many. A class whose name
//! holds a comma or an AND goes by it like any other.

mod classes;
mod words;

use std::fmt;

use super::ConfigError;
use classes::{class_of, no_class, range};
use words::{AND, COMMA, Joint, set_apart};

/// A blend of classes: each with its weight, by its place among the names. Empty for no class.
pub type Mix = Vec<(usize, f32)>;

/// A wish and how much it counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    pub mix: Mix,
    pub weight: f64,
}

/// What one picture is to show; no parts for nothing in particular.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    pub parts: Vec<Part>,
    /// As it can be typed again.
    text: String,
}

/// The most prompts that one text may stand for.
const MOST: usize = 65_536;
/// The most brackets one within the other.
const MOST_BRACKETS: usize = 20;
/// The most wishes with AND between them.
const MOST_PARTS: usize = 100;
/// What a bracket multiplies or divides by.
const EMPHASIS: f32 = 1.1;

impl Prompt {
    /// The prompts that `text` stands for, at least one. `classes` are the names the model knows.
    pub fn parse(text: &str, classes: &[String]) -> Result<Vec<Self>, ConfigError> {
        // Lines are no more than spaces. Those within a name may be several.
        let text = text.trim().replace(char::is_whitespace, " ");
        if text.is_empty() {
            return Ok(vec![Self::default()]);
        }
        if classes.is_empty() {
            let message = "this model draws without classes; leave the prompt empty";
            return Err(ConfigError::one("prompt", message));
        }
        let joint = Joint::among(classes);
        let parts = joint.pieces(&text, &[AND]);
        if parts.len() > MOST_PARTS {
            let message = format!("more than {MOST_PARTS} wishes joined by AND; give fewer");
            return Err(ConfigError::one("prompt", message));
        }
        let mut prompts = vec![Vec::<Wish>::new()];
        for part in parts {
            let choices = wishes(part, &joint, classes)?;
            if prompts.len() * choices.len() > MOST {
                return Err(too_many());
            }
            prompts = prompts
                .iter()
                .flat_map(|prompt| {
                    choices
                        .iter()
                        .map(|wish| [prompt.as_slice(), std::slice::from_ref(wish)].concat())
                })
                .collect();
        }
        Ok(prompts.iter().map(|wishes| Self::of_wishes(wishes, &joint, classes)).collect())
    }

    fn of_wishes(wishes: &[Wish], joint: &Joint, classes: &[String]) -> Self {
        let written = |spell: &dyn Fn(&String) -> String| {
            wishes.iter().map(|wish| wish.text(spell)).collect::<Vec<_>>().join(AND)
        };
        let plain = written(&String::clone);
        let words = wishes.iter().flat_map(|wish| &wish.words);
        // Side by side they may be the name of another class.
        let text = match joint.is_empty() || words_of(&plain, joint, classes).eq(words) {
            true => plain,
            false => written(&|word| set_apart(word, classes)),
        };
        Self { parts: wishes.iter().map(Wish::part).collect(), text }
    }

    /// The class at `place`, by its place.
    pub fn of_class(place: usize) -> Self {
        let part = Part { mix: vec![(place, 1.0)], weight: 1.0 };
        Self { parts: vec![part], text: place.to_string() }
    }

    /// One wish, for what all pictures have in common.
    pub fn of_nothing_in_particular() -> Self {
        Self { parts: vec![Part { mix: Mix::new(), weight: 1.0 }], text: String::new() }
    }

    /// Whether it is one wish that counts in full: one question to the network answers it.
    pub fn is_plain(&self) -> bool {
        matches!(self.parts.as_slice(), [part] if part.weight == 1.0)
    }

    /// Which of `prompts` picture `index` of `count` shows: all of them, as evenly as it goes, or the
    /// first where there are fewer pictures. Each has its pictures in a row.
    pub fn of_picture(prompts: usize, index: usize, count: usize) -> usize {
        index * prompts.min(count) / count
    }
}

impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// What pictures are to stay away from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Negative {
    pub mix: Mix,
    /// The words that name classes of the model.
    pub used: Vec<String>,
    /// The others. A negative prompt is often kept for many models, so they are no fault.
    pub unused: Vec<String>,
}

impl Negative {
    /// The words of `text`, which has commas or lines between them. `classes` are the names the model
    /// knows.
    pub fn words<'a>(
        text: &'a str,
        classes: &[String],
    ) -> impl Iterator<Item = &'a str> + Clone + use<'a> {
        Joint::among(classes).words(text, &[COMMA, "\n"])
    }

    /// Reads words with commas between them. `classes` are the names the model knows.
    pub fn parse(text: &str, classes: &[String]) -> Self {
        let (mut items, mut found) = (Vec::new(), Self::default());
        for word in Self::words(text, classes) {
            match weighted(word, classes) {
                Ok(Item::One(item)) => items.push(item),
                Ok(Item::Range(range)) => items.extend(range.map(|class| (class, 1.0))),
                Err(_) => {
                    found.unused.push(word.to_owned());
                    continue;
                }
            }
            found.used.push(word.to_owned());
        }
        Self { mix: blend(items), ..found }
    }

    /// The words that name classes, as they can be typed again.
    pub fn text(&self, classes: &[String]) -> String {
        let words = self.used.iter().map(String::as_str);
        Self::beside(words.clone(), classes).unwrap_or_else(|| {
            words.map(|word| set_apart(word, classes)).collect::<Vec<_>>().join(", ")
        })
    }

    /// One text of `words`, which need not name classes.
    pub fn joined<'a>(words: impl Iterator<Item = &'a str> + Clone, classes: &[String]) -> String {
        let beside = Self::beside(words.clone(), classes);
        beside.unwrap_or_else(|| words.collect::<Vec<_>>().join("\n"))
    }

    /// `words` with commas between them, unless side by side they are the name of another class.
    fn beside<'a>(
        words: impl Iterator<Item = &'a str> + Clone,
        classes: &[String],
    ) -> Option<String> {
        let plain = words.clone().collect::<Vec<_>>().join(", ");
        Self::words(&plain, classes).eq(words).then_some(plain)
    }
}

/// One name in a prompt: a class with its weight, or a range of classes.
enum Item {
    One((usize, f32)),
    Range(std::ops::RangeInclusive<usize>),
}

/// The words of all wishes in `text`.
fn words_of<'a>(text: &'a str, joint: &Joint, classes: &[String]) -> impl Iterator<Item = &'a str> {
    let wishes = joint.pieces(text, &[AND]).into_iter();
    wishes.flat_map(|wish| joint.words(trailing_weight(wish, classes).0, &[COMMA]))
}

/// The wishes that `text`, which has no AND between names, stands for.
fn wishes(text: &str, joint: &Joint, classes: &[String]) -> Result<Vec<Wish>, ConfigError> {
    let (text, weight) = trailing_weight(text, classes);
    let mut wishes = vec![Wish { items: Vec::new(), words: Vec::new(), weight }];
    for word in joint.words(text, &[COMMA]) {
        let choices = match weighted(word, classes)? {
            Item::One(item) => vec![(item, word.to_owned())],
            Item::Range(range) => {
                range.map(|class| ((class, 1.0), classes[class].clone())).collect()
            }
        };
        if wishes.len() * choices.len() > MOST {
            return Err(too_many());
        }
        wishes = wishes
            .iter()
            .flat_map(|wish| choices.iter().map(|(item, word)| wish.with(*item, word)))
            .collect();
    }
    Ok(wishes)
}

/// Classes side by side, the words for them, and how much they count together.
#[derive(Clone)]
struct Wish {
    items: Vec<(usize, f32)>,
    words: Vec<String>,
    weight: f64,
}

impl Wish {
    fn with(&self, item: (usize, f32), word: &str) -> Self {
        let mut with = self.clone();
        with.items.push(item);
        with.words.push(word.to_owned());
        with
    }

    fn part(&self) -> Part {
        Part { mix: blend(self.items.clone()), weight: self.weight }
    }

    fn text(&self, spell: &dyn Fn(&String) -> String) -> String {
        let words = self.words.iter().map(spell).collect::<Vec<_>>().join(", ");
        match self.weight {
            1.0 => words,
            weight => format!("{words} :{weight}"),
        }
    }
}

fn too_many() -> ConfigError {
    let message = format!("stands for more than {MOST} prompts; name fewer classes");
    ConfigError::one("prompt", message)
}

/// Names side by side share the place of one.
fn blend(items: Vec<(usize, f32)>) -> Mix {
    let count = items.len() as f32;
    items.into_iter().map(|(class, weight)| (class, weight / count)).collect()
}

/// `seven :0.5`, or `seven:0.5` unless that is a class, is `seven` with the weight 0.5.
fn trailing_weight<'t>(text: &'t str, classes: &[String]) -> (&'t str, f64) {
    let weighted = |(text, weight): (&'t str, &'t str)| {
        let weight = weight.trim().parse().ok().filter(|weight: &f64| weight.is_finite())?;
        Some((text, weight))
    };
    let is_name = |word: &str| class_of(word.trim(), classes).is_some();
    let beside = || {
        let last = text.rsplit(COMMA).next().unwrap_or(text);
        text.rsplit_once(':').filter(|_| !is_name(text) && !is_name(last))
    };
    let spaced = text.rsplit_once(" :").and_then(weighted);
    spaced.or_else(|| beside().and_then(weighted)).unwrap_or((text, 1.0))
}

/// A name, its brackets read. A name that stands among the classes as it is needs no reading.
fn weighted(word: &str, classes: &[String]) -> Result<Item, ConfigError> {
    let (mut name, mut weight) = (word, 1.0);
    for depth in 0..=MOST_BRACKETS {
        if let Some(class) = class_of(name, classes) {
            return finite(word, class, weight);
        }
        if let Some((inner, factor)) = unbracketed(name) {
            (name, weight) = (inner, weight * factor);
            continue;
        }
        let Some(range) = range(name, classes)? else {
            return Err(no_class(name, classes));
        };
        if depth == 0 {
            return Ok(Item::Range(range));
        }
        let message = format!("`{name}` stands for many pictures and cannot be weighed");
        return Err(ConfigError::one("prompt", message));
    }
    let message = format!("more than {MOST_BRACKETS} brackets, one within the other; give fewer");
    Err(ConfigError::one("prompt", message))
}

/// What a bracket holds, and what it multiplies the weight by.
fn unbracketed(word: &str) -> Option<(&str, f32)> {
    let inside = |open, close| word.strip_prefix(open)?.strip_suffix(close).map(str::trim);
    if let Some(inner) = inside('(', ')') {
        let weighed = inner.rsplit_once(':').and_then(|(name, weight)| {
            let weight = weight.trim().parse().ok().filter(|weight: &f32| weight.is_finite())?;
            Some((name.trim(), weight))
        });
        return Some(weighed.unwrap_or((inner, EMPHASIS)));
    }
    inside('[', ']').map(|inner| (inner, 1.0 / EMPHASIS))
}

fn finite(word: &str, class: usize, weight: f32) -> Result<Item, ConfigError> {
    match weight.is_finite() {
        true => Ok(Item::One((class, weight))),
        false => {
            let message = format!("the weights of `{word}` are too large together");
            Err(ConfigError::one("prompt", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits() -> Vec<String> {
        ["zero", "one", "two", "three", "deep sea (night)"].map(str::to_owned).to_vec()
    }

    fn one(text: &str) -> Prompt {
        let mut prompts = Prompt::parse(text, &digits()).unwrap();
        assert_eq!(prompts.len(), 1, "{text}");
        prompts.remove(0)
    }

    fn mix(text: &str) -> Mix {
        let prompt = one(text);
        assert_eq!((prompt.parts.len(), prompt.parts[0].weight), (1, 1.0), "{text}");
        prompt.parts[0].mix.clone()
    }

    #[test]
    fn names_are_weighed_and_blended() {
        let cases: &[(&str, &[(usize, f32)])] = &[
            ("two", &[(2, 1.0)]),
            (" TWO , ", &[(2, 1.0)]),
            ("(two)", &[(2, 1.1)]),
            ("[two]", &[(2, 1.0 / 1.1)]),
            ("(two:1.3)", &[(2, 1.3)]),
            ("one, two", &[(1, 0.5), (2, 0.5)]),
            ("one, (two: 3)", &[(1, 0.5), (2, 1.5)]),
            ("deep sea (night)", &[(4, 1.0)]),
            ("(deep sea (night):0.5)", &[(4, 0.5)]),
        ];
        for (text, wanted) in cases {
            assert_eq!(mix(text), *wanted, "{text}");
        }
    }

    #[test]
    fn what_goes_beyond_all_measure_is_refused() {
        let nested = |depth: usize| format!("{}one{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(mix(&nested(2)), [(1, 1.1 * 1.1)]);
        for (text, reason) in [
            (nested(21), "20 brackets"),
            (nested(40_000), "20 brackets"),
            ("((one:1e30):1e30)".into(), "too large"),
            (vec!["one"; 101].join(" AND "), "100 wishes"),
        ] {
            let error = Prompt::parse(&text, &digits()).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn and_composes_with_weights() {
        let parts = one("one AND two :0.5 AND three :-1").parts;
        assert_eq!(parts, one("one AND two:0.5 AND three:-1").parts);
        let found: Vec<_> = parts.iter().map(|part| (part.mix[0].0, part.weight)).collect();
        assert_eq!(found, [(1, 1.0), (2, 0.5), (3, -1.0)]);
    }

    #[test]
    fn a_range_stands_for_each_class_in_turn() {
        let texts = |text: &str| {
            let prompts = Prompt::parse(text, &digits()).unwrap();
            prompts.iter().map(Prompt::to_string).collect::<Vec<_>>()
        };
        assert_eq!(texts("one..three"), ["one", "two", "three"]);
        assert_eq!(texts("..").len(), 5);
        assert_eq!(texts("zero..one, two"), ["zero, two", "one, two"]);
        assert_eq!(texts("zero..one AND one..two :0.5").len(), 4);
        assert_eq!(texts("zero..one AND two :0.5")[1], "one AND two :0.5");
    }

    #[test]
    fn every_picture_has_its_prompt_and_prompts_have_rows() {
        let rows = |prompts, count| {
            (0..count).map(|i| Prompt::of_picture(prompts, i, count)).collect::<Vec<_>>()
        };
        assert_eq!(rows(2, 4), [0, 0, 1, 1]);
        assert_eq!(rows(3, 4), [0, 0, 1, 2]);
        assert_eq!(rows(3, 5), [0, 0, 1, 1, 2]);
        assert_eq!(rows(5, 3), [0, 1, 2]);
        assert_eq!(rows(1, 3), [0, 0, 0]);
    }

    #[test]
    fn what_a_prompt_shows_can_be_typed_again() {
        for text in ["one, (two:1.3)", "one AND [two] :0.5", ""] {
            assert_eq!(one(&one(text).to_string()), one(text), "{text}");
        }
    }

    type Weighed = (usize, f32);

    #[test]
    fn a_class_with_a_comma_or_an_and_in_its_name_is_asked_for_by_it() {
        let classes = ["a", "b", "a, b", "one", "two", "one AND two"].map(str::to_owned);
        let read = |text: &str| Prompt::parse(text, &classes).unwrap();
        let mixes =
            |prompt: &Prompt| prompt.parts.iter().map(|part| part.mix.clone()).collect::<Vec<_>>();
        let cases: &[(&str, &[&[Weighed]])] = &[
            ("a, b", &[&[(2, 1.0)]]),
            ("A,  B", &[&[(2, 1.0)]]),
            ("(a, b:1.3)", &[&[(2, 1.3)]]),
            ("a, b, one", &[&[(2, 0.5), (3, 0.5)]]),
            ("one AND two", &[&[(5, 1.0)]]),
            ("a, b AND one AND two :0.5 AND b", &[&[(2, 1.0)], &[(5, 1.0)], &[(1, 1.0)]]),
            ("b, a", &[&[(1, 0.5), (0, 0.5)]]),
            ("(a:1), b", &[&[(0, 0.5), (1, 0.5)]]),
            ("a,b", &[&[(0, 0.5), (1, 0.5)]]),
            ("(one:1) AND two", &[&[(3, 1.0)], &[(4, 1.0)]]),
        ];
        for (text, wanted) in cases {
            let prompt = &read(text)[0];
            assert_eq!(mixes(prompt), *wanted, "{text}");
            let again = &read(&prompt.to_string());
            assert_eq!((again.len(), &again[0]), (1, prompt), "{text} is written {prompt}");
        }
        assert_eq!(read("a, b..one").len(), 2);
        let negative = Negative::parse("a, b, x, (one AND two:2)\nb", &classes);
        assert_eq!(negative.used, ["a, b", "(one AND two:2)", "b"]);
        assert_eq!(negative.unused, ["x"]);
        let known = ["red, green".to_owned()];
        let unknown = Negative::joined(["red", "green"].into_iter(), &known);
        assert_eq!(Negative::parse(&unknown, &known).unused, ["red", "green"]);
        let apart = Negative::parse("a\nb", &classes);
        assert_eq!(Negative::parse(&apart.text(&classes), &classes).mix, apart.mix);
    }

    #[test]
    fn a_class_with_spaces_side_by_side_in_its_name_is_asked_for_by_it() {
        let classes = ["a b", "a  b", "two  words", "c,  d"].map(str::to_owned);
        for (text, wanted) in [
            ("a  b", 1),
            ("(A  b)", 1),
            ("a b", 0),
            ("two  words", 2),
            ("Two words", 2),
            ("two\n words", 2),
            ("c,  d", 3),
            ("C, d", 3),
        ] {
            let prompt = &Prompt::parse(text, &classes).unwrap()[0];
            assert_eq!(prompt.parts[0].mix[0].0, wanted, "{text}");
            assert_eq!(&Prompt::parse(&prompt.to_string(), &classes).unwrap()[0], prompt, "{text}");
        }
        assert_eq!(Prompt::parse("a b  ..  two words", &classes).unwrap().len(), 3);
        assert_eq!(Negative::parse("two words, c,  d", &classes).used, ["two words", "c,  d"]);
    }

    #[test]
    fn unknown_names_bring_the_nearest() {
        let error = |text: &str| Prompt::parse(text, &digits()).unwrap_err().to_string();
        assert!(error("thre").starts_with("prompt: there is no `thre`; nearest are three"));
        assert!(error("one..nine").contains("there is no `nine`"));
        assert!(error("two..one").contains("runs backwards"));
        for text in ["two-one", "one-two", "(two - one)"] {
            assert!(error(text).contains("runs upwards, as in `one..two`"), "{}", error(text));
        }
        assert!(error("two-").contains("there is no `two-`"));
        assert!(error("(one..two:2)").contains("cannot be weighed"));
        assert!(error("(one").contains("there is no `(one`"));
        let error = Prompt::parse("one", &[]).unwrap_err().to_string();
        assert!(error.contains("draws without classes"), "{error}");
    }

    #[test]
    fn a_negative_prompt_uses_what_the_model_knows() {
        let negative = Negative::parse("nudity, one, (two:2),\nracism", &digits());
        assert_eq!(negative.mix, [(1, 0.5), (2, 1.0)]);
        assert_eq!(negative.used, ["one", "(two:2)"]);
        assert_eq!(negative.unused, ["nudity", "racism"]);
        assert_eq!(Negative::parse("one", &[]).unused, ["one"]);
    }
}
