//! Renders a plan on one screen: the change, the agents, the units, and the files that are left out.
//!
//! Pure: a plan in, text out. Every unit takes one line, or three short ones where the terminal is narrow, so that a
//! plan of hundreds of units can still be read from top to bottom.

use comfy_table::CellAlignment;
use console::{measure_text_width, style, truncate_str};

use super::summary::SummaryLine;
use crate::config::UnitRange;
use crate::plan::order::waves;
use crate::plan::{LeftOut, Plan, Size, Unit, UnitId};
use crate::words;

/// A narrower column of titles is useless; the titles get lines of their own instead.
const TITLE: usize = 16;

/// A narrower column of ids is unreadable; a terminal without space for it breaks the lines itself.
const ID: usize = 8;

/// At most this many files are named for one reason to leave them out; the details name all.
const NAMES: usize = 3;

/// Returns the plan as text, ending in a line break. `summary` describes its run; `width` is the terminal's, or `None`
/// on a pipe, where nothing is cut. Colours follow the `console` crate's setting for standard output.
pub(in crate::cli) fn table(plan: &Plan, summary: &[SummaryLine], width: Option<u16>) -> String {
    let width = width.map(usize::from);
    let mut sections = vec![heading(plan, summary, width), units(&plan.units, width)];
    sections.extend(plan.integration.as_ref().map(|unit| last(unit, width)));
    sections.extend(left_out(&plan.left_out, width));
    sections.extend(few_units(plan));
    sections.join("\n\n") + "\n"
}

/// Tells of the unit that comes after all others.
fn last(unit: &Unit, width: Option<usize>) -> String {
    let title = words::line(&unit.title);
    let line = format!(
        "last: {} starts from the work of all others: {title}",
        unit.id
    );
    cut(&line, width)
}

fn heading(plan: &Plan, summary: &[SummaryLine], width: Option<usize>) -> String {
    let files: usize = plan.units.iter().map(|unit| unit.claim.files.len()).sum();
    let short = plan.base.short();
    // A plan written by hand may name its base by nothing but the id.
    let base = match words::line(&plan.base_name) {
        name if name == plan.base.as_str() => short.to_owned(),
        name => format!("{name} ({short})"),
    };
    let counts = format!(
        "plan · {}, {}",
        words::count(plan.units.len(), "unit"),
        words::count(files, "file")
    );
    let mut lines = vec![
        style(cut(&counts, width)).bold().to_string(),
        cut(&words::line(&plan.instruction), width),
    ];
    let facts = std::iter::once(("base", base))
        .chain(plan.research.by.clone().map(|by| ("plan", by)))
        .chain(summary.iter().cloned())
        .chain(in_waves(plan).map(|said| ("waves", said)));
    lines.extend(facts.map(|(word, said)| {
        let line = format!("{word:<6} {}", words::line(&said));
        style(cut(&line, width)).dim().to_string()
    }));
    lines.join("\n")
}

/// Returns the numbers of units in the order of needs, where any unit needs another.
fn in_waves(plan: &Plan) -> Option<String> {
    let waves = waves(&plan.units).ok().filter(|waves| waves.len() > 1)?;
    let first = words::count(waves[0].len(), "unit");
    let others = waves[1..].iter().map(|wave| wave.len().to_string());
    Some(
        std::iter::once(first)
            .chain(others)
            .collect::<Vec<_>>()
            .join(", then "),
    )
}

/// The texts of a unit's line, uncut.
struct Row {
    id: String,
    title: String,
    files: String,
    lines: String,
    /// The unit's agent, needs and owners.
    lists: [String; LISTS.len()],
}

/// The heads of a row's lists; a list that no unit has is not shown.
const LISTS: [&str; 3] = ["agent", "needs", "owners"];

impl Row {
    fn of(unit: &Unit) -> Self {
        let needs: Vec<&str> = unit.needs.iter().map(UnitId::as_str).collect();
        Self {
            id: unit.id.to_string(),
            title: words::line(&unit.title),
            files: unit.claim.files.len().to_string(),
            lines: lines(unit.size),
            lists: [
                words::line(unit.agent.as_deref().unwrap_or_default()),
                needs.join(", "),
                words::line(&unit.owners.join(", ")),
            ],
        }
    }
}

/// The widths of the columns that can be cut.
enum Layout {
    Full,
    Cut {
        id: usize,
        title: usize,
        lists: [usize; LISTS.len()],
    },
    Stacked {
        id: usize,
    },
}

