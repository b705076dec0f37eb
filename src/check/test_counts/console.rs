//! What runners of tests print for people at their end.

use super::figures::{after, before, begins_with_number_of};
use super::part::Part;

/// The readers of all runners. No line is recognised by two of them.
const READERS: [fn(&str) -> Option<Part>; 14] = [
    libtest, nextest, pytest, unittest, jest, vitest, mocha, node, go, dotnet, maven, rspec,
    minitest, phpunit,
];

/// Returns what the line says, if a runner says it.
pub(super) fn line(line: &str) -> Option<Part> {
    READERS.iter().find_map(|reader| reader(line))
}

/// <https://doc.rust-lang.org/rustc/tests/index.html>: `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; …`
fn libtest(line: &str) -> Option<Part> {
    let rest = line.trim_start().strip_prefix("test result: ")?;
    let ran = before(rest, &["passed", "failed", "measured"]);
    Some(Part::new(ran, before(rest, &["ignored"])))
}

/// <https://nexte.st/docs/reporting/>: `Summary [   0.1s] 4 tests run: 3 passed (1 slow), 1 failed, 2 skipped`
fn nextest(line: &str) -> Option<Part> {
    let rest = line.trim_start().strip_prefix("Summary [")?;
    let (_, rest) = rest.split_once(']')?;
    let (_, rest) = rest.split_once(" run: ")?;
    let ran = before(rest, &["passed", "failed", "timed"]);
    Some(Part::new(ran, before(rest, &["skipped"])))
}

/// `=== 3 passed, 1 skipped, 1 warning in 0.12s ===`. An error is no test: a test whose end goes wrong would count
/// twice.
fn pytest(line: &str) -> Option<Part> {
    let text = line.trim().trim_matches('=').trim();
    let (said, time) = text.rsplit_once(" in ")?;
    if !time.starts_with(|c: char| c.is_ascii_digit()) || !time.contains('s') {
        return None;
    }
    if matches!(said, "no tests ran" | "no tests collected") {
        return Some(Part::default());
    }
    let known = [
        "passed",
        "failed",
        "skipped",
        "xfailed",
        "xpassed",
        "deselected",
        "error",
        "errors",
    ];
    let is_pytest = said.split(", ").all(|part| {
        let mut words = part.split(' ');
        words.next().is_some_and(|it| it.parse::<u64>().is_ok()) && words.next().is_some()
    });
    if !is_pytest || !begins_with_number_of(said, &known) {
        return None;
    }
    let ran = before(said, &["passed", "failed", "xpassed"]);
    Some(Part::new(ran, before(said, &["skipped", "xfailed"])))
}

/// `Ran 4 tests in 0.001s`, and then `OK (skipped=1)`.
fn unittest(line: &str) -> Option<Part> {
    if let Some(rest) = line.strip_prefix("Ran ")
        && begins_with_number_of(rest, &["test", "tests"])
        && rest.contains(" in ")
    {
        return Some(Part::new(before(rest, &["test", "tests"]), 0));
    }
    let rest = line
        .strip_prefix("OK (")
        .or_else(|| line.strip_prefix("FAILED ("))
        .filter(|rest| rest.ends_with(')') && rest.contains('='))?;
    let expected = after(
        &rest.replace("expected failures", "expected"),
        &["expected"],
    );
    let skipped = after(rest, &["skipped"]) + expected;
    Some(Part::new(-skipped, skipped))
}

/// Jest: `Tests:       1 failed, 2 skipped, 1 todo, 3 passed, 7 total`; Pest: `Tests:    4 passed (7 assertions)`.
fn jest(line: &str) -> Option<Part> {
    let rest = line.trim().strip_prefix("Tests:")?;
    if ![" total", "assertions)", "assertion)"]
        .iter()
        .any(|end| rest.ends_with(end))
    {
        return None;
    }
    let skipped = before(rest, &["skipped", "todo", "todos", "pending"]);
    Some(Part::new(before(rest, &["passed", "failed"]), skipped))
}

/// `      Tests  1 failed | 3 passed | 1 skipped | 2 todo (7)`
fn vitest(line: &str) -> Option<Part> {
    let rest = line.trim().strip_prefix("Tests  ")?.trim_start();
    if rest == "no tests" {
        return Some(Part::default());
    }
    rest.ends_with(')').then(|| {
        let ran = before(rest, &["passed", "failed"]);
        Part::new(ran, before(rest, &["skipped", "todo"]))
    })
}

