//! What a tool writes is made again and never merged: lock files that follow manifests, and what `[regenerate]` names.

use insta::assert_snapshot;

use crate::server::{ENV, GitHub};
use crate::support::{Migrate, Output, Repo};

/// Stands for npm: the lock file is made of all manifests, and a clean installation wants it to fit them.
const NPM: &str = r#"
locked() { grep -h version package.json packages/*/package.json; }
case $1 in
install) note "npm $PWD"; locked >package-lock.json ;;
ci) locked | cmp - package-lock.json ;;
esac"#;

/// Raises the version in each claimed manifest.
const BUMP: &str = r#"xargs -0 sed -i s/6/7/ <"$BATCH_FILES""#;

/// A workspace of so many packages whose lock file fits.
fn workspace(packages: usize) -> Repo {
    let repo = (0..packages).fold(Repo::new(), |repo, number| {
        let manifest = format!("{{\n  \"name\": \"p{number}\",\n  \"version\": \"6\"\n}}\n");
        repo.file(format!("packages/p{number}/package.json"), manifest)
    });
    let repo = repo.file("package.json", "{\n  \"version\": \"0\"\n}\n");
    let lock = format!(
        "  \"version\": \"0\"\n{}",
        "  \"version\": \"6\"\n".repeat(packages)
    );
    let repo = repo
        .file("package-lock.json", lock)
        .commit("base")
        .with_remote();
    repo.program("npm", NPM);
    repo
}

/// `batch migrate` of every package's manifest, where npm has to be satisfied.
fn bump<'a>(repo: &'a Repo, agent: &str) -> Migrate<'a> {
    let migrate = repo.migrate().paths(["packages/*/package.json"]);
    let migrate = migrate.agent(agent).check("npm ci");
    migrate.env("PATH", &repo.path())
}

fn batch(repo: &Repo, args: &[&str]) -> Output {
    repo.batch_with(args, &[("PATH", &repo.path())])
}

