//! A `plan.toml` that a person or a stranger wrote.

use crate::plan::file::{AtBase, amend, check_files, parse, text, to_toml};
use crate::plan::{Plan, Size};

/// Reads the plan. A plan that is accepted is written, also into its own text, and means the same when it is read
/// again.
pub fn plan_file(bytes: &[u8]) {
    let Ok(text) = text(bytes.to_vec()) else {
        return;
    };
    let Ok(plan) = parse(&text) else {
        return;
    };
    let has_file = |path: &str| match path.len() % 3 {
        0 => AtBase::Nothing(None),
        1 => AtBase::Folder,
        _ => AtBase::File,
    };
    // Any answer will do: the names of a plan need not be those of a repository.
    let _ = check_files(&text, has_file);
    let plan = without_sizes(plan);
    for written in [to_toml(&plan), amend(&text, &plan)] {
        match parse(&written) {
            Ok(again) => assert_eq!(without_sizes(again), plan, "{written}"),
            Err(fault) => panic!("{fault} in what was written:\n{written}"),
        }
    }
}

/// Sizes are comments in the file.
fn without_sizes(mut plan: Plan) -> Plan {
    for unit in plan.units.iter_mut().chain(&mut plan.integration) {
        unit.size = Size::default();
    }
    plan
}
