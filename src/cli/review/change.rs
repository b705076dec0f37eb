//! One change of the plan: asks the person for it in a line or two, and applies it.

use std::fs;

use anyhow::{Context, ensure};
use console::style;

use super::ask::ask_line;
use super::terminal::Person;
use crate::config::UnitRange;
use crate::plan::{BaseFiles, Edit, Plan, Unit, UnitId};
use crate::words;

/// An error names at most this many units or files that may be meant.
const NAMED: usize = 6;

#[derive(Clone, Copy)]
pub(super) enum Change {
    Split,
    Merge,
    Rename,
    Drop,
    Move,
    Number,
    Instruct,
}

/// Returns the changed plan. Returns `None` where the person leaves, or where the change is impossible, which the
/// person sees.
pub(super) fn change(
    change: Change,
    plan: &Plan,
    base: &BaseFiles,
    person: &mut impl Person,
) -> anyhow::Result<Option<Plan>> {
    let outcome = match wanted(change, plan, base, person)? {
        None => return Ok(None),
        Some(Ok(edit)) => plan.edited(&edit, base).map_err(|error| error.to_string()),
        Some(Err(fault)) => Err(fault),
    };
    match outcome {
        Ok(changed) => {
            if matches!(change, Change::Number) && plan.units.iter().any(|it| !it.needs.is_empty())
            {
                let new = if changed.units.iter().all(|it| it.needs.is_empty()) {
                    "nothing"
                } else {
                    "each other as their files import each other"
                };
                person.show(&format!(
                    "The needs of the old units are gone with them. The new units need {new}.\n\n"
                ))?;
            }
            Ok(Some(changed))
        }
        Err(fault) => {
            person.show(&format!("{} {}\n\n", style("✗").red(), words::line(&fault)))?;
            Ok(None)
        }
    }
}

/// Returns the edit that the person describes, or why it cannot be understood.
fn wanted(
    change: Change,
    plan: &Plan,
    base: &BaseFiles,
    person: &mut impl Person,
) -> anyhow::Result<Option<Result<Edit, String>>> {
    let mut ask = |question: &str| ask_line(person, question);
    let unit = |text: &str| find(plan, text).map(|unit| unit.id.clone());
    Ok(match change {
        Change::Split => ask("split which unit?")?.map(|text| unit(&text).map(Edit::Split)),
        Change::Drop => ask("drop which unit?")?.map(|text| unit(&text).map(Edit::Drop)),
        Change::Merge => ask("merge which units? (such as 3 4)")?.map(|text| {
            let words = text.split([' ', ',', '+']).filter(|word| !word.is_empty());
            let ids: Result<Vec<UnitId>, String> = words.map(unit).collect();
            ids.map(Edit::Merge)
        }),
        Change::Rename => {
            let Some(text) = ask("rename which unit?")? else {
                return Ok(None);
            };
            match unit(&text) {
                Ok(id) => ask("its new title?")?.map(|title| Ok(Edit::Rename(id, title))),
                Err(fault) => Some(Err(fault)),
            }
        }
        Change::Move => {
            let Some(text) = ask("move which file, or folder/?")? else {
                return Ok(None);
            };
            match find_files(plan, base, &text) {
                Ok(files) => {
                    let moved = match &files[..] {
                        [file] => words::line(file),
                        files => words::count(files.len(), "file"),
                    };
                    ask(&format!("move {moved} to which unit?"))?
                        .map(|text| unit(&text).map(|to| Edit::Move(files, to)))
                }
                Err(fault) => Some(Err(fault)),
            }
        }
        Change::Number => ask("how many units? (a number, or a range such as 5..12)")?
            .map(|text| text.parse::<UnitRange>().map(Edit::Cut)),
        Change::Instruct => match instruction(plan, person) {
            Ok(text) => text.map(|text| Ok(Edit::Instruct(text))),
            // An error of the editor must not cost the earlier changes.
            Err(error) => Some(Err(words::chain(error.as_ref()))),
        },
    })
}

