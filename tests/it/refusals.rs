//! Bad input: one sentence that says what is wrong and what to do, exit code 2, and nothing done.

use std::fs;

use insta::assert_snapshot;

use crate::support::{Migrate, Output, Repo};

/// A migration in which nothing is wrong.
fn modernise(repo: &Repo) -> Migrate<'_> {
    let migrate = repo.migrate().anywhere();
    migrate.rewrite("var $A = $B", "const $A = $B")
}

fn migrate(repo: &Repo) -> Output {
    modernise(repo).run()
}

/// A migration by a command that does nothing.
fn idle(repo: &Repo) -> Migrate<'_> {
    repo.migrate().anywhere().command_line("true")
}

/// The program refused: exit code 2, one message on stderr, no trace.
#[track_caller]
fn refused(repo: &Repo, output: Output) -> Output {
    let output = output.exits(2);
    let said = output.stderr();
    assert!(said.starts_with("error: "), "{said}");
    assert!(
        !said.contains("panicked") && !said.contains("Caused by"),
        "{said}"
    );
    assert_eq!(output.stdout(), "");
    assert_eq!(repo.state_entries(), [""; 0], "a refusal left state behind");
    assert!(
        !repo.worktrees().exists(),
        "a refusal left worktrees behind"
    );
    if repo.dir().join(".git").exists() {
        assert_eq!(repo.branches(), Vec::<String>::new());
    }
    output
}

