//! Whether fewer tests judge a unit's work than judged the base: what the same check says of its tests on both sides,
//! files of tests that are gone, and changes of what the check depends on. Pure functions.

use std::sync::LazyLock;

use regex::Regex;

use super::content::{ChangedFile, Finding};
use super::definition::Definition;
use super::test_counts::TestCounts;
use super::test_files::is_test;
use crate::config::FindingKind;
use crate::words;

/// A line without which fewer tests may run.
static TEST: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"#\[(?:\w+::)*test\b|#\[rstest|\b(?:it|test|specify|describe|scenario)(?:\.\w+)*\s*\(|",
        r"\b(?:it|specify|describe|context)\s+['\x22]|def test|\bclass \w*Test|func (?:\([^)]*\) )?Test|",
        r"@(?:\w+)?Test\b|\[(?:Fact|Theory|Test\w*)\b|\bTEST(?:_\w+)?\s*\(|function test|parametrize|",
        r"@ParameterizedTest|^\s*(?:pub )?mod \w+;|>>>|^//[/!]\s*```",
    ))
    .ok()
});

/// A line with which fewer tests may run.
static SKIP: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(concat!(
        r"#\[(?:cfg_attr\(.*)?ignore|[sS]kip|\bx(?:it|describe|test|context|specify)\b|\bf(?:it|describe)\b|",
        r"\.only\b|\.todo\b|xfail|expectedFailure|@(?:Ignore|Disabled)|\[Ignore|#\[cfg\(|__test__|collect_ignore|",
        r"\bpending\b|markTest|no_run|should_panic",
    ))
    .ok()
});

/// One run of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CountedRun {
    pub(crate) passed: bool,
    /// How many tests it ran, where it says so.
    pub(crate) counts: Option<TestCounts>,
}

/// What there is to say of the tests that judge a unit.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct LostTests {
    /// What holds the unit.
    pub(crate) held: Vec<Finding>,
    /// What is told of it.
    pub(crate) told: Vec<Finding>,
}

/// Checks whether these changes are about tests.
pub(crate) fn touches_tests(files: &[ChangedFile]) -> bool {
    let has_test = |file: &ChangedFile| file.lost_lines().iter().any(|line| is_match(&TEST, line));
    files
        .iter()
        .any(|file| is_test(&file.path) || has_test(file))
        || loses_tests(files)
}

/// Checks whether these changes look as if fewer tests run after them: a file is gone, tests are skipped, or more lines
/// of tests are gone than came.
pub(crate) fn loses_tests(files: &[ChangedFile]) -> bool {
    let (mut lost, mut added) = (0, 0);
    for file in files {
        let new = file.added_lines();
        let is_gone = file.before.is_some() && file.after.is_none();
        if is_gone || new.iter().any(|line| is_match(&SKIP, line.text)) {
            return true;
        }
        let old = file.lost_lines().into_iter();
        lost += old.filter(|line| is_match(&TEST, line)).count();
        added += new.iter().filter(|line| is_match(&TEST, line.text)).count();
    }
    lost > added
}

fn is_match(form: &LazyLock<Option<Regex>>, line: &str) -> bool {
    form.as_ref().is_some_and(|form| form.is_match(line))
}

/// Compares a check's run in a unit with its run on the base, where that is known. `definitions` is what the unit
/// changes of the check's own definition.
pub(crate) fn lost_tests(
    check: &str,
    definitions: &[Definition],
    files: &[ChangedFile],
    now: CountedRun,
    base: Option<CountedRun>,
) -> LostTests {
    let mut found = LostTests::default();
    let counted = base.and_then(|base| Some((base.counts?, now.counts?)));
    let loss = match (counted, base) {
        (Some((before, now)), _) => loss(check, before, now),
        (None, Some(base)) => silence(check, base, now),
        (None, None) => None,
    };
    let fewer = |path: &str, said: String| Finding {
        kind: FindingKind::FewerTests,
        path: path.to_owned(),
        line: None,
        said,
    };
    if let Some(said) = loss {
        found.held.push(fewer(&place(definitions, files), said));
    } else if counted.is_none() {
        let gone = files.iter().filter(|file| is_gone(file, files));
        found.held.extend(gone.map(|file| {
            let said = format!("these tests are gone, and `{check}` does not say how many it runs");
            fewer(&file.path, said)
        }));
    }
    let proof = match counted {
        Some(_) if found.held.is_empty() => "as many tests run as before",
        Some(_) => "fewer tests run than before",
        None => "it does not say how many tests it runs",
    };
    let changed = definitions.iter().map(|it| Finding {
        kind: FindingKind::ChangedCheck,
        path: it.path.clone(),
        line: None,
        said: format!(
            "`{check}` depends on {}, which is changed; {proof}",
            it.what
        ),
    });
    if counted.is_some() && found.held.is_empty() {
        found.told.extend(changed);
    } else {
        found.held.extend(changed);
    }
    found
}

