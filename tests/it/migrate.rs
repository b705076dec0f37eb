//! `batch migrate`, from the words of a person to pushed branches and pages.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::support::{Output, Repo};

const INSTRUCTION: &str = "from var to const";
const VAR_TO_CONST: [&str; 6] = [
    "--rewrite",
    "var $A = $B",
    "--to",
    "const $A = $B",
    "--lang",
    "js",
];

/// `batch migrate` over every package, three units, with `more` at the end.
fn migrate(repo: &Repo, more: &[&str]) -> Output {
    let mut args = vec![
        "migrate",
        "packages/",
        INSTRUCTION,
        "--units",
        "3",
        "--forge",
        "local",
    ];
    args.extend_from_slice(more);
    repo.batch(args)
}

/// The same with the built-in codemod and no checks.
fn modernise(repo: &Repo, more: &[&str]) -> Output {
    let mut args = [&VAR_TO_CONST[..], &["--no-checks"]].concat();
    args.extend_from_slice(more);
    migrate(repo, &args)
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
    modernise(&repo, &["--yes"])
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
    let _ = modernise(&repo, &["--yes"]).exits(0);
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
    let output = modernise(&repo, &["--yes"]).exits(0);
    assert_eq!(repo.snapshot(), before);
    assert_eq!(
        output.said().matches("uncommitted").count(),
        1,
        "{}",
        output.said()
    );
}

#[test]
fn one_failing_unit_leaves_the_others_published() {
    let repo = Repo::with_packages(6);
    let check = repo.program(
        "check",
        "cd \"$(git rev-parse --show-toplevel)\"\nif grep -q const packages/p1/index.js; then echo p1 must stay as it is; exit 1; fi",
    );
    let output = migrate(
        &repo,
        &[
            &VAR_TO_CONST[..],
            &["--check", &check.to_string_lossy(), "--yes"],
        ]
        .concat(),
    )
    .exits(1);

    output
        .says("2 of 3 units published, 1 failed")
        .says("p1 must stay as it is");
    assert_eq!(repo.pushed().len(), 2);
    assert_eq!(pages(&repo).len(), 2);
}

