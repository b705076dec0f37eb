//! Makes a plan again for another instruction, from the same files of the same base except the files that a person
//! dropped.

use super::base_files::BaseFiles;
use super::edit::DROPPED;
use super::error::PlanError;
use super::make::{Request, make};
use super::model::Plan;
use super::select::escape;
use crate::config::{Grouping, Order, UnitRange};
use crate::git::{Base, Repo};

/// Makes a plan without a proposal, with the instruction, base, agents and files of `plan`.
pub(crate) fn replan(
    repo: &Repo,
    plan: &Plan,
    units: UnitRange,
    by: Option<Grouping>,
    order: Order,
) -> Result<(Plan, BaseFiles), PlanError> {
    let dropped = plan.left_out.iter().find(|it| it.reason == DROPPED);
    let not_dropped = dropped
        .iter()
        .flat_map(|it| &it.files)
        .map(|path| format!("!{}", escape(path)));
    let base = Base {
        id: plan.base.clone(),
        name: plan.base_name.clone(),
        branch: None,
    };
    let (made, files) = make(
        repo,
        &Request {
            instruction: &plan.instruction,
            globs: &plan
                .globs
                .iter()
                .cloned()
                .chain(not_dropped)
                .collect::<Vec<_>>(),
            prefix: "",
            base: &base,
            agent: plan.agent.clone(),
            codemod: None,
            until: plan.until.clone(),
            units,
            by,
            order,
        },
    )?;
    let mut left_out = made.left_out;
    left_out.extend(dropped.cloned());
    let replanned = Plan {
        globs: plan.globs.clone(),
        left_out,
        ..made
    };
    Ok((replanned, files))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::fixture::repository;
    use crate::plan::edit::Edit;

    #[test]
    fn dropped_files_stay_out() {
        let it = repository(&[
            ("a/[x].js", "1"),
            ("a/y.js", "2"),
            ("b.js", "3"),
            ("c", "4"),
        ]);
        let globs = ["**/*.js".to_owned()];
        let base = it.repo.base(None, None).unwrap();
        let units = UnitRange::exactly(3);
        let request = Request {
            instruction: "one",
            globs: &globs,
            prefix: "",
            base: &base,
            agent: crate::config::AgentOptions::default(),
            codemod: None,
            until: None,
            units,
            by: None,
            order: Order::None,
        };
        let (plan, known) = make(&it.repo, &request).unwrap();
        let odd = |plan: &Plan| {
            let mut units = plan.units.iter();
            units
                .find(|unit| unit.claim.files == ["a/[x].js"])
                .map(|unit| unit.id.clone())
        };
        let drop = Edit::Drop(odd(&plan).unwrap());
        let mut dropped = plan.edited(&drop, &known).unwrap();
        dropped.instruction = "two".to_owned();
        let (again, _) = replan(&it.repo, &dropped, units, None, Order::None).unwrap();
        assert_eq!(again.instruction, "two");
        assert_eq!(again.base, plan.base);
        assert_eq!(again.globs, plan.globs);
        assert_eq!(again.left_out, dropped.left_out);
        let files: Vec<&str> = again
            .units
            .iter()
            .flat_map(|unit| unit.claim.files.iter().map(String::as_str))
            .collect();
        assert_eq!(files, ["a/y.js", "b.js"]);
    }
}
