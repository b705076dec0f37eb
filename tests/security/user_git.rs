//! A worker that knows the path of the user's repository can write into its git folder. What somebody else than batch
//! changed there is told, and a change of settings or hooks holds publishing.

use std::fs;

use super::workers::WORKERS;
use crate::support::agents::{SIGN_AND_NOTE, WAIT};
use crate::support::{Output, Repo};

const FILES: usize = 2;

/// A repository with a stash, and `git` that works in it wherever the worker is.
fn repository() -> Repo {
    let repo = Repo::with_packages(FILES);
    repo.git(["branch", "other"]);
    repo.write("README.md", "# packages, edited\n");
    repo.git(["stash", "--quiet"]);
    repo
}

/// A worker's command in the user's repository, by its path.
fn users(repo: &Repo, command: &str) -> String {
    format!("(cd '{}' && {command})", repo.dir().display())
}

fn attacked(repo: &Repo, command: &str) -> Output {
    let agent = format!("{}\n{SIGN_AND_NOTE}", users(repo, command));
    repo.migrate().agent(&agent).in_order().run()
}

/// The changes that the report of the last run tells, each with the command that undoes it.
fn told(repo: &Repo) -> Vec<(String, Option<String>)> {
    let report = repo.report();
    let changes = report["git_folder_changes"].as_array().cloned();
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let changes = changes.unwrap_or_default().into_iter();
    changes
        .map(|it| (text(&it["what"]).expect("words"), text(&it["undo"])))
        .collect()
}

/// Runs a command that the report names.
#[track_caller]
fn run_undo(repo: &Repo, command: &str) {
    let done = repo.command("sh").args(["-euc", command]).output();
    let done = done.expect("a shell");
    assert!(done.status.success(), "{command}: {done:?}");
}

