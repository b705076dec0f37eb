//! What a person is asked before a run: nothing is started before they have seen the plan and said yes.
//!
//! It shows and asks only. What a plan's text means, and whether it agrees with the repository, is the caller's to say;
//! so is what becomes of a plan that is not approved.

mod ask;
mod change;
mod details;
mod edit;
mod restore;
#[cfg(test)]
pub(super) mod sample;
mod table;
mod terminal;

use std::rc::Rc;

use console::{Term, style};

pub use restore::Restore;
pub use table::table;

use crate::plan::{BaseFiles, Plan};
use crate::words;
use ask::{Choice, ask, ask_line};
use change::Change;
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
    Choice::new("[r]esume it", Unfinished::Resume),
    Choice::new("[n]ew run", Unfinished::BeginAnew),
    Choice::new("[q]uit", Unfinished::Quit),
];

/// What is to become of a run whose canary is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Canary {
    Accept,
    /// It is done anew, and all are told these words as well.
    Amend(String),
    Stop,
}

#[derive(Clone, Copy)]
enum After {
    Accept,
    Amend,
    Stop,
}

const AFTER_CANARY: [Choice<After>; 3] = [
    Choice::new("[g]o on with the others", After::Accept),
    Choice::new("[a]mend the instruction", After::Amend),
    Choice::new("[s]top", After::Stop),
];

const GOING_ON: [Choice<bool>; 2] = [
    Choice::new("[g]o on all the same", true),
    Choice::new("[s]top", false),
];

/// What is to become of units that were proposed for another instruction.
#[derive(Clone, Copy)]
enum Proposed {
    Ask,
    Keep,
    Undo,
}

const FOR_ANOTHER: [Choice<Proposed>; 3] = [
    Choice::new("[a]sk for new ones", Proposed::Ask),
    Choice::new("[k]eep them", Proposed::Keep),
    Choice::new("[l]eave the instruction as it was", Proposed::Undo),
];

#[derive(Clone, Copy)]
enum Answer {
    Approve,
    Edit,
    Change(Change),
    Undo,
    Details,
    Quit,
}

const CHANGES: [Choice<Answer>; 8] = [
    Choice::new("[s]plit", Answer::Change(Change::Split)),
    Choice::new("[m]erge", Answer::Change(Change::Merge)),
    Choice::new("[r]ename", Answer::Change(Change::Rename)),
    Choice::new("[x] drop", Answer::Change(Change::Drop)),
    Choice::new("mo[v]e", Answer::Change(Change::Move)),
    Choice::new("[n]umber", Answer::Change(Change::Number)),
    Choice::new("[i]nstruction", Answer::Change(Change::Instruct)),
    Choice::new("[u]ndo", Answer::Undo),
];

const ANSWERS: [Choice<Answer>; 4] = [
    Choice::new("[a]pprove", Answer::Approve),
    Choice::new("[e]dit in $EDITOR", Answer::Edit),
    Choice::new("[d]etails", Answer::Details),
    Choice::new("[q]uit", Answer::Quit),
];

/// Asks whoever proposed a plan for other units, now that its instruction is another one. Nothing comes where they propose
/// none, or the person does not wait for it.
pub type Again<'a> = &'a dyn Fn(&Plan) -> anyhow::Result<Option<(Plan, BaseFiles)>>;

/// What the review asks of its caller.
pub struct Desk<'a> {
    /// Says what would be done with a plan, and by whom: an edit may change that.
    pub course: &'a dyn Fn(&Plan) -> Vec<CourseLine>,
    /// Reads an edited plan; its error is shown to the person, who may correct the text.
    pub reload: &'a dyn Fn(&str) -> anyhow::Result<Plan>,
    /// Reads what a plan claims.
    pub know: &'a dyn Fn(&Plan) -> anyhow::Result<BaseFiles>,
    /// Where somebody has proposed the plan.
    pub again: Option<Again<'a>>,
}

/// Shows the plan and lets the person look closer, change it, approve it or leave.
pub fn review(plan: Plan, term: &Term, desk: &Desk<'_>) -> anyhow::Result<Decision> {
    with(&mut AtTerminal(term), plan, desk)
}

/// Asks what is to become of an unfinished run; `what` says what is known of it.
pub fn ask_unfinished(what: &str, term: &Term) -> anyhow::Result<Unfinished> {
    way_on(&mut AtTerminal(term), what)
}

