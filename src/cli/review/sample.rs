//! Plans for the tests of the review.

use crate::config::AgentOptions;
use crate::git::CommitId;
use crate::plan::{BaseFiles, Claim, LeftOut, Plan, Research, Size, Unit, UnitId};

pub(in crate::cli) fn id(text: &str) -> UnitId {
    UnitId::parse(text).unwrap()
}

fn unit(name: &str, title: &str, files: &[&str], lines: u64, needs: &[&str]) -> Unit {
    Unit {
        id: id(name),
        title: title.to_owned(),
        description: None,
        agent: None,
        needs: needs.iter().map(|need| id(need)).collect(),
        claim: Claim {
            files: files.iter().map(ToString::to_string).collect(),
            create: vec![format!("{}/", files[0].rsplit_once('/').unwrap().0)],
        },
        size: Size {
            lines,
            bytes: lines * 40,
        },
        owners: Vec::new(),
    }
}

/// Returns a plan of five units, one of which needs two others, with files left out for two reasons.
pub(in crate::cli) fn plan() -> Plan {
    Plan {
        instruction: "from var to const".to_owned(),
        base: CommitId::new("0123456789abcdef0123456789abcdef01234567"),
        base_name: "origin/main".to_owned(),
        globs: vec!["**/*.js".to_owned()],
        agent: AgentOptions::default(),
        agents: std::collections::BTreeMap::new(),
        until: None,
        research: Research::default(),
        units: vec![
            unit("01-api", "api", &["api/a.js", "api/b.js"], 1204, &[]),
            unit("02-cart", "cart", &["cart/cart.js"], 88, &[]),
            unit("03-db", "db", &["db/a b.js", "db/ü.js", "db/z.js"], 9, &[]),
            unit(
                "04-db-tests",
                "db/tests",
                &["db/tests/t.js"],
                310,
                &["03-db", "01-api"],
            ),
            unit(
                "05-web",
                "web: app … zone",
                &["web/app.js", "web/zone.js"],
                42,
                &[],
            ),
        ],
        integration: None,
        left_out: vec![
            LeftOut {
                reason: "binary".to_owned(),
                files: ["a", "b", "c", "d"]
                    .map(|name| format!("img/{name}.js"))
                    .to_vec(),
            },
            LeftOut {
                reason: "generated".to_owned(),
                files: vec!["dist/app.js".to_owned()],
            },
        ],
    }
}

/// Returns the same plan with texts as long as possible.
pub(in crate::cli) fn long() -> Plan {
    let mut plan = plan();
    plan.instruction = "Replace every `var` by `const` or `let`, whichever holds. ".repeat(4);
    for (index, unit) in plan.units.iter_mut().enumerate() {
        unit.title = format!("packages/shop/{} ", unit.title).repeat(10);
        unit.id = id(&format!(
            "{:02}-packages-shop-contrib-admin-{index}",
            index + 1
        ));
    }
    plan.units[3].needs = vec![plan.units[0].id.clone(), plan.units[2].id.clone()];
    plan.left_out[0].files[0] = "very/".repeat(12) + "deep.js";
    plan
}

/// Returns the base files of the plan.
pub(in crate::cli) fn base() -> BaseFiles {
    let plan = plan();
    let files = plan.units.iter().flat_map(|unit| &unit.claim.files);
    BaseFiles::fixture(
        files.map(String::as_str),
        "/api/ @acme/api\n/web/ @acme/web @ada\n",
    )
}
