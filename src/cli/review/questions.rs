//! Questions about a run that needs a decision: an unfinished run of the same plan, a canary, equal failures.

use console::Term;

use super::ask::{Choice, ask, ask_line};
use super::terminal::{AtTerminal, Person};
use crate::config::CodingKind;

/// The decision about an unfinished run of the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Unfinished {
    Resume,
    NewRun,
    Quit,
}

const UNFINISHED: [Choice<Unfinished>; 3] = [
    Choice::new("[r]esume it", Unfinished::Resume),
    Choice::new("[n]ew run", Unfinished::NewRun),
    Choice::new("[q]uit", Unfinished::Quit),
];

/// The decision about a run whose canary is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) enum CanaryAnswer {
    Accept,
    /// Starts the canary again; every agent gets these words as well.
    Amend(String),
    Stop,
}

#[derive(Clone, Copy)]
enum AfterCanary {
    Accept,
    Amend,
    Stop,
}

const AFTER_CANARY: [Choice<AfterCanary>; 3] = [
    Choice::new("[g]o on with the others", AfterCanary::Accept),
    Choice::new("[a]mend the instruction", AfterCanary::Amend),
    Choice::new("[s]top", AfterCanary::Stop),
];

const AFTER_FAILURES: [Choice<bool>; 2] = [
    Choice::new("[g]o on anyway", true),
    Choice::new("[s]top", false),
];

/// Asks what to do about an unfinished run; `what` describes it.
pub(in crate::cli) fn ask_unfinished(what: &str, term: &Term) -> anyhow::Result<Unfinished> {
    unfinished(&mut AtTerminal(term), what)
}

pub(super) fn unfinished(person: &mut impl Person, what: &str) -> anyhow::Result<Unfinished> {
    person.show(&format!("{what}\n"))?;
    ask(person, &[&UNFINISHED], Unfinished::Quit)
}

/// Asks what to do about a run whose canary is done.
pub(in crate::cli) fn ask_canary(term: &Term) -> anyhow::Result<CanaryAnswer> {
    let mut person = AtTerminal(term);
    loop {
        match ask(&mut person, &[&AFTER_CANARY], AfterCanary::Stop)? {
            AfterCanary::Accept => return Ok(CanaryAnswer::Accept),
            AfterCanary::Stop => return Ok(CanaryAnswer::Stop),
            AfterCanary::Amend => {
                if let Some(words) = ask_line(&mut person, "What else should the agents be told?")?
                {
                    return Ok(CanaryAnswer::Amend(words));
                }
            }
        }
    }
}

/// Asks which of several coding agents works; `None` where the person leaves.
pub(in crate::cli) fn ask_agent(
    kinds: &[CodingKind],
    term: &Term,
) -> anyhow::Result<Option<CodingKind>> {
    let mut person = AtTerminal(term);
    person.show("Several coding agents are installed and logged in. Which one works for you?\n")?;
    let choices: Vec<Choice<Option<CodingKind>>> = kinds
        .iter()
        .map(|&kind| Choice::new(word_of(kind), Some(kind)))
        .collect();
    let quit = [Choice::new("[q]uit", None)];
    ask(&mut person, &[&choices, &quit], None)
}

fn word_of(kind: CodingKind) -> &'static str {
    match kind {
        CodingKind::Claude => "[c]laude",
        CodingKind::Codex => "code[x]",
        CodingKind::Gemini => "[g]emini",
        CodingKind::Opencode => "[o]pencode",
        CodingKind::Aider => "[a]ider",
        CodingKind::Copilot => "cop[i]lot",
    }
}

const APPROVAL: [Choice<bool>; 2] = [
    Choice::new("[a]pprove it", true),
    Choice::new("[q]uit", false),
];

/// Asks whether a person approves what a repository decides; `what` shows it.
pub(in crate::cli) fn ask_approval(what: &str, term: &Term) -> anyhow::Result<bool> {
    let mut person = AtTerminal(term);
    person.show(&format!("{what}\n"))?;
    ask(&mut person, &[&APPROVAL], false)
}

/// Asks whether a run that stopped by itself goes on; `what` says why it stopped.
pub(in crate::cli) fn ask_go_on(what: &str, term: &Term) -> anyhow::Result<bool> {
    let mut person = AtTerminal(term);
    person.show(&format!("{what}\n"))?;
    ask(&mut person, &[&AFTER_FAILURES], false)
}
