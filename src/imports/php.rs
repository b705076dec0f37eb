//! PHP: reads `use`, `require` of literal paths, and the classes and functions that a file declares.
//!
//! All autoloader rules (PSR-4, class maps) lead to the file that declares a class, so a class is looked up by its
//! declaration.

use std::collections::HashMap;

use super::cursor::{Cursor, is_word, text};
use super::declared_names::DeclaredNames;
use super::family::FamilyResolver;
use super::outline::{Import, ImportKind, Outline};
use super::paths;
use super::source_file::{FileIndex, SourceFile};

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut reader = Reader {
        cursor: Cursor::new(source),
        namespace: String::new(),
        aliases: HashMap::new(),
        depth: 0,
        class: None,
        found: Outline::default(),
    };
    reader.read();
    reader.found
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    namespace: String,
    /// The full name of each imported short name.
    aliases: HashMap<String, String>,
    depth: usize,
    /// The brace depth of the open class.
    class: Option<usize>,
    found: Outline,
}

impl Reader<'_> {
    fn read(&mut self) {
        self.cursor.skip_past(b"<?");
        let mut previous: &[u8] = b"";
        while !self.cursor.is_at_end() {
            match self.cursor.peek() {
                b'?' if self.cursor.peek_at(1) == b'>' => self.cursor.skip_past(b"<?"),
                b'#' if self.cursor.peek_at(1) != b'[' => self.skip_line_comment(),
                b'/' if self.cursor.peek_at(1) == b'/' => self.skip_line_comment(),
                b'/' if self.cursor.peek_at(1) == b'*' => self.cursor.skip_comment(),
                quote @ (b'"' | b'\'' | b'`') => {
                    self.cursor.skip(1);
                    self.cursor.skip_to_quote(quote);
                }
                b'<' if self.cursor.eat(b"<<<") => self.skip_heredoc(),
                b'{' => {
                    self.depth += 1;
                    self.cursor.skip(1);
                }
                b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    if self.class == Some(self.depth) {
                        self.class = None;
                    }
                    self.cursor.skip(1);
                }
                b'$' => {
                    self.cursor.skip(1);
                    self.cursor.word();
                }
                byte if is_word(byte) => {
                    let is_member = matches!(self.cursor.previous(), b'>' | b':' | b'\\');
                    let word = self.cursor.word();
                    if !is_member && self.cursor.peek() != b'\\' {
                        self.word(word, previous);
                    }
                    previous = word;
                    continue;
                }
                b' ' | b'\t' | b'\r' | b'\n' => {
                    self.cursor.skip(1);
                    continue;
                }
                _ => self.cursor.skip(1),
            }
            previous = b"";
        }
    }

    /// Skips a comment to the end of its line, or to the end of the code.
    fn skip_line_comment(&mut self) {
        while !matches!(self.cursor.peek(), b'\n' | 0) && !self.cursor.rest().starts_with(b"?>") {
            self.cursor.skip(1);
        }
        if self.cursor.peek() == 0 {
            self.cursor.skip(1);
        }
    }

    fn skip_heredoc(&mut self) {
        self.cursor.skip_blanks();
        if matches!(self.cursor.peek(), b'"' | b'\'') {
            self.cursor.skip(1);
        }
        let label = self.cursor.word();
        self.cursor.skip_line();
        while !label.is_empty() && !self.cursor.is_at_end() {
            self.cursor.skip(1);
            self.cursor.skip_blanks();
            if self.cursor.eat_word(label) {
                return;
            }
            self.cursor.skip_line();
        }
    }

    fn word(&mut self, word: &[u8], previous: &[u8]) {
        match word.to_ascii_lowercase().as_slice() {
            b"namespace" => {
                self.cursor.skip_space();
                self.namespace = self.name();
                self.cursor.skip_space();
                // The braces of a namespace do not count as depth.
                self.cursor.eat(b"{");
                self.depth = 0;
            }
            b"use" => {
                self.cursor.skip_space();
                if self.class.is_some() {
                    self.use_traits();
                } else if self.cursor.peek() != b'(' {
                    self.use_names();
                }
            }
            b"class" | b"interface" | b"trait" | b"enum"
                if self.class.is_none() && previous != b"new" =>
            {
                self.cursor.skip_space();
                let name = text(self.cursor.word());
                if !name.is_empty() {
                    self.declare(name);
                    self.class = Some(self.depth);
                }
            }
            b"function" if self.class.is_none() => {
                self.cursor.skip_space();
                self.cursor.eat(b"&");
                let name = text(self.cursor.word());
                if !name.is_empty() && self.depth == 0 {
                    self.declare(name);
                }
            }
            b"require" | b"require_once" | b"include" | b"include_once" => self.require(),
            _ => {}
        }
    }

    fn declare(&mut self, name: &str) {
        let name = qualified(&self.namespace, name);
        self.found.declares.push(name);
    }

    /// Reads `A\B\C`, without a leading backslash.
    fn name(&mut self) -> String {
        let start = self.cursor.clone();
        while is_word(self.cursor.peek()) || self.cursor.peek() == b'\\' {
            self.cursor.skip(1);
        }
        text(self.cursor.since(&start))
            .trim_start_matches('\\')
            .to_owned()
    }

    /// Reads `A\B as C, function D\{e, f}` after `use`.
    fn use_names(&mut self) {
        loop {
            self.skip_kind();
            let name = self.name();
            self.cursor.skip_space();
            if self.cursor.eat(b"{") {
                loop {
                    self.cursor.skip_space();
                    self.skip_kind();
                    let inner = self.name();
                    if inner.is_empty() {
                        break;
                    }
                    self.import(format!("{name}{inner}"));
                    self.cursor.skip_space();
                    self.cursor.eat(b",");
                }
                self.cursor.eat(b"}");
            } else if name.is_empty() {
                return;
            } else {
                self.import(name);
            }
            self.cursor.skip_space();
            if !self.cursor.eat(b",") {
                return;
            }
            self.cursor.skip_space();
        }
    }

    /// Skips `function` or `const` before an imported name.
    fn skip_kind(&mut self) {
        let before = self.cursor.clone();
        if self.cursor.eat_word(b"function") || self.cursor.eat_word(b"const") {
            if self.cursor.peek() == b'\\' {
                self.cursor = before;
            }
            self.cursor.skip_space();
        }
    }

    fn import(&mut self, name: String) {
        self.cursor.skip_space();
        let alias = if self.cursor.eat_word(b"as") {
            self.cursor.skip_space();
            text(self.cursor.word()).to_owned()
        } else {
            name.rsplit('\\').next().unwrap_or_default().to_owned()
        };
        self.aliases.insert(alias, name.clone());
        self.found.import(ImportKind::Exact, name);
    }

    /// Reads the traits that a class uses, with their full names.
    fn use_traits(&mut self) {
        loop {
            let is_full = self.cursor.peek() == b'\\';
            let name = self.name();
            if name.is_empty() {
                return;
            }
            let (first, rest) = name.split_once('\\').unwrap_or((&name, ""));
            let full = match self.aliases.get(first) {
                _ if is_full => name,
                Some(alias) if rest.is_empty() => alias.clone(),
                Some(alias) => format!("{alias}\\{rest}"),
                None => qualified(&self.namespace, &name),
            };
            self.found.import(ImportKind::Exact, full);
            self.cursor.skip_space();
            if !self.cursor.eat(b",") {
                return;
            }
            self.cursor.skip_space();
        }
    }

    /// Reads `'a.php'`, `__DIR__ . '/a.php'` or `dirname(__FILE__, 2) . '/a.php'` after `require`.
    fn require(&mut self) {
        self.cursor.skip_space();
        let in_brackets = self.cursor.eat(b"(");
        self.cursor.skip_space();
        let mut up = String::new();
        let folder = self.cursor.clone();
        while self.cursor.eat_word(b"dirname") {
            self.cursor.eat(b"(");
            self.cursor.skip_space();
            up.push_str("../");
        }
        let from_here = if self.cursor.eat_word(b"__DIR__") {
            true
        } else if self.cursor.eat_word(b"__FILE__") {
            up.truncate(up.len().saturating_sub(3));
            true
        } else {
            self.cursor = folder;
            false
        };
        if from_here {
            while matches!(self.cursor.peek(), b')' | b' ') {
                self.cursor.skip(1);
            }
            if !self.cursor.eat(b".") {
                return;
            }
            self.cursor.skip_space();
        }
        if !matches!(self.cursor.peek(), b'\'' | b'"') {
            return;
        }
        let path = self.cursor.quoted().map(text).unwrap_or_default();
        self.cursor.skip_space();
        let ends = matches!(self.cursor.peek(), b';' | b',')
            || (in_brackets && self.cursor.peek() == b')')
            || self.cursor.rest().starts_with(b"?>");
        if ends && !path.contains('$') && !path.is_empty() {
            self.found.import(
                ImportKind::File,
                format!("{up}{}", path.trim_start_matches('/')),
            );
        }
    }
}