#[test]
fn a_command_gets_its_slice_and_no_token() {
    let repo = Repo::with_packages(6);
    let agent = repo.program(
        "agent",
        r#"grep -q "$BATCH_INSTRUCTION" "$BATCH_PROMPT_FILE"
xargs -0 sh -c '
    for file; do
        printf "// %s %s, %s, token %s\n" "$BATCH_RUN" "$BATCH_UNIT" "$BATCH_INSTRUCTION" "${GITHUB_TOKEN-none}" >"$file"
    done' sh <"$BATCH_FILES""#,
    );
    let args = [
        "migrate",
        "packages/",
        INSTRUCTION,
        "--units",
        "3",
        "--forge",
        "local",
        "--no-checks",
        "--yes",
        "--agent-cmd",
        &agent.to_string_lossy(),
    ];
    let _ = repo
        .batch_with(args, &[("GITHUB_TOKEN", "ghp_secret")])
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

#[test]
fn what_lies_outside_the_claim_is_named_kept_and_never_published() {
    let repo = Repo::with_packages(6);
    let agent = repo.program(
        "agent",
        "if grep -qz 'packages/p1/' \"$BATCH_FILES\"; then echo stray >>README.md; fi\nxargs -0 sed -i.bak 's/var/let/' <\"$BATCH_FILES\"\nfind . -name '*.bak' -exec rm {} +",
    );
    let output = migrate(
        &repo,
        &[
            "--no-checks",
            "--yes",
            "--agent-cmd",
            &agent.to_string_lossy(),
        ],
    )
    .exits(1);

    output
        .says("2 of 3 units published, 1 failed")
        .says("README.md");
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
    let agent = repo.program("agent", "echo 'no licence found' >&2\nexit 7");
    let output = migrate(
        &repo,
        &[
            "--no-checks",
            "--yes",
            "--agent-cmd",
            &agent.to_string_lossy(),
        ],
    )
    .exits(1);

    output
        .says("0 of 3 units published, 3 failed")
        .says("no licence found")
        .says("7");
    assert_eq!(repo.pushed(), Vec::<String>::new());
}

#[test]
fn a_dry_run_publishes_nothing() {
    let repo = Repo::with_packages(6);
    let before = repo.snapshot();
    let _ = modernise(&repo, &["--yes", "--dry-run"]).exits(0);

    assert_eq!(repo.pushed(), Vec::<String>::new());
    assert_eq!(pages(&repo), Vec::<PathBuf>::new());
    assert_eq!(repo.snapshot(), before);
}

#[test]
fn without_a_push_the_branches_stay_here() {
    let repo = Repo::with_packages(6);
    let _ = modernise(&repo, &["--yes", "--no-push"]).exits(0);

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
    let output = modernise(&repo, &[]).exits(3);
    output.says("--yes").says("batch run [TMP]");
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

    let args = [
        &["run", &*plan][..],
        &VAR_TO_CONST,
        &["--no-checks", "--forge", "local", "--yes"],
    ]
    .concat();
    repo.batch(args).exits(0).says("2 of 2 units published");
    assert_eq!(repo.pushed().len(), 2);
}

#[test]
fn the_report_and_the_diff_can_be_asked_for_afterwards() {
    let repo = Repo::with_packages(1);
    let _ = repo
        .batch(
            [
                &["migrate", "packages/", INSTRUCTION, "--no-checks", "--yes"][..],
                &VAR_TO_CONST,
            ]
            .concat(),
        )
        .exits(0);
    let branch = repo.pushed().pop().expect("one branch");
    let unit = branch.rsplit('/').next().expect("the unit's name");

    repo.batch(["status"]).exits(0).says(unit);
    repo.batch(["report"])
        .exits(0)
        .says("1 of 1 unit published");
    repo.batch(["diff", unit])
        .exits(0)
        .says("+const p0 = 0;")
        .says("-var p0 = 0;");
    let json = repo.report();
    assert!(json.is_object());
}

#[test]
fn a_detached_head_works() {
    let repo = Repo::with_packages(6);
    repo.git(["checkout", "--quiet", "--detach"]);
    let _ = modernise(&repo, &["--yes"]).exits(0);
    assert_eq!(repo.pushed().len(), 3);
}

#[test]
fn without_a_remote_the_branches_stay_in_the_repository() {
    let repo = Repo::new()
        .file("packages/a/a.js", "var a = 1;\n")
        .file("packages/b/b.js", "var b = 2;\n")
        .commit("Start");
    let _ = modernise(&repo, &["--yes"]).exits(0);
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
    let npm = repo.program("bin/npm", "echo \"npm says $*\" >>\"$HOME/npm.log\"");
    let bin = npm
        .parent()
        .expect("a folder")
        .to_string_lossy()
        .into_owned();
    for program in ["git", "sh", "env"] {
        let found = which::which(program).expect("a program of every machine");
        std::os::unix::fs::symlink(found, format!("{bin}/{program}")).expect("a link");
    }
    let args = [
        "migrate",
        "packages/",
        "tool/",
        "sign",
        "--yes",
        "--regex",
        "a = 1",
        "--to",
        "a = 2",
    ];
    let output = repo.batch_with(args, &[("PATH", &bin)]).exits(0);
    output
        .says("npm test")
        .says("go")
        .says("1 of 2 units have no check");
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
    let args = ["-C", "packages/p1", "--config", "../../settings.toml"];
    let more = ["migrate", "*.js", INSTRUCTION, "--rule", "../../no-var.yml"];
    let _ = repo
        .batch([&args[..], &more, &["--no-checks", "--yes"]].concat())
        .exits(0);
    assert_eq!(repo.pushed(), Vec::<String>::new());
    assert_eq!(repo.changed_on(&repo.branches()[0]), [package(1)]);
}
