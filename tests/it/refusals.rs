//! Bad input: one sentence that says what is wrong and what to do, exit code 2, and nothing done.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::{Output, Repo};

const MIGRATE: [&str; 10] = [
    "migrate",
    "packages/",
    "from var to const",
    "--rewrite",
    "var $A = $B",
    "--to",
    "const $A = $B",
    "--no-checks",
    "--yes",
    "--lang=js",
];

fn migrate(repo: &Repo) -> Output {
    repo.batch(MIGRATE)
}

/// The program refused: exit code 2, one message on stderr that holds every one of `words`, no trace.
#[track_caller]
fn refused(repo: &Repo, output: Output, words: &[&str]) {
    let output = output.exits(2);
    let said = output.stderr();
    assert!(said.starts_with("error: "), "{said}");
    assert!(
        !said.contains("panicked") && !said.contains("Caused by"),
        "{said}"
    );
    for word in words {
        assert!(said.contains(word), "nothing about {word:?}: {said}");
    }
    assert_eq!(repo.state_entries(), [""; 0], "a refusal left state behind");
    assert!(
        !repo.worktrees().exists(),
        "a refusal left worktrees behind"
    );
    if repo.dir().join(".git").exists() {
        assert_eq!(repo.branches(), Vec::<String>::new());
    }
}

/// Saves `text` as a plan and runs it.
fn run_plan(repo: &Repo, text: &str) -> Output {
    let path = repo.root().join("plan.toml");
    fs::write(&path, text).expect("the plan");
    repo.batch([
        OsStr::new("run"),
        path.as_os_str(),
        "--yes".as_ref(),
        "--no-checks".as_ref(),
        "--agent-cmd".as_ref(),
        "true".as_ref(),
    ])
}

/// A valid plan of two units as the program itself writes it.
fn saved_plan(repo: &Repo) -> String {
    let path = repo.root().join("saved.toml");
    let args = [
        "plan",
        "packages/",
        "from var to const",
        "--units",
        "2",
        "-o",
        &path.to_string_lossy(),
    ];
    let _ = repo.batch(args).exits(0);
    fs::read_to_string(path).expect("the saved plan")
}

#[test]
fn not_a_repository() {
    let repo = Repo::folder();
    refused(&repo, migrate(&repo), &["repository"]);
}

#[test]
fn a_bare_repository() {
    let repo = Repo::with_packages(2);
    let remote = repo.remote_dir();
    let args = [OsStr::new("-C"), remote.as_os_str()]
        .into_iter()
        .chain(MIGRATE.iter().map(OsStr::new));
    refused(&repo, repo.batch(args), &["bare"]);
    assert!(!remote.join("batch").exists());
}

#[test]
fn no_commit_yet() {
    let repo = Repo::new().file("packages/a.js", "var a = 1;\n");
    refused(&repo, migrate(&repo), &["commit"]);
}

#[test]
fn a_glob_that_matches_nothing_says_what_is_near() {
    let repo = Repo::with_packages(2);
    let output = repo.batch([
        "migrate",
        "package/**/*.js",
        "from var to const",
        "--agent-cmd",
        "true",
        "--yes",
    ]);
    refused(&repo, output, &["package/**/*.js", "packages/"]);
}

#[test]
fn an_invalid_glob() {
    let repo = Repo::with_packages(2);
    let output = repo.batch([
        "migrate",
        "packages/{a,b",
        "from var to const",
        "--agent-cmd",
        "true",
        "--yes",
    ]);
    refused(&repo, output, &["packages/{a,b"]);
}

#[test]
fn an_unknown_base() {
    let repo = Repo::with_packages(2);
    refused(
        &repo,
        repo.batch(MIGRATE.into_iter().chain(["--base", "no-such-branch"])),
        &["no-such-branch"],
    );
}

