//! What agents do to a worktree, of all kinds: each is published, or kept and told, and never more than its own unit.

use crate::support::{Output, Repo, SIGN};

/// The one branch that was pushed.
#[track_caller]
fn only_branch(repo: &Repo) -> String {
    let mut branches = repo.pushed();
    assert_eq!(branches.len(), 1, "{branches:?}");
    branches.remove(0)
}

/// The one unit failed and says all of `words`; nothing was pushed.
#[track_caller]
fn fails(repo: &Repo, output: Output, words: &[&str]) {
    let output = output.exits(1);
    output.says("0 of 1 unit published, 1 failed");
    for word in words {
        output.says(word);
    }
    assert_eq!(repo.pushed(), Vec::<String>::new());
}

#[test]
fn a_commit_of_its_own_becomes_the_units_one_commit() {
    let repo = Repo::with_packages(1);
    let agent = format!(
        "{SIGN}\ngit add --all\ngit -c user.name=Agent -c user.email=a@agent.example commit --quiet --message mine\ngit checkout --quiet --detach\necho '// and more' >>packages/p0/index.js"
    );
    let _ = repo.migrate_by(&agent, &[]).exits(0);

    let branch = only_branch(&repo);
    repo.git(["fetch", "--quiet"]);
    let log = repo.git(["log", "--format=%an: %B", &format!("main..origin/{branch}")]);
    assert_eq!(log.matches("Batch-Unit:").count(), 1, "{log}");
    assert!(log.starts_with("Ada: ") && !log.contains("mine"), "{log}");
    assert_eq!(
        repo.published(&branch, "packages/p0/index.js"),
        "var p0 = 0;\n// signed\n// and more"
    );
}

#[test]
fn a_claimed_file_may_be_deleted() {
    let repo = Repo::with_packages(1);
    let _ = repo
        .migrate_by("xargs -0 rm <\"$BATCH_FILES\"", &[])
        .exits(0);
    assert_eq!(
        repo.published_changes(&only_branch(&repo)),
        "D\tpackages/p0/index.js"
    );
}

#[test]
fn a_claimed_file_may_be_renamed_where_files_may_be_created() {
    let repo = Repo::with_packages(1);
    let agent = "mkdir packages/p0/src\nmv packages/p0/index.js packages/p0/src/main.js";
    let _ = repo.migrate_by(agent, &[]).exits(0);
    assert_eq!(
        repo.published_changes(&only_branch(&repo)),
        "D\tpackages/p0/index.js\nA\tpackages/p0/src/main.js"
    );
}

#[test]
fn a_file_renamed_to_elsewhere_is_outside() {
    let repo = Repo::with_packages(1);
    let output = repo.migrate_by("mv packages/p0/index.js index.js", &[]);
    fails(
        &repo,
        output,
        &["index.js: this unit may not create files there"],
    );
}

#[test]
fn a_symlink_that_leads_out_is_not_published() {
    let repo = Repo::with_packages(1);
    let output = repo.migrate_by(
        &format!("{SIGN}\nln -s ../../../secrets packages/p0/notes"),
        &[],
    );
    fails(
        &repo,
        output,
        &["packages/p0/notes: a symlink that leads out of the repository"],
    );
}

#[test]
fn a_repository_in_the_repository_is_not_published() {
    let repo = Repo::with_packages(1);
    let agent = "git init --quiet packages/p0/inner\ncd packages/p0/inner\necho x >x\ngit add x\ngit -c user.name=Agent -c user.email=a@agent.example commit --quiet --message inner";
    let output = repo.migrate_by(agent, &[]);
    fails(
        &repo,
        output,
        &["packages/p0/inner: a repository inside the repository"],
    );
}

#[test]
fn an_agent_that_changes_nothing_publishes_nothing() {
    let repo = Repo::with_packages(1);
    repo.migrate_by("echo 'nothing to do' >\"$BATCH_SUMMARY_FILE\"", &[])
        .exits(0)
        .says("0 of 1 unit published, 1 without change")
        .says("nothing to do");
    assert_eq!(repo.pushed(), Vec::<String>::new());
}

#[test]
fn an_agent_that_takes_too_long_is_ended() {
    let repo = Repo::with_packages(1);
    let never = repo.fifo("never");
    let output = repo.migrate_by(
        &format!("echo waiting for word\nread -r word <'{}'", never.display()),
        &["--agent-timeout", "1s"],
    );
    fails(
        &repo,
        output,
        &["not done within [DURATION]", "waiting for word"],
    );
}

#[test]
fn all_agents_of_a_run_are_told_the_same_first() {
    let repo = Repo::with_packages(3);
    repo.write(
        ".batch/prompts/unit.md",
        "# Yours: {{ files | join(' ') }}\n",
    );
    repo.write(".git/info/exclude", "/.batch\n");
    let _ = repo.migrate_by(SIGN, &["--units", "3"]).exits(0);

    let prompts: Vec<String> = repo
        .state_files("prompt.md")
        .iter()
        .map(|path| std::fs::read_to_string(path).expect("a prompt"))
        .collect();
    assert_eq!(prompts.len(), 3);
    let common = |prompt: &str| prompt.split("# Yours: ").next().map(str::to_owned);
    assert!(
        prompts
            .iter()
            .all(|prompt| common(prompt) == common(&prompts[0]))
    );
    for (number, prompt) in prompts.iter().enumerate() {
        let own = format!("# Yours: packages/p{number}/index.js\n");
        assert!(
            prompt.contains("## The change") && prompt.ends_with(&own),
            "{prompt}"
        );
    }
}

