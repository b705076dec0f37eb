//! A run for people at a terminal, or at the other end of a pipe: the table, what failed and where to look, and one
//! closing line.

use std::path::Path;

use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Table, TableStyle, Width};
use console::{Style, StyledObject, style};

use super::comparison;
use super::likeness::{self, Likeness};
use super::next_step::next_steps;
use super::shared_file::shared_files;
use super::totals;
use super::union::{UnionWords, union};
use super::view::{self, Failure, GitFolderChanges};
use crate::plan::UnitId;
use crate::run::{Liveness, Outcome, Phase, RunState, Stop, UnitState};
use crate::words;

/// At most this many lines of a log are shown; `batch logs` shows all.
const TAIL_LINES: usize = 20;

/// More stopped units than these are only counted: the table has their names.
const NAMED: usize = 6;

/// A narrower column of names could not be read; a terminal that has no room for it breaks the lines itself.
const NAME_WIDTH: u16 = 16;

/// The run as text, ending in a line break. `width` is the terminal's, or `None` on a pipe, where nothing is cut.
/// Colours follow the `console` crate's setting for standard output.
#[must_use]
pub fn render(state: &RunState, liveness: Liveness, width: Option<u16>, now: i64) -> String {
    let moment = view::moment(state, liveness, now);
    let mut sections = vec![heading(state, liveness, moment, now, width)];
    sections.extend(units(state, width, moment));
    sections.extend(alike(&likeness::failures(state), &style("✗").red()));
    sections.extend(view::failures(state).map(|failure| failed(&failure)));
    sections.extend(union(state).map(|it| together(&it)));
    sections.extend(others(state, now));
    sections.extend(alike(&likeness::helpers(state), &style("~").yellow()));
    sections.extend(next(state, liveness));
    sections.extend(view::tracking(state));
    sections.extend(
        view::user_files_changed(state).map(|said| format!("{} {said}", style("!").yellow())),
    );
    sections.extend(view::git_folder_changes(state).map(|it| git_folder_changes(&it)));
    sections.extend(
        state
            .header
            .sandbox
            .as_ref()
            .map(|it| format!("sandbox: {}", it.words())),
    );
    sections.push(
        style(totals::closing(state, liveness, moment))
            .bold()
            .to_string(),
    );
    sections.join("\n\n") + "\n"
}

fn heading(
    state: &RunState,
    liveness: Liveness,
    moment: i64,
    now: i64,
    width: Option<u16>,
) -> String {
    let ago = |at: i64| words::whole_seconds(u64::try_from(now.saturating_sub(at)).unwrap_or(0));
    let standing = match (liveness, state.stop) {
        (Liveness::Going, None) => format!("going for {}", ago(state.started_at)),
        (Liveness::Going, Some(Stop::Drain)) => "stopping: no further unit is started".to_owned(),
        (Liveness::Going, Some(Stop::Now)) => {
            "stopping: running units are being stopped".to_owned()
        }
        (Liveness::Ended, None) => "ended".to_owned(),
        (Liveness::Ended, Some(_)) => "stopped".to_owned(),
        (Liveness::Died, _) => format!("interrupted {} ago: its process is gone", ago(moment)),
    };
    let instruction = words::line(&state.header.instruction);
    let instruction = match width {
        Some(width) => console::truncate_str(&instruction, usize::from(width), "…").into_owned(),
        None => instruction,
    };
    format!(
        "{} · {standing}\n{}",
        style(format!("run {}", state.id)).bold(),
        style(instruction).dim()
    )
}

