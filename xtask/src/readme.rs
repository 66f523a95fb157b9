//! The commands that README.md tells people to type must exist.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::shell::{command, read};
use crate::workspace;

/// What the README says that neither xtask nor `program` knows, one line each.
pub fn faults(chores: &[&str], program: &Path) -> Result<Vec<String>> {
    let text = fs::read_to_string(workspace::root().join("README.md")).context("no README.md")?;
    let mut help = Help { program, texts: BTreeMap::new() };
    let mut faults = Vec::new();
    for line in commands(&text) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["cargo", "xtask", chore, ..] if !chores.contains(&chore) => {
                faults.push(format!("README.md: there is no chore `{chore}`: {line}"));
            }
            ["darkroom", name, ref rest @ ..] => faults.extend(help.unknown(name, rest)),
            _ => {}
        }
    }
    Ok(faults)
}

/// Help texts of the program's commands, asked for once each.
struct Help<'a> {
    program: &'a Path,
    texts: BTreeMap<String, String>,
}

impl Help<'_> {
    fn unknown(&mut self, name: &str, words: &[&str]) -> Vec<String> {
        if !self.texts.contains_key(name) {
            let text = read(command(self.program).args([name, "--help"])).unwrap_or_default();
            self.texts.insert(name.to_owned(), text);
        }
        let text = &self.texts[name];
        if text.is_empty() {
            return vec![format!("README.md: there is no command `darkroom {name}`")];
        }
        let known: Vec<&str> = text.split(|c: char| !is_flag_char(c)).collect();
        words
            .iter()
            .map(|word| word.split('=').next().unwrap_or(word))
            .filter(|word| word.starts_with("--") && !known.contains(word))
            .map(|word| format!("README.md: `darkroom {name}` has no option `{word}`"))
            .collect()
    }
}

fn is_flag_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-'
}

/// Commands in the fenced shell blocks, continued lines joined.
fn commands(text: &str) -> Vec<String> {
    let joined = text.replace("\\\n", " ");
    let mut commands = Vec::new();
    let mut in_shell = false;
    for line in joined.lines().map(str::trim) {
        match line.strip_prefix("```") {
            Some(language) => in_shell = language == "sh",
            None if in_shell && !line.is_empty() && !line.starts_with('#') => {
                commands.push(line.to_owned());
            }
            None => {}
        }
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_from_shell_blocks_alone() {
        let text = "ls\n```sh\n# first\na \\\n  b\n\nc\n```\nd\n```yaml\ne: f\n```\n";
        assert_eq!(commands(text), ["a    b", "c"]);
    }

    #[test]
    fn options_are_looked_up_whole() {
        let texts = BTreeMap::from([("train".to_owned(), "  --steps <N>\n  --seed".to_owned())]);
        let mut help = Help { program: Path::new("none"), texts };
        assert!(help.unknown("train", &["--steps", "5", "--seed=3"]).is_empty());
        assert_eq!(help.unknown("train", &["--step"]).len(), 1);
    }
}
