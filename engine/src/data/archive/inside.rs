//! Names in archives, and whether they stay inside.

/// Deeper paths are of no use to a data set.
const MAX_FOLDERS: usize = 15;
/// What file systems allow.
const MAX_NAME_BYTES: usize = 255;
const MAX_PATH_BYTES: usize = 1024;

/// The folders and the file name of an archive entry; the error is why it cannot be written.
pub fn parts(name: &str) -> Result<Vec<&str>, &'static str> {
    // Archives made on Windows may part folders with a backslash.
    let is_separator = |c: char| c == '/' || c == '\\';
    let parts: Vec<&str> =
        name.split(is_separator).filter(|part| !matches!(*part, "" | ".")).collect();
    if name.starts_with(is_separator) || has_drive(name) || parts.contains(&"..") {
        return Err("its path leads out of the folder");
    }
    let too_long =
        name.len() > MAX_PATH_BYTES || parts.iter().any(|part| part.len() > MAX_NAME_BYTES);
    if too_long || name.chars().any(char::is_control) {
        return Err("its name is not one that a file can have");
    }
    match parts.len() {
        0 => Err("it has no name"),
        count if count > MAX_FOLDERS => Err("it lies in too many folders"),
        _ => Ok(parts),
    }
}

fn has_drive(name: &str) -> bool {
    let mut start = name.chars();
    start.next().is_some_and(|c| c.is_ascii_alphabetic()) && start.next() == Some(':')
}

/// Hidden files and what macOS adds; nobody misses them.
pub fn is_clutter(parts: &[&str]) -> bool {
    parts.iter().any(|part| part.starts_with('.') || *part == "__MACOSX")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_inside() {
        assert_eq!(parts("a/./b//c.png"), Ok(vec!["a", "b", "c.png"]));
        assert_eq!(parts("a\\b.png"), Ok(vec!["a", "b.png"]));
        assert_eq!(parts("12:30.png"), Ok(vec!["12:30.png"]));
        for outside in
            ["../a.png", "a/../../b.png", "/etc/a.png", "\\a.png", "C:\\a.png", "c:a.png"]
        {
            assert_eq!(parts(outside), Err("its path leads out of the folder"), "{outside}");
        }
        for unusable in ["", ".", "a\0.png", "a\n.png", &"a/".repeat(20), &"n".repeat(300)] {
            assert!(parts(unusable).is_err(), "{unusable:?}");
        }
    }
}