#[test]
fn a_partial_clone_is_told_how_to_become_whole() {
    let origin = Repo::with_packages(2);
    let bare = origin.remote_dir();
    let remote = format!("file://{}", bare.display());
    origin.git([
        "-C",
        &bare.to_string_lossy(),
        "config",
        "uploadpack.allowFilter",
        "true",
    ]);
    for filter in ["blob:none", "tree:0"] {
        let repo = Repo::folder();
        let filter = format!("--filter={filter}");
        repo.git(["clone", "--quiet", &*filter, "--no-checkout", &remote, "."]);
        let output = migrate(&repo);
        refused(
            &repo,
            output,
            &["partial clone", "git fetch --refetch --no-filter"],
        );
        repo.git(["fetch", "--quiet", "--refetch", "--no-filter"]);
        migrate(&repo).exits(0).says("2 of 2 units published");
    }
}

#[test]
fn formats_that_cannot_be_read_are_named() {
    let repo = Repo::folder();
    repo.git(["init", "--quiet", "--object-format=sha256"]);
    refused(&repo, migrate(&repo), &["SHA-256"]);

    let repo = Repo::folder();
    let made = repo
        .command("git")
        .args(["init", "--quiet", "--ref-format=reftable"])
        .status();
    // Git knows them since 2.45.
    if made.is_ok_and(|status| status.success()) {
        refused(
            &repo,
            migrate(&repo),
            &["git refs migrate --ref-format=files"],
        );
    }
}

#[test]
fn a_shallow_clone_works_and_what_may_go_wrong_is_said_once() {
    let origin = Repo::with_packages(2)
        .file("more.txt", "more\n")
        .commit("More");
    origin.git(["push", "--quiet"]);
    let repo = Repo::folder();
    repo.git([
        "clone",
        "--quiet",
        "--depth",
        "1",
        &format!("file://{}", origin.remote_dir().display()),
        ".",
    ]);
    let output = migrate(&repo).exits(0);
    output
        .says("git fetch --unshallow")
        .says("2 of 2 units published");
    assert_eq!(output.said().matches("shallow clone").count(), 1);
    assert_eq!(origin.pushed().len(), 2);
}

#[test]
fn no_git_identity() {
    let repo = Repo::with_packages(2);
    // Without this, git would make a name up of the machine's.
    fs::write(
        repo.root().join("home/.gitconfig"),
        "[user]\n\tuseConfigOnly = true\n",
    )
    .expect("a git configuration");
    refused(&repo, migrate(&repo), &["git config --global user.name"]);
}

#[test]
fn an_empty_instruction() {
    let repo = Repo::with_packages(2);
    refused(
        &repo,
        repo.batch(["migrate", "packages/", "  ", "--agent-cmd", "true", "--yes"]),
        &["instruction"],
    );
}

#[test]
fn a_missing_agent_program() {
    let repo = Repo::with_packages(2);
    let output = repo.batch([
        "migrate",
        "packages/",
        "from var to const",
        "--agent-cmd",
        "no-such-agent --fast",
        "--yes",
    ]);
    refused(&repo, output, &["no-such-agent"]);
}

#[test]
fn a_codemod_that_changes_nothing() {
    let repo = Repo::with_packages(2);
    let output = repo.batch([
        "migrate",
        "packages/",
        "tidy",
        "--regex",
        "no such words",
        "--to",
        "none",
        "--yes",
    ]);
    refused(&repo, output, &["changes"]);
}

#[test]
fn an_invalid_regex() {
    let repo = Repo::with_packages(2);
    refused(
        &repo,
        repo.batch([
            "migrate",
            "packages/",
            "tidy",
            "--regex",
            "(",
            "--to",
            "x",
            "--yes",
        ]),
        &["regular expression", "character 1"],
    );
}

#[test]
fn no_agent() {
    let repo = Repo::with_packages(2);
    let output = repo.batch(["migrate", "packages/", "from var to const", "--yes"]);
    refused(&repo, output, &["no agent was named", "--agent-cmd"]);
}

#[test]
fn two_agents() {
    let repo = Repo::with_packages(2);
    let output = repo.batch(MIGRATE.into_iter().chain(["--agent-cmd", "true"]));
    refused(&repo, output, &["--agent-cmd", "--rewrite"]);
}