/// The table and, where the addresses of the pull requests do not fit into it, a list of them: a terminal can follow a
/// link only while it is in one piece. Pages in the repository are all in one folder, which is named once.
fn units(state: &RunState, width: Option<u16>, now: i64) -> Vec<String> {
    if let Some(folder) = pages(state) {
        let mut numbered = table(state, now, number);
        if let Some(width) = width {
            numbered
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width);
        }
        let place = words::line(&view::path(folder));
        return vec![
            painted(&numbered, state),
            format!("pull request pages: {place}"),
        ];
    }
    let full = table(state, now, address);
    let limit = match width {
        Some(width)
            if full
                .lines()
                .any(|line| console::measure_text_width(&line) > usize::from(width)) =>
        {
            width
        }
        _ => return vec![painted(&full, state)],
    };
    let mut short = table(state, now, number);
    short
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(limit);
    let mut links = Table::new();
    links
        .load_style(TableStyle::new())
        .set_content_arrangement(ContentArrangement::Disabled);
    for unit in state
        .units
        .iter()
        .filter(|unit| unit.publication.pull_request.is_some())
    {
        links.add_row([number(unit), address(unit), unit.header.id.to_string()]);
    }
    let mut sections = vec![painted(&short, state)];
    if !links.is_empty() {
        sections.push(links.trim_fmt());
    }
    sections
}

/// The folder that holds all pull requests, where they are pages in the repository.
fn pages(state: &RunState) -> Option<&Path> {
    let mut folders = state
        .units
        .iter()
        .filter_map(|unit| unit.publication.pull_request.as_ref())
        .map(|link| Path::new(&link.url))
        .map(|page| page.parent().filter(|_| page.is_absolute()));
    let first = folders.next()??;
    folders.all(|folder| folder == Some(first)).then_some(first)
}

fn table(state: &RunState, now: i64, pull_request: fn(&UnitState) -> String) -> Table {
    let (has_agents, tells_usage) = (view::has_agents(state), view::tells_usage(state));
    let mut table = words::table();
    table.set_header(
        ["unit", "outcome", "PR", "checks", "time"]
            .into_iter()
            .chain(has_agents.then_some("agent"))
            .chain(
                // Commands and codemods report no usage.
                tells_usage
                    .then_some(["tokens", "cost"])
                    .into_iter()
                    .flatten(),
            ),
    );
    for unit in &state.units {
        let mut row = vec![
            unit.header.id.to_string(),
            view::outcome_and_files(unit),
            pull_request(unit),
            view::checks(unit),
            view::time(unit, now),
        ];
        if has_agents {
            row.push(words::line(state.agent_of(unit).as_str()));
        }
        if tells_usage {
            let spent = unit.spent();
            row.extend([view::tokens(spent.as_ref()), view::cost(spent.as_ref())]);
        }
        table.add_row(row);
    }
    if let Some(name) = table.column_mut(0) {
        name.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(NAME_WIDTH)));
    }
    // Only a unit's name may be broken on a narrow terminal: broken words of the other columns would say nothing.
    for column in table.column_iter_mut().skip(1) {
        column.set_constraint(ColumnConstraint::ContentWidth);
    }
    for number in table.column_iter_mut().skip(4) {
        number.set_cell_alignment(CellAlignment::Right);
    }
    if let Some(agent) = table.column_mut(5).filter(|_| has_agents) {
        agent.set_cell_alignment(CellAlignment::Left);
    }
    table
}

fn number(unit: &UnitState) -> String {
    unit.publication
        .pull_request
        .as_ref()
        .map_or_else(|| "–".to_owned(), |link| format!("#{}", link.number))
}

fn address(unit: &UnitState) -> String {
    unit.publication
        .pull_request
        .as_ref()
        .map_or_else(|| "–".to_owned(), |link| words::line(&link.url))
}

/// The table's lines with coloured outcomes. They are coloured here, after the layout, because the table would take the
/// colour codes for visible text.
fn painted(table: &Table, state: &RunState) -> String {
    let mut units = state.units.iter().peekable();
    let mut out = Vec::new();
    for (index, line) in table.lines().enumerate() {
        let line = line.trim_end();
        if index < 2 {
            out.push(style(line).dim().to_string());
            continue;
        }
        // A line without an outcome carries on the name of the unit above.
        let begins = units.peek().and_then(|unit| {
            let (name, rest) = line.split_once('│')?;
            let word = view::outcome(unit);
            rest.trim_start().starts_with(word).then(|| {
                format!(
                    "{name}│{}",
                    rest.replacen(word, &colour(&unit.phase).apply_to(word).to_string(), 1)
                )
            })
        });
        if begins.is_some() {
            units.next();
        }
        out.push(begins.unwrap_or_else(|| line.to_owned()));
    }
    out.join("\n")
}

