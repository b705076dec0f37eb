//! Work that is published, or handed on, after its run; no agent runs a second time.

use crate::support::{Repo, SIGN};

/// An agent that signs, and leaves a line for each time it works.
const COUNTED: &str = "echo \"$BATCH_UNIT\" >>\"$(dirname \"$0\")/worked\"\n";

fn dry(repo: &Repo, units: usize) {
    let units = units.to_string();
    let agent = format!("{COUNTED}{SIGN}");
    let _ = repo
        .migrate_by(&agent, &["--units", &units, "--dry-run"])
        .exits(0);
}

#[test]
fn a_dry_run_is_published_later_without_its_agent() {
    let repo = Repo::with_packages(2);
    dry(&repo, 2);
    assert!(repo.pushed().is_empty());
    repo.batch(["publish"])
        .exits(0)
        .says("continues: 2 units to publish to this repository")
        .says("2 of 2 units published");
    assert_eq!(repo.pushed().len(), 2);
    assert_eq!(repo.worked().len(), 2);
    repo.batch(["publish"])
        .exits(2)
        .says("has nothing to publish to this repository");
    repo.batch(["publish", "--forge", "github"])
        .exits(2)
        .says("remote origin is not on GitHub");
    repo.batch(["status"])
        .exits(0)
        .says("2 of 2 units published");
}

#[test]
fn a_place_that_the_settings_name_is_named_when_it_is_published_too() {
    let repo = Repo::with_packages(1).settings("[publish]\nforge = \"github\"\n");
    let agent = repo.program("agent", SIGN);
    let agent = agent.to_string_lossy();
    let args = ["migrate", "packages/", "sign", "--yes", "--dry-run"];
    let _ = repo
        .batch(args.into_iter().chain(["--agent-cmd", &agent]))
        .exits(0);
    repo.batch(["publish"])
        .exits(2)
        .says("remote origin is not on GitHub");
    repo.batch(["publish", "--forge", "local"])
        .exits(0)
        .says("1 of 1 unit published");
}

#[test]
fn a_failed_push_is_made_up_for_without_the_agent() {
    let repo = Repo::with_packages(1);
    let hooks = repo.remote_dir().join("hooks");
    let refuse = hooks.join("pre-receive");
    std::fs::create_dir_all(&hooks).expect("a folder");
    std::fs::rename(repo.program("no", "echo full >&2\nexit 1"), &refuse).expect("moved");
    let agent = format!("{COUNTED}{SIGN}");
    repo.migrate_by(&agent, &[])
        .exits(1)
        .says("failed at push")
        .says("full");
    std::fs::remove_file(refuse).expect("removed");
    repo.batch(["publish"])
        .exits(0)
        .says("1 of 1 unit published");
    assert_eq!((repo.worked().len(), repo.pushed().len()), (1, 1));
}

#[test]
fn work_is_handed_on_as_patches_and_as_a_bundle() {
    let repo = Repo::with_packages(2);
    dry(&repo, 2);
    repo.git(["config", "format.coverLetter", "true"]);
    repo.batch(["export", "--patches", "../series"])
        .exits(0)
        .says("2 patches for git am");
    repo.batch(["export", "--bundle", "../work.bundle"])
        .exits(0)
        .says("2 branches in");
    let remote = repo.remote_dir();
    let clone = repo.root().join("clone");
    let run = |args: &[&str]| {
        let mut git = repo.command("git");
        let out = git.args(args).current_dir(&clone).output().expect("git");
        assert!(out.status.success(), "{out:?}");
    };
    repo.git([
        "clone",
        "--quiet",
        &remote.to_string_lossy(),
        &clone.to_string_lossy(),
    ]);
    run(&["fetch", "-q", "../work.bundle", "refs/heads/*:refs/heads/*"]);
    let patches: Vec<String> = ["01-packages-p0-index-js", "02-packages-p1-index-js"]
        .iter()
        .enumerate()
        .map(|(at, unit)| format!("../series/{:04}-{unit}.patch", at + 1))
        .collect();
    run(&[
        "-c",
        "user.name=Ada",
        "-c",
        "user.email=ada@example.org",
        "am",
        "-q",
        &patches[0],
        &patches[1],
    ]);
    for (number, branch) in repo.branches().iter().enumerate() {
        let file = format!("packages/p{number}/index.js");
        run(&["diff", "--exit-code", "HEAD", branch, "--", &file]);
    }
}
