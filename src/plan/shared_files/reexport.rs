//! Recognises files that only re-export what other files hold: an `index.ts` of exports, an `__init__.py` of imports, a
//! `mod.rs` of declarations.
//!
//! The whole text must consist of such statements; one other line disqualifies the file. Comments are skipped with
//! simple patterns. A misread file is only put into a unit like any other.

use std::sync::LazyLock;

use regex::Regex;

/// A file with a single statement is an alias rather than a place where many changes meet.
const FEWEST: usize = 2;

/// A file that only re-exports is small.
const MOST_BYTES: usize = 64 << 10;

/// The statements that a re-exporting file of a language consists of.
struct Grammar {
    /// What may stand between statements.
    blank: Regex,
    /// A statement that re-exports. The group `list` holds several names, separated by commas.
    handing_on: Regex,
    /// Other statements that may occur.
    beside: Regex,
}

impl Grammar {
    fn new(blank: &str, handing_on: &str, beside: &str) -> Self {
        let anchored = |pattern: &str| {
            #[expect(clippy::unwrap_used, reason = "the patterns are the constants below")]
            Regex::new(&format!("^(?:{pattern})")).unwrap()
        };
        Self {
            blank: anchored(blank),
            handing_on: anchored(handing_on),
            beside: anchored(beside),
        }
    }

    fn only_reexports(&self, text: &str) -> bool {
        let mut rest = text;
        let mut found = 0;
        loop {
            if let Some(blank) = self.blank.find(rest) {
                rest = &rest[blank.end()..];
            }
            if rest.is_empty() {
                return found >= FEWEST;
            }
            if let Some(statement) = self.handing_on.captures(rest) {
                let several = statement.name("list").map_or(1, |list| {
                    list.as_str()
                        .split(',')
                        .filter(|it| !it.trim().is_empty())
                        .count()
                });
                found += several;
                rest = &rest[statement[0].len()..];
            } else if let Some(statement) = self.beside.find(rest) {
                rest = &rest[statement.end()..];
            } else {
                return false;
            }
        }
    }
}

static SCRIPT: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::new(
        r"(?s)(?:[\s;]|//[^\n]*|/\*.*?\*/)*",
        r#"(?x)
            export \s* (?:type\s*)? (?: \* (?:\s*as\s+[\w$]+)? | \{ (?<list>[^{}]*) \} )
                (?: \s* from \s* ["'][^"'\n]*["'] )?
            | (?:module\.)? exports (?:\.[\w$]+)? \s*=\s* require\( \s* ["'][^"'\n]*["'] \s* \) (?:\.[\w$]+)*
        "#,
        r#"(?x)
            import \s+ (?:type\s+)? [^;"'()]*? from \s* ["'][^"'\n]*["']
            | import \s* ["'][^"'\n]*["']
            | export \s+ default \s+ [\w$]+ \s* (?:;|\n|$)
            | ["'] use \s (?:strict|client|server) ["']
        "#,
    )
});

static PYTHON: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::new(
        r"(?:[\s;]|#[^\n]*)*",
        r"(?x)
            from \s+ [\w.]+ \s+ import \s+ (?: \( (?:[^()]*) \) | [^\n\\(]+ (?:\\\n[^\n\\]+)* )
        ",
        r#"(?xs)
            import \s+ [\w.,\x20]+
            | __all__ \s* \+?= \s* (?: \[ [^\[\]]* \] | \( [^()]* \) )
            | __version__ \s* = \s* ["'][^"'\n]*["']
            | [rRuU]? """ .*? """ | [rRuU]? ''' .*? ''' | "[^"\n]*" | '[^'\n]*'
        "#,
    )
});

static RUST: LazyLock<Grammar> = LazyLock::new(|| {
    Grammar::new(
        r"(?s)(?:\s|//[^\n]*|/\*.*?\*/|\#!?\[[^\]]*\])*",
        r"(?x)
            (?: pub \s* (?:\([^()]*\)\s*)? )? mod \s+ \w+ \s* ;
            | pub \s* (?:\([^()]*\)\s*)? use \s+ [^;]+ ;
        ",
        r"(?x) use \s+ [^;]+ ; | (?:pub\s+)? extern \s+ crate \s+ [^;]+ ;",
    )
});

/// Checks whether a file of this name and content re-exports several things and does nothing else.
pub(super) fn only_reexports(name: &str, content: &[u8]) -> bool {
    let grammar = match name.rsplit_once('.') {
        Some((_, "js" | "jsx" | "ts" | "tsx" | "mjs" | "cjs" | "mts" | "cts")) => &SCRIPT,
        Some(("__init__", "py" | "pyi")) => &PYTHON,
        Some(("mod" | "lib", "rs")) => &RUST,
        _ => return false,
    };
    content.len() <= MOST_BYTES
        && str::from_utf8(content)
            .is_ok_and(|text| grammar.only_reexports(text.trim_start_matches('\u{feff}')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one(name: &str, text: &str) -> bool {
        only_reexports(name, text.as_bytes())
    }

    #[test]
    fn files_that_only_reexport_are_recognised() {
        for (name, text) in [
            (
                "index.ts",
                "// all\nexport * from './a'\nexport * as b from \"./b\";\n",
            ),
            (
                "index.js",
                "'use strict';\n/* x */\nexport { A, B } from './a';\n",
            ),
            (
                "public.ts",
                "import { a } from './a';\nimport type {\n  B,\n} from './b'\nexport { a, B };",
            ),
            (
                "index.js",
                "exports.a = require('./a');\nmodule.exports.b = require('./b').b\n",
            ),
            (
                "index.mts",
                "export type { A, B } from './a';\nexport { default } from './b';\n",
            ),
            (
                "__init__.py",
                "\"\"\"Words.\n\"\"\"\nfrom .a import b, c\nfrom .d import (\n    e,\n)\n__all__ = [\n  'b',\n]\n",
            ),
            (
                "mod.rs",
                "//! Words.\n\nmod a;\npub mod b;\n#[cfg(test)]\nmod tests;\npub use a::{A, B};\n",
            ),
        ] {
            assert!(is_one(name, text), "{text}");
        }
    }

    #[test]
    fn files_with_other_code_are_not() {
        for (name, text) in [
            ("index.ts", ""),
            ("index.ts", "export * from './a';\n"),
            (
                "index.ts",
                "export * from './a';\nexport * from './b';\nexport const x = 1;\n",
            ),
            (
                "index.ts",
                "export * from './a';\nexport * from './b';\nstart();\n",
            ),
            (
                "__init__.py",
                "from .a import b\nfrom .c import d\nsetup()\n",
            ),
            ("__init__.py", "# nothing\n"),
            ("models.py", "from .a import b\nfrom .c import d\n"),
            ("mod.rs", "mod a;\nmod b;\nfn c() {}\n"),
            ("main.rs", "mod a;\nmod b;\n"),
            ("index.css", "export * from './a';\nexport * from './b';\n"),
        ] {
            assert!(!is_one(name, text), "{text}");
        }
    }
}