fn colour(phase: &Phase) -> Style {
    match phase {
        Phase::Waiting => Style::new().dim(),
        Phase::Running { .. } => Style::new().cyan(),
        Phase::Ended(Outcome::Failed { .. }) => Style::new().red(),
        Phase::Ended(
            Outcome::Withheld { .. }
            | Outcome::Blocked { .. }
            | Outcome::Stopped
            | Outcome::LeftOut { .. }
            | Outcome::Skipped { .. },
        ) => Style::new().yellow(),
        Phase::Ended(Outcome::Published | Outcome::Committed | Outcome::NoChange { .. }) => {
            Style::new().green()
        }
    }
}

fn failed(failure: &Failure<'_>) -> String {
    let id = &failure.unit.header.id;
    let mut lines = vec![format!(
        "{} {} failed at {}",
        style("✗").red(),
        style(id).bold(),
        view::failed_at(failure)
    )];
    lines.extend(
        words::block(failure.reason)
            .lines()
            .map(|line| format!("  {line}")),
    );

    let tail = words::block(failure.tail.unwrap_or_default());
    let skipped = tail.lines().count().saturating_sub(TAIL_LINES);
    let bar = style("│").dim();
    if skipped > 0 {
        lines.push(format!("    {bar} … {skipped} more lines above"));
    }
    lines.extend(
        tail.lines()
            .skip(skipped)
            .map(|line| format!("    {bar} {line}")),
    );

    let mut place = |label: &str, command: &str, path: &Path| {
        let path = style(format!("({})", words::line(&view::path(path)))).dim();
        lines.push(format!("  {label:<9} batch {command} {id}  {path}"));
    };
    if let Some(log) = failure.log {
        place("log", "logs", log);
    }
    if let Some(worktree) = &failure.unit.attempt.worktree {
        place("changes", "diff", worktree);
    }
    lines.join("\n")
}

/// What the check of all units together said.
fn together(union: &UnionWords) -> String {
    let mut lines = vec![words::line(&union.said)];
    for culprit in &union.culprits {
        let mark = style("✗").red();
        lines.push(format!("{mark} {}", words::line(&culprit.said)));
        let reason = words::block(&culprit.reason);
        lines.extend(reason.lines().map(|line| format!("  {line}")));
        let tail = words::block(culprit.tail.as_deref().unwrap_or_default());
        let skipped = tail.lines().count().saturating_sub(TAIL_LINES);
        let bar = style("│").dim();
        lines.extend(
            tail.lines()
                .skip(skipped)
                .map(|line| format!("    {bar} {line}")),
        );
        let places = culprit.places.iter();
        lines.extend(places.map(|place| format!("  {}", style(words::line(place)).dim())));
    }
    lines.join("\n")
}

