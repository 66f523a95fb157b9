//! One stylesheet out of `style/main.css` and the files that it imports.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// The text of `file` with every `@import "other.css";` replaced by that file.
/// `@import "other.css" layer(name);` wraps it in that cascade layer.
pub fn bundle(file: &Path) -> Result<String> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut bundled = String::new();
    for (number, line) in text.lines().enumerate() {
        match line.trim().strip_prefix("@import") {
            None => bundled += line,
            Some(import) => {
                bundled += &inline(file, import)
                    .with_context(|| format!("{}:{}", file.display(), number + 1))?;
            }
        }
        bundled.push('\n');
    }
    Ok(bundled)
}

/// The same without remarks, indentation and empty lines, for the browser.
pub fn compact(text: &str) -> String {
    let mut rest = text;
    let mut bare = String::new();
    while let Some((before, remark)) = rest.split_once("/*") {
        bare += before;
        rest = remark.split_once("*/").map_or("", |(_, after)| after);
    }
    bare += rest;
    let lines = bare.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

fn inline(importer: &Path, import: &str) -> Result<String> {
    let Some((name, condition)) = parse(import) else {
        bail!("write `@import \"file.css\";` or `@import \"file.css\" layer(name);` on one line");
    };
    let text = bundle(&importer.with_file_name(name))?;
    Ok(match condition {
        None => text,
        Some(layer) => format!("@layer {layer} {{\n{text}}}"),
    })
}

/// File name and layer of what follows `@import`.
fn parse(import: &str) -> Option<(&str, Option<&str>)> {
    let (name, rest) = import.trim().strip_prefix('"')?.split_once('"')?;
    let rest = rest.trim().strip_suffix(';')?.trim();
    if rest.is_empty() {
        return Some((name, None));
    }
    let layer = rest.strip_prefix("layer(")?.strip_suffix(')')?;
    Some((name, Some(layer)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(files: &[(&str, &str)]) -> Result<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        bundle(&folder.path().join("main.css"))
    }

    #[test]
    fn imports_are_replaced_in_order() {
        let files = [
            ("main.css", "@import \"a.css\";\n@import \"b.css\" layer(page);\np { top: 0 }\n"),
            ("a.css", "a { left: 0 }\n"),
            ("b.css", "@import \"c.css\";\n"),
            ("c.css", "i { right: 0 }\n"),
        ];
        let bundled = check(&files).unwrap();
        let lines: Vec<_> = bundled.lines().filter(|line| !line.is_empty()).collect();
        assert_eq!(
            lines,
            ["a { left: 0 }", "@layer page {", "i { right: 0 }", "}", "p { top: 0 }"]
        );
    }

    #[test]
    fn a_browser_is_sent_no_remarks_and_no_indentation() {
        let text = "/* Links. */\na {\n  left: 0; /* from\n  here */\n\n  top: 0;\n}\n";
        assert_eq!(compact(text), "a {\nleft: 0;\ntop: 0;\n}");
    }

    #[test]
    fn a_missing_file_is_named_with_the_line() {
        let error = check(&[("main.css", "\n@import \"gone.css\";\n")]).unwrap_err();
        let text = format!("{error:#}");
        assert!(text.contains("main.css:2") && text.contains("gone.css"), "{text}");
    }

    #[test]
    fn other_forms_of_import_are_refused() {
        assert!(check(&[("main.css", "@import url(a.css) print;\n")]).is_err());
    }
}