/// Row A2: settings that lead a push elsewhere or start programs.
#[test]
fn a_changed_setting_holds_publishing_until_it_is_undone() {
    let repo = repository();
    let before = repo.snapshot();
    let ended = attacked(&repo, "git config core.hooksPath .husky/_").exits(1);
    insta::assert_snapshot!(ended.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ withheld │ – │ – │ [DURATION]
     02-packages-p1-index-js │ withheld │ – │ – │ [DURATION]

    ! withheld, because settings or hooks of your repository changed: 01-packages-p0-index-js, \
        02-packages-p1-index-js

    → batch resume [RUN]  (01-packages-p0-index-js, 02-packages-p1-index-js)

    ! while the run went, your git folder changed, and not by batch:
      setting core.hooksPath was added (value .husky/_)
        undo: git config --local --unset core.hooksPath
      batch put nothing back, because you may have changed it yourself; if not, a worker left its own \
        checkout.
      Nothing was pushed after settings or hooks had changed. Undo the changes that you do not want, \
        then run batch resume [RUN]: it goes on with settings and hooks as they are then.

    0 of 2 units published, 2 withheld · [DURATION]
    ");
    assert!(repo.pushed().is_empty());
    let what = "setting core.hooksPath was added (value .husky/_)";
    let undo = "git config --local --unset core.hooksPath";
    assert_eq!(told(&repo), [(what.to_owned(), Some(undo.to_owned()))]);
    let page = fs::read_to_string(&repo.state_files("report.md")[0]).expect("the page");
    assert!(page.contains(undo), "{page}");
    assert_eq!(repo.worked().len(), FILES);

    run_undo(&repo, undo);
    let _ = repo.batch(["resume", "--yes"]).exits(0);
    assert_eq!(repo.pushed().len(), FILES);
    assert_eq!(repo.worked().len(), FILES, "an agent started again");
    assert_eq!(told(&repo), []);
    assert_eq!(repo.snapshot(), before);
    assert_eq!(
        repo.state_files("git-folder.json"),
        [""; 0].map(std::path::PathBuf::from)
    );
}

/// Row A2. The user may as well keep what changed.
#[test]
fn a_planted_hook_holds_publishing_until_it_is_kept_or_gone() {
    for worker in WORKERS {
        let repo = repository();
        let plant = "echo 'touch ../sprung' >.git/hooks/pre-push; chmod +x .git/hooks/pre-push";
        let plant = users(&repo, &format!("mkdir -p .git/hooks; {plant}"));
        let _ = worker.attacks(&repo, &plant, &[]).exits(1);
        assert!(repo.pushed().is_empty(), "{worker}");
        assert!(!repo.root().join("sprung").exists(), "{worker}");
        let found = told(&repo);
        assert_eq!(found[0].0, "hook pre-push was added", "{worker}");
        run_undo(&repo, found[0].1.as_deref().expect("a command"));
        let _ = repo.batch(["resume", "--yes"]).exits(0);
        assert_eq!(repo.pushed().len(), FILES, "{worker}");
    }
    let repo = repository();
    let _ = attacked(&repo, "git config core.sshCommand /bin/false").exits(1);
    let publish = ["publish", "--forge", "local"];
    let hash = repo.batch(publish).exits(3).hash_to_approve();
    let approved = ["publish", "--forge", "local", "--approve", &hash];
    let _ = repo.batch(approved).exits(0);
    assert_eq!(repo.pushed().len(), FILES);
}

/// A setting that hides the repository from git is undone by the command as well.
#[test]
fn a_repository_that_a_setting_made_bare_is_told_and_comes_back() {
    let repo = repository();
    let ended = attacked(&repo, "git config core.bare true").exits(1);
    ended.says("setting core.bare was changed (earlier value false, value true)");
    let undo = "git config --local core.bare false";
    ended.says(undo);
    run_undo(&repo, undo);
    let _ = repo.batch(["resume", "--yes"]).exits(0);
    assert_eq!(repo.pushed().len(), FILES);
}

#[test]
fn stashes_and_branches_are_told_and_hold_nothing() {
    let repo = repository();
    let attack = "git stash drop --quiet || true; git branch -f other HEAD~0 || true
        git update-ref refs/heads/other $(git -c user.name=A -c user.email=a@b.example commit-tree -m x HEAD^{tree})";
    let ended = attacked(&repo, attack).exits(0);
    ended
        .says("stash: 1 entry fewer")
        .says("branch other moved from");
    assert_eq!(repo.pushed().len(), FILES);
    assert!(!ended.printed().contains("Nothing was pushed"));
    for (_, undo) in told(&repo) {
        run_undo(&repo, &undo.expect("a command"));
    }
    let main = repo.git(["rev-parse", "main"]);
    assert_eq!(repo.git(["rev-parse", "other"]), main);
    assert_eq!(repo.git(["stash", "list"]).lines().count(), 1);
}

#[test]
fn the_users_own_work_with_git_holds_nothing() {
    let repo = repository();
    let gate = repo.gate();
    let run = repo.migrate().agent(WAIT).units(1).in_order().start();
    let _ = gate.wait();
    repo.write("README.md", "# mine\n");
    repo.git(["commit", "--quiet", "--all", "--message", "mine"]);
    repo.write("README.md", "# mine too\n");
    repo.git(["stash", "--quiet"]);
    repo.git(["fetch", "--quiet"]);
    repo.git(["branch", "--track", "more", "origin/main"]);
    gate.let_go("signed");
    let ended = run.finish().exits(0);
    ended
        .says("branch main moved from")
        .says("stash: 1 entry more");
    assert_eq!(repo.pushed().len(), 1);
}

#[test]
fn a_run_without_such_changes_says_nothing() {
    let repo = repository();
    let ended = repo.migrate().agent(SIGN_AND_NOTE).run().exits(0);
    assert!(!ended.printed().contains("git folder"), "{ended}");
    assert!(repo.report().get("git_folder_changes").is_none());
    assert!(repo.state_files("git-folder.json").is_empty());
}

/// Row A2, with work that is published after all units, and with a unit that needs another.
#[test]
fn the_push_of_several_units_is_held_as_well() {
    for publish in ["after-all", "as-ready"] {
        let repo = repository();
        repo.plan(&[("a", &[]), ("b", &["a"])]);
        let attack = users(&repo, "test -e ../resumed || git config x.y z");
        let agent = format!("{attack}\n{SIGN_AND_NOTE}");
        let run = repo.run_saved("plan.toml").agent(&agent).in_order();
        let _ = run.with(["--publish", publish]).run().exits(1);
        assert!(repo.pushed().is_empty(), "{publish}");
        run_undo(&repo, "git config --local --unset x.y; touch ../resumed");
        let _ = repo.batch(["resume", "--yes"]).exits(0);
        assert_eq!(repo.pushed().len(), 2, "{publish}");
    }
}

/// A killed process leaves what it found, and the next one compares with that.
#[test]
fn what_changed_before_a_kill_is_told_after_it() {
    let repo = repository();
    let agent = format!("{}\n{WAIT}", users(&repo, "git config core.pager false"));
    let gate = repo.gate();
    let run = repo.migrate().agent(&agent).units(1).start();
    let _ = gate.wait();
    run.kill();
    let resumed = repo.start(["resume", "--yes"]);
    let _ = gate.wait();
    gate.let_go("signed");
    let ended = resumed.finish().exits(1);
    ended.says("setting core.pager was added (value false)");
    assert!(repo.pushed().is_empty());
    let _ = repo.batch(["resume", "--yes"]).exits(0);
    assert_eq!(repo.pushed().len(), 1);
}

/// The user accepts the canary's change, and not what its worker did to the repository.
#[test]
fn consent_to_a_canary_is_none_to_its_settings() {
    let repo = repository();
    let agent = format!(
        "{}\n{SIGN_AND_NOTE}",
        users(&repo, "git config core.pager false")
    );
    let run = repo.migrate().agent(&agent).in_order().with(["--canary"]);
    let ended = run.run().exits(3);
    ended.says("settings or hooks of your repository changed");
    assert!(repo.pushed().is_empty());
    run_undo(&repo, "git config --local --unset core.pager");
}

/// Neither words nor pages show a password, and the file beside the journal is the user's alone.
#[test]
fn a_secret_in_a_setting_is_shown_nowhere() {
    let repo = repository();
    repo.git([
        "config",
        "remote.other.url",
        "https://me:hunter2@host.example/a.git",
    ]);
    let attack = "git config remote.other.url https://you:hunter2@host.example/b.git
        git config http.https://host.example/.extraHeader 'Authorization: Basic hunter2'";
    let ended = attacked(&repo, attack).exits(1);
    ended.says("https://…@host.example/b.git");
    assert!(!ended.said().contains("hunter2"), "{ended}");
    for path in repo.state_files("") {
        let bytes = fs::read(&path).unwrap_or_default();
        let is_told = bytes.windows(7).any(|window| window == b"hunter2");
        // The log of the agent is the agent's own.
        assert!(
            !is_told || path.ends_with("agent.log"),
            "{}",
            path.display()
        );
    }
}
