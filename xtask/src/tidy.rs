//! House rules that no compiler knows.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::workspace;

const MOST_LINES: usize = 500;
const ROOMS: [&str; 9] =
    [".ci", "app", "docs", "end2end", "engine", "kernels", "server", "style", "xtask"];
const SKIPPED: [&str; 4] = ["node_modules", "test-results", "playwright-report", "target"];

/// Text that must not stand in a source file, and why.
const BANNED: [(&str, &str); 8] = [
    ("TODO", "finish it, or describe the limit"),
    ("FIXME", "mend it, or describe the limit"),
    ("dbg!(", "left over from debugging"),
    ("#[ignore", "a test that does not run tests nothing"),
    ("allow(dead_code)", "delete what nobody calls"),
    (".skip(true", "a test that does not run tests nothing"),
    ("test.only(", "hides all other tests"),
    ("waitForTimeout(", "wait for what a person would see"),
];
const UNSAFE: [&str; 4] = ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern"];

/// Every breach of a rule, one line each.
pub fn faults() -> Result<Vec<String>> {
    let mut faults = Vec::new();
    for file in files(workspace::root())? {
        let text = fs::read_to_string(workspace::root().join(&file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.to_string_lossy().replace('\\', "/");
        faults.extend(faults_in(&name, &text).into_iter().map(|fault| format!("{name}: {fault}")));
        faults.extend(dead_links(&file, &text));
    }
    Ok(faults)
}

fn faults_in(name: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    // This file spells out what it forbids.
    if name == "xtask/src/tidy.rs" || !is_source(name) {
        return faults;
    }
    let lines = text.lines().count();
    if lines > MOST_LINES {
        faults.push(format!("{lines} lines; split it, {MOST_LINES} is the most"));
    }
    for (number, line) in (1..).zip(text.lines()) {
        for (banned, why) in BANNED.iter().filter(|(banned, _)| line.contains(banned)) {
            faults.push(format!("line {number}: `{banned}`: {why}"));
        }
        if !name.starts_with("kernels/src") && UNSAFE.iter().any(|word| line.contains(word)) {
            faults.push(format!("line {number}: unsafe code stands in kernels/src alone"));
        }
    }
    faults
}

/// Relative links of a Markdown file that lead nowhere.
fn dead_links(file: &Path, text: &str) -> Vec<String> {
    if file.extension().is_none_or(|extension| extension != "md") {
        return Vec::new();
    }
    let folder = workspace::root().join(file).parent().expect("a file has a folder").to_owned();
    links(text)
        .filter(|link| !link.contains("://") && !link.starts_with('#'))
        .filter(|link| !folder.join(link.split('#').next().unwrap_or(link)).exists())
        .map(|link| format!("{}: the link to {link} leads nowhere", file.display()))
        .collect()
}

fn links(text: &str) -> impl Iterator<Item = &str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split_once(')'));
    let sources = text.split("src=\"").skip(1).filter_map(|rest| rest.split_once('"'));
    inline.chain(sources).map(|(link, _)| link)
}

fn is_source(name: &str) -> bool {
    [".rs", ".ts", ".mjs", ".css"].iter().any(|ending| name.ends_with(ending))
}

/// Source and text files of the repository, relative to its root.
fn files(root: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for room in ROOMS {
        walk(root, Path::new(room), &mut files)?;
    }
    for page in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        if root.join(page).exists() {
            files.push(page.into());
        }
    }
    files.sort();
    Ok(files)
}

fn walk(root: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(root.join(folder))
        .with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = folder.join(&name);
        if entry.path().is_dir() {
            if !SKIPPED.contains(&name.as_str()) {
                walk(root, &path, files)?;
            }
        } else if is_source(&name) || name.ends_with(".md") {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str, expected: usize) {
        let faults = faults_in(name, text);
        assert_eq!(faults.len(), expected, "{faults:?}");
    }

    #[test]
    fn banned_words_are_found_with_their_line() {
        check("app/src/lib.rs", "fn a() {}\n// TODO\n", 1);
        assert!(faults_in("app/src/lib.rs", "\n// FIXME")[0].starts_with("line 2"));
        check("end2end/tests/a.spec.ts", "test.only('x')", 1);
        check("docs/notes.md", "TODO", 0);
    }

    #[test]
    fn unsafe_code_belongs_to_the_kernels() {
        check("kernels/src/silu.rs", "unsafe { f() }", 0);
        check("server/src/main.rs", "unsafe { f() }", 1);
        check("server/src/main.rs", "// nothing unsafe here", 0);
    }

    #[test]
    fn long_files_are_named() {
        check("app/src/lib.rs", &"\n".repeat(MOST_LINES), 0);
        check("app/src/lib.rs", &"\n".repeat(MOST_LINES + 1), 1);
    }

    #[test]
    fn links_are_found_in_text_and_in_tags() {
        let found: Vec<_> = links("[a](b.md) ![c](d.png) <img src=\"e.png\">").collect();
        assert_eq!(found, ["b.md", "d.png", "e.png"]);
    }
}
