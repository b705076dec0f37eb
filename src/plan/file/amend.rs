//! Updates the text of a plan after the plan changed, and keeps everything else that a person wrote into it: comments,
//! order, blank lines.

use std::collections::BTreeSet;

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, Value};

use super::read::parse;
use super::write::{size, to_toml};
use crate::plan::model::{Plan, Size, Unit};

/// Returns the text of `plan`, made from the text of the plan it came from. A text that cannot be updated is replaced
/// as a whole, without a person's additions.
#[must_use]
pub(crate) fn amend(text: &str, plan: &Plan) -> String {
    let means_it = |amended: &String| {
        let without_sizes = |mut plan: Plan| {
            for unit in &mut plan.units {
                unit.size = Size::default();
            }
            plan
        };
        parse(amended).is_ok_and(|read| read == without_sizes(plan.clone()))
    };
    amended(text, plan)
        .filter(means_it)
        .unwrap_or_else(|| to_toml(plan))
}

fn amended(text: &str, plan: &Plan) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    set_text(document.as_table_mut(), "base", plan.base.as_str())?;
    if document.contains_key("base-name") || plan.base_name != plan.base.as_str() {
        set_text(document.as_table_mut(), "base-name", &plan.base_name)?;
    }
    let units = document.get_mut("unit")?.as_array_of_tables_mut()?;
    let all = || plan.units.iter().chain(&plan.integration);
    units.retain(|table| all().any(|unit| is_of(table, unit)));
    for unit in all() {
        let table = units.iter_mut().find(|table| is_of(table, unit))?;
        set_list(table, "files", &unit.claim.files)?;
        set_list(table, "create", &unit.claim.create)?;
        set_list(table, "owners", &unit.owners)?;
        let needs: Vec<String> = unit.needs.iter().map(ToString::to_string).collect();
        set_list(table, "needs", &needs)?;
        renew_size(table, unit);
    }
    if !plan.left_out.is_empty() {
        document
            .entry("left-out")
            .or_insert(Item::ArrayOfTables(ArrayOfTables::new()));
    }
    if let Some(all) = document
        .get_mut("left-out")
        .and_then(Item::as_array_of_tables_mut)
    {
        let reason = |table: &Table| {
            table
                .get("reason")
                .and_then(Item::as_str)
                .map(str::to_owned)
        };
        all.retain(|table| {
            plan.left_out
                .iter()
                .any(|it| reason(table).as_ref() == Some(&it.reason))
        });
        for left_out in &plan.left_out {
            let place = all
                .iter()
                .position(|it| reason(it).as_ref() == Some(&left_out.reason));
            if place.is_none() {
                let mut table = Table::new();
                table.insert("reason", toml_edit::value(&left_out.reason));
                all.push(table);
            }
            let table = all.get_mut(place.unwrap_or(all.len() - 1))?;
            set_list(table, "files", &left_out.files)?;
        }
    }
    Some(document.to_string())
}

fn is_of(table: &Table, unit: &Unit) -> bool {
    table.get("id").and_then(Item::as_str) == Some(unit.id.as_str())
}

/// Replaces the text of a value, or adds a new value at the end.
fn set_text(table: &mut Table, key: &str, text: &str) -> Option<()> {
    match table.get_mut(key) {
        Some(item) => {
            let old = item.as_value_mut()?;
            if old.as_str() != Some(text) {
                let decor = old.decor().clone();
                *old = Value::from(text);
                *old.decor_mut() = decor;
            }
        }
        None => {
            table.insert(key, toml_edit::value(text));
        }
    }
    Some(())
}

/// Makes a list hold exactly these entries. Entries that stay keep their place and comments; new entries come last,
/// each on a line of its own.
fn set_list(table: &mut Table, key: &str, entries: &[String]) -> Option<()> {
    if !table.contains_key(key) {
        if entries.is_empty() {
            return Some(());
        }
        table.insert(key, toml_edit::value(Array::new()));
    }
    // A unit may have no files, but has to say so.
    if entries.is_empty() && key != "files" {
        table.remove(key);
        return Some(());
    }
    let list = table.get_mut(key)?.as_array_mut()?;
    let wanted: BTreeSet<&str> = entries.iter().map(String::as_str).collect();
    retain(list, |text| wanted.contains(text));
    let kept: BTreeSet<String> = list
        .iter()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect();
    let new: Vec<&String> = entries
        .iter()
        .filter(|entry| !kept.contains(*entry))
        .collect();
    if !new.is_empty() {
        let end = list.trailing().as_str().unwrap_or_default().to_owned();
        let (mut behind, rest) = end.split_once('\n').unwrap_or((&end, ""));
        for entry in new {
            let mut value = Value::from(entry);
            value.decor_mut().set_prefix(format!("{behind}\n  "));
            list.push_formatted(value);
            behind = "";
        }
        list.set_trailing_comma(true);
        list.set_trailing(format!("\n{rest}"));
    }
    Some(())
}

