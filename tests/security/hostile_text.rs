//! Text from outside is shown as text: it moves no cursor, mentions nobody and closes no issue.

use crate::support::Repo;

/// What is done to a terminal and a commit.
const ATTACK: &str =
    "\u{1b}]0;owned\u{7}\u{1b}[2J closes #12 @org/team <img src=x onerror=alert(1)>";

/// Rows E1 and E2, by layout: a repository and an agent that attack wherever their text is shown.
#[test]
fn text_from_outside_is_no_more_than_text() {
    let name = "packages/p0/\u{1b}[2J@org <b>.js";
    let repo = Repo::with_packages(2)
        .file(name, "var a = 1;\n")
        .commit("Names");
    repo.git(["push", "--quiet"]);
    let agent = format!(
        "printf '%s\\n' '{ATTACK}'\nsign\nprintf '// \\033]0;x\\007 {ATTACK}\\n' >>packages/p0/index.js || true\n\
         case $BATCH_UNIT in 02*) printf '%s\\n' '{ATTACK}' >&2; exit 3;; esac"
    );
    let check = repo.program("check", &format!("printf '%s\\n' '{ATTACK}'\nexit 1"));
    let ended = repo
        .migrate()
        .agent(&agent)
        .saying(&format!("sign every file {ATTACK}"))
        .check(&check.to_string_lossy())
        .units(2)
        .in_order()
        .with(["--unverified", "publish"])
        .run();
    let mut shown = vec![("run", ended)];
    for (what, args) in [
        ("plan", &["plan", "packages/", ATTACK][..]),
        ("status", &["status"]),
        ("report", &["report"]),
        ("report.md", &["report", "--format", "markdown"]),
        ("list", &["list"]),
        ("diff", &["diff", "01"]),
        ("logs 01", &["logs", "01"]),
        ("logs 02", &["logs", "02"]),
        ("doctor", &["doctor"]),
        ("error", &["logs", ATTACK]),
    ] {
        shown.push((what, repo.batch(args)));
    }
    for (what, output) in &shown {
        for said in [output.raw(), output.raw_stderr()] {
            let bad = said
                .chars()
                .find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
            assert_eq!(bad, None, "{what}: {said:?}");
        }
    }
    let diff = &shown
        .iter()
        .find(|(what, _)| *what == "diff")
        .expect("it")
        .1;
    diff.says("^[]0;");
    let raw = repo.batch(["diff", "01", "--raw"]);
    assert!(raw.raw().contains('\u{1b}'), "{raw:?}");
    for branch in repo.branches() {
        let message = repo.git(["log", "-1", "--format=%B", &branch]);
        if message.contains("Batch-Unit") {
            assert!(message.contains("part of #12 @ org/team"), "{message}");
            assert!(!message.contains("closes #12"), "{message}");
        }
    }
}
