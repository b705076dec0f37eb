//! What is pushed is the commit that was proven, by its id.

use std::fs;

use super::workers::Worker;
use crate::support::{Repo, SIGN};

/// Writes an event of the only run's unit into the journal.
fn forge_event(repo: &Repo, unit: &str, fact: &str) {
    let journal = rusqlite::Connection::open(repo.state().join("journal.db")).expect("the journal");
    let insert = "INSERT INTO events (run, unit, at, fact) SELECT run, ?1, max(at), ?2 FROM events";
    let rows = journal.execute(insert, [unit, fact]).expect("an event");
    assert_eq!(rows, 1);
}

/// In the last unit, moves the first unit's branch in the user's repository to a commit of its own.
const MOVES_A_BRANCH: &str = r#"
sign
case $BATCH_UNIT in 02*) ;; *) exit 0 ;; esac
cd "$here/repo"
branch=$(git for-each-ref --format='%(refname)' 'refs/heads/batch/*/01*')
tree=$(git rev-parse main^{tree})
stranger=$(git -c user.name=Mallory commit-tree -p main -m stranger "$tree")
git -c user.name=Mallory update-ref -m 'moved by hand' "$branch" "$stranger""#;

/// Row B1, by layout: a branch that somebody moved before its push is not pushed, and the message says who moved it.
#[test]
fn a_branch_that_was_moved_is_refused() {
    let repo = Repo::with_packages(2);
    let ended = Worker::Agent.attacks(&repo, MOVES_A_BRANCH, &["--publish", "after-all"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    ended
        .says("is at")
        .says("the commit that was proven (Mallory: moved by hand)")
        .says("git branch --force batch/");
    let pushed = repo.pushed();
    assert_eq!(pushed.len(), 1, "{pushed:?}");
    assert!(pushed[0].contains("/02-"), "{pushed:?}");
}

/// Row B1, by layout: also when another process publishes later.
#[test]
fn a_branch_that_was_moved_is_not_published_later() {
    let repo = Repo::with_packages(1);
    let _ = repo
        .migrate()
        .agent(SIGN)
        .with(["--dry-run"])
        .run()
        .exits(0);
    let branch = repo.branches().remove(0);
    let proven = repo.git(["rev-parse", &branch]);
    let stranger = repo.git(["commit-tree", "-p", "main", "-m", "stranger", "main^{tree}"]);
    repo.git(["update-ref", &format!("refs/heads/{branch}"), &stranger]);
    let ended = repo.batch(["publish", "--forge", "local"]);
    assert_eq!(ended.code(), 1, "{ended:?}");
    assert!(repo.pushed().is_empty());
    repo.git(["update-ref", &format!("refs/heads/{branch}"), &proven]);
    let _ = repo.batch(["publish", "--forge", "local"]).exits(0);
    let at = repo.git([
        "--git-dir",
        &repo.remote_dir().to_string_lossy(),
        "rev-parse",
        &branch,
    ]);
    assert_eq!(at, proven);
}

/// Row B3, by layout and by batch's own git: what is shown and committed is what the files hold, whatever the user's
/// settings and replaced objects show.
#[test]
fn what_is_shown_is_what_is_committed() {
    let repo = Repo::with_packages(1);
    let converted = repo.program("convert", "echo converted; touch \"$here/ran\"");
    repo.git([
        "config",
        "diff.shown.textconv",
        &converted.to_string_lossy(),
    ]);
    let attributes = repo.root().join("attributes");
    fs::write(&attributes, "*.js diff=shown\n").expect("the attributes");
    repo.git([
        "config",
        "core.attributesFile",
        &attributes.to_string_lossy(),
    ]);
    let _ = repo
        .migrate()
        .agent(SIGN)
        .with(["--dry-run"])
        .run()
        .exits(0);
    let branch = repo.branches().remove(0);
    repo.git(["replace", &branch, "main"]);
    let shown = repo.batch(["diff", "01"]).exits(0);
    assert!(shown.raw().contains("+// signed"), "{shown:?}");
    assert!(!repo.root().join("ran").exists());
    let _ = repo.batch(["publish", "--forge", "local"]).exits(0);
    repo.git(["replace", "--delete", &branch]);
    let text = repo.published(&branch, "packages/p0/index.js");
    assert!(text.contains("// signed"), "{text}");
}

/// Row D3: names that another system takes for git's own are refused, whatever a worker's settings allow.
#[test]
fn names_that_stand_for_git_are_refused() {
    for name in ["git~1", ".g\u{200c}it", ".GIT."] {
        let repo = Repo::with_packages(1);
        let agent = format!(
            "sign\ngit config core.protectNTFS false\ngit config core.protectHFS false\n\
             mkdir 'packages/p0/{name}'\necho x >'packages/p0/{name}/config'"
        );
        let ended = repo.migrate().agent(&agent).run();
        assert_eq!(ended.code(), 1, "{name:?}: {ended:?}");
        ended.says("git add");
        assert!(repo.pushed().is_empty(), "{name:?}");
    }
}

/// Row B2: what an event says was proven is proven again.
#[test]
fn a_forged_proof_is_not_believed() {
    let repo = Repo::with_packages(2);
    // After the first unit's agent has ended.
    repo.migrate().agent(SIGN).in_order().killed_at("5+");
    let main = repo.git(["rev-parse", "main"]);
    let blob = repo.root().join("foreign");
    fs::write(&blob, "// foreign\n").expect("a file");
    let blob = repo.git(["hash-object", "-w", &blob.to_string_lossy()]);
    let index = repo.root().join("forged-index");
    let forge = |args: &[&str]| {
        let output = repo
            .command("git")
            .args(args)
            .env("GIT_INDEX_FILE", &index)
            .output()
            .expect("git starts");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    };
    forge(&["read-tree", &main]);
    let entry = format!("100644,{blob},packages/p1/index.js");
    forge(&["update-index", "--cacheinfo", &entry]);
    let tree = forge(&["write-tree"]);
    let proven = serde_json::json!({
        "fact": "scope-proven",
        "tree": tree,
        "changes": { "files": 1, "insertions": 1, "deletions": 1 }
    });
    forge_event(&repo, "01-packages-p0-index-js", &proven.to_string());
    let resumed = repo.batch(["resume", "--yes"]);
    resumed.says("it changed what is not its own");
    assert!(
        repo.pushed().iter().all(|branch| !branch.contains("/01-")),
        "{:?}",
        repo.pushed()
    );
}

/// Row B2: what an event calls published is looked up when the run is resumed.
#[test]
fn a_forged_publication_is_not_believed() {
    let repo = Repo::with_packages(2);
    repo.migrate().agent(SIGN).in_order().killed_at("5+");
    let unit = "01-packages-p0-index-js";
    forge_event(
        &repo,
        unit,
        r#"{"fact":"pull-request-opened","number":1,"url":"elsewhere","existed":false}"#,
    );
    forge_event(
        &repo,
        unit,
        r#"{"fact":"ended","outcome":{"kind":"published"}}"#,
    );
    repo.batch(["resume"])
        .exits(0)
        .says("is published again: there is no page of pull request #1")
        .says("2 of 2 units published");
    assert_eq!(repo.pushed().len(), 2);

    // A run that really published is left alone, also when it is resumed for another unit.
    let repo = Repo::with_packages(2);
    let never = repo.fifo("never");
    let agent = format!(
        "case $BATCH_UNIT in 02*) read -r x <'{}';; esac\nsign",
        never.display()
    );
    let mut session = repo.migrate().agent(&agent).in_order().start();
    session.wait_for("published");
    session.kill();
    let pages = || {
        let all = repo.state_files(".md");
        all.into_iter()
            .filter(|path| path.to_string_lossy().contains("/prs/"))
            .count()
    };
    let before = pages();
    repo.program("agent", SIGN);
    let resumed = repo.batch(["resume"]).exits(0);
    assert!(!resumed.said().contains("is published again"));
    assert_eq!(pages(), before + 1);
}

/// Cases of `git gc --prune=now` in the user's repository between a unit's proof and its commit, and between its
/// attempts: what is in no commit yet hangs on a ref of batch's own.
#[test]
fn a_clean_up_of_the_repository_deletes_no_work() {
    let repo = Repo::with_packages(2);
    // A whole `git gc` refuses to run twice at the same time.
    repo.program("gc", r#"git -C "$here/repo" prune --expire=now"#);
    let check = r#"
"$here/gc"
test -e "$here/first" || { touch "$here/first"; exit 1; }"#;
    let check = repo.program("check", check);
    let agent = r#"
"$here/gc"
sign
"$here/gc""#;
    let _ = repo
        .migrate()
        .agent(agent)
        .check(&check.to_string_lossy())
        .in_order()
        .with(["--setup", "echo x >packages/p0/set-up"])
        .run()
        .exits(0);
    assert_eq!(repo.pushed().len(), 2);
    assert_eq!(repo.git(["fsck", "--no-dangling"]), "");
    let kept = repo.git(["for-each-ref", "refs/batch/kept"]);
    assert_eq!(kept, "");
}
