use proptest::prelude::*;

use super::*;
use crate::config::{AgentOptions, Order};
use crate::git::CommitId;
use crate::git::fixture::repository;
use crate::plan::claim::default_create_folders;
use crate::plan::make::{Request, make};
use crate::plan::model::{Research, Size};

fn id(text: &str) -> UnitId {
    UnitId::parse(text).unwrap()
}

fn base(files: &[&str]) -> BaseFiles {
    BaseFiles::fixture(files.iter().copied(), "/a/ @a\n/b/ @b\n")
}

fn plan(units: &[(&str, &[&str], &[&str])]) -> Plan {
    let files: Vec<Vec<&str>> = units.iter().map(|(_, files, _)| files.to_vec()).collect();
    let create = default_create_folders(&files);
    let units = units
        .iter()
        .zip(create)
        .map(|((name, files, needs), create)| Unit {
            id: id(name),
            title: format!("Title of {name}"),
            description: None,
            agent: None,
            needs: needs.iter().map(|need| id(need)).collect(),
            claim: Claim {
                files: files.iter().map(ToString::to_string).collect(),
                create,
            },
            size: Size {
                lines: files.len() as u64,
                bytes: 10 * files.len() as u64,
            },
            owners: Vec::new(),
        });
    Plan {
        instruction: "x".to_owned(),
        base: CommitId::new("0".repeat(40)),
        base_name: "main".to_owned(),
        globs: Vec::new(),
        agent: AgentOptions::default(),
        agents: std::collections::BTreeMap::new(),
        until: None,
        research: Research::default(),
        units: units.collect(),
        integration: None,
        left_out: Vec::new(),
    }
}

const FILES: [&str; 7] = ["a/1", "a/2", "a/3", "b/1", "b/2", "c", "d"];

fn three() -> (Plan, BaseFiles) {
    let plan = plan(&[
        ("1", &FILES[..3], &[]),
        ("2", &FILES[3..5], &["1"]),
        ("3", &FILES[5..], &["2"]),
    ]);
    (plan, base(&FILES))
}

fn shown(plan: &Plan) -> String {
    let unit = |unit: &Unit| {
        let needs: Vec<&str> = unit.needs.iter().map(UnitId::as_str).collect();
        format!(
            "{} {:?} {:?} create {:?} needs {needs:?} {:?} {} lines",
            unit.id, unit.title, unit.claim.files, unit.claim.create, unit.owners, unit.size.lines
        )
    };
    let left_out = plan
        .left_out
        .iter()
        .map(|it| format!("{}: {:?}", it.reason, it.files));
    plan.units
        .iter()
        .map(unit)
        .chain(left_out)
        .collect::<Vec<_>>()
        .join("\n")
}

fn edited(edit: &Edit) -> String {
    let (plan, base) = three();
    match plan.edited(edit, &base) {
        Ok(plan) => shown(&plan),
        Err(error) => error.to_string(),
    }
}

