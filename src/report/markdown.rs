//! A run as a page in GitHub's Markdown, to keep, to mail or to paste into an issue.
//!
//! Nothing from outside is Markdown here: it is escaped, or it stands in a fence that it cannot close.

use super::comparison;
use super::likeness::{self, Likeness};
use super::next_step::next_steps;
use super::shared_file::shared_files;
use super::totals;
use super::union::{UnionWords, union};
use super::view::{self, Failure, GitFolderChanges};
use crate::run::{Liveness, PullRequestLink, RunState};
use crate::words;

/// The run as a page, ending in a line break.
#[must_use]
pub fn render(state: &RunState, liveness: Liveness, now: i64) -> String {
    let moment = view::moment(state, liveness, now);
    let mut sections = vec![
        format!("# batch run {}", state.id),
        quoted(&state.header.instruction),
        origin(state, liveness),
        format!("**{}**", totals::closing(state, liveness, moment)),
        table(state, moment),
    ];
    let failures: Vec<String> = view::failures(state)
        .map(|failure| failed(&failure))
        .collect();
    if !failures.is_empty() {
        sections.push("## Failures".to_owned());
        sections.extend(alike(&likeness::failures(state)));
        sections.extend(failures);
    }
    sections.extend(view::tracking(state).map(|line| words::markdown(&line)));
    sections.extend(view::user_files_changed(state).map(|line| words::markdown(&line)));
    sections.extend(view::git_folder_changes(state).map(|it| git_folder_changes(&it)));
    let notes = view::notes(state);
    if !notes.is_empty() {
        let lines: Vec<String> = notes
            .iter()
            .map(|(note, numbers)| format!("- {numbers}: {}", words::markdown(note)))
            .collect();
        sections.push(format!("## Pull requests\n\n{}", lines.join("\n")));
    }
    sections.extend(union(state).map(|it| together(&it)));
    sections.extend(others(state, now));
    sections.extend(
        alike(&likeness::helpers(state)).map(|lines| format!("## The same helpers\n\n{lines}")),
    );
    sections.extend(next(state, liveness));
    sections.join("\n\n") + "\n"
}

/// The commands that go on, each with its units.
fn next(state: &RunState, liveness: Liveness) -> Option<String> {
    let steps = next_steps(state, liveness);
    let lines: Vec<String> = steps
        .iter()
        .map(|step| {
            format!(
                "- {}: {}",
                words::code(&step.command),
                words::markdown(&step.purpose())
            )
        })
        .collect();
    (!lines.is_empty()).then(|| format!("## Next\n\n{}", lines.join("\n")))
}

