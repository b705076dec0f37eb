mod units;

use proptest::prelude::*;

use super::*;
use crate::codemod::Recipe;
use crate::git::fixture::{Fixture, repository};
use crate::plan::file::to_toml;
use crate::plan::model::{Size, Unit};

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
fn matching_files_are_in_named_and_measured_units() {
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
    01-a-one-js = a/one.js: ["a/one.js"] (2 lines, 12 bytes), may create []
    02-a-two-js = a/two.js: ["a/two.js"] (1 lines, 6 bytes), may create []
    03-b-three-js = b/three.js: ["b/three.js"] (0 lines, 5 bytes), may create []
    "#);
}

#[test]
fn with_a_codemod_only_what_it_changes_is_planned_and_nothing_is_created() {
    let it = repository(&[("one.js", "var a\n"), ("two.js", "let a\n")]);
    let plan = plan(&it, &base(&it), &["."], Some(&const_for_var())).unwrap();
    insta::assert_snapshot!(summary(&plan), @r#"01-one-js = one.js: ["one.js"] (1 lines, 6 bytes), may create []"#);
    insta::assert_snapshot!(
        format!("{:?}", plan.left_out),
        @"[LeftOut { reason: \"the codemod changes nothing\", files: [\"two.js\"] }]"
    );
}

#[test]
fn a_request_that_cannot_be_planned_says_why() {
    let it = repository(&[
        ("src/a.js", "let a\n"),
        ("src/b.js", "let b\n"),
        ("img/x.png", "\0"),
        ("img/y.png", "\0"),
        ("img/z.svg", "<!-- @generated -->"),
    ]);
    let codemod = const_for_var();
    insta::assert_snapshot!(
        refusal(&it, &["scr/*.js"], None),
        @"no tracked file matches 'scr/*.js'; did you mean 'src/*.js' (2 files)?"
    );
    insta::assert_snapshot!(
        refusal(&it, &["src/[a"], None),
        @"'src/[a' is not a valid glob: unclosed character class; missing ']'"
    );
    insta::assert_snapshot!(
        refusal(&it, &["img"], None),
        @"3 files match, but none can be worked on: binary (2), generated (1); choose other files"
    );
    insta::assert_snapshot!(
        refusal(&it, &["img/x.png"], Some(&codemod)),
        @"1 file matches, but none can be worked on: binary (1); choose other files"
    );
    insta::assert_snapshot!(
        refusal(&it, &["src"], Some(&codemod)),
        @"2 files match, but the codemod changes none; correct the codemod, or choose other files"
    );
    insta::assert_snapshot!(
        refusal(&it, &["src/a.js", "img"], Some(&codemod)),
        @"4 files match, but the codemod changes none (left out: binary (2), generated (1)); correct the codemod, or \
        choose other files"
    );
    let blank = make(
        &it.repo,
        &Request {
            instruction: " \n",
            units: UnitRange::new(5, 30).unwrap(),
            ..request_of(&[".".to_owned()], &base(&it))
        },
    );
    insta::assert_snapshot!(blank.unwrap_err(), @"the instruction is empty: say what to change");
}

#[test]
fn the_same_request_makes_the_same_disjoint_plan() {
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
fn odd_names_survive_a_plan_file() {
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
fn a_loaded_plan_is_checked_against_the_repository() {
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
        "\"d.js\" is not a tracked file of the base: correct the path or remove it"
    );
    assert!(matches!(
        fault(&text.replace("\"b.js\"", "\"link\"")),
        PlanError::File(_)
    ));
    let create = text.replacen("files = [", "create = [\"link\"]\nfiles = [", 1);
    assert!(matches!(fault(&create), PlanError::File(_)));
    let gone = "0123456789".repeat(4);
    assert_eq!(
        fault(&text.replace(base.id.as_str(), &gone)).to_string(),
        format!("the base {gone} of this plan is not in this repository: fetch it, or plan again")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn any_tracked_file_is_planned_once_and_read_back(
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
            let says_why = matches!(refused, Err(PlanError::NothingChanges { .. }));
            prop_assert!(says_why);
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
fn only_files_with_old_uses_are_work() {
    let it = repository(&[("a.js", "var a = 1;\n"), ("b.js", "let b = 1;\n")]);
    let request = |pattern: &str, globs: &[String]| {
        make(
            &it.repo,
            &Request {
                until: Some(OldUsePattern::Pattern(pattern.to_owned())),
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
    insta::assert_snapshot!(
        refused,
        @"2 files match, but none contains what --until looks for: the change is already done there, or the pattern is \
        wrong"
    );
}
