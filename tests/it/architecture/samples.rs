//! The checks on small sources, to see that each can fail.

use super::modules::{Modules, Sources};
use super::{FLOORS, RUN, arrows, assert_holds, new_circles, part_of_run, room, upward};

fn crate_of(files: &[(&str, &str)]) -> super::Arrows {
    let sources: Sources = files
        .iter()
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect();
    let (arrows, globs) = arrows(&Modules::read(&sources));
    assert_holds(&globs);
    arrows
}

/// Every arrow as `from > to: names`.
fn lines(arrows: &super::Arrows) -> Vec<String> {
    super::each(arrows)
        .map(|(from, to, names)| format!("{from} > {to}: {names}"))
        .collect()
}

#[test]
fn a_use_of_a_higher_room_is_found() {
    let arrows = crate_of(&[
        ("src/lib.rs", "mod run; mod words;"),
        (
            "src/run.rs",
            "use crate::words::line; pub fn start() { line() }",
        ),
        ("src/words.rs", "pub fn line() { crate::run::start() }"),
    ]);
    assert_eq!(
        upward(&arrows, room, &FLOORS, &[]),
        [
            "src/words.rs uses crate::run::start (src/run.rs), but words may not know run: \
             move that down, or pass it in as a value"
        ]
    );
}

#[test]
fn rooms_on_one_floor_do_not_use_each_other() {
    let arrows = crate_of(&[
        ("src/lib.rs", "mod agent; mod check;"),
        ("src/agent.rs", "use crate::check::Verdict;"),
        ("src/check.rs", "pub struct Verdict;"),
    ]);
    assert_eq!(upward(&arrows, room, &FLOORS, &[]).len(), 1);
}

#[test]
fn a_room_that_nobody_put_on_a_floor_is_found() {
    let arrows = crate_of(&[
        ("src/lib.rs", "mod news; mod words;"),
        ("src/news.rs", "use crate::words::line;"),
        ("src/words.rs", "pub fn line() {}"),
    ]);
    assert_eq!(
        upward(&arrows, room, &FLOORS, &[]),
        ["src/news.rs: news is on no floor: give it one in tests/it/architecture.rs"]
    );
}

#[test]
fn a_use_of_a_later_part_of_a_run_is_found() {
    let floors: Vec<&[&str]> = RUN.iter().rev().map(std::slice::from_ref).collect();
    let arrows = crate_of(&[
        ("src/lib.rs", "mod run;"),
        ("src/run/mod.rs", "mod log; mod unit; pub use unit::step;"),
        ("src/run/log/mod.rs", "pub mod event;"),
        (
            "src/run/log/event.rs",
            "pub struct Event; fn of() { crate::run::step() }",
        ),
        (
            "src/run/unit/mod.rs",
            "use super::log::event::Event; pub fn step() {}",
        ),
    ]);
    assert_eq!(
        upward(&arrows, part_of_run, &floors, &[]),
        [
            "src/run/log/event.rs uses crate::run::step (src/run/unit/mod.rs), but log may not know unit: \
             move that down, or pass it in as a value"
        ]
    );
}

#[test]
fn a_known_use_of_a_higher_place_is_let_pass_and_must_be_taken_off_the_list_when_it_is_gone() {
    let files = [
        ("src/lib.rs", "mod run; mod words;"),
        ("src/run.rs", "pub fn start() {}"),
        ("src/words.rs", "pub fn line() { crate::run::start() }"),
    ];
    let known = [("src/words.rs", "run")];
    assert_eq!(upward(&crate_of(&files), room, &FLOORS, &known), [""; 0]);
    assert_eq!(
        upward(&crate_of(&[("src/lib.rs", "")]), room, &FLOORS, &known),
        ["src/words.rs does not use run any more: \
             delete its line in tests/it/architecture.rs"]
    );
}

#[test]
fn a_circle_is_told_with_its_files_and_names() {
    let arrows = crate_of(&[
        ("src/lib.rs", "mod git; mod words;"),
        ("src/git/mod.rs", "mod a; mod b; mod c;"),
        (
            "src/git/a.rs",
            "use super::b::B; pub struct A; fn of(_: B, _: crate::words::Text) {}",
        ),
        ("src/git/b.rs", "pub struct B(super::c::C);"),
        ("src/git/c.rs", "use super::a; pub struct C(a::A);"),
        ("src/words.rs", "pub struct Text;"),
    ]);
    assert_eq!(
        new_circles(&arrows, &[]),
        [
            "src/git: 3 files use each other in circles, and 0 were known.",
            "  src/git/a.rs uses super::b::B (src/git/b.rs), src/git/b.rs uses super::c::C (src/git/c.rs), \
             src/git/c.rs uses a::A (src/git/a.rs): move what they share into a file of its own",
        ]
    );
    assert_eq!(new_circles(&arrows, &[("git", 3)]), [""; 0]);
}