/// Asks what is to become of a run whose canary is done.
pub fn ask_canary(term: &Term) -> anyhow::Result<Canary> {
    let mut person = AtTerminal(term);
    loop {
        match ask(&mut person, &[&AFTER_CANARY], After::Stop)? {
            After::Accept => return Ok(Canary::Accept),
            After::Stop => return Ok(Canary::Stop),
            After::Amend => {
                if let Some(words) = ask_line(&mut person, "What else shall the agents be told?")? {
                    return Ok(Canary::Amend(words));
                }
            }
        }
    }
}

/// Asks whether a run that stopped by itself is to go on; `what` says why it did.
pub fn ask_go_on(what: &str, term: &Term) -> anyhow::Result<bool> {
    let mut person = AtTerminal(term);
    person.show(&format!("{what}\n"))?;
    ask(&mut person, &[&GOING_ON], false)
}

fn way_on(person: &mut impl Person, what: &str) -> anyhow::Result<Unfinished> {
    person.show(&format!("{what}\n"))?;
    ask(person, &[&WAYS_ON], Unfinished::Quit)
}

fn with(person: &mut impl Person, mut plan: Plan, desk: &Desk<'_>) -> anyhow::Result<Decision> {
    let mut base = Rc::new((desk.know)(&plan)?);
    let mut before: Vec<(Plan, Rc<BaseFiles>)> = Vec::new();
    loop {
        let shown = table(&plan, &(desk.course)(&plan), person.width());
        person.show(&format!("{shown}\n"))?;
        let (changed, its_base) = loop {
            // There is nothing to undo before there was a change.
            let known = CHANGES.len() - usize::from(before.is_empty());
            match ask(person, &[&CHANGES[..known], &ANSWERS], Answer::Quit)? {
                Answer::Approve => return Ok(Decision::Approved(plan)),
                Answer::Quit => return Ok(Decision::Quit(plan)),
                Answer::Details => {
                    let details = details(&plan, &base, &(desk.course)(&plan));
                    person.show(&format!("\n{details}\n"))?;
                }
                Answer::Change(change) => {
                    let changed = change::change(change, &plan, &base, person)?;
                    match (changed, desk.again) {
                        (None, _) => {}
                        (Some(changed), Some(again)) if changed.instruction != plan.instruction => {
                            if let Some(found) = proposed_anew(changed, &base, person, again)? {
                                break found;
                            }
                        }
                        (Some(changed), _) => break (changed, Rc::clone(&base)),
                    }
                }
                Answer::Undo => {
                    if let Some(last) = before.pop() {
                        (plan, base) = last;
                    }
                    break (plan.clone(), Rc::clone(&base));
                }
                Answer::Edit => match edit::edit(&plan, person, desk.reload)? {
                    Edited::Plan(edited) => {
                        let known = (desk.know)(&edited)?;
                        break (*edited, Rc::new(known));
                    }
                    Edited::Same => break (plan.clone(), Rc::clone(&base)),
                    Edited::Quit => return Ok(Decision::Quit(plan)),
                },
            }
        };
        person.show("\n")?;
        if changed != plan {
            before.push((
                std::mem::replace(&mut plan, changed),
                std::mem::replace(&mut base, its_base),
            ));
        }
    }
}

/// The plan with its other instruction, and with other units if the person wants them; nothing where it is to stay as it
/// was.
fn proposed_anew(
    amended: Plan,
    base: &Rc<BaseFiles>,
    person: &mut impl Person,
    again: Again<'_>,
) -> anyhow::Result<Option<(Plan, Rc<BaseFiles>)>> {
    person.show("The units were proposed for the instruction as it was.\n")?;
    match ask(person, &[&FOR_ANOTHER], Proposed::Undo)? {
        Proposed::Undo => Ok(None),
        Proposed::Keep => Ok(Some((amended, Rc::clone(base)))),
        Proposed::Ask => match again(&amended) {
            Ok(found) => Ok(found.map(|(plan, base)| (plan, Rc::new(base)))),
            // What was changed before must not be lost for that.
            Err(error) => {
                let fault = words::chain(error.as_ref());
                person.show(&format!("{} {}\n\n", style("✗").red(), words::line(&fault)))?;
                Ok(None)
            }
        },
    }
}

#[cfg(test)]
mod tests;
