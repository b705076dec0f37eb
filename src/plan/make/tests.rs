use proptest::prelude::*;

use super::*;
use crate::codemod::Codemod;
use crate::codemod::Recipe;
use crate::config::Grouping;
use crate::git::fixture::{Fixture, repository};
use crate::plan::file::to_toml;
use crate::plan::model::{Size, Unit};
use crate::plan::tracked::tracked;

const FILE: u32 = 0o100_644;

fn base(it: &Fixture) -> Base {
    Base {
        id: it.first.clone(),
        name: "main".to_owned(),
        branch: None,
    }
}

/// A request for these globs of the whole repository, with defaults otherwise.
fn request_of<'a>(globs: &'a [String], base: &'a Base) -> Request<'a> {
    Request {
        instruction: "x",
        globs,
        prefix: "",
        base,
        agent: AgentOptions::default(),
        codemod: None,
        until: None,
        units: UnitRange::default(),
        by: None,
        order: Order::None,
    }
}

fn make(repo: &Repo, request: &Request<'_>) -> Result<Plan, PlanError> {
    super::make(repo, request).map(|(plan, _)| plan)
}

fn plan(
    it: &Fixture,
    base: &Base,
    globs: &[&str],
    codemod: Option<&Codemod>,
) -> Result<Plan, PlanError> {
    let globs: Vec<String> = globs.iter().map(ToString::to_string).collect();
    make(
        &it.repo,
        &Request {
            codemod,
            units: UnitRange::new(5, 30).unwrap(),
            ..request_of(&globs, base)
        },
    )
}

fn refusal(it: &Fixture, globs: &[&str], codemod: Option<&Codemod>) -> String {
    plan(it, &base(it), globs, codemod).unwrap_err().to_string()
}

fn const_for_var() -> Codemod {
    Codemod::compile(&Recipe::Regex {
        regex: r"\bvar\b".to_owned(),
        to: "const".to_owned(),
    })
    .unwrap()
}

fn summary(plan: &Plan) -> String {
    let unit = |unit: &Unit| {
        let Size { lines, bytes } = unit.size;
        format!(
            "{} = {}: {:?} ({lines} lines, {bytes} bytes), may create {:?}\n",
            unit.id, unit.title, unit.claim.files, unit.claim.create
        )
    };
    plan.units.iter().map(unit).collect()
}

