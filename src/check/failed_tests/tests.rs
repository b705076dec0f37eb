use super::*;

fn names(output: &str) -> Vec<String> {
    read(output.as_bytes()).unwrap().into_iter().collect()
}

#[test]
fn the_harness_of_cargo_test() {
    let output = "\
     Running unittests src/lib.rs (target/debug/deps/shop-0a1b2c3d4e5f)
test cart::adds ... ok
test cart::removes ... FAILED
---- cart::removes stdout ----
thread panicked at src/lib.rs:3:5:
     Running tests/api.rs (target/debug/deps/api-77aa)
test refuses - should panic ... FAILED
   Doc-tests shop
test src/lib.rs - cart (line 12) ... FAILED
";
    assert_eq!(
        names(output),
        [
            "api: refuses",
            "doc shop: src/lib.rs - cart",
            "shop: cart::removes"
        ]
    );
}

#[test]
fn nextest_with_and_without_counters_and_tries() {
    let output = "\
        PASS [   0.004s] (1/4) shop cart::adds
        FAIL [   0.005s] (2/4) shop cart::removes
        FAIL [   0.005s] shop::api refuses
     SIGABRT [   0.107s] ( 4/4) shop breaks
  TRY 1 FAIL [   0.004s] shop flaky
  TRY 2 PASS [   0.004s] shop flaky
";
    assert_eq!(
        names(output),
        ["shop breaks", "shop cart::removes", "shop::api refuses"]
    );
}

#[test]
fn pytest_and_unittest() {
    let output = "\
=========================== short test summary info ============================
FAILED tests/test_cart.py::test_removes - assert 1 == 2
FAILED tests/test_cart.py::Test::test_price[1 - 2] - ValueError: no [x] - y
ERROR tests/test_db.py - ImportError: no db
FAILED tests/test_last.py::test_it
ERROR: file not found
FAIL: test_adds (tests.Cart.test_adds)
";
    let found = names(output);
    assert!(found.contains(&"tests/test_cart.py::test_removes".to_owned()));
    assert!(found.contains(&"tests/test_db.py".to_owned()));
    assert!(found.contains(&"tests/test_last.py::test_it".to_owned()));
    assert!(found.contains(&"test_adds (tests.Cart.test_adds)".to_owned()));
    assert!(
        found
            .iter()
            .any(|name| name.starts_with("tests/test_cart.py::Test::test_price[1 - 2]"))
    );
    assert_eq!(found.len(), 5, "{found:?}");
}

#[test]
fn go_in_words_and_in_json() {
    let output = "\
--- FAIL: TestCart (0.00s)
    --- FAIL: TestCart/removes (0.00s)
FAIL
FAIL\texample.org/shop/cart\t0.003s
ok  \texample.org/shop/db\t0.002s
FAIL\texample.org/shop/web [build failed]
FAIL
";
    assert_eq!(
        names(output),
        [
            "example.org/shop/cart TestCart",
            "example.org/shop/cart TestCart/removes",
            "example.org/shop/web"
        ]
    );
    let output = r#"{"Action":"run","Package":"shop","Test":"TestCart"}
{"Action":"fail","Package":"shop","Test":"TestCart","Elapsed":0}
{"Action":"fail","Package":"shop","Elapsed":0.003}
{"Action":"fail","Package":"web","Elapsed":0.003}
"#;
    assert_eq!(names(output), ["shop TestCart", "web"]);
}

