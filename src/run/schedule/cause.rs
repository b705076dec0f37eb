//! The cause of a failure, made comparable: what a check, an agent or a step says, without the place, the numbers and
//! the unit's own names. Pure functions over texts.

use std::sync::LazyLock;

use regex::Regex;

use crate::words;

/// Words of an ending that say nothing of its cause; the output says more.
const BARE_ENDINGS: [&str; 2] = ["exit code", "ended by "];

/// A longer cause is cut here.
const LONGEST: usize = 160;

/// The cause of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// The text that is equal for failures with the same cause.
    pub(crate) key: String,
    /// The cause in words for people, on one line.
    pub(crate) said: String,
}

/// A line that names an error.
static TELLING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"(?x) \b(?:error|ERROR|Error|fatal|panicked)\b | [a-z](?:Error|Exception)\b
        | ^E\ \ \  | \b[Cc](?:annot|an't)\b | \bundefined\b | \bunresolved\b | [Nn]o\ such\b | \bnot\ found\b",
    )
});

/// A line that names what failed, but not why.
static FAILED: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(r"(?x) \bFAIL(?:ED|URE)?\b | ^\s*(?:✗|✕|✘|×|●)\s | ^not\ ok\b"));

/// A line that a runner prints after every failure, and a line that only announces the next ones.
static EMPTY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"(?ix) ^\s*(?:npm|yarn|pnpm)\s+(?:err!|error)
          (?:\s+(?:code|errno|path|command|a\ complete|lifecycle)|\s*$)
        | ^error\s+command\s+failed | elifecycle | ^make(?:\[\d+\])?:\s\*\*\*
        | ^error:\s+(?:could\ not\ compile|aborting|test\ failed|process\ didn')
        | found\s+\d+\s+(?:error|problem) | ^\W*\d+\s+(?:errors?|problems?|failed|failing)\b
        | ^traceback | ^test\ result: | exit(?:ed)?\s+(?:with\s+)?(?:code|status) | \b0\s+(?:errors|failed)\b",
    )
});

/// The place at the beginning of a line: `src/a.ts(3,7): `, `src/a.py:3: `, `  3:10  `, `E   `, ` --> `.
static PLACE_BEFORE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(
        r"(?x)^(?: \s+ | E\ \ \ + | -+>\s* | \d+:\d+\s+ | (?:[A-Za-z]:)?[^\s:()'\x22`]*[/.\\][^\s:()'\x22`]*
        (?: [:(]\d+(?:[:,]\d+)?\)? )? (?:\s*:\s+|\s+-\s+) )+",
    )
});

/// A place at the end of a line: ` at src/a.js:3:7`, ` (src/a.js:3)`.
static PLACE_AFTER: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(r"\s*\(?(?:\b(?:at|in)\s+)?[^\s()]+:\d+(?::\d+)?\)?:?\s*$"));

/// The severity and the number of a message: `error TS2304: `, `error[E0425]: `, `error  `.
static SEVERITY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(r"^(?:fatal\s+)?(?:error|Error|ERROR|fatal)\b\s*(?:\[?[A-Z]+\d+\]?)?\s*(?::\s*|\s{2,})")
});

/// A path outside of quotes, and a number that stands alone.
static PATHS: LazyLock<Option<Regex>> =
    LazyLock::new(|| compile(r#"(^|[\s(\[=])(?:\.{0,2}/)?[^\s'"`()\[\]:]+/[^\s'"`()\[\]:]*"#));
static NUMBERS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    compile(r"\b(?:0x[0-9a-f]+|[0-9a-f]{7,40}|\d[\d.,:]*)(?:ms|s|m|h|kB|MB|GB|B|%)?\b")
});

fn compile(expression: &str) -> Option<Regex> {
    Regex::new(expression).ok()
}