#[test]
fn both_parts_of_a_split_unit_are_needed() {
    insta::assert_snapshot!(edited(&Edit::Split(id("2"))), @r#"
    1 "Title of 1" ["a/1", "a/2", "a/3"] create ["a/"] needs [] [] 3 lines
    2 "b/1" ["b/1"] create ["b/"] needs ["1"] ["@b"] 1 lines
    2-2 "b/2" ["b/2"] create [] needs ["1"] ["@b"] 1 lines
    3 "Title of 3" ["c", "d"] create ["./"] needs ["2", "2-2"] [] 2 lines
    "#);
    insta::assert_snapshot!(edited(&Edit::Split(id("4"))), @"no unit has the id '4'");
}

#[test]
fn a_merged_unit_has_everything_of_its_parts() {
    insta::assert_snapshot!(edited(&Edit::Merge(vec![id("2"), id("1")])), @r#"
    1 "a, b" ["a/1", "a/2", "a/3", "b/1", "b/2"] create ["a/", "b/"] needs [] ["@a", "@b"] 5 lines
    3 "Title of 3" ["c", "d"] create ["./"] needs ["1"] [] 2 lines
    "#);
    insta::assert_snapshot!(
        edited(&Edit::Merge(vec![id("1"), id("3")])),
        @"units need each other in a circle: 1 → 2 → 1; remove one of these needs"
    );
    insta::assert_snapshot!(edited(&Edit::Merge(vec![id("1"), id("1")])), @"name two or more different units to merge");
}

#[test]
fn a_title_is_one_line_and_unique() {
    let rename = |title: &str| edited(&Edit::Rename(id("1"), title.to_owned()));
    assert!(rename(" Pay ").starts_with("1 \"Pay\""));
    assert!(rename("Title of 1").starts_with("1 \"Title of 1\""));
    insta::assert_snapshot!(rename("Title of 2"), @r#"unit '2' has the title "Title of 2" already: choose another"#);
    insta::assert_snapshot!(rename("a\nb"), @"a title is one line of text, and not empty");
}

#[test]
fn dropped_files_are_left_out_and_can_be_moved_back() {
    insta::assert_snapshot!(edited(&Edit::Drop(id("3"))), @r#"
    1 "Title of 1" ["a/1", "a/2", "a/3"] create ["a/"] needs [] [] 3 lines
    2 "Title of 2" ["b/1", "b/2"] create ["b/"] needs ["1"] [] 2 lines
    dropped in review: ["c", "d"]
    "#);
    insta::assert_snapshot!(
        edited(&Edit::Drop(id("1"))),
        @"unit '2' needs unit '1', so it cannot go: drop that one first, or edit its 'needs'"
    );
    let (plan, base) = three();
    let back = Edit::Move(vec!["c".to_owned(), "d".to_owned()], id("2"));
    let plan = plan.edited(&Edit::Drop(id("3")), &base).unwrap();
    let plan = plan.edited(&back, &base).unwrap();
    assert!(plan.left_out.is_empty());
    assert_eq!(plan.units[1].claim.files, ["b/1", "b/2", "c", "d"]);
    let plan = plan
        .edited(&Edit::Merge(vec![id("1"), id("2")]), &base)
        .unwrap();
    let refused = plan.edited(&Edit::Drop(id("1")), &base).unwrap_err();
    insta::assert_snapshot!(refused, @"it is the only unit left: quit if there is nothing to do");
}

#[test]
fn a_moved_file_takes_its_size_and_owner_along() {
    let moved = |files: &[&str], to| {
        let files = files.iter().map(ToString::to_string).collect();
        edited(&Edit::Move(files, id(to)))
    };
    insta::assert_snapshot!(moved(&["a/2"], "2"), @r#"
    1 "Title of 1" ["a/1", "a/3"] create ["a/"] needs [] ["@a"] 2 lines
    2 "Title of 2" ["a/2", "b/1", "b/2"] create ["b/"] needs ["1"] ["@b", "@a"] 3 lines
    3 "Title of 3" ["c", "d"] create ["./"] needs ["2"] [] 2 lines
    "#);
    insta::assert_snapshot!(moved(&["c", "d"], "1"), @r#"
    1 "Title of 1" ["a/1", "a/2", "a/3", "c", "d"] create ["a/", "./"] needs [] ["@a"] 5 lines
    2 "Title of 2" ["b/1", "b/2"] create ["b/"] needs ["1"] ["@b"] 2 lines
    "#);
    insta::assert_snapshot!(
        moved(&["b/1", "b/2"], "1"),
        @"unit '3' needs unit '2', so it cannot go: drop that one first, or edit its 'needs'"
    );
    insta::assert_snapshot!(moved(&["c"], "3"), @r#""c" is in unit '3' already"#);
    insta::assert_snapshot!(moved(&["e"], "3"), @r#"no file of the plan is called "e""#);
}

#[test]
fn all_files_can_be_cut_again() {
    insta::assert_snapshot!(edited(&Edit::Cut(UnitRange::exactly(2))), @r#"
    01-a-c-d "a, c, d" ["a/1", "a/2", "a/3", "c", "d"] create [] needs [] ["@a"] 5 lines
    02-b "b" ["b/1", "b/2"] create [] needs [] ["@b"] 2 lines
    "#);
}

#[test]
fn units_cut_again_need_each_other_in_the_given_order() {
    let it = repository(&[
        ("a/x.js", "import '../b/y.js';"),
        ("a/z.js", "import './x.js';"),
        ("b/y.js", ""),
        ("b/z.js", "import './y.js';"),
    ]);
    let base = it.repo.base(None, None).unwrap();
    let globs = [".".to_owned()];
    let request = |order| Request {
        instruction: "x",
        globs: &globs,
        prefix: "",
        base: &base,
        agent: AgentOptions::default(),
        codemod: None,
        until: None,
        units: UnitRange::exactly(4),
        by: None,
        order,
    };
    let needed = |order| -> Vec<usize> {
        let (plan, known) = make(&it.repo, &request(order)).unwrap();
        let cut = plan.edited(&Edit::Cut(UnitRange::exactly(2)), &known);
        let units = cut.unwrap().units;
        units.iter().map(|unit| unit.needs.len()).collect()
    };
    assert_eq!(needed(Order::None), [0, 0]);
    assert_eq!(needed(Order::Deps), [1, 0]);
}

#[test]
fn names_that_may_be_one_file_cannot_be_split() {
    let files = ["a", "A"];
    let plan = plan(&[("1", &files, &[])]);
    let refused = plan
        .edited(&Edit::Split(id("1")), &base(&files))
        .unwrap_err();
    insta::assert_snapshot!(
        refused,
        @"the files of unit '1' have names that are equal on some file systems, so they stay together"
    );
}

/// An edit in numbers, so that it fits whatever plan it meets.
#[derive(Debug, Clone)]
enum AnyEdit {
    Split(usize),
    Merge(Vec<usize>),
    Rename(usize, String),
    Drop(usize),
    Move(Vec<usize>, usize),
    Cut(usize),
}

fn any_edit() -> impl Strategy<Value = AnyEdit> {
    prop_oneof![
        any::<usize>().prop_map(AnyEdit::Split),
        proptest::collection::vec(any::<usize>(), 0..4).prop_map(AnyEdit::Merge),
        (any::<usize>(), "[ab\\n ]{0,3}").prop_map(|(unit, title)| AnyEdit::Rename(unit, title)),
        any::<usize>().prop_map(AnyEdit::Drop),
        (
            proptest::collection::vec(any::<usize>(), 0..4),
            any::<usize>()
        )
            .prop_map(|(files, to)| AnyEdit::Move(files, to)),
        (0_usize..9).prop_map(AnyEdit::Cut),
    ]
}

proptest! {
    #[test]
    fn any_sequence_of_edits_keeps_a_plan_valid(
        homes in proptest::collection::vec(0_usize..4, 1..16),
        needs in proptest::collection::vec((0_usize..4, 0_usize..4), 0..5),
        edits in proptest::collection::vec(any_edit(), 1..16),
    ) {
        let paths: Vec<String> = (0..homes.len())
            .map(|file| format!("{}/{}{}", ["a", "b", "b/x"][file % 3], ["f", "F"][file % 2], file / 2))
            .collect();
        let mut files: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
        for (path, home) in paths.iter().zip(&homes) {
            files.entry(*home).or_default().push(path);
        }
        let names = ["one", "two", "three", "four"];
        let units: Vec<(&str, &[&str], &[&str])> =
            files.iter().map(|(home, files)| (names[*home], &files[..], &[][..])).collect();
        let mut plan = plan(&units);
        for (from, to) in needs {
            let (from, to) = (from % plan.units.len(), to % plan.units.len());
            let need = plan.units[to].id.clone();
            if to < from && !plan.units[from].needs.contains(&need) {
                plan.units[from].needs.push(need);
            }
        }
        let all: Vec<&str> = paths.iter().map(String::as_str).collect();
        let base = base(&all);
        // Names that fold to one form may be in two units at the start.
        prop_assume!(Ownership::prove(&plan.units, []).is_ok());
        for any in edits {
            let unit = |number: usize| plan.units[number % plan.units.len()].id.clone();
            let edit = match any {
                AnyEdit::Split(at) => Edit::Split(unit(at)),
                AnyEdit::Merge(all) => Edit::Merge(all.into_iter().map(unit).collect()),
                AnyEdit::Rename(at, title) => Edit::Rename(unit(at), title),
                AnyEdit::Drop(at) => Edit::Drop(unit(at)),
                AnyEdit::Move(files, to) => Edit::Move(
                    files.into_iter().map(|file| paths[file % paths.len()].clone()).collect(),
                    unit(to),
                ),
                AnyEdit::Cut(number) => Edit::Cut(UnitRange::exactly(number)),
            };
            let Ok(next) = plan.edited(&edit, &base) else { continue };
            plan = next;
            prop_assert!(Ownership::prove(&plan.units, all.iter().copied()).is_ok());
            prop_assert!(waves(&plan.units).is_ok());
            prop_assert!((1..=UnitRange::MAX).contains(&plan.units.len()));
            let titles: HashSet<&str> = plan.units.iter().map(|unit| unit.title.as_str()).collect();
            prop_assert_eq!(titles.len(), plan.units.len());
            let mut seen: Vec<&str> = Vec::new();
            for unit in &plan.units {
                prop_assert!(!unit.claim.files.is_empty());
                prop_assert!(UnitId::parse(unit.id.as_str()).is_ok());
                prop_assert_eq!(unit.size.lines, unit.claim.files.len() as u64);
                seen.extend(unit.claim.files.iter().map(String::as_str));
            }
            seen.extend(plan.left_out.iter().flat_map(|it| it.files.iter().map(String::as_str)));
            seen.sort_unstable();
            let mut wanted = all.clone();
            wanted.sort_unstable();
            prop_assert_eq!(seen, wanted, "every file is in one unit or left out");
            let text = crate::plan::file::to_toml(&plan);
            prop_assert!(crate::plan::file::parse(&text).is_ok(), "{}", text);
        }
    }
}
