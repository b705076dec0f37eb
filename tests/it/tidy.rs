//! `--tidy`: commands that run after the agent. What they change of the unit's own files belongs to its work.

use crate::support::Repo;

/// A formatter that rewrites every file of the repository: it takes trailing spaces away and ends files with a newline.
const FORMATTER: &str = r"sed -i -e 's/ *$//' -e '$a\' packages/*/*.js";

/// An agent that leaves trailing spaces and no final newline.
const CARELESS: &str = r#"xargs -0 -I@ sh -c 'printf "new  \nlast  " >"$1"' sh @ <"$BATCH_FILES""#;

fn untidy() -> Repo {
    let repo = Repo::new();
    ["p0", "p1", "p2"]
        .into_iter()
        .fold(repo, |repo, package| {
            repo.file(format!("packages/{package}/a.js"), "old  \nlast  ")
        })
        .commit("Start")
        .with_remote()
}

#[test]
fn a_formatter_tidies_the_work_of_a_unit_and_nothing_else() {
    let repo = untidy();
    let migrate = repo.migrate().agent(CARELESS).units(3);
    let output = migrate.with(["--tidy", FORMATTER]).run().exits(0);
    output.says("3 of 3 units published");
    output.says("tidied 3 files of 3 units");
    output.says("and batch put them back: packages/p0/a.js, packages/p1/a.js, packages/p2/a.js");
    for (number, branch) in repo.branches().iter().enumerate() {
        let changed = repo.git(["diff", "--name-only", &format!("main...{branch}")]);
        assert_eq!(changed, format!("packages/p{number}/a.js"));
        let published = repo.git(["cat-file", "blob", &format!("{branch}:{changed}")]);
        // The final newline is the formatter's, so it is not put back to how it was.
        assert_eq!(published, "new\nlast");
        assert_eq!(repo.published(branch, &changed), "new\nlast");
        let size = repo.git(["cat-file", "-s", &format!("{branch}:{changed}")]);
        assert_eq!(size, "9");
    }
    let tidied = &repo.report()["units"][0]["tidied"];
    assert_eq!(tidied["files"][0], "packages/p0/a.js");
    assert_eq!(tidied["undone"][0], "packages/p1/a.js");
}

#[test]
fn a_formatter_gets_the_changed_files_of_its_unit() {
    let repo = untidy();
    let agent = format!("{CARELESS}; echo new >'packages/p0/it is new.js'");
    repo.migrate()
        .agent(&agent)
        .units(1)
        .with([
            "--tidy",
            "printf '%s\n' {unit} {files} >../told; sed -i 's/ *$//' {files}",
        ])
        .run()
        .exits(0)
        .says("1 of 1 unit published");
    let runs = repo.root().join("repo.batch");
    let mut runs = std::fs::read_dir(runs)
        .expect("the folder of all checkouts")
        .flatten();
    let run = runs.next().expect("the folder of the run").path();
    let told = std::fs::read_to_string(run.join("told")).expect("what the formatter was told");
    let files = ["p0/a.js", "p0/it is new.js", "p1/a.js", "p2/a.js"];
    let files = files.map(|file| format!("packages/{file}\n"));
    assert_eq!(told, format!("01-packages\n{}", files.concat()));
}

#[test]
fn a_formatter_that_fails_is_feedback_and_a_missing_one_is_named() {
    let repo = untidy();
    let agent = r#"if test -n "${BATCH_FEEDBACK_FILE-}"; then text=mended; else text=broken; fi
xargs -0 -I@ sh -c 'echo "$0" >"$1"' "$text" @ <"$BATCH_FILES""#;
    let formatter = "if grep -q broken {files}; then echo cannot parse >&2; exit 2; fi";
    repo.migrate()
        .agent(agent)
        .units(1)
        .with(["--tidy", formatter, "--attempts", "2"])
        .run()
        .exits(0)
        .says("1 of 1 unit published");
    let repo = untidy();
    let output = repo
        .migrate()
        .agent(agent)
        .units(1)
        .with(["--tidy", "no-such-formatter", "--attempts", "2"])
        .run()
        .exits(1);
    output
        .says("failed at tidy: `no-such-formatter`, which tidies the work, failed: exit code 127");
    output.says("name a command for --tidy that this machine has, or leave --tidy out");
}
