//! Whole reviews, by a person who presses given keys and writes given texts.

use std::collections::VecDeque;
use std::path::Path;
use std::{fs, io};

use console::Key;

use super::questions::{Unfinished, unfinished};
use super::sample;
use super::session::{Decision, PlanSource, ReviewSession};
use super::summary::SummaryLine;
use super::terminal::Person;
use crate::plan::file::{parse, to_toml};
use crate::plan::{BaseFiles, Plan};
use crate::process::{Ending, ProcessError};

/// What the person does in the editor: from the text that they find to the one they leave.
type Hand = fn(&str) -> String;

#[derive(Default)]
struct Scripted {
    keys: VecDeque<Key>,
    hands: VecDeque<Hand>,
    endings: VecDeque<Ending>,
    seen: String,
}

impl Scripted {
    fn pressing(keys: &str) -> Self {
        let keys = keys.chars().map(|key| match key {
            '\n' => Key::Enter,
            '\u{1b}' => Key::Escape,
            '\u{3}' => Key::CtrlC,
            '\u{8}' => Key::Backspace,
            key => Key::Char(key),
        });
        Self {
            keys: keys.collect(),
            ..Self::default()
        }
    }

    fn writing(mut self, hands: &[Hand]) -> Self {
        self.hands = hands.iter().copied().collect();
        self
    }

    fn review(&mut self) -> Decision {
        self.review_with(None)
    }

    fn review_with(&mut self, again: Option<Again<'_>>) -> Decision {
        console::set_colors_enabled(false);
        let mut source = MadeUp { again };
        let session = ReviewSession::new(sample::plan(), self, &mut source).unwrap();
        session.decide().unwrap()
    }

    fn unfinished(&mut self) -> Unfinished {
        console::set_colors_enabled(false);
        unfinished(self, "run 20261121-abcd was not finished").unwrap()
    }

    /// The number of times that the table was shown.
    fn tables(&self) -> usize {
        self.seen.matches("plan · ").count()
    }
}

/// An agent that proposed the plan, and what it proposes next.
type Again<'a> = &'a dyn Fn(&Plan) -> anyhow::Result<Option<(Plan, BaseFiles)>>;

/// A plan source without a repository.
struct MadeUp<'a> {
    again: Option<Again<'a>>,
}

impl PlanSource for MadeUp<'_> {
    fn summary(&mut self, plan: &Plan) -> Vec<SummaryLine> {
        let agent = plan.agent.command.clone().unwrap_or("first".to_owned());
        vec![("agent", agent)]
    }

    fn read(&mut self, text: &str) -> anyhow::Result<Plan> {
        Ok(parse(text)?)
    }

    fn files(&mut self, _: &Plan) -> anyhow::Result<BaseFiles> {
        Ok(sample::base())
    }

    fn is_proposed(&self, _: &Plan) -> bool {
        self.again.is_some()
    }

    fn propose_again(&mut self, plan: &Plan) -> anyhow::Result<Option<(Plan, BaseFiles)>> {
        self.again.map_or(Ok(None), |again| again(plan))
    }
}

impl Person for Scripted {
    fn width(&self) -> Option<u16> {
        Some(80)
    }

    fn show(&mut self, text: &str) -> io::Result<()> {
        self.seen.push_str(text);
        Ok(())
    }

    fn forget_keys(&mut self) {}

