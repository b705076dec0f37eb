//! Tests that expect something else than before, beside a change of the code that they test.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::file::ChangedFile;
use super::finding::Finding;
use crate::check::test_files::is_test;
use crate::config::FindingKind;
use crate::words;

/// A line that says what a test expects.
static ASSERTION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // A test proves that the expressions compile.
    Regex::new(r"\b(assert\w*|expect\w*|should\w*|require\.\w+|EXPECT_\w+|ASSERT_\w+|\w*Equals?)\b")
        .ok()
});

/// A value that is written out.
static LITERAL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r#"'[^']*'|"[^"]*"|`[^`]*`|\b\d[\w.]*|\b([Tt]rue|[Ff]alse|null|nil|None|undefined)\b"#,
    )
    .ok()
});

/// Returns the files of tests that expect other values than before, where the unit changes other code too.
pub(super) fn changed_expectations(files: &[ChangedFile]) -> Vec<Finding> {
    let is_code = |file: &&ChangedFile| !is_test(&file.path) && file.before.is_some();
    if !files.iter().any(|file| is_code(&file)) {
        return Vec::new();
    }
    let tests = files.iter().filter(|file| is_test(&file.path));
    tests.filter_map(in_file).collect()
}

fn in_file(file: &ChangedFile) -> Option<Finding> {
    let (before, after) = (file.text_before()?, file.text_after()?);
    let (assertion, literal) = (ASSERTION.as_ref()?, LITERAL.as_ref()?);
    let mut left: HashMap<&str, usize> = HashMap::new();
    for line in after.lines().filter(|line| assertion.is_match(line)) {
        for value in literal.find_iter(line) {
            *left.entry(value.as_str()).or_default() += 1;
        }
    }
    let mut is_lost = |line: &&&str| {
        let values = literal.find_iter(line);
        let lost = values.filter(|value| match left.get_mut(value.as_str()) {
            Some(left @ 1..) => {
                *left -= 1;
                false
            }
            _ => true,
        });
        lost.count() > 0
    };
    let before: Vec<&str> = before
        .lines()
        .filter(|line| assertion.is_match(line))
        .collect();
    let changed = before.iter().filter(|line| is_lost(line)).count();
    let added = file.added_lines();
    let first = added.iter().find(|line| assertion.is_match(line.text));
    (changed > 0).then(|| Finding {
        kind: FindingKind::ChangedTest,
        path: file.path.clone(),
        line: first.map(|line| line.number),
        said: format!(
            "it changes {} of tests",
            words::count(changed, "expectation")
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::file::changed;

    fn said(before: &str, after: &str) -> Vec<String> {
        let code = changed("src/a.js", Some("a"), Some("b"));
        let test = changed("src/a.test.js", Some(before), Some(after));
        let found = changed_expectations(&[code, test]).into_iter();
        found.map(|it| it.to_string()).collect()
    }

    #[test]
    fn other_values_are_other_expectations() {
        let before = "test('adds', () => {\n  expect(old(1, 2)).toBe(3);\n});\n";
        let other = before.replace("toBe(3)", "toBe(4)");
        assert_eq!(
            said(before, &other),
            ["src/a.test.js:2: it changes 1 expectation of tests"]
        );
        assert_eq!(said(before, &before.replace("old", "young")), [""; 0]);
        let more = format!("{before}expect(old(5)).toBe(6);\n");
        assert_eq!(said(before, &more), [""; 0]);
    }

    #[test]
    fn tests_alone_may_change() {
        let test = changed(
            "test/a.py",
            Some("assert f() == 1\n"),
            Some("assert f() == 2\n"),
        );
        assert_eq!(changed_expectations(std::slice::from_ref(&test)), []);
        let document = changed("a.py", None, Some("x = 1\n"));
        assert_eq!(changed_expectations(&[test, document]), []);
    }
}
