use super::*;

fn counts(output: &str) -> Option<(u64, u64)> {
    let counts = read(output.as_bytes()).unwrap()?;
    Some((counts.ran, counts.skipped))
}

/// What each runner prints at its end, with the numbers of tests that ran and that were skipped.
const SAID: [(&str, u64, u64); 30] = [
    (
        "test result: ok. 3 passed; 1 failed; 2 ignored; 1 measured; 7 filtered out; finished in 0.01s\n\
         test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
        6,
        2,
    ),
    (
        "     Summary [   0.107s] 4/9 tests run: 3 passed (1 slow), 1 failed, 2 skipped",
        4,
        2,
    ),
    (
        "==== 1 failed, 3 passed, 2 skipped, 1 xfailed, 4 deselected, 1 warning, 1 error in 0.12s ====",
        4,
        3,
    ),
    ("3 passed in 61.02s (0:01:01)", 3, 0),
    ("1 passed, 2 subtests passed in 0.01s", 1, 0),
    ("=== no tests ran in 0.00s ===", 0, 0),
    (
        "Ran 4 tests in 0.001s\n\nOK (skipped=1, expected failures=1)",
        2,
        2,
    ),
    ("Ran 1 test in 0.001s\n\nFAILED (failures=1)", 1, 0),
    ("Ran 0 tests in 0.000s\n\nNO TESTS RAN", 0, 0),
    (
        "Test Suites: 1 failed, 1 total\nTests:       1 failed, 2 skipped, 1 todo, 3 passed, 7 total",
        4,
        3,
    ),
    ("Tests:       0 total", 0, 0),
    ("  Tests:    1 skipped, 4 passed (5 assertions)", 4, 1),
    (
        " Test Files  1 passed (1)\n      Tests  1 failed | 3 passed | 1 skipped | 2 todo (7)",
        4,
        3,
    ),
    ("  3 passing (5ms)\n  1 pending\n  2 failing", 5, 1),
    (" 3 pass\n 1 skip\n 0 fail", 3, 1),
    (
        "ℹ tests 4\nℹ suites 1\nℹ pass 2\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 0",
        3,
        1,
    ),
    (
        "TAP version 13\nok 1 - a\nok 2 - b # SKIP\n1..2\n# tests 2\n# pass 1\n# fail 0\n# skipped 1",
        1,
        1,
    ),
    (
        "1..3\nok 1 - a\n    1..9\nok 2 - b # SKIP no db\nnot ok 3 - c # TODO later",
        1,
        2,
    ),
    (
        "=== RUN   TestA\n=== RUN   TestA/one\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n--- SKIP: TestB (0.00s)",
        2,
        1,
    ),
    (
        "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"A\"}\n{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"B\"}\n\
         {\"Action\":\"skip\",\"Package\":\"p\",\"Test\":\"B\"}\n{\"Action\":\"skip\",\"Package\":\"q\"}",
        1,
        1,
    ),
    (
        "{\"type\":\"suite\",\"event\":\"ok\",\"passed\":3,\"failed\":0,\"ignored\":1,\"measured\":0}",
        3,
        1,
    ),
    (
        "{\"numTotalTests\":4,\"numPassedTests\":2,\"numFailedTests\":1,\"numPendingTests\":1}",
        3,
        1,
    ),
    (
        "Passed!  - Failed:     1, Passed:     3, Skipped:     1, Total:     5, Duration: 5 ms - x.dll (net8.0)",
        4,
        1,
    ),
    (
        "Test summary: total: 4, failed: 0, succeeded: 3, skipped: 1, duration: 0.9s",
        3,
        1,
    ),
    (
        "[INFO] Tests run: 2, Failures: 0, Errors: 0, Skipped: 0, Time elapsed: 0.04 s -- in org.A\n\
         [WARNING] Tests run: 5, Failures: 1, Errors: 0, Skipped: 1",
        4,
        1,
    ),
    ("12 examples, 1 failure, 2 pending", 10, 2),
    ("4 runs, 6 assertions, 0 failures, 0 errors, 1 skips", 3, 1),
    ("OK (5 tests, 8 assertions)", 5, 0),
    ("Tests: 5, Assertions: 8, Failures: 1, Skipped: 1.", 4, 1),
    ("No tests executed!", 0, 0),
];

#[test]
fn every_runner_says_how_many_tests_it_ran() {
    for (output, ran, skipped) in SAID {
        assert_eq!(counts(output), Some((ran, skipped)), "{output}");
    }
}

#[test]
fn other_output_says_nothing_of_tests() {
    for output in [
        "",
        "6 passed, 1 failed\nfinished in 3s",
        "ok  \texample.org/shop\t0.003s\n--- FAIL: TestA (0.00s)",
        "not ok 1 - old one",
        "5 tests completed, 1 failed",
        "# build 3 targets",
        "Ran 4 linters",
        "{\"Action\":\"run\"}\n{}",
        "2 files left unchanged",
    ] {
        assert_eq!(counts(output), None, "{output}");
    }
}

#[test]
fn the_reports_of_gradle_count_and_not_what_an_earlier_run_left() {
    let folder = tempfile::tempdir().unwrap();
    let reports = folder.path().join("build/test-results/test");
    std::fs::create_dir_all(&reports).unwrap();
    let xml =
        r#"<testsuite><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite>"#;
    std::fs::write(reports.join("TEST-A.xml"), xml).unwrap();
    let log = folder.path().join("log");
    std::fs::write(&log, "BUILD SUCCESSFUL\n").unwrap();
    let counts = |command, started| test_counts(command, folder.path(), &log, started).unwrap();
    let one_each = Some(TestCounts { ran: 1, skipped: 1 });
    assert_eq!(counts("./gradlew test", SystemTime::UNIX_EPOCH), one_each);
    assert_eq!(counts("make test", SystemTime::UNIX_EPOCH), None);
    let later = SystemTime::now() + std::time::Duration::from_mins(1);
    assert_eq!(counts("./gradlew test", later), None);
}
