//! The words about what the gate on content found in a unit's work.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use crate::check::Finding;
use crate::config::{Allow, FindingGroup, FindingKind};
use crate::words::line;

/// A message lists at most so many findings.
const SHOWN: usize = 20;

/// How the reason begins where work is not done with care.
const CARELESS: &str = "its content is not done with care";

/// Why work is stopped for its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    Damaged,
    /// A person has to look at it before it is published.
    Sensitive,
    /// A coding agent is told of it.
    Careless,
    /// The agent was told, or has no attempt left.
    StillCareless,
    /// The checks may prove less than before.
    LostTests,
}

/// Writes why the work is stopped, and what to do: `command` goes on with it. The first line is alike for units that
/// fail alike.
pub(crate) fn reason(findings: &[Finding], hold: Hold, command: &str) -> String {
    let kinds: BTreeSet<FindingKind> = findings.iter().map(|it| it.kind).collect();
    let names: Vec<String> = kinds.iter().map(ToString::to_string).collect();
    let allow = match (&names[..], hold) {
        ([one], _) => one.clone(),
        (_, Hold::Damaged) => FindingGroup::Damage.to_string(),
        (_, Hold::Sensitive) => FindingGroup::Sensitive.to_string(),
        (_, Hold::Careless | Hold::StillCareless) => FindingGroup::Careless.to_string(),
        (_, Hold::LostTests) => FindingGroup::Tests.to_string(),
    };
    let begin = match hold {
        Hold::Damaged => "its content looks damaged",
        Hold::Sensitive => "a person has to look at its content before it is published",
        Hold::Careless | Hold::StillCareless => CARELESS,
        Hold::LostTests => "its checks may prove less than before",
    };
    let place = findings.first().map_or("", |it| it.path.as_str());
    let mut words = format!("{begin} ({}):", names.join(", "));
    list(&mut words, findings);
    let flags = match hold {
        Hold::LostTests => "--tests-may-shrink".to_owned(),
        _ => format!("--allow {allow}, or --allow '{}'", Allow::path(place)),
    };
    let _ = write!(words, "\nif it is as it should be: {command} {flags}");
    words
}

/// Checks whether an agent was told for this reason that its work was not done with care.
pub(crate) fn is_of_carelessness(reason: &str) -> bool {
    reason.starts_with(CARELESS)
}

/// Writes the feedback for the agent.
pub(crate) fn feedback(findings: &[Finding], hold: Hold) -> String {
    let (begin, end) = match hold {
        Hold::Damaged => (
            "Your work cannot be taken, because files look damaged:\n",
            "Mend these files: each must hold all of its content, with your change and nothing else changed. Write no \
             words in place of code. Leave the rest of your work as it is.\n",
        ),
        Hold::Sensitive => (
            "Your work cannot be published as it is, because of these places:\n",
            "Take secrets out, and have the code read them from where this project keeps its secrets. Undo what the \
             task does not need: executable files, links, large files, and lock files that no manifest asks for. Leave \
             the rest of your work as it is.\n",
        ),
        Hold::Careless | Hold::StillCareless => (
            "Your work is looked at once more before it is taken, because of these places:\n",
            "Correct what is not as it should be: finish what is open, take out output for finding faults, mend the \
             cause of a warning instead of switching it off, use packages that the project declares, and keep files \
             and names that others use. Where a place is right as it is, leave it. Leave the rest of your work as it \
             is.\n",
        ),
        Hold::LostTests => (
            "Your work cannot be taken as it is, because the checks may prove less with it than without it:\n",
            "Every test that ran before must still run: put back tests that you removed, skip none, and put back the \
             scripts and settings of the checks. Where a test fails with your change, mend the code, or change the \
             test so that it tests the changed code. Leave the rest of your work as it is.\n",
        ),
    };
    let mut words = String::from(begin);
    list(&mut words, findings);
    words.push_str("\n\n");
    words.push_str(end);
    words
}

fn list(words: &mut String, findings: &[Finding]) {
    for finding in findings.iter().take(SHOWN) {
        let (place, said) = (line(&finding.place()), line(&finding.said));
        let _ = write!(words, "\n  {place}: {said}");
    }
    if let Some(more @ 1..) = findings.len().checked_sub(SHOWN) {
        let _ = write!(words, "\n  and {more} more");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(kind: FindingKind, path: &str) -> Finding {
        Finding {
            kind,
            path: path.to_owned(),
            line: None,
            said: "it is bad".to_owned(),
        }
    }

    #[test]
    fn a_reason_names_the_places_and_what_would_allow_them() {
        let run = "batch resume r";
        let one = [finding(FindingKind::Shrunk, "a's.js")];
        assert_eq!(
            reason(&one, Hold::Damaged, run),
            "its content looks damaged (shrunk):\n  a's.js: it is bad\nif it is as it \
             should be: batch resume r --allow shrunk, or --allow 'a?s.js'"
        );
        let two = [
            finding(FindingKind::Shrunk, "a.js"),
            finding(FindingKind::Emptied, "b.js"),
        ];
        let words = reason(&two, Hold::Damaged, run);
        assert!(words.contains("(emptied, shrunk)") && words.contains("--allow damage,"));
        assert!(!is_of_carelessness(&words));
        let careless = [finding(FindingKind::Debug, "a.js")];
        let words = reason(&careless, Hold::Careless, run);
        assert!(is_of_carelessness(&words) && words.contains("--allow debug,"));
    }

    #[test]
    fn a_long_list_is_cut() {
        let many: Vec<Finding> = (0..25)
            .map(|n| finding(FindingKind::Emptied, &format!("p{n}")))
            .collect();
        let words = feedback(&many, Hold::Damaged);
        assert!(words.contains("p19") && !words.contains("p20"), "{words}");
        assert!(words.contains("and 5 more"), "{words}");
    }
}
