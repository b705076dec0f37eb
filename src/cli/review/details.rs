//! Renders a plan in full: the whole instruction, every unit with all its files, and the files in no unit.
//!
//! Pure: a plan in, text out. The terminal breaks long lines, so that paths can be copied whole.

use console::style;

use super::summary::SummaryLine;
use crate::plan::{BaseFiles, Plan, Research, Unit, UnitId};
use crate::words;

/// At most this many files are named for one reason to leave them out: a codemod leaves out whole trees, and the units
/// would scroll away.
const LEFT_OUT: usize = 20;

/// Returns the whole plan as text, ending in a line break.
pub(super) fn details(plan: &Plan, base: &BaseFiles, summary: &[SummaryLine]) -> String {
    let mut sections = vec![heading(plan, summary)];
    sections.extend(plan.units.iter().map(|it| unit(it, base)));
    sections.extend(
        plan.left_out
            .iter()
            .filter(|left_out| !left_out.files.is_empty())
            .map(|left_out| {
                let mut lines = vec![format!(
                    "{} · {}",
                    style(format!("left out: {}", words::line(&left_out.reason))).bold(),
                    words::count(left_out.files.len(), "file")
                )];
                let named = left_out.files.len().min(LEFT_OUT);
                lines.extend(paths(&left_out.files[..named]));
                if left_out.files.len() > named {
                    lines.push(format!("    … and {} more", left_out.files.len() - named));
                }
                lines.join("\n")
            }),
    );
    sections.join("\n\n") + "\n"
}

fn heading(plan: &Plan, summary: &[SummaryLine]) -> String {
    let base = match words::line(&plan.base_name) {
        name if name == plan.base.as_str() => name,
        name => format!("{name} {}", plan.base),
    };
    let mut lines = vec![style("instruction").bold().to_string()];
    let instruction = words::block(&plan.instruction);
    lines.extend(instruction.lines().map(|line| format!("  {line}")));
    let Research {
        by,
        conventions,
        recipe,
    } = &plan.research;
    let facts = std::iter::once(("base", base))
        .chain(by.clone().map(|by| ("plan", by)))
        .chain(summary.iter().cloned());
    lines.extend(facts.map(|(word, said)| {
        let word = style(format!("{word:<6}")).bold();
        format!("{word} {}", words::line(&said))
    }));
    let mut sections = vec![lines.join("\n")];
    if !conventions.is_empty() {
        let all = conventions
            .iter()
            .map(|it| format!("  {}", words::line(it)));
        sections.push(titled("told to every agent", all));
    }
    if let Some(recipe) = recipe {
        let recipe = words::block(recipe);
        let all = recipe
            .lines()
            .map(|line| format!("  {line}").trim_end().to_owned());
        sections.push(titled("how to show that the change works", all));
    }
    sections.join("\n\n")
}

fn titled(title: &str, lines: impl Iterator<Item = String>) -> String {
    let title = style(title).bold().to_string();
    std::iter::once(title)
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

fn unit(unit: &Unit, base: &BaseFiles) -> String {
    let files = format!(
        "{}, {}",
        words::count(unit.claim.files.len(), "file"),
        words::count(unit.size.lines, "line")
    );
    let mut lines = vec![
        format!("{} · {files}", style(&unit.id).bold()),
        format!("  {}", words::line(&unit.title)),
    ];
    if let Some(description) = &unit.description {
        let said = words::block(description);
        lines.extend(said.lines().map(|line| format!("  │ {line}")));
    }
    if !unit.needs.is_empty() {
        let needs: Vec<&str> = unit.needs.iter().map(UnitId::as_str).collect();
        lines.push(format!("  needs {}", needs.join(", ")));
    }
    if !unit.owners.is_empty() {
        lines.push(format!(
            "  owned by {}",
            words::line(&unit.owners.join(", "))
        ));
    }
    lines.extend(unit.claim.files.iter().map(|path| file(path, base)));
    if !unit.claim.create.is_empty() {
        lines.push("  may create".to_owned());
        lines.extend(paths(&unit.claim.create));
    }
    lines.join("\n")
}

/// Returns a file with its size, and with its owners where it has any.
fn file(path: &str, base: &BaseFiles) -> String {
    let mut facts: Vec<String> = Vec::new();
    facts.extend(base.size(path).map(|size| words::count(size.lines, "line")));
    facts.extend(base.owners(path).iter().map(|owner| words::line(owner)));
    let path = words::line(path);
    format!("    {path}  {}", style(facts.join(", ")).dim())
        .trim_end()
        .to_owned()
}

fn paths(paths: &[String]) -> impl Iterator<Item = String> {
    paths
        .iter()
        .map(|path| format!("    {}", words::line(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::review::sample;

    #[test]
    fn everything_is_there() {
        console::set_colors_enabled(false);
        let mut plan = sample::plan();
        plan.units[0].description = Some("Two callers in b.js.\n\tOne more.".to_owned());
        plan.research = Research {
            by: Some("claude: 2.8k tokens, 3 turns, $0.07".to_owned()),
            conventions: vec!["Say const.".to_owned(), "Never let.".to_owned()],
            recipe: Some("npm start\n\nIt says ready.".to_owned()),
        };
        plan.units[0].owners = vec!["@acme/api".to_owned(), "@ada".to_owned()];
        plan.instruction = "From var to const,\n  but nowhere else.\n".to_owned();
        insta::assert_snapshot!(details(
            &plan,
            &sample::base(),
            &[("agent", "codemod: var → const".to_owned())]
        ));
    }

    #[test]
    fn a_tree_that_is_left_out_does_not_drive_the_units_away() {
        console::set_colors_enabled(false);
        let mut plan = sample::plan();
        plan.left_out.truncate(1);
        plan.left_out[0].files = (0..LEFT_OUT + 5).map(|n| format!("lib/{n}.js")).collect();
        let text = details(&plan, &sample::base(), &[]);
        assert!(
            text.ends_with("    lib/19.js\n    … and 5 more\n"),
            "{text}"
        );
    }
}