/// Finds the unit by its id, its number, or a part of its id or title that no other unit has.
fn find<'a>(plan: &'a Plan, text: &str) -> Result<&'a Unit, String> {
    if let Some(unit) = plan.units.iter().find(|unit| unit.id.as_str() == text) {
        return Ok(unit);
    }
    if let Ok(number) = text.parse::<usize>() {
        // The ids that batch makes begin with the unit's number, which stays when other units come and go.
        let named = |unit: &&Unit| {
            let digits = unit.id.as_str().split('-').next().unwrap_or_default();
            digits.parse() == Ok(number)
        };
        let mut by_name = plan.units.iter().filter(named);
        match (by_name.next(), by_name.next()) {
            (Some(unit), None) => return Ok(unit),
            (Some(_), Some(_)) => {}
            (None, _) => {
                return number
                    .checked_sub(1)
                    .and_then(|place| plan.units.get(place))
                    .ok_or_else(|| format!("there is no unit {number}"));
            }
        }
    }
    let wanted = text.to_lowercase();
    let near: Vec<&Unit> = plan
        .units
        .iter()
        .filter(|unit| {
            unit.id.as_str().contains(&wanted) || unit.title.to_lowercase().contains(&wanted)
        })
        .collect();
    match near[..] {
        [unit] => Ok(unit),
        [] => Err(format!("no unit is called {text:?}")),
        _ => Err(several(text, near.iter().map(|unit| unit.id.as_str()))),
    }
}

/// Finds one file by its path or by a part of its path that no other has, or all files below a folder that ends in `/`.
/// The folder may be deeper in the tree.
fn find_files(plan: &Plan, base: &BaseFiles, text: &str) -> Result<Vec<String>, String> {
    let claimed = plan.units.iter().flat_map(|unit| &unit.claim.files);
    let left_out = plan.left_out.iter().flat_map(|it| &it.files);
    let all: Vec<&String> = claimed
        .chain(left_out.filter(|path| base.size(path).is_some()))
        .collect();
    if all.iter().any(|path| *path == text) {
        return Ok(vec![text.to_owned()]);
    }
    let chosen = |is_meant: &dyn Fn(&str) -> bool| -> Vec<&String> {
        let all = all.iter().copied();
        all.filter(|path| is_meant(path)).collect()
    };
    let found = if text.ends_with('/') {
        let deeper = format!("/{text}");
        match chosen(&|path| path.starts_with(text)) {
            none if none.is_empty() => chosen(&|path| path.contains(&deeper)),
            found => found,
        }
    } else {
        chosen(&|path| path.contains(text))
    };
    if found.len() > 1 && !text.ends_with('/') {
        return Err(several(text, found.iter().map(|path| path.as_str())));
    }
    if found.is_empty() {
        return Err(format!("no file of the plan is called {text:?}"));
    }
    Ok(found.into_iter().cloned().collect())
}

fn several<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    let names = words::few(names.iter(), NAMED);
    format!("{text:?} may be any of {names}")
}

/// Returns the instruction from the person's editor; `None` where it is unchanged.
fn instruction(plan: &Plan, person: &mut impl Person) -> anyhow::Result<Option<String>> {
    let dir = tempfile::Builder::new()
        .prefix("batch-")
        .tempdir()
        .context("cannot make a temporary folder to edit the instruction in")?;
    let file = dir.path().join("instruction.md");
    let place = || format!("the file {} cannot be used", file.display());
    fs::write(&file, format!("{}\n", plan.instruction.trim_end())).with_context(place)?;
    let ending = person.edit(&file)?;
    ensure!(
        ending.is_success(),
        "the editor failed ({ending}); set $VISUAL or $EDITOR to use another one"
    );
    let text = fs::read_to_string(&file).with_context(place)?;
    let text = text.trim_end();
    if text == plan.instruction.trim_end() {
        person.show("The instruction was not changed.\n\n")?;
        return Ok(None);
    }
    Ok(Some(text.to_owned()))
}