impl Layout {
    fn choose(rows: &[Row], width: Option<usize>) -> Self {
        let Some(width) = width else {
            return Self::Full;
        };
        let widest = |cell: &dyn Fn(&Row) -> &str, head: &str| {
            rows.iter()
                .map(|row| measure_text_width(cell(row)))
                .max()
                .unwrap_or(0)
                .max(head.len())
        };
        let (id, title) = (
            widest(&|row| &row.id, "unit"),
            widest(&|row| &row.title, "title"),
        );
        let numbers = widest(&|row| &row.files, "files") + widest(&|row| &row.lines, "lines");
        // Every cell has a blank on either side, and a line stands between two cells.
        let frame = |columns: usize| columns * 3 - 1;

        let shown = shown_lists(rows);
        let lists: [usize; LISTS.len()] = std::array::from_fn(|list| {
            if shown[list] {
                widest(&|row| &row.lists[list], LISTS[list])
            } else {
                0
            }
        });
        let columns = 4 + shown.iter().filter(|shown| **shown).count();
        if id + title + lists.iter().sum::<usize>() + numbers + frame(columns) <= width {
            return Self::Full;
        }
        let room = width.saturating_sub(numbers + frame(columns));
        let lists = lists.map(|list| list.min(room / 4));
        let room = room - lists.iter().sum::<usize>();
        let id_cut = id.min((room / 2).max(room.saturating_sub(title)));
        let title_cut = title.min(room - id_cut);
        if title_cut >= title.min(TITLE) && id_cut >= id.min(ID) {
            return Self::Cut {
                id: id_cut,
                title: title_cut,
                lists,
            };
        }
        let room = width.saturating_sub(numbers + frame(3));
        Self::Stacked {
            id: id.min(room.max(ID)),
        }
    }
}

fn units(units: &[Unit], width: Option<usize>) -> String {
    let rows: Vec<Row> = units.iter().map(Row::of).collect();
    let layout = Layout::choose(&rows, width);
    let with_lists = shown_lists(&rows);

    let mut table = words::table();
    let stacked = matches!(layout, Layout::Stacked { .. });
    let pick = |cells: [String; 4], lists: [String; LISTS.len()]| {
        let cells = cells.into_iter().zip([true, !stacked, true, true]);
        let lists = lists.into_iter().zip(with_lists.map(|any| any && !stacked));
        cells
            .chain(lists)
            .filter_map(|(cell, shown)| shown.then_some(cell))
            .collect::<Vec<_>>()
    };
    table.set_header(pick(
        ["unit", "title", "files", "lines"].map(str::to_owned),
        LISTS.map(str::to_owned),
    ));
    for row in &rows {
        let (id, title, lists) = match layout {
            Layout::Full => (None, None, [None; LISTS.len()]),
            Layout::Cut { id, title, lists } => (Some(id), Some(title), lists.map(Some)),
            Layout::Stacked { id } => (Some(id), None, [None; LISTS.len()]),
        };
        table.add_row(pick(
            [
                cut(&row.id, id),
                cut(&row.title, title),
                row.files.clone(),
                row.lines.clone(),
            ],
            std::array::from_fn(|list| cut_list(&row.lists[list], lists[list])),
        ));
    }
    let numbers = if stacked { 1..3 } else { 2..4 };
    for column in numbers {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }

    let mut out = Vec::new();
    for (index, line) in table.lines().enumerate() {
        let line = line.trim_end();
        // The head is two lines, and no cell has a line break: after it, every line is one unit's.
        let Some(row) = index.checked_sub(2).and_then(|index| rows.get(index)) else {
            out.push(style(line).dim().to_string());
            continue;
        };
        out.push(line.to_owned());
        if stacked {
            let mut below = |text: String| {
                out.push(style(cut(&format!("   {text}"), width)).dim().to_string());
            };
            below(row.title.clone());
            for (head, list) in LISTS.iter().zip(&row.lists) {
                if !list.is_empty() {
                    let room = width.map(|width| width.saturating_sub("    ".len() + head.len()));
                    below(format!("{head} {}", cut_list(list, room)));
                }
            }
        }
    }
    out.join("\n")
}

/// Returns for each list whether any unit has one.
fn shown_lists(rows: &[Row]) -> [bool; LISTS.len()] {
    std::array::from_fn(|list| rows.iter().any(|row| !row.lists[list].is_empty()))
}

fn left_out(all: &[LeftOut], width: Option<usize>) -> Option<String> {
    let files: usize = all.iter().map(|left_out| left_out.files.len()).sum();
    if files == 0 {
        return None;
    }
    let mut lines = vec![format!("left out: {}", words::count(files, "file"))];
    for LeftOut { reason, files } in all.iter().filter(|left_out| !left_out.files.is_empty()) {
        let mut line = format!("  {} ({}): ", words::line(reason), files.len());
        let names: Vec<String> = files
            .iter()
            .take(NAMES)
            .map(|name| words::line(name))
            .collect();
        line.push_str(&names.join(", "));
        if files.len() > NAMES {
            line.push_str(", …");
        }
        lines.push(style(cut(&line, width)).dim().to_string());
    }
    Some(lines.join("\n"))
}

