//! Coding agents that end before their work is done: they are sent back, and what is not finished is not published.

use insta::assert_snapshot;

use crate::support::{Migrate, Output, Repo};

/// One unit of all files, done by a stand-in for Claude whose model does this.
fn of_claude<'a>(repo: &'a Repo, turn: &str) -> Migrate<'a> {
    repo.migrate().paths(["src/"]).units(1).claude(turn)
}

/// What the agent of the unit was told in its last start.
fn told(repo: &Repo) -> String {
    repo.read("../told-01-src")
}

/// The text of the pull request.
fn page(repo: &Repo) -> String {
    repo.settled("prs/01-src.md")
}

#[track_caller]
fn published_after(repo: &Repo, output: Output, starts: usize) {
    output.exits(0).says("1 of 1 unit published");
    assert_eq!(repo.worked().len(), starts);
}

#[test]
fn an_agent_that_asks_is_told_to_go_on_and_which_files_are_left() {
    let repo = Repo::with_one_folder(4);
    let turn = "
if [ $turn = 1 ]; then change 1; say '1 of 4 is done. Should I continue with the rest?'
else change; say 'Replaced var by let.\\n\\ndone'; fi";
    let output = of_claude(&repo, turn).run();
    output.says(
        "sent back to the agent at agent: the agent ended with a question, which nobody answers",
    );
    published_after(&repo, output, 2);
    let told = told(&repo);
    let feedback = told.split_once("You stopped before").expect("feedback").1;
    assert!(
        feedback.contains("- src/f1.js\n- src/f2.js\n- src/f3.js\n"),
        "{told}"
    );
    assert!(!feedback.contains("- src/f0.js"), "{told}");
    assert!(repo.read("../args-01-src").contains("--resume s-01-src"));
    let page = page(&repo);
    assert!(
        page.contains("```text\nReplaced var by let.\n```"),
        "{page}"
    );
}

