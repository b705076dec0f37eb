//! What units come to own beyond the files that they claim: the work that such tools are bought for, with an agent that
//! does just what it is asked.

use insta::assert_snapshot;

use crate::support::Repo;
use crate::support::agents::each;

/// The folders of five units.
const FIVE: [&str; 5] = ["a", "b", "c", "d", "e"];

/// A repository with one file for each of five units, at the path that `place` makes of a letter.
fn five(place: impl Fn(&str) -> String, text: &str) -> Repo {
    FIVE.iter()
        .fold(Repo::new(), |repo, letter| repo.file(place(letter), text))
}

/// The changes of every pushed branch against where it starts, one after another.
fn changes(repo: &Repo) -> String {
    let of = |branch: &String| {
        let (_, unit) = branch.rsplit_once('/').expect("a branch of a run");
        format!("{unit}\n{}", repo.published_changes(branch))
    };
    repo.pushed()
        .iter()
        .map(of)
        .collect::<Vec<_>>()
        .join("\n\n")
}

/// All pushed branches merge one after another, and the result holds this of a file.
#[track_caller]
fn merge_all(repo: &Repo) {
    repo.git(["checkout", "--quiet", "-b", "all", "main"]);
    for branch in repo.pushed() {
        let branch = format!("origin/{branch}");
        repo.git(["fetch", "--quiet", "origin"]);
        repo.git(["merge", "--quiet", "--message", "merged", &*branch]);
    }
}

