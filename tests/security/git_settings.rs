//! Git's configuration in a folder that somebody else prepared: what it would start, or lead elsewhere, in a run needs
//! approval. All of it holds by layout, with and without a sandbox.

use std::fs;
use std::path::PathBuf;

use crate::support::{Output, Repo, SIGN};

/// A repository of a stranger, with a folder where programs leave marks.
fn repository() -> (Repo, PathBuf) {
    let repo = Repo::with_packages(1)
        .file(".gitattributes", "*.js filter=evil diff=evil merge=evil\n")
        .commit("Attributes")
        .of_a_stranger();
    repo.git(["push", "--quiet"]);
    let marks = repo.root().join("marks");
    fs::create_dir(&marks).expect("a folder");
    (repo, marks)
}

/// A program that leaves a mark and then does what `text` says.
fn marking(repo: &Repo, name: &str, text: &str) -> String {
    let script = format!("touch \"$here/marks/{name}\"\n{text}");
    let path = repo.program(&format!("marking-{name}"), &script);
    path.to_string_lossy().into_owned()
}

fn marks(repo: &Repo) -> Vec<String> {
    let entries = fs::read_dir(repo.root().join("marks")).expect("the folder");
    let names = entries.map(|entry| entry.expect("a mark").file_name().into_string());
    let mut names: Vec<String> = names.map(|name| name.expect("a name")).collect();
    names.sort();
    names
}

fn migrate(repo: &Repo, more: &[&str]) -> Output {
    repo.migrate().agent(SIGN).with(more).run()
}

#[test]
fn c2_programs_of_gits_configuration_start_in_no_run_before_they_are_approved() {
    let (repo, _) = repository();
    for (name, text) in [
        ("filter.evil.clean", "cat"),
        ("filter.evil.smudge", "cat"),
        ("remote.origin.uploadpack", "exec git-upload-pack \"$@\""),
        ("remote.origin.receivepack", "exec git-receive-pack \"$@\""),
    ] {
        let program = marking(&repo, name, text);
        // Half of them stand in a file that the configuration includes.
        if name.starts_with("filter") {
            repo.git(["config", name, &program]);
        } else {
            repo.git(["config", "--file", ".git/more", name, &program]);
        }
    }
    repo.git(["config", "include.path", "more"]);
    let before = repo.snapshot();
    // The snapshot asks git, which starts the filter.
    fs::remove_dir_all(repo.root().join("marks")).expect("the folder");
    fs::create_dir(repo.root().join("marks")).expect("a folder");
    let refused = migrate(&repo, &[]).exits(3);
    let said = refused.stderr();
    for name in [
        ".git/config would decide",
        "git config filter.evil.clean = ",
        "git config filter.evil.smudge = ",
        "git config remote.origin.uploadPack = ",
        "git config remote.origin.receivePack = ",
    ] {
        assert!(said.contains(name), "{name}: {said}");
    }
    let doctor = repo.batch(["doctor"]);
    doctor.says(".git/config would decide by git config filter.evil.clean");
    assert!(
        doctor.raw().contains(&refused.hash_to_approve()),
        "{doctor}"
    );
    assert_eq!(marks(&repo), [""; 0]);
    assert_eq!(repo.state_entries(), [""; 0]);
    assert_eq!(repo.snapshot(), before);

    let hash = refused.hash_to_approve();
    let _ = migrate(&repo, &["--approve", &hash]).exits(0);
    // A run with pages asks the remote nothing.
    let started = [
        "filter.evil.clean",
        "filter.evil.smudge",
        "remote.origin.receivepack",
    ];
    assert_eq!(marks(&repo), started);
    // It is remembered, and a change asks again, whatever goes on.
    repo.batch(["publish"])
        .exits(2)
        .says("has nothing to publish");
    repo.git(["config", "core.sshCommand", "./ssh"]);
    repo.plan(&[("one", &[])]);
    for words in [
        &["run", "plan.toml", "--agent-cmd", "true", "--yes"][..],
        &["split", "HEAD", "--yes"],
        &["resume"],
        &["retry", "--failed"],
        &["publish"],
        &["prs"],
        &["revert"],
    ] {
        let said = repo.batch(words).exits(3).stderr();
        assert!(
            said.contains("git config core.sshCommand = \"./ssh\""),
            "{words:?}: {said}"
        );
    }
}

