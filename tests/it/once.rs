//! A command that works once for all units, and whose changes are divided among them.

use insta::assert_snapshot;

use crate::support::{Migrate, Repo};

/// The folders of the units.
const LETTERS: [&str; 3] = ["a", "b", "c"];

/// Formats the whole repository, renames one file, writes another one, and leaves a cache behind.
const FORMATS: &str = r#"
note
for f in src/*/x.js src/*/y.js other.js; do echo formatted >>"$f"; done
git mv src/b/y.js src/b/y.ts
echo new >src/c/new.js
mkdir -p .pytest_cache; echo x >.pytest_cache/x"#;

/// Two files for each of three units, and one file of nobody.
fn repository() -> Repo {
    let repo = LETTERS.iter().fold(Repo::new(), |repo, it| {
        repo.file(format!("src/{it}/x.js"), "x\n")
            .file(format!("src/{it}/y.js"), "y\n")
    });
    repo.file("other.js", "o\n").commit("base").with_remote()
}

fn once<'a>(repo: &'a Repo, command: &str) -> Migrate<'a> {
    let migrate = repo.migrate().paths(["src/"]).units(3).agent(command);
    migrate.with(["--by", "folder", "--once"])
}

/// The changes of every pushed branch, one branch a line.
fn changes(repo: &Repo) -> String {
    let of = |branch: &String| {
        let (_, unit) = branch.rsplit_once('/').expect("a branch of a run");
        let changes = repo.published_changes(branch).replace('\t', " ");
        format!("{unit}: {}", changes.replace('\n', ", "))
    };
    repo.pushed().iter().map(of).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_work_of_a_command_is_cut_into_units_of_which_each_is_checked_by_itself() {
    let repo = repository();
    let check = repo.program(
        "check",
        "test \"$(cat src/*/x.js | grep -c formatted)\" = 1",
    );
    let migrate = once(&repo, FORMATS).check(&check.to_string_lossy());
    let output = migrate.run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-src-a │ published │ #1 │ 1 passed │ [DURATION]
     02-src-b │ published │ #2 │ 1 passed │ [DURATION]
     03-src-c │ published │ #3 │ 1 passed │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    + 01-src-a also changes other.js
    + 02-src-b also creates src/b/y.ts
    + 03-src-c also creates src/c/new.js
    – 1 new file is in no unit's work, because tools and agents leave such files behind: .pytest_cache/x

    3 of 3 units published · [DURATION]
    ");
    assert_snapshot!(changes(&repo), @r"
    01-src-a: M other.js, M src/a/x.js, M src/a/y.js
    02-src-b: M src/b/x.js, D src/b/y.js, A src/b/y.ts
    03-src-c: A src/c/new.js, M src/c/x.js, M src/c/y.js
    ");
    assert_eq!(repo.worked(), ["all"]);
}

#[test]
fn a_unit_that_fails_is_tried_again_without_the_command() {
    let repo = repository();
    let check = repo.program(
        "check",
        "test -e $here/good || ! grep -q formatted src/b/x.js",
    );
    let migrate = once(&repo, FORMATS).check(&check.to_string_lossy());
    migrate
        .run()
        .exits(1)
        .says("2 of 3 units published, 1 failed");
    repo.write("../good", "");
    repo.batch(["retry", "--failed"])
        .exits(0)
        .says("3 of 3 units published");
    assert_eq!(repo.worked(), ["all"]);
    assert!(
        changes(&repo).contains("A src/b/y.ts"),
        "{}",
        changes(&repo)
    );
}

#[test]
fn a_command_that_fails_fails_every_unit_and_has_worked_once() {
    let repo = repository();
    let output = once(&repo, "note; echo no such rule; exit 2")
        .run()
        .exits(1);
    output.says("0 of 3 units published, 3 failed");
    output.says("no such rule");
    assert_eq!(repo.worked(), ["all"]);
    assert_eq!(repo.pushed(), [""; 0]);
}

#[test]
fn the_result_of_the_command_survives_a_kill_of_the_run() {
    for event in ["6", "9", "9+", "10+", "14", "20", "28+"] {
        let repo = repository();
        let killed = once(&repo, FORMATS).env("BATCH_CRASH", event).run();
        assert_eq!(killed.code(), -1, "at {event}: {killed}");
        let had_worked = killed.raw_stderr().contains("worked once for all units");
        repo.batch(["resume"])
            .exits(0)
            .says("3 of 3 units published");
        let times = repo.worked().len();
        assert!(
            times == 1 || !had_worked && times == 2,
            "at {event}: {times} times"
        );
        assert_eq!(repo.pushed().len(), 3, "at {event}");
    }
}

#[test]
fn only_one_command_can_work_once() {
    let repo = repository();
    let codemod = repo
        .migrate()
        .paths(["src/"])
        .rewrite("x", "z")
        .with(["--once"]);
    codemod
        .run()
        .exits(2)
        .says("--once is for a command (--agent-cmd)");
    let several = once(&repo, FORMATS).with(["--best-of", "2"]);
    several
        .run()
        .exits(2)
        .says("--once takes one work of one command");
}