fn qualified(namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        name.to_owned()
    } else {
        format!("{namespace}\\{name}")
    }
}

/// The declared classes and functions of a repository, and its files.
pub(super) struct PhpDeclarations {
    names: DeclaredNames,
    files: HashMap<String, FileIndex>,
}

impl PhpDeclarations {
    pub(super) fn new(sources: &[(FileIndex, SourceFile<'_>)]) -> Self {
        Self {
            names: DeclaredNames::new(sources, "\\"),
            files: sources
                .iter()
                .map(|(file, source)| (source.path.to_owned(), *file))
                .collect(),
        }
    }
}

impl FamilyResolver for PhpDeclarations {
    fn resolve(&self, from: &SourceFile<'_>, import: &Import, found: &mut Vec<FileIndex>) {
        if import.kind == ImportKind::File {
            // Beside the importer, or in the folder that the program starts in.
            let folders = [paths::folder(from.path), ""];
            let file = folders
                .iter()
                .find_map(|folder| self.files.get(&paths::join(folder, &import.name)?));
            found.extend(file);
            return;
        }
        // Fixtures may declare the same name: the nearest declaration counts.
        let declaring = self.names.declaring(&import.name);
        found.extend(self.names.nearest(from.path, declaring));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_requires_and_declarations_are_read() {
        let source = br#"<p>don't use A\No;</p>
<?php # use A\No;
namespace App\Model; // class No ?> <b>use No;</b> <?php
use A\B, C\D as E; use function F\g; use const H\I;
use J\{K, L\M as N, function o};
#[Attr] final class P extends Q {
    use R, E\S { foo as bar; } use \T;
    function u() use_it { return function () use ($x) { return P::class; }; }
}
$v = new class { use W; }; function x() { require 'no.php' . $y; }
$heredoc = <<<EOT
use A\No; class No {}
  EOT;
$s = 'class No
use A\No;';
require_once __DIR__ . '/a.php'; include('b.php'); require dirname(__FILE__) . '/../c.php';
require dirname(__DIR__) . "/d.php"; enum Y: int { case Z = 1; }
"#;
        let outline = extract(source);
        let imports: Vec<&str> = outline.imports.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(
            imports,
            [
                r"A\B",
                r"C\D",
                r"F\g",
                r"H\I",
                r"J\K",
                r"J\L\M",
                r"J\o",
                r"App\Model\R",
                r"C\D\S",
                "T",
                "W",
                "a.php",
                "b.php",
                "../c.php",
                "../d.php"
            ]
        );
        assert_eq!(
            outline.declares,
            [r"App\Model\P", r"App\Model\x", r"App\Model\Y"]
        );
    }
}