#[test]
fn a_file_may_be_renamed_to_another_language() {
    let repo = five(|it| format!("lib/{it}.js"), "x\n")
        .commit("base")
        .with_remote();
    let migrate = repo.migrate().paths(["lib/"]);
    let rename = each(r#"git mv "$f" "${f%.js}.ts"; echo typed >>"${f%.js}.ts""#);
    let output = migrate.saying("add types").agent(&rename).run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    add types

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-lib-a-js │ published │ #1 │ – │ [DURATION]
     02-lib-b-js │ published │ #2 │ – │ [DURATION]
     03-lib-c-js │ published │ #3 │ – │ [DURATION]
     04-lib-d-js │ published │ #4 │ – │ [DURATION]
     05-lib-e-js │ published │ #5 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    + 01-lib-a-js also creates lib/a.ts
    + 02-lib-b-js also creates lib/b.ts
    + 03-lib-c-js also creates lib/c.ts
    + 04-lib-d-js also creates lib/d.ts
    + 05-lib-e-js also creates lib/e.ts

    5 of 5 units published · [DURATION]
    ");
    assert_snapshot!(changes(&repo), @r"
    01-lib-a-js
    D	lib/a.js
    A	lib/a.ts

    02-lib-b-js
    D	lib/b.js
    A	lib/b.ts

    03-lib-c-js
    D	lib/c.js
    A	lib/c.ts

    04-lib-d-js
    D	lib/d.js
    A	lib/d.ts

    05-lib-e-js
    D	lib/e.js
    A	lib/e.ts
    ");
}

#[test]
fn tests_are_written_beside_the_code_in_a_folder_of_the_folder_and_in_a_tree_of_their_own() {
    for place in [
        r#"echo t >"${f%.js}.test.js""#,
        r#"mkdir -p "$(dirname "$f")/__tests__"; echo t >"$(dirname "$f")/__tests__/$(basename "$f")""#,
        r#"mkdir -p "tests/$(dirname "$f")"; echo t >"tests/$f""#,
    ] {
        let repo = five(|it| format!("utils/{it}.js"), "x\n")
            .commit("base")
            .with_remote();
        let migrate = repo.migrate().paths(["utils/"]).agent(&each(place));
        migrate.run().exits(0).says("5 of 5 units published");
        merge_all(&repo);
    }
}

#[test]
fn a_companion_that_only_one_unit_edits_is_the_units() {
    let repo = FIVE
        .iter()
        .fold(
            five(|it| format!("src/{it}/{it}.jsx"), "import './x.css'\n"),
            |repo, it| repo.file(format!("src/{it}/x.css"), ".root {}\n"),
        )
        .commit("base")
        .with_remote();
    let style = each(r#"echo module >>"$f"; sed -i s/root/base/ "$(dirname "$f")/x.css""#);
    let migrate = repo.migrate().paths(["src/**/*.jsx"]).agent(&style);
    let output = migrate.run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-src-a-a-jsx │ published │ #1 │ – │ [DURATION]
     02-src-b-b-jsx │ published │ #2 │ – │ [DURATION]
     03-src-c-c-jsx │ published │ #3 │ – │ [DURATION]
     04-src-d-d-jsx │ published │ #4 │ – │ [DURATION]
     05-src-e-e-jsx │ published │ #5 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    + 01-src-a-a-jsx also changes src/a/x.css
    + 02-src-b-b-jsx also changes src/b/x.css
    + 03-src-c-c-jsx also changes src/c/x.css
    + 04-src-d-d-jsx also changes src/d/x.css
    + 05-src-e-e-jsx also changes src/e/x.css

    5 of 5 units published · [DURATION]
    ");
    let report = repo.report();
    assert_eq!(report["units"][0]["companions"][0], "src/a/x.css");
    let page = repo.settled("1-src-a-a-jsx.md");
    assert!(
        page.contains("Beyond the files that the plan gave it, this one changes `src/a/x.css`."),
        "{page}"
    );
}

#[test]
fn the_same_line_in_a_manifest_is_added_once_and_the_others_stand_on_it() {
    let manifest = "{\n  \"dependencies\": {\n    \"old\": \"1\"\n  }\n}\n";
    let repo = five(|it| format!("src/{it}.js"), "old\n")
        .file("package.json", manifest)
        .commit("base")
        .with_remote();
    let swap = each(
        r#"sed -i s/old/young/ "$f"; sed -i 's/"old": "1"/"old": "1",\n    "young": "2"/' package.json"#,
    );
    let migrate = repo.migrate().paths(["src/"]).agent(&swap);
    migrate.run().exits(0).says("5 of 5 units published");
    merge_all(&repo);
    assert_eq!(
        repo.read("package.json"),
        manifest.replace("\"1\"", "\"1\",\n    \"young\": \"2\"")
    );
    let report = repo.report();
    let units = report["units"].as_array().expect("units");
    let holders = units
        .iter()
        .filter(|it| it["companions"][0] == "package.json");
    assert_eq!(holders.count(), 1, "{report}");
}

#[test]
fn lines_taken_out_of_a_shared_list_are_all_gone_in_the_end() {
    let list = FIVE.map(|it| format!("  src.{it},\n")).concat();
    let repo = five(|it| format!("src/{it}.py"), "x\n")
        .file("mypy.ini", format!("[mypy]\nignore =\n{list}"))
        .commit("base")
        .with_remote();
    let strict = each(r#"echo typed >>"$f"; n=$(basename "$f" .py); sed -i "/src.$n,/d" mypy.ini"#);
    let migrate = repo.migrate().paths(["src/"]).agent(&strict);
    migrate.run().exits(0).says("5 of 5 units published");
    merge_all(&repo);
    assert_eq!(repo.read("mypy.ini"), "[mypy]\nignore =\n");
}

#[test]
fn numbered_files_get_numbers_one_after_another() {
    let repo = five(|it| format!("app/{it}/model"), "x\n")
        .file("db/0001_init.sql", "create\n")
        .commit("base")
        .with_remote();
    let next = r"
n=$(ls db | tail -n 1 | cut -c 1-4 | sed 's/^0*//')
n=$(printf %04d $((n + 1)))";
    let migrate = repo.migrate().paths(["app/"]).agent(&format!(
        "{next}\n{}",
        each(r#"echo y >>"$f"; echo "alter $BATCH_SEQUENCE" >"db/${n}_$(basename "$(dirname "$f")").sql""#)
    ));
    migrate.run().exits(0).says("5 of 5 units published");
    merge_all(&repo);
    let numbers = repo
        .git(["ls-files", "db"])
        .lines()
        .map(|it| it[3..7].to_owned())
        .collect::<Vec<_>>();
    assert_eq!(numbers, ["0001", "0002", "0003", "0004", "0005", "0006"]);
    let told = repo.git(["grep", "-h", "alter"]);
    let mut told: Vec<&str> = told.lines().collect();
    told.sort_unstable();
    assert_eq!(
        told,
        ["alter 1", "alter 2", "alter 3", "alter 4", "alter 5"]
    );
}

#[test]
fn a_folder_may_be_deleted_with_all_that_is_in_it() {
    let repo = FIVE
        .iter()
        .fold(five(|it| format!("legacy/{it}/a.js"), "x\n"), |repo, it| {
            repo.file(format!("legacy/{it}/logo.png"), [0x89, 0, 1])
                .file(format!("legacy/{it}/package-lock.json"), "{}\n")
        })
        .commit("base")
        .with_remote();
    let delete = each(r#"rm -rf "$(dirname "$f")""#);
    let migrate = repo.migrate().paths(["legacy/"]).agent(&delete);
    migrate.run().exits(0).says("5 of 5 units published");
    merge_all(&repo);
    assert_eq!(repo.git(["ls-files", "legacy"]), "");
}

#[test]
fn a_name_may_change_its_case_alone() {
    let repo = five(|it| format!("src/Button{it}.js"), "x\n")
        .commit("base")
        .with_remote();
    let lower = each(r#"git mv "$f" "$(echo "$f" | tr B b)""#);
    let migrate = repo.migrate().paths(["src/"]).agent(&lower);
    migrate.run().exits(0).says("5 of 5 units published");
}

#[test]
fn what_another_unit_claims_stays_its_own() {
    let repo = five(|it| format!("src/{it}.js"), "x\n")
        .commit("base")
        .with_remote();
    let migrate = repo.migrate().paths(["src/"]).in_order();
    let migrate = migrate.with(["--scope", "listed"]);
    let all = "for f in src/*.js; do echo y >>$f; done";
    let output = migrate.agent(all).run().exits(1);
    output.says("src/b.js: it belongs to unit '02-");
}

#[test]
fn the_work_of_a_command_that_formats_everything_is_cut_by_the_plan() {
    let repo = five(|it| format!("src/{it}.js"), "x\n")
        .file("other.js", "x\n")
        .commit("base")
        .with_remote();
    let check = repo.program("check", "test \"$(cat src/*.js | grep -c y)\" -le 1");
    let migrate = repo.migrate().paths(["src/"]).in_order();
    let migrate = migrate.agent("for f in src/*.js *.js; do echo y >>$f; done");
    let output = migrate.check(&check.to_string_lossy()).run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-src-a-js │ published │ #1 │ 1 passed │ [DURATION]
     02-src-b-js │ published │ #2 │ 1 passed │ [DURATION]
     03-src-c-js │ published │ #3 │ 1 passed │ [DURATION]
     04-src-d-js │ published │ #4 │ 1 passed │ [DURATION]
     05-src-e-js │ published │ #5 │ 1 passed │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    + 01-src-a-js also changes other.js
    – the command works on the whole repository: of its changes in 5 units, only those to the unit's \
        own files were taken; {files} in the command stands for these files, and --once has it work once

    5 of 5 units published · [DURATION]
    ");
    assert_snapshot!(changes(&repo), @r"
    01-src-a-js
    M	other.js
    M	src/a.js

    02-src-b-js
    M	src/b.js

    03-src-c-js
    M	src/c.js

    04-src-d-js
    M	src/d.js

    05-src-e-js
    M	src/e.js
    ");
    merge_all(&repo);
}

#[test]
fn workflows_hooks_and_attributes_are_never_a_companion() {
    let repo = Repo::with_packages(1);
    for write in [
        "mkdir -p .github/workflows; echo jobs >.github/workflows/ci.yml",
        "mkdir -p .husky; echo x >.husky/pre-commit",
        "echo '* text' >.gitattributes",
    ] {
        let migrate = repo.migrate().agent(&format!("sign\n{write}"));
        let output = migrate.run().exits(1);
        output.says("only a unit that claims it by its path may change it");
    }
}

#[test]
fn what_tools_leave_behind_is_no_units_work() {
    let repo = Repo::with_packages(2);
    let leave = "
sign
mkdir -p packages/__pycache__ .pytest_cache
echo x >packages/__pycache__/$BATCH_UNIT.pyc
echo x >.pytest_cache/README.md
cp README.md README.md.orig";
    let output = repo.migrate().agent(leave).units(2).run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ published │ #2 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    – 4 new files are in no unit's work, because tools and agents leave such files behind: \
        .pytest_cache/README.md, README.md.orig, packages/__pycache__/01-packages-p0-index-js.pyc, \
        packages/__pycache__/02-packages-p1-index-js.pyc

    2 of 2 units published · [DURATION]
    ");
    for branch in repo.pushed() {
        assert_eq!(repo.published_changes(&branch).lines().count(), 1);
    }
}

#[test]
fn ordered_units_may_claim_the_same_file() {
    let repo = Repo::new()
        .file("core.py", "old()\n")
        .file("app.py", "old()\n")
        .commit("base")
        .with_remote();
    let base = repo.git(["rev-parse", "main"]);
    repo.write(
        "../plan.toml",
        format!(
            r#"
version = 1
instruction = "old to new"
base = "{base}"
base-name = "origin/main"

[[unit]]
id = "expand"
files = ["core.py"]

[[unit]]
id = "migrate"
files = ["app.py"]
needs = ["expand"]

[[unit]]
id = "contract"
files = ["core.py"]
needs = ["migrate"]
"#
        ),
    );
    let work = r"
case $BATCH_UNIT in
expand) echo 'new()' >>core.py ;;
migrate) sed -i s/old/new/ app.py ;;
contract) sed -i /old/d core.py ;;
esac";
    let migrate = repo.run_saved("../plan.toml").agent(work);
    migrate.run().exits(0).says("3 of 3 units published");
    merge_all(&repo);
    assert_eq!(repo.read("core.py"), "new()\n");
}

#[test]
fn what_a_unit_holds_survives_a_kill_of_the_run() {
    let share = each(r#"echo y >>"$f"; echo y >shared"#);
    for event in ["6", "12", "18", "24", "30"] {
        let repo = five(|it| format!("src/{it}.js"), "x\n")
            .file("shared", "x\n")
            .commit("base")
            .with_remote();
        let migrate = repo.migrate().paths(["src/"]).agent(&share).in_order();
        migrate.killed_at(event);
        repo.batch(["resume"])
            .exits(0)
            .says("5 of 5 units published");
        let report = repo.report();
        let units = report["units"].as_array().expect("units");
        let holders = units.iter().filter(|it| it["companions"][0] == "shared");
        assert_eq!(holders.count(), 1, "{report}");
    }
}

/// Fails where a source file uses what the manifest does not name.
const USED_IS_NAMED: &str = r#"
for f in src/*.js; do
  grep -q "\"$(cat "$f")\"" package.json || { echo "$f:1: not in package.json"; exit 1; }
done"#;

#[test]
fn what_is_taken_away_is_taken_away_last_and_what_is_added_comes_first() {
    let manifest = "{\n  \"dependencies\": {\n    \"moment\": \"2\"\n  }\n}\n";
    let repo = five(|it| format!("src/{it}.js"), "moment\n")
        .file("package.json", manifest)
        .commit("base")
        .with_remote();
    let check = repo.program("check", USED_IS_NAMED);
    let swap = each(r#"echo dayjs >"$f"; sed -i 's/"moment": "2"/"dayjs": "1"/' package.json"#);
    let migrate = repo.migrate().paths(["src/"]).agent(&swap).in_order();
    let output = migrate.check(&check.to_string_lossy()).run().exits(0);
    assert_snapshot!(output.printed(), @r#"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-src-a-js │ published │ #1 │ 1 passed │ [DURATION]
     02-src-b-js │ published │ #2 │ 1 passed │ [DURATION]
     03-src-c-js │ published │ #3 │ 1 passed │ [DURATION]
     04-src-d-js │ published │ #4 │ 1 passed │ [DURATION]
     05-src-e-js │ published │ #5 │ 1 passed │ [DURATION]
     removals │ published │ #6 │ 1 passed │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    + 01-src-a-js also changes package.json
    + removals also changes package.json
    ! 5 of 5 units change package.json: plan it as a prerequisite, so that none waits for another: a \
        [[unit]] with files = ["package.json"] and a description of its change, whose id the others have in \
        needs

    6 of 6 units published · [DURATION]
    "#);
    let manifest = |unit: usize| {
        let branch = repo.pushed()[unit].clone();
        repo.published(&branch, "package.json")
    };
    assert!(manifest(0).contains("moment") && manifest(0).contains("dayjs"));
    assert!(!manifest(5).contains("moment") && manifest(5).contains("dayjs"));
    merge_all(&repo);
    assert_eq!(repo.read("package.json"), manifest(5) + "\n");
}

#[test]
fn removals_that_a_later_unit_makes_itself_need_no_unit_of_their_own() {
    let manifest = "{\n  \"dependencies\": {\n    \"moment\": \"2\"\n  }\n}\n";
    let repo = ["a", "b"]
        .iter()
        .fold(Repo::new(), |repo, it| {
            repo.file(format!("src/{it}.js"), "moment\n")
        })
        .file("package.json", manifest)
        .commit("base")
        .with_remote();
    let check = repo.program("check", USED_IS_NAMED);
    let swap = each(r#"echo dayjs >"$f"; sed -i 's/"moment": "2"/"dayjs": "1"/' package.json"#);
    let migrate = repo.migrate().paths(["src/"]).agent(&swap).in_order();
    let migrate = migrate.check(&check.to_string_lossy()).run().exits(0);
    migrate.says("2 of 2 units published");
    let text = repo.published(&repo.pushed()[1], "package.json");
    assert!(text.contains("dayjs") && !text.contains("moment"), "{text}");
}

#[test]
fn a_last_unit_joins_all_finished_work() {
    let repo = Repo::with_packages(3);
    let work = r"
case $BATCH_UNIT in
*p1*) exit 1 ;;
integration) cat packages/*/index.js >all; note ;;
*) sign ;;
esac";
    let migrate = repo.migrate().agent(work).units(3);
    let output = migrate.with(["--integrate", "join them"]).run().exits(1);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-index-js │ published │ #1 │ – │ [DURATION]
     02-packages-p1-index-js │ failed │ – │ – │ [DURATION]
     03-packages-p2-index-js │ published │ #3 │ – │ [DURATION]
     integration │ published │ #5 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    ✗ 02-packages-p1-index-js failed at agent
      the agent failed: exit code 1
      log       batch logs 02-packages-p1-index-js  \
        ([TMP]/repo/.git/batch/runs/[RUN]/02-packages-p1-index-js/agent.log)
      changes   batch diff 02-packages-p1-index-js  ([TMP]/repo.batch/[RUN]/02-packages-p1-index-js)

    + integration also creates all

    → batch retry --failed --run [RUN]  (02-packages-p1-index-js)

    3 of 4 units published, 1 failed · [DURATION]
    ");
    let branches = repo.pushed();
    let last = branches.last().expect("a branch");
    assert!(last.ends_with("/integration"), "{branches:?}");
    assert_eq!(repo.published(last, "all").matches("signed").count(), 2);
    assert_eq!(repo.worked().len(), 1);
}

/// Stands for claude: it signs its files and sets the version in a shared file. Where it gets feedback, it keeps that
/// and sets another version on top of what it finds.
const SETS_THE_VERSION: &str = r#"
input=$(cat)
note "$BATCH_UNIT"
case $input in
*"changed the same places"*) echo "$input" >"$here/told"; echo "version = both" >version ;;
*)  for f in $(echo "$input" | sed -n 's/^- \(src\/.*\)/\1/p'); do echo y >>"$f"; done
    echo "version = $BATCH_UNIT" >version ;;
esac
cat <<END
{"type":"system","subtype":"init","session_id":"s-$BATCH_UNIT"}
END
tr -d '\n' <<END
{"type":"result","subtype":"success","is_error":false,"num_turns":1,"result":"Done.","stop_reason":"end_turn",
"session_id":"s-$BATCH_UNIT","total_cost_usd":0.1,"usage":{"input_tokens":4,"output_tokens":2}}
END
echo"#;

#[test]
fn a_coding_agent_is_told_where_its_edit_contradicts_an_earlier_one_and_is_paid_once() {
    let repo = ["a", "b"]
        .iter()
        .fold(Repo::new(), |repo, it| {
            repo.file(format!("src/{it}.js"), "x\n")
        })
        .file("version", "version = 1\n")
        .commit("base")
        .with_remote();
    let claude = repo.program("claude", SETS_THE_VERSION);
    let migrate = repo.migrate().paths(["src/"]).units(2).in_order();
    let migrate = migrate.command_line(&claude.to_string_lossy());
    let migrate = migrate.with(["--agent", "claude", "--planner", "graph"]);
    migrate.run().exits(0).says("2 of 2 units published");
    let told = repo.read("../told");
    assert!(
        told.contains("version") && told.contains("01-src-a-js"),
        "{told}"
    );
    // The first start of the second unit, and the feedback.
    assert_eq!(repo.worked().len(), 3, "{:?}", repo.worked());
    merge_all(&repo);
    assert_eq!(repo.read("version"), "version = both\n");
    assert_eq!(repo.read("src/b.js"), "x\ny\n");
}
