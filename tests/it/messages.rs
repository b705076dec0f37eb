//! What batch says of plans, settings and repositories that it cannot use: the fault by its name, with its place.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Output, Repo};

/// Runs a plan with one unit that claims these files, in TOML.
fn run_claiming(repo: &Repo, files: &str) -> Output {
    let base = repo.git(["rev-parse", "HEAD"]);
    let plan = format!(
        "version = 1\ninstruction = \"sign\"\nbase = \"{base}\"\n[[unit]]\nid = \"one\"\nfiles = [{files}]\n"
    );
    let path = repo.root().join("plan.toml");
    fs::write(&path, plan).expect("the plan");
    let path = path.to_str().expect("a path");
    repo.batch(["run", path, "--yes", "--agent-cmd", "true"])
        .exits(2)
}

/// A repository with a link, a submodule and two files.
fn repository() -> Repo {
    let repo = Repo::new()
        .file("src/deep/button.js", "a\n")
        .file("src/main.js", "a\n");
    symlink("main.js", repo.dir().join("src/link.js")).expect("a link");
    repo.git(["add", "-A"]);
    repo.git([
        "update-index",
        "--add",
        "--cacheinfo",
        "160000,0123456789012345678901234567890123456789,module",
    ]);
    repo.git(["commit", "--quiet", "-m", "Start"]);
    repo.with_remote()
}

#[test]
fn what_is_no_file_in_a_plan_is_called_what_it_is() {
    let repo = repository();
    for (path, words) in [
        ("src/link.js", "\"src/link.js\" is a symlink of the base"),
        ("module", "\"module\" is a submodule of the base"),
        ("module/a.c", "is inside the submodule \"module\""),
        ("src/deep", "\"src/deep\" is a folder of the base"),
        ("src/mian.js", "did you mean \"src/main.js\"?"),
        ("src/button.js", "did you mean \"src/deep/button.js\"?"),
    ] {
        let output = run_claiming(&repo, &format!("\"{path}\""));
        assert!(output.said().contains("line 6: "), "{}", output.said());
        assert!(output.said().contains(words), "{}", output.said());
    }
}

#[test]
fn a_plan_that_is_no_toml_is_told_what_is_allowed() {
    let output = run_claiming(&repository(), "src/main.js");
    let said = output.said();
    assert!(said.contains("line 6: "), "{said}");
    assert!(
        said.contains("text stands in quotes and lists in brackets"),
        "{said}"
    );
}

#[test]
fn bytes_that_are_not_text_have_their_line() {
    let repo = Repo::with_packages(1);
    repo.write("../plan.toml", b"version = 1\n\n# caf\xe9\n");
    let plan = repo.root().join("plan.toml");
    let output = repo.batch(["run", plan.to_str().expect("a path")]).exits(2);
    assert!(
        output.said().contains("line 3: this line is not UTF-8"),
        "{}",
        output.said()
    );

    repo.write("batch.toml", b"attempts = 2\n# caf\xe9\n");
    let output = repo.batch(["plan", ".", "sign"]).exits(2);
    assert!(
        output.said().contains("line 2: this line is not UTF-8"),
        "{}",
        output.said()
    );
}

#[test]
fn a_missing_blob_is_told_with_its_path() {
    let repo = Repo::new()
        .file("src/a.js", "lost\n")
        .commit("Start")
        .with_remote();
    let blob = repo.git(["rev-parse", "HEAD:src/a.js"]);
    let object = repo.dir().join(".git/objects").join(&blob[..2]);
    fs::remove_file(object.join(&blob[2..])).expect("the object");
    let output = repo.batch(["plan", "src/", "sign"]).exits(2);
    assert!(
        output.said().contains("the content of src/a.js"),
        "{}",
        output.said()
    );
}

#[test]
fn a_codeowners_file_past_the_limit_says_so() {
    let repo = Repo::new()
        .file(
            "CODEOWNERS",
            "# a long file\n".repeat(300_000) + "* @acme/web\n",
        )
        .file("src/a.js", "a\n")
        .commit("Start")
        .with_remote();
    let output = repo
        .batch(["plan", "src/", "sign", "--by", "owner"])
        .exits(2);
    let said = output.said();
    assert!(
        said.contains("CODEOWNERS of the base is larger than 3 MB"),
        "{said}"
    );
}
