//! Puts the edits of two units to one file together where git sees a conflict: lines are treated as a set, and
//! manifests in JSON or TOML by their keys.
//!
//! What both sides did is done once, what either side took away is gone, and what both sides put at the same place is
//! there from both, in an order that does not depend on who comes first. Two different values for the same line or key
//! stay a conflict.

use serde_json::{Map, Value};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::insertions;

/// Returns the text of the file at `path` with the edits of both sides since `base`; `None` where they contradict each
/// other.
pub(super) fn merge(path: &str, base: &str, ours: &str, theirs: &str) -> Option<String> {
    if let Some(format) = Format::of(path)
        && let (Some(before), Some(mine), Some(other)) =
            (format.parse(base), format.parse(ours), format.parse(theirs))
    {
        let wanted = merge_values(&before, &mine, &other)?;
        return format.write(&wanted, base, ours, theirs);
    }
    merge_lines(base, ours, theirs, Contradiction::Conflict)
}

/// Returns the text of the file at `path` with what was added since `base`, and without what was taken away; `None`
/// where nothing was taken away that could be left.
pub(super) fn without_removals(path: &str, base: &str, now: &str) -> Option<String> {
    if let Some(format) = Format::of(path)
        && let (Some(before), Some(after)) = (format.parse(base), format.parse(now))
    {
        let wanted = union(&before, &after);
        if wanted == after {
            return None;
        }
        let lines = match format {
            Format::Json => with_commas(&all_lines(&without_commas(base), &without_commas(now))),
            Format::Toml => all_lines(base, now),
        };
        let by_lines = Some(lines).filter(|text| format.parse(text).as_ref() == Some(&wanted));
        return by_lines.or_else(|| format.rewrite(&wanted, base));
    }
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (base, now) = (lines(base), lines(now));
    let edits = Edits::of(&base, &now);
    let mut kept = String::new();
    for at in 0..=base.len() {
        kept.extend(edits.inserted[at].iter().copied());
        // A line in whose place others stand was changed and not taken away.
        if at < base.len() && (edits.kept[at] || edits.is_only_gone(at)) {
            kept.push_str(base[at]);
        }
    }
    (kept != now.concat()).then_some(kept)
}

/// Returns all lines of both texts.
fn all_lines(base: &str, now: &str) -> String {
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (base, now) = (lines(base), lines(now));
    let edits = Edits::of(&base, &now);
    let mut all = String::new();
    for at in 0..=base.len() {
        all.extend(edits.inserted[at].iter().copied());
        all.extend(base.get(at).copied());
    }
    all
}

/// Returns a value with all keys and elements of both; where both have a single value, the later one.
fn union(before: &Value, after: &Value) -> Value {
    match (before, after) {
        (Value::Object(before), Value::Object(after)) => {
            let mut all = before.clone();
            for (key, value) in after {
                let value = all
                    .get(key)
                    .map_or_else(|| value.clone(), |it| union(it, value));
                all.insert(key.clone(), value);
            }
            Value::Object(all)
        }
        (Value::Array(before), Value::Array(after)) => {
            let new = after.iter().filter(|it| !before.contains(it));
            Value::Array(before.iter().chain(new).cloned().collect())
        }
        _ => after.clone(),
    }
}

/// The formats that are merged by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Toml,
}

impl Format {
    fn of(path: &str) -> Option<Self> {
        let (_, extension) = path.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "json" => Some(Self::Json),
            "toml" => Some(Self::Toml),
            _ => None,
        }
    }

    fn parse(self, text: &str) -> Option<Value> {
        match self {
            Self::Json => serde_json::from_str(text).ok(),
            Self::Toml => {
                let table: toml::Table = text.parse().ok()?;
                serde_json::to_value(table).ok()
            }
        }
    }

    /// Writes the wanted value with the lines of both sides, or, for JSON whose form is the usual one, anew.
    fn write(self, wanted: &Value, base: &str, ours: &str, theirs: &str) -> Option<String> {
        let by_lines = match self {
            Self::Json => {
                let sides = [base, ours, theirs].map(without_commas);
                merge_lines(&sides[0], &sides[1], &sides[2], Contradiction::Both)
                    .map(|text| with_commas(&text))
            }
            Self::Toml => merge_lines(base, ours, theirs, Contradiction::Both),
        };
        let is_wanted = |text: &String| self.parse(text).as_ref() == Some(wanted);
        by_lines
            .filter(is_wanted)
            .or_else(|| self.rewrite(wanted, base))
    }

    fn rewrite(self, wanted: &Value, base: &str) -> Option<String> {
        if self != Self::Json {
            return None;
        }
        let indent = base.lines().find_map(|line| {
            let text = line.trim_start_matches([' ', '\t']);
            let indent = &line[..line.len() - text.len()];
            (!indent.is_empty() && !text.is_empty()).then_some(indent)
        })?;
        let end = &base[base.trim_end().len()..];
        let written = |value: &Value| Some(pretty(value, indent)? + end);
        // A file in a form of its own would be reformatted as a whole.
        (written(&serde_json::from_str(base).ok()?)? == base).then_some(())?;
        written(wanted)
    }
}

