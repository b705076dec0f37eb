//! What units come to own, through a kill of the program at the events of a run.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::agents::each;
use crate::support::{Migrate, Repo};

/// The folders of the units.
const LETTERS: [&str; 3] = ["a", "b", "c"];

/// Notes that it works, and runs a command for each claimed file, which is in `$f`.
fn noting_each(command: &str) -> String {
    format!("note\n{}", each(command))
}

/// A run that is killed and resumed.
struct Scenario {
    name: &'static str,
    repo: fn() -> Repo,
    start: for<'a> fn(&'a Repo) -> Migrate<'a>,
    /// How many units are published in the end.
    units: usize,
    /// What each of these files holds when all is merged.
    merged: &'static [(&'static str, &'static str)],
}

fn sources(text: &str) -> Repo {
    LETTERS.iter().fold(Repo::new(), |repo, it| {
        repo.file(format!("src/{it}.js"), text)
    })
}

const MANIFEST: &str = "{\n  \"dependencies\": {\n    \"moment\": \"2\"\n  }\n}\n";

/// Fails where a source file uses what the manifest does not name.
const USED_IS_NAMED: &str = r#"
for f in src/*.js; do
  grep -q "\"$(cat "$f")\"" package.json || { echo "$f:1: not in package.json"; exit 1; }
done"#;

const SCENARIOS: [Scenario; 6] = [
    Scenario {
        name: "manifest",
        repo: || {
            sources("old\n")
                .file("package.json", MANIFEST)
                .commit("base")
                .with_remote()
        },
        start: |repo| {
            let add = r#"
n=$(basename "$f" .js)
sed -i "s/\"moment\": \"2\"/\"moment\": \"2\",\n    \"$n\": \"1\"/" package.json"#;
            let add = format!("echo young >\"$f\"; {add}");
            repo.migrate().paths(["src/"]).agent(&noting_each(&add))
        },
        units: 3,
        merged: &[
            ("src/a.js", "young"),
            ("src/c.js", "young"),
            ("package.json", "\"a\""),
            ("package.json", "\"b\""),
            ("package.json", "\"c\""),
        ],
    },
    Scenario {
        name: "list",
        repo: || {
            sources("old\n")
                .file("list", "a\nb\nc\nz\n")
                .commit("base")
                .with_remote()
        },
        start: |repo| {
            let take = r#"echo young >"$f"; n=$(basename "$f" .js); sed -i "/^$n$/d" list; echo "$n-new" >>list"#;
            repo.migrate().paths(["src/"]).agent(&noting_each(take))
        },
        units: 3,
        merged: &[
            ("list", "z\n"),
            ("list", "a-new"),
            ("list", "b-new"),
            ("list", "c-new"),
        ],
    },
    Scenario {
        name: "numbers",
        repo: || {
            sources("x\n")
                .file("db/0001_init.sql", "create\n")
                .commit("base")
                .with_remote()
        },
        start: |repo| {
            let next =
                r"n=$(ls db | tail -n 1 | cut -c 1-4 | sed 's/^0*//'); n=$(printf %04d $((n + 1)))";
            let add =
                noting_each(r#"echo y >>"$f"; echo alter >"db/${n}_$(basename "$f" .js).sql""#);
            repo.migrate()
                .paths(["src/"])
                .agent(&format!("{next}\n{add}"))
        },
        units: 3,
        merged: &[],
    },
    Scenario {
        name: "removals",
        repo: || {
            sources("moment\n")
                .file("package.json", MANIFEST)
                .commit("base")
                .with_remote()
        },
        start: |repo| {
            let check = repo.program("check", USED_IS_NAMED);
            let swap = noting_each(
                r#"echo dayjs >"$f"; sed -i 's/"moment": "2"/"dayjs": "1"/' package.json"#,
            );
            repo.migrate()
                .paths(["src/"])
                .agent(&swap)
                .check(&check.to_string_lossy())
        },
        units: 4,
        merged: &[
            ("src/a.js", "dayjs"),
            ("src/c.js", "dayjs"),
            (
                "package.json",
                "{\n  \"dependencies\": {\n    \"dayjs\": \"1\"\n  }\n}\n",
            ),
        ],
    },
    Scenario {
        name: "integration",
        repo: || sources("x\n").commit("base").with_remote(),
        start: |repo| {
            let work = r"
note
case $BATCH_UNIT in
integration) cat src/*.js >all ;;
*) sign ;;
esac";
            repo.migrate()
                .paths(["src/"])
                .agent(work)
                .with(["--integrate", "join them"])
        },
        units: 4,
        merged: &[("all", "x\n// signed\nx\n// signed\nx\n// signed\n")],
    },
    Scenario {
        name: "made again",
        repo: || {
            let repo = sources("x\n").file("lock", "x\nx\nx\n").file("list", "z\n");
            let make = repo.program("make-lock", "cat src/*.js >lock; echo left >half");
            repo.settings(&format!(
                "[regenerate.lock]\nfrom = [\"src/**\"]\nrun = {:?}\n",
                make.to_string_lossy()
            ))
            .commit("base")
            .with_remote()
        },
        start: |repo| {
            let add = r#"n=$(basename "$f" .js); echo "$n" >"$f"; echo "$n" >>list"#;
            repo.migrate().paths(["src/"]).agent(&noting_each(add))
        },
        units: 3,
        merged: &[
            ("src/a.js", "a"),
            ("lock", "a\nb\nc\n"),
            ("list", "a"),
            ("list", "c"),
        ],
    },
];

/// The unit and the fact of each event of the last run.
fn facts(repo: &Repo) -> Vec<(String, String)> {
    let events = repo.batch(["export"]).exits(0);
    let facts = events.raw().lines().map(|line| {
        let event: serde_json::Value = serde_json::from_str(line).expect("an event");
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        (text("unit"), text("fact"))
    });
    facts.collect()
}

/// Runs the scenario with a kill at the event, resumes it, and proves the result. Returns the last fact before the
/// kill, or nothing where the scenario has fewer events.
fn survives(scenario: &Scenario, event: &str) -> Option<String> {
    let repo = (scenario.repo)();
    let start = (scenario.start)(&repo).in_order();
    let killed = start.env("BATCH_CRASH", event).run();
    let what = format!("{} at {event}", scenario.name);
    if killed.code() == 0 {
        return None;
    }
    assert_eq!(killed.code(), -1, "{what}: {killed}");
    let last = match event {
        "0" => String::new(),
        _ => facts(&repo).pop().expect("an event").1,
    };
    let again = repo.batch(["resume"]);
    // Before its first event a run is nothing, and after its last event there is nothing to resume.
    if again.code() == 2 && event == "0" {
        return Some(last);
    }
    if again.code() != 2 {
        assert_eq!(again.code(), 0, "{what}: {again}");
    }
    proven(&repo, scenario, &what);
    let mut finished: BTreeMap<String, usize> = BTreeMap::new();
    for (unit, _) in facts(&repo)
        .into_iter()
        .filter(|it| it.1 == "agent-finished")
    {
        *finished.entry(unit).or_default() += 1;
    }
    // Who has finished is not paid again. For another number, a command works again on top of the others.
    assert!(
        scenario.name == "numbers" || finished.values().all(|times| *times == 1),
        "{what}: {finished:?}"
    );
    Some(last)
}

fn proven(repo: &Repo, scenario: &Scenario, what: &str) {
    let report = repo.report();
    let units = report["units"].as_array().expect("units");
    assert_eq!(units.len(), scenario.units, "{what}: {report}");
    for unit in units {
        assert_eq!(unit["outcome"], "published", "{what}: {report}");
    }
    let pushed = repo.pushed();
    assert_eq!(pushed.len(), scenario.units, "{what}: {pushed:?}");
    let pages = repo
        .state_files(".md")
        .into_iter()
        .filter(|it| it.to_string_lossy().contains("/prs/"))
        .count();
    assert_eq!(pages, scenario.units, "{what}");
    repo.git(["fetch", "--quiet", "origin"]);
    ordered_where_shared(repo, &pushed, what);
    repo.git(["checkout", "--quiet", "-b", "all", "main"]);
    for branch in &pushed {
        repo.git([
            "merge",
            "--quiet",
            "--message",
            "merged",
            &format!("origin/{branch}"),
        ]);
    }
    for (path, text) in scenario.merged {
        assert!(
            repo.read(path).contains(text),
            "{what}: {path}: {}",
            repo.read(path)
        );
    }
    if scenario.name == "numbers" {
        let files = repo.git(["ls-files", "db"]);
        let numbers: Vec<&str> = files.lines().map(|it| &it[3..7]).collect();
        assert_eq!(numbers, ["0001", "0002", "0003", "0004"], "{what}: {files}");
    }
    if scenario.name == "list" {
        for line in ["a", "b", "c"] {
            assert!(
                !repo.read("list").lines().any(|it| it == line),
                "{what}: {}",
                repo.read("list")
            );
        }
        assert_eq!(
            repo.read("list").lines().count(),
            4,
            "{what}: {}",
            repo.read("list")
        );
    }
}

/// Two branches that change one path stand one on the other.
fn ordered_where_shared(repo: &Repo, pushed: &[String], what: &str) {
    let mut by_path: BTreeMap<String, Vec<&String>> = BTreeMap::new();
    for branch in pushed {
        let tip = format!("origin/{branch}");
        let own = repo.git([
            "diff",
            "--no-renames",
            "--name-only",
            &format!("{tip}^1"),
            &tip,
        ]);
        for path in own.lines() {
            by_path.entry(path.to_owned()).or_default().push(branch);
        }
    }
    let stands_on = |a: &str, b: &str| {
        let base = repo.git(["merge-base", &format!("origin/{a}"), &format!("origin/{b}")]);
        base == repo.git(["rev-parse", &format!("origin/{b}")])
    };
    for (path, branches) in by_path {
        for (at, a) in branches.iter().enumerate() {
            for b in &branches[at + 1..] {
                assert!(
                    stands_on(a, b) || stands_on(b, a),
                    "{what}: {path}: {a} and {b}"
                );
            }
        }
    }
}

#[test]
fn a_kill_at_any_event_loses_nothing_and_doubles_nothing() {
    for (place, scenario) in SCENARIOS.iter().enumerate() {
        // Each scenario is killed at an event of its own, most of them while agents work.
        let event = 9 + 2 * place;
        for moment in ["", "+"] {
            let survived = survives(scenario, &format!("{event}{moment}"));
            assert!(survived.is_some(), "{} at {event}", scenario.name);
        }
    }
}

/// The facts by which units come to hold paths, stand on others, leave work to others, and are added.
const FACTS: [&str; 5] = [
    "scope-proven",
    "stands-on",
    "carried",
    "removals-deferred",
    "unit-added",
];

#[test]
fn no_agent_is_paid_twice_for_a_kill_at_an_event_of_sharing() {
    let mut killed_after: BTreeSet<String> = BTreeSet::new();
    for scenario in &SCENARIOS {
        let repo = (scenario.repo)();
        let _ = (scenario.start)(&repo).in_order().run().exits(0);
        let facts = facts(&repo);
        for fact in FACTS {
            // The last such event of a run has most behind it.
            let Some(event) = facts.iter().rposition(|(_, it)| it == fact) else {
                continue;
            };
            for moment in ["", "+"] {
                killed_after.extend(survives(scenario, &format!("{event}{moment}")));
            }
        }
    }
    // A unit publishes while the next one begins, so that an event may have another number.
    let missed: Vec<&str> = FACTS
        .into_iter()
        .filter(|fact| !killed_after.contains(*fact))
        .collect();
    assert!(missed.is_empty(), "{missed:?}");
}
