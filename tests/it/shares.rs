//! Units that are spread over several agents: who gets which, and that one agent's trouble is not another's.

use std::fs;

use crate::support::agents::FAIL;
use crate::support::{Migrate, Repo};

/// A repository whose settings name two agents, each of them such a script.
fn repo(units: usize, left: &str, right: &str) -> Repo {
    let repo = Repo::with_packages(units);
    let table = |name: &str, script: &str| {
        let path = repo.program(name, script);
        format!(
            "[agents.{name}]\ncommand = \"{}\"\n",
            path.to_string_lossy()
        )
    };
    let settings = format!("{}{}", table("left", left), table("right", right));
    repo.settings(&settings)
}

/// A migration of six units by these agents.
fn shared<'a>(repo: &'a Repo, agents: &str) -> Migrate<'a> {
    let migrate = repo.migrate().anywhere().units(6);
    migrate.with(["--agents", agents])
}

/// Signs its unit's files by a name.
fn signed(name: &str) -> String {
    format!("sign {name}")
}

/// Who signed each package that was published, in their order; a dash where none was.
fn who(repo: &Repo) -> Vec<String> {
    let pushed = repo.pushed();
    let mut who = vec!["-".to_owned(); 6];
    for branch in &pushed {
        for (number, who) in who.iter_mut().enumerate() {
            let path = format!("packages/p{number}/index.js");
            if repo.published_changes(branch).contains(&path) {
                let text = repo.published(branch, &path);
                text.rsplit("// ")
                    .next()
                    .unwrap_or_default()
                    .clone_into(who);
            }
        }
    }
    who
}

/// The programs by which the report says that units were worked on, in their order.
fn reported(repo: &Repo) -> Vec<String> {
    let report = repo.report();
    let units = report["units"].as_array().expect("units");
    let agent = |unit: &serde_json::Value| unit["agent"].as_str().unwrap_or_default().to_owned();
    let program = |agent: String| agent.rsplit('/').next().unwrap_or_default().to_owned();
    units.iter().map(agent).map(program).collect()
}

#[test]
fn units_go_to_agents_by_their_shares_and_stay_with_them() {
    let repo = repo(6, FAIL, &signed("right"));
    shared(&repo, "left:2,right:1")
        .in_order()
        .run()
        .exits(1)
        .says("left for 4 units")
        .says("right for 2 units");
    let shares = ["left", "right", "left", "left", "right", "left"];
    assert_eq!(reported(&repo), shares);
    assert_eq!(who(&repo), ["-", "right", "-", "-", "right", "-"]);
    let plan = repo.settled("plan.toml");
    assert_eq!(plan.matches("agent = \"left\"").count(), 4, "{plan}");

    repo.program("left", &signed("left"));
    let _ = repo.batch(["resume"]);
    let _ = repo.batch(["retry", "--failed"]).exits(0);
    assert_eq!(who(&repo), shares);
    repo.batch(["plan", "packages/", "sign", "--agent", "left"])
        .exits(0)
        .says("a unit, from 4 earlier units");
}

#[test]
fn a_saved_plan_keeps_who_does_what_unless_it_is_said_otherwise() {
    let repo = repo(6, &signed("left"), &signed("right"));
    let settings = format!(
        "{}[run]\nagents = \"left,right\"\n",
        repo.read("batch.toml")
    );
    let repo = repo.settings(&settings);
    let plan = ["plan", "packages/", "sign every file", "--units", "6"];
    let output = repo.batch(plan).exits(0);
    output.says("left for 3 units").says("right for 3 units");
    let text = repo.read("plan.toml");
    let swapped = text.replacen("agent = \"left\"", "agent = \"right\"", 1);
    repo.write("plan.toml", &swapped);
    let run = |more: &[&str]| {
        let run = repo.run_saved("plan.toml").anywhere().with(["--dry-run"]);
        let _ = run.with(more).run().exits(0);
        reported(&repo)
    };
    assert_eq!(
        run(&[]),
        ["right", "right", "left", "right", "left", "right"]
    );
    assert_eq!(run(&["--agent", "left"]), ["left"; 6]);
    let even = ["left", "left", "left", "right", "left", "left"];
    assert_eq!(run(&["--agents", "left:5,right:1"]), even);

    repo.write(
        "plan.toml",
        swapped.replacen("agent = \"right\"", "agent = \"nobody\"", 1),
    );
    repo.batch(["run", "plan.toml", "--yes"])
        .exits(2)
        .says("the plan has no agent \"nobody\"");
    shared(&repo, "left,nobody")
        .run()
        .exits(2)
        .says("there is no agent \"nobody\"");
    let both = shared(&repo, "left").with(["--agent", "right"]);
    let _ = both.run().exits(2);
}

#[test]
fn who_is_held_back_holds_back_nobody_else() {
    let later = r#"
use_up '"retry_after": 3600'
exit 75"#;
    let repo = repo(6, later, &signed("right"));
    let mut session = shared(&repo, "left,right").with(["-j", "2"]).start();
    session.wait_for("left: no agent is started before");
    session.wait_for("PR #6");
    session.interrupt();
    session.wait_for("Ctrl-C again");
    session.interrupt();
    let _ = session.finish().exits(130);
    assert_eq!(who(&repo), ["-", "right", "-", "right", "-", "right"]);
}

#[test]
fn who_has_no_access_or_fails_alike_gets_nothing_further_and_the_others_go_on() {
    let repo = repo(6, &format!("need_key\n{}", signed("left")), FAIL);
    let output = shared(&repo, "left,right").in_order().run().exits(1);
    let output = output.says("0 of 6 units published, 3 failed, 3 skipped (agent refused)");
    output.says("left: no further unit is started: the agent is not logged in");
    fs::write(repo.root().join("key"), "").expect("the key");
    repo.batch(["resume"])
        .exits(1)
        .says("3 of 6 units published, 3 failed");
    let _ = repo
        .batch(["retry", "--failed", "--agent", "left"])
        .exits(0);
    assert_eq!(who(&repo), ["left"; 6]);
    assert_eq!(reported(&repo), ["left"; 6]);
}
