//! Ruby: `require_relative`, `require` and `autoload`, and the folders of a repository that they look in.
//!
//! Read line by line, because what else may hold quotes in Ruby (`%w[]`, `?'`, regular expressions) would need all of
//! its grammar; only texts over several lines are skipped as such.

use std::collections::HashMap;

use super::cursor::{Cursor, is_word, text};
use super::resolver::{Resolve, Source};
use super::{Form, Import, Outline, paths};

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut waiting: Vec<&[u8]> = Vec::new();
    let mut in_comment = false;
    for line in source.split(|&byte| byte == b'\n') {
        let trimmed = line.trim_ascii();
        if let Some(label) = waiting.first() {
            if trimmed == *label {
                waiting.remove(0);
            }
        } else if in_comment {
            in_comment = !line.starts_with(b"=end");
        } else if line.starts_with(b"=begin") {
            in_comment = true;
        } else if trimmed == b"__END__" {
            break;
        } else {
            read_line(line, &mut found, &mut waiting);
        }
    }
    found
}

fn read_line<'a>(line: &'a [u8], found: &mut Outline, waiting: &mut Vec<&'a [u8]>) {
    let mut cursor = Cursor::new(line);
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'#' if !is_word(cursor.before()) => return,
            b'\'' | b'"' | b'`' => {
                cursor.quoted();
            }
            b'<' if cursor.rest().starts_with(b"<<") => waiting.extend(heredoc(&mut cursor)),
            byte if is_word(byte) => {
                let is_other = matches!(cursor.before(), b'.' | b':' | b'@' | b'$' | b'%');
                match cursor.word() {
                    _ if is_other => {}
                    b"require" | b"load" => required(&mut cursor, Form::Whole, found),
                    b"require_relative" => required(&mut cursor, Form::File, found),
                    b"autoload" => {
                        while !matches!(cursor.peek(), b',' | 0) {
                            cursor.skip(1);
                        }
                        cursor.skip(1);
                        required(&mut cursor, Form::Whole, found);
                    }
                    _ => {}
                }
            }
            _ => cursor.skip(1),
        }
    }
}

/// The label that ends the text after `<<~LABEL`, `<<-"LABEL"` or `<<LABEL`.
fn heredoc<'a>(cursor: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let joined = is_word(cursor.before());
    cursor.skip(2);
    let is_marked = cursor.eat(b"~") || cursor.eat(b"-");
    let is_quoted = matches!(cursor.peek(), b'"' | b'\'' | b'`');
    if is_quoted {
        cursor.skip(1);
    }
    let first = cursor.peek();
    let label = cursor.word();
    // Else it is a shift, or `class << self`.
    let is_label = first.is_ascii_uppercase()
        || first == b'_'
        || (is_marked || is_quoted) && !first.is_ascii_digit();
    (!label.is_empty() && is_label && (is_marked || !joined)).then_some(label)
}

fn required(cursor: &mut Cursor<'_>, form: Form, found: &mut Outline) {
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
            b"__dir__" => found.import(Form::File, path),
            // From a file, the first step up leads to its folder.
            b"__FILE__" => found.import(Form::File, path.strip_prefix("../").unwrap_or(path)),
            _ => {}
        }
    } else {
        let path = literal(cursor);
        found.import(form, path);
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

/// Where Ruby looks for what is required.
pub(super) struct Ruby {
    files: HashMap<String, u32>,
    /// By the path from each folder above it that usually is searched.
    searched: HashMap<String, Vec<(String, u32)>>,
}

impl Ruby {
    pub(super) fn new(sources: &[(u32, Source<'_>)]) -> Self {
        let mut searched: HashMap<String, Vec<(String, u32)>> = HashMap::new();
        let mut files = HashMap::new();
        for (file, source) in sources {
            files.insert(source.path.to_owned(), *file);
            let path = source.path.strip_suffix(".rb").unwrap_or(source.path);
            for folder in paths::upwards(paths::folder(path)) {
                if matches!(paths::name(folder), "" | "lib" | "test" | "spec" | "ext") {
                    let name = path[folder.len()..].trim_start_matches('/');
                    searched
                        .entry(name.to_owned())
                        .or_default()
                        .push((source.path.to_owned(), *file));
                }
            }
        }
        Self { files, searched }
    }

    fn file(&self, path: &str) -> Option<u32> {
        let with_ending = self.files.get(&format!("{path}.rb"));
        with_ending.or_else(|| self.files.get(path)).copied()
    }
}

impl Resolve for Ruby {
    fn resolve(&self, from: &Source<'_>, import: &Import, found: &mut Vec<u32>) {
        if import.form == Form::File || import.name.starts_with('.') {
            let path = paths::join(paths::folder(from.path), &import.name);
            found.extend(path.and_then(|path| self.file(&path)));
            return;
        }
        let name = import.name.strip_suffix(".rb").unwrap_or(&import.name);
        let candidates = self.searched.get(name).map_or(&[][..], Vec::as_slice);
        let nearest = candidates
            .iter()
            .rev()
            .max_by_key(|(path, _)| paths::nearness(from.path, path));
        found.extend(nearest.map(|(_, file)| *file));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requires_of_literals_are_told() {
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
