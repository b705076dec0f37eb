//! Ruby: reads `require_relative`, `require` and `autoload`, and finds the files on the load path.
//!
//! Reads line by line, because quotes inside `%w[]`, `?'` and regular expressions can be told from strings only with
//! the whole grammar. Heredocs and block comments are skipped.

use std::collections::HashMap;

use super::cursor::{Cursor, is_word, text};
use super::family::FamilyResolver;
use super::outline::{Import, ImportKind, Outline};
use super::paths;
use super::source_file::{FileIndex, SourceFile};

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    // The labels of the heredocs that are open.
    let mut heredocs: Vec<&[u8]> = Vec::new();
    let mut in_comment = false;
    for line in source.split(|&byte| byte == b'\n') {
        let trimmed = line.trim_ascii();
        if let Some(label) = heredocs.first() {
            if trimmed == *label {
                heredocs.remove(0);
            }
        } else if in_comment {
            in_comment = !line.starts_with(b"=end");
        } else if line.starts_with(b"=begin") {
            in_comment = true;
        } else if trimmed == b"__END__" {
            break;
        } else {
            read_line(line, &mut found, &mut heredocs);
        }
    }
    found
}

fn read_line<'a>(line: &'a [u8], found: &mut Outline, heredocs: &mut Vec<&'a [u8]>) {
    let mut cursor = Cursor::new(line);
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'#' if !is_word(cursor.previous()) => return,
            b'\'' | b'"' | b'`' => {
                cursor.quoted();
            }
            b'<' if cursor.rest().starts_with(b"<<") => heredocs.extend(heredoc_label(&mut cursor)),
            byte if is_word(byte) => {
                let is_member = matches!(cursor.previous(), b'.' | b':' | b'@' | b'$' | b'%');
                match cursor.word() {
                    _ if is_member => {}
                    b"require" | b"load" => require(&mut cursor, ImportKind::Exact, found),
                    b"require_relative" => require(&mut cursor, ImportKind::File, found),
                    b"autoload" => {
                        while !matches!(cursor.peek(), b',' | 0) {
                            cursor.skip(1);
                        }
                        cursor.skip(1);
                        require(&mut cursor, ImportKind::Exact, found);
                    }
                    _ => {}
                }
            }
            _ => cursor.skip(1),
        }
    }
}

/// Reads the label of a heredoc: `<<~LABEL`, `<<-"LABEL"` or `<<LABEL`.
fn heredoc_label<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let follows_word = is_word(cursor.previous());
    cursor.skip(2);
    let is_marked = cursor.eat(b"~") || cursor.eat(b"-");
    let is_quoted = matches!(cursor.peek(), b'"' | b'\'' | b'`');
    if is_quoted {
        cursor.skip(1);
    }
    let first = cursor.peek();
    let label = cursor.word();
    // Anything else is a shift, or `class << self`.
    let is_label = first.is_ascii_uppercase()
        || first == b'_'
        || (is_marked || is_quoted) && !first.is_ascii_digit();
    (!label.is_empty() && is_label && (is_marked || !follows_word)).then_some(label)
}

/// Reads the literal path after `require` and its relatives.
fn require(cursor: &mut Cursor<'_>, kind: ImportKind, found: &mut Outline) {
    cursor.skip_blanks();
    cursor.eat(b"(");
    cursor.skip_blanks();
    if cursor.eat(b"File.expand_path") {
        cursor.skip_blanks();
        cursor.eat(b"(");
        cursor.skip_blanks();
        let path = literal(cursor);
        cursor.skip_blanks();
        cursor.eat(b",");
        cursor.skip_blanks();
        match cursor.word() {
            b"__dir__" => found.import(ImportKind::File, path),
            // From a file, the first `..` leads to its own folder.
            b"__FILE__" => found.import(ImportKind::File, path.strip_prefix("../").unwrap_or(path)),
            _ => {}
        }
    } else {
        let path = literal(cursor);
        found.import(kind, path);
    }
}

fn literal<'a>(cursor: &mut Cursor<'a>) -> &'a str {
    match cursor.peek() {
        b'\'' | b'"' => cursor
            .quoted()
            .map(text)
            .filter(|path| !path.contains("#{"))
            .unwrap_or_default(),
        _ => "",
    }
}

/// The files of a repository and their names on the load path.
pub(super) struct RubyLoadPath {
    files: HashMap<String, FileIndex>,
    /// The files by the name under which `require` finds them, from each usual load folder above them.
    by_name: HashMap<String, Vec<(String, FileIndex)>>,
}

impl RubyLoadPath {
    pub(super) fn new(sources: &[(FileIndex, SourceFile<'_>)]) -> Self {
        let mut by_name: HashMap<String, Vec<(String, FileIndex)>> = HashMap::new();
        let mut files = HashMap::new();
        for (file, source) in sources {
            files.insert(source.path.to_owned(), *file);
            let path = source.path.strip_suffix(".rb").unwrap_or(source.path);
            for folder in paths::ancestors(paths::folder(path)) {
                if matches!(paths::name(folder), "" | "lib" | "test" | "spec" | "ext") {
                    let name = path[folder.len()..].trim_start_matches('/');
                    by_name
                        .entry(name.to_owned())
                        .or_default()
                        .push((source.path.to_owned(), *file));
                }
            }
        }
        Self { files, by_name }
    }

    fn file(&self, path: &str) -> Option<FileIndex> {
        let with_extension = self.files.get(&format!("{path}.rb"));
        with_extension.or_else(|| self.files.get(path)).copied()
    }
}

impl FamilyResolver for RubyLoadPath {
    fn resolve(&self, from: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>) {
        if import.kind == ImportKind::File || import.name.starts_with('.') {
            let path = paths::join(paths::folder(from.path), &import.name);
            found.extend(path.and_then(|path| self.file(&path)));
            return;
        }
        let name = import.name.strip_suffix(".rb").unwrap_or(&import.name);
        let candidates = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let nearest = candidates
            .iter()
            .rev()
            .max_by_key(|(path, _)| paths::shared_folders(from.path, path));
        found.extend(nearest.map(|(_, file)| *file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requires_of_literal_paths_are_read() {
        let source = br##"require 'a'; require("b/c") if x # require 'no'
require_relative '../d'
autoload :E, "e/e"
load "f.rb"
require File.expand_path("../g", __FILE__)
require File.expand_path('h', __dir__)
x = <<~TEXT + 'don'
  require 'no'
TEXT
class << self; y << z; end
=begin
require 'no'
=end
"require 'no'"; obj.require 'no'; require "#{no}"; require no
%w[it's] ; require "i"
__END__
require 'no'
"##;
        let names: Vec<String> = extract(source)
            .imports
            .into_iter()
            .map(|it| it.name)
            .collect();
        assert_eq!(names, ["a", "b/c", "../d", "e/e", "f.rb", "g", "h", "i"]);
    }
}
