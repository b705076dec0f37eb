mod properties;
mod repairs;

use super::format::{Proposal, ProposedUnit};
use super::from_proposal;
use crate::config::{AgentOptions, UnitRange};
use crate::git::CommitId;
use crate::plan::base_files::BaseFiles;
use crate::plan::model::{LeftOut, Plan, Research};
use crate::plan::unit_id::UnitId;
use crate::plan::units::cut_into_units;

const PATHS: [&str; 12] = [
    "a.js",
    "b.js",
    "lib/One.js",
    "lib/one.js",
    "lib/deep/x.js",
    "lib/deep/y.js",
    "lib/two.js",
    "web/app.js",
    "web/menu.js",
    "web/page.js",
    "web/style.css",
    "z.js",
];

/// Other files that the base tracks.
const OTHERS: [&str; 2] = ["README.md", "img/logo.png"];

fn base() -> BaseFiles {
    let owners = "/lib/ @acme/lib\n/web/ @acme/web @ada\n";
    let mut base = BaseFiles::fixture(PATHS.into_iter().chain(OTHERS), owners);
    for other in OTHERS {
        base.files.retain(|file| file.path != other);
    }
    base
}

fn plan() -> Plan {
    let base = base();
    let files: Vec<_> = base.files.clone();
    Plan {
        instruction: "x".into(),
        base: CommitId::new("0123456789".repeat(4)),
        base_name: "main".into(),
        globs: vec![".".into()],
        agent: AgentOptions::default(),
        agents: std::collections::BTreeMap::new(),
        until: None,
        research: Research::default(),
        units: cut_into_units(&files, &base, UnitRange::exactly(3)).unwrap(),
        integration: None,
        left_out: vec![LeftOut {
            reason: "binary".into(),
            files: vec!["img/logo.png".into()],
        }],
    }
}

fn unit(title: &str, files: &[&str]) -> ProposedUnit {
    ProposedUnit {
        title: title.to_owned(),
        files: files.iter().map(ToString::to_string).collect(),
        ..ProposedUnit::default()
    }
}

fn proposal(units: Vec<ProposedUnit>) -> Proposal {
    Proposal {
        units,
        ..Proposal::default()
    }
}

/// Units and repairs, a line each.
fn shown(proposal: &Proposal, range: &str) -> String {
    let made = from_proposal(&plan(), &base(), proposal, range.parse().unwrap());
    let (plan, repairs) = made.unwrap();
    let mut lines: Vec<String> = plan
        .units
        .iter()
        .map(|unit| {
            let needs: Vec<&str> = unit.needs.iter().map(UnitId::as_str).collect();
            let files = unit.claim.files.join(" ");
            format!(
                "{} | {} | {files} | {}",
                unit.id,
                unit.title,
                needs.join(" ")
            )
        })
        .collect();
    for left_out in &plan.left_out {
        lines.push(format!(
            "- {}: {}",
            left_out.reason,
            left_out.files.join(" ")
        ));
    }
    lines.extend(repairs.iter().map(|repair| format!("* {repair}")));
    lines.join("\n")
}