/// Says what is lost between two runs; `None` where nothing is.
fn loss(check: &str, before: TestCounts, now: TestCounts) -> Option<String> {
    let number = |number: u64| match number {
        0 => "none".to_owned(),
        some => some.to_string(),
    };
    let ran = (now.ran < before.ran).then(|| {
        let tests = words::count(before.ran, "test");
        format!("ran {tests} before, and runs {} now", number(now.ran))
    });
    let skipped = (now.skipped > before.skipped).then(|| {
        let (before, now) = (number(before.skipped), number(now.skipped));
        format!("skipped {before} of its tests before, and skips {now} now")
    });
    let said: Vec<String> = [ran, skipped].into_iter().flatten().collect();
    (!said.is_empty()).then(|| format!("`{check}` {}", said.join("; it ")))
}

/// Says that a check tells of no test any more. A runner may tell of its tests only where it fails.
fn silence(check: &str, base: CountedRun, now: CountedRun) -> Option<String> {
    let before = base.counts.filter(|it| it.ran > 0 && base.passed)?;
    (now.passed && now.counts.is_none()).then(|| {
        let tests = words::count(before.ran, "test");
        format!("`{check}` ran {tests} before, and says of no test now")
    })
}

/// Returns the file that the loss is most likely in.
fn place(definitions: &[Definition], files: &[ChangedFile]) -> String {
    let gone = files.iter().find(|file| is_gone(file, files));
    let test = || files.iter().find(|file| is_test(&file.path));
    let alone = std::slice::from_ref::<ChangedFile>;
    let line = || files.iter().find(|file| touches_tests(alone(file)));
    let file = gone.or_else(test).map(|file| &file.path);
    let path = file
        .or(definitions.first().map(|it| &it.path))
        .or_else(|| line().or(files.first()).map(|file| &file.path));
    path.cloned().unwrap_or_default()
}

