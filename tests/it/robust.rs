//! Surroundings that must not lead a run astray: the user's git settings, a hook that starts the program, agents that
//! spoil their own worktree, and people who go on working where a unit ended.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::support::gate::read;
use crate::support::{Migrate, Output, Repo, SIGN};

/// A migration of two units with this agent.
fn two_units<'a>(repo: &'a Repo, agent: &str) -> Migrate<'a> {
    repo.migrate().agent(agent).units(2)
}

/// A dry run of two units.
fn dry_run(repo: &Repo) -> Output {
    two_units(repo, SIGN).with(["--dry-run"]).run()
}

/// Makes a hook of git that gives away what it sees.
const MAKES_A_HOOK: &str = r#"
mkdir .hooks
cat >.hooks/post-index-change <<END
#!/bin/sh
echo "\$GITHUB_TOKEN" >>'$here/leak'
END
chmod +x .hooks/*"#;

#[test]
fn a_hook_that_an_agent_wrote_is_not_run() {
    let repo = Repo::with_packages(2);
    repo.git(["config", "core.hooksPath", ".hooks"]);
    let leak = repo.root().join("leak");
    two_units(&repo, MAKES_A_HOOK)
        .env("GITHUB_TOKEN", "t0ps3cret")
        .run()
        .exits(1)
        .says(".hooks/post-index-change: it decides which hooks run");
    assert!(!leak.exists(), "it was run");
}

/// Signs, and makes the filter of the repository give away what it sees.
const CHANGES_THE_FILTER: &str = r#"
sign
cat >tidy <<END
#!/bin/sh
echo "token (\$GITHUB_TOKEN)" >>'$here/leak'
cat
END"#;

#[test]
fn a_filter_that_an_agent_changed_sees_no_token() {
    let repo = Repo::with_packages(2)
        .file(".gitattributes", "*.js filter=own\n")
        .file("tidy", "#!/bin/sh\ncat\n");
    let tidy = repo.dir().join("tidy");
    fs::set_permissions(&tidy, fs::Permissions::from_mode(0o755)).expect("the filter's mode");
    let repo = repo.commit("Filter");
    repo.git(["push", "--quiet"]);
    repo.git(["config", "--global", "filter.own.clean", "./tidy"]);
    let leak = repo.root().join("leak");
    let migrate = two_units(&repo, CHANGES_THE_FILTER).with(["--scope", "listed"]);
    let _ = migrate.env("GITHUB_TOKEN", "t0ps3cret").run().exits(1);
    let leaked = fs::read_to_string(&leak).expect("the filter was run");
    assert!(leaked.lines().all(|line| line == "token ()"), "{leaked}");
}

#[test]
fn files_behind_a_filter_are_checked_out_as_the_user_sees_them() {
    let repo = Repo::with_packages(2);
    repo.git(["config", "--global", "filter.caesar.clean", "tr a-z b-za"]);
    repo.git(["config", "--global", "filter.caesar.smudge", "tr b-za a-z"]);
    repo.git(["config", "--global", "filter.caesar.required", "true"]);
    let mut utf16 = b"\xff\xfe".to_vec();
    utf16.extend("wide\n".encode_utf16().flat_map(u16::to_le_bytes));
    let repo = repo
        .file(
            ".gitattributes",
            "secret filter=caesar\nwide working-tree-encoding=UTF-16\n",
        )
        .file("secret", "hello\n")
        .file("wide", &utf16)
        .commit("Filter");
    repo.git(["push", "--quiet"]);
    let agent = r#"
sign
grep hello secret
[ "$(wc -c <wide)" -eq 12 ]
[ -z "$(git status --porcelain secret wide)" ]"#;
    let _ = two_units(&repo, agent).run().exits(0);
    for branch in repo.branches() {
        assert_eq!(repo.changed_on(&branch).len(), 1);
    }
}

#[test]
fn a_run_that_a_git_hook_starts_works_on_the_right_repository() {
    let repo = Repo::with_packages(2);
    let before = repo.snapshot();
    let index = repo.dir().join(".git/index");
    let _ = two_units(&repo, SIGN)
        .env("GIT_DIR", ".git")
        .env("GIT_INDEX_FILE", &index.to_string_lossy())
        .env("GIT_PREFIX", "")
        .run()
        .exits(0);
    assert_eq!(repo.pushed().len(), 2);
    assert_eq!(repo.snapshot(), before);
}

#[test]
fn settings_for_line_ends_and_large_repositories_do_no_harm() {
    let repo = Repo::with_packages(2);
    for (name, value) in [
        ("core.autocrlf", "true"),
        ("core.safecrlf", "true"),
        ("core.splitIndex", "true"),
        ("core.ignoreStat", "true"),
        ("feature.manyFiles", "true"),
        ("color.ui", "always"),
        ("diff.noprefix", "true"),
        ("submodule.recurse", "true"),
        ("safe.bareRepository", "explicit"),
    ] {
        repo.git(["config", "--global", name, value]);
    }
    let _ = dry_run(&repo).exits(0);
    let shared = fs::read_dir(repo.dir().join(".git"))
        .expect("the git folder")
        .filter_map(Result::ok)
        .any(|entry| entry.file_name().to_string_lossy().starts_with("shared"));
    assert!(!shared, "a part of an index was left in the user's folder");
}

#[test]
fn what_somebody_wrote_into_a_worktree_afterwards_is_not_deleted() {
    let repo = Repo::with_packages(2);
    let _ = dry_run(&repo).exits(0);
    let first = walkdir::WalkDir::new(repo.worktrees())
        .min_depth(2)
        .max_depth(2)
        .sort_by_file_name()
        .into_iter()
        .find_map(Result::ok)
        .expect("a worktree");
    fs::write(first.path().join("mine.txt"), "precious\n").expect("a file");
    repo.batch(["clean"]).exits(0).says("(mine.txt)");
    assert!(first.path().join("mine.txt").exists());
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 2);
}

#[test]
fn a_worktree_that_git_has_forgotten_is_published_all_the_same() {
    let repo = Repo::with_packages(2);
    let agent = r#"
rm .git
git -C "$here/repo" worktree prune
sign"#;
    let _ = two_units(&repo, agent).run().exits(0);
    assert_eq!(repo.pushed().len(), 2);
}

#[test]
fn a_push_that_hangs_ends_with_the_second_ctrl_c() {
    let repo = Repo::with_packages(1);
    let hung = repo.fifo("hung");
    let hook = format!(
        "
exec >/dev/null 2>&1
echo >'{}'
exec sleep 600",
        hung.display()
    );
    repo.receive_by(&hook);
    let mut session = repo.migrate().agent(SIGN).start();
    read(&hung);
    session.interrupt();
    session.wait_for("Ctrl-C");
    session.interrupt();
    session.finish().exits(130).says("1 stopped");
}

#[test]
fn a_token_that_stands_in_a_header_setting_is_not_for_workers() {
    let repo = Repo::with_packages(2);
    for key in ["http.extraHeader", "http.https://git.example/.extraHeader"] {
        repo.git(["config", key, "AUTHORIZATION: basic t0ps3cret"]);
    }
    // What git would send is the last value; an empty one ends the list.
    let agent = r#"
sign
for url in https://git.example/a https://other.example/; do
    [ -z "$(git config --get-urlmatch http.extraHeader $url)" ]
done"#;
    let _ = two_units(&repo, agent).run().exits(0);
    let header = repo.git([
        "config",
        "--get-urlmatch",
        "http.extraHeader",
        "https://git.example/a",
    ]);
    assert!(
        header.contains("t0ps3cret"),
        "the user's own git has lost it"
    );
}

#[test]
fn worktrees_of_a_submodule_or_of_a_separate_git_folder_stand_beside_the_checkout() {
    let repo = Repo::with_packages(2);
    let apart = repo.root().join("apart/shop.git");
    fs::create_dir_all(repo.root().join("apart")).expect("a folder");
    fs::rename(repo.dir().join(".git"), &apart).expect("the git folder");
    fs::write(
        repo.dir().join(".git"),
        format!("gitdir: {}\n", apart.display()),
    )
    .expect("the link");
    let _ = dry_run(&repo).exits(0);
    assert!(repo.worktrees().is_dir());
    // A submodule's git folder names its checkout.
    let checkout = repo.dir().to_string_lossy().into_owned();
    repo.git(["config", "core.worktree", &checkout]);
    let _ = dry_run(&repo).exits(0);
    assert!(!repo.root().join("apart/shop.batch").exists());
    assert!(!repo.root().join("apart/shop.git.batch").exists());
}

#[test]
fn nothing_of_a_run_in_a_submodule_shows_in_the_projects_above() {
    let repo = Repo::with_packages(2);
    let path = |name: &str| repo.root().join(name).to_string_lossy().into_owned();
    let allowed = ["-c", "protocol.file.allow=always"];
    let mut module = path("origin.git");
    for (project, place) in [("middle", "libs/one"), ("projects/outer", "libs/middle")] {
        let project = path(project);
        repo.git(["init", "--quiet", &project]);
        let add = ["submodule", "--quiet", "add", &module, place];
        repo.git([&["-C", &project][..], &allowed, &add].concat());
        repo.git(["-C", &project, "commit", "--quiet", "--message", "Module"]);
        module = project;
    }
    let outer = module;
    let update = ["submodule", "--quiet", "update", "--init", "--recursive"];
    repo.git([&["-C", &outer][..], &allowed, &update].concat());
    let inner = format!("{outer}/libs/middle/libs/one");
    repo.git(["-C", &inner, "checkout", "--quiet", "main"]);
    let migrate = repo.migrate().anywhere().globally(["-C", &inner]);
    let output = migrate.agent("exit 1").run().exits(1);
    for project in [&format!("{outer}/libs/middle"), &outer] {
        assert_eq!(
            repo.git(["-C", project, "status", "--porcelain"]),
            "",
            "{output}"
        );
    }
    assert!(repo.root().join("projects/one.batch").is_dir());
}