#[test]
fn a_known_circle_that_is_gone_must_be_taken_off_the_list() {
    let arrows = crate_of(&[("src/lib.rs", "mod git;"), ("src/git.rs", "")]);
    assert_eq!(
        new_circles(&arrows, &[("git", 3)]),
        ["src/git has no circle any more: delete its line in tests/it/architecture.rs"]
    );
}

#[test]
fn a_name_that_a_facade_hands_on_counts_for_the_file_that_defines_it() {
    let arrows = crate_of(&[
        ("src/lib.rs", "mod git;"),
        (
            "src/git/mod.rs",
            "mod base; mod change; pub use base::{Base, read as read_base};",
        ),
        ("src/git/base.rs", "pub struct Base; pub fn read() {}"),
        (
            "src/git/change.rs",
            "use super::Base; fn of(_: Base) { crate::git::read_base() }",
        ),
    ]);
    assert_eq!(
        lines(&arrows),
        [
            "src/git/change.rs > src/git/base.rs: crate::git::read_base, super::Base",
            "src/git/mod.rs > src/git/base.rs: base::Base, base::read",
        ]
    );
    assert_eq!(new_circles(&arrows, &[]), [""; 0]);
}

#[test]
fn a_facade_that_defines_what_its_children_use_makes_a_circle() {
    let arrows = crate_of(&[
        ("src/lib.rs", "mod git;"),
        (
            "src/git/mod.rs",
            "mod base; pub use base::Base; pub enum GitError {}",
        ),
        (
            "src/git/base.rs",
            "use super::GitError; pub struct Base(GitError);",
        ),
    ]);
    assert_eq!(new_circles(&arrows, &[("git", 1)]).len(), 2);
}

#[test]
fn paths_are_followed_in_macros_attributes_and_inline_modules_but_not_in_tests() {
    let arrows = crate_of(&[
        ("src/lib.rs", "mod a; mod b;"),
        (
            "src/a.rs",
            "#[derive(Debug)] #[arg(value_parser = crate::b::parse)] pub struct A;
             fn say() { println!(\"{} {}\", 1, crate::b::text(b::NONE)); }
             mod inner { use super::super::b::{self, Inner as Other}; fn of(_: Other) { b::make::<u8>() } }
             #[cfg(test)] mod tests { use crate::b::OnlyForTests; }
             #[cfg(test)] use crate::b::OnlyForTests;",
        ),
        (
            "src/b.rs",
            "pub fn parse() {} pub fn text() {} pub fn make<T>() {} pub struct Inner; pub struct OnlyForTests;",
        ),
    ]);
    assert_eq!(
        lines(&arrows),
        ["src/a.rs > src/b.rs: b::make, crate::b::parse, crate::b::text, super::super::b::Inner"]
    );
}

#[test]
fn other_crates_and_who_may_see_a_name_count_for_nothing() {
    let arrows = crate_of(&[
        ("src/lib.rs", "mod git;"),
        (
            "src/git/mod.rs",
            "mod base; use std::process::Command; use ::regex::Regex; pub fn run(_: Command, _: serde::Value) {}",
        ),
        (
            "src/git/base.rs",
            "pub(in crate::git) struct Base; pub(super) fn of(_: tokio::Handle) {}",
        ),
    ]);
    assert_eq!(lines(&arrows), [""; 0]);
}

#[test]
fn the_program_uses_the_library_by_its_name() {
    let arrows = crate_of(&[
        ("src/lib.rs", "pub mod cli;"),
        ("src/cli.rs", "pub fn main() {}"),
        ("src/main.rs", "fn main() { batch::cli::main() }"),
    ]);
    assert_eq!(
        lines(&arrows),
        ["src/main.rs > src/cli.rs: batch::cli::main"]
    );
    assert_eq!(upward(&arrows, room, &FLOORS, &[]), [""; 0]);
}
