//! One review of a plan: the person reads it, changes it, and approves it or leaves.

use std::rc::Rc;

use console::{Term, style};

use super::ask::{Choice, ask};
use super::change::{Change, change};
use super::details::details;
use super::edit::{Edited, edit};
use super::summary::SummaryLine;
use super::table::table;
use super::terminal::{AtTerminal, Person};
use crate::plan::{BaseFiles, Plan};
use crate::words;

/// The person's decision, with the plan as it stands after their edits.
#[derive(Debug)]
pub(in crate::cli) enum Decision {
    Approved(Plan),
    Quit(Plan),
}

/// The facts that a review needs about a plan beyond its text. It is a trait, because a test has no repository.
pub(in crate::cli) trait PlanSource {
    /// Says what a run of the plan would do, and which agents would do it.
    fn summary(&mut self, plan: &Plan) -> Vec<SummaryLine>;

    /// Reads an edited plan. The person sees the error, and may correct the text.
    fn read(&mut self, text: &str) -> anyhow::Result<Plan>;

    /// Reads the files that the plan claims.
    fn files(&mut self, plan: &Plan) -> anyhow::Result<BaseFiles>;

    /// Checks whether an agent proposed the plan and can be asked again.
    fn is_proposed(&self, plan: &Plan) -> bool;

    /// Asks the agent for other units, because the instruction has changed. Returns `None` where the agent proposes
    /// none, or the person does not wait for it.
    fn propose_again(&mut self, plan: &Plan) -> anyhow::Result<Option<(Plan, BaseFiles)>>;
}

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

/// The treatment of units that were proposed for another instruction.
#[derive(Clone, Copy)]
enum OldProposal {
    Replace,
    Keep,
    UndoInstruction,
}

const OLD_PROPOSAL: [Choice<OldProposal>; 3] = [
    Choice::new("[a]sk for new ones", OldProposal::Replace),
    Choice::new("[k]eep them", OldProposal::Keep),
    Choice::new(
        "[l]eave the instruction as it was",
        OldProposal::UndoInstruction,
    ),
];

/// The plan at one moment of the review, with the files of the base that it is about.
#[derive(Clone)]
struct Version {
    plan: Plan,
    files: Rc<BaseFiles>,
}

/// The step after an answer.
enum Next {
    AskAgain,
    ShowPlan,
    Quit,
}

/// Shows the plan and lets the person look closer, change it, approve it or leave.
pub(in crate::cli) fn review(
    plan: Plan,
    term: &Term,
    source: &mut impl PlanSource,
) -> anyhow::Result<Decision> {
    ReviewSession::new(plan, &mut AtTerminal(term), source)?.decide()
}

/// A review in progress: the present plan, and the plan before each edit.
pub(super) struct ReviewSession<'a, P, S> {
    now: Version,
    earlier: Vec<Version>,
    person: &'a mut P,
    source: &'a mut S,
    /// Whether an agent proposed the plan.
    is_proposed: bool,
}

impl<'a, P: Person, S: PlanSource> ReviewSession<'a, P, S> {
    pub(super) fn new(plan: Plan, person: &'a mut P, source: &'a mut S) -> anyhow::Result<Self> {
        let files = Rc::new(source.files(&plan)?);
        Ok(Self {
            is_proposed: source.is_proposed(&plan),
            now: Version { plan, files },
            earlier: Vec::new(),
            person,
            source,
        })
    }

    /// Asks until the person approves the plan or leaves.
    pub(super) fn decide(mut self) -> anyhow::Result<Decision> {
        self.show_plan()?;
        loop {
            let next = match self.ask()? {
                Answer::Approve => return Ok(Decision::Approved(self.now.plan)),
                Answer::Quit => Next::Quit,
                Answer::Details => self.show_details()?,
                Answer::Change(change) => self.change(change)?,
                Answer::Undo => self.undo(),
                Answer::Edit => self.edit()?,
            };
            match next {
                Next::AskAgain => {}
                Next::ShowPlan => {
                    self.person.show("\n")?;
                    self.show_plan()?;
                }
                Next::Quit => return Ok(Decision::Quit(self.now.plan)),
            }
        }
    }

    fn show_plan(&mut self) -> anyhow::Result<()> {
        let plan = &self.now.plan;
        let shown = table(plan, &self.source.summary(plan), self.person.width());
        Ok(self.person.show(&format!("{shown}\n"))?)
    }

    fn ask(&mut self) -> anyhow::Result<Answer> {
        // Without an earlier version there is nothing to undo.
        let known = CHANGES.len() - usize::from(self.earlier.is_empty());
        ask(self.person, &[&CHANGES[..known], &ANSWERS], Answer::Quit)
    }

    fn show_details(&mut self) -> anyhow::Result<Next> {
        let Version { plan, files } = &self.now;
        let details = details(plan, files, &self.source.summary(plan));
        self.person.show(&format!("\n{details}\n"))?;
        Ok(Next::AskAgain)
    }

    fn change(&mut self, wanted: Change) -> anyhow::Result<Next> {
        let Version { plan, files } = &self.now;
        let Some(changed) = change(wanted, plan, files, self.person)? else {
            return Ok(Next::AskAgain);
        };
        let is_amended = changed.instruction != plan.instruction;
        let version = if is_amended && self.is_proposed {
            self.amended(changed)?
        } else {
            let files = Rc::clone(files);
            Some(Version {
                plan: changed,
                files,
            })
        };
        Ok(match version {
            Some(version) => self.replace(version),
            None => Next::AskAgain,
        })
    }

    fn undo(&mut self) -> Next {
        if let Some(last) = self.earlier.pop() {
            self.now = last;
        }
        Next::ShowPlan
    }

    fn edit(&mut self) -> anyhow::Result<Next> {
        let mut read = |text: &str| self.source.read(text);
        Ok(match edit(&self.now.plan, self.person, &mut read)? {
            Edited::Plan(plan) => {
                let files = Rc::new(self.source.files(&plan)?);
                self.replace(Version { plan: *plan, files })
            }
            Edited::Same => Next::ShowPlan,
            Edited::Quit => Next::Quit,
        })
    }

    /// Makes this version the present one.
    fn replace(&mut self, version: Version) -> Next {
        if version.plan != self.now.plan {
            let last = std::mem::replace(&mut self.now, version);
            self.earlier.push(last);
        }
        Next::ShowPlan
    }

    /// Returns the plan with its new instruction, and with new units if the person wants them; `None` where the plan
    /// stays as it was.
    fn amended(&mut self, plan: Plan) -> anyhow::Result<Option<Version>> {
        self.person
            .show("The units were proposed for the old instruction.\n")?;
        match ask(self.person, &[&OLD_PROPOSAL], OldProposal::UndoInstruction)? {
            OldProposal::UndoInstruction => Ok(None),
            OldProposal::Keep => Ok(Some(Version {
                plan,
                files: Rc::clone(&self.now.files),
            })),
            OldProposal::Replace => match self.source.propose_again(&plan) {
                Ok(found) => Ok(found.map(|(plan, files)| Version {
                    plan,
                    files: Rc::new(files),
                })),
                // The error must not cost the earlier edits.
                Err(error) => {
                    let fault = words::line(&words::chain(error.as_ref()));
                    let cross = style("✗").red();
                    self.person.show(&format!("{cross} {fault}\n\n"))?;
                    Ok(None)
                }
            },
        }
    }
}
