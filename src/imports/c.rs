//! C and C++: `#include`, and where headers are looked for.
//!
//! Which folders a compiler is told to search stands in no one place. So a header that is not beside its includer is
//! looked for by the end of its path: first from the folders that usually are searched, then anywhere, nearby and where
//! most headers stand before elsewhere, if only one file fits as well.

use std::cmp::Reverse;
use std::collections::HashMap;

use super::cursor::{Cursor, text};
use super::resolver::{Resolve, Source};
use super::{Form, Import, Outline, paths};

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    let mut begins = true;
    while !cursor.is_at_end() {
        match cursor.peek() {
            b' ' | b'\t' | b'\r' | b'\x0c' => cursor.skip(1),
            b'\n' => {
                cursor.skip(1);
                begins = true;
            }
            b'/' if matches!(cursor.ahead(1), b'/' | b'*') => cursor.skip_comment(),
            b'#' if begins => {
                cursor.skip(1);
                directive(&mut cursor, &mut found);
                begins = false;
            }
            b'"' => {
                if cursor.before() == b'R' {
                    skip_raw(&mut cursor);
                } else {
                    cursor.quoted();
                }
                begins = false;
            }
            b'\'' => {
                // In a number it stands between digits.
                if cursor.before().is_ascii_hexdigit() {
                    cursor.skip(1);
                } else {
                    cursor.quoted();
                }
                begins = false;
            }
            _ => {
                cursor.skip(1);
                begins = false;
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
            found.import(Form::File, path);
        }
        b'<' => {
            cursor.skip(1);
            let start = cursor.clone();
            while !matches!(cursor.peek(), b'>' | b'\n' | 0) {
                cursor.skip(1);
            }
            found.import(Form::Whole, text(cursor.since(&start)));
        }
        _ => {}
    }
}

/// `"end( … )end"`
fn skip_raw(cursor: &mut Cursor<'_>) {
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

/// The headers of a repository by the end of their paths.
pub(super) struct C {
    files: HashMap<String, u32>,
    by_name: HashMap<String, Vec<(String, u32)>>,
    /// How many files stand in a folder.
    company: HashMap<String, usize>,
}

impl C {
    pub(super) fn new(sources: &[(u32, Source<'_>)]) -> Self {
        let mut by_name: HashMap<String, Vec<(String, u32)>> = HashMap::new();
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
        let mut company: HashMap<String, usize> = HashMap::new();
        for (_, source) in sources {
            *company
                .entry(paths::folder(source.path).to_owned())
                .or_default() += 1;
        }
        Self {
            files,
            by_name,
            company,
        }
    }

    /// The file that a compiler would find, as far as names tell.
    fn search(&self, from: &str, header: &str, is_ours: bool) -> Option<u32> {
        let same_name = self.by_name.get(paths::name(header))?;
        let mut best: Option<(Fit, u32)> = None;
        let mut is_tie = false;
        for (path, file) in same_name {
            let Some(folder) = path.strip_suffix(header) else {
                continue;
            };
            if !folder.is_empty() && !folder.ends_with('/') {
                continue;
            }
            let folder = folder.trim_end_matches('/');
            let company = self.company.get(paths::folder(path));
            let fit = Fit::new(from, path, folder, company.copied().unwrap_or(0));
            // `<string.h>` is the system's, unless the repository has a folder for such headers.
            if !is_ours && !fit.is_usual {
                continue;
            }
            is_tie = best.as_ref().is_some_and(|(known, _)| fit == *known);
            if best.as_ref().is_none_or(|(known, _)| fit > *known) {
                best = Some((fit, *file));
            }
        }
        let (fit, file) = best?;
        (fit.is_usual || !is_tie).then_some(file)
    }
}

/// How well a file fits an include; the greater the better.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    is_usual: bool,
    nearness: usize,
    depth: Reverse<usize>,
    /// Where many headers stand, compilers are more likely told to search.
    company: usize,
}

impl Fit {
    fn new(from: &str, path: &str, folder: &str, company: usize) -> Self {
        let is_usual = matches!(
            paths::name(folder),
            "" | "include" | "inc" | "includes" | "src" | "lib" | "source" | "Source" | "Public"
        ) || paths::upwards(paths::folder(from)).any(|above| above == folder);
        Self {
            is_usual,
            nearness: paths::nearness(from, path),
            depth: Reverse(folder.matches('/').count()),
            company,
        }
    }
}

impl Resolve for C {
    fn resolve(&self, from: &Source<'_>, import: &Import, found: &mut Vec<u32>) {
        let header = import.name.trim_start_matches("./");
        if import.form == Form::File {
            let beside = paths::join(paths::folder(from.path), header);
            if let Some(file) = beside.and_then(|path| self.files.get(&path)) {
                return found.push(*file);
            }
        }
        let header = header.trim_start_matches("../");
        found.extend(self.search(from.path, header, import.form == Form::File));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_directives_outside_of_comments_and_strings() {
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