fn pretty(value: &Value, indent: &str) -> Option<String> {
    use serde::Serialize as _;
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    value.serialize(&mut serializer).ok()?;
    String::from_utf8(text).ok()
}

/// Merges values by keys; lists are sets where no element occurs twice.
fn merge_values(base: &Value, ours: &Value, theirs: &Value) -> Option<Value> {
    if ours == theirs || theirs == base {
        return Some(ours.clone());
    }
    if ours == base {
        return Some(theirs.clone());
    }
    match (base, ours, theirs) {
        (Value::Object(base), Value::Object(ours), Value::Object(theirs)) => {
            merge_objects(base, ours, theirs).map(Value::Object)
        }
        (Value::Array(base), Value::Array(ours), Value::Array(theirs)) => {
            merge_lists(base, ours, theirs).map(Value::Array)
        }
        _ => None,
    }
}

fn merge_objects(
    base: &Map<String, Value>,
    ours: &Map<String, Value>,
    theirs: &Map<String, Value>,
) -> Option<Map<String, Value>> {
    let mut merged = Map::new();
    let keys = |map: &Map<String, Value>| -> Vec<String> { map.keys().cloned().collect() };
    let in_order = merge_sequences(&keys(base), &keys(ours), &keys(theirs));
    // A key that one side took away and the other changed is in neither order.
    let others = base.keys().filter(|key| !in_order.contains(*key)).cloned();
    for key in in_order.iter().cloned().chain(others) {
        let key = &key;
        let value = match (base.get(key), ours.get(key), theirs.get(key)) {
            (Some(base), Some(ours), Some(theirs)) => Some(merge_values(base, ours, theirs)?),
            (None, Some(ours), Some(theirs)) if ours == theirs => Some(ours.clone()),
            (None, Some(Value::Object(ours)), Some(Value::Object(theirs))) => {
                Some(Value::Object(merge_objects(&Map::new(), ours, theirs)?))
            }
            (None, Some(_), Some(_)) => return None,
            (None, Some(value), None) | (None, None, Some(value)) => Some(value.clone()),
            // One side took it away; the other side must not have changed it.
            (Some(base), Some(left), None) | (Some(base), None, Some(left)) => {
                (base == left).then_some(())?;
                None
            }
            (_, None, None) => None,
        };
        if let Some(value) = value {
            merged.insert(key.clone(), value);
        }
    }
    Some(merged)
}

fn merge_lists(base: &[Value], ours: &[Value], theirs: &[Value]) -> Option<Vec<Value>> {
    let is_set = |list: &[Value]| (1..list.len()).all(|at| !list[..at].contains(&list[at]));
    if ![base, ours, theirs].into_iter().all(is_set) {
        return None;
    }
    let texts = |list: &[Value]| -> Vec<String> { list.iter().map(Value::to_string).collect() };
    let merged = merge_sequences(&texts(base), &texts(ours), &texts(theirs));
    let all = || base.iter().chain(ours).chain(theirs);
    let value = |text: String| all().find(|it| it.to_string() == text).cloned();
    merged.into_iter().map(value).collect()
}

/// Merges lists in which no entry occurs twice: what either side took away is gone, and new entries stand where either
/// side put them, each once.
fn merge_sequences(base: &[String], ours: &[String], theirs: &[String]) -> Vec<String> {
    let [base, ours, theirs] =
        [base, ours, theirs].map(|list| list.iter().map(String::as_str).collect::<Vec<&str>>());
    let (ours, theirs) = (Edits::of(&base, &ours), Edits::of(&base, &theirs));
    let mut merged: Vec<&str> = Vec::new();
    for at in 0..=base.len() {
        let new = insertions::merge(&ours.inserted[at], &theirs.inserted[at]);
        let stays = at < base.len() && ours.kept[at] && theirs.kept[at];
        for entry in new
            .into_iter()
            .chain(base.get(at).copied().filter(|_| stays))
        {
            // Each side may have moved it to a place of its own.
            if !merged.contains(&entry) {
                merged.push(entry);
            }
        }
    }
    merged.into_iter().map(str::to_owned).collect()
}

