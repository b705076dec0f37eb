//! What a look at the content of a unit's work finds: damage, which goes back to the agent and is never published
//! unseen.

use insta::assert_snapshot;

use crate::support::agents::each;
use crate::support::{Migrate, Output, Repo};

/// So many lines of JavaScript.
fn calls(lines: std::ops::Range<usize>) -> String {
    lines.fold(String::new(), |text, line| {
        text + &format!("line({line});\n")
    })
}

/// One unit for each file, each changed by the same command.
fn changed(files: &[(&str, &str)], command: &str, more: &[&str]) -> (Repo, Output) {
    let repo = files
        .iter()
        .fold(Repo::new(), |repo, (path, text)| repo.file(path, text))
        .commit("base")
        .with_remote();
    let units = files.len().to_string();
    let migrate = repo.migrate().paths(["."]).saying("line to row");
    let migrate = migrate.agent(&each(command)).in_order();
    let output = migrate.with(["--units", &units]).with(more).run();
    (repo, output)
}

/// The text of a file beside the repository.
fn beside(repo: &Repo, name: &str) -> String {
    std::fs::read_to_string(repo.root().join(name)).expect("the file")
}

/// The page of a unit's pull request in the latest run.
fn page(repo: &Repo, unit: &str) -> String {
    let report = repo.report();
    let run = report["run"].as_str().expect("a run");
    let pages = repo.dir().join(".git/batch/runs").join(run).join("prs");
    let mut pages = std::fs::read_dir(pages).expect("the pages");
    let page = pages.find_map(|page| {
        let path = page.expect("a page").path();
        let name = path.file_name()?.to_str()?;
        (name.starts_with(unit) && name.strip_suffix(".md").is_some()).then_some(path)
    });
    std::fs::read_to_string(page.expect("the unit's page")).expect("a text")
}

/// How each unit of the latest run failed.
fn reasons(repo: &Repo) -> String {
    let report = repo.report();
    let units = report["units"].as_array().expect("units");
    let reason = |unit: &serde_json::Value| {
        let step = unit["step"].as_str().unwrap_or("no step").to_owned();
        format!("{step}: {}", unit["reason"].as_str().unwrap_or_default())
    };
    let reasons: Vec<String> = units.iter().map(reason).collect();
    let run = report["run"].as_str().expect("a run");
    reasons.join("\n").replace(run, "[RUN]")
}

#[test]
fn every_kind_of_damage_is_held_with_its_place_and_the_way_on() {
    let (repo, output) = changed(
        &[
            ("a.rb", "line 1\nline 2\n"),
            ("b.py", "def f(x):\n    return x\n"),
            ("c.json", "{\n  \"line\": 1\n}\n"),
            ("d.yml", "line:\n  - 1\n"),
            ("e.go", "package e\n"),
            ("f.css", ".line { color: red; }\n"),
            ("g.txt", &calls(0..40)),
        ],
        r#"
case $f in
*.rb) : >"$f" ;;
*.py) echo 'def g(:' >>"$f" ;;
*.json) sed -i 's/1/1,/' "$f" ;;
*.yml) printf '  - 2\n - 3\n' >>"$f" ;;
*.go) printf '<<<<<<< ours\nfunc a() {}\n=======\nfunc b() {}\n>>>>>>> theirs\n' >>"$f" ;;
*.css) echo '/* ... rest of the styles remains unchanged ... */' >>"$f" ;;
*.txt) sed -i '4,$d' "$f" ;;
esac"#,
        &[],
    );
    let _ = output.exits(1);
    assert!(repo.pushed().is_empty());
    assert_snapshot!(reasons(&repo), @r"
    content: its content looks damaged (emptied):
      a.rb: it is empty now, and had 2 lines
    if it is as it should be: batch resume [RUN] --allow emptied, or --allow 'a.rb'
    content: its content looks damaged (unparsable):
      b.py:3: it was valid Python before, and is not any more
    if it is as it should be: batch resume [RUN] --allow unparsable, or --allow 'b.py'
    content: its content looks damaged (unparsable):
      c.json:3: it was valid JSON before, and is not any more
    if it is as it should be: batch resume [RUN] --allow unparsable, or --allow 'c.json'
    content: its content looks damaged (unparsable):
      d.yml:4: it was valid YAML before, and is not any more
    if it is as it should be: batch resume [RUN] --allow unparsable, or --allow 'd.yml'
    content: its content looks damaged (conflict-markers):
      e.go:2: it has new conflict markers
    if it is as it should be: batch resume [RUN] --allow conflict-markers, or --allow 'e.go'
    content: its content looks damaged (placeholder):
      f.css:2: words in place of code: `/* ... rest of the styles remains unchanged ... */`
    if it is as it should be: batch resume [RUN] --allow placeholder, or --allow 'f.css'
    content: its content looks damaged (shrunk):
      g.txt: it has 3 lines with text now, and had 40
    if it is as it should be: batch resume [RUN] --allow shrunk, or --allow 'g.txt'
    ");
}