/// What several units have in common, each with the command that does all of them again.
fn alike(found: &[Likeness]) -> Option<String> {
    let lines: Vec<String> = found
        .iter()
        .map(|it| match &it.command {
            Some(command) => format!("- {}: {}", words::markdown(&it.said), words::code(command)),
            None => format!("- {}", words::markdown(&it.said)),
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What the check of all units together said.
fn together(union: &UnionWords) -> String {
    let mut parts = vec![format!(
        "## Tested together\n\n{}",
        words::markdown(&union.said)
    )];
    for culprit in &union.culprits {
        parts.push(words::markdown(&culprit.said));
        parts.push(words::fence("text", &words::block(&culprit.reason)));
        let tail = words::block(culprit.tail.as_deref().unwrap_or_default());
        if !tail.is_empty() {
            parts.push(words::fence("text", &tail));
        }
        let places = culprit.places.iter();
        let places: Vec<String> = places
            .map(|place| format!("- {}", words::markdown(place)))
            .collect();
        parts.push(places.join("\n"));
    }
    parts.join("\n\n")
}

/// The changes in the user's git folder, each with the command that undoes it.
fn git_folder_changes(found: &GitFolderChanges<'_>) -> String {
    let changes = found.changes.iter().map(|change| {
        let what = words::markdown(&change.what);
        match &change.undo {
            Some(undo) => {
                let undo = words::line(undo);
                let ticks = words::backticks(&undo, 1);
                format!("- {what}; undo: {ticks} {undo} {ticks}")
            }
            None => format!("- {what}"),
        }
    });
    let changes: Vec<String> = changes.collect();
    let closing: Vec<String> = found
        .closing
        .iter()
        .map(|said| words::markdown(said))
        .collect();
    format!(
        "{}\n\n{}\n\n{}",
        words::markdown(found.heading),
        changes.join("\n"),
        closing.join(" ")
    )
}

fn quoted(text: &str) -> String {
    words::block(text)
        .lines()
        .map(|line| format!("> {}", words::markdown(line)))
        .collect::<Vec<_>>()
        .join("\n")
}

fn origin(state: &RunState, liveness: Liveness) -> String {
    let header = &state.header;
    let mut lines = vec![
        format!(
            "- base: {} ({})",
            words::markdown(header.base.as_str()),
            words::markdown(&header.base_name)
        ),
        format!("- agent: {}", words::markdown(header.agent.as_str())),
        format!("- forge: {}", words::markdown(&header.forge)),
    ];
    if let Some(remote) = &header.remote {
        lines.push(format!("- remote: {}", words::markdown(remote)));
    }
    if let Some(sandbox) = &header.sandbox {
        lines.push(format!("- sandbox: {}", words::markdown(&sandbox.words())));
    }
    lines.push(format!("- started: {}", words::timestamp(state.started_at)));
    lines.push(match (liveness, state.ended_at) {
        (Liveness::Died, _) => "- interrupted: its process is gone".to_owned(),
        (_, Some(at)) => format!("- ended: {}", words::timestamp(at)),
        (_, None) => "- not yet ended".to_owned(),
    });
    lines.join("\n")
}

fn table(state: &RunState, now: i64) -> String {
    let is_told = view::tells_usage(state);
    let has_agents = view::has_agents(state);
    let (agent, mark) = if has_agents {
        (" agent |", "---|")
    } else {
        ("", "")
    };
    let (titles, marks) = if is_told {
        (" tokens | cost |", "--:|--:|")
    } else {
        ("", "")
    };
    let mut lines = vec![
        format!("| unit | title | outcome | PR | checks | time |{agent}{titles}"),
        format!("|---|---|---|---|---|--:|{mark}{marks}"),
    ];
    lines.extend(state.units.iter().map(|unit| {
        let spent = unit.spent();
        let spent = spent.as_ref();
        let used = if is_told {
            format!(" {} | {} |", view::tokens(spent), view::cost(spent))
        } else {
            String::new()
        };
        let agent = if has_agents {
            format!(" {} |", words::markdown(state.agent_of(unit).as_str()))
        } else {
            String::new()
        };
        format!(
            "| `{}` | {} | {} | {} | {} | {} |{agent}{used}",
            unit.header.id,
            words::markdown(&unit.header.title),
            view::outcome_and_files(unit),
            unit.publication
                .pull_request
                .as_ref()
                .map_or_else(|| "–".to_owned(), link),
            view::checks(unit),
            view::time(unit, now),
        )
    }));
    lines.join("\n")
}

/// Only an address on the web becomes a link; the path of a local page would lead nowhere from elsewhere.
fn link(pull_request: &PullRequestLink) -> String {
    let number = pull_request.number;
    match url::Url::parse(&pull_request.url) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => {
            let target = url.as_str().replace('|', "%7C").replace('`', "%60");
            format!("[#{number}](<{target}>)")
        }
        _ => format!("#{number} ({})", words::markdown(&pull_request.url)),
    }
}

pub(super) fn failed(failure: &Failure<'_>) -> String {
    let id = &failure.unit.header.id;
    let mut parts = vec![format!("### `{id}` failed at {}", view::failed_at(failure))];
    let reason = words::block(failure.reason);
    parts.push(if reason.contains('\n') {
        words::fence("text", &reason)
    } else {
        format!("Reason: {}", words::markdown(&reason))
    });
    let tail = words::block(failure.tail.unwrap_or_default());
    if !tail.is_empty() {
        parts.push(words::fence("text", &tail));
    }
    let mut places = Vec::new();
    if let Some(log) = failure.log {
        places.push(format!(
            "- log: `batch logs {id}` ({})",
            words::markdown(&view::path(log))
        ));
    }
    if let Some(worktree) = &failure.unit.attempt.worktree {
        places.push(format!(
            "- changes: `batch diff {id}` ({})",
            words::markdown(&view::path(worktree))
        ));
    }
    if !places.is_empty() {
        parts.push(places.join("\n"));
    }
    parts.join("\n\n")
}

fn others(state: &RunState, now: i64) -> Option<String> {
    let mut lines: Vec<String> = view::unchanged(state)
        .into_iter()
        .map(|(unit, reason)| format!("- `{unit}` needed no change: {}", words::markdown(reason)))
        .collect();
    lines.extend(
        view::candidates(state)
            .into_iter()
            .map(|(unit, said)| format!("- `{unit}`: {}", words::markdown(&said))),
    );
    lines.extend(
        view::beyond_claims(state)
            .into_iter()
            .map(|(unit, said)| format!("- `{unit}` {}", words::markdown(&said))),
    );
    lines.extend(
        view::remarks(state)
            .into_iter()
            .map(|(unit, said)| format!("- `{unit}` {}", words::markdown(&said))),
    );
    lines.extend(
        view::told_of_content(state)
            .into_iter()
            .map(|(unit, said)| format!("- `{unit}`: {}", words::markdown(&said))),
    );
    let tidied = view::tidied(state).into_iter();
    lines.extend(tidied.map(|said| format!("- {}", words::markdown(&said))));
    lines.extend(view::restored_forms(state).map(|said| format!("- {}", words::markdown(&said))));
    lines.extend(view::leftovers(state).map(|said| format!("- {}", words::markdown(&said))));
    lines.extend(view::left_to_others(state).map(|said| format!("- {}", words::markdown(&said))));
    let made = view::regenerated(state).into_iter();
    lines.extend(made.map(|said| format!("- {}", words::markdown(&said))));
    lines.extend(
        view::doubts(state)
            .into_iter()
            .map(|(unit, said)| format!("- `{unit}`: {}", words::markdown(said))),
    );
    lines.extend(
        comparison::remarks(state, now)
            .into_iter()
            .map(|(unit, said)| format!("- `{unit}` {}", words::markdown(&said))),
    );
    lines.extend(
        view::unverified(state)
            .iter()
            .map(|(said, why)| format!("- {}: {}", words::markdown(said), words::markdown(why))),
    );
    lines.extend(
        view::changed_by_checks(state)
            .iter()
            .map(|(said, name)| format!("- {}: {}", words::code(name), words::markdown(said))),
    );
    lines.extend(
        shared_files(state)
            .iter()
            .map(|said| format!("- {}", words::markdown(said))),
    );
    lines.extend(
        view::blemishes(state)
            .into_iter()
            .map(|(unit, check, words)| {
                format!(
                    "- `{unit}`: {} {}",
                    words::markdown(check),
                    words::markdown(&words)
                )
            }),
    );
    lines.extend(
        view::blocked(state)
            .into_iter()
            .map(|(unit, by)| format!("- `{unit}` is blocked: it needs `{by}`")),
    );
    lines.extend(view::skipped(state).into_iter().map(|(unit, by)| {
        format!(
            "- `{unit}` was skipped on request (batch skip, {})",
            words::markdown(by)
        )
    }));
    for (why, units) in view::left_out(state) {
        let why = words::markdown(&why.to_string());
        lines.extend(
            units
                .iter()
                .map(|unit| format!("- `{unit}` was skipped, because {why}")),
        );
    }
    for (why, units) in view::withheld(state) {
        lines.extend(
            units
                .iter()
                .map(|unit| format!("- `{unit}` was withheld, because {why}")),
        );
    }
    lines.extend(
        view::stopped(state)
            .into_iter()
            .map(|unit| format!("- `{unit}` was stopped before the end")),
    );
    (!lines.is_empty()).then(|| format!("## Other units\n\n{}", lines.join("\n")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::sample::{self, SampleRun};

    #[test]
    fn a_mixed_run() {
        insta::assert_snapshot!(render(&sample::mixed(), Liveness::Ended, 0));
    }

    #[test]
    fn a_tail_cannot_close_its_fence() {
        assert_eq!(
            words::fence("text", "a\n````\nb"),
            "`````text\na\n````\nb\n`````"
        );
    }

    #[test]
    fn only_addresses_on_the_web_become_links() {
        let page = |url: &str| {
            let state = SampleRun::of(["a"])
                .published_as("a", 0, 1, 3, url)
                .ended(2);
            render(&state, Liveness::Ended, 0)
        };
        assert!(
            page("https://github.com/a/b/pull/3").contains("[#3](<https://github.com/a/b/pull/3>)")
        );
        assert!(page("/shop/.git/batch/pr-3.md").contains("#3 (/shop/.git/batch/pr-3.md)"));
        assert!(!page("javascript:alert(1)").contains("]("));
    }

    proptest! {
        #[test]
        fn text_from_outside_never_breaks_the_page(text in sample::outside_text()) {
            let page = render(&sample::telling(&text), Liveness::Ended, 0);
            let rows: Vec<&str> = page.lines().skip_while(|line| !line.starts_with("| unit |")).take(5).collect();
            prop_assert_eq!(rows.len(), 5);
            for row in rows {
                prop_assert_eq!(row.matches('|').count(), 7, "{}", row);
            }
            prop_assert!(!page.chars().any(|c| c.is_control() && c != '\n'));
            // Whatever the text is, the page's own last heading is still outside of every fence.
            prop_assert!(page.contains("\n\n## Other units\n\n- `c` needed no change: "));
        }
    }
}