#[test]
fn an_agent_may_say_that_there_is_nothing_to_do() {
    let repo = Repo::with_packages(1);
    let agent = "echo 'none — all is signed' >\"$BATCH_SUMMARY_FILE\"";
    let output = repo.migrate_by(agent, &[]).exits(0);
    output.says("needed no change: all is signed");
}

#[test]
fn what_agents_used_up_stands_in_the_report() {
    let repo = Repo::with_packages(2);
    let agent = format!(
        "{SIGN}\necho '{{\"turns\": 2, \"input_tokens\": 1000, \"output_tokens\": 500, \"cost_usd\": 0.25}}' >\"$BATCH_USAGE_FILE\""
    );
    let output = repo.migrate_by(&agent, &["--units", "2"]).exits(0);
    output.says("1.5k").says("$0.25");
    let report = repo.report();
    assert_eq!(report["usage"]["input_tokens"], 2000);
    assert_eq!(report["usage"]["cached_tokens"], serde_json::Value::Null);
    assert_eq!(report["usage"]["cost_usd"], 0.5);
}

#[test]
fn what_an_agent_leaves_running_in_a_session_of_its_own_is_ended_before_its_work_is_looked_at() {
    let repo = Repo::with_packages(1);
    let pid = repo.root().join("left.pid");
    let agent = format!(
        "{SIGN}\nsetsid sh -c 'echo $$ >\"{pid}\"; exec sleep 600' >/dev/null 2>&1 &\nuntil [ -s \"{pid}\" ]; do sleep 0.01; done",
        pid = pid.display()
    );
    // A zombie is gone too; nobody may have collected it yet.
    let gone = format!(
        "! grep -q '^State:.[^Z]' /proc/$(cat '{}')/status 2>/dev/null",
        pid.display()
    );
    let _ = repo.migrate_by(&agent, &["--check", &gone]).exits(0);
}

#[test]
fn an_agent_that_is_silent_for_too_long_is_ended() {
    let repo = Repo::with_packages(1);
    let never = repo.fifo("never");
    let output = repo.migrate_by(
        &format!("echo waiting for word\nread -r word <'{}'", never.display()),
        &["--idle-timeout", "500ms"],
    );
    fails(
        &repo,
        output,
        &[
            "stopped because it was silent for [DURATION]",
            "waiting for word",
        ],
    );
}

#[test]
fn a_check_that_takes_too_long_is_ended() {
    let repo = Repo::with_packages(1);
    let never = repo.fifo("never");
    // What hangs on the base as well would be nothing new.
    let check = format!(
        "grep -q signed packages/p0/index.js || exit 0; echo testing; cat '{}'",
        never.display()
    );
    let output = repo.migrate_by(SIGN, &["--check", &check, "--check-timeout", "1s"]);
    fails(&repo, output, &["not done within [DURATION]", "testing"]);
}

#[test]
fn what_an_agent_writes_where_git_ignores_it_is_kept_and_said() {
    let repo = Repo::new()
        .file(".gitignore", "*.gen.js\n")
        .file("packages/p0/index.js", "var p0 = 0;\n")
        .commit("Start")
        .with_remote();
    let agent = "echo precious >packages/p0/index.gen.js";
    let output = repo.migrate_by(agent, &[]).exits(0);
    output.says("packages/p0/index.gen.js");
    let kept = walkdir::WalkDir::new(repo.state().join("trash"))
        .into_iter()
        .filter_map(Result::ok)
        .find(|entry| entry.file_name() == "index.gen.js")
        .expect("the file is kept");
    assert_eq!(
        std::fs::read_to_string(kept.path()).expect("the file"),
        "precious\n"
    );
}

/// A program that appends what it sees of some variables to the file of its unit.
const TELL: &str = r#"printf '%s\n' "${NPM_TOKEN-held} ${DEPLOY_SECRET-held} ${GH_TOKEN-held} ${MODE-unset} ${LANG-unset}" >>packages/p0/index.js"#;

#[test]
fn secrets_are_held_back_unless_they_are_passed_by_name() {
    let repo = Repo::with_packages(1).settings(
        "[environment]\npass = [\"NPM_TOKEN\", \"GH_TOKEN\"]\nset = { MODE = \"fast\" }\n",
    );
    let _ = repo
        .batch_with(
            repo.migration(TELL, &[]),
            &[
                ("NPM_TOKEN", "npm-1"),
                ("DEPLOY_SECRET", "deploy-2"),
                ("GH_TOKEN", "gh-3"),
                ("LANG", "en"),
            ],
        )
        .exits(0);
    // A token of the forge stays behind even then.
    assert_eq!(
        repo.published(&only_branch(&repo), "packages/p0/index.js"),
        "var p0 = 0;\nnpm-1 held held fast en"
    );
}