/// What happens where both sides replaced the same lines in different ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contradiction {
    Conflict,
    /// The lines of both are taken; the caller judges the result.
    Both,
}

/// What one side did to the lines of the base.
struct Edits<'a> {
    /// Whether each line of the base is still there.
    kept: Vec<bool>,
    /// The lines that stand before each line of the base, and at the end.
    inserted: Vec<Vec<&'a str>>,
}

impl<'a> Edits<'a> {
    fn of(base: &[&'a str], side: &[&'a str]) -> Self {
        let mut edits = Self {
            kept: vec![true; base.len()],
            inserted: vec![Vec::new(); base.len() + 1],
        };
        // The operations are in order, but the place of an insertion in the base may lag behind.
        let mut at = 0;
        for op in capture_diff_slices(Algorithm::Myers, base, side) {
            let (old, new) = (op.old_range(), op.new_range());
            match op {
                DiffOp::Equal { len, .. } => at += len,
                DiffOp::Insert { .. } => edits.inserted[at].extend_from_slice(&side[new]),
                DiffOp::Delete { .. } | DiffOp::Replace { .. } => {
                    edits.kept[at..at + old.len()].fill(false);
                    at += old.len();
                    edits.inserted[at].extend_from_slice(&side[new]);
                }
            }
        }
        edits
    }

    /// Checks whether the line `at` is gone together with its neighbours, and nothing stands in their place.
    fn is_only_gone(&self, at: usize) -> bool {
        let end = (at..self.kept.len()).find(|line| self.kept[*line]);
        let end = end.unwrap_or(self.kept.len());
        !self.kept[at] && self.inserted[at + 1..=end].iter().all(Vec::is_empty)
    }

    /// Checks whether the lines inserted before the line `at` replace lines of the base.
    fn replaces(&self, at: usize) -> bool {
        at.checked_sub(1).is_some_and(|before| !self.kept[before])
    }
}

fn merge_lines(base: &str, ours: &str, theirs: &str, how: Contradiction) -> Option<String> {
    let lines = |text| -> Vec<&str> { str::split_inclusive(text, '\n').collect() };
    let (base, ours, theirs) = (lines(base), lines(ours), lines(theirs));
    let (ours, theirs) = (Edits::of(&base, &ours), Edits::of(&base, &theirs));
    let mut merged = String::new();
    for at in 0..=base.len() {
        let (mine, other) = (&ours.inserted[at], &theirs.inserted[at]);
        let both_replace = ours.replaces(at) && theirs.replaces(at);
        let differ = mine != other && both_replace && !(mine.is_empty() && other.is_empty());
        // One side changed lines that the other side took away.
        let changed_and_gone = at > 0
            && ours.kept[at - 1] != theirs.kept[at - 1]
            && !mine.is_empty()
            && !other.is_empty()
            && mine != other;
        if how == Contradiction::Conflict && (differ || changed_and_gone) {
            return None;
        }
        merged.extend(insertions::put_together(mine, other)?);
        if at < base.len() && ours.kept[at] && theirs.kept[at] {
            merged.push_str(base[at]);
        }
    }
    Some(merged)
}

/// Returns JSON without the commas at the ends of its lines.
fn without_commas(text: &str) -> String {
    map_lines(text, |line, _| {
        line.strip_suffix(',').unwrap_or(line).to_owned()
    })
}

/// Puts a comma at the end of each line that another entry follows.
fn with_commas(text: &str) -> String {
    map_lines(text, |line, next| {
        let opens = line.trim_end().ends_with(['{', '[']) || line.trim().is_empty();
        let is_last = next.is_none_or(|next| next.trim_start().starts_with(['}', ']']));
        if opens || is_last {
            line.to_owned()
        } else {
            format!("{line},")
        }
    })
}

