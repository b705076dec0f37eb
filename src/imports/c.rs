//! C and C++: reads `#include` and finds the header that it names.
//!
//! No single file lists the folders that a compiler searches. So a header that is not beside its includer is looked up
//! by the end of its path. Files below the usual include folders come first; among the others, a file near the includer
//! or in a folder with many files comes first, and a tie resolves to no file.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::cursor::{Cursor, text};
use super::family::FamilyResolver;
use super::outline::{Import, ImportKind, Outline};
use super::paths;
use super::source_file::{FileIndex, SourceFile};

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    let mut at_line_start = true;
    while !cursor.is_at_end() {
        match cursor.peek() {
            b' ' | b'\t' | b'\r' | b'\x0c' => cursor.skip(1),
            b'\n' => {
                cursor.skip(1);
                at_line_start = true;
            }
            b'/' if matches!(cursor.peek_at(1), b'/' | b'*') => cursor.skip_comment(),
            b'#' if at_line_start => {
                cursor.skip(1);
                directive(&mut cursor, &mut found);
                at_line_start = false;
            }
            b'"' => {
                if cursor.previous() == b'R' {
                    skip_raw_string(&mut cursor);
                } else {
                    cursor.quoted();
                }
                at_line_start = false;
            }
            b'\'' => {
                // A quote between digits is a digit separator.
                if cursor.previous().is_ascii_hexdigit() {
                    cursor.skip(1);
                } else {
                    cursor.quoted();
                }
                at_line_start = false;
            }
            _ => {
                cursor.skip(1);
                at_line_start = false;
            }
        }
    }
    found
}

fn directive(cursor: &mut Cursor<'_>, found: &mut Outline) {
    cursor.skip_blanks();
    if !matches!(cursor.word(), b"include" | b"include_next" | b"import") {
        return;
    }
    cursor.skip_blanks();
    match cursor.peek() {
        b'"' => {
            let path = cursor.quoted().map(text).unwrap_or_default();
            found.import(ImportKind::File, path);
        }
        b'<' => {
            cursor.skip(1);
            let start = cursor.clone();
            while !matches!(cursor.peek(), b'>' | b'\n' | 0) {
                cursor.skip(1);
            }
            found.import(ImportKind::Exact, text(cursor.since(&start)));
        }
        _ => {}
    }
}

/// Skips a raw string: `"end( … )end"`.
fn skip_raw_string(cursor: &mut Cursor<'_>) {
    cursor.skip(1);
    let start = cursor.clone();
    while !matches!(cursor.peek(), b'(' | b'"' | b'\n' | 0) {
        cursor.skip(1);
    }
    let end = [b")", cursor.since(&start), b"\""].concat();
    if cursor.eat(b"(") {
        cursor.skip_past(&end);
    }
}

/// The headers of a repository, to be found by the end of their paths.
pub(super) struct CHeaders {
    files: HashMap<String, FileIndex>,
    by_name: HashMap<String, Vec<(String, FileIndex)>>,
    /// The number of files directly in each folder.
    folder_sizes: HashMap<String, usize>,
}

impl CHeaders {
    pub(super) fn new(sources: &[(FileIndex, SourceFile<'_>)]) -> Self {
        let mut by_name: HashMap<String, Vec<(String, FileIndex)>> = HashMap::new();
        for (file, source) in sources {
            by_name
                .entry(paths::name(source.path).to_owned())
                .or_default()
                .push((source.path.to_owned(), *file));
        }
        let files = sources
            .iter()
            .map(|(file, source)| (source.path.to_owned(), *file))
            .collect();
        let mut folder_sizes: HashMap<String, usize> = HashMap::new();
        for (_, source) in sources {
            *folder_sizes
                .entry(paths::folder(source.path).to_owned())
                .or_default() += 1;
        }
        Self {
            files,
            by_name,
            folder_sizes,
        }
    }

    /// Returns the file that a compiler would most likely find.
    fn search(&self, from: &str, header: &str, kind: ImportKind) -> Option<FileIndex> {
        let same_name = self.by_name.get(paths::name(header))?;
        let mut best: Option<(Rank, FileIndex)> = None;
        let mut is_tie = false;
        for (path, file) in same_name {
            let Some(folder) = path.strip_suffix(header) else {
                continue;
            };
            if !folder.is_empty() && !folder.ends_with('/') {
                continue;
            }
            let folder = folder.trim_end_matches('/');
            let folder_size = self.folder_sizes.get(paths::folder(path));
            let rank = Rank::new(from, path, folder, folder_size.copied().unwrap_or(0));
            // `<string.h>` is a system header, unless the repository has an include folder with one.
            if kind != ImportKind::File && !rank.is_usual_folder {
                continue;
            }
            is_tie = best.as_ref().is_some_and(|(known, _)| rank == *known);
            if best.as_ref().is_none_or(|(known, _)| rank > *known) {
                best = Some((rank, *file));
            }
        }
        let (rank, file) = best?;
        (rank.is_usual_folder || !is_tie).then_some(file)
    }
}

/// How well a file matches an include, by the first field that differs; the greatest rank wins.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rank {
    is_usual_folder: bool,
    shared_folders: usize,
    depth: Reverse<usize>,
    /// Compilers are more likely to search a folder with many headers.
    folder_size: usize,
}

impl Rank {
    fn new(from: &str, path: &str, folder: &str, folder_size: usize) -> Self {
        let is_usual_folder = matches!(
            paths::name(folder),
            "" | "include" | "inc" | "includes" | "src" | "lib" | "source" | "Source" | "Public"
        ) || paths::ancestors(paths::folder(from))
            .any(|above| above == folder);
        Self {
            is_usual_folder,
            shared_folders: paths::shared_folders(from, path),
            depth: Reverse(folder.matches('/').count()),
            folder_size,
        }
    }
}

impl FamilyResolver for CHeaders {
    fn resolve(&self, from: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>) {
        let header = import.name.trim_start_matches("./");
        if import.kind == ImportKind::File {
            let beside = paths::join(paths::folder(from.path), header);
            if let Some(file) = beside.and_then(|path| self.files.get(&path)) {
                return found.push(*file);
            }
        }
        let header = header.trim_start_matches("../");
        found.extend(self.search(from.path, header, import.kind));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_in_comments_and_strings_are_ignored() {
        let source = br#"#include "a.h"
  #  include <b/c.h> // x
#include_next <d.h>
#import "e.h"
// #include "no.h"
/* don't
#include "no.h"
*/
const char *s = "\
#include \"no.h\"";
auto r = R"x(
#include "no.h"
)" )x"; int n = 1'000'000;
char c = '"'; #include "no.h"
#if 0 /* x */
#include MACRO
#include "f.h"
"#;
        let names: Vec<String> = extract(source)
            .imports
            .into_iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(names, ["a.h", "b/c.h", "d.h", "e.h", "f.h"]);
    }
}