#[test]
fn a_plan_holds_what_matches_in_units_that_are_named_and_measured() {
    let it = repository(&[
        ("a/package.json", "{}\n"),
        ("a/one.js", "var a\nvar b\n"),
        ("a/two.js", "let a\n"),
        ("b/three.js", "var c"),
    ]);
    let plan = plan(&it, &base(&it), &["**/*.js"], None).unwrap();
    assert_eq!(plan.base, it.first);
    assert_eq!(plan.base_name, "main");
    assert_eq!(plan.globs, ["**/*.js"]);
    assert!(plan.left_out.is_empty());
    insta::assert_snapshot!(summary(&plan), @r#"
    01-a-one-js = a/one.js: ["a/one.js"] (2 lines, 12 bytes), may create ["a/"]
    02-a-two-js = a/two.js: ["a/two.js"] (1 lines, 6 bytes), may create []
    03-b-three-js = b/three.js: ["b/three.js"] (0 lines, 5 bytes), may create ["b/"]
    "#);
}

#[test]
fn with_a_codemod_only_what_it_changes_is_planned_and_nothing_is_created() {
    let it = repository(&[("one.js", "var a\n"), ("two.js", "let a\n")]);
    let plan = plan(&it, &base(&it), &["."], Some(&const_for_var())).unwrap();
    insta::assert_snapshot!(summary(&plan), @r#"01-one-js = one.js: ["one.js"] (1 lines, 6 bytes), may create []"#);
    insta::assert_snapshot!(format!("{:?}", plan.left_out), @r#"[LeftOut { reason: "the codemod changes nothing", files: ["two.js"] }]"#);
}

#[test]
fn a_request_without_a_plan_is_told_why() {
    let it = repository(&[
        ("src/a.js", "let a\n"),
        ("src/b.js", "let b\n"),
        ("img/x.png", "\0"),
        ("img/y.png", "\0"),
        ("img/z.svg", "<!-- @generated -->"),
    ]);
    let codemod = const_for_var();
    insta::assert_snapshot!(refusal(&it, &["scr/*.js"], None), @"no tracked file matches 'scr/*.js'; did you mean 'src/*.js' (2 files)?");
    insta::assert_snapshot!(refusal(&it, &["src/[a"], None), @"'src/[a' is not a valid glob: unclosed character class; missing ']'");
    insta::assert_snapshot!(refusal(&it, &["img"], None), @"3 files match, but none can be worked on: binary (2), generated (1); choose other files");
    insta::assert_snapshot!(refusal(&it, &["img/x.png"], Some(&codemod)), @"1 file matches, but none can be worked on: binary (1); choose other files");
    insta::assert_snapshot!(refusal(&it, &["src"], Some(&codemod)), @"2 files match, but the codemod changes none; correct the codemod, or choose other files");
    insta::assert_snapshot!(refusal(&it, &["src/a.js", "img"], Some(&codemod)), @"4 files match, but the codemod changes none (left out: binary (2), generated (1)); correct the codemod, or choose other files");
    let blank = make(
        &it.repo,
        &Request {
            instruction: " \n",
            units: UnitRange::new(5, 30).unwrap(),
            ..request_of(&[".".to_owned()], &base(&it))
        },
    );
    insta::assert_snapshot!(blank.unwrap_err(), @"the instruction is empty: say what is to be changed");
}

#[test]
fn the_same_request_makes_the_same_plan_in_units_that_share_nothing() {
    let names: Vec<String> = (0..90)
        .map(|i| format!("{}/{}/file{i}.js", ["web", "Web", "api"][i % 3], i % 7))
        .collect();
    let texts: Vec<String> = (0..90).map(|i| "var x\n".repeat(i * i % 50)).collect();
    let files: Vec<(&[u8], u32, &[u8])> = names
        .iter()
        .zip(&texts)
        .map(|(name, text)| (name.as_bytes(), FILE, text.as_bytes()))
        .collect();
    let it = repository(&[]);
    let base = it.commit(&files);
    let first = plan(&it, &base, &["."], None).unwrap();
    assert_eq!(plan(&it, &base, &["."], None).unwrap(), first);
    assert!((5..=30).contains(&first.units.len()));
    let mut claimed: Vec<&String> = first.units.iter().flat_map(|u| &u.claim.files).collect();
    claimed.sort();
    let mut names: Vec<&String> = names.iter().collect();
    names.sort();
    assert_eq!(claimed, names);
}

#[test]
fn odd_names_go_through_a_plan_file_and_back() {
    let odd = [
        "-leading dash",
        "new\nline",
        "quo\"te'",
        "caf\u{e9}",
        "cafe\u{301}",
        "README",
        "readme",
        "a[1]{b}*",
    ];
    let files: Vec<(&[u8], u32, &[u8])> = odd
        .iter()
        .map(|name| (name.as_bytes(), FILE, b"one\ntwo\n" as &[u8]))
        .collect();
    let it = repository(&[]);
    let base = it.commit(&files);
    let made = plan(&it, &base, &["."], None).unwrap();
    assert_eq!(load(&it.repo, &to_toml(&made)).unwrap(), made);
    let unit_of = |name: &str| {
        let has = |unit: &Unit| unit.claim.files.iter().any(|file| file == name);
        made.units.iter().position(has).unwrap()
    };
    assert_eq!(unit_of("caf\u{e9}"), unit_of("cafe\u{301}"));
    assert_eq!(unit_of("README"), unit_of("readme"));
}

#[test]
fn a_plan_is_held_against_the_repository_when_it_is_read() {
    let it = repository(&[]);
    let base = it.commit(&[
        (b"a.js", FILE, b"one\ntwo\n"),
        (b"b.js", FILE, b"three"),
        (b"c.js", FILE, b""),
        (b"link", 0o120_000, b"a.js"),
    ]);
    let made = plan(&it, &base, &["."], None).unwrap();
    let text = to_toml(&made);
    assert_eq!(load(&it.repo, &text).unwrap(), made);

    let edited = text.replace("\"b.js\"", "\"d.js\"");
    let line = edited
        .lines()
        .collect::<Vec<_>>()
        .iter()
        .rposition(|line| line.contains("d.js"));
    let fault = |text: &str| load(&it.repo, text).unwrap_err();
    let PlanError::File(error) = fault(&edited) else {
        panic!("the plan names a file that is not there");
    };
    assert_eq!(Some(error.line - 1), line);
    assert_eq!(
        error.message,
        "\"d.js\" is no tracked file of the base: correct the path or remove it"
    );
    assert!(matches!(
        fault(&text.replace("\"b.js\"", "\"link\"")),
        PlanError::File(_)
    ));
    assert!(matches!(
        fault(&text.replace("\"./\"", "\"link\"")),
        PlanError::File(_)
    ));
    let gone = "0123456789".repeat(4);
    assert_eq!(
        fault(&text.replace(&base.id, &gone)).to_string(),
        format!("the base {gone} of this plan is not in this repository: fetch it, or plan again")
    );
}

#[test]
fn what_is_tracked_is_all_that_has_a_name_in_utf_8() {
    let it = repository(&[]);
    let base = it.commit(&[
        (b"a", FILE, b""),
        (b"b\xff", FILE, b""),
        (b"c", 0o160_000, b""),
        (b"d/e", 0o120_000, b"f"),
    ]);
    let tracked = tracked(&it.repo, &base.id).unwrap();
    assert!(tracked.iter().eq(["a", "c", "d/e"]));
}

#[test]
fn folders_with_a_manifest_are_packages() {
    let it = repository(&[
        ("Cargo.toml", ""),
        ("cs/App.csproj", ""),
        ("js/web/package.json", ""),
        ("js/package.json.bak", ""),
    ]);
    let entries = it.repo.entries(&it.first).unwrap();
    assert!(packages(&entries).iter().eq(["", "cs", "js/web"]));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn whatever_is_tracked_is_planned_once_and_read_back_the_same(
        files in proptest::collection::btree_map(
            "([abA]/|é/|e\u{301}/){0,2}[a-cA \"\n-]{1,3}\\.js",
            "(var x\n|let y\n){0,5}",
            1..40,
        ),
        with_codemod in any::<bool>(),
    ) {
        let it = repository(&[]);
        let tree: Vec<(&[u8], u32, &[u8])> = files
            .iter()
            .map(|(name, text)| (name.as_bytes(), FILE, text.as_bytes()))
            .collect();
        let base = it.commit(&tree);
        let codemod = with_codemod.then(const_for_var);
        let codemod = codemod.as_ref();
        let wanted: Vec<&String> = files
            .iter()
            .filter(|(_, text)| !with_codemod || text.contains("var"))
            .map(|(name, _)| name)
            .collect();
        if wanted.is_empty() {
            let refused = plan(&it, &base, &["."], codemod);
            let told = matches!(refused, Err(PlanError::NothingChanges { .. }));
            prop_assert!(told);
            return Ok(());
        }
        let made = plan(&it, &base, &["."], codemod).unwrap();
        let mut claimed: Vec<&String> = made.units.iter().flat_map(|u| &u.claim.files).collect();
        claimed.sort();
        prop_assert_eq!(claimed, wanted);
        prop_assert_eq!(&plan(&it, &base, &["."], codemod).unwrap(), &made);
        prop_assert_eq!(load(&it.repo, &to_toml(&made)).unwrap(), made);
    }
}

#[test]
fn by_owner_no_unit_has_files_of_two() {
    let globs = [".".to_owned()];
    let request = |it: &Fixture| {
        make(
            &it.repo,
            &Request {
                units: UnitRange::new(1, 2).unwrap(),
                by: Some(Grouping::Owner),
                ..request_of(&globs, &base(it))
            },
        )
    };
    let mut files = vec![(
        "CODEOWNERS",
        "/src/*.js @ada\n/src/x.js @GRACE\n/lib/ @grace\n",
    )];
    files.extend(["src/a.js", "src/x.js", "src/y.js", "lib/z.js"].map(|path| (path, "x\n")));
    let plan = request(&repository(&files)).unwrap();
    let units = plan.units.iter();
    let units = units.map(|unit| format!("{:?} {:?}", unit.claim.files, unit.owners));
    insta::assert_snapshot!(units.collect::<Vec<_>>().join("\n"), @r#"
    ["CODEOWNERS"] []
    ["lib/z.js", "src/x.js"] ["@grace"]
    ["src/a.js", "src/y.js"] ["@ada"]
    "#);
    let refused = request(&repository(&files[1..])).unwrap_err();
    insta::assert_snapshot!(refused, @"units cannot be made by owner, because the base has no rules in .github/CODEOWNERS, CODEOWNERS, docs/CODEOWNERS: add some, or leave out --by owner");
}

#[test]
fn only_files_that_hold_what_is_to_be_gone_are_work() {
    let it = repository(&[("a.js", "var a = 1;\n"), ("b.js", "let b = 1;\n")]);
    let request = |pattern: &str, globs: &[String]| {
        make(
            &it.repo,
            &Request {
                until: Some(Sought::Pattern(pattern.to_owned())),
                ..request_of(globs, &base(&it))
            },
        )
    };
    let all = [".".to_owned()];
    let plan = request("var $A = $B", &all).unwrap();
    assert_eq!(plan.units.len(), 1);
    assert_eq!(plan.units[0].claim.files, ["a.js"]);
    assert_eq!(plan.left_out[0].files, ["b.js"]);
    assert_eq!(parse(&to_toml(&plan)).unwrap().until, plan.until);
    let refused = request("old($A)", &all).unwrap_err();
    insta::assert_snapshot!(refused, @"2 files match, but none holds what is to be gone: the change is done there, or --until looks for something else");
}

#[test]
fn files_that_many_changes_touch_are_in_the_last_unit_and_snapshots_with_their_tests() {
    let mut files = vec![
        ("CHANGELOG.md", "# Changes\n"),
        ("Cargo.lock", "x\n"),
        (".github/workflows/ci.yml", "on: push\n"),
        (
            "src/index.ts",
            "export * from './a';\nexport * from './b';\n",
        ),
        (
            "src/a/index.ts",
            "export * from './x';\nexport * from './y';\n",
        ),
        (
            "src/b/__snapshots__/1.test.ts.snap",
            "exports[`x`] = `1`;\n",
        ),
    ];
    files.extend(["x", "y"].map(|name| (&*format!("src/a/{name}.ts").leak(), "x\n")));
    files.extend(["1.test", "2", "3"].map(|name| (&*format!("src/b/{name}.ts").leak(), "x\n")));
    let it = repository(&files);
    let made = |units: UnitRange| {
        let globs = [".".to_owned()];
        let base = base(&it);
        let request = Request {
            units,
            ..request_of(&globs, &base)
        };
        make(&it.repo, &request).unwrap()
    };
    let plan = made(UnitRange::new(3, 3).unwrap());
    let units: Vec<String> = plan
        .units
        .iter()
        .map(|unit| format!("{} = {}: {:?}", unit.id, unit.title, unit.claim.files))
        .collect();
    insta::assert_snapshot!(units.join("\n"), @r#"
    01-src-a = src/a: ["src/a/index.ts", "src/a/x.ts", "src/a/y.ts"]
    02-src-b = src/b: ["src/b/1.test.ts", "src/b/2.ts", "src/b/3.ts", "src/b/__snapshots__/1.test.ts.snap"]
    03-shared = shared: .github/workflows/ci.yml, CHANGELOG.md, src/index.ts: [".github/workflows/ci.yml", "CHANGELOG.md", "src/index.ts"]
    "#);
    assert_eq!(plan.left_out[0].files, ["Cargo.lock"]);
    let one = made(UnitRange::new(1, 1).unwrap());
    assert_eq!(
        one.units.len(),
        1,
        "what one unit has is shared with nobody"
    );
    assert_eq!(one.units[0].claim.files.len(), files.len() - 1);
}

/// Two families of files in two folders: files named `a…` import only `a…`, files named `b…` only `b…`.
fn families() -> Fixture {
    let texts: Vec<(String, String)> = ["x", "y"]
        .iter()
        .flat_map(|folder| {
            ["a", "b"].iter().flat_map(move |family| {
                (0..3).map(move |number| {
                    let other = if *folder == "x" { "y" } else { "x" };
                    let imports: Vec<String> = (0..3)
                        .map(|number| format!("import '../{other}/{family}{number}';"))
                        .collect();
                    (format!("{folder}/{family}{number}.js"), imports.join("\n"))
                })
            })
        })
        .collect();
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .collect();
    repository(&files)
}

#[test]
fn files_that_import_each_other_are_in_one_unit() {
    let it = families();
    let globs = [".".to_owned()];
    let base = base(&it);
    let request = Request {
        units: UnitRange::new(2, 2).unwrap(),
        ..request_of(&globs, &base)
    };
    let plan = make(&it.repo, &request).unwrap();
    let files: Vec<String> = plan
        .units
        .iter()
        .map(|unit| unit.claim.files.join(" "))
        .collect();
    assert_eq!(
        files,
        [
            "x/a0.js x/a1.js x/a2.js y/a0.js y/a1.js y/a2.js",
            "x/b0.js x/b1.js x/b2.js y/b0.js y/b1.js y/b2.js"
        ]
    );
}

#[test]
fn what_files_import_is_read_only_where_it_decides() {
    let it = repository(&[
        ("a/x.js", "import '../b/y'"),
        ("b/y.js", ""),
        ("c/z.md", ""),
    ]);
    let base = base(&it);
    let reads = |glob: &str, by, order| {
        let globs = [glob.to_owned()];
        let request = Request {
            units: UnitRange::new(2, 2).unwrap(),
            by,
            order,
            ..request_of(&globs, &base)
        };
        let cache = it.repo.state_dir().join("cache");
        let _ = std::fs::remove_dir_all(&cache);
        let (_, files) = super::make(&it.repo, &request).unwrap();
        let reads = cache.exists();
        files.graph().unwrap();
        assert!(cache.exists());
        reads
    };
    assert!(!reads("**", Some(Grouping::Folder), Order::None));
    assert!(!reads("**/*.md", None, Order::None));
    assert!(reads("**", Some(Grouping::Folder), Order::Deps));
    assert!(reads("**", None, Order::None));
}

#[test]
fn by_their_imports_units_need_those_they_import() {
    let it = repository(&[
        ("app/main.py", "import lib.core, util.text\n"),
        ("lib/core.py", "from util import text\n"),
        ("util/text.py", ""),
        ("docs/x.md", "import lib\n"),
    ]);
    let globs = [".".to_owned()];
    let base = base(&it);
    let request = |order| Request {
        units: UnitRange::new(4, 4).unwrap(),
        order,
        ..request_of(&globs, &base)
    };
    let needs = |order| -> Vec<String> {
        let plan = make(&it.repo, &request(order)).unwrap();
        let units = plan.units.iter();
        units
            .map(|unit| format!("{} {:?}", unit.id, unit.needs))
            .collect()
    };
    insta::assert_snapshot!(needs(Order::Deps).join("\n"), @r#"
    01-app-main-py [UnitId("03-lib-core-py")]
    02-docs-x-md []
    03-lib-core-py [UnitId("04-util-text-py")]
    04-util-text-py []
    "#);
    assert!(needs(Order::None).iter().all(|unit| unit.ends_with(" []")));
}
