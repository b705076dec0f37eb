//! What a change wants gone: files without it are no work, and what is left is counted after the run.

use insta::assert_snapshot;

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
    let agent = "
if claims packages/p2/; then exit 1; fi
edit 's/var a/const a/'";
    let output = repo.migrate().agent(agent).with(UNTIL).run().exits(1);
    output.says("nothing to do: it contains nothing that --until looks for (1)");
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ published │ #2 │ – │ [DURATION]
     03-packages-p2-index-js │ failed │ – │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ✗ 03-packages-p2-index-js failed at agent
      the agent failed: exit code 1
      log       batch logs 03-packages-p2-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/03-packages-p2-index-js/agent.log)
      changes   batch diff 03-packages-p2-index-js  ([TMP]/repo.batch/[RUN]/03-packages-p2-index-js)

    ! 01-packages-p0-index-js leaves 1 old use in packages/p0/index.js
    ! 02-packages-p1-index-js leaves 1 old use in packages/p1/index.js

    → batch retry --failed --run [RUN]  (03-packages-p2-index-js)

    2 of 3 units published, 1 failed · [DURATION] · 4 of 6 old uses left
    ");
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
    repo.run_saved(&plan)
        .regex(r"\bvar\b", "const")
        .anywhere()
        .run()
        .exits(0)
        .says("0 of 6 old uses left");
}

#[test]
fn a_faulty_pattern_is_refused() {
    let repo = repo();
    let migrate = repo.migrate().command_line("true").anywhere();
    let output = migrate.with(["--until-regex", "("]).run();
    assert_snapshot!(output, @r"
    $ batch migrate packages/ 'sign every file' --yes --agent-cmd true --no-checks --until-regex '('
    ! error: the regular expression '(' is invalid at character 1: unclosed group
    [exit code 2]
    ");
    assert_eq!(repo.state_entries(), [""; 0]);
}
