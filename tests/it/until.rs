//! What a change wants gone: files without it are no work, and what is left is counted after the run.

use crate::support::Repo;

/// Three packages with two old uses each, and one that is done already.
fn repo() -> Repo {
    let mut repo = Repo::new();
    for index in 0..3 {
        repo = repo.file(
            format!("packages/p{index}/index.js"),
            format!("var a{index} = 1;\nvar b{index} = 2;\n"),
        );
    }
    repo.file("packages/done/index.js", "const c = 3;\n")
        .commit("Start")
        .with_remote()
}

const UNTIL: [&str; 4] = ["--units", "3", "--until", "var $A = $B"];

#[test]
fn what_is_left_is_counted_in_what_the_units_made() {
    let repo = repo();
    // This agent overlooks the second use, and fails for one package.
    let agent = "grep -qz packages/p2/ \"$BATCH_FILES\" && exit 1\nxargs -0 sed -i.bak 's/var a/const a/' <\"$BATCH_FILES\"\nfind . -name '*.bak' -exec rm {} +";
    let output = repo.migrate_by(agent, &UNTIL).exits(1);
    output
        .says("nothing to do: it contains nothing that --until looks for (1)")
        .says("2 of 3 units published, 1 failed")
        .says("4 of 6 old uses left");
    let json = repo.report();
    assert_eq!(json["old_uses"]["before"], 6);
    assert_eq!(json["old_uses"]["left"], 4);
}

#[test]
fn a_saved_plan_keeps_what_is_to_be_gone() {
    let repo = repo();
    let plan = repo.root().join("plan.toml");
    let plan = plan.to_string_lossy();
    let mut args = vec!["plan", "packages/", "from var to const", "-o", &plan];
    args.extend(["--until-regex", r"\bvar\b"]);
    let _ = repo.batch(args).exits(0);
    let codemod = ["--regex", r"\bvar\b", "--to", "const"];
    let mut args = vec!["run", &plan, "--yes", "--no-checks"];
    args.extend(codemod);
    repo.batch(args).exits(0).says("0 of 6 old uses left");
}

#[test]
fn a_faulty_pattern_is_refused() {
    let repo = repo();
    let args = ["packages/", "x", "--agent-cmd", "true", "--yes"];
    let mut args: Vec<&str> = ["migrate"].into_iter().chain(args).collect();
    args.extend(["--until-regex", "("]);
    let output = repo.batch(args).exits(2);
    output.says("regular expression '('");
    assert_eq!(repo.state_entries(), [""; 0]);
}