#[test]
fn who_says_to_the_end_that_work_is_left_is_not_published() {
    let repo = Repo::with_one_folder(4);
    let turn = "change 1; say 'One file.\\n\\npartial — three files are left'";
    let output = of_claude(&repo, turn).with(["--attempts", "2"]).run();
    assert_snapshot!(output.exits(1).printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time │ tokens │ cost
    ──┼──┼──┼──┼──┼──┼──
     01-src │ failed │ – │ – │ [DURATION] │ ≥110 │ $0.10

    ✗ 01-src failed at agent, after 2 attempts
      the agent says that its work is not finished (three files are left), after it had changed 1 of 4 \
        files
        │ One file.
        │ 
        │ partial — three files are left
      changes   batch diff 01-src  ([TMP]/repo.batch/[RUN]/01-src)

    → batch retry --failed --run [RUN]  (01-src)

    0 of 1 unit published, 1 failed · [DURATION] · ≥110 tokens, 4 turns, $0.10
    ");
    assert_eq!(repo.pushed(), Vec::<String>::new());
    assert_eq!(repo.worked().len(), 2);
}

#[test]
fn open_items_of_the_agents_own_list_are_work_that_is_left() {
    let repo = Repo::with_one_folder(2);
    let list = r#"{"todos":[{"content":"Do f0","status":"completed"},{"content":"Do f1","status":"pending"}]}"#;
    let turn = format!(
        "if [ $turn = 1 ]; then use_tool TodoWrite '{list}'; change 1; say 'Did f0.'; else change; say 'done'; fi"
    );
    let output = of_claude(&repo, &turn).run();
    output.says(
        "1 item of the agent's own list is not done: Do f1, after it had changed 1 of 2 files",
    );
    published_after(&repo, output, 2);
    assert!(told(&repo).contains("- Do f1\n"), "{}", told(&repo));
}

#[test]
fn the_plan_of_codex_counts_like_any_other_list() {
    let repo = Repo::with_one_folder(2);
    let turn = r#"
cat >/dev/null
note
turn=$(wc -l <"$here/worked")
echo '{"type":"thread.started","thread_id":"t1"}'
item='"id":"i1","type":"todo_list"'
if [ $turn -gt 1 ]; then open=true; sed -i.bak s/var/let/ src/*.js; rm src/*.bak
else open=false; sed -i.bak s/var/let/ src/f0.js; rm src/*.bak; fi
echo '{"type":"item.updated","item":{'$item',"items":[{"text":"second file","completed":'$open'}]}}'
echo '{"type":"item.completed","item":{"id":"i2","type":"agent_message","text":"I did the first file."}}'
echo '{"type":"turn.completed","usage":{"input_tokens":4,"cached_input_tokens":0,"output_tokens":2}}'"#;
    let migrate = repo.migrate().paths(["src/"]).units(1).agent(turn);
    let output = migrate
        .with(["--agent", "codex", "--planner", "graph"])
        .run();
    output.says("1 item of the agent's own list is not done: second file");
    published_after(&repo, output, 2);
}

#[test]
fn a_model_that_pauses_goes_on_in_its_session_without_a_further_attempt() {
    let repo = Repo::with_one_folder(2);
    let turn =
        "if [ $turn = 1 ]; then change 1; say 'Did f0.' pause_turn; else change; say done; fi";
    let output = of_claude(&repo, turn)
        .with(["--attempts", "1"])
        .check("true")
        .run();
    assert!(!output.stderr().contains("at once from now on"));
    published_after(&repo, output, 2);
    assert!(repo.read("../args-01-src").contains("--resume s-01-src"));
}

#[test]
fn complete_work_without_a_last_word_is_done_and_other_work_is_asked_about_once() {
    let repo = Repo::with_one_folder(2);
    let output = of_claude(&repo, "change; say ''").check("true").run();
    published_after(&repo, output, 1);
    assert!(!page(&repo).contains("What the agent says"));

    let repo = Repo::with_one_folder(2);
    let turn = "[ $turn = 1 ] || change; say ''";
    let output = of_claude(&repo, turn)
        .with(["--attempts", "1"])
        .check("true")
        .run();
    assert!(!output.stderr().contains("at once from now on"));
    published_after(&repo, output, 2);
}

#[test]
fn who_changes_nothing_says_why_or_fails() {
    let repo = Repo::with_one_folder(2);
    let output = of_claude(&repo, "say 'I looked at all files.'").run();
    output.exits(1).says(
        "failed at agent, after 3 attempts\n  the agent changed nothing, and did not say why",
    );
    let repo = Repo::with_one_folder(2);
    let output = of_claude(&repo, "say 'none — it is done already'").run();
    output.exits(0).says("needed no change: it is done already");
    assert_eq!(repo.worked().len(), 1);
}

#[test]
fn an_agent_whose_tools_all_fail_is_not_believed_and_several_stop_the_run() {
    let repo = Repo::with_packages(5);
    let turn = "use_tool Read '{}' true; use_tool Bash '{}' true; say 'none — nothing to see'";
    let migrate = repo.migrate().claude(turn).units(5).in_order();
    let output = migrate.with(["--attempts", "2"]).run().exits(1);
    output.says("the agent changed nothing, and every tool that it used failed");
    output.says("skipped, because the first units all failed for the same reason");
    assert_eq!(repo.worked().len(), 6);
}

#[test]
fn work_that_lies_in_the_checkouts_own_git_is_found() {
    for (leaves, at) in [
        (
            "git checkout -q -b mine; change; git add -A; commit_as_agent x; git checkout -q -",
            "branch mine",
        ),
        (
            "change; git -c user.name=a -c user.email=a@b stash -q",
            "the stash",
        ),
    ] {
        let repo = Repo::with_one_folder(2);
        let output = of_claude(&repo, &format!("{leaves}; say done")).run();
        output.says(&format!("its work was taken from {at} of its own git"));
        published_after(&repo, output, 1);
        let branch = &repo.pushed()[0];
        assert_eq!(repo.published(branch, "src/f1.js"), "let a = 1;");
    }
}

#[test]
fn work_in_several_places_of_git_is_told_to_the_agent() {
    let repo = Repo::with_one_folder(2);
    let turn = "
if [ $turn = 1 ]; then
    for name in one two; do
        git checkout -q -b $name; change; echo $name >>src/f0.js; git add -A; commit_as_agent x
        git checkout -q -
    done
else change; fi
say done";
    let output = of_claude(&repo, turn).run();
    output.says("the agent left its work in git and not in its files: branch one, branch two");
    published_after(&repo, output, 2);
}

#[test]
fn what_is_left_of_the_old_form_goes_back_and_is_told_in_the_end() {
    let repo = Repo::with_one_folder(3);
    let turn = "change $turn; say 'Did it.\\n\\ndone'";
    let until = ["--until-regex", "^var"];
    let output = of_claude(&repo, turn).with(until).run();
    output.says("sent back to the agent at agent: 2 old uses are left in the unit's files");
    output.says("0 of 3 old uses left");
    published_after(&repo, output, 3);
    assert!(
        told(&repo).contains("1 old use is left, in:\n\n- src/f2.js"),
        "{}",
        told(&repo)
    );

    // Who gets no further is not asked again.
    let repo = Repo::with_one_folder(3);
    let output = of_claude(&repo, "change 2; say done")
        .with(until)
        .run()
        .exits(0);
    assert_eq!(repo.worked().len(), 2);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time │ tokens │ cost
    ──┼──┼──┼──┼──┼──┼──
     01-src │ published, 2 of 3 files │ #1 │ – │ [DURATION] │ ≥110 │ $0.10

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! 01-src leaves 1 old use in src/f2.js

    1 of 1 unit published · [DURATION] · 1 of 3 old uses left · ≥110 tokens, 4 turns, $0.10
    ");
    let page = page(&repo);
    assert!(
        page.contains("changed 2 of 3 files that the plan gave it"),
        "{page}"
    );
    assert!(page.contains("1 old use is left in `src/f2.js`."), "{page}");
    let unit = &repo.report()["units"][0];
    assert_eq!(
        (&unit["files_changed"], &unit["old_uses_left"]),
        (&2.into(), &1.into())
    );

    let repo = Repo::with_one_folder(3);
    let output = of_claude(&repo, "say 'none — already done'")
        .with(until)
        .run();
    output
        .exits(1)
        .says("the agent says that nothing needs doing, but 3 old uses are left in its files");
}

#[test]
fn a_program_that_breaks_down_starts_once_more_from_a_clean_checkout() {
    for (dies, starts) in [("kill -ABRT $$", 2), ("kill -SEGV $$", 2), ("exit 134", 2)] {
        let repo = Repo::with_one_folder(2);
        let turn = format!(
            "grep -q half src/f0.js && {{ say 'failed — half a file'; exit; }}
if [ $turn = 1 ]; then echo half >>src/f0.js; {dies}; fi
change"
        );
        let output = of_claude(&repo, &turn).run();
        assert!(!output.stderr().contains("at once from now on"));
        published_after(&repo, output, starts);
    }
}

#[test]
fn a_program_that_breaks_down_after_it_was_asked_to_go_on_keeps_what_it_had_done() {
    let repo = Repo::with_one_folder(2);
    let turn = "
case $turn in
1) change 1; say 'Did f0.' pause_turn ;;
2) echo half >>src/f1.js; kill -SEGV $$ ;;
*) grep -q half src/f1.js || ! grep -q let src/f0.js && { say 'failed — other files'; exit; }
   change ;;
esac";
    let output = of_claude(&repo, turn).run();
    published_after(&repo, output, 3);
}

/// Fills its context after one file where it has more than two; a part of it does all.
const TOO_LONG: &str = "
if [ $(files | wc -l) -gt 3 ]; then
    change 1; say 'Prompt is too long' stop_sequence true
else change; say 'Did my files.\\n\\ndone'; fi";

#[test]
fn a_unit_that_is_too_much_keeps_what_is_done_and_the_rest_goes_on_by_itself() {
    let repo = Repo::with_one_folder(6);
    let output = of_claude(&repo, TOO_LONG).check("true").run().exits(0);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time │ tokens │ cost
    ──┼──┼──┼──┼──┼──┼──
     01-src │ published │ #1 │ 1 passed │ [DURATION] │ ≥110 │ $0.10
     01-src-2 │ published │ #3 │ 1 passed │ [DURATION] │ ≥110 │ $0.10
     01-src-3 │ published │ #4 │ 1 passed │ [DURATION] │ ≥110 │ $0.10

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ! 01-src was divided, and 01-src-2, 01-src-3 got the rest: the task is too much for the model's \
        context: Prompt is too long

    3 of 3 units published · [DURATION] · ≥330 tokens, 6 turns, $0.30
    ");
    output.says("01-src is divided and keeps 1 file; the rest goes to 01-src-2 (3 files) and 01-src-3 (2 files)");
    let branches = repo.pushed();
    assert_eq!(branches.len(), 3, "{branches:?}");
    let mut changed: Vec<String> = branches.iter().flat_map(|it| repo.changed_on(it)).collect();
    changed.sort();
    let all: Vec<String> = (0..6).map(|index| format!("src/f{index}.js")).collect();
    assert_eq!(changed, all);
    let told = repo.read("../told-01-src-2");
    assert!(
        told.contains("- src/f1.js\n- src/f2.js\n- src/f3.js\n") && !told.contains("- src/f0.js"),
        "{told}"
    );
    let page = repo.settled("prs/01-src-2.md");
    assert!(page.contains("one of 3 pull requests"), "{page}");
}

#[test]
fn what_does_not_even_begin_is_halved_once_and_one_file_is_not_divided() {
    let repo = Repo::with_one_folder(4);
    let output = of_claude(&repo, "say 'Prompt is too long' stop_sequence true")
        .run()
        .exits(1);
    output.says("01-src is divided and keeps 2 files; the rest goes to 01-src-2 (2 files)");
    output.says("0 of 2 units published, 2 failed");
    output.says("smaller units (--units) or a model with a larger context may do it");
    assert_eq!(repo.worked().len(), 3);

    // A retry keeps the claims.
    let other = repo.program("other", "sign");
    let other = other.to_string_lossy();
    let retried = repo
        .batch(["retry", "--failed", "--agent-cmd", &other])
        .exits(0);
    retried.says("2 of 2 units published");
    let branches = repo.pushed();
    let changed: Vec<usize> = branches
        .iter()
        .map(|it| repo.changed_on(it).len())
        .collect();
    assert_eq!(changed, [2, 2]);
}

#[test]
fn at_the_time_limit_the_files_that_are_done_stay() {
    let repo = Repo::with_one_folder(3);
    repo.fifo("never");
    let turn = "[ $(files | wc -l) -lt 3 ] || { change 2; wait_forever; }; change";
    let migrate = of_claude(&repo, turn).with(["--agent-timeout", "2s"]);
    let output = migrate.run().exits(0);
    output.says("01-src is divided and keeps 2 files; the rest goes to 01-src-2 (1 file)");
    output.says("stopped because it was not done within");
    output.says("2 of 2 units published");
}

#[test]
fn who_needs_a_divided_unit_waits_for_its_parts() {
    let repo = Repo::new()
        .file("a/1.js", "var a = 1;\n")
        .file("a/2.js", "var a = 1;\n")
        .file("b/1.js", "var a = 1;\n")
        .commit("Start")
        .with_remote();
    let base = repo.git(["rev-parse", "HEAD"]);
    let head =
        format!("version = 1\ninstruction = \"x\"\nbase = \"{base}\"\nbase-name = \"main\"\n");
    let a = "[[unit]]\nid = \"a\"\nfiles = [\"a/1.js\", \"a/2.js\"]\n";
    let b = "[[unit]]\nid = \"b\"\nneeds = [\"a\"]\nfiles = [\"b/1.js\"]\n";
    repo.write("plan.toml", format!("{head}\n{a}\n{b}"));
    let turn = "
if [ $(files | wc -l) -gt 1 ]; then change 1; say 'Prompt is too long' stop_sequence true
else change; say done; fi";
    let output = repo
        .run_saved("plan.toml")
        .claude_of_plan(turn)
        .run()
        .exits(0);
    output.says("3 of 3 units published");
    let b = repo
        .pushed()
        .into_iter()
        .find(|it| it.ends_with("/b"))
        .expect("b");
    for file in ["a/1.js", "a/2.js", "b/1.js"] {
        assert_eq!(repo.published(&b, file), "let a = 1;", "{file}");
    }
}

#[test]
fn a_divided_run_goes_on_after_a_kill() {
    fn run(repo: &Repo) -> Migrate<'_> {
        of_claude(repo, TOO_LONG).in_order().check("true")
    }
    let whole = Repo::with_one_folder(6);
    let _ = run(&whole).run().exits(0);
    let events = whole.batch(["export"]).exits(0).stdout();
    let number = |fact: &str| {
        let begin = format!("\"fact\":\"{fact}\"");
        let place = events.lines().position(|line| line.contains(&begin));
        place.expect(fact)
    };
    let divided = number("unit-divided");
    let committed = number("committed");
    for (kill, starts) in [
        // The agent's answer was not written down.
        (format!("{divided}"), 4..=4),
        (format!("{divided}+"), 3..=3),
        // The next agent may have begun.
        (format!("{committed}+"), 3..=4),
    ] {
        let repo = Repo::with_one_folder(6);
        run(&repo).killed_at(&kill);
        let output = repo.batch(["resume"]).exits(0);
        output.says("3 of 3 units published");
        let branches = repo.pushed();
        let changed: usize = branches.iter().map(|it| repo.changed_on(it).len()).sum();
        assert_eq!((branches.len(), changed), (3, 6), "{kill}");
        assert!(
            starts.contains(&repo.worked().len()),
            "{kill}: {:?}",
            repo.worked()
        );
    }
}

#[test]
fn the_work_of_a_divided_unit_that_fails_its_check_goes_back_to_its_agent_with_its_own_files() {
    let repo = Repo::with_one_folder(6);
    let turn = "
[ $(files | wc -l) -gt 3 ] && { change 1; say 'Prompt is too long' stop_sequence true; exit; }
change; echo '// mended' >>$(files 1); say done";
    let check = "test ! -e src/f0.js || ! grep -q let src/f0.js || grep -q mended src/f0.js";
    let output = of_claude(&repo, turn).check(check).run().exits(0);
    output.says("3 of 3 units published");
    output.says("01-src    sent back to the agent at check");
    let args = repo.read("../args-01-src");
    assert!(!args.contains("--resume"), "{args}");
    assert_eq!(repo.read("../files-01-src"), "src/f0.js\n");
}