/// The versions in the lock file of a branch of this repository.
fn locked(repo: &Repo, branch: &str) -> String {
    let text = repo.git(["show", &format!("{branch}:package-lock.json")]);
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The files that each branch of the remote changes against where it starts, one branch a line.
fn own_changes(repo: &Repo) -> String {
    repo.git(["fetch", "--quiet", "origin"]);
    let of = |branch: &String| {
        let range = [format!("origin/{branch}^1"), format!("origin/{branch}")];
        let files = repo.git(["diff", "--name-only", &range[0], &range[1]]);
        let (_, unit) = branch.rsplit_once('/').expect("a branch of a run");
        format!("{unit}: {}", files.replace('\n', " "))
    };
    repo.pushed().iter().map(of).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_lock_file_is_made_again_in_every_unit_and_at_every_merge() {
    let repo = workspace(6);
    let output = bump(&repo, BUMP).run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-package-json │ published │ #1 │ 1 passed │ [DURATION]
     02-packages-p1-package-json │ published │ #2 │ 1 passed │ [DURATION]
     03-packages-p2-package-json │ published │ #3 │ 1 passed │ [DURATION]
     04-packages-p3-package-json │ published │ #4 │ 1 passed │ [DURATION]
     05-packages-p4-package-json │ published │ #5 │ 1 passed │ [DURATION]
     06-packages-p5-package-json │ published │ #6 │ 1 passed │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    – package-lock.json was made again in 6 units by `npm install --package-lock-only --ignore-scripts \
        --no-audit --no-fund`

    6 of 6 units published · [DURATION]
    ");
    assert_snapshot!(own_changes(&repo), @r"
    01-packages-p0-package-json: package-lock.json packages/p0/package.json
    02-packages-p1-package-json: package-lock.json packages/p1/package.json
    03-packages-p2-package-json: package-lock.json packages/p2/package.json
    04-packages-p3-package-json: package-lock.json packages/p3/package.json
    05-packages-p4-package-json: package-lock.json packages/p4/package.json
    06-packages-p5-package-json: package-lock.json packages/p5/package.json
    ");
    batch(&repo, &["prs", "merge", "--all", "--into", "all"])
        .exits(0)
        .says("6 done, 0 unchanged, 0 failed");
    assert_eq!(locked(&repo, "all"), "0777777");
    let steps = repo.git(["rev-list", "--first-parent", "--reverse", "main..all"]);
    let steps: Vec<String> = steps.lines().map(|commit| locked(&repo, commit)).collect();
    assert_eq!(steps[..2], ["0766666", "0776666"]);
    let page = repo.settled("1-packages-p0-package-json.md");
    assert!(
        page.contains("`package-lock.json` was made again by `npm install"),
        "{page}"
    );
    assert_eq!(repo.git(["worktree", "list"]).lines().count(), 1);
}

#[test]
fn pull_requests_on_a_server_are_rebased_with_their_lock_file_before_they_are_merged() {
    for method in ["merge", "squash"] {
        let repo = workspace(3);
        let server = GitHub::of(&repo);
        let path = repo.path();
        let _ = bump(&repo, BUMP).on_github().run().exits(0);
        let env = [&ENV[..], &[("PATH", &path)]].concat();
        let merge = ["prs", "merge", "--all", "--method", method];
        let output = repo.batch_with(merge, &env).exits(0);
        output.says("3 done, 0 unchanged, 0 failed");
        output.says("rebased onto main, package-lock.json made again");
        assert!(
            server
                .state()
                .pulls
                .iter()
                .all(|pull| pull.merged.is_some())
        );
        repo.git(["fetch", "--quiet", "origin"]);
        assert_eq!(locked(&repo, "origin/main"), "0777");
        let _ = repo.batch_with(["revert", "--unit", "02"], &env).exits(0);
        repo.git(["fetch", "--quiet", "origin"]);
        let pushed = repo.pushed();
        let revert = pushed.iter().find(|it| it.ends_with("-revert"));
        let revert = format!("origin/{}", revert.expect("a branch"));
        assert_eq!(locked(&repo, &revert), "0767");
    }
}

#[test]
fn a_unit_on_top_of_several_starts_with_a_lock_file_that_fits_all_of_them() {
    let repo = workspace(3);
    let agent = format!(
        "npm ci\ncase $BATCH_UNIT in integration) cp package-lock.json seen ;; *) {BUMP} ;; esac"
    );
    let migrate = bump(&repo, &agent).with(["--integrate", "look at all"]);
    migrate.run().exits(0).says("4 of 4 units published");
    let last = repo.pushed().pop().expect("a branch");
    assert_eq!(own_changes(&repo).lines().last(), Some("integration: seen"));
    assert_eq!(
        repo.published(&last, "seen"),
        repo.published(&last, "package-lock.json")
    );
}

#[test]
fn units_that_edit_one_manifest_stand_on_each_other_and_the_lock_file_follows() {
    let repo = workspace(3);
    let add = r#"sed -i "s/\"0\"/\"0\",\n  \"$BATCH_UNIT-version\": \"1\"/" package.json"#;
    let agent = format!("{BUMP}\n{add}\nnpm install");
    bump(&repo, &agent)
        .run()
        .exits(0)
        .says("3 of 3 units published");
    let _ = batch(&repo, &["prs", "merge", "--all", "--into", "all"]).exits(0);
    assert_eq!(locked(&repo, "all").matches('7').count(), 3);
    repo.git(["checkout", "--quiet", "all"]);
    let fits = repo
        .command("npm")
        .env("PATH", repo.path())
        .arg("ci")
        .status();
    assert!(fits.expect("npm starts").success());
    assert_eq!(repo.read("package.json").matches("-version").count(), 3);
}

#[test]
fn of_a_command_for_the_whole_repository_the_lock_file_of_the_units_own_part_is_made() {
    let repo = workspace(3);
    let all = "sed -i s/6/7/ packages/*/package.json; npm install";
    bump(&repo, all)
        .run()
        .exits(0)
        .says("3 of 3 units published");
    let locks = repo.pushed();
    let locks = locks
        .iter()
        .map(|branch| repo.published(branch, "package-lock.json"));
    assert!(locks.into_iter().all(|lock| lock.matches('7').count() == 1));
}

#[test]
fn a_tool_that_fails_or_is_missing_is_told_and_what_the_agent_left_is_taken() {
    let repo = workspace(2)
        .file("pyproject.toml", "a\n")
        .file("pdm.lock", "a\n")
        .commit("python");
    repo.git(["push", "--quiet", "origin", "main"]);
    repo.program(
        "npm",
        "echo broken >package-lock.json; echo x >left; exit 3",
    );
    let agent = format!(
        "{BUMP}\ncase $BATCH_UNIT in 01-*) echo mine >package-lock.json; echo b >pyproject.toml ;; esac"
    );
    let migrate = repo.migrate().paths(["packages/*/package.json"]);
    let migrate = migrate.agent(&agent).check("test ! -e left");
    let output = migrate.env("PATH", &repo.path()).run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-packages-p0-package-json │ published │ #1 │ 1 passed │ [DURATION]
     02-packages-p1-package-json │ published │ #2 │ 1 passed │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    + 01-packages-p0-package-json also changes package-lock.json, pyproject.toml
    – package-lock.json was not made again in 2 units by `npm install --package-lock-only \
        --ignore-scripts --no-audit --no-fund`, and may not fit: exit code 3; its output is in \
        [TMP]/repo/.git/batch/runs/[RUN]/01-packages-p0-package-json/regenerate-1.log
    – pdm.lock was not made again in 1 unit by `pdm lock --update-reuse`, and may not fit: 'pdm' is not \
        on PATH

    2 of 2 units published · [DURATION]
    ");
    assert_eq!(
        repo.published(&repo.pushed()[0], "package-lock.json"),
        "mine"
    );
    let report = repo.report();
    assert_eq!(report["units"][0]["companions"][0], "package-lock.json");
    assert_eq!(
        report["units"][1]["regenerated"][0]["files"][0],
        "package-lock.json"
    );
}

/// Makes `gen/` from `api/`, and an index of it; it writes a log beside them and needs what the setup command makes.
const GENERATE: &str = r#"
test -e ready
for f in api/*; do tr a-z A-Z <"$f" >"gen/$(basename "$f")"; done
cat api/* >gen/index
echo done >log"#;

/// Three descriptions, and the code that is made from them.
fn described() -> Repo {
    let repo = ["a", "b", "c"].iter().fold(Repo::new(), |repo, it| {
        repo.file(format!("api/{it}"), "x\n")
            .file(format!("gen/{it}"), "X\n")
    });
    let generate = repo.program("generate", GENERATE);
    let settings = format!(
        "[worktrees]\nsetup = \"touch ready\"\n[regenerate.\"gen/**\"]\nfrom = [\"api/**\"]\nrun = {:?}\n",
        generate.to_string_lossy()
    );
    repo.file("gen/index", "x\nx\nx\n")
        .settings(&settings)
        .file(".gitignore", "ready\n")
        .commit("base")
        .with_remote()
}

#[test]
fn generated_code_with_a_known_command_is_made_in_each_unit_and_no_overlap() {
    let repo = described();
    let sign = r#"xargs -0 sed -i s/x/y/ <"$BATCH_FILES""#;
    let migrate = repo.migrate().paths(["api/"]).agent(sign);
    let output = migrate.run().exits(0);
    assert_snapshot!(output.printed(), @r"
    run [RUN] · ended
    sign every file

     unit │ outcome │ PR │ checks │ time
    ──┼──┼──┼──┼──
     01-api-a │ published │ #1 │ – │ [DURATION]
     02-api-b │ published │ #2 │ – │ [DURATION]
     03-api-c │ published │ #3 │ – │ [DURATION]

    pull request pages: [TMP]/repo/.git/batch/runs/[RUN]/prs

    – gen/a, gen/b, gen/c, gen/index were made again in 3 units by `[TMP]/generate`

    3 of 3 units published · [DURATION]
    ");
    assert_snapshot!(own_changes(&repo), @r"
    01-api-a: api/a gen/a gen/index
    02-api-b: api/b gen/b gen/index
    03-api-c: api/c gen/c gen/index
    ");
    repo.batch(["prs", "merge", "--all", "--into", "all"])
        .exits(0)
        .says("3 done, 0 unchanged, 0 failed");
    assert_eq!(repo.git(["show", "all:gen/index"]), "y\ny\ny");
    assert_eq!(repo.git(["show", "all:gen/c"]), "Y");
}

/// Fails where a source uses what the manifest does not name, and where the lock file does not fit the manifest.
const FITS: &str = r#"
cmp package.json lock
for f in src/*; do
  grep -q "\"$(cat "$f")\"" package.json || { echo "$f:1: not in the manifest"; exit 1; }
done"#;

#[test]
fn the_lock_file_fits_without_removals_that_come_too_early_and_with_them_in_the_end() {
    let manifest = "{\n  \"dependencies\": {\n    \"moment\": \"2\"\n  }\n}\n";
    let copy = "[regenerate.lock]\nfrom = [\"package.json\"]\nrun = \"cp package.json lock\"\n";
    for more in [&[][..], &["--best-of", "2"]] {
        let repo = ["a", "b", "c"]
            .iter()
            .fold(Repo::new(), |repo, it| {
                repo.file(format!("src/{it}"), "moment\n")
            })
            .file("package.json", manifest)
            .file("lock", manifest)
            .settings(copy)
            .commit("base")
            .with_remote();
        let check = repo.program("check", FITS);
        let swap = r#"
xargs -0 sed -i s/moment/dayjs/ <"$BATCH_FILES"
sed -i 's/"moment": "2"/"dayjs": "1"/' package.json"#;
        let migrate = repo.migrate().paths(["src/"]).agent(swap).in_order();
        let migrate = migrate.check(&check.to_string_lossy()).with(more);
        let _ = migrate.run().exits(0);
        let pushed = repo.pushed();
        let locked = |unit: usize| repo.published(&pushed[unit], "lock");
        for (unit, branch) in pushed.iter().enumerate() {
            assert_eq!(locked(unit), repo.published(branch, "package.json"));
        }
        assert!(locked(0).contains("moment") && locked(0).contains("dayjs"));
        // A candidate that comes last may take away itself what nobody uses any more.
        let last = locked(pushed.len() - 1);
        assert!(!last.contains("moment") && last.contains("dayjs"), "{last}");
    }
}

#[test]
fn the_lock_file_of_a_cargo_workspace_follows_without_a_network() {
    let repo = ["a", "b"].iter().fold(Repo::new(), |repo, it| {
        let manifest =
            format!("[package]\nname = \"{it}\"\nversion = \"0.1.0\"\nedition = \"2021\"\n");
        repo.file(format!("{it}/Cargo.toml"), manifest)
            .file(format!("{it}/src/lib.rs"), "")
    });
    let repo = repo.file(
        "Cargo.toml",
        "[workspace]\nmembers = [\"a\", \"b\"]\nresolver = \"2\"\n",
    );
    let locked = repo
        .command("cargo")
        .args(["generate-lockfile", "--offline"])
        .status();
    assert!(locked.expect("cargo starts").success());
    let repo = repo.commit("base").with_remote();
    let raise = r#"xargs -0 sed -i s/0.1.0/0.2.0/ <"$BATCH_FILES""#;
    let migrate = repo.migrate().paths(["*/Cargo.toml"]).agent(raise);
    let migrate = migrate.check("cargo metadata --locked --offline --format-version 1");
    migrate.run().exits(0).says("2 of 2 units published");
    repo.batch(["prs", "merge", "--all", "--into", "all"])
        .exits(0)
        .says("2 done, 0 unchanged, 0 failed");
    assert_eq!(
        repo.git(["show", "all:Cargo.lock"])
            .matches("0.2.0")
            .count(),
        2
    );
}

#[test]
fn a_rule_that_says_too_little_is_refused() {
    let repo = Repo::with_packages(1).settings("[regenerate.\"gen/**\"]\nrun = \"make\"\n");
    let output = repo.migrate().agent("sign").run().exits(2);
    output.says("[regenerate.\"gen/**\"] does not say what the files are made from");
}