/// Saves `text` as a plan and runs it.
fn run_plan(repo: &Repo, text: &str) -> Output {
    let path = repo.root().join("plan.toml");
    fs::write(&path, text).expect("the plan");
    let run = repo.run_saved(&path.to_string_lossy()).anywhere();
    run.command_line("true").run()
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
    assert_snapshot!(refused(&repo, migrate(&repo)), @r"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks
    ! error: [TMP]/repo is not inside a git repository: run batch in one, or name one with -C
    [exit code 2]
    ");
}

#[test]
fn a_bare_repository() {
    let repo = Repo::with_packages(2);
    let remote = repo.remote_dir();
    let inside = modernise(&repo).globally(["-C", &remote.to_string_lossy()]);
    assert_snapshot!(refused(&repo, inside.run()), @r"
    $ batch -C [TMP]/origin.git migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to \
    >     'const $A = $B' --lang js --no-checks
    ! error: [TMP]/origin.git is a bare repository, which has no files: run batch in a checkout of it \
    !     (git clone or git worktree add)
    [exit code 2]
    ");
    assert!(!remote.join("batch").exists());
}

#[test]
fn no_commit_yet() {
    let repo = Repo::new().file("packages/a.js", "var a = 1;\n");
    assert_snapshot!(refused(&repo, migrate(&repo)), @r"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks
    ! error: the repository has no commit yet, and batch plans from a commit: commit something first
    [exit code 2]
    ");
}

#[test]
fn a_glob_that_matches_nothing_says_what_is_near() {
    let repo = Repo::with_packages(2);
    let output = idle(&repo).paths(["package/**/*.js"]).run();
    assert_snapshot!(refused(&repo, output), @r"
    $ batch migrate 'package/**/*.js' 'sign every file' --yes --agent-cmd true --no-checks
    ! error: no tracked file matches 'package/**/*.js'; did you mean 'packages/**/*.js' (2 files)?
    [exit code 2]
    ");
}

#[test]
fn an_invalid_glob() {
    let repo = Repo::with_packages(2);
    let output = idle(&repo).paths(["packages/{a,b"]).run();
    assert_snapshot!(refused(&repo, output), @r"
    $ batch migrate 'packages/{a,b' 'sign every file' --yes --agent-cmd true --no-checks
    ! error: 'packages/{a,b' is not a valid glob: unclosed alternate group; missing '}' (maybe escape '{' \
    !     with '[{]'?)
    [exit code 2]
    ");
}

#[test]
fn an_unknown_base() {
    let repo = Repo::with_packages(2);
    let output = modernise(&repo).with(["--base", "no-such-branch"]).run();
    assert_snapshot!(refused(&repo, output), @r#"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks --base no-such-branch
    ! error: there is no commit "no-such-branch" in this repository
    [exit code 2]
    "#);
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
    let partial = |filter: &str| {
        let repo = Repo::folder();
        let filter = format!("--filter={filter}");
        repo.git(["clone", "--quiet", &*filter, "--no-checkout", &remote, "."]);
        repo
    };
    let [one, other] = ["blob:none", "tree:0"].map(partial);
    assert_snapshot!(refused(&one, migrate(&one)), @r"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks
    ! error: this is a partial clone, and 3 of the base's files are not in it: fetch them with git fetch \
    !     --refetch --no-filter
    [exit code 2]
    ");
    assert_snapshot!(refused(&other, migrate(&other)), @r"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks
    ! error: this is a partial clone, and some of the base's files are not in it: fetch them with git \
    !     fetch --refetch --no-filter
    [exit code 2]
    ");
    for repo in [one, other] {
        repo.git(["fetch", "--quiet", "--refetch", "--no-filter"]);
        migrate(&repo).exits(0).says("2 of 2 units published");
    }
}

#[test]
fn formats_that_cannot_be_read_are_named() {
    let repo = Repo::folder();
    repo.git(["init", "--quiet", "--object-format=sha256"]);
    assert_snapshot!(refused(&repo, migrate(&repo)), @r"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks
    ! error: [TMP]/repo uses SHA-256 object ids, which batch cannot read yet: use a repository with SHA-1 \
    !     object ids
    [exit code 2]
    ");

    let repo = Repo::folder();
    let made = repo
        .command("git")
        .args(["init", "--quiet", "--ref-format=reftable"])
        .status();
    // Git knows them since 2.45.
    if made.is_ok_and(|status| status.success()) {
        assert_snapshot!(refused(&repo, migrate(&repo)), @r"
        $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
        >     js --no-checks
        ! error: [TMP]/repo stores its refs as a reftable, which batch cannot read yet: convert it with git \
        !     refs migrate --ref-format=files
        [exit code 2]
        ");
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
    assert_snapshot!(refused(&repo, migrate(&repo)), @r"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks
    ! error: git does not know who you are, so nothing can be committed: run git config --global \
    !     user.name and user.email
    [exit code 2]
    ");
}

#[test]
fn an_empty_instruction() {
    let repo = Repo::with_packages(2);
    assert_snapshot!(refused(&repo, idle(&repo).saying("  ").run()), @r"
    $ batch migrate packages/ '  ' --yes --agent-cmd true --no-checks
    ! error: the instruction is empty: say what to change
    [exit code 2]
    ");
}

#[test]
fn a_missing_agent_program() {
    let repo = Repo::with_packages(2);
    let output = idle(&repo).command_line("no-such-agent --fast").run();
    assert_snapshot!(refused(&repo, output), @r"
    $ batch migrate packages/ 'sign every file' --yes --agent-cmd 'no-such-agent --fast' --no-checks
    ! error: the agent cannot be used: cannot start 'no-such-agent': no such program on PATH; install it, \
    !     or name it by its full path
    [exit code 2]
    ");
}

#[test]
fn a_codemod_that_changes_nothing() {
    let repo = Repo::with_packages(2);
    let output = idle(&repo).regex("no such words", "none").run();
    assert_snapshot!(refused(&repo, output), @r"
    $ batch migrate packages/ 'sign every file' --yes --regex 'no such words' --to none --no-checks
    ! error: 2 files match, but the codemod changes none; correct the codemod, or choose other files
    [exit code 2]
    ");
}

#[test]
fn an_invalid_regex() {
    let repo = Repo::with_packages(2);
    let output = idle(&repo).regex("(", "x").run();
    assert_snapshot!(refused(&repo, output), @r"
    $ batch migrate packages/ 'sign every file' --yes --regex '(' --to x --no-checks
    ! error: the regular expression '(' is invalid at character 1: unclosed group
    [exit code 2]
    ");
}

#[test]
fn no_agent() {
    let repo = Repo::with_packages(2);
    let output = repo.migrate().anywhere().run();
    assert_snapshot!(refused(&repo, output), @r"
    $ batch migrate packages/ 'sign every file' --yes --no-checks
    ! error: no agent was named, and no coding agent is installed (PATH has none of claude, codex, \
    !     gemini, opencode, aider, copilot): install one and log in, name any program with --agent-cmd, or \
    !     use a codemod (--rewrite … --to …, --regex … --to …, --rule FILE)
    [exit code 2]
    ");
}

#[test]
fn two_agents() {
    let repo = Repo::with_packages(2);
    let output = modernise(&repo).with(["--agent-cmd", "true"]).run();
    assert_snapshot!(refused(&repo, output), @r"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks --agent-cmd true
    ! error: --agent-cmd and --rewrite name two different agents: give one of them
    [exit code 2]
    ");
}

#[test]
fn a_fault_in_the_settings_names_the_line() {
    let repo = Repo::with_packages(2)
        .file("batch.toml", "# how we migrate\njbos = 3\n")
        .commit("Add batch.toml");
    assert_snapshot!(refused(&repo, migrate(&repo)), @r"
    $ batch migrate packages/ 'sign every file' --yes --rewrite 'var $A = $B' --to 'const $A = $B' --lang \
    >     js --no-checks
    ! error: [TMP]/repo/batch.toml, line 2: unknown field `jbos`, expected one of `agent`, `agents`, \
    !     `agent-timeout`, `idle-timeout`, `attempts`, `agent-turns`, `agent-tokens`, `agent-budget`, \
    !     `agent-settings`, `prompts`, `prices`, `plan`, `worktrees`, `checks`, `regenerate`, `content`, \
    !     `publish`, `run`, `environment`, `sandbox`, `github`
    [exit code 2]
    ");
}

#[test]
fn a_plan_that_is_not_there() {
    let repo = Repo::with_packages(2);
    assert_snapshot!(refused(&repo, repo.batch(["run", "no-plan.toml", "--yes"])), @r"
    $ batch run no-plan.toml --yes
    ! error: the plan no-plan.toml cannot be read: No such file or directory (os error 2)
    [exit code 2]
    ");
}

#[test]
fn a_plan_that_is_not_toml_names_the_line() {
    let repo = Repo::with_packages(2);
    assert_snapshot!(refused(&repo, run_plan(&repo, "instruction = \"x\"\nbase = = 3\n")), @r"
    $ batch run [TMP]/plan.toml --yes --agent-cmd true --no-checks
    ! error: [TMP]/plan.toml: line 2: extra `=`, expected nothing; a line of a plan is [TABLE], [[unit]] \
    !     or KEY = VALUE, where text stands in quotes and lists in brackets (docs/reference.md has all keys)
    [exit code 2]
    ");
}

#[test]
fn a_plan_with_overlapping_claims() {
    let repo = Repo::with_packages(2);
    let plan = saved_plan(&repo).replace("packages/p1/index.js", "packages/p0/index.js");
    assert_snapshot!(refused(&repo, run_plan(&repo, &plan)), @r#"
    $ batch run [TMP]/plan.toml --yes --agent-cmd true --no-checks
    ! error: [TMP]/plan.toml: line 33: "packages/p0/index.js" is claimed by unit \
    !     '02-packages-p1-index-js' and by unit '01-packages-p0-index-js': two units may claim one path only \
    !     where one of them needs the other; remove it from one of them, or add the need (unit \
    !     '01-packages-p0-index-js' has it on line 25)
    [exit code 2]
    "#);
}

#[test]
fn a_plan_with_an_unknown_file() {
    let repo = Repo::with_packages(2);
    let plan = saved_plan(&repo).replace("packages/p1/index.js", "packages/p1/gone.js");
    assert_snapshot!(refused(&repo, run_plan(&repo, &plan)), @r#"
    $ batch run [TMP]/plan.toml --yes --agent-cmd true --no-checks
    ! error: [TMP]/plan.toml: line 33: "packages/p1/gone.js" is not a tracked file of the base: correct \
    !     the path or remove it
    [exit code 2]
    "#);
}

#[test]
fn a_plan_whose_base_is_gone() {
    let repo = Repo::with_packages(2);
    let base = repo.git(["rev-parse", "HEAD"]);
    let plan = saved_plan(&repo).replace(&base, "0123456789abcdef0123456789abcdef01234567");
    assert_snapshot!(refused(&repo, run_plan(&repo, &plan)), @r"
    $ batch run [TMP]/plan.toml --yes --agent-cmd true --no-checks
    ! error: [TMP]/plan.toml: the base [COMMIT] of this plan is not in this repository: fetch it, or plan \
    !     again
    [exit code 2]
    ");
}

#[test]
fn a_plan_with_a_cycle() {
    let repo = Repo::with_packages(2);
    let plan = with_cycle(&saved_plan(&repo));
    assert_snapshot!(refused(&repo, run_plan(&repo, &plan)), @r"
    $ batch run [TMP]/plan.toml --yes --agent-cmd true --no-checks
    ! error: [TMP]/plan.toml: line 27: units need each other in a circle: 01-packages-p0-index-js → \
    !     02-packages-p1-index-js → 01-packages-p0-index-js; remove one of these needs
    [exit code 2]
    ");
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
    repo.receive_by("echo 'you may not push here' >&2; exit 1");
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

#[test]
fn a_base_that_is_a_branch_and_a_tag_is_refused() {
    let repo = Repo::with_packages(2);
    repo.git(["branch", "rel"]);
    repo.git(["tag", "rel"]);
    let plan = |base: &str| repo.batch(["plan", "packages/", "sign every file", "--base", base]);
    plan("rel").exits(2).says("rel is a branch and a tag");
    let _ = plan("refs/heads/rel").exits(0);
}

#[test]
fn a_default_branch_that_is_gone_is_refused() {
    let repo = Repo::with_packages(2);
    let gone = "refs/remotes/origin/gone";
    repo.git(["symbolic-ref", "refs/remotes/origin/HEAD", gone]);
    migrate(&repo)
        .exits(2)
        .says("origin/HEAD names origin/gone, which does not exist")
        .says("git remote set-head origin --auto");
    assert!(repo.branches().is_empty());
}

#[test]
fn a_base_that_is_no_branch_is_refused_where_pull_requests_would_go_to_it() {
    let repo = Repo::with_packages(2);
    repo.git(["remote", "set-head", "origin", "--delete"]);
    repo.git(["checkout", "--quiet", "--detach"]);
    let output = refused(&repo, migrate(&repo));
    output.says("pull requests must go to a branch, and HEAD is none");
    repo.git(["remote", "remove", "origin"]);
    let output = refused(&repo, migrate(&repo));
    output.says("pages of pull requests must name the branch that they go to, and HEAD is none");
    let output = modernise(&repo).with(["--dry-run"]).run();
    output.exits(0).says("2 units committed");
}

#[test]
fn a_branch_of_the_remote_that_blocks_the_units_branches_is_refused() {
    let repo = Repo::with_packages(2);
    repo.git(["push", "--quiet", "origin", "HEAD:refs/heads/batch"]);
    assert_snapshot!(refused(&repo, idle(&repo).run()), @r"
    $ batch migrate packages/ 'sign every file' --yes --agent-cmd true --no-checks
    ! error: remote origin has a branch batch, so no branch below batch/ can be pushed there: rename it, \
    !     or set [publish] branch in batch.toml
    [exit code 2]
    ");
    let settings = "[publish]\nbranch = \"units/{run}/{unit}\"\n";
    repo.write("batch.toml", settings);
    let output = migrate(&repo).exits(0);
    output.says("2 of 2 units published");
}

#[test]
fn commits_of_the_base_that_are_not_pushed_are_told() {
    let repo = Repo::with_packages(2)
        .file("more.txt", "more\n")
        .commit("More");
    let note = "note: the base HEAD has 1 commit that origin/main lacks";
    let from_head = || modernise(&repo).with(["--base", "HEAD"]).run();
    from_head().exits(0).says(note);
    // The remote has them, although that is not known here.
    repo.git(["push", "--quiet"]);
    repo.git(["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    let output = from_head().exits(0);
    assert!(!output.said().contains("lacks"), "{output}");
    repo.git(["checkout", "--quiet", "-b", "feature"]);
    let output = from_head().exits(0);
    output.says("note: remote origin has no branch feature");
}

#[test]
fn a_script_that_no_worktree_would_have_is_refused_before_the_run() {
    let repo = Repo::with_packages(1);
    let script = "#!/bin/sh\nxargs -0 sed -i s/var/let/ <\"$BATCH_FILES\"\n";
    let run = |command: &str| repo.migrate().command_line(command).run();
    run("sh scripts/codemod.sh")
        .exits(2)
        .says("is not in the base");
    repo.write("scripts/codemod.sh", script);
    let refused = run("sh scripts/codemod.sh").exits(2);
    refused.says("commit it to the base, or name it by its full path");
    assert_eq!(repo.state_entries(), [""; 0], "something was begun");
    let shell = repo.migrate().command_line("sh scripts/codemod.sh && true");
    shell
        .with(["--agent-shell"])
        .run()
        .exits(2)
        .says("is not in the base");

    let path = repo.dir().join("scripts/codemod.sh");
    let _ = run(&format!("sh {}", path.display())).exits(0);
    let repo = repo.commit("A codemod");
    repo.git(["push", "--quiet", "origin", "main"]);
    let migrate = repo.migrate().command_line("sh scripts/codemod.sh");
    let _ = migrate.paths(["packages/"]).run().exits(0);
}
