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
    let created = || {
        let is_created = |file: &&ChangedFile| file.before.is_none() && file.after.is_some();
        files.iter().filter(is_created)
    };
    let stems: HashSet<&str> = created().map(stem).collect();
    let contents: HashSet<&[u8]> = created().filter_map(|it| it.after.as_deref()).collect();
    let is_gone = |file: &&ChangedFile| {
        file.before
            .as_deref()
            .is_some_and(|it| !contents.contains(it))
            && file.after.is_none()
            && !stems.contains(stem(file))
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

/// Returns the name of the file without its extension; the dot of a hidden file begins none.
fn stem(file: &ChangedFile) -> &str {
    let name = name(&file.path);
    let dots = name.len() - name.trim_start_matches('.').len();
    let end = name[dots..].find('.');
    end.map_or(name, |end| &name[..dots + end])
}

/// Checks whether half of the lines were added to other files. What is no text has no lines that could be.
fn went_elsewhere(file: &ChangedFile, added: &HashSet<&str>) -> bool {
    if file.text_before().is_none() {
        return false;
    }
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
        let hidden = || changed(".eslintrc.json", Some(text), None);
        let other = changed(".npmrc", None, Some("other();\n"));
        assert_eq!(gone(&[hidden(), other], "old to new").len(), 1);
        let renamed = changed(".eslintrc.js", None, Some("other();\n"));
        assert_eq!(gone(&[hidden(), renamed], "old to new"), [""; 0]);
        let merged = changed("src/b.js", Some("b();\n"), Some("b();\none();\n"));
        assert_eq!(gone(&[file(), merged], "old to new"), [""; 0]);
    }

    #[test]
    fn a_picture_is_gone_unless_it_has_another_name() {
        let file = |path: &str, before: Option<&[u8]>, after: Option<&[u8]>| ChangedFile {
            path: path.to_owned(),
            before: before.map(<[u8]>::to_vec),
            after: after.map(<[u8]>::to_vec),
        };
        let picture: Option<&[u8]> = Some(b"\x89PNG\0");
        let old = file("a.png", picture, None);
        let said = ["a.png: it is deleted"];
        assert_eq!(gone(std::slice::from_ref(&old), "old to new"), said);
        let renamed = file("b.png", None, picture);
        assert_eq!(gone(&[old, renamed], "old to new"), [""; 0]);
    }
}
