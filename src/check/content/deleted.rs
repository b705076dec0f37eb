//! Files that are gone without being asked to go.

use std::collections::HashSet;

use super::file::ChangedFile;
use super::finding::Finding;
use super::instruction::Instruction;
use crate::config::FindingKind;
use crate::words;

/// Returns the files that a unit deleted although the instruction asks for nothing of the kind. A file that got another
/// name, or whose lines went into other files, is not gone.
pub(super) fn deleted(files: &[ChangedFile], instruction: &Instruction) -> Vec<Finding> {
    if instruction.asks_to_remove() || instruction.asks_to_move() {
        return Vec::new();
    }
    let added: HashSet<&str> = files
        .iter()
        .flat_map(ChangedFile::added_lines)
        .map(|line| line.text.trim())
        .collect();
    let created = |file: &&ChangedFile| file.before.is_none() && file.after.is_some();
    let created: HashSet<&str> = files.iter().filter(created).map(stem).collect();
    let is_gone = |file: &&ChangedFile| {
        file.before.is_some()
            && file.after.is_none()
            && !created.contains(stem(file))
            && !instruction.names(name(&file.path))
            && !went_elsewhere(file, &added)
    };
    let gone = files.iter().filter(is_gone);
    gone.map(|file| Finding {
        kind: FindingKind::DeletedFile,
        path: file.path.clone(),
        line: None,
        said: match file.text_before() {
            Some(text) => format!(
                "it is deleted, and had {}",
                words::count(text.lines().count(), "line")
            ),
            None => "it is deleted".to_owned(),
        },
    })
    .collect()
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// Returns the name of the file without its extension.
fn stem(file: &ChangedFile) -> &str {
    let name = name(&file.path);
    name.split_once('.').map_or(name, |(stem, _)| stem)
}

/// Checks whether half of the lines were added to other files.
fn went_elsewhere(file: &ChangedFile, added: &HashSet<&str>) -> bool {
    let lost = file.lost_lines();
    let moved = lost.iter().filter(|line| added.contains(*line)).count();
    moved * 2 >= lost.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::file::changed;

    fn gone(files: &[ChangedFile], instruction: &str) -> Vec<String> {
        let found = deleted(files, &Instruction::new(instruction)).into_iter();
        found
            .map(|it| format!("{}: {}", it.path, it.said))
            .collect()
    }

    #[test]
    fn a_file_is_gone_unless_it_was_moved_or_its_removal_was_asked_for() {
        let text = "one();\ntwo();\n";
        let file = || changed("src/a.js", Some(text), None);
        let said = ["src/a.js: it is deleted, and had 2 lines"];
        assert_eq!(gone(&[file()], "old to new"), said);
        assert_eq!(gone(&[file()], "remove the shims"), [""; 0]);
        assert_eq!(gone(&[file()], "merge a.js into b.js"), [""; 0]);
        let renamed = changed("lib/a.ts", None, Some("other();\n"));
        assert_eq!(gone(&[file(), renamed], "old to new"), [""; 0]);
        let merged = changed("src/b.js", Some("b();\n"), Some("b();\none();\n"));
        assert_eq!(gone(&[file(), merged], "old to new"), [""; 0]);
    }
}