/// Checks whether the file held tests and is gone, and not only moved.
fn is_gone(file: &ChangedFile, files: &[ChangedFile]) -> bool {
    let name = |file: &ChangedFile| file.path.rsplit('/').next().map(str::to_owned);
    let is_moved = files.iter().any(|other| {
        other.before.is_none()
            && other.after.is_some()
            && (other.after == file.before || name(other) == name(file))
    });
    is_test(&file.path) && file.before.is_some() && file.after.is_none() && !is_moved
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::content::changed;

    fn run(counts: Option<(u64, u64)>) -> CountedRun {
        let counts = counts.map(|(ran, skipped)| TestCounts { ran, skipped });
        CountedRun {
            passed: true,
            counts,
        }
    }

    fn said(found: &[Finding]) -> Vec<String> {
        found.iter().map(ToString::to_string).collect()
    }

    const NONE: [&str; 0] = [];

    #[test]
    fn fewer_tests_and_more_skips_hold_and_all_else_does_not() {
        let files = [changed("src/a.rs", Some("#[test]\n"), Some("\n"))];
        let held = |before, now| {
            let (now, base) = (run(Some(now)), Some(run(Some(before))));
            let found = lost_tests("cargo test", &[], &files, now, base);
            assert!(found.told.is_empty());
            said(&found.held)
        };
        assert_eq!(
            held((4, 0), (2, 0)),
            ["src/a.rs: `cargo test` ran 4 tests before, and runs 2 now"]
        );
        assert_eq!(
            held((1, 0), (0, 1)),
            [
                "src/a.rs: `cargo test` ran 1 test before, and runs none now; it skipped none of its tests before, and \
                 skips 1 now"
            ]
        );
        assert_eq!(held((1, 2), (1, 3)).len(), 1);
        for (before, now) in [((4, 1), (4, 1)), ((4, 1), (5, 0)), ((0, 0), (0, 0))] {
            assert_eq!(held(before, now), NONE);
        }
    }

    #[test]
    fn what_is_unknown_holds_nothing_but_the_loss_of_a_whole_file() {
        let gone = changed("tests/a.py", Some("a"), None);
        let held = |files: &[ChangedFile], now, base| {
            said(&lost_tests("x", &[], files, run(now), base).held)
        };
        let edited = [changed("tests/a.py", Some("a"), Some("b"))];
        assert_eq!(held(&edited, None, None), NONE);
        assert_eq!(held(&edited, Some((1, 0)), None), NONE);
        assert_eq!(held(&edited, Some((1, 0)), Some(run(None))), NONE);
        assert_eq!(
            held(&edited, None, Some(run(Some((3, 0))))),
            ["tests/a.py: `x` ran 3 tests before, and says of no test now"]
        );
        let red = CountedRun {
            passed: false,
            ..run(Some((3, 0)))
        };
        assert_eq!(held(&edited, None, Some(red)), NONE);
        let alone = std::slice::from_ref(&gone);
        assert_eq!(
            held(alone, None, None),
            ["tests/a.py: these tests are gone, and `x` does not say how many it runs"]
        );
        let same = Some((3, 0));
        assert_eq!(held(alone, same, Some(run(same))), NONE);
        let moved = [gone.clone(), changed("test/b/a.py", None, Some("other"))];
        assert_eq!(held(&moved, None, None), NONE);
    }

    #[test]
    fn a_changed_check_is_held_unless_it_proves_as_much() {
        let files = [changed("package.json", Some("1"), Some("2"))];
        let definition = [Definition {
            path: "package.json".to_owned(),
            what: "the script test".to_owned(),
        }];
        let lost = |now, base| lost_tests("npm test", &definition, &files, run(now), base);
        let same = lost(Some((3, 0)), Some(run(Some((3, 0)))));
        assert_eq!(said(&same.held), NONE);
        assert_eq!(
            said(&same.told),
            [
                "package.json: `npm test` depends on the script test, which is changed; as many tests run as before"
            ]
        );
        assert_eq!(
            said(&lost(None, None).held),
            [
                "package.json: `npm test` depends on the script test, which is changed; it does not say how many tests \
                 it runs"
            ]
        );
        assert_eq!(lost(Some((2, 0)), Some(run(Some((3, 0))))).held.len(), 2);
    }

    #[test]
    fn lines_of_tests_and_of_skips_are_known() {
        assert!(TEST.is_some() && SKIP.is_some());
        let may = |path: &str, before: &str, after: &str| {
            touches_tests(&[changed(path, Some(before), Some(after))])
        };
        for (path, before, after) in [
            ("src/a.rs", "#[test]\nfn a() {}", ""),
            ("src/a.rs", "#[test]", "#[test]\n#[ignore]"),
            ("src/a.rs", "mod tests;\n", "\n"),
            ("a.js", "it('adds', f)", "xit('adds', f)"),
            ("a.js", "x", "it.skip('adds', f)"),
            ("a.py", "def test_a(): pass", "def a(): pass"),
            ("a.py", "x", "@pytest.mark.skip"),
            ("a.go", "func TestA(t *testing.T) {", ""),
            ("A.java", "@Test", ""),
            ("A.java", "x", "@Disabled"),
            ("test/a.x", "1", "2"),
        ] {
            assert!(may(path, before, after), "{path}: {before} to {after}");
        }
        assert!(loses_tests(&[changed("a.py", Some("x"), None)]));
        let other =
            |after| loses_tests(&[changed("test/a.js", Some("it('adds', f)"), Some(after))]);
        assert!(other("") && other("it.skip('adds', f)"));
        assert!(!other("it('adds', g)"));
        for (path, before, after) in [
            ("src/a.rs", "old();", "new();"),
            ("a.js", "const a = old(1);", "const a = new_(1);"),
            ("a.py", "import old", "import new"),
        ] {
            assert!(!may(path, before, after), "{path}: {before} to {after}");
        }
    }
}
