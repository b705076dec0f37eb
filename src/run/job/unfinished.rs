//! Whether the work of a coding agent is finished: by its own last line, by its own list of tasks, and by what is known
//! of its work. A pure function, with the words for the agent and for people.
//!
//! An agent that knows how to say that it is done, and says something else, has not finished. What an agent does not
//! say is not held against it, except where it changed nothing: then somebody has to say why.

use std::fmt::Write as _;

use crate::agent::{Activity, Closing, LAST_LINE, closing};
use crate::run::log::unit_fact::OldUsesLeft;
use crate::words;

/// The agent is told at most so many of its untouched files, and people are told so many open items.
const FILES_TOLD: usize = 20;
const ITEMS_SHOWN: usize = 3;

/// The work of an agent at the end of a turn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TurnWork<'a> {
    pub(crate) answer: Option<&'a str>,
    pub(crate) activity: &'a Activity,
    /// How many files the unit claims.
    pub(crate) claimed: usize,
    /// The claimed files that are as they were.
    pub(crate) untouched: &'a [&'a str],
    /// Whether anything changed.
    pub(crate) has_changes: bool,
    /// The uses that the plan wants gone and that are left, where the plan names them.
    pub(crate) old_uses: Option<&'a OldUsesLeft>,
}

/// Why the work is not finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    /// The reason for people, the same for units that fail alike.
    pub(crate) reason: String,
    /// The words for the agent.
    pub(crate) feedback: String,
}

/// What is wrong with the end of the turn, for people and for the agent.
type Fault = (String, String);

/// Returns why the work is not finished, where anything says so.
pub(crate) fn unfinished(work: TurnWork<'_>) -> Option<Unfinished> {
    let (cause, told) = if work.has_changes {
        stopped_early(work)?
    } else {
        nothing_done(work)?
    };
    let changed = work.claimed.saturating_sub(work.untouched.len());
    let reason = if work.has_changes && work.claimed > 0 {
        let claimed = words::count(work.claimed, "file");
        format!("{cause}, after it had changed {changed} of {claimed}")
    } else {
        cause
    };
    Some(Unfinished {
        reason,
        feedback: feedback(&told, work),
    })
}

/// Returns what tells the agent about the old uses that it left, where it left any.
pub(crate) fn old_uses_left(work: TurnWork<'_>) -> Option<Unfinished> {
    let uses = work.old_uses.filter(|uses| uses.left > 0)?;
    Some(Unfinished {
        reason: format!("{} left in the unit's files", old_uses(uses.left)),
        feedback: feedback("The change is not complete yet.", work),
    })
}

/// Finds out whether an agent that changed something stopped before the end.
fn stopped_early(work: TurnWork<'_>) -> Option<Fault> {
    let closing = work.answer.map_or(Closing::Unsaid, closing);
    let go_on = "You stopped before your part was done. Nobody can answer questions, and nobody tells you to go on: do \
                 the rest of your part now.";
    let told = |cause: &str| Some((cause.to_owned(), go_on.to_owned()));
    match closing {
        Closing::Partial("") => told("the agent says that its work is not finished"),
        Closing::Partial(why) => {
            let why = words::line(why);
            told(&format!(
                "the agent says that its work is not finished ({why})"
            ))
        }
        Closing::Asks(_) => told("the agent ended with a question, which nobody answers"),
        Closing::Announces(_) => told("the agent announced what comes next, and ended"),
        _ if work.activity.is_paused => told("the model stopped in the middle of the work"),
        _ => open_list(work.activity),
    }
}

fn open_list(activity: &Activity) -> Option<Fault> {
    let items = &activity.open_items;
    if items.is_empty() {
        return None;
    }
    let is = if items.len() == 1 { "is" } else { "are" };
    let count = words::count(items.len(), "item");
    let named = words::few(items.iter().map(|item| words::line(item)), ITEMS_SHOWN);
    let cause = format!("{count} of the agent's own list {is} not done: {named}");
    let mut told = String::from("Your own list has items that are not done:\n\n");
    for item in items {
        let _ = writeln!(told, "- {}", words::line(item));
    }
    told.push_str(
        "\nNobody tells you to go on: do them now. Take what does not need doing off the list.",
    );
    Some((cause, told))
}

/// Finds out whether an agent that changed nothing has a reason that can be believed.
fn nothing_done(work: TurnWork<'_>) -> Option<Fault> {
    let closing = work.answer.map_or(Closing::Unsaid, closing);
    let fault = |cause: &str, told: &str| Some((cause.to_owned(), told.to_owned()));
    if work.activity.all_tools_failed() {
        return fault(
            "the agent changed nothing, and every tool that it used failed",
            "You changed nothing, and every tool that you used failed. Read what the tools say, use them in another \
             way, and do your part.",
        );
    }
    if !matches!(closing, Closing::Nothing(_)) {
        return stopped_early(work)
            .map(|(cause, told)| (format!("{cause}, and it changed nothing"), told))
            .or_else(|| {
                fault(
                    "the agent changed nothing, and did not say why",
                    "You changed no file, and did not say that nothing needs doing. Do your part now; nobody can \
                     answer questions.",
                )
            });
    }
    let uses = work.old_uses.filter(|uses| uses.left > 0)?;
    fault(
        &format!(
            "the agent says that nothing needs doing, but {} left in its files",
            old_uses(uses.left)
        ),
        "You say that nothing needs doing, but your files still hold the old form.",
    )
}

