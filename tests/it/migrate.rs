//! `batch migrate`, from the words of a person to pushed branches and pages.

use std::collections::BTreeSet;
use std::path::PathBuf;

use insta::assert_snapshot;

use crate::support::{Migrate, Repo};

const INSTRUCTION: &str = "from var to const";

/// `batch migrate` with the built-in codemod over every package, in three units.
fn modernise(repo: &Repo) -> Migrate<'_> {
    repo.migrate()
        .saying(INSTRUCTION)
        .rewrite("var $A = $B", "const $A = $B")
        .units(3)
}

/// The pages of the pull requests that the local forge wrote.
fn pages(repo: &Repo) -> Vec<PathBuf> {
    let mut pages = repo.state_files(".md");
    pages.retain(|path| path.parent().is_some_and(|folder| folder.ends_with("prs")));
    pages
}

fn package(index: usize) -> String {
    format!("packages/p{index}/index.js")
}

#[test]
fn every_unit_becomes_a_pushed_branch_and_a_page() {
    let repo = Repo::with_packages(6);
    modernise(&repo)
        .run()
        .exits(0)
        .says("3 of 3 units published");

    assert_eq!(repo.pushed().len(), 3);
    assert_eq!(pages(&repo).len(), 3, "{:?}", pages(&repo));
}

#[test]
fn together_the_branches_hold_exactly_the_files_that_change() {
    let repo = Repo::with_packages(6)
        .file("packages/p0/other.js", "let done = 1;\n")
        .commit("More");
    repo.git(["push", "--quiet"]);
    let _ = modernise(&repo).run().exits(0);
    repo.git(["fetch", "--quiet"]);

    let mut seen = BTreeSet::new();
    for branch in repo.pushed() {
        for path in repo.changed_on(&format!("origin/{branch}")) {
            let text = repo.git(["show", &format!("origin/{branch}:{path}")]);
            assert!(text.starts_with("const p"), "{path}: {text}");
            assert!(seen.insert(path.clone()), "{path} is in two branches");
        }
    }
    assert_eq!(seen, (0..6).map(package).collect());
}

#[test]
fn nothing_of_the_users_is_touched() {
    let repo = Repo::with_packages(6);
    repo.write("README.md", "# stashed\n");
    repo.git(["stash", "push", "--quiet"]);
    repo.write("staged.js", "var staged = 1;\n");
    repo.git(["add", "staged.js"]);
    repo.write(package(2), "var half = 'done';\n");
    repo.write("untracked.txt", "mine\n");
    repo.git(["branch", "idea"]);

    let before = repo.snapshot();
    let output = modernise(&repo).run().exits(0);
    assert_eq!(repo.snapshot(), before);
    assert_eq!(
        output.said().matches("uncommitted").count(),
        1,
        "{}",
        output.said()
    );
}

/// Fails where the second package was changed.
const KEEPS_P1: &str = r#"
cd "$(git rev-parse --show-toplevel)"
if grep -q const packages/p1/index.js; then
    echo p1 must stay as it is
    exit 1
fi"#;

#[test]
fn one_failing_unit_leaves_the_others_published() {
    let repo = Repo::with_packages(6);
    let check = repo.program("check", KEEPS_P1);
    let output = modernise(&repo)
        .check(&check.to_string_lossy())
        .run()
        .exits(1);

    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    from var to const

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-p1-p2 │ failed │ – │ 1 failed │ [DURATION]
     02-packages-p3-p4 │ published │ #2 │ 1 passed │ [DURATION]
     03-packages-p5-index-js │ published │ #3 │ 1 passed │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ✗ 01-packages-p0-p1-p2 failed at check
      `[TMP]/check` failed: exit code 1
        │ p1 must stay as it is
      log       batch logs 01-packages-p0-p1-p2  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-p1-p2/check-1.log)
      changes   batch diff 01-packages-p0-p1-p2  ([TMP]/repo.batch/[RUN]/01-packages-p0-p1-p2)

    → batch retry --failed --run [RUN]  (01-packages-p0-p1-p2)

    2 of 3 units published, 1 failed · [DURATION]
    ");
    assert_eq!(repo.pushed().len(), 2);
    assert_eq!(pages(&repo).len(), 2);
}

