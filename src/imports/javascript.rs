//! JavaScript and TypeScript: reads `import`, `export … from`, `require('…')`, `import('…')` and
//! `/// <reference path="…" />`.

use super::cursor::{Cursor, is_word, text};
use super::outline::{ImportKind, Outline};

/// Keywords after which a slash begins a regular expression.
const BEFORE_VALUE: [&[u8]; 14] = [
    b"await",
    b"case",
    b"delete",
    b"do",
    b"else",
    b"in",
    b"instanceof",
    b"new",
    b"of",
    b"return",
    b"throw",
    b"typeof",
    b"void",
    b"yield",
];

pub(super) fn extract(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    read(source, &mut found);
    found
}

/// Reads the imports of all scripts in a single-file component.
pub(super) fn extract_component(source: &[u8]) -> Outline {
    let mut found = Outline::default();
    let mut cursor = Cursor::new(source);
    loop {
        cursor.skip_past(b"<script");
        if cursor.is_at_end() {
            return found;
        }
        cursor.skip_past(b">");
        let start = cursor.clone();
        cursor.skip_past(b"</script");
        read(cursor.since(&start), &mut found);
    }
}

fn read(source: &[u8], found: &mut Outline) {
    let mut cursor = Cursor::new(source);
    let mut depth = 0_usize;
    // For each open template literal, the brace depth of its `${`.
    let mut templates: Vec<usize> = Vec::new();
    let mut after_value = false;
    while !cursor.is_at_end() {
        let byte = cursor.peek();
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' => {
                cursor.skip(1);
                continue;
            }
            b'/' if cursor.peek_at(1) == b'/' => {
                let start = cursor.clone();
                cursor.skip_line();
                reference(cursor.since(&start), found);
                continue;
            }
            b'/' if cursor.peek_at(1) == b'*' => {
                cursor.skip(2);
                cursor.skip_past(b"*/");
                continue;
            }
            b'/' if !after_value && cursor.previous() != b'<' => {
                after_value = skip_regex(&mut cursor);
                continue;
            }
            b'\'' | b'"' => {
                cursor.quoted();
                after_value = true;
                continue;
            }
            b'`' => {
                cursor.skip(1);
                after_value = !skip_to_expression(&mut cursor);
                if !after_value {
                    templates.push(depth);
                }
                continue;
            }
            b'{' => depth += 1,
            b'}' if templates.last() == Some(&depth) => {
                cursor.skip(1);
                after_value = !skip_to_expression(&mut cursor);
                if after_value {
                    templates.pop();
                }
                continue;
            }
            b'}' => depth = depth.saturating_sub(1),
            byte if is_word(byte) || byte == b'$' => {
                let is_member = cursor.previous() == b'.' && !ends_with_spread(&cursor, source);
                let word = word(&mut cursor);
                after_value = !BEFORE_VALUE.contains(&word);
                if !is_member {
                    match word {
                        b"import" => import(&mut cursor, found),
                        b"export" => export(&mut cursor, found),
                        b"require" => call(&mut cursor, found),
                        _ => {}
                    }
                }
                continue;
            }
            _ => {}
        }
        after_value = matches!(byte, b')' | b']');
        cursor.skip(1);
    }
}

fn ends_with_spread(cursor: &Cursor<'_>, source: &[u8]) -> bool {
    source[..source.len() - cursor.rest().len()].ends_with(b"...")
}

fn word<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    let start = cursor.clone();
    while is_word(cursor.peek()) || cursor.peek() == b'$' {
        cursor.skip(1);
    }
    cursor.since(&start)
}

/// Skips a regular expression that ends on this line, or else only the slash. Returns whether there was one.
fn skip_regex(cursor: &mut Cursor<'_>) -> bool {
    cursor.skip(1);
    let start = cursor.clone();
    let mut in_class = false;
    loop {
        match cursor.peek() {
            b'\\' => cursor.skip(1),
            b'[' => in_class = true,
            b']' => in_class = false,
            b'/' if !in_class => {
                cursor.skip(1);
                return true;
            }
            b'\n' | 0 => {
                *cursor = start;
                return false;
            }
            _ => {}
        }
        cursor.skip(1);
    }
}

/// Skips the text of a template literal. Returns whether it stopped inside a `${` instead of at the end of the literal.
fn skip_to_expression(cursor: &mut Cursor<'_>) -> bool {
    while !cursor.is_at_end() {
        match cursor.peek() {
            b'\\' => cursor.skip(1),
            b'`' => {
                cursor.skip(1);
                return false;
            }
            b'$' if cursor.peek_at(1) == b'{' => {
                cursor.skip(2);
                return true;
            }
            _ => {}
        }
        cursor.skip(1);
    }
    false
}

/// Reads `/// <reference path="…" />`.
fn reference(comment: &[u8], found: &mut Outline) {
    let Some(rest) = comment.strip_prefix(b"///") else {
        return;
    };
    let mut cursor = Cursor::new(rest);
    cursor.skip_blanks();
    if !cursor.eat(b"<reference") {
        return;
    }
    cursor.skip_blanks();
    if cursor.eat(b"path=") && matches!(cursor.peek(), b'"' | b'\'') {
        let path = cursor.quoted().map(text).unwrap_or_default();
        found.import(ImportKind::File, path);
    }
}

/// Reads what follows `import`.
fn import(cursor: &mut Cursor<'_>, found: &mut Outline) {
    cursor.skip_space();
    match cursor.peek() {
        b'(' => call(cursor, found),
        b'\'' | b'"' => literal(cursor, found),
        _ => from(cursor, found),
    }
}