#[test]
fn what_tools_and_the_user_have_set_asks_nothing_and_what_no_run_starts_is_not_started() {
    let (repo, _) = repository();
    for (name, value) in [
        // git lfs install --local
        ("filter.lfs.clean", "git-lfs clean -- %f"),
        ("filter.lfs.smudge", "git-lfs smudge -- %f"),
        ("filter.lfs.process", "git-lfs filter-process"),
        ("filter.lfs.required", "true"),
        (
            "core.sshCommand",
            "ssh -i ~/.ssh/id_work -o IdentitiesOnly=yes",
        ),
        ("credential.helper", "cache"),
        // husky
        ("core.hooksPath", ".husky/_"),
    ] {
        repo.git(["config", name, value]);
    }
    // The user has the same in a file of the user's own.
    let clean = marking(&repo, "clean", "cat");
    repo.git(["config", "filter.evil.clean", &clean]);
    repo.git(["config", "--global", "filter.evil.clean", &clean]);
    for name in [
        "core.editor",
        "core.fsmonitor",
        "core.pager",
        "diff.evil.command",
        "diff.evil.textconv",
        "diff.external",
        "merge.evil.driver",
        "pager.diff",
        "sequence.editor",
        "uploadpack.packObjectsHook",
    ] {
        repo.git(["config", name, &marking(&repo, name, "cat")]);
    }
    for hook in [
        "post-checkout",
        "post-index-change",
        "pre-commit",
        "reference-transaction",
    ] {
        for folder in [".git/hooks", ".husky/_"] {
            let to = repo.dir().join(folder);
            fs::create_dir_all(&to).expect("the hooks' folder");
            fs::copy(marking(&repo, hook, ""), to.join(hook)).expect("the hook");
        }
    }
    fs::remove_dir_all(repo.root().join("marks")).expect("the folder");
    fs::create_dir(repo.root().join("marks")).expect("a folder");
    let _ = migrate(&repo, &[]).exits(0);
    let _ = repo.batch(["diff", "p0"]).exits(0);
    assert_eq!(marks(&repo), ["clean"]);
    assert_eq!(repo.pushed().len(), 1);
}

#[test]
fn c2_a_remote_that_was_brought_along_starts_its_hooks_only_when_they_are_approved() {
    let (repo, _) = repository();
    let mark = repo.root().join("marks/hook");
    repo.receive_by(&format!("touch '{}'", mark.display()));
    // The user's own path asks nothing.
    let _ = migrate(&repo, &[]).exits(0);
    fs::remove_file(mark).expect("the mark");
    repo.git(["remote", "set-url", "origin", "../origin.git"]);
    let said = migrate(&repo, &[]).exits(3).stderr();
    assert!(
        said.contains("git config remote.origin.url = \"../origin.git\""),
        "{said}"
    );
    assert_eq!(marks(&repo), [""; 0]);
}

/// What the user has in the environment is the user's: it holds for a push, and for no worker.
#[test]
fn variables_of_git_confuse_no_worker_and_hold_for_a_push() {
    let (repo, _) = repository();
    repo.git([
        "remote",
        "set-url",
        "--push",
        "origin",
        "git@127.0.0.1:acme/shop.git",
    ]);
    let ssh = marking(
        &repo,
        "ssh",
        "for asked; do :; done\nexec \"${asked%% *}\" \"$here/origin.git\"",
    );
    let diff = marking(&repo, "diff", "");
    let names = [
        ("GIT_DIR", "/nowhere"),
        ("GIT_WORK_TREE", "/"),
        ("GIT_INDEX_FILE", "/nowhere/index"),
        ("GIT_OBJECT_DIRECTORY", "/nowhere/objects"),
        ("GIT_NAMESPACE", "other"),
        ("GIT_CEILING_DIRECTORIES", "/"),
        ("GIT_ICASE_PATHSPECS", "1"),
        ("GIT_EXTERNAL_DIFF", &diff),
        ("GIT_DIFF_OPTS", "-u0"),
        ("GIT_SSH_COMMAND", &ssh),
        ("GIT_SSH_VARIANT", "simple"),
        ("GIT_ASKPASS", &diff),
    ];
    let agent = format!("{SIGN}\nenv >\"$here/seen\"\ngit status --porcelain >\"$here/status\"");
    let run = repo.migrate().agent(&agent).with(["--push", "always"]);
    let run = run.envs(&names).run();
    let _ = run.exits(0);
    assert_eq!(marks(&repo), ["ssh"]);
    let branch = repo.pushed().pop().expect("a branch");
    assert_eq!(repo.changed_on(&branch), ["packages/p0/index.js"]);
    let seen = fs::read_to_string(repo.root().join("seen")).expect("the variables");
    for (name, value) in names {
        let line = format!("{name}={value}");
        assert!(!seen.lines().any(|it| it == line), "{line}");
    }
    let status = fs::read_to_string(repo.root().join("status")).expect("the status");
    assert_eq!(status, " M packages/p0/index.js\n");
    let shown = repo.batch_with(["diff", "p0"], &names).exits(0);
    shown.says("var p0 = 0;").says("// signed");
}
