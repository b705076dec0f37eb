//! How a person says what to change and where: globs, lists of files, and the instruction.

use std::fs::File;

use crate::support::Repo;

const CODEMOD: [&str; 4] = ["--regex", "old", "--to", "new"];

fn repo() -> Repo {
    let mut repo = Repo::new();
    for path in ["a/x.js", "a/[y].js", "a/y.js", "b/z.js"] {
        repo = repo.file(path, "old\n");
    }
    repo.commit("Start").with_remote()
}

/// The files that `batch plan` with these words claims, from the folder `dir`.
fn claimed(repo: &Repo, dir: &str, words: &[&str]) -> Vec<String> {
    let mut args = vec!["-C", dir, "plan", "--json"];
    args.extend_from_slice(words);
    args.extend(CODEMOD);
    let plan = repo.batch(args).exits(0).json();
    let units = plan["unit"].as_array().expect("units").iter();
    let files = units.flat_map(|unit| unit["files"].as_array().expect("files"));
    let mut files: Vec<String> = files
        .map(|file| file.as_str().expect("a path").into())
        .collect();
    files.sort();
    files
}

#[test]
fn a_last_word_that_names_files_is_no_instruction() {
    let repo = repo();
    for last in ["b/z.js", "b", "**/*.js", "nothing/*.py"] {
        let args = ["plan", "a/x.js", last].into_iter().chain(CODEMOD);
        let said = format!("where is the instruction? The last word '{last}' names files");
        repo.batch(args).exits(2).says(&said);
    }
    let args = ["plan", "a"].into_iter().chain(CODEMOD);
    repo.batch(args).exits(2).says("the instruction is missing");
}

#[test]
fn absolute_paths_inside_the_repository_name_files() {
    let repo = repo();
    let absolute = repo.dir().join("a/*.js").display().to_string();
    let but = format!("!{}", repo.dir().join("a/x.js").display());
    assert_eq!(
        claimed(&repo, "b", &[&absolute, &but, "make it new"]),
        ["a/[y].js", "a/y.js"]
    );
}

#[test]
fn lists_of_files_are_read() {
    let repo = repo();
    repo.write("../lines", "x.js\r\n\n[y].js\n");
    repo.write("../nul", "a/x.js\0b/z.js\0");
    let from = |list: &str| format!("{}/{list}", repo.root().display());
    let lines = from("lines");
    assert_eq!(
        claimed(&repo, "a", &["--files-from", &lines, "make it new"]),
        ["a/[y].js", "a/x.js"]
    );
    let mut command = repo.command(assert_cmd::cargo::cargo_bin("batch"));
    command
        .args(["plan", "-", "make it new", "-o", "plan.toml"])
        .args(CODEMOD);
    command.stdin(File::open(from("nul")).unwrap());
    assert!(command.status().unwrap().success());
    let plan = repo.read("plan.toml");
    assert!(
        plan.contains("\"b/z.js\"") && !plan.contains("\"a/y.js\""),
        "{plan}"
    );
    repo.batch(["plan", "-", "-"])
        .exits(2)
        .says("standard input (-) is named twice");
}

#[test]
fn the_instruction_is_read_from_a_file() {
    let repo = repo();
    repo.write("../words.md", "Make it new.\n\nAll of it.\n");
    let file = repo.root().join("words.md").display().to_string();
    let args = ["plan", "a", "b", "--instruction-file", &file]
        .into_iter()
        .chain(CODEMOD);
    let _ = repo.batch(args).exits(0);
    assert!(
        repo.read("plan.toml")
            .contains("Make it new.\n\nAll of it.")
    );
}

#[test]
fn a_glob_from_the_root_is_suggested_in_a_folder() {
    let repo = repo();
    let args = ["-C", "b", "plan", "a/*.js", "make it new"]
        .into_iter()
        .chain(CODEMOD);
    repo.batch(args)
        .exits(2)
        .says("globs start at the current folder (b): did you mean '/a/*.js' (3 files)?");
}

#[test]
fn an_agent_that_is_installed_and_logged_in_is_taken_where_none_is_named() {
    let repo = repo();
    let agent = repo.program("claude", "exit 1");
    let path = format!("{}:/usr/bin:/bin", agent.parent().unwrap().display());
    let words = [
        "migrate",
        "a/**",
        "make it new",
        "--planner",
        "graph",
        "--forge",
        "local",
    ];
    let output = repo.batch_with(
        words,
        &[("PATH", path.as_str()), ("ANTHROPIC_API_KEY", "k")],
    );
    output
        .exits(3)
        .says("note: agent: claude (by ANTHROPIC_API_KEY), the first of claude, codex,")
        .says("Nothing was run");
}

#[test]
fn a_plan_is_checked_by_its_new_and_its_old_flag() {
    let repo = repo();
    let _ = repo
        .batch(["plan", "a", "make it new"].into_iter().chain(CODEMOD))
        .exits(0);
    for flag in ["--holds", "--check"] {
        let _ = repo.batch(["plan", flag, "plan.toml"]).exits(0);
    }
}