    fn key(&mut self) -> io::Result<Key> {
        self.keys
            .pop_front()
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn edit(&mut self, file: &Path) -> Result<Ending, ProcessError> {
        let hand = self.hands.pop_front().unwrap();
        let text = fs::read_to_string(file).unwrap();
        fs::write(file, hand(&text)).unwrap();
        Ok(self.endings.pop_front().unwrap_or(Ending::Exit(0)))
    }
}

fn approved(decision: Decision) -> Plan {
    match decision {
        Decision::Approved(plan) => plan,
        Decision::Quit(_) => panic!("not approved"),
    }
}

fn is_untouched(decision: &Decision) -> bool {
    matches!(decision, Decision::Quit(plan) if *plan == sample::plan())
}

fn break_it(text: &str) -> String {
    text.replacen("needs = [", "need = [", 1)
}

fn repair_it(text: &str) -> String {
    assert!(text.contains("need = ["), "the text is the one left before");
    text.replacen("need = [", "needs = [", 1)
        .replacen("\"cart\"", "\"the cart\"", 1)
}

#[test]
fn only_a_is_a_yes() {
    assert_eq!(
        approved(Scripted::pressing("\n\n zya").review()),
        sample::plan()
    );
    for keys in ["q", "Q", "\u{1b}", "\u{3}", "\u{4}", "", "\n", "\nqa"] {
        assert!(is_untouched(&Scripted::pressing(keys).review()), "{keys:?}");
    }
}

#[test]
fn an_unknown_key_is_not_read_as_the_letters_it_is_made_of() {
    let keys = [Key::UnknownEscSeq(vec!['a']), Key::Unknown, Key::ArrowUp];
    let mut person = Scripted {
        keys: keys.into(),
        ..Scripted::default()
    };
    assert!(is_untouched(&person.review()));
}

#[test]
fn details_come_back_to_the_question() {
    let mut person = Scripted::pressing("da");
    approved(person.review());
    assert!(person.seen.contains("    db/a b.js  1 line\n"));
    assert_eq!(person.seen.matches("[a]pprove").count(), 2);
}

#[test]
fn an_edited_plan_is_shown_again_and_is_the_one_approved() {
    let mut person = Scripted::pressing("ea").writing(&[|text| {
        text.replacen("\"cart\"", "\"the cart\"", 1).replacen(
            "\n[[unit]]",
            "\n[agent]\ncommand = \"other\"\n[[unit]]",
            1,
        )
    }]);
    let plan = approved(person.review());
    assert_eq!(plan.units[1].title, "the cart");
    assert_eq!(person.tables(), 2);
    assert!(person.seen.contains("agent  first") && person.seen.contains("agent  other"));
}

#[test]
fn an_unchanged_text_leaves_the_plan_with_its_sizes() {
    let mut person = Scripted::pressing("ea").writing(&[str::to_owned]);
    assert_eq!(approved(person.review()), sample::plan());
    assert!(person.seen.contains("was not changed"));
}

#[test]
fn a_fault_is_shown_with_its_line_and_can_be_mended() {
    let mut person = Scripted::pressing("eea").writing(&[break_it, repair_it]);
    let plan = approved(person.review());
    assert_eq!(plan.units[1].title, "the cart");
    let line = 1 + break_it(&to_toml(&sample::plan()))
        .lines()
        .position(|line| line == "need = [")
        .unwrap();
    let fault = format!("✗ line {line}: unknown field `need`");
    assert!(person.seen.contains(&fault), "{}", person.seen);
    assert!(person.seen.contains(&format!("\n  {line} │ need = [\n")));
}

#[test]
fn after_a_fault_the_old_plan_can_be_had_back() {
    let mut person = Scripted::pressing("e\nba").writing(&[break_it]);
    assert_eq!(approved(person.review()), sample::plan());
    assert_eq!(person.tables(), 2);
}

#[test]
fn leaving_at_a_fault_keeps_what_was_written() {
    let mut person = Scripted::pressing("eq").writing(&[break_it]);
    assert!(is_untouched(&person.review()));
    let (_, kept) = person.seen.split_once("kept in ").unwrap();
    let file = Path::new(kept.trim());
    let text = fs::read_to_string(file).unwrap();
    fs::remove_dir_all(file.parent().unwrap()).unwrap();
    assert_eq!(text, break_it(&to_toml(&sample::plan())));
}

#[test]
fn leaving_with_nothing_written_keeps_nothing() {
    let mut person = Scripted::pressing("eq").writing(&[str::to_owned]);
    person.endings = [Ending::Exit(127)].into();
    assert!(is_untouched(&person.review()));
    assert!(!person.seen.contains("kept in"));
}

#[test]
fn the_text_of_an_editor_that_failed_is_not_taken() {
    let mut person = Scripted::pressing("eba").writing(&[rename_cart]);
    person.endings = [Ending::Exit(1)].into();
    assert_eq!(approved(person.review()), sample::plan());
    assert!(person.seen.contains("the editor failed (exit code 1)"));
}

fn rename_cart(text: &str) -> String {
    text.replacen("\"cart\"", "\"another\"", 1)
}

#[test]
fn an_unfinished_run_is_resumed_only_when_the_person_says_so() {
    for (keys, way) in [
        ("\nr", Unfinished::Resume),
        ("n", Unfinished::NewRun),
        ("q", Unfinished::Quit),
        ("\u{3}", Unfinished::Quit),
    ] {
        let mut person = Scripted::pressing(keys);
        assert_eq!(person.unfinished(), way);
        assert!(person.seen.contains("[r]esume it  [n]ew run  [q]uit"));
    }
}

/// Returns the plan after these keys and an approval, as the files of its units.
fn after(keys: &str) -> Vec<String> {
    let plan = approved(Scripted::pressing(&format!("{keys}a")).review());
    let units = plan.units.iter();
    units
        .map(|unit| format!("{} {}: {}", unit.id, unit.title, unit.claim.files.join(" ")))
        .collect()
}

#[test]
fn units_are_split_merged_renamed_dropped_and_filled_by_a_few_keys() {
    assert_eq!(
        after("s3\n")[2..4],
        [
            "03-db db: a b … z: db/a b.js db/z.js",
            "03-db-2 db/ü.js: db/ü.js"
        ]
    );
    assert_eq!(
        after("m01 cart\n")[0],
        "01-api api, cart: api/a.js api/b.js cart/cart.js"
    );
    assert_eq!(
        after("rweb\nThe web\n")[4],
        "05-web The web: web/app.js web/zone.js"
    );
    assert_eq!(after("x2\n").len(), 4);
    assert_eq!(after("vz.js\n2\n")[1], "02-cart cart: cart/cart.js db/z.js");
    assert_eq!(
        after("vweb/\n1\n")[0],
        "01-api api: api/a.js api/b.js web/app.js web/zone.js"
    );
    assert_eq!(
        after("vtests/\n3\n")[2],
        "03-db db: db/a b.js db/tests/t.js db/z.js db/ü.js"
    );
    assert_eq!(after("n2\n").len(), 2);
}

#[test]
fn a_change_can_be_undone_and_a_question_be_left() {
    let untouched = after("");
    assert_eq!(after("x2\nu"), untouched);
    assert_eq!(after("x2\nx5\nuu"), untouched);
    assert_eq!(after("u"), untouched);
    for left in [
        "x\u{1b}",
        "x\n",
        "x2\u{3}",
        "r2\n\n",
        "v\n",
        "vz.js\n\u{4}",
        "n\n",
    ] {
        assert_eq!(after(left), untouched, "{left:?}");
    }
    assert_eq!(
        after("x99\u{8}\u{8}2\n").len(),
        4,
        "a letter can be taken back"
    );
}

#[test]
fn what_cannot_be_is_said_and_asked_again() {
    let said = |keys: &str| {
        let mut person = Scripted::pressing(&format!("{keys}a"));
        assert_eq!(approved(person.review()), sample::plan(), "{keys}");
        let fault = person.seen.split("✗ ").nth(1).expect("a fault");
        fault.lines().next().unwrap_or_default().to_owned()
    };
    insta::assert_snapshot!(
        said("x3\n"),
        @"unit '04-db-tests' needs unit '03-db', so it cannot go: drop that one first, or edit its 'needs'"
    );
    insta::assert_snapshot!(said("x9\n"), @"there is no unit 9");
    insta::assert_snapshot!(said("x0\n"), @"there is no unit 0");
    insta::assert_snapshot!(said("sdb\n"), @r#""db" may be any of 03-db, 04-db-tests"#);
    insta::assert_snapshot!(said("m1\n"), @"name two or more different units to merge");
    insta::assert_snapshot!(said("m1 nobody\n"), @r#"no unit is called "nobody""#);
    insta::assert_snapshot!(said("r1\ncart\n"), @r#"unit '02-cart' has the title "cart" already: choose another"#);
    insta::assert_snapshot!(
        said("v.js\n"),
        @"\".js\" may be any of api/a.js, api/b.js, cart/cart.js, db/a b.js, db/ü.js, db/z.js and 3 more"
    );
    insta::assert_snapshot!(said("vnone/\n"), @r#"no file of the plan is called "none/""#);
    insta::assert_snapshot!(said("n0\n"), @"a plan has 1 to 500 units");
}

#[test]
fn the_instruction_is_amended_in_the_editor() {
    let mut person = Scripted::pressing("iia").writing(&[to_let, str::to_owned]);
    assert_eq!(approved(person.review()).instruction, "from var to let");
    assert!(person.seen.contains("The instruction was not changed."));
    let mut person = Scripted::pressing("iia").writing(&[|_| " \n".to_owned(), rename_cart]);
    person.endings = [Ending::Exit(0), Ending::Exit(1)].into();
    assert_eq!(approved(person.review()), sample::plan());
    assert!(person.seen.contains("✗ the instruction is empty"));
    assert!(person.seen.contains("✗ the editor failed (exit code 1)"));
}

fn to_let(text: &str) -> String {
    text.replace("const", "let")
}

#[test]
fn units_that_were_proposed_for_another_instruction_are_proposed_anew_if_the_person_wants_it() {
    let review = |keys: &str, again: Again<'_>| {
        let mut person = Scripted::pressing(keys).writing(&[to_let]);
        let plan = approved(person.review_with(Some(again)));
        (plan, person.seen)
    };
    let only_cart = |plan: &Plan| {
        let mut plan = plan.clone();
        plan.units.truncate(1);
        plan.units[0].needs.clear();
        Ok(Some((plan, sample::base())))
    };
    let (plan, _) = review("iaa", &only_cart);
    assert_eq!(
        (&*plan.instruction, plan.units.len()),
        ("from var to let", 1)
    );
    let (plan, _) = review("ika", &|_| panic!("nobody is to be asked"));
    assert_eq!(plan.instruction, "from var to let");
    assert_eq!(plan.units, sample::plan().units);
    for keys in ["ila", "i\u{3}a"] {
        let (plan, _) = review(keys, &|_| panic!("nobody is to be asked"));
        assert_eq!(plan, sample::plan());
    }
    // The agent may be interrupted, or fail.
    let (plan, _) = review("iaa", &|_| Ok(None));
    assert_eq!(plan, sample::plan());
    let (plan, seen) = review("iaa", &|_| anyhow::bail!("there is no such agent"));
    assert_eq!(plan, sample::plan());
    assert!(seen.contains("✗ there is no such agent"), "{seen}");
    // Undo restores the earlier plan.
    let (plan, _) = review("iaua", &only_cart);
    assert_eq!(plan, sample::plan());
    // Other changes ask nobody.
    let (plan, _) = review("r2\nbasket\na", &|_| panic!("nobody is to be asked"));
    assert_eq!(plan.units[1].title, "basket");
}

#[test]
fn the_questions_fit_into_eighty_columns() {
    let mut person = Scripted::pressing("x2\nq");
    person.review();
    let rows: Vec<&str> = person
        .seen
        .lines()
        .filter(|line| line.starts_with('['))
        .collect();
    assert!(
        rows.iter()
            .all(|row| console::measure_text_width(row) <= 80),
        "{rows:#?}"
    );
    insta::assert_snapshot!(rows[rows.len() - 2..].join("\n"), @r#"
    [s]plit  [m]erge  [r]ename  [x] drop  mo[v]e  [n]umber  [i]nstruction  [u]ndo
    [a]pprove  [e]dit in $EDITOR  [d]etails  [q]uit
    "#);
}
