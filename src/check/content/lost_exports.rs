//! Names that a unit took away although files of others import them: JavaScript, TypeScript and Python. Compilers of
//! other languages tell.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::file::ChangedFile;
use super::finding::Finding;
use super::instruction::Instruction;
use super::repository::{Repository, imports_of};
use crate::config::FindingKind;
use crate::imports::{Language, exports};
use crate::words;

/// In a repository of more files, looking for those that use a name would take too long.
const MOST_SOURCES: usize = 20_000;
/// A finding names at most so many files.
const FILES_NAMED: usize = 3;

/// Returns the names that files lost and that files which the unit did not change import.
pub(super) fn lost_exports(
    files: &[ChangedFile],
    instruction: &Instruction,
    repository: &Repository<'_>,
) -> Vec<Finding> {
    let mut lost: Vec<Lost<'_>> = Vec::new();
    for file in files {
        let Some(language) = Language::of_path(&file.path) else {
            continue;
        };
        let mut names = lost_names(language, file);
        names.retain(|name| !instruction.names(name));
        let of_file = names.into_iter().map(|name| Lost {
            path: &file.path,
            language,
            name,
            users: Vec::new(),
        });
        lost.extend(of_file);
    }
    if lost.is_empty() || repository.sources().count() > MOST_SOURCES {
        return Vec::new();
    }
    let changed: BTreeSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
    find_users(&mut lost, repository, &changed);
    lost.retain(|lost| !lost.users.is_empty());
    lost.iter().map(Lost::finding).collect()
}

/// A name that a file offered to others and that it does not have any more.
struct Lost<'a> {
    path: &'a str,
    language: Language,
    name: &'a str,
    /// The files that import it.
    users: Vec<&'a str>,
}

impl Lost<'_> {
    /// Checks whether files in this language can import the name.
    fn is_for(&self, other: Language) -> bool {
        other == self.language
            || self.language == Language::JavaScript && other == Language::Component
    }

    fn finding(&self) -> Finding {
        let verb = if self.users.len() == 1 {
            "imports"
        } else {
            "import"
        };
        Finding {
            kind: FindingKind::LostExport,
            path: self.path.to_owned(),
            line: None,
            said: format!(
                "`{}` is gone, which {} {verb}",
                self.name,
                words::few(self.users.iter(), FILES_NAMED)
            ),
        }
    }
}

/// Returns the names that the file offered to others and that it does not have any more.
fn lost_names(language: Language, file: &ChangedFile) -> Vec<&str> {
    let (Some(before), Some(after)) = (file.text_before(), file.text_after()) else {
        return Vec::new();
    };
    if !matches!(language, Language::JavaScript | Language::Python) {
        return Vec::new();
    }
    let offered = exports(language, before);
    let left = exports(language, after);
    // What it offers by a star, or by an import of the same name, is not known by its name.
    let may_be_offered = |name: &str| after.contains("export *") || has_word(after, name);
    let is_lost = |name: &&str| !left.contains(*name) && !may_be_offered(name);
    offered.into_iter().filter(is_lost).collect()
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

/// Finds the files that the unit did not change, that have one of the names, and that import the file that lost it.
/// Each file is read once.
fn find_users<'a>(lost: &mut [Lost<'a>], repository: &'a Repository<'_>, changed: &BTreeSet<&str>) {
    let others = repository.sources();
    for (other, language) in others.filter(|(other, _)| !changed.contains(other)) {
        if !lost.iter().any(|lost| lost.is_for(language)) {
            continue;
        }
        let Some(text) = repository.read(other) else {
            continue;
        };
        let imports = LazyCell::new(|| imports_of(language, Some(&text)));
        let leads_to = |path: &str| {
            let mut imports = imports.iter();
            imports.any(|import| repository.resolve(other, language, import).contains(&path))
        };
        for lost in lost.iter_mut().filter(|lost| lost.is_for(language)) {
            if has_word(&text, lost.name) && leads_to(lost.path) {
                lost.users.push(other);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::file::changed;

    fn said(file: ChangedFile, others: &[(&str, &str)], instruction: &str) -> Vec<String> {
        let mut paths: BTreeSet<String> =
            others.iter().map(|(path, _)| (*path).to_owned()).collect();
        paths.insert(file.path.clone());
        let read = |wanted: &str| {
            let found = others.iter().find(|(path, _)| *path == wanted);
            found.map(|(_, text)| (*text).to_owned())
        };
        let repository = Repository::new(&paths, &read);
        let found = lost_exports(&[file], &Instruction::new(instruction), &repository);
        found.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_name_that_others_import_is_missed() {
        let file = || {
            changed(
                "src/a.js",
                Some(
                    "export function one() {}\nexport const two = 2;\nconst three = 3;\nexport { three };\n",
                ),
                Some("export const two = 2;\nexport function uno() {}\n"),
            )
        };
        let others = [
            ("src/b.js", "import { one } from './a';\none();\n"),
            ("src/c.js", "// one of them\n"),
            ("lib/d.ts", "import { one, three } from '../src/a.js';\n"),
        ];
        assert_eq!(
            said(file(), &others, "old to new"),
            [
                "src/a.js: `one` is gone, which lib/d.ts, src/b.js import",
                "src/a.js: `three` is gone, which lib/d.ts imports"
            ]
        );
        let asked = "rename one to uno, and three to tres";
        assert_eq!(said(file(), &others, asked), [""; 0]);
        assert_eq!(said(file(), &others[1..2], "old to new"), [""; 0]);
    }

    #[test]
    fn a_python_name_counts_where_its_module_is_imported() {
        let file = changed("pkg/a.py", Some("def one():\n    pass\n"), Some("x = 1\n"));
        let others = [
            ("pkg/__init__.py", ""),
            ("pkg/b.py", "from .a import one\n"),
            ("pkg/c.py", "one = 1\n"),
        ];
        assert_eq!(
            said(file, &others, "old to new"),
            ["pkg/a.py: `one` is gone, which pkg/b.py imports"]
        );
    }

    #[test]
    fn what_is_offered_in_another_way_is_not_lost() {
        let moved = "export * from './one';\n";
        let file = changed("a.js", Some("export const one = 1;\n"), Some(moved));
        let others = [("b.js", "import { one } from './a';\n")];
        assert_eq!(said(file, &others, ""), [""; 0]);
    }
}
