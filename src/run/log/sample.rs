//! Sample headers of runs, for tests here and in the rooms above.

use crate::config::PublishWhen;
use crate::git::CommitId;
use crate::plan::UnitId;
use crate::run::log::run_fact::{Goal, RunHeader, UnitHeader};

/// Makes a unit without needs.
pub(crate) fn unit(id: &str) -> UnitHeader {
    UnitHeader {
        id: UnitId::parse(id).unwrap(),
        title: id.into(),
        needs: Vec::new(),
        files: 1,
        lines: 1,
        owners: Vec::new(),
        agent: None,
        candidates: Vec::new(),
        work: Vec::new(),
    }
}

/// Makes a run of these units.
pub(crate) fn header(units: Vec<UnitHeader>) -> RunHeader {
    RunHeader {
        instruction: "x".into(),
        base: CommitId::new("0".repeat(40)),
        base_name: "HEAD".into(),
        agent: "a".into(),
        forge: "f".into(),
        remote: None,
        goal: Goal::default(),
        publish: PublishWhen::default(),
        min_success: None,
        canary: None,
        pilots: Vec::new(),
        dir: None,
        prefix: String::new(),
        jobs: 2,
        sandbox: None,
        version: "0".into(),
        pid: 1,
        units,
    }
}