#[test]
fn three_units_that_are_damaged_alike_stop_the_run() {
    let text = calls(0..300);
    let files = ["a.js", "b.js", "c.js", "d.js", "e.js"].map(|path| (path, text.as_str()));
    let (repo, output) = changed(&files, r#"sed s/line/row/ "$f" >"$f""#, &[]);
    output.exits(1).says("3 failed");
    assert!(repo.pushed().is_empty());
}

/// Damages its files first, and mends them once it was told.
const MENDS: &str = r#"
note
if test -n "${BATCH_FEEDBACK_FILE:-}"; then
    cat "$BATCH_FEEDBACK_FILE" >>"$here/told"
    git checkout -q .
    sign
else
    xargs -0 sed -i 's/=.*/= ;/' <"$BATCH_FILES"
fi"#;

#[test]
fn damage_goes_back_to_the_agent_which_mends_it() {
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().agent(MENDS).with(["--attempts", "2"]);
    migrate.run().exits(0).says("1 of 1 unit published");
    let told = beside(&repo, "told");
    assert!(
        told.contains("packages/p0/index.js:1: it was valid JavaScript before"),
        "{told}"
    );
    let file = repo.published(&repo.pushed()[0], "packages/p0/index.js");
    assert_eq!(file, "var p0 = 0;\n// signed");
    assert_eq!(repo.report()["units"][0]["sent_back"][0]["step"], "content");
}

#[test]
fn what_is_allowed_is_published_and_told_and_the_agent_does_not_work_again() {
    let text = calls(0..40);
    let files = [("src/a.js", text.as_str()), ("src/b.js", "line(1);\n")];
    let cut = r#"echo "$f" >>"$here/worked"; sed -i '4,$d; s/line/row/' "$f""#;
    let (repo, output) = changed(&files, cut, &[]);
    output
        .exits(1)
        .says("--allow shrunk, or --allow 'src/a.js'");
    assert_eq!(repo.pushed().len(), 1);

    let _ = repo.batch(["resume"]).exits(2);
    let resumed = repo.batch(["resume", "--allow", "src/*.js"]).exits(0);
    resumed.says("src/a.js: it has 3 lines with text now, and had 40");
    assert_eq!(repo.pushed().len(), 2);
    assert_eq!(repo.worked().len(), 2);
    let page = page(&repo, "01-");
    assert!(
        page.contains("### Look at\n\n- `src/a.js: it has 3 lines with text now, and had 40`"),
        "{page}"
    );
    assert_eq!(repo.report()["units"][0]["findings"][0]["kind"], "shrunk");
}

#[test]
fn a_team_allows_in_its_settings_and_what_is_no_name_is_refused() {
    let repo = Repo::with_packages(1).settings("[run]\nallow = [\"unparsable\"]\n");
    let migrate = || repo.migrate().agent(&each(r#"echo ')' >>"$f""#));
    migrate().run().exits(0).says("is not any more");
    let refused = migrate().with(["--allow", "demage"]).run().exits(2);
    refused.says("\"demage\" is neither a kind of finding nor a path");
}

#[test]
fn less_code_is_no_damage_where_the_instruction_asks_for_it() {
    let repo = Repo::new()
        .file("a.js", calls(0..40))
        .commit("base")
        .with_remote();
    let migrate = repo.migrate().paths(["a.js"]).saying("drop the old lines");
    let migrate = migrate.agent(&each(r#"sed -i '4,$d' "$f""#));
    migrate.run().exits(0).says("1 of 1 unit published");
}

#[test]
fn what_is_allowed_in_the_candidate_that_is_taken_is_told() {
    let repo = Repo::with_packages(1);
    let damage = each(r#"echo "$BATCH_RIVAL )" >>"$f""#);
    let migrate = repo.migrate().agent(&damage);
    let more = ["--best-of", "2", "--allow", "damage"];
    let output = migrate.with(more).run().exits(0);
    output.says("packages/p0/index.js:2: it was valid JavaScript before");
}

/// Writes every file anew as a text, as many programs do: without a byte-order mark, with LF, and as no executable.
const IN_TEXT_MODE: &str = r#"
xargs -0 sh -c 'for file; do
    sed "s/\r$//; s/^\xef\xbb\xbf//; s/old/new/" "$file" >"$here/text"
    rm "$file"
    cat "$here/text" >"$file"
done' sh <"$BATCH_FILES""#;

#[test]
fn the_form_of_files_is_put_back_where_it_is_not_the_change() {
    let repo = Repo::new()
        .file("a.cs", "\u{feff}class A {\r\n    // old\r\n}\r\n")
        .file("b.cs", "\u{feff}class B {\r\n}\r\n")
        .file("run.sh", "#!/bin/sh\necho old\n");
    repo.git(["add", "--all"]);
    repo.git(["update-index", "--chmod=+x", "run.sh"]);
    repo.git(["commit", "--quiet", "--message", "base"]);
    repo.git(["reset", "--quiet", "--hard"]);
    let repo = repo.with_remote();
    let check = "grep -c 'new.$' a.cs && test -x run.sh";
    let migrate = repo.migrate().paths(["."]).saying("old to new");
    let migrate = migrate.agent(&format!("export here\n{IN_TEXT_MODE}"));
    let output = migrate.units(1).check(check).run().exits(0);
    assert_snapshot!(output.printed(), @r"

    run [RUN] · ended
    old to new

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-a-cs-b-cs-run-sh │ published, 2 of 3 files │ #1 │ 1 passed │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    – agents changed the line ends, the byte-order mark and the executable bit of 3 files without being \
        asked to, and batch put them back: a.cs, b.cs, run.sh

    1 of 1 unit published · [DURATION]
    ");
    let branch = &repo.branches()[0];
    let changes = repo.git([
        "diff",
        "--numstat",
        "--summary",
        &format!("main...{branch}"),
    ]);
    assert_eq!(changes, "1\t1\ta.cs\n1\t1\trun.sh");
    let restored = &repo.report()["units"][0]["restored"];
    assert_eq!(
        restored[1]["parts"],
        serde_json::json!(["line-ends", "byte-order-mark"])
    );
}

#[test]
fn a_change_of_the_form_is_published_where_it_was_asked_for() {
    let repo = Repo::new()
        .file("a.cs", "class A {\r\n    // old\r\n}\r\n")
        .commit("base")
        .with_remote();
    let migrate = repo.migrate().paths(["."]);
    let migrate = migrate.saying("old to new, and LF as the line ends");
    let migrate = migrate.agent(&format!("export here\n{IN_TEXT_MODE}"));
    let _ = migrate.run().exits(0);
    let branch = &repo.branches()[0];
    let changes = repo.git(["diff", "--numstat", &format!("main...{branch}")]);
    assert_eq!(changes, "3\t3\ta.cs");
}

/// Stands for claude: it does what `$here/work` says with each of its files, in `$f`, and keeps what it was told.
const CLAUDE: &str = r#"
input=$(cat)
note
case $input in *"looked at once more"*) echo "$input" >"$here/told"; told=yes ;; *) told= ;; esac
for f in src/*; do . "$here/work"; done
echo '{"type":"system","subtype":"init","session_id":"s"}'
tr -d '\n' <<'END'
{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"Done.","stop_reason":"end_turn",
"session_id":"s","total_cost_usd":0.1,"usage":{"input_tokens":4,"output_tokens":2}}
END
echo"#;

/// Lets a coding agent do this with each file of one unit.
fn coded(files: &[(&str, &str)], work: &str) -> (Repo, Output) {
    asked("old to new", files, work)
}

/// The same for another instruction.
fn asked(instruction: &str, files: &[(&str, &str)], work: &str) -> (Repo, Output) {
    let repo = files
        .iter()
        .fold(Repo::new(), |repo, (path, text)| repo.file(path, text))
        .commit("base")
        .with_remote();
    std::fs::write(repo.root().join("work"), work).expect("the work");
    let claude = repo.program("claude", CLAUDE);
    let migrate = repo.migrate().paths(["src/"]).saying(instruction);
    let migrate = migrate.command_line(&claude.to_string_lossy()).units(1);
    let output = migrate
        .with(["--agent", "claude", "--planner", "graph"])
        .run();
    (repo, output)
}

const MANIFEST: (&str, &str) = ("package.json", "{\"name\": \"r\"}\n");

#[test]
fn careless_work_of_a_coding_agent_goes_back_once_and_is_told_then() {
    let work = r#"
test "$told" || sed -i '1i import dayjs from "dayjs";' "$f"
echo 'console.log("here"); // eslint-disable-line' >>"$f""#;
    let (repo, output) = coded(&[MANIFEST, ("src/a.js", "old();\n")], work);
    let said = output.exits(0);
    assert_eq!(repo.worked().len(), 2);
    let told = beside(&repo, "told");
    for place in [
        "src/a.js:1: it imports `dayjs`, which no manifest declares",
        "src/a.js:3: debug output: `console.log(",
        "src/a.js:3: a suppressed warning: `console.log(",
    ] {
        assert!(told.contains(place), "{told}");
    }
    said.says("src/a.js:3: debug output: `console.log(");
    assert!(page(&repo, "01-").contains("### Look at\n\n- ``src/a.js:1: it imports"));
}

#[test]
fn an_open_end_and_a_name_that_others_miss_are_held() {
    let files = [
        ("src/a.js", "export function one() {}\n"),
        ("lib/b.js", "import { one } from '../src/a.js';\none();\n"),
    ];
    let work = r#"echo '// TODO: implement it
export function uno() {}' >"$f""#;
    let (repo, output) = coded(&files, work);
    let _ = output.exits(1);
    assert_eq!(repo.worked().len(), 2);
    assert_snapshot!(reasons(&repo), @r"
    content: its content is not done with care (unfinished, lost-export):
      src/a.js: `one` is gone, which lib/b.js imports
      src/a.js:1: an open end: `// TODO: implement it`
    if it is as it should be: batch resume [RUN] --allow careless, or --allow 'src/a.js'
    ");
}

#[test]
fn careless_work_of_a_command_is_told_and_not_held() {
    let repo = Repo::new()
        .file("src/a.js", "old();\n")
        .file("src/a.test.js", "expect(old()).toBe(1);\n")
        .commit("base")
        .with_remote();
    let work = r#"
case $f in
*.test.js) sed -i 's/1/2/' "$f" ;;
*) echo 'throw new Error("not implemented");' >>"$f" ;;
esac"#;
    let migrate = repo.migrate().paths(["src/"]).saying("old to new");
    let output = migrate.agent(&each(work)).units(1).run();
    output
        .exits(0)
        .says("src/a.js:2: an open end: `throw new Error(")
        .says("src/a.test.js:1: it changes 1 expectation of tests");
    assert_eq!(repo.pushed().len(), 1);
}

#[test]
fn a_deleted_file_is_told_unless_that_was_asked_for() {
    let files = [("src/a.js", "old();\n"), ("src/b.js", "old(2);\n")];
    let work = r#"case $f in *a.js) rm -f "$f" ;; *) echo 'f();' >>"$f" ;; esac"#;
    let (repo, output) = coded(&files, work);
    output
        .exits(0)
        .says("src/a.js: it is deleted, and had 1 line");
    assert_eq!(repo.worked().len(), 2);
    let (repo, output) = asked("delete the old files", &files, work);
    let output = output.exits(0);
    let said = output.stdout() + &output.stderr();
    assert!(!said.contains("it is deleted"), "{said}");
    assert_eq!(repo.worked().len(), 1);
}

#[test]
fn notes_and_scratch_files_are_left_out_and_told() {
    let repo = Repo::with_packages(1);
    let agent = "
sign
echo '# Summary' >MIGRATION_SUMMARY.md
echo notes >packages/p0/NOTES.md
echo 'import re' >fix.py
echo 'var p0 = 0;' >packages/p0/index.js.new
echo plan >packages/p0/my.plan";
    let repo = repo.settings("[content]\nscratch = [\"*.plan\"]\n");
    let output = repo.migrate().agent(agent).run().exits(0);
    output.says(
        "5 new files are in no unit's work, because tools and agents leave such files behind: ",
    );
    let changed = repo.changed_on(&repo.branches()[0]);
    assert_eq!(changed, ["packages/p0/index.js"]);
}

/// One unit whose line ends are put back, and of which something is told.
fn told(repo: &Repo) -> Migrate<'_> {
    let work = each(r#"echo 'old(1); // eslint-disable-line' >"$f""#);
    let migrate = repo.migrate().paths(["."]).saying("line to row");
    migrate.agent(&work).units(1)
}

#[test]
fn a_kill_at_any_event_loses_nothing_that_was_found_or_put_back() {
    for event in 1.. {
        let repo = Repo::new()
            .file("a.js", "old();\r\n")
            .commit("base")
            .with_remote();
        let killed = told(&repo).env("BATCH_CRASH", &event.to_string()).run();
        if killed.code() == 0 {
            assert!(event > 10, "{killed}");
            break;
        }
        let _ = repo.batch(["resume"]).exits(0);
        let unit = &repo.report()["units"][0];
        assert_eq!(unit["outcome"], "published", "killed before {event}");
        assert_eq!(unit["findings"][0]["kind"], "suppression", "{event}");
        assert_eq!(unit["restored"][0]["path"], "a.js", "{event}");
    }
}

#[test]
fn what_a_codemod_makes_unparsable_is_only_told() {
    let repo = Repo::with_packages(1);
    let migrate = repo.migrate().regex("= 0", "= new()(");
    migrate.run().exits(0).says("is not any more");
    assert_eq!(repo.pushed().len(), 1);
}