impl Cause {
    /// Reads the cause of a failure from its reason, and from the last lines of the output where the reason names no
    /// more than an ending. `own` are the names and folders of the unit itself, which say nothing of the cause.
    pub(crate) fn of(reason: &str, tail: Option<&str>, own: &[&str]) -> Self {
        let first = reason.lines().next().unwrap_or_default();
        let is_bare = BARE_ENDINGS.iter().any(|words| reason.contains(words));
        let told = tail.filter(|_| is_bare).and_then(telling_line);
        let said = told.map_or_else(|| first.trim().to_owned(), |line| message(&line));
        let said = without_own(said.trim_end_matches('.'), own);
        // What ended is a part of the cause: two checks may print the same.
        let key = if is_bare {
            format!("{} {said}", without_own(first, own))
        } else {
            said.clone()
        };
        Self {
            key: normalised(&key),
            said: said.chars().take(LONGEST).collect(),
        }
    }
}

/// Returns the line of an output that says most of the cause: the first line that names an error, then the first line
/// that names what failed, and otherwise the last line.
fn telling_line(tail: &str) -> Option<String> {
    let text = words::block(tail);
    let lines: Vec<&str> = text.lines().filter(|it| !it.trim().is_empty()).collect();
    let is = |expression: &Option<Regex>, line: &str| {
        expression.as_ref().is_some_and(|it| it.is_match(line))
    };
    let first = |expression: &Option<Regex>| {
        let is_it = |line: &&str| is(expression, line) && !is(&EMPTY, line);
        lines.iter().position(is_it)
    };
    let at = first(&TELLING).or_else(|| first(&FAILED));
    let line = match at {
        // A panic of Rust says where on one line, and what on the next.
        Some(at) if lines[at].contains("panicked at ") && lines[at].ends_with(':') => {
            lines.get(at + 1).or(lines.get(at))
        }
        Some(at) => lines.get(at),
        None => lines.last(),
    };
    line.map(|line| (*line).to_owned())
}

/// Returns the message of a line, without the place and the severity around it.
fn message(line: &str) -> String {
    let without = |expression: &Option<Regex>, text: &str| match expression {
        Some(expression) => expression.replace(text, "").into_owned(),
        None => text.to_owned(),
    };
    let mut text = without(&PLACE_BEFORE, line);
    text = without(&SEVERITY, &text);
    text = without(&PLACE_AFTER, &text);
    let text = text.trim();
    if text.is_empty() { line.trim() } else { text }.to_owned()
}