/// Reads what follows `export`: only braces or a star can re-export from another file.
fn export(cursor: &mut Cursor<'_>, found: &mut Outline) {
    cursor.skip_space();
    if cursor.eat_word(b"type") {
        cursor.skip_space();
    }
    if matches!(cursor.peek(), b'{' | b'*') {
        from(cursor, found);
    }
}

/// Reads the names up to `from` and the literal after it. Stops at anything else.
fn from(cursor: &mut Cursor<'_>, found: &mut Outline) {
    let mut in_braces = false;
    loop {
        cursor.skip_space();
        match cursor.peek() {
            b'{' => in_braces = true,
            // The end of the list, perhaps without a source.
            b'}' => {
                cursor.skip(1);
                cursor.skip_space();
                if cursor.eat_word(b"from") {
                    cursor.skip_space();
                    literal(cursor, found);
                }
                return;
            }
            b'*' | b',' => {}
            b'\'' | b'"' if in_braces => {
                cursor.quoted();
                continue;
            }
            byte if is_word(byte) || byte == b'$' => {
                let word = word(cursor);
                if word == b"from" && !in_braces {
                    cursor.skip_space();
                    if matches!(cursor.peek(), b'\'' | b'"') {
                        return literal(cursor, found);
                    }
                }
                continue;
            }
            _ => return,
        }
        cursor.skip(1);
    }
}

/// Reads `('…')` after `require` or a dynamic `import`. A path that is computed at run time is ignored.
fn call(cursor: &mut Cursor<'_>, found: &mut Outline) {
    cursor.skip_space();
    if cursor.peek() != b'(' {
        return;
    }
    cursor.skip(1);
    cursor.skip_space();
    let inside = cursor.clone();
    let path = match cursor.peek() {
        b'\'' | b'"' => cursor.quoted(),
        b'`' => cursor.quoted().filter(|path| !path.contains(&b'$')),
        _ => return,
    };
    cursor.skip_space();
    match (path, cursor.peek()) {
        (Some(path), b')' | b',') => found.import(ImportKind::Exact, text(path)),
        _ => *cursor = inside,
    }
}

fn literal(cursor: &mut Cursor<'_>, found: &mut Outline) {
    if matches!(cursor.peek(), b'\'' | b'"') {
        let path = cursor.quoted().map(text).unwrap_or_default();
        found.import(ImportKind::Exact, path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(source: &str) -> Vec<String> {
        let outline = extract(source.as_bytes());
        outline.imports.into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn every_form_of_import_is_found() {
        let source = r#"
            import 'side';
            import a from "./default";
            import * as b from './star';
            import c, { d as e, "f-g" as h } from './both'
            import type { T } from './types';
            import type from './named-type';
            import from from './named-from';
            import i = require('./equals');
            export * from './all'; export * as ns from './ns';
            export { j, k } from './list';
            export type { L } from './type-list'
            const m = require("./cjs"), n = await import('./dynamic');
            const o = import(/* webpackChunkName: "x" */ `./template`);
            let p: import('./type-of').Name = f(...require('./spread'));
            import {
              q, // one
              r  /* two */
            } from './lines' with { type: 'json' };"#;
        assert_eq!(
            names(source),
            [
                "side",
                "./default",
                "./star",
                "./both",
                "./types",
                "./named-type",
                "./named-from",
                "./equals",
                "./all",
                "./ns",
                "./list",
                "./type-list",
                "./cjs",
                "./dynamic",
                "./template",
                "./type-of",
                "./spread",
                "./lines"
            ]
        );
    }

    #[test]
    fn text_that_only_looks_like_an_import_is_ignored() {
        let source = r#"
            // import a from './comment';
            /* require('./comment') */
            const a = "import b from './string'", c = 'require("./string")';
            const d = `import e from './template' ${ `require('./deep')` } require('./text')`;
            f.require('./member'); g.import('./member');
            const h = { import: './key', require: './key' };
            export const i = 1; export { j }; export default './default';
            import.meta.resolve('./meta');
            require(k + './sum'); import(`./${l}`); require('./sum' + m);
            const n = /require('.\/regex')/.test(x) ? a / b / c : [/['"`]/, /[/'"]/];
            "#;
        assert_eq!(names(source), [""; 0]);
    }

    #[test]
    fn text_between_tags_hides_no_later_import() {
        let source = "const a = <p>don't `{`it`}` // here</p>;\nconst b = <a href='x'/>;\nimport('./after');";
        assert_eq!(names(source), ["./after"]);
        let nested = "const a = `${ b ? `${require('./in')}` : { c: 1 } }`; require('./after')";
        assert_eq!(names(nested), ["./in", "./after"]);
    }

    #[test]
    fn reference_comments_import_files() {
        let outline =
            extract(b"/// <reference path=\"./a.d.ts\" />\n/// <reference types='b' />\n");
        assert_eq!(outline.imports.len(), 1);
        assert_eq!(outline.imports[0].kind, ImportKind::File);
        assert_eq!(outline.imports[0].name, "./a.d.ts");
    }

    #[test]
    fn a_component_has_the_imports_of_its_scripts() {
        let page = b"<template>don't import x from './no'</template>\n<script setup lang=\"ts\">\n\
         import A from './A.vue'\n</script>\n<script>import './b'</script>";
        let outline = extract_component(page);
        let names: Vec<&str> = outline.imports.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["./A.vue", "./b"]);
    }
}