/// Rewrites each line, without its line break; the next line that holds something is known.
fn map_lines(text: &str, rewrite: impl Fn(&str, Option<&str>) -> String) -> String {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut out = String::with_capacity(text.len());
    for (at, line) in lines.iter().enumerate() {
        let bare = line.trim_end_matches(['\n', '\r']);
        let mut rest = lines[at + 1..].iter();
        let next = rest.find(|next| !next.trim().is_empty());
        out.push_str(&rewrite(bare, next.copied()));
        out.push_str(&line[bare.len()..]);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn neighbouring_deletions_are_a_set() {
        let base = "[mypy]\nignore =\n  a\n  b\n  c\n";
        let (ours, theirs) = (base.replace("  a\n", ""), base.replace("  b\n", ""));
        let merged = merge("setup.cfg", base, &ours, &theirs).unwrap();
        assert_eq!(merged, "[mypy]\nignore =\n  c\n");
    }

    #[test]
    fn equal_insertions_are_there_once_and_others_one_after_the_other() {
        let base = "a\nz\n";
        assert_eq!(
            merge("x", base, "a\nm\nz\n", "a\nm\nz\n").unwrap(),
            "a\nm\nz\n"
        );
        assert_eq!(
            merge("x", base, "a\nm\nz\n", "a\nm\nn\nz\n").unwrap(),
            "a\nm\nn\nz\n"
        );
    }

    #[test]
    fn removals_can_be_left_out_of_an_edit() {
        let base = "a\nb\nc\nd\n";
        assert_eq!(without_removals("x", base, "a\nc\nd\n"), Some(base.into()));
        assert_eq!(
            without_removals("x", base, "a\nc\nD\nn\n"),
            Some("a\nb\nc\nD\nn\n".into())
        );
        assert_eq!(without_removals("x", base, "a\nb\nc\nD\n"), None);
        let base = "{\n  \"name\": \"x\",\n  \"dependencies\": {\n    \"moment\": \"2\"\n  }\n}\n";
        let swapped = base.replace("\"moment\": \"2\"", "\"dayjs\": \"1\"");
        insta::assert_snapshot!(without_removals("p.json", base, &swapped).unwrap(), @r#"
        {
          "name": "x",
          "dependencies": {
            "moment": "2",
            "dayjs": "1"
          }
        }
        "#);
    }

    #[test]
    fn two_values_for_one_line_are_a_conflict() {
        assert_eq!(
            merge("x", "a\nv=1\nz\n", "a\nv=2\nz\n", "a\nv=3\nz\n"),
            None
        );
        assert_eq!(
            merge("x.json", "{\"v\": 1}", "{\"v\": 2}", "{\"v\": 3}"),
            None
        );
    }

    #[test]
    fn a_json_manifest_is_merged_by_keys_and_keeps_its_form() {
        let base = "{\n  \"name\": \"x\",\n  \"dependencies\": {\n    \"moment\": \"2\"\n  }\n}\n";
        let ours = base.replace(
            "\"moment\": \"2\"",
            "\"moment\": \"2\",\n    \"dayjs\": \"1\"",
        );
        let theirs = base.replace(
            "\"moment\": \"2\"",
            "\"moment\": \"2\",\n    \"luxon\": \"3\"",
        );
        insta::assert_snapshot!(merge("package.json", base, &ours, &theirs).unwrap(), @r#"
        {
          "name": "x",
          "dependencies": {
            "moment": "2",
            "dayjs": "1",
            "luxon": "3"
          }
        }
        "#);
        let gone = base.replace("\"moment\": \"2\"", "\"luxon\": \"3\"");
        insta::assert_snapshot!(merge("package.json", base, &ours, &gone).unwrap(), @r#"
        {
          "name": "x",
          "dependencies": {
            "dayjs": "1",
            "luxon": "3"
          }
        }
        "#);
    }

    #[test]
    fn a_toml_manifest_is_merged_by_keys() {
        let base = "[dependencies]\na = \"1\"\nz = \"1\"\n";
        let ours = base.replace("a = \"1\"\n", "a = \"1\"\nb = \"2\"\n");
        let theirs = base.replace("a = \"1\"\n", "a = \"1\"\nc = \"3\"\n");
        insta::assert_snapshot!(merge("Cargo.toml", base, &ours, &theirs).unwrap(), @r#"
        [dependencies]
        a = "1"
        b = "2"
        c = "3"
        z = "1"
        "#);
        let other = base.replace("a = \"1\"\n", "a = \"1\"\nb = \"9\"\n");
        assert_eq!(merge("Cargo.toml", base, &ours, &other), None);
    }

    /// A form in which names are written.
    struct Written {
        path: &'static str,
        write: fn(&[String]) -> String,
    }

    const LINES: Written = Written {
        path: "list",
        write: |names| {
            names
                .iter()
                .flat_map(|name| [name.as_str(), "\n"])
                .collect()
        },
    };

    const JSON: Written = Written {
        path: "x.json",
        write: |names| {
            let entries: Vec<String> = names
                .iter()
                .map(|name| format!("    \"{name}\": 1"))
                .collect();
            format!("{{\n  \"x\": {{\n{}\n  }}\n}}\n", entries.join(",\n"))
        },
    };

    const JSON_LIST: Written = Written {
        path: "x.json",
        write: |names| {
            let entries: Vec<String> = names.iter().map(|name| format!("    \"{name}\"")).collect();
            format!("{{\n  \"x\": [\n{}\n  ]\n}}\n", entries.join(",\n"))
        },
    };

    const TOML: Written = Written {
        path: "x.toml",
        write: |names| {
            let lines = names.iter().map(|name| format!("\"{name}\" = 1\n"));
            format!("[x]\n{}", lines.collect::<String>())
        },
    };

    proptest! {
        /// One side alone, and both sides alike, give that side.
        #[test]
        fn one_edit_is_taken_as_it_is(
            base in "([abc]\n){0,6}",
            side in "([abcd]\n){0,6}",
        ) {
            prop_assert_eq!(merge("x", &base, &side, &base), Some(side.clone()));
            prop_assert_eq!(merge("x", &base, &base, &side), Some(side.clone()));
            prop_assert_eq!(merge("x", &base, &side, &side), Some(side));
        }

        /// It does not matter which side comes first.
        #[test]
        fn both_sides_count_alike(
            base in "([abc]\n){0,6}",
            ours in "( ?[abcd}]\n|f\\(\n){0,6}",
            theirs in "( ?[abcd}]\n|f\\(\n){0,6}",
        ) {
            prop_assert_eq!(merge("x", &base, &ours, &theirs), merge("x", &base, &theirs, &ours));
        }

        /// What several units add to a file is there in one order, whichever comes first.
        #[test]
        fn additions_in_any_order_give_the_same_text(
            added in proptest::collection::vec(proptest::collection::vec((0_usize..5, 0_u8..4), 0..4), 3),
            order in Just(vec![0, 1, 2]).prop_shuffle(),
        ) {
            // Each unit has lines of its own, and all of them have the lines of number 0.
            let name = |unit: usize, number: u8| match number {
                0 => "all".to_owned(),
                number => format!("{}{}", number * 7 % 4, ["b", "a", "c"][unit]),
            };
            for format in [LINES, JSON, JSON_LIST, TOML] {
                let text = |unit: Option<usize>| {
                    let lines = (0..5).flat_map(|place| {
                        let new = unit.into_iter().flat_map(|unit| {
                            let here = added[unit].iter().filter(|(at, _)| *at == place);
                            let mut names: Vec<String> =
                                here.map(|(_, number)| format!("{place}-{}", name(unit, *number))).collect();
                            names.sort();
                            names.dedup();
                            names
                        }).collect::<Vec<_>>();
                        new.into_iter().chain((place < 4).then(|| format!("{place}")))
                    });
                    (format.write)(&lines.collect::<Vec<_>>())
                };
                let sides = [text(Some(0)), text(Some(1)), text(Some(2))];
                let merged = |order: &[usize]| {
                    let mut units = order.iter();
                    units.try_fold(text(None), |done, unit| merge(format.path, &text(None), &done, &sides[*unit]))
                };
                let all = merged(&[0, 1, 2]);
                prop_assert!(all.is_some(), "{:?}", sides);
                prop_assert_eq!(merged(&order), all, "{:?}", sides);
            }
        }

        /// What either side took away of distinct lines is gone, and the rest is there once.
        #[test]
        fn deletions_add_up(
            ours in proptest::collection::vec(any::<bool>(), 8),
            theirs in proptest::collection::vec(any::<bool>(), 8),
        ) {
            let text = |kept: &dyn Fn(usize) -> bool| -> String {
                let lines = (0..8).filter(|line| kept(*line));
                lines.map(|line| format!("{line}\n")).collect::<Vec<_>>().concat()
            };
            let merged = merge("x", &text(&|_| true), &text(&|it| ours[it]), &text(&|it| theirs[it]));
            prop_assert_eq!(merged, Some(text(&|it| ours[it] && theirs[it])));
        }
    }
}
