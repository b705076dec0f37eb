//! Which repositories the program opens: all that git opens, by the same configuration.

use crate::support::{Output, Repo};

/// Git takes every repository for somebody else's under this variable.
const SOMEBODY_ELSES: (&str, &str) = ("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1");

/// Gives the repository to somebody else, where the test may do that.
fn give_away(repo: &Repo) {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let nobody = Some(nix::unistd::Uid::from_raw(65_534));
    for entry in walkdir::WalkDir::new(repo.dir()) {
        let entry = entry.expect("the repository's files");
        nix::unistd::chown(entry.path(), nobody, None).expect("a file is given away");
    }
}

fn plan(repo: &Repo, env: &[(&str, &str)]) -> Output {
    let args = [
        "plan",
        "packages/",
        "from var to const",
        "--rewrite",
        "var $A = $B",
        "--to",
        "const $A = $B",
        "--lang",
        "js",
        "--force",
    ];
    repo.batch_with(args, env)
}

fn git_opens(repo: &Repo, env: &[(&str, &str)]) -> bool {
    let mut command = repo.command("git");
    let status = command
        .args(["status", "--short"])
        .envs(env.iter().copied());
    status.output().expect("git starts").status.success()
}

#[test]
fn a_repository_of_somebody_else_is_opened_where_git_opens_it() {
    let repo = Repo::with_packages(2);
    give_away(&repo);
    let dir = repo.dir().to_string_lossy().into_owned();
    let above = repo.root().to_string_lossy().into_owned();
    let places = [
        dir.clone(),
        format!("{dir}/"),
        format!("{above}/*"),
        ".".to_owned(),
        "*".to_owned(),
        "/another/place".to_owned(),
    ];
    let mut opened = 0;
    for place in &places {
        let counted = [
            SOMEBODY_ELSES,
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "safe.directory"),
            ("GIT_CONFIG_VALUE_0", place),
        ];
        let file = repo.root().join("settings");
        std::fs::write(&file, format!("[safe]\n\tdirectory = {place}\n")).expect("settings");
        let file = file.to_string_lossy();
        let in_file = [SOMEBODY_ELSES, ("GIT_CONFIG_GLOBAL", &*file)];
        for env in [&counted[..], &in_file[..]] {
            let output = plan(&repo, env);
            if git_opens(&repo, env) {
                opened += 1;
                output.exits(0).says("2 files");
            } else {
                output
                    .exits(2)
                    .says("git itself does not open the repository");
            }
        }
    }
    // Every git knows the exact folder and the star.
    assert!(opened >= 4, "git opened it {opened} times");
}

#[test]
fn extensions_with_which_nothing_is_missing_are_no_obstacle() {
    for (name, value) in [
        ("partialClone", "origin"),
        ("noop-v1", "true"),
        ("preciousObjects", "true"),
        ("worktreeConfig", "true"),
        ("refStorage", "files"),
        ("objectFormat", "sha1"),
        ("relativeWorktrees", "true"),
    ] {
        let repo = Repo::with_packages(2);
        repo.git(["config", "core.repositoryFormatVersion", "1"]);
        repo.git(["config", &format!("extensions.{name}"), value]);
        if git_opens(&repo, &[]) {
            let migrate = repo.migrate().anywhere();
            let output = migrate.rewrite("var $A = $B", "const $A = $B").run();
            output.exits(0).says("2 of 2 units published");
        }
    }
}

#[test]
fn an_extension_that_git_does_not_know_is_refused_in_gits_words() {
    let repo = Repo::with_packages(2);
    repo.git(["config", "core.repositoryFormatVersion", "1"]);
    repo.git(["config", "extensions.fromTheFuture", "true"]);
    let output = plan(&repo, &[]).exits(2);
    output.says("fromthefuture");
}