/// Mocha: `  3 passing (5ms)`, `  1 pending`, `  2 failing`; Bun: ` 3 pass`, ` 1 skip`, ` 0 fail`.
fn mocha(line: &str) -> Option<Part> {
    let mut words = line.trim().split(' ');
    let number = words.next()?.parse().ok()?;
    let word = words.next()?;
    if words.next().is_some_and(|more| !more.starts_with('(')) {
        return None;
    }
    match word {
        "passing" | "failing" | "pass" | "fail" => Some(Part::new(number, 0)),
        "pending" | "skip" | "todo" => Some(Part::new(0, number)),
        _ => None,
    }
}

/// <https://nodejs.org/api/test.html#test-reporters>: `ℹ pass 3` in a tree, `# pass 3` in TAP.
fn node(line: &str) -> Option<Part> {
    let rest = line
        .strip_prefix("ℹ ")
        .or_else(|| line.strip_prefix("# "))?;
    let mut words = rest.split_whitespace();
    let (word, number) = (words.next()?, words.next()?.parse().ok()?);
    if words.next().is_some() {
        return None;
    }
    match word {
        "pass" | "fail" => Some(Part::new(number, 0)),
        "skipped" | "todo" => Some(Part::new(0, number)),
        _ => None,
    }
}

/// `go test -v`: `=== RUN   TestCart`, and then `--- SKIP: TestCart (0.00s)`.
fn go(line: &str) -> Option<Part> {
    if line.starts_with("=== RUN ") {
        return Some(Part::new(1, 0));
    }
    let is_skipped = line.trim_start().starts_with("--- SKIP: ");
    is_skipped.then(Part::one_skipped)
}

/// `Passed!  - Failed:     0, Passed:     3, Skipped:     1, Total:     4, …`, and
/// `Test summary: total: 4, failed: 0, succeeded: 3, skipped: 1, …`.
fn dotnet(line: &str) -> Option<Part> {
    let text = line.trim();
    let is_old = text.contains("Failed: ") && text.contains("Passed: ") && text.contains("Total: ");
    if !is_old && !text.starts_with("Test summary: ") {
        return None;
    }
    let ran = after(text, &["Passed", "Failed", "succeeded", "failed"]);
    Some(Part::new(ran, after(text, &["Skipped", "skipped"])))
}

/// Maven: `[INFO] Tests run: 5, Failures: 0, Errors: 0, Skipped: 1`. The lines of classes have a time as well.
fn maven(line: &str) -> Option<Part> {
    let rest = ["[INFO] ", "[WARNING] ", "[ERROR] "]
        .iter()
        .find_map(|level| line.strip_prefix(level))
        .unwrap_or(line);
    if !rest.starts_with("Tests run: ") || rest.contains("Time elapsed") {
        return None;
    }
    let (all, skipped) = (after(rest, &["run"]), after(rest, &["Skipped"]));
    Some(Part::new(all - skipped, skipped))
}

/// `12 examples, 1 failure, 2 pending`
fn rspec(line: &str) -> Option<Part> {
    let is_rspec =
        begins_with_number_of(line, &["example", "examples"]) && line.contains(" failure");
    is_rspec.then(|| {
        let (all, skipped) = (
            before(line, &["example", "examples"]),
            before(line, &["pending"]),
        );
        Part::new(all - skipped, skipped)
    })
}

/// Minitest and test-unit: `4 runs, 6 assertions, 0 failures, 0 errors, 1 skips`
fn minitest(line: &str) -> Option<Part> {
    let names = ["runs", "tests"];
    let is_minitest = begins_with_number_of(line, &names) && line.contains(" assertions, ");
    is_minitest.then(|| {
        let skipped = before(line, &["skips", "pendings", "omissions"]);
        Part::new(before(line, &names) - skipped, skipped)
    })
}

/// `OK (5 tests, 8 assertions)`, and `Tests: 5, Assertions: 8, Skipped: 1.`
fn phpunit(line: &str) -> Option<Part> {
    let text = line.trim();
    if text == "No tests executed!" {
        return Some(Part::default());
    }
    if let Some(rest) = text.strip_prefix("OK (")
        && begins_with_number_of(rest, &["test", "tests"])
    {
        return Some(Part::new(before(rest, &["test", "tests"]), 0));
    }
    if !text.starts_with("Tests: ") || !text.contains("Assertions: ") {
        return None;
    }
    let skipped = after(text, &["Skipped", "Incomplete"]);
    Some(Part::new(after(text, &["Tests"]) - skipped, skipped))
}