fn without_own(text: &str, own: &[&str]) -> String {
    let own = own.iter().filter(|name| !name.is_empty());
    let text = own.fold(text.to_owned(), |text, name| text.replace(name, ""));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Replaces paths outside of quotes, and numbers, which differ from unit to unit.
fn normalised(text: &str) -> String {
    let with = |expression: &Option<Regex>, text: String, by: &str| match expression {
        Some(expression) => expression.replace_all(&text, by).into_owned(),
        None => text,
    };
    let text = with(&PATHS, text.to_owned(), "${1}PATH");
    with(&NUMBERS, text, "N")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RED: &str = "`npm test` failed: exit code 2";

    fn said(tail: &str) -> String {
        Cause::of(RED, Some(tail), &[]).said
    }

    #[test]
    fn every_expression_compiles() {
        for (name, expression) in [
            ("telling", &TELLING),
            ("failed", &FAILED),
            ("empty", &EMPTY),
            ("place before", &PLACE_BEFORE),
            ("place after", &PLACE_AFTER),
            ("severity", &SEVERITY),
            ("paths", &PATHS),
            ("numbers", &NUMBERS),
        ] {
            assert!(expression.is_some(), "{name}");
        }
    }

    #[test]
    fn the_message_of_a_tool_is_the_cause() {
        for (tail, expected) in [
            (
                "src/cart/a.ts(12,3): error TS2304: Cannot find name 'Foo'.\nFound 1 error in src/cart/a.ts\n",
                "Cannot find name 'Foo'",
            ),
            (
                "src/a.ts:12:3 - error TS2304: Cannot find name 'Foo'.\n",
                "Cannot find name 'Foo'",
            ),
            (
                "/w/src/a.js\n  3:10  error  'Foo' is not defined  no-undef\n\n✖ 1 problem (1 error)\n",
                "'Foo' is not defined no-undef",
            ),
            (
                "error[E0425]: cannot find value `foo` in this scope\n --> a.rs:3:5\nerror: aborting\n",
                "cannot find value `foo` in this scope",
            ),
            (
                "src/a.py:3: error: Name \"Foo\" is not defined  [name-defined]\nFound 1 error in 1 file\n",
                "Name \"Foo\" is not defined [name-defined]",
            ),
            (
                "Traceback (most recent call last):\n  File \"a.py\"\nModuleNotFoundError: No module named 'foo'\n",
                "ModuleNotFoundError: No module named 'foo'",
            ),
            (
                "    def test_a():\nE   AssertionError: 2 == 3\n1 failed in 0.2s\n",
                "AssertionError: 2 == 3",
            ),
            (
                "thread 'a' panicked at src/a.rs:3:5:\nnot signed\nerror: test failed, to rerun pass `--lib`\n",
                "not signed",
            ),
            (
                "\u{1b}[31mTypeError: x is not a function\u{1b}[39m\n    at src/a.js:3:7\nnpm ERR! code 1\n",
                "TypeError: x is not a function",
            ),
            ("./a.go:3:2: undefined: foo\nFAIL\n", "undefined: foo"),
            (
                "FAIL src/a.test.js\n  ● signs\n\n    TypeError: sign is not a function\nTests: 1 failed, 1 total\n",
                "TypeError: sign is not a function",
            ),
            (
                "test a::signs ... FAILED\n\ntest result: FAILED. 0 passed; 1 failed\n",
                "test a::signs ... FAILED",
            ),
            ("one\nnever right\n\n", "never right"),
        ] {
            assert_eq!(said(tail), expected, "{tail}");
        }
    }

    #[test]
    fn failures_with_the_same_cause_are_alike() {
        let key = |tail: &str, own: &[&str]| Cause::of(RED, Some(tail), own).key;
        let one = key(
            "src/cart/a.ts(12,3): error TS2304: Cannot find name 'Foo'.\n",
            &[],
        );
        assert_eq!(
            one,
            key(
                "src/b.ts(7,33): error TS2304: Cannot find name 'Foo'.\n",
                &[]
            )
        );
        assert_ne!(
            one,
            key(
                "src/b.ts(7,33): error TS2304: Cannot find name 'Bar'.\n",
                &[]
            )
        );
        assert_eq!(
            key(
                "FAIL 01-a after 12ms, see /w/01-a/log\n",
                &["/w/01-a", "01-a"]
            ),
            key(
                "FAIL 02-b after 3.5s, see /w/02-b/log\n",
                &["/w/02-b", "02-b"]
            )
        );
        // The same words of another check are another cause.
        let other = Cause::of(
            "`make lint` failed: exit code 2",
            Some("never right\n"),
            &[],
        );
        assert_ne!(other.key, key("never right\n", &[]));
    }

    #[test]
    fn a_reason_that_says_more_than_an_ending_is_the_cause() {
        let limit = "stopped because it was not done within 15s\nsee the log";
        let cause = Cause::of(limit, Some("the last words\n"), &[]);
        assert_eq!(cause.said, "stopped because it was not done within 15s");
        assert_eq!(cause.key, "stopped because it was not done within N");
    }

    proptest! {
        #[test]
        fn any_text_has_a_cause_of_one_line(reason in "\\PC{0,60}(\n\\PC{0,20})?", tail in "(\\PC{0,60}\n){0,4}") {
            let cause = Cause::of(&reason, Some(&tail), &["", "a"]);
            prop_assert!(cause.said.chars().count() <= LONGEST && !cause.said.contains('\n'));
        }

        #[test]
        fn the_place_and_the_numbers_are_no_part_of_the_cause(
            file in "[a-z]{1,8}(/[a-z]{1,8}){1,3}\\.ts", line in 1..9999_u32, column in 1..200_u32, took in 0..9999_u32,
        ) {
            let cause = |file: &str, line, column, took| {
                let place = format!("{file}({line},{column})");
                let tail = format!("{place}: error TS2304: Cannot find name 'Foo'.\nDone in {took}ms.\n");
                Cause::of(&format!("`tsc` failed: exit code 2 after {took}ms"), Some(&tail), &[])
            };
            prop_assert_eq!(cause(&file, line, column, took).key, cause("src/a.ts", 1, 1, 1).key);
        }
    }
}
