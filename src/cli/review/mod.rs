//! What a person is asked before a run: nothing is started before they have seen the plan and said yes.
//!
//! It shows and asks only. What a plan's text means, and whether it agrees with the repository, is the caller's to say;
//! so is what becomes of a plan that is not approved.

mod ask;
mod details;
mod edit;
mod restore;
#[cfg(test)]
mod sample;
mod table;
mod terminal;

use console::Term;

pub use restore::Restore;
pub use table::table;

use crate::plan::Plan;
use ask::{Choice, ask};
use details::details;
use edit::Edited;
use terminal::{AtTerminal, Person};

/// One line on what would be done with a plan: a word such as `agent` or `checks`, and what it says.
pub type CourseLine = (&'static str, String);

/// What the person decided, with the plan as it stands after their edits.
#[derive(Debug)]
pub enum Decision {
    Approved(Plan),
    Quit(Plan),
}

/// What is to become of a run that was not finished, now that its plan is to be run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    Resume,
    BeginAnew,
    Quit,
}

const WAYS_ON: [Choice<Unfinished>; 3] = [
    Choice::new('r', "esume it", Unfinished::Resume),
    Choice::new('n', "ew run", Unfinished::BeginAnew),
    Choice::new('q', "uit", Unfinished::Quit),
];

#[derive(Clone, Copy)]
enum Answer {
    Approve,
    Edit,
    Details,
    Quit,
}

const ANSWERS: [Choice<Answer>; 4] = [
    Choice::new('a', "pprove", Answer::Approve),
    Choice::new('e', "dit in $EDITOR", Answer::Edit),
    Choice::new('d', "etails", Answer::Details),
    Choice::new('q', "uit", Answer::Quit),
];

/// Shows the plan and lets the person look closer, edit it, approve it or leave.
///
/// `course` says what would be done with a plan, and by whom: an edit may change that. `reload` reads an edited plan; its error
/// is shown to the person, who may correct the text.
pub fn review(
    plan: Plan,
    course: &dyn Fn(&Plan) -> Vec<CourseLine>,
    term: &Term,
    reload: &dyn Fn(&str) -> anyhow::Result<Plan>,
) -> anyhow::Result<Decision> {
    with(&mut AtTerminal(term), plan, course, reload)
}

/// Asks what is to become of an unfinished run; `what` says what is known of it.
pub fn ask_unfinished(what: &str, term: &Term) -> anyhow::Result<Unfinished> {
    way_on(&mut AtTerminal(term), what)
}

fn way_on(person: &mut impl Person, what: &str) -> anyhow::Result<Unfinished> {
    person.show(&format!("{what}\n"))?;
    ask(person, &WAYS_ON, Unfinished::Quit)
}

fn with(
    person: &mut impl Person,
    mut plan: Plan,
    course: &dyn Fn(&Plan) -> Vec<CourseLine>,
    reload: &dyn Fn(&str) -> anyhow::Result<Plan>,
) -> anyhow::Result<Decision> {
    loop {
        let shown = table(&plan, &course(&plan), person.width());
        person.show(&format!("{shown}\n"))?;
        loop {
            match ask(person, &ANSWERS, Answer::Quit)? {
                Answer::Approve => return Ok(Decision::Approved(plan)),
                Answer::Quit => return Ok(Decision::Quit(plan)),
                Answer::Details => {
                    person.show(&format!("\n{}\n", details(&plan, &course(&plan))))?;
                }
                Answer::Edit => break,
            }
        }
        match edit::edit(&plan, person, reload)? {
            Edited::Plan(edited) => plan = *edited,
            Edited::Same => {}
            Edited::Quit => return Ok(Decision::Quit(plan)),
        }
    }
}

#[cfg(test)]
mod tests;
