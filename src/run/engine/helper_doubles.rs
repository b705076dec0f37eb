//! Finds helpers that several units wrote with the same body under different names. Their texts come from the commits.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use crate::codemod::functions;
use crate::git::{ContentPair, FileContent, GitError};
use crate::plan::UnitId;
use crate::run::job::job::Job;
use crate::run::log::helper_doubles::{HelperDouble, HelperPlace};
use crate::run::log::run_fact::RunFact;
use crate::run::log::run_state::RunState;
use crate::run::log::unit_state::UnitState;

/// A function with fewer words and signs is too small to be called a helper.
const FEWEST_TOKENS: usize = 12;
/// At most so many helpers are recorded.
const MOST_DOUBLES: usize = 50;

/// Compares the helpers that units wrote; `None` where nothing is new. What a person wrote as a pattern is the same in
/// all units on purpose.
pub(crate) async fn compare(job: &Arc<Job>, state: &RunState) -> Option<RunFact> {
    if job.has_only_patterns() {
        return None;
    }
    let (job, known) = (Arc::clone(job), state.clone());
    match tokio::task::spawn_blocking(move || find(&job, &known)).await {
        Ok(Ok(doubles)) if doubles != state.helper_doubles => {
            Some(RunFact::HelpersCompared { doubles })
        }
        Ok(Err(error)) => {
            tracing::warn!("helpers could not be compared: {error}");
            None
        }
        // Nothing is new, or a parser panicked, which was printed.
        Ok(Ok(_)) | Err(_) => None,
    }
}

/// Compares the functions that units added.
fn find(job: &Job, state: &RunState) -> Result<Vec<HelperDouble>, GitError> {
    let helpers: Vec<Result<Vec<Helper>, GitError>> = state
        .units
        .par_iter()
        .map(|unit| of_unit(job, unit))
        .collect();
    let mut all = Vec::new();
    for helpers in helpers {
        all.extend(helpers?);
    }
    Ok(doubles(all))
}

/// A function that a unit added.
#[derive(Debug)]
struct Helper {
    body: String,
    place: HelperPlace,
}

fn of_unit(job: &Job, unit: &UnitState) -> Result<Vec<Helper>, GitError> {
    let (Some(start), Some(commit)) = (unit.attempt.start(), &unit.attempt.commit) else {
        return Ok(Vec::new());
    };
    let mut changed = job.workspace.repo.changed_contents(start, commit)?;
    // No agent wrote what commands made.
    let made = unit.regenerated_files();
    changed.retain(|it| !str::from_utf8(&it.path).is_ok_and(|path| made.contains(path)));
    Ok(added(&unit.header.id, &changed))
}

/// Returns the functions that a change adds. What it only moves or renames is not new.
fn added(unit: &UnitId, changed: &[ContentPair]) -> Vec<Helper> {
    let mut before = BTreeSet::new();
    let mut after = Vec::new();
    for pair in changed {
        let Ok(path) = str::from_utf8(&pair.path) else {
            continue;
        };
        let read = |side: &Option<FileContent>| {
            let text = side.as_ref().and_then(|it| str::from_utf8(&it.bytes).ok());
            text.map(|text| functions(path, text)).unwrap_or_default()
        };
        before.extend(read(&pair.before).into_iter().map(|it| it.body));
        let large = read(&pair.after)
            .into_iter()
            .filter(|it| it.tokens >= FEWEST_TOKENS);
        after.extend(large.map(|it| Helper {
            body: it.body,
            place: HelperPlace {
                unit: unit.clone(),
                path: path.to_owned(),
                name: it.name,
            },
        }));
    }
    after.retain(|it| !before.contains(&it.body));
    after
}

/// Returns the helpers that several units have under different names.
fn doubles(all: Vec<Helper>) -> Vec<HelperDouble> {
    let mut by_body: BTreeMap<String, Vec<HelperPlace>> = BTreeMap::new();
    for helper in all {
        by_body.entry(helper.body).or_default().push(helper.place);
    }
    let several = |of: BTreeSet<&str>| of.len() > 1;
    let mut found: Vec<HelperDouble> = by_body
        .into_values()
        .filter(|places| {
            several(places.iter().map(|it| it.unit.as_str()).collect())
                && several(places.iter().map(|it| it.name.as_str()).collect())
        })
        .map(|places| HelperDouble { places })
        .collect();
    found.sort_by(|one, other| one.places.cmp(&other.places));
    found.truncate(MOST_DOUBLES);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: &str =
        "function format(value) { return `${value.toFixed(2)} ${unitOf(value)}`; }\n";

    fn changed(path: &str, before: Option<&str>, after: &str) -> ContentPair {
        let side = |text: &str| FileContent {
            bytes: text.as_bytes().to_vec(),
            is_executable: false,
        };
        ContentPair {
            path: path.as_bytes().to_vec(),
            before: before.map(side),
            after: Some(side(after)),
        }
    }

    fn found(units: &[(&str, ContentPair)]) -> Vec<String> {
        let all = units.iter().flat_map(|(unit, pair)| {
            let unit = UnitId::parse(unit).unwrap();
            added(&unit, std::slice::from_ref(pair))
        });
        let places = |double: HelperDouble| {
            let places = double.places.into_iter();
            let places: Vec<String> = places
                .map(|it| format!("{} {} {}", it.unit, it.path, it.name))
                .collect();
            places.join(", ")
        };
        doubles(all.collect()).into_iter().map(places).collect()
    }

    #[test]
    fn the_same_body_under_different_names_is_found() {
        let money = FORMAT.replace("format", "money").replace("value", "n");
        let both = [
            ("01-a", changed("a.js", None, FORMAT)),
            (
                "02-b",
                changed("b.js", Some("f();\n"), &format!("f();\n{money}")),
            ),
        ];
        assert_eq!(found(&both), ["01-a a.js format, 02-b b.js money"]);
    }

    #[test]
    fn the_same_name_one_unit_and_small_or_old_functions_are_no_doubles() {
        let money = FORMAT.replace("format", "money");
        let small = "function small(a) { return a; }\n";
        let tiny = "function tiny(a) { return a; }\n";
        for units in [
            [
                ("01-a", changed("a.js", None, FORMAT)),
                ("02-b", changed("b.js", None, FORMAT)),
            ],
            [
                ("01-a", changed("a.js", None, FORMAT)),
                ("01-a", changed("b.js", None, &money)),
            ],
            [
                ("01-a", changed("a.js", None, small)),
                ("02-b", changed("b.js", None, tiny)),
            ],
            [
                ("01-a", changed("a.js", None, FORMAT)),
                ("02-b", changed("b.js", Some(FORMAT), &money)),
            ],
        ] {
            assert_eq!(found(&units), [""; 0]);
        }
    }
}
