//! Rust: reads `mod`, `use`, `extern crate`, `include!`, and paths that begin with `crate`, `self` or `super`.
//!
//! A path inside an inline module is rewritten as the path from the file's own module, which begins with `self` or
//! `super`.

use super::cursor::{Cursor, is_word, text};
use super::outline::{ImportKind, Outline};

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut reader = Reader {
        cursor: Cursor::new(source),
        modules: Vec::new(),
        depth: 0,
        path_attribute: None,
        found: Outline::default(),
    };
    reader.read();
    reader.found
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    /// The open inline modules, each with its brace depth.
    modules: Vec<(&'a str, usize)>,
    depth: usize,
    /// The path of `#[path = "…"]`, until the item behind the attribute.
    path_attribute: Option<&'a str>,
    found: Outline,
}

impl Reader<'_> {
    fn read(&mut self) {
        while !self.cursor.is_at_end() {
            match self.cursor.peek() {
                b'/' if self.cursor.peek_at(1) == b'/' => self.cursor.skip_line(),
                b'/' if self.cursor.peek_at(1) == b'*' => self.cursor.skip_nested_comment(),
                b'"' => {
                    self.cursor.skip(1);
                    self.cursor.skip_to_quote(b'"');
                }
                b'\'' => skip_char(&mut self.cursor),
                b'#' if self.cursor.peek_at(1) == b'[' => self.attribute(),
                b'{' => {
                    self.depth += 1;
                    self.cursor.skip(1);
                }
                b'}' => {
                    self.depth = self.depth.saturating_sub(1);
                    self.cursor.skip(1);
                    while self.modules.last().is_some_and(|(_, at)| *at >= self.depth) {
                        self.modules.pop();
                    }
                }
                b';' => {
                    self.path_attribute = None;
                    self.cursor.skip(1);
                }
                byte if is_word(byte) => self.word(),
                _ => self.cursor.skip(1),
            }
        }
    }

    fn word(&mut self) {
        let is_tail = self.cursor.previous() == b':';
        let start = self.cursor.clone();
        match self.cursor.word() {
            // Raw strings and raw identifiers.
            b"r" | b"br" | b"cr" if matches!(self.cursor.peek(), b'"' | b'#') => {
                skip_raw_string(&mut self.cursor);
            }
            b"mod" => self.module(),
            b"use" => self.use_tree(String::new()),
            b"extern" => {
                self.cursor.skip_nested_space();
                if self.cursor.eat_word(b"crate") {
                    self.cursor.skip_nested_space();
                    let name = text(self.cursor.word());
                    self.found.import(ImportKind::Exact, format!("::{name}"));
                }
            }
            b"include" | b"include_str" | b"include_bytes" if self.cursor.eat(b"!") => {
                self.include();
            }
            b"crate" | b"self" | b"super" if !is_tail && self.cursor.rest().starts_with(b"::") => {
                self.cursor = start;
                self.path();
            }
            _ => {}
        }
    }

    /// Reads `#[path = "…"]`. Skips only the bracket of any other attribute, because its content may hold imports.
    fn attribute(&mut self) {
        self.cursor.skip(2);
        self.cursor.skip_nested_space();
        if self.cursor.eat_word(b"path") {
            self.cursor.skip_nested_space();
            if self.cursor.eat(b"=") {
                self.cursor.skip_nested_space();
                if self.cursor.peek() == b'"' {
                    self.path_attribute = self.cursor.quoted().map(text);
                }
            }
        }
    }

    fn module(&mut self) {
        self.cursor.skip_nested_space();
        self.cursor.eat(b"r#");
        let name = text(self.cursor.word());
        if name.is_empty() {
            return;
        }
        self.cursor.skip_nested_space();
        match self.cursor.peek() {
            b'{' => {
                self.modules.push((name, self.depth));
                self.path_attribute = None;
            }
            b';' => match self.path_attribute.take() {
                Some(path) if self.modules.is_empty() => self.found.import(ImportKind::File, path),
                _ => {
                    let name = self.modules.iter().map(|(outer, _)| *outer).chain([name]);
                    let name = name.collect::<Vec<_>>().join("::");
                    self.found
                        .import(ImportKind::Exact, format!("self::{name}"));
                }
            },
            _ => {}
        }
    }

    /// Reads what follows `use`, or one item in the braces after `prefix`.
    fn use_tree(&mut self, prefix: String) {
        let mut path = prefix;
        loop {
            self.cursor.skip_nested_space();
            if self.cursor.eat(b"::") {
                path.push_str("::");
            } else if self.cursor.eat(b"*") {
                let module = path.trim_end_matches("::");
                let all = self.path_from_file(module);
                return self.found.import(ImportKind::Wildcard, all);
            } else if self.cursor.eat(b"{") {
                loop {
                    self.cursor.skip_nested_space();
                    if self.cursor.is_at_end() || self.cursor.eat(b"}") {
                        return;
                    }
                    let before = self.cursor.rest().len();
                    self.use_tree(path.clone());
                    self.cursor.skip_nested_space();
                    self.cursor.eat(b",");
                    if self.cursor.rest().len() == before {
                        return;
                    }
                }
            } else if is_word(self.cursor.peek()) || self.cursor.peek() == b'$' {
                self.cursor.eat(b"$");
                self.cursor.eat(b"r#");
                let word = text(self.cursor.word());
                if word == "as" && !path.is_empty() && !path.ends_with("::") {
                    self.cursor.skip_nested_space();
                    self.cursor.word();
                    return self.member(&path);
                }
                // Two words in a row are prose or the input of a macro.
                if !path.is_empty() && !path.ends_with("::") {
                    return;
                }
                path.push_str(word);
            } else {
                return match self.cursor.peek() {
                    b';' | b',' | b'}' => self.member(&path),
                    _ => {}
                };
            }
        }
    }

    /// Reads a path in an expression, a type or a macro.
    fn path(&mut self) {
        let start = self.cursor.clone();
        let mut end = start.clone();
        loop {
            self.cursor.word();
            end.clone_from(&self.cursor);
            if !(self.cursor.eat(b"::") && is_word(self.cursor.peek())) {
                break;
            }
        }
        self.cursor.clone_from(&end);
        let path = text(end.since(&start)).to_owned();
        self.member(&path);
    }

    fn member(&mut self, path: &str) {
        let path = path.strip_suffix("::self").unwrap_or(path);
        if !matches!(path, "" | "self" | "super" | "crate" | "_") {
            let path = self.path_from_file(path);
            self.found.import(ImportKind::Member, path);
        }
    }

    /// Rewrites a path in the open inline modules as a path from the file's own module.
    fn path_from_file(&self, path: &str) -> String {
        let mut open: Vec<&str> = self.modules.iter().map(|(name, _)| *name).collect();
        let mut rest = path.strip_prefix("self::").unwrap_or(path);
        while !open.is_empty() {
            match rest.strip_prefix("super") {
                Some(tail) if tail.is_empty() || tail.starts_with("::") => {
                    open.pop();
                    rest = tail.trim_start_matches("::");
                }
                _ => break,
            }
        }
        let is_relative = rest.len() < path.len() || path == "self";
        match (is_relative, rest.is_empty()) {
            (false, _) => path.to_owned(),
            (true, _) if rest.starts_with("super") => rest.to_owned(),
            (true, is_empty) => {
                let mut parts = vec!["self"];
                parts.extend(open);
                if !is_empty {
                    parts.push(rest);
                }
                parts.join("::")
            }
        }
    }

    /// Reads `("…")` after `include!`.
    fn include(&mut self) {
        self.cursor.skip_nested_space();
        if matches!(self.cursor.peek(), b'(' | b'[' | b'{') {
            self.cursor.skip(1);
            self.cursor.skip_nested_space();
            if self.cursor.peek() == b'"' {
                let path = self.cursor.quoted().map(text).unwrap_or_default();
                self.found.import(ImportKind::File, path);
            }
        }
    }
}