/// Explains why there are fewer units than usual, where the number of files is the reason.
fn few_units(plan: &Plan) -> Option<String> {
    let usual = UnitRange::default().min();
    let files: usize = plan.units.iter().map(|unit| unit.claim.files.len()).sum();
    let units = plan.units.len();
    (units < usual && files < usual).then(|| {
        let verb = if files == 1 { "makes" } else { "make" };
        format!(
            "{} {verb} {} (fewer than {usual})",
            words::count(files, "file"),
            words::count(units, "unit")
        )
    })
}

/// Returns the number of lines; a dash where the plan was never measured.
fn lines(size: Size) -> String {
    if size == Size::default() {
        "–".to_owned()
    } else {
        size.lines.to_string()
    }
}

/// Returns the list; where it is too long, only its first entry and the number of the others.
fn cut_list(list: &str, width: Option<usize>) -> String {
    match (width, list.split_once(", ")) {
        (Some(width), Some((first, _))) if measure_text_width(list) > width => {
            let others = format!(" +{}", list.matches(", ").count());
            cut(first, Some(width.saturating_sub(others.len()))) + &others
        }
        _ => cut(list, width),
    }
}

fn cut(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) => truncate_str(text, width, "…").into_owned(),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::cli::review::sample;

    fn plain(plan: &Plan, width: Option<u16>) -> String {
        console::set_colors_enabled(false);
        table(
            plan,
            &[(
                "agent",
                "codemod: rewrite 'var $A = $B' → 'const $A = $B'".to_owned(),
            )],
            width,
        )
    }

    #[test]
    fn a_plan_on_a_pipe() {
        insta::assert_snapshot!(plain(&sample::plan(), None));
    }

    #[test]
    fn a_plan_of_three_files() {
        let mut plan = sample::plan();
        plan.left_out.clear();
        plan.units.truncate(3);
        for unit in &mut plan.units {
            unit.claim.files.truncate(1);
            unit.needs.clear();
        }
        insta::assert_snapshot!(plain(&plan, Some(80)));
    }

    #[test]
    fn long_titles_at_width_80() {
        insta::assert_snapshot!(plain(&sample::long(), Some(80)));
    }

    #[test]
    fn long_titles_at_width_40() {
        insta::assert_snapshot!(plain(&sample::long(), Some(40)));
    }

    #[test]
    fn owners_have_a_column_where_there_are_any() {
        let mut plan = sample::plan();
        plan.units[0].owners = vec!["@acme/api".to_owned(), "@ada".to_owned()];
        plan.units[4].owners = vec!["@acme/web".to_owned()];
        let shown = plain(&plan, Some(80));
        let rows: Vec<&str> = shown.lines().skip(6).take(7).collect();
        insta::assert_snapshot!(rows.join("\n"), @"
         unit        │ title           │ files │ lines │ needs         │ owners
        ─────────────┼─────────────────┼───────┼───────┼───────────────┼──────────────
         01-api      │ api             │     2 │  1204 │               │ @acme/api +1
         02-cart     │ cart            │     1 │    88 │               │
         03-db       │ db              │     3 │     9 │               │
         04-db-tests │ db/tests        │     1 │   310 │ 03-db, 01-api │
         05-web      │ web: app … zone │     2 │    42 │               │ @acme/web
        ");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let mut plan = sample::long();
        for index in plan.units.len()..500 {
            let mut unit = plan.units[index % 5].clone();
            unit.owners = vec!["@acme/shop-admins".to_owned(), "@ada".to_owned()];
            unit.id = sample::id(&format!("{index:03}-one-of-five-hundred-units"));
            plan.units.push(unit);
        }
        for width in [34, 40, 60, 72, 80, 100, 199] {
            let text = plain(&plan, Some(width));
            for line in text.lines() {
                assert!(
                    measure_text_width(line) <= usize::from(width),
                    "{width}: {line}"
                );
            }
            assert!(text.contains("499-one-of"), "{width}: {text}");
        }
    }

    #[test]
    fn a_terminal_of_any_width_is_served() {
        for width in 0..40 {
            assert!(
                plain(&sample::plan(), Some(width)).contains("01-api"),
                "{width}"
            );
        }
    }

    #[test]
    fn many_files_in_few_units_need_no_note() {
        let mut plan = sample::plan();
        plan.units.truncate(1);
        plan.units[0].claim.files = (0..5).map(|n| n.to_string()).collect();
        assert!(!plain(&plan, None).contains("fewer"));
    }

    proptest! {
        #[test]
        fn text_from_outside_never_controls_the_terminal(
            text in any::<String>(),
            width in proptest::option::of(1_u16..200),
        ) {
            let mut plan = sample::plan();
            plan.instruction.clone_from(&text);
            plan.base_name.clone_from(&text);
            plan.units[0].title.clone_from(&text);
            plan.units[0].owners = vec![text.clone()];
            plan.left_out[0].reason.clone_from(&text);
            plan.left_out[0].files[0].clone_from(&text);
            let shown = plain(&plan, width);
            prop_assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
        }
    }
}
