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

/// Row E2, by layout: a template may double a text with each step, and is refused before any work is done.
#[test]
fn a_template_that_fills_the_memory_is_refused() {
    let doubles = "{% set n = namespace(a='xx') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}{% endfor %}";
    let goes_on = "{% for a in range(99999) %}{{ 'x' * 9999 }}{% endfor %}";
    let repo = Repo::with_packages(1);
    for (text, said) in [
        (
            doubles,
            "commit template is faulty: it needs more than 536.8 MB of memory",
        ),
        (
            goes_on,
            "commit template is faulty: it gives more than 4.1 MB",
        ),
    ] {
        repo.write("batch.toml", format!("[publish]\ncommit = \"{text}\"\n"));
        repo.migrate().agent("sign").run().exits(2).says(said);
        let examined = repo.batch(["doctor"]);
        examined.says(said);
    }
    repo.write("batch.toml", "");
    repo.write(".batch/prompts/unit.md", doubles);
    let approved = || {
        let hash = repo
            .migrate()
            .agent("sign")
            .run()
            .exits(3)
            .hash_to_approve();
        let migrate = repo.migrate().agent("sign");
        migrate.with(["--approve", &hash]).run()
    };
    approved()
        .exits(2)
        .says("prompts/unit.md is faulty: it needs more than 536.8 MB of memory");
    repo.write(
        ".batch/prompts/unit.md",
        "Sign {{ files | join(', ') }}: {{ unit.title }}\n",
    );
    let ended = approved();
    assert_eq!(ended.code(), 0, "{ended:?}");
}

/// What is done to a page, a title and a text that is read by people.
const MARKUP: &str = "<img src=x onerror=alert(1)> [a](https://evil.example) www.evil.example closes #12 @org/team \
                      `b` \u{202e}gnp.exe";

/// What stands nowhere in Markdown but inside of code: there it would be a tag, a link, a mention, or would close an
/// issue.
const FORBIDDEN: [&str; 8] = [
    "<img", "<b>", "](", "://evil", "www.evil", "@org", "closes", "\u{202e}",
];

/// Rows E1 and E2, by layout: instruction, titles, file names, agents and checks attack wherever a page or data has
/// their words.
#[test]
fn pages_and_data_hold_text_from_outside_as_text() {
    let name = "packages/p0/[a](www.evil.example) <b> @org `x\u{202e}.js";
    let repo = Repo::with_packages(3)
        .file(name, "var a = 1;\n")
        .commit("Names");
    repo.git(["push", "--quiet"]);
    repo.plan(&[("01-a", &[]), ("02-b", &[]), ("03-c", &[])]);
    let plan = repo
        .read("plan.toml")
        .replace(
            "sign every file",
            &format!("{MARKUP} \\u001b]0;owned\\u0007\\u009b2J"),
        )
        .replace("needs =", &format!("title = \"{MARKUP}\"\nneeds ="))
        .replace(
            "\"packages/p0/index.js\"",
            &format!("\"packages/p0/index.js\", \"{name}\""),
        );
    repo.write("plan.toml", plan);
    repo.write(repo.root().join("said"), format!("{MARKUP} {ATTACK}\n"));
    let agent = "sign\ncat \"$here/said\" \"$here/said\" >&2\ncat \"$here/said\"\n\
                 cat \"$here/said\" >\"$BATCH_SUMMARY_FILE\"\n\
                 case $BATCH_UNIT in 02*) exit 3;; esac";
    let check = repo.program(
        "check",
        "cat \"$here/said\"\n! grep -q signed packages/p2/index.js",
    );
    let ended = repo
        .run_saved("plan.toml")
        .agent(agent)
        .check(&check.to_string_lossy())
        .with(["--json", "--unverified", "publish"])
        .run();
    let mut data = vec![("run", ended)];
    for (what, args) in [
        ("status", &["status", "--json"][..]),
        ("report", &["report", "--json"]),
        ("list", &["list", "--json"]),
        ("logs", &["logs", "02", "--json"]),
        ("prs", &["prs", "--json"]),
        ("doctor", &["doctor", "--json"]),
    ] {
        data.push((what, repo.batch(args)));
    }
    for (what, output) in &data {
        let text = output.raw();
        let is_bad = |c: char| c.is_control() && c != '\n' || c == '\u{202e}';
        assert_eq!(text.chars().find(|c| is_bad(*c)), None, "{what}: {text}");
        let values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
        let values: Vec<_> = values.collect::<Result<_, _>>().expect(what);
        assert!(!values.is_empty(), "{what} has no data");
    }
    let report = repo.report();
    let instruction = report["instruction"].as_str().unwrap_or_default();
    assert_eq!(instruction, format!("{MARKUP} \u{1b}]0;owned\u{7}\u{9b}2J"));

    let mut pages = vec![(
        "report --format markdown".to_owned(),
        repo.batch(["report", "--format", "markdown"])
            .raw()
            .to_owned(),
    )];
    for path in repo.state_files(".md") {
        let path = path.to_string_lossy().into_owned();
        if path.contains("/prs") || path.ends_with("report.md") || path.ends_with("failures.md") {
            pages.push((path.clone(), repo.read(&path)));
        }
    }
    let names: Vec<&str> = pages.iter().map(|(name, _)| name.as_str()).collect();
    for wanted in ["prs/01-a.md", "report.md", "migration-failures.md"] {
        assert!(names.iter().any(|it| it.ends_with(wanted)), "{names:?}");
    }
    for (name, page) in &pages {
        assert!(page.contains("gnp.exe"), "{name} has no words:\n{page}");
        assert!(!page.contains('\u{1b}'), "{name}:\n{page}");
        let text = outside_of_code(page);
        for bad in FORBIDDEN {
            assert!(
                !text.contains(bad),
                "{name}: {bad:?} in\n{text}\nof\n{page}"
            );
        }
    }
    let message = repo.git(["log", "-1", "--format=%B", "--all", "--grep=Batch-Unit"]);
    for bad in ["closes #12", "@org", "\u{202e}", "\u{1b}"] {
        assert!(!message.contains(bad), "{message:?}");
    }
}

/// A page of Markdown less its blocks of code and its inline code, in which nothing has an effect, and with a question
/// mark for each character behind a backslash, which is only itself.
fn outside_of_code(page: &str) -> String {
    let mut lines = page.lines();
    let mut text = String::new();
    while let Some(line) = lines.next() {
        let ticks = line.len() - line.trim_start_matches('`').len();
        if ticks >= 3 {
            let end = "`".repeat(ticks);
            lines.by_ref().find(|line| *line == end);
            continue;
        }
        let mut rest = line;
        while let Some(start) = rest.find(['`', '\\']) {
            text.push_str(&rest[..start]);
            rest = &rest[start..];
            if rest.starts_with('\\') {
                let end = rest.char_indices().nth(2).map_or(rest.len(), |(at, _)| at);
                text.push('?');
                rest = &rest[end..];
                continue;
            }
            let inside = rest.trim_start_matches('`');
            let ticks = &rest[..rest.len() - inside.len()];
            // A run of as many backticks ends the code; a longer or shorter one does not.
            let is_end = |(at, _): &(usize, &str)| {
                !inside[..*at].ends_with('`') && !inside[at + ticks.len()..].starts_with('`')
            };
            if let Some((at, _)) = inside.match_indices(ticks).find(is_end) {
                rest = &inside[at + ticks.len()..];
            } else {
                text.push_str(ticks);
                rest = inside;
            }
        }
        text.push_str(rest);
        text.push('\n');
    }
    text
}
