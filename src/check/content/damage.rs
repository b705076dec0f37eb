//! Damage: what an agent leaves where it lost a file, cut it short, or did not finish a merge. No model is needed to
//! see it.

use std::collections::HashMap;

use super::file::ChangedFile;
use super::finding::Finding;
use super::format::broken;
use super::instruction::Instruction;
use crate::config::FindingKind;
use crate::words;

/// A file of fewer lines may be written anew as a shorter one.
const LINES_OF_A_LARGE_FILE: usize = 20;

/// Files that may be empty, and have their meaning by their place alone.
const MAY_BE_EMPTY: [&str; 5] = ["__init__.py", ".gitkeep", ".keep", "py.typed", ".nojekyll"];

/// Returns the damage in the files that a unit changed, without the words that stand in place of code: these are found
/// by rules.
pub(super) fn damage(files: &[ChangedFile], instruction: &Instruction) -> Vec<Finding> {
    let mut found = Vec::new();
    for (at, file) in files.iter().enumerate() {
        if let Some(emptied) = emptied(file) {
            found.push(emptied);
            continue;
        }
        // What does not parse for its conflict markers is told once.
        match conflict_markers(file) {
            Some(markers) => found.push(markers),
            None => found.extend(unparsable(file)),
        }
        if !instruction.asks_to_remove() {
            let others = files[..at].iter().chain(&files[at + 1..]);
            found.extend(shrunk(file, others));
        }
    }
    found
}

fn emptied(file: &ChangedFile) -> Option<Finding> {
    let (before, after) = (file.before.as_deref()?, file.after.as_deref()?);
    let name = file.path.rsplit('/').next().unwrap_or(&file.path);
    let is_empty = |content: &[u8]| content.trim_ascii().is_empty() || content == b"\xef\xbb\xbf";
    if !is_empty(after) || is_empty(before) || MAY_BE_EMPTY.contains(&name) {
        return None;
    }
    let had = match file.text_before() {
        Some(text) => words::count(text.lines().count(), "line"),
        None => words::count(before.len(), "byte"),
    };
    Some(Finding {
        kind: FindingKind::Emptied,
        path: file.path.clone(),
        line: None,
        said: format!("it is empty now, and had {had}"),
    })
}

fn unparsable(file: &ChangedFile) -> Option<Finding> {
    let (format, line) = broken(&file.path, file.text_before()?, file.text_after()?)?;
    let name = format.name();
    Some(Finding {
        kind: FindingKind::Unparsable,
        path: file.path.clone(),
        line: Some(line),
        said: format!("it was valid {name} before, and is not any more"),
    })
}

fn conflict_markers(file: &ChangedFile) -> Option<Finding> {
    let after = file.text_after()?;
    let count = |text: &str| text.lines().filter(|line| is_marker(line)).count();
    if count(after) <= file.text_before().map_or(0, count) {
        return None;
    }
    let added = file.added_lines();
    let first = added.iter().find(|line| is_marker(line.text))?;
    Some(Finding {
        kind: FindingKind::ConflictMarkers,
        path: file.path.clone(),
        line: Some(first.number),
        said: "it has new conflict markers".to_owned(),
    })
}

/// Checks whether a line opens or closes a conflict. Seven equals signs alone underline a heading in many documents.
fn is_marker(line: &str) -> bool {
    ["<<<<<<<", ">>>>>>>", "|||||||"].iter().any(|marker| {
        let rest = line.strip_prefix(marker);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    })
}

/// A file is shrunk that had at least 20 lines with text and has fewer than half of them now, in itself and in what the
/// unit added to other files together.
fn shrunk<'f>(
    file: &ChangedFile,
    others: impl Iterator<Item = &'f ChangedFile>,
) -> Option<Finding> {
    let (before, after) = (file.text_before()?, file.text_after()?);
    let filled = |text: &str| text.lines().filter(|line| !line.trim().is_empty()).count();
    let (had, has) = (filled(before), filled(after));
    if had < LINES_OF_A_LARGE_FILE || has * 2 >= had {
        return None;
    }
    let mut lost: HashMap<&str, usize> = HashMap::new();
    for line in before.lines() {
        *lost.entry(line.trim()).or_default() += 1;
    }
    lost.remove("");
    for line in after.lines() {
        if let Some(left @ 1..) = lost.get_mut(line.trim()) {
            *left -= 1;
        }
    }
    let mut moved = 0;
    for line in others.flat_map(ChangedFile::added_lines) {
        if let Some(left @ 1..) = lost.get_mut(line.text.trim()) {
            *left -= 1;
            moved += 1;
        }
    }
    ((has + moved) * 2 < had).then(|| Finding {
        kind: FindingKind::Shrunk,
        path: file.path.clone(),
        line: None,
        said: format!("it has {has} lines with text now, and had {had}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::file::changed;

    fn lines(range: std::ops::Range<usize>) -> String {
        range.fold(String::new(), |text, n| text + &format!("line({n});\n"))
    }

    fn found(files: &[ChangedFile], instruction: &str) -> Vec<(FindingKind, String)> {
        let found = damage(files, &Instruction::new(instruction)).into_iter();
        found.map(|it| (it.kind, it.place())).collect()
    }

    fn one(path: &str, before: &str, after: &str) -> Vec<(FindingKind, String)> {
        found(&[changed(path, Some(before), Some(after))], "line to row")
    }

    #[test]
    fn a_file_that_held_something_and_is_empty_is_found() {
        let emptied = |path: &str| vec![(FindingKind::Emptied, path.to_owned())];
        assert_eq!(one("a.js", "f();\n", ""), emptied("a.js"));
        assert_eq!(one("a.unknown", "f\n", "\n \n"), emptied("a.unknown"));
        assert_eq!(one("a/__init__.py", "import a\n", ""), []);
        assert_eq!(one("a.js", "\n", ""), []);
        let gone = changed("a.js", Some("f();\n"), None);
        assert_eq!(found(&[gone], ""), []);
        let binary = ChangedFile {
            before: Some(vec![0, 1, 2]),
            after: Some(Vec::new()),
            ..changed("a.png", None, None)
        };
        let said = damage(&[binary], &Instruction::default());
        assert_eq!(said[0].said, "it is empty now, and had 3 bytes");
    }

    #[test]
    fn new_conflict_markers_are_found_once() {
        let text = "f();\n<<<<<<< ours\na();\n=======\nb();\n>>>>>>> theirs\n";
        let markers = vec![(FindingKind::ConflictMarkers, "a.js:2".to_owned())];
        assert_eq!(one("a.js", "f();\n", text), markers);
        assert_eq!(one("a.js", text, &text.replace("a()", "c()")), []);
        assert_eq!(one("a.md", "T\n", "T\n=======\n"), []);
    }

    #[test]
    fn a_file_that_loses_most_of_its_lines_is_found_unless_they_went_elsewhere_or_that_was_asked() {
        let file = || changed("a.js", Some(&lines(0..40)), Some(&lines(0..15)));
        let shrunk = vec![(FindingKind::Shrunk, "a.js".to_owned())];
        assert_eq!(found(&[file()], "line to row"), shrunk);
        assert_eq!(found(&[file()], "delete the old lines"), []);
        let moved = changed("b.js", None, Some(&lines(20..40)));
        assert_eq!(found(&[file(), moved], "line to row"), []);
        assert_eq!(one("a.js", &lines(0..40), &lines(0..20)), []);
        assert_eq!(one("a.js", &lines(0..19), &lines(0..1)), []);
    }
}
