//! Files whose names or kinds are hard: every one either moves with its unit or is set aside, and that is said.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;

use insta::assert_snapshot;

use crate::support::{Output, Repo};

fn to_https(repo: &Repo) -> Output {
    repo.migrate()
        .paths(["src/"])
        .regex("http://", "https://")
        .run()
}

/// How many files the pushed branches change together.
fn changed(repo: &Repo) -> usize {
    repo.git(["fetch", "--quiet"]);
    repo.pushed()
        .iter()
        .map(|branch| {
            repo.git([
                "diff",
                "-z",
                "--name-only",
                &format!("main...origin/{branch}"),
            ])
            .matches('\0')
            .count()
        })
        .sum()
}

#[test]
fn hard_file_names_are_only_names() {
    let names = [
        "a b.txt",
        "it's.txt",
        "say \"so\".txt",
        "two\nlines.txt",
        "-rf",
        "tab\there.txt",
        "$(id).txt",
        "a\\b.txt",
    ];
    let mut repo = Repo::new();
    for name in names {
        repo = repo.file(format!("src/{name}"), "http://a.example\n");
    }
    let repo = repo.commit("Start").with_remote();
    let _ = to_https(&repo).exits(0);
    assert_eq!(changed(&repo), names.len());
}

#[test]
#[cfg(target_os = "linux")]
fn a_name_that_is_no_text_moves_with_its_unit() {
    let repo = Repo::new()
        .file(OsStr::from_bytes(b"src/caf\xe9.txt"), "http://a.example\n")
        .file("src/plain.txt", "http://b.example\n")
        .commit("Start")
        .with_remote();
    let output = to_https(&repo).exits(0);
    // A plan is a text file: such a name may be set aside, but never silently.
    if changed(&repo) == 1 {
        output.says("UTF-8");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn both_unicode_forms_of_a_name_are_kept_in_one_unit() {
    let repo = Repo::new()
        .file("src/caf\u{e9}.txt", "http://a.example\n")
        .file("src/cafe\u{301}.txt", "http://b.example\n")
        .file("src/other.txt", "http://c.example\n")
        .commit("Start")
        .with_remote();
    let _ = to_https(&repo).exits(0);
    repo.git(["fetch", "--quiet"]);
    for branch in repo.pushed() {
        let files = repo.git([
            "-c",
            "core.quotePath=false",
            "diff",
            "--name-only",
            &format!("main...origin/{branch}"),
        ]);
        assert_eq!(
            files.contains("caf\u{e9}"),
            files.contains("cafe\u{301}"),
            "{files}"
        );
    }
}

#[test]
fn symlinks_and_submodules_are_set_aside_and_that_is_said() {
    let repo = Repo::new().file("src/real.txt", "http://a.example\n");
    symlink("real.txt", repo.dir().join("src/link.txt")).expect("a symlink");
    let repo = repo.commit("Start");
    let head = repo.git(["rev-parse", "HEAD"]);
    repo.git([
        "update-index",
        "--add",
        "--cacheinfo",
        &format!("160000,{head},src/module"),
    ]);
    repo.git(["commit", "--quiet", "--message", "Add a submodule"]);
    let repo = repo.with_remote();

    assert_snapshot!(to_https(&repo).exits(0).plan(), @r"
    plan · 1 unit, 1 file
    sign every file
    base   origin/main ([SHORT])
    agent  codemod: replace /http:/// with 'https://'
    checks none
    result pull requests as pages in this repository, branches pushed to origin

     unit │ title │ files │ lines
    ──┼──┼──┼──
     01-src-real-txt │ src/real.txt │ 1 │ 1

    left out: 2 files
      submodule (1): src/module
      symlink (1): src/link.txt

    1 file makes 1 unit (fewer than 5)
    ");
    assert_eq!(changed(&repo), 1);
}

#[test]
fn generated_and_binary_files_are_set_aside_and_that_is_said() {
    let repo = Repo::new()
        .file(".gitattributes", "src/made.txt linguist-generated\n")
        .file("src/made.txt", "http://a.example\n")
        .file("src/photo.dat", b"\x89\0\0http://a.example\0")
        .file("src/real.txt", "http://a.example\n")
        .commit("Start")
        .with_remote();

    assert_snapshot!(to_https(&repo).exits(0).plan(), @r"
    plan · 1 unit, 1 file
    sign every file
    base   origin/main ([SHORT])
    agent  codemod: replace /http:/// with 'https://'
    checks none
    result pull requests as pages in this repository, branches pushed to origin

     unit │ title │ files │ lines
    ──┼──┼──┼──
     01-src-real-txt │ src/real.txt │ 1 │ 1

    left out: 2 files
      binary (1): src/photo.dat
      generated (1): src/made.txt

    1 file makes 1 unit (fewer than 5)
    ");
    assert_eq!(changed(&repo), 1);
}