/// Removes entries from a list, with their comments. The parser takes a comment after an entry's comma, on the same
/// line, for the beginning of the next entry.
fn retain(list: &mut Array, is_kept: impl Fn(&str) -> bool) {
    let mut place = 0;
    // The comment behind the last entry that stays, while the entries after it are removed.
    let mut behind: Option<String> = None;
    while let Some(value) = list.get(place) {
        let before = value
            .decor()
            .prefix()
            .and_then(|it| it.as_str())
            .unwrap_or_default();
        let (first, rest) = before.split_once('\n').unwrap_or((before, ""));
        if value.as_str().is_some_and(&is_kept) {
            if let Some(comment) = behind.take() {
                let prefix = format!("{comment}\n{rest}");
                if let Some(value) = list.get_mut(place) {
                    value.decor_mut().set_prefix(prefix);
                }
            }
            place += 1;
        } else {
            behind.get_or_insert_with(|| first.to_owned());
            list.remove(place);
        }
    }
    if let Some(comment) = behind {
        let end = list.trailing().as_str().unwrap_or_default().to_owned();
        let rest = end.split_once('\n').map_or("", |(_, rest)| rest);
        list.set_trailing(format!("{comment}\n{rest}"));
    }
}

/// Updates the comment above a unit that states its size, if batch wrote it.
fn renew_size(table: &mut Table, unit: &Unit) {
    let Some(before) = table.decor().prefix().and_then(|it| it.as_str()) else {
        return;
    };
    let is_size = |line: &str| {
        line.strip_prefix("# ").is_some_and(|words| {
            let files = words
                .split(' ')
                .nth(1)
                .unwrap_or_default()
                .trim_end_matches(',');
            words.starts_with(|c: char| c.is_ascii_digit()) && matches!(files, "file" | "files")
        })
    };
    let words = format!("# {}", size(unit.claim.files.len(), unit.size));
    let lines: Vec<&str> = before
        .split('\n')
        .map(|line| if is_size(line) { &words } else { line })
        .collect();
    let renewed = lines.join("\n");
    table.decor_mut().set_prefix(renewed);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::CommitId;

    const TEXT: &str = r#"# Ours.
version = 1
instruction = "x"
base = "0123456789012345678901234567890123456789" # pinned

# The first.
# 2 files, 3 lines, 40 bytes
[[unit]]
id = "one" # by hand
files = [
  "a", # because
  # and
  "b",
]

[[unit]]
id = "two"
needs = ["one"]
files = ["c"]

[[left-out]]
reason = "binary"
files = [
  "d",
]
"#;

    #[test]
    fn a_persons_text_is_kept() {
        let mut plan = parse(TEXT).unwrap();
        plan.base = CommitId::new("f".repeat(40));
        plan.base_name = "origin/main".to_owned();
        plan.units[0].claim.files = ["a", "e"].map(str::to_owned).to_vec();
        plan.units[0].size.lines = 7;
        plan.units[1].claim.files.push("g".to_owned());
        plan.units[1].needs.clear();
        plan.left_out.push(crate::plan::model::LeftOut {
            reason: "later".to_owned(),
            files: vec!["h".to_owned()],
        });
        insta::assert_snapshot!(amend(TEXT, &plan), @r#"
        # Ours.
        version = 1
        instruction = "x"
        base = "ffffffffffffffffffffffffffffffffffffffff" # pinned
        base-name = "origin/main"

        # The first.
        # 2 files, 7 lines, 0 bytes
        [[unit]]
        id = "one" # by hand
        files = [
          "a", # because
          "e",
        ]

        [[unit]]
        id = "two"
        files = ["c",
          "g",
        ]

        [[left-out]]
        reason = "binary"
        files = [
          "d",
        ]

        [[left-out]]
        reason = "later"
        files = [
          "h",
        ]
        "#);
        plan.units.remove(0);
        plan.left_out.clear();
        insta::assert_snapshot!(amend(TEXT, &plan), @r#"
        # Ours.
        version = 1
        instruction = "x"
        base = "ffffffffffffffffffffffffffffffffffffffff" # pinned
        base-name = "origin/main"

        [[unit]]
        id = "two"
        files = ["c",
          "g",
        ]
        "#);
    }

    #[test]
    fn a_text_that_cannot_be_updated_is_replaced() {
        let mut plan = parse(TEXT).unwrap();
        plan.units[0].size = Size {
            lines: 3,
            bytes: 40,
        };
        let text = TEXT.replace("[[unit]]\nid = \"two\"\n", "[[unit]]\nid = \"three\"\n");
        assert_eq!(amend(&text, &plan), to_toml(&plan));
        assert_eq!(amend(TEXT, &plan), TEXT);
    }
}