#[test]
fn jest_vitest_and_mocha() {
    let jest = "\
PASS src/a.test.js
\u{1b}[31mFAIL\u{1b}[39m src/cart.test.js (5.1 s)
  ● Cart › removes

    expect(received).toBe(expected)
  ● Console
";
    assert_eq!(names(jest), ["src/cart.test.js: Cart › removes"]);
    let vitest = " FAIL  src/cart.test.ts > Cart > removes\nAssertionError: expected 1 to be 2\n";
    assert_eq!(names(vitest), ["src/cart.test.ts > Cart > removes"]);
    let json = concat!(
        r#"{"numFailedTests":1,"testResults":[{"name":"/w/a.js","status":"failed","assertionResults":["#,
        r#"{"status":"failed","fullName":"Cart removes"},{"status":"passed","fullName":"Cart adds"}]},"#,
        r#"{"name":"/w/b.js","status":"failed","assertionResults":[]}]}"#,
    );
    assert_eq!(names(json), ["/w/a.js: Cart removes", "/w/b.js"]);
    let mocha = "
  Cart
    ✔ adds
    1) removes

  1 passing (5ms)
  2 failing

  1) Cart
       removes:

      AssertionError: 1 == 2
  2) top:
     Error
";
    assert_eq!(names(mocha), ["Cart › removes", "top"]);
}

#[test]
fn tap_and_the_tree_of_node() {
    let tap = "\
TAP version 13
# Subtest: cart
    # Subtest: adds
    ok 1 - adds
    # Subtest: removes
    not ok 2 - removes # time=1ms
    not ok 3 - later # TODO not yet
not ok 1 - cart
";
    assert_eq!(names(tap), ["cart", "cart › removes"]);
    let spec = "▶ cart\n  ✔ adds (0.4ms)\n  ✖ removes (1.25ms)\n✖ cart (2.5ms)\n✖ 3 problems (3 errors, 0 warnings)\n";
    assert_eq!(names(spec), ["cart", "removes"]);
}

#[test]
fn maven_and_gradle_on_the_console_and_in_reports() {
    let output = "\
[ERROR] Tests run: 2, Failures: 1, Errors: 0, Skipped: 0, Time elapsed: 0.04 s <<< FAILURE! -- in org.shop.CartTest
[ERROR] org.shop.CartTest.removes -- Time elapsed: 0.012 s <<< FAILURE!
[ERROR] adds(org.shop.OldTest)  Time elapsed: 0.01 s  <<< ERROR!
DbTest > connects() FAILED
";
    assert_eq!(
        names(output),
        [
            "DbTest.connects",
            "org.shop.CartTest.removes",
            "org.shop.OldTest.adds"
        ]
    );
    let folder = tempfile::tempdir().unwrap();
    let reports = folder.path().join("cart/target/surefire-reports");
    std::fs::create_dir_all(&reports).unwrap();
    let xml = concat!(
        r#"<?xml version="1.0"?><testsuite><testcase classname="org.shop.CartTest" name="adds"/>"#,
        r#"<testcase classname="org.shop.CartTest" name="removes()"><failure message="x"/></testcase></testsuite>"#,
    );
    std::fs::write(reports.join("TEST-org.shop.CartTest.xml"), xml).unwrap();
    std::fs::write(folder.path().join("log"), "").unwrap();
    let failed = |command, started| {
        let log = folder.path().join("log");
        let names = failed_tests(command, folder.path(), &log, started).unwrap();
        names.into_iter().collect::<Vec<_>>()
    };
    let started = SystemTime::UNIX_EPOCH;
    assert_eq!(
        failed("./mvnw -q test", started),
        ["org.shop.CartTest.removes"]
    );
    assert_eq!(failed("make test", started), [""; 0]);
    let later = SystemTime::now() + std::time::Duration::from_mins(1);
    assert_eq!(failed("mvn test", later), [""; 0]);
}

#[test]
fn an_unknown_runner_names_nothing() {
    assert_eq!(
        names("FAILED  device\n6 passed, 1 failed\nnot okay\n"),
        [""; 0]
    );
}

#[test]
fn names_leave_out_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let line = format!("not ok 1 - {}/a.js", folder.path().display());
    std::fs::write(&log, line).unwrap();
    let names = failed_tests("x", folder.path(), &log, SystemTime::UNIX_EPOCH).unwrap();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["a.js"]);
}
