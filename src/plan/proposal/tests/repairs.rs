//! Proposals, and the plans and repairs that come of them.

use super::{PATHS, base, plan, proposal, shown, unit};
use crate::config::{AgentOptions, Grouping, Order, UnitRange};
use crate::git::fixture::repository;
use crate::plan::code_owners::CodeOwners;
use crate::plan::make::{Request, make};
use crate::plan::proposal::error::ProposalError;
use crate::plan::proposal::format::{KeyFile, ProposedLeftOut};
use crate::plan::proposal::from_proposal;
use crate::plan::unit_id::UnitId;

#[test]
fn a_valid_proposal_becomes_the_plan_unchanged() {
    let mut it = proposal(vec![
        unit("Helpers", &["lib/"]),
        unit("Pages", &["web/page.js", "web/menu.js", "web/app.js"]),
        unit("Entry points", &["a.js", "b.js", "z.js"]),
    ]);
    it.units[0].create = vec!["lib/pool.js".into()];
    it.units[0].description = Some("Write pool() first.\n\u{1b}[31mred".into());
    it.left_out = vec![ProposedLeftOut {
        files: vec!["web/style.css".into()],
        reason: "holds no code".into(),
    }];
    it.prerequisite = Some("helpers".into());
    it.key_files = vec![
        KeyFile {
            path: "README.md".into(),
            why: "tells the names".into(),
        },
        KeyFile {
            path: "lib/two.js".into(),
            why: "most callers".into(),
        },
    ];
    it.conventions = vec!["Call it pool.".into()];
    it.recipe = Some("npm start".into());
    insta::assert_snapshot!(shown(&it, "3"), @r#"
    01-helpers | Helpers | lib/One.js lib/deep/x.js lib/deep/y.js lib/one.js lib/two.js | 
    02-pages | Pages | web/app.js web/menu.js web/page.js | 01-helpers
    03-entry-points | Entry points | a.js b.js z.js | 01-helpers
    - binary: img/logo.png
    - holds no code: web/style.css
    "#);
    let (plan, _) = from_proposal(&plan(), &base(), &it, "3".parse().unwrap()).unwrap();
    insta::assert_snapshot!(plan.units[0].description.as_deref().unwrap(), @r#"
    Write pool() first.
    red
    lib/two.js: most callers
    "#);
    insta::assert_snapshot!(plan.research.conventions.join("\n"), @r#"
    Call it pool.
    README.md: tells the names
    "#);
    assert!(plan.units[0].claim.create.contains(&"lib/pool.js".into()));
    assert_eq!(plan.research.recipe.as_deref(), Some("npm start"));
}

#[test]
fn one_unit_may_start_from_the_work_of_all_others() {
    let mut it = proposal(vec![
        unit("Wire it", &[]),
        unit("Pages", &["web/"]),
        unit("Helpers", &["lib/"]),
        unit("Rest", &["a.js", "b.js", "z.js"]),
    ]);
    it.units[0].integrates = true;
    it.units[0].description = Some("Wire the pages into the menu.".into());
    it.units[3].integrates = true;
    let (plan, repairs) = from_proposal(&plan(), &base(), &it, "3".parse().unwrap()).unwrap();
    let last = plan.integration.unwrap();
    assert_eq!((last.id.as_str(), &*last.title), ("04-wire-it", "Wire it"));
    assert_eq!(
        last.description.as_deref(),
        Some("Wire the pages into the menu.")
    );
    assert_eq!(plan.units.len(), 3);
    let repairs: Vec<String> = repairs.iter().map(ToString::to_string).collect();
    assert_eq!(
        repairs,
        ["\"Rest\" is a second unit that integrates: it is a unit like any other"]
    );
}

#[test]
fn faults_are_repaired_and_reported() {
    let mut it = proposal(vec![
        unit(
            "A",
            &["a.js", "./lib//two.js", "/etc/passwd", "../up.js", "lib"],
        ),
        unit(
            "A",
            &["a.js", "nowhere.js", "README.md", "img/logo.png", "web/"],
        ),
        unit("", &["web/app.js", "lib/one.js"]),
        unit("New only", &[]),
        unit("Nothing", &["gone.js"]),
    ]);
    it.units[0].needs = vec!["New only".into(), "Z".into()];
    it.units[1].create = vec![
        "README.md".into(),
        "img".into(),
        "new/x".into(),
        "a.js/b".into(),
    ];
    it.units[2].needs = vec!["A".into()];
    it.units[2].create = vec![
        "new/x".into(),
        "new".into(),
        "Lib/ONE.js".into(),
        "x/".into(),
    ];
    it.units[3].create = vec!["lib/pool.js".into()];
    it.units[3].needs = vec!["A".into()];
    it.left_out = vec![ProposedLeftOut {
        files: vec!["web/style.css".into(), "a.js".into()],
        reason: String::new(),
    }];
    it.prerequisite = Some("Nothing".into());
    insta::assert_snapshot!(shown(&it, "1..9"), @r#"
    01-a | A | a.js b.js lib/One.js lib/deep/x.js lib/deep/y.js lib/one.js lib/two.js z.js | 
    02-a-2 | A (2) | web/menu.js web/page.js | 
    03-web-app-js | web/app.js | web/app.js | 01-a
    - binary: img/logo.png
    - nothing to do: web/style.css
    * /etc/passwd ("A") is dropped: it is not a path from the root of the repository
    * ../up.js ("A") is dropped: it is not a path from the root of the repository
    * nowhere.js ("A") is dropped: the base has no such file
    * README.md ("A") is dropped: it is not among the files that were asked for
    * img/logo.png ("A") is dropped: it is left out already
    * gone.js ("Nothing") is dropped: the base has no such file
    * 1 file was both in a unit and left out: kept in the unit (a.js)
    * a.js was in "A" and "A": it is now only in "A"
    * 2 files were in no unit and tied to none: put together as without the proposal (b.js, z.js)
    * lib/One.js and lib/one.js are the same name on some file systems, so they are in one unit
    * README.md ("A") is dropped: the base has it already, so it cannot be created
    * img ("A") is dropped: it would take the place of a file or folder
    * a.js/b ("A") is dropped: it would take the place of a file or folder
    * new/x (a unit without a title) is dropped: another unit creates it
    * new (a unit without a title) is dropped: it would take the place of a file or folder
    * Lib/ONE.js (a unit without a title) is dropped: the base has it already, so it cannot be created
    * x/ (a unit without a title) is dropped: it is not a path from the root of the repository
    * "Nothing" has no file to work on: it is dropped
    * "New only" has no file of its own yet: it is now part of "A"
    * "A" needs "Z", which is not a unit
    * "Nothing" was to come first, but is not a unit
    "#);
}

#[test]
fn circles_of_needs_are_broken() {
    let mut it = proposal(vec![
        unit("A", &["a.js"]),
        unit("B", &["b.js", "lib/"]),
        unit("C", &["web/", "z.js"]),
    ]);
    it.units[0].needs = vec!["B".into(), "A".into()];
    it.units[1].needs = vec!["C".into()];
    it.units[2].needs = vec!["A".into(), "B".into()];
    insta::assert_snapshot!(shown(&it, "3"), @r#"
    01-a | A | a.js | 02-b
    02-b | B | b.js lib/One.js lib/deep/x.js lib/deep/y.js lib/one.js lib/two.js | 03-c
    03-c | C | web/app.js web/menu.js web/page.js web/style.css z.js | 
    - binary: img/logo.png
    * "C" cannot need "A", which needs it: the need is dropped
    * "C" cannot need "B", which needs it: the need is dropped
    "#);
}

#[test]
fn too_many_units_are_merged_and_too_few_are_split() {
    let units = PATHS.iter().map(|path| unit(path, &[path])).collect();
    insta::assert_snapshot!(shown(&proposal(units), "2..3"), @r#"
    01-lib-part-a-js-b-js-z-js | lib (part), a.js, b.js, z.js | a.js b.js lib/One.js lib/one.js z.js | 
    02-lib-deep-two-js | lib: deep, two.js | lib/deep/x.js lib/deep/y.js lib/two.js | 
    03-web | web | web/app.js web/menu.js web/page.js web/style.css | 
    - binary: img/logo.png
    * lib/One.js and lib/one.js are the same name on some file systems, so they are in one unit
    * "lib/one.js" has no file to work on: it is dropped
    * there were too many units: "a.js" is now part of "lib/One.js"
    * there were too many units: "b.js" is now part of "lib/One.js, a.js"
    * there were too many units: "lib/deep/x.js" is now part of "lib/deep/y.js"
    * there were too many units: "lib/two.js" is now part of "lib/deep/y.js, lib/deep/x.js"
    * there were too many units: "web/app.js" is now part of "web/menu.js"
    * there were too many units: "web/page.js" is now part of "web/menu.js, web/app.js"
    * there were too many units: "web/style.css" is now part of "web/menu.js, web/app.js, web/page.js"
    * there were too many units: "z.js" is now part of "lib/One.js, a.js, b.js"
    "#);
    let it = proposal(vec![unit("All", &["./"])]);
    insta::assert_snapshot!(shown(&it, "4..6"), @r#"
    01-all-a-js-b-js-z-js | All: a.js, b.js, z.js | a.js b.js z.js | 
    02-all-lib-deep | All: lib/deep | lib/deep/x.js lib/deep/y.js | 
    03-all-lib-one-js-one-js-two-js | All: lib: One.js, one.js, two.js | lib/One.js lib/one.js lib/two.js | 
    04-all-web | All: web | web/app.js web/menu.js web/page.js web/style.css | 
    - binary: img/logo.png
    * "All" is split into 4 units, to keep within the limits
    "#);
}

#[test]
fn parts_are_named_by_place_or_numbered() {
    let title = "Everything that there is to be done in this repository at all";
    let (made, _) = from_proposal(
        &plan(),
        &base(),
        &proposal(vec![unit(title, &["./"])]),
        UnitRange::exactly(2),
    )
    .unwrap();
    let named: Vec<String> = made
        .units
        .iter()
        .map(|unit| format!("{} | {}", unit.id, unit.title))
        .collect();
    insta::assert_snapshot!(named.join("\n"), @"
    01-everything-that-there-is-in-this | Everything that there is …in this repository at all (1 of 2)
    02-everything-that-there-is-in-this | Everything that there is …in this repository at all (2 of 2)
    ");
}

#[test]
fn owners_are_not_mixed_on_request() {
    let mut base = base();
    base.by = Some(Grouping::Owner);
    let it = proposal(vec![unit("All", &["./"])]);
    let (plan, repairs) = from_proposal(&plan(), &base, &it, "1..9".parse().unwrap()).unwrap();
    let titles: Vec<&str> = plan.units.iter().map(|unit| unit.title.as_str()).collect();
    assert_eq!(titles, ["All: a.js, b.js, z.js", "All: lib", "All: web"]);
    insta::assert_snapshot!(repairs[0], @r#"the files of "All" have different owners: it is split into 3 units"#);
}

#[test]
fn files_that_no_unit_names_follow_their_imports() {
    let it = repository(&[
        ("a/main.js", "import './util';\n"),
        ("a/util.js", "export const u = 1;\n"),
        ("b/other.js", "import '../a/util';\nimport './own';\n"),
        ("b/own.js", "export const o = 1;\n"),
        ("c/alone.js", "export const c = 1;\n"),
    ]);
    let base = it.repo.base(None, None).unwrap();
    let request = Request {
        instruction: "x",
        globs: &[".".to_owned()],
        prefix: "",
        base: &base,
        agent: AgentOptions::default(),
        codemod: None,
        until: None,
        units: UnitRange::exactly(3),
        by: None,
        order: Order::Deps,
    };
    let (plan, known) = make(&it.repo, &request).unwrap();
    let it = proposal(vec![
        unit("Main", &["a/main.js", "b/own.js"]),
        unit("Other", &["b/other.js", "b/own.js"]),
    ]);
    let range = "1..3".parse().unwrap();
    let (plan, repairs) = from_proposal(&plan, &known, &it, range).unwrap();
    let units: Vec<(&str, String)> = plan
        .units
        .iter()
        .map(|unit| (unit.title.as_str(), unit.claim.files.join(" ")))
        .collect();
    insta::assert_debug_snapshot!(units, @r#"
    [
        (
            "Main",
            "a/main.js a/util.js",
        ),
        (
            "Other",
            "b/other.js b/own.js c/alone.js",
        ),
    ]
    "#);
    let needs: Vec<&str> = plan.units[1].needs.iter().map(UnitId::as_str).collect();
    assert_eq!(needs, ["01-main"]);
    let said: Vec<String> = repairs.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(said.join("\n"), @r#"
    b/own.js was in "Main" and "Other": it is now only in "Other"
    1 file was in no unit: put where imports tie them most (a/util.js)
    1 file was in no unit and tied to none: put together as without the proposal (c/alone.js)
    "#);
}

#[test]
fn a_dropped_need_leaves_the_other_needs() {
    let it = repository(&[
        ("a.js", "import './b.js';\nimport './c.js';\n"),
        ("b.js", "import './c.js';\n"),
        ("c.js", "export const c = 1;\n"),
    ]);
    let base = it.repo.base(None, None).unwrap();
    let request = Request {
        instruction: "x",
        globs: &[".".to_owned()],
        prefix: "",
        base: &base,
        agent: AgentOptions::default(),
        codemod: None,
        until: None,
        units: UnitRange::exactly(3),
        by: None,
        order: Order::Deps,
    };
    let (plan, known) = make(&it.repo, &request).unwrap();
    let mut it = proposal(vec![
        unit("A", &["a.js"]),
        unit("B", &["b.js"]),
        unit("C", &["c.js"]),
    ]);
    it.units[1].needs = vec!["A".into()];
    let (plan, _) = from_proposal(&plan, &known, &it, UnitRange::exactly(3)).unwrap();
    let needs = plan.units.iter().map(|unit| {
        let needs: Vec<&str> = unit.needs.iter().map(UnitId::as_str).collect();
        format!("{} needs {}", unit.id, needs.join(" "))
    });
    // Through b.js it is also known that c.js comes first; the agent puts b.js after a.js.
    insta::assert_snapshot!(needs.collect::<Vec<_>>().join("\n"), @"
    01-a needs 03-c
    02-b needs 01-a
    03-c needs 
    ");
}

#[test]
fn a_unit_that_only_creates_joins_one_that_needs_it() {
    let mut it = proposal(vec![
        unit("First", &["a.js"]),
        unit("Second", &["./"]),
        unit("Pool helper", &[]),
    ]);
    it.units[1].needs = vec!["pool Helper".into()];
    it.units[2].create = vec!["lib/pool.js".into()];
    let (plan, _) = from_proposal(&plan(), &base(), &it, "2..3".parse().unwrap()).unwrap();
    let create = &plan.units[1].claim.create;
    assert!(create.contains(&"lib/pool.js".into()), "{create:?}");
}

#[test]
fn names_that_may_be_one_file_stay_with_one_owner() {
    let mut base = base();
    base.owners = CodeOwners::parse(
        "CODEOWNERS",
        b"/lib/one.js @acme/one\n/lib/One.js @acme/two\n",
    );
    base.by = Some(Grouping::Owner);
    let it = proposal(vec![unit("All", &["./"])]);
    let (plan, _) = from_proposal(&plan(), &base, &it, "1..9".parse().unwrap()).unwrap();
    let together = plan.units.iter().find(|unit| unit.claim.files.len() == 2);
    assert_eq!(together.unwrap().claim.files, ["lib/One.js", "lib/one.js"]);
}

#[test]
fn too_many_proposed_units_are_refused() {
    let it = proposal(vec![unit("x", &["a.js"]); 10_000]);
    let refused = from_proposal(&plan(), &base(), &it, UnitRange::default());
    assert_eq!(refused.unwrap_err(), ProposalError::TooMany(10_000));
    let it = proposal(vec![unit("x", &["nowhere"])]);
    let refused = from_proposal(&plan(), &base(), &it, UnitRange::default());
    assert_eq!(refused.unwrap_err(), ProposalError::NoFiles);
}