/// Skips a character literal, or only the quote of a lifetime.
fn skip_char(cursor: &mut Cursor<'_>) {
    cursor.skip(1);
    if cursor.peek() == b'\\' {
        cursor.skip(2);
        while !matches!(cursor.peek(), b'\'' | b'\n' | 0) {
            cursor.skip(1);
        }
        cursor.eat(b"'");
        return;
    }
    // The length of the character in UTF-8.
    let len = match cursor.peek() {
        0xf0.. => 4,
        0xe0.. => 3,
        0xc0.. => 2,
        _ => 1,
    };
    if cursor.peek_at(len) == b'\'' {
        cursor.skip(len + 1);
    }
}

/// Skips `#"…"#` after `r`.
fn skip_raw_string(cursor: &mut Cursor<'_>) {
    let mut end = vec![b'"'];
    while cursor.eat(b"#") {
        end.push(b'#');
    }
    if cursor.eat(b"\"") {
        cursor.skip_past(&end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        let outline = extract(source.as_bytes());
        outline
            .imports
            .into_iter()
            .map(|import| format!("{:?} {}", import.kind, import.name))
            .collect()
    }

    #[test]
    fn every_form_of_import_is_found() {
        let source = r#"
            mod a; pub(crate) mod b; mod r#type;
            #[path = "other/c.rs"] mod c;
            extern crate d;
            use e::{self, f::{g, h as i}, j::*};
            use ::k::l as _; pub use crate::m::N; use super::super::o;
            include!("p.rs");
            fn q() -> crate::r::S { super::t::u(self::v::W) }
            macro_rules! x { () => { $crate::y::z() } }
        "#;
        assert_eq!(
            names(source),
            [
                "Exact self::a",
                "Exact self::b",
                "Exact self::type",
                "File other/c.rs",
                "Exact ::d",
                "Member e",
                "Member e::f::g",
                "Member e::f::h",
                "Wildcard e::j",
                "Member ::k::l",
                "Member crate::m::N",
                "Member super::super::o",
                "File p.rs",
                "Member crate::r::S",
                "Member super::t::u",
                "Member self::v::W",
                "Member crate::y::z"
            ]
        );
    }

    #[test]
    fn paths_in_inline_modules_are_rewritten_from_the_file() {
        let source = "mod a { mod b; use super::c; use self::d::e; mod f { use super::super::super::g; } } \
                      use self::h::i;\n\
                      mod tests { use super::*; use j::k; }";
        assert_eq!(
            names(source),
            [
                "Exact self::a::b",
                "Member self::c",
                "Member self::a::d::e",
                "Member super::g",
                "Member self::h::i",
                "Wildcard self",
                "Member j::k"
            ]
        );
    }

    #[test]
    fn text_that_only_looks_like_an_import_is_ignored() {
        let source = r##"
            // use a::b;
            /* use /* a::b; */ mod c; */
            const A: &str = "use a::b; \" mod c;"; const B: &str = r#"use "a"::b;"#; const C: &[u8] = br"mod c;";
            fn f<'a>(x: &'a str, y: char) -> impl Sized + use<'a> { ['"', '\'', '\u{1F}', '"', 'é'] }
            let module = used::mod_a; struct S { r#use: u8 } // mod d;
            mod inline { }
        "##;
        assert_eq!(names(source), [""; 0]);
    }
}