#[test]
fn a_fault_in_the_settings_names_the_line() {
    let repo = Repo::with_packages(2)
        .file("batch.toml", "# how we migrate\njbos = 3\n")
        .commit("Add batch.toml");
    refused(&repo, migrate(&repo), &["batch.toml", "line 2", "jbos"]);
}

#[test]
fn a_plan_that_is_not_there() {
    let repo = Repo::with_packages(2);
    refused(
        &repo,
        repo.batch(["run", "no-plan.toml", "--yes"]),
        &["no-plan.toml"],
    );
}

#[test]
fn a_plan_that_is_not_toml_names_the_line() {
    let repo = Repo::with_packages(2);
    refused(
        &repo,
        run_plan(&repo, "instruction = \"x\"\nbase = = 3\n"),
        &["plan.toml", "line 2"],
    );
}

#[test]
fn a_plan_with_overlapping_claims() {
    let repo = Repo::with_packages(2);
    let plan = saved_plan(&repo).replace("packages/p1/index.js", "packages/p0/index.js");
    refused(
        &repo,
        run_plan(&repo, &plan),
        &["packages/p0/index.js", "plan.toml", "line "],
    );
}

#[test]
fn a_plan_with_an_unknown_file() {
    let repo = Repo::with_packages(2);
    let plan = saved_plan(&repo).replace("packages/p1/index.js", "packages/p1/gone.js");
    refused(
        &repo,
        run_plan(&repo, &plan),
        &["packages/p1/gone.js", "plan.toml", "line "],
    );
}

#[test]
fn a_plan_whose_base_is_gone() {
    let repo = Repo::with_packages(2);
    let base = repo.git(["rev-parse", "HEAD"]);
    let plan = saved_plan(&repo).replace(&base, "0123456789abcdef0123456789abcdef01234567");
    refused(&repo, run_plan(&repo, &plan), &["base"]);
}

#[test]
fn a_plan_with_a_cycle() {
    let repo = Repo::with_packages(2);
    let plan = with_cycle(&saved_plan(&repo));
    refused(
        &repo,
        run_plan(&repo, &plan),
        &["needs", "circle", "plan.toml", "line "],
    );
}

/// The plan with each of its two units needing the other.
fn with_cycle(plan: &str) -> String {
    let mut document: toml_edit::DocumentMut = plan.parse().expect("a saved plan is TOML");
    let units = document
        .iter_mut()
        .find_map(|(_, item)| {
            item.as_array_of_tables_mut()
                .filter(|units| units.len() == 2)
        })
        .expect("a saved plan has its units");
    let ids: Vec<String> = units
        .iter()
        .map(|unit| {
            unit.get("id")
                .and_then(toml_edit::Item::as_str)
                .expect("a unit has an id")
                .to_owned()
        })
        .collect();
    for (unit, other) in units.iter_mut().zip(ids.iter().rev()) {
        unit["needs"] = toml_edit::value(toml_edit::Array::from_iter([other.as_str()]));
    }
    document.to_string()
}

#[test]
fn a_push_that_is_refused_fails_the_unit_and_keeps_its_work() {
    let repo = Repo::with_packages(2);
    let hook = repo.remote_dir().join("hooks/pre-receive");
    fs::write(
        &hook,
        "#!/bin/sh\necho 'you may not push here' >&2\nexit 1\n",
    )
    .expect("the hook");
    fs::set_permissions(&hook, fs::Permissions::from_mode(0o755)).expect("the hook's mode");

    migrate(&repo)
        .exits(1)
        .says("you may not push here")
        .says("0 of 2 units published, 2 failed");
    assert_eq!(repo.pushed(), Vec::<String>::new());
    assert_eq!(repo.branches().len(), 2);
}

#[test]
fn a_branch_in_the_way_fails_the_unit_and_stays() {
    let repo = Repo::with_packages(2);
    // No branch below `batch/` can be made while one of that name is there.
    repo.git(["branch", "batch"]);
    let before = repo.snapshot();

    let output = migrate(&repo);
    assert!(matches!(output.code(), 1 | 2), "{output:?}");
    output.says("batch");
    assert_eq!(repo.snapshot(), before);
}
