//! The results of checks on the untouched base. Each check runs there at most once in a run, when it first fails in
//! some unit; the results are in the journal, so a resumed run does not run it again.

use tokio::sync::{Mutex, OnceCell};

use crate::check::Check;
use crate::git::TreeId;
use crate::run::job::job::Job;
use crate::run::log::check_result::BaseCheck;

/// The results of checks on the base, as far as they are known.
pub(crate) struct BaseChecks {
    checks: Vec<(Check, OnceCell<BaseCheck>)>,
    /// The content of the checkout of the base, once it was made. Checks may disturb each other, so they run one after
    /// another there.
    pub(crate) prepared: Mutex<Option<TreeId>>,
}

impl BaseChecks {
    /// Lists the checks of the job; `known` are the results of earlier processes.
    pub(crate) fn new(job: &Job, known: &[BaseCheck]) -> Self {
        let mut checks: Vec<(Check, OnceCell<BaseCheck>)> = Vec::new();
        let of_units = job.units.iter().flat_map(|unit| &unit.checks);
        for check in of_units.chain(&job.union_checks) {
            if !checks.iter().any(|(it, _)| is_same(it, check)) {
                let found = known
                    .iter()
                    .find(|known| known.name == check.name && known.dir == check.dir);
                checks.push((check.clone(), OnceCell::new_with(found.cloned())));
            }
        }
        Self {
            checks,
            prepared: Mutex::new(None),
        }
    }

    /// Returns the result of a check, if it is known.
    pub(crate) fn known(&self, check: &Check) -> Option<&BaseCheck> {
        self.result(check)?.get()
    }

    /// Returns the place of a check's result.
    pub(crate) fn result(&self, check: &Check) -> Option<&OnceCell<BaseCheck>> {
        let found = self.checks.iter().find(|(it, _)| is_same(it, check));
        found.map(|(_, result)| result)
    }

    /// Returns the number of a check, counted from 1.
    pub(crate) fn number(&self, check: &Check) -> usize {
        let place = self.checks.iter().position(|(it, _)| is_same(it, check));
        place.unwrap_or_default() + 1
    }
}

fn is_same(one: &Check, other: &Check) -> bool {
    one.name == other.name && one.dir == other.dir
}