/// What several units have in common, each with the command that does all of them again.
fn alike(found: &[Likeness], mark: &StyledObject<&str>) -> Option<String> {
    let lines = found.iter().flat_map(|it| {
        let command = it.command.iter();
        let command = command.map(|command| format!("  → {}", style(command).bold()));
        std::iter::once(format!("{mark} {}", it.said)).chain(command)
    });
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// The changes in the user's git folder, each with the command that undoes it.
fn git_folder_changes(found: &GitFolderChanges<'_>) -> String {
    let mut lines = vec![format!("{} {}", style("!").yellow(), found.heading)];
    for change in found.changes {
        lines.push(format!("  {}", words::line(&change.what)));
        if let Some(undo) = &change.undo {
            lines.push(format!("    undo: {}", style(words::line(undo)).bold()));
        }
    }
    lines.extend(found.closing.iter().map(|said| format!("  {said}")));
    lines.join("\n")
}

/// The commands that go on, each with its units.
fn next(state: &RunState, liveness: Liveness) -> Option<String> {
    let steps = next_steps(state, liveness);
    let lines: Vec<String> = steps
        .iter()
        .map(|step| {
            let command = style(&step.command).bold();
            format!("→ {command}  ({})", step.purpose())
        })
        .collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Units that neither succeeded nor failed, by name.
fn others(state: &RunState, now: i64) -> Option<String> {
    let mut lines: Vec<String> = view::unchanged(state)
        .into_iter()
        .map(|(unit, reason)| {
            format!(
                "{} {unit} needed no change: {}",
                style("–").green(),
                words::line(reason)
            )
        })
        .collect();
    lines.extend(
        view::candidates(state)
            .into_iter()
            .map(|(unit, said)| format!("{} {unit}: {said}", style("–").green())),
    );
    lines.extend(
        view::beyond_claims(state)
            .into_iter()
            .map(|(unit, said)| format!("{} {unit} {}", style("+").green(), words::line(&said))),
    );
    lines.extend(
        view::remarks(state)
            .into_iter()
            .map(|(unit, said)| format!("{} {unit} {}", style("!").yellow(), words::line(&said))),
    );
    lines.extend(
        view::told_of_content(state)
            .into_iter()
            .map(|(unit, said)| format!("{} {unit}: {}", style("~").yellow(), words::line(&said))),
    );
    let tidied = view::tidied(state).into_iter();
    lines.extend(tidied.map(|said| format!("{} {}", style("–").green(), words::line(&said))));
    let restored = view::restored_forms(state);
    lines.extend(restored.map(|said| format!("{} {}", style("–").green(), words::line(&said))));
    let leftovers = view::leftovers(state);
    lines.extend(leftovers.map(|said| format!("{} {}", style("–").green(), words::line(&said))));
    let others = view::left_to_others(state);
    lines.extend(others.map(|said| format!("{} {said}", style("–").green())));
    let made = view::regenerated(state).into_iter();
    lines.extend(made.map(|said| format!("{} {said}", style("–").green())));
    lines.extend(
        view::doubts(state)
            .into_iter()
            .map(|(unit, said)| format!("{} {unit}: {}", style("~").yellow(), words::line(said))),
    );
    lines.extend(
        comparison::remarks(state, now)
            .into_iter()
            .map(|(unit, said)| format!("{} {unit} {said}", style("~").yellow())),
    );
    let unverified = view::unverified(state).into_iter();
    // The command may be long.
    lines.extend(unverified.map(|(said, why)| format!("{} {said}:\n  {why}", style("!").yellow())));
    let changed = view::changed_by_checks(state).into_iter();
    lines.extend(changed.map(|(said, name)| format!("{} {said}\n  `{name}`", style("!").yellow())));
    let shared = shared_files(state).into_iter();
    lines.extend(shared.map(|said| format!("{} {said}", style("!").yellow())));
    lines.extend(
        view::blemishes(state)
            .into_iter()
            .map(|(unit, check, said)| {
                format!(
                    "{} {unit}: `{}` {}",
                    style("~").yellow(),
                    words::line(check),
                    words::line(&said)
                )
            }),
    );
    lines.extend(
        view::blocked(state)
            .into_iter()
            .map(|(unit, by)| format!("{} {unit} is blocked: it needs {by}", style("!").yellow())),
    );
    lines.extend(view::skipped(state).into_iter().map(|(unit, by)| {
        format!(
            "{} {unit} was skipped on request (batch skip, {})",
            style("!").yellow(),
            words::line(by)
        )
    }));
    for (note, numbers) in view::notes(state) {
        lines.push(format!(
            "{} PR {numbers}: {}",
            style("!").yellow(),
            words::line(note)
        ));
    }
    lines.extend(view::left_out(state).into_iter().map(|(why, units)| {
        format!(
            "{} skipped, because {}: {}",
            style("!").yellow(),
            words::line(&why.to_string()),
            units.join(", ")
        )
    }));
    lines.extend(view::withheld(state).into_iter().map(|(why, units)| {
        format!(
            "{} withheld, because {why}: {}",
            style("!").yellow(),
            units.join(", ")
        )
    }));
    let stopped: Vec<&str> = view::stopped(state)
        .into_iter()
        .map(UnitId::as_str)
        .collect();
    if !stopped.is_empty() {
        let which = if stopped.len() > NAMED {
            format!("{} units", stopped.len())
        } else {
            stopped.join(", ")
        };
        lines.push(format!(
            "{} stopped before the end: {which}",
            style("!").yellow()
        ));
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::sample::{self, SampleRun};

    fn plain(state: &RunState, liveness: Liveness, width: Option<u16>, after: i64) -> String {
        console::set_colors_enabled(false);
        render(state, liveness, width, state.started_at + after)
    }

    #[test]
    fn a_mixed_run_on_a_pipe() {
        insta::assert_snapshot!(plain(&sample::mixed(), Liveness::Ended, None, 20_000), @"
        run 20261121-k3f9 · ended
        from var to const

         unit           │ outcome   │ PR                                  │ checks   │  time
        ────────────────┼───────────┼─────────────────────────────────────┼──────────┼───────
         01-api         │ published │ https://github.com/acme/shop/pull/7 │ 1 passed │   12s
         02-cart        │ published │ https://github.com/acme/shop/pull/8 │ 1 passed │  9.3s
         03-db          │ failed    │ –                                   │ 1 failed │   13s
         04-db-tests    │ blocked   │ –                                   │ –        │     –
         05-docs        │ no change │ –                                   │ –        │ 850ms
         06-web         │ stopped   │ –                                   │ –        │     –

        ✗ 03-db failed at check
          `npm test` ended with exit code 1
            │ 1 failing
            │ AssertionError: 2 == 3
          log       batch logs 03-db  (/shop/.git/batch/03-db/check.log)
          changes   batch diff 03-db  (/shop.batch/03-db)

        – 05-docs needed no change: no `var` is left
        ! 04-db-tests is blocked: it needs 03-db
        ! stopped before the end: 06-web

        → batch retry --failed --run 20261121-k3f9  (03-db, 04-db-tests)
        → batch resume 20261121-k3f9  (06-web)

        2 of 6 units published, 1 without change, 1 failed, 1 blocked, 1 stopped · 14s, 2.5× faster than one unit at \
        a time
        ");
    }

    #[test]
    fn a_narrow_terminal_keeps_addresses_in_one_piece() {
        insta::assert_snapshot!(plain(&sample::mixed(), Liveness::Ended, Some(50), 20_000), @"
        run 20261121-k3f9 · ended
        from var to const

         unit           │ outcome   │ PR │ checks   │  time
        ────────────────┼───────────┼────┼──────────┼───────
         01-api         │ published │ #7 │ 1 passed │   12s
         02-cart        │ published │ #8 │ 1 passed │  9.3s
         03-db          │ failed    │ –  │ 1 failed │   13s
         04-db-tests    │ blocked   │ –  │ –        │     –
         05-docs        │ no change │ –  │ –        │ 850ms
         06-web         │ stopped   │ –  │ –        │     –

         #7  https://github.com/acme/shop/pull/7  01-api
         #8  https://github.com/acme/shop/pull/8  02-cart

        ✗ 03-db failed at check
          `npm test` ended with exit code 1
            │ 1 failing
            │ AssertionError: 2 == 3
          log       batch logs 03-db  (/shop/.git/batch/03-db/check.log)
          changes   batch diff 03-db  (/shop.batch/03-db)

        – 05-docs needed no change: no `var` is left
        ! 04-db-tests is blocked: it needs 03-db
        ! stopped before the end: 06-web

        → batch retry --failed --run 20261121-k3f9  (03-db, 04-db-tests)
        → batch resume 20261121-k3f9  (06-web)

        2 of 6 units published, 1 without change, 1 failed, 1 blocked, 1 stopped · 14s, 2.5× faster than one unit at \
        a time
        ");
    }

    #[test]
    fn a_run_that_is_going() {
        let state = SampleRun::of(["01-api", "02-cart", "03-db"])
            .published("01-api", 0, 9_000)
            .step("02-cart", 500)
            .state();
        insta::assert_snapshot!(plain(&state, Liveness::Going, Some(120), 130_000), @r"
        run 20261121-k3f9 · going for 2m10s
        from var to const

         unit           │ outcome   │ PR                                  │ checks   │  time
        ────────────────┼───────────┼─────────────────────────────────────┼──────────┼───────
         01-api         │ published │ https://github.com/acme/shop/pull/1 │ 1 passed │  9.0s
         02-cart        │ agent     │ –                                   │ –        │ 2m09s
         03-db          │ waiting   │ –                                   │ –        │     –

        1 of 3 units published, 1 running, 1 waiting · 2m10s
        ");
    }

    #[test]
    fn a_run_whose_process_is_gone() {
        let state = SampleRun::of(["01-api", "02-cart"])
            .step("01-api", 1_000)
            .state();
        insta::assert_snapshot!(plain(&state, Liveness::Died, Some(120), 3_700_000), @"
        run 20261121-k3f9 · interrupted 1h01m ago: its process is gone
        from var to const

         unit           │ outcome │ PR │ checks │ time
        ────────────────┼─────────┼────┼────────┼──────
         01-api         │ agent   │ –  │ –      │  0ms
         02-cart        │ waiting │ –  │ –      │    –

        → batch resume 20261121-k3f9  (01-api, 02-cart)

        0 of 2 units published, 1 interrupted, 1 not started · 1.0s
        ");
    }

    #[test]
    fn a_long_tail_shows_its_end() {
        let tail = (1..=30).fold(String::new(), |tail, n| tail + &format!("line {n}\n"));
        let state = SampleRun::of(["a"])
            .failed_with("a", 0, 10, "no", &tail)
            .ended(20);
        let text = plain(&state, Liveness::Ended, None, 20);
        assert!(
            text.contains("… 10 more lines above")
                && text.contains("line 30")
                && !text.contains("line 10\n")
        );
    }

    #[test]
    fn names_stay_readable_on_a_narrow_terminal() {
        let state = SampleRun::of(["07-contrib-admin-templates"])
            .published("07-contrib-admin-templates", 0, 10)
            .ended(20);
        insta::assert_snapshot!(plain(&state, Liveness::Ended, Some(40), 20), @r"
        run 20261121-k3f9 · ended
        from var to const

         unit           │ outcome   │ PR │ checks   │ time
        ────────────────┼───────────┼────┼──────────┼──────
         07-contrib-adm │ published │ #1 │ 1 passed │ 10ms
         in-templates   │           │    │          │

         #1  https://github.com/acme/shop/pull/1  07-contrib-admin-templates

        1 of 1 unit published · 20ms
        ");
    }

    #[test]
    fn many_stopped_units_are_counted() {
        let mut sample = SampleRun::of(["1", "2", "3", "4", "5", "6", "7"]);
        for unit in ["1", "2", "3", "4", "5", "6", "7"] {
            sample = sample.outcome(unit, 5, Outcome::Stopped);
        }
        let text = plain(&sample.ended(10), Liveness::Ended, None, 10);
        assert!(
            text.contains("! stopped before the end: 7 units\n"),
            "{text}"
        );
    }

    #[test]
    fn pages_in_the_repository_are_told_by_their_folder() {
        let page = "/shop/.git/batch/runs/20261121-k3f9/prs/01-api.md";
        let state = SampleRun::of(["01-api", "02-cart"])
            .published_as("01-api", 0, 10, 1, page)
            .failed("02-cart", 0, 10)
            .ended(20);
        let text = plain(&state, Liveness::Ended, Some(60), 20);
        assert!(
            text.contains("│ #1 │") && !text.contains("01-api.md"),
            "{text}"
        );
        assert!(
            text.contains("pull request pages: /shop/.git/batch/runs/20261121-k3f9/prs\n"),
            "{text}"
        );
    }

    #[test]
    fn a_terminal_of_any_width_is_served() {
        for width in 0..200 {
            let text = plain(&sample::mixed(), Liveness::Ended, Some(width), 0);
            assert!(
                text.contains("https://github.com/acme/shop/pull/7"),
                "{width}: {text}"
            );
        }
    }

    proptest! {
        #[test]
        fn text_from_outside_never_controls_the_terminal(
            text in sample::outside_text(),
            width in proptest::option::of(1_u16..200),
        ) {
            let state = sample::telling(&text);
            let shown = plain(&state, Liveness::Ended, width, 0);
            prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
        }
    }
}