/// Writes into its files what it is told of its work.
const TELLS_WHAT_IT_SEES: &str = r#"
grep -q "$BATCH_INSTRUCTION" "$BATCH_PROMPT_FILE"
xargs -0 sh -c '
    for file; do
        echo "// $BATCH_RUN $BATCH_UNIT, $BATCH_INSTRUCTION, token ${GITHUB_TOKEN-none}" >"$file"
    done' sh <"$BATCH_FILES""#;

#[test]
fn a_command_gets_its_slice_and_no_token() {
    let repo = Repo::with_packages(6);
    let _ = repo
        .migrate()
        .saying(INSTRUCTION)
        .agent(TELLS_WHAT_IT_SEES)
        .units(3)
        .env("GITHUB_TOKEN", "ghp_secret")
        .run()
        .exits(0);
    repo.git(["fetch", "--quiet"]);

    let mut files = 0;
    for branch in repo.pushed() {
        let name = branch
            .strip_prefix("batch/")
            .and_then(|rest| rest.split_once('/'))
            .expect("batch/<run>/<unit>");
        for path in repo.changed_on(&format!("origin/{branch}")) {
            let text = repo.git(["show", &format!("origin/{branch}:{path}")]);
            assert_eq!(
                text,
                format!("// {} {}, {INSTRUCTION}, token none", name.0, name.1)
            );
            files += 1;
        }
    }
    assert_eq!(files, 6);
}

/// Leaves its claim in the unit with the second package.
const STRAYS_WITH_P1: &str = "
if claims packages/p1/; then echo stray >>README.md; fi
edit s/var/let/";

#[test]
fn what_lies_outside_the_claim_is_named_kept_and_never_published() {
    let repo = Repo::with_packages(6);
    let migrate = repo.migrate().agent(STRAYS_WITH_P1).units(3);
    let output = migrate.with(["--scope", "listed"]).run().exits(1);

    assert_snapshot!(output.printed(), @"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-p1-p2 │ failed │ – │ – │ [DURATION]
     02-packages-p3-p4 │ published │ #2 │ – │ [DURATION]
     03-packages-p5-index-js │ published │ #3 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ✗ 01-packages-p0-p1-p2 failed at scope
      it changed what is not its own, so nothing of it is published:
        README.md: it is not among the files that this unit claims
      changes   batch diff 01-packages-p0-p1-p2  ([TMP]/repo.batch/[RUN]/01-packages-p0-p1-p2)

    → batch retry --failed --run [RUN]  (01-packages-p0-p1-p2)

    2 of 3 units published, 1 failed · [DURATION]
    ");
    assert_eq!(repo.pushed().len(), 2);
    let kept = walkdir::WalkDir::new(repo.worktrees())
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name() == "README.md")
        .any(|entry| {
            std::fs::read_to_string(entry.path()).is_ok_and(|text| text.contains("stray"))
        });
    assert!(kept, "the work of the failed unit is gone");
}

#[test]
fn a_missing_tool_of_the_agent_fails_its_units_with_its_own_words() {
    let repo = Repo::with_packages(6);
    let output = repo
        .migrate()
        .agent("echo 'no licence found' >&2; exit 7")
        .units(3)
        .run()
        .exits(1);

    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-p1-p2 │ failed │ – │ – │ [DURATION]
     02-packages-p3-p4 │ failed │ – │ – │ [DURATION]
     03-packages-p5-index-js │ failed │ – │ – │ [DURATION]

    ✗ 3 units: no licence found (01-packages-p0-p1-p2, 02-packages-p3-p4, 03-packages-p5-index-js)
      → batch retry --like 01-packages-p0-p1-p2 --run [RUN]

    ✗ 01-packages-p0-p1-p2 failed at agent
      the agent failed: exit code 7
        │ no licence found
      log       batch logs 01-packages-p0-p1-p2  \
        ([TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-p1-p2/agent.log)
      changes   batch diff 01-packages-p0-p1-p2  ([TMP]/repo.batch/[RUN]/01-packages-p0-p1-p2)

    ✗ 02-packages-p3-p4 failed at agent
      the agent failed: exit code 7
        │ no licence found
      log       batch logs 02-packages-p3-p4  \
        ([TMP]/repo/.git/batch/runs/[RUN]/02-packages-p3-p4/agent.log)
      changes   batch diff 02-packages-p3-p4  ([TMP]/repo.batch/[RUN]/02-packages-p3-p4)

    ✗ 03-packages-p5-index-js failed at agent
      the agent failed: exit code 7
        │ no licence found
      log       batch logs 03-packages-p5-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/03-packages-p5-index-js/agent.log)
      changes   batch diff 03-packages-p5-index-js  ([TMP]/repo.batch/[RUN]/03-packages-p5-index-js)

    → batch retry --failed --run [RUN]  (01-packages-p0-p1-p2, 02-packages-p3-p4, \
        03-packages-p5-index-js)

    0 of 3 units published, 3 failed · [DURATION]
    ");
    assert_eq!(repo.pushed(), Vec::<String>::new());
}