/// Writes the feedback: what is wrong, what is known of the rest, and how to end.
fn feedback(told: &str, work: TurnWork<'_>) -> String {
    let mut text = format!("{told}\n");
    if let Some(uses) = work.old_uses.filter(|uses| uses.left > 0) {
        let _ = writeln!(
            text,
            "\n{} left, in:\n\n{}",
            old_uses(uses.left),
            list(uses.files.iter().map(String::as_str), FILES_TOLD)
        );
    }
    if !work.untouched.is_empty() && work.has_changes {
        let _ = writeln!(
            text,
            "\nThese of your files are as they were. Change those that need the change:\n\n{}",
            list(work.untouched.iter().copied(), FILES_TOLD)
        );
    }
    let _ = writeln!(text, "\n{LAST_LINE}");
    text
}

fn list<'a>(paths: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let all = paths.len();
    let mut lines: Vec<String> = paths
        .take(most)
        .map(|path| format!("- {}", words::line(path)))
        .collect();
    if all > most {
        lines.push(format!("- and {} more", all - most));
    }
    lines.join("\n")
}

/// Says how many old uses are left, for a sentence that goes on with `left`.
fn old_uses(count: usize) -> String {
    let are = if count == 1 { "is" } else { "are" };
    format!("{} {are}", words::count(count, "old use"))
}

#[cfg(test)]
mod tests {
    use super::*;

    static NOTHING: Activity = Activity {
        open_items: Vec::new(),
        tools_ended: 0,
        tools_failed: 0,
        is_paused: false,
    };

    fn changed<'a>(answer: &'a str, activity: &'a Activity) -> TurnWork<'a> {
        TurnWork {
            answer: Some(answer),
            activity,
            claimed: 3,
            untouched: &["b.js", "c.js"],
            has_changes: true,
            old_uses: None,
        }
    }

    fn reason(work: TurnWork<'_>) -> Option<String> {
        unfinished(work).map(|it| it.reason)
    }

    #[test]
    fn an_agent_that_says_less_than_done_gets_the_names_of_its_other_files() {
        let it = unfinished(changed("1 of 3. Should I go on?", &NOTHING)).unwrap();
        insta::assert_snapshot!(format!("{}\n\n{}", it.reason, it.feedback));
        let partial = changed("partial — two are left", &NOTHING);
        assert_eq!(
            reason(partial).as_deref(),
            Some(
                "the agent says that its work is not finished (two are left), after it had changed 1 of 3 files"
            )
        );
        for well in ["Did it.\n\ndone", "Did it; the others need nothing.", "x"] {
            assert_eq!(reason(changed(well, &NOTHING)), None);
        }
    }

    #[test]
    fn an_open_list_and_a_pause_count_though_the_answer_says_done() {
        let open = Activity {
            open_items: vec!["Run the tests".into()],
            ..NOTHING.clone()
        };
        let it = unfinished(changed("done", &open)).unwrap();
        assert!(
            it.reason
                .starts_with("1 item of the agent's own list is not done: Run the tests")
        );
        assert!(it.feedback.contains("- Run the tests\n"));
        let paused = Activity {
            is_paused: true,
            ..NOTHING.clone()
        };
        assert!(reason(changed("x", &paused)).is_some());
    }

    #[test]
    fn who_changes_nothing_says_why() {
        let none = |answer, activity| TurnWork {
            has_changes: false,
            ..changed(answer, activity)
        };
        assert_eq!(reason(none("none — it is new already", &NOTHING)), None);
        for silent in ["done", "I looked at everything.", ""] {
            let said = reason(none(silent, &NOTHING));
            assert_eq!(
                said.as_deref(),
                Some("the agent changed nothing, and did not say why")
            );
        }
        let failed = Activity {
            tools_ended: 2,
            tools_failed: 2,
            ..NOTHING.clone()
        };
        assert!(reason(none("none — I cannot read", &failed)).is_some());
        let uses = OldUsesLeft {
            left: 2,
            files: vec!["a.js".into()],
        };
        let old = TurnWork {
            old_uses: Some(&uses),
            ..none("none — already done", &NOTHING)
        };
        assert_eq!(
            reason(old).as_deref(),
            Some("the agent says that nothing needs doing, but 2 old uses are left in its files")
        );
    }
}