#[test]
fn a_dry_run_publishes_nothing() {
    let repo = Repo::with_packages(6);
    let before = repo.snapshot();
    let _ = modernise(&repo).with(["--dry-run"]).run().exits(0);

    assert_eq!(repo.pushed(), Vec::<String>::new());
    assert_eq!(pages(&repo), Vec::<PathBuf>::new());
    assert_eq!(repo.snapshot(), before);
}

#[test]
fn without_a_push_the_branches_stay_here() {
    let repo = Repo::with_packages(6);
    let _ = modernise(&repo).with(["--no-push"]).run().exits(0);

    assert_eq!(repo.pushed(), Vec::<String>::new());
    let mut changed: Vec<String> = repo
        .branches()
        .iter()
        .flat_map(|branch| repo.changed_on(branch))
        .collect();
    changed.sort();
    assert_eq!(changed, (0..6).map(package).collect::<Vec<_>>());
}

#[test]
fn without_a_terminal_the_plan_is_saved_and_waits_for_a_yes() {
    let repo = Repo::with_packages(6);
    let before = repo.snapshot();
    let output = modernise(&repo).unapproved().run();
    assert_snapshot!(output, @r"
    $ batch migrate packages/ 'from var to const' --forge local --rewrite 'var $A = $B' --to 'const $A = \
    >     $B' --lang js --no-checks --units 3
    ! Nothing was run, because there is no terminal to approve the plan at. Approve it unseen with --yes, \
    !     or read it and run it with: batch run [TMP]/repo/.git/batch/plans/[RUN].toml
    [exit code 3]
    ");
    assert_eq!(repo.branches(), Vec::<String>::new());
    assert!(!repo.worktrees().exists());
    assert_eq!(repo.snapshot(), before);

    let plan = repo.state_files(".toml").pop().expect("the saved plan");
    let plan = plan.to_string_lossy();
    assert!(
        output.raw_stderr().contains(&format!("batch run {plan}")),
        "{output:?}"
    );
    // Its [agent] table is all that is needed of the first command line.
    repo.batch(["run", &plan, "--yes", "--no-checks"])
        .exits(0)
        .says("3 of 3 units published");
    assert_eq!(repo.pushed().len(), 3);
}

#[test]
fn a_saved_plan_runs_later() {
    let repo = Repo::with_packages(6);
    let plan = repo.root().join("later.toml");
    let plan = plan.to_string_lossy();
    let _ = repo
        .batch([
            "plan",
            "packages/",
            INSTRUCTION,
            "--units",
            "2",
            "-o",
            &plan,
        ])
        .exits(0);
    repo.write("later.txt", "the checkout has moved on\n");
    repo.git(["add", "--all"]);
    repo.git(["commit", "--quiet", "--message", "Move on"]);

    repo.run_saved(&plan)
        .rewrite("var $A = $B", "const $A = $B")
        .run()
        .exits(0)
        .says("2 of 2 units published");
    assert_eq!(repo.pushed().len(), 2);
}

#[test]
fn the_report_and_the_diff_can_be_asked_for_afterwards() {
    let repo = Repo::with_packages(1);
    let _ = repo
        .migrate()
        .saying(INSTRUCTION)
        .rewrite("var $A = $B", "const $A = $B")
        .anywhere()
        .run()
        .exits(0);
    let branch = repo.pushed().pop().expect("one branch");
    let unit = branch.rsplit('/').next().expect("the unit's name");

    let mut seen = repo.transcript();
    seen.batch(["status"]);
    seen.batch(["report"]);
    seen.batch(["diff", unit]);
    assert_snapshot!(seen, @r"
    $ batch status
    run [RUN] · ended
    from var to const

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    1 of 1 unit published · [DURATION]

    $ batch report
    run [RUN] · ended
    from var to const

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    1 of 1 unit published · [DURATION]

    $ batch diff 01-packages-p0-index-js
    diff --git a/packages/p0/index.js b/packages/p0/index.js
    index [SHORT]..[SHORT] 100644
    --- a/packages/p0/index.js
    +++ b/packages/p0/index.js
    @@ -1 +1 @@
    -var p0 = 0;
    +const p0 = 0;
    ");
    let json = repo.report();
    assert!(json.is_object());
}

#[test]
fn a_detached_head_works() {
    let repo = Repo::with_packages(6);
    repo.git(["checkout", "--quiet", "--detach"]);
    let _ = modernise(&repo).run().exits(0);
    assert_eq!(repo.pushed().len(), 3);
}

#[test]
fn without_a_remote_the_branches_stay_in_the_repository() {
    let repo = Repo::new()
        .file("packages/a/a.js", "var a = 1;\n")
        .file("packages/b/b.js", "var b = 2;\n")
        .commit("Start");
    let _ = modernise(&repo).run().exits(0);
    assert_eq!(repo.branches().len(), 2);
}

#[test]
fn checks_are_found_by_themselves_and_left_out_where_their_program_is_missing() {
    let repo = Repo::new()
        .file("package.json", "{\"scripts\": {\"test\": \"none\"}}\n")
        .file("packages/a/a.js", "var a = 1;\n")
        .file("tool/go.mod", "module acorn.example/tool\n")
        .file("tool/main.go", "package main\n\nvar a = 1\n")
        .commit("Start")
        .with_remote();
    // Only this npm and what git and a shell need; no go.
    std::fs::create_dir(repo.root().join("bin")).expect("a folder");
    let npm = repo.program("bin/npm", r#"echo "npm says $*" >>"$HOME/npm.log""#);
    let bin = npm
        .parent()
        .expect("a folder")
        .to_string_lossy()
        .into_owned();
    for program in ["git", "sh", "env"] {
        let found = which::which(program).expect("a program of every machine");
        std::os::unix::fs::symlink(found, format!("{bin}/{program}")).expect("a link");
    }
    let output = repo
        .migrate()
        .paths(["packages/", "tool/"])
        .regex("a = 1", "a = 2")
        .found_checks()
        .anywhere()
        .env("PATH", &bin)
        .run()
        .exits(0);
    assert_snapshot!(output.plan(), @r"
    note: 'go test ./...' (found by go.mod of tool) is not run: 'go' is not on PATH; install it, or \
        name another check
    note: 1 of 2 units have no check: no test command was found for them; give one with --check
    plan · 2 units, 2 files
    sign every file
    base   origin/main ([SHORT])
    agent  codemod: replace /a = 1/ with 'a = 2'
    checks npm test --silent (1 unit)
    result pull requests as pages in this repository because remote origin is not on GitHub; branches \
        pushed to origin

     unit │ title │ files │ lines
    ──┼──┼──┼──
     01-packages-a-a-js │ packages/a/a.js │ 1 │ 1
     02-tool-main-go │ tool/main.go │ 1 │ 3

    left out: 1 file
      the codemod changes nothing (1): tool/go.mod

    2 files make 2 units (fewer than 5)
    ");
    let said = std::fs::read_to_string(repo.root().join("home/npm.log")).expect("npm was run");
    assert_eq!(said, "npm says test --silent\n");
}

#[test]
fn with_another_folder_every_path_starts_there() {
    let repo = Repo::with_packages(2)
        .file(
            "settings.toml",
            "[publish]\nforge = \"local\"\npush = \"never\"\n",
        )
        .file(
            "no-var.yml",
            "id: no-var\nlanguage: js\nrule:\n  pattern: var $A = $B\nfix: const $A = $B\n",
        );
    let _ = repo
        .migrate()
        .globally(["-C", "packages/p1", "--config", "../../settings.toml"])
        .paths(["*.js"])
        .saying(INSTRUCTION)
        .anywhere()
        .with(["--rule", "../../no-var.yml"])
        .run()
        .exits(0);
    assert_eq!(repo.pushed(), Vec::<String>::new());
    assert_eq!(repo.changed_on(&repo.branches()[0]), [package(1)]);
}
