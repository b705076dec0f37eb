//! `batch plan --holds` and `--rebase`: compares a saved plan with a later base, and adapts it.

use std::path::Path;

use anyhow::Context;
use serde::Serialize;

use super::global::Global;
use super::output::{print, say};
use super::plan_file::{save, say_saved};
use super::workspace::Workspace;
use crate::git::{Base, CommitId};
use crate::plan::file::amend;
use crate::plan::{self, Drift, Plan};
use crate::words;

/// The comparison as scripts read it.
#[derive(Serialize)]
struct DriftReport<'a> {
    holds: bool,
    base: &'a CommitId,
    later: &'a CommitId,
    later_name: &'a str,
    #[serde(flatten)]
    drift: &'a Drift,
    /// The changes that were made to the plan, where it was adapted.
    #[serde(skip_serializing_if = "Option::is_none")]
    notes: Option<&'a [String]>,
}

/// A saved plan beside the base that it would be made for today.
struct Saved {
    text: String,
    plan: Plan,
    later: Base,
    drift: Drift,
}

impl Saved {
    fn read(workspace: &Workspace, file: &Path, base: Option<&str>) -> anyhow::Result<Self> {
        let text = std::fs::read(workspace.dir.join(file))
            .with_context(|| format!("the plan {} cannot be read", file.display()))?;
        let text = plan::file::text(text).with_context(|| file.display().to_string())?;
        let plan =
            plan::load(&workspace.repo, &text).with_context(|| file.display().to_string())?;
        let later = later(workspace, &plan, base)?;
        let drift = Drift::between(&workspace.repo, &plan, &later)?;
        Ok(Self {
            text,
            plan,
            later,
            drift,
        })
    }

    fn print_json(&self, notes: Option<&[String]>) -> anyhow::Result<()> {
        let report = DriftReport {
            holds: self.drift.holds(),
            base: &self.plan.base,
            later: &self.later.id,
            later_name: &self.later.name,
            drift: &self.drift,
            notes,
        };
        print(&format!("{}\n", words::json_in_lines(&report)?))
    }
}

/// Reports whether the plan in the file still holds. Returns exit code 1 where it does not.
pub(super) fn check(
    global: &Global,
    workspace: &Workspace,
    file: &Path,
    base: Option<&str>,
) -> anyhow::Result<u8> {
    let saved = Saved::read(workspace, file, base)?;
    let holds = saved.drift.holds();
    if global.json {
        saved.print_json(None)?;
    } else {
        let verdict = if holds {
            "the plan holds".to_owned()
        } else {
            format!(
                "the plan no longer holds; adapt it with: batch plan --rebase {}",
                file.display()
            )
        };
        let moved = saved.drift.words(&saved.plan, &saved.later);
        print(&format!("{moved}\n{verdict}\n"))?;
    }
    Ok(u8::from(!holds))
}

/// Adapts the plan in the file to the later base and writes it there, or to `output`.
pub(super) fn rebase(
    global: &Global,
    workspace: &Workspace,
    file: &Path,
    base: Option<&str>,
    output: Option<&Path>,
) -> anyhow::Result<u8> {
    let saved = Saved::read(workspace, file, base)?;
    let (adapted, notes) = saved
        .drift
        .adapt(&workspace.repo, &saved.plan, &saved.later)?;
    let text = amend(&saved.text, &adapted);
    let target = output.unwrap_or(file);
    if target == Path::new("-") {
        print(&text)?;
    } else {
        save(workspace, target, &text)?;
    }
    if global.json {
        return saved.print_json(Some(&notes)).map(|()| 0);
    }
    let moved = saved.drift.words(&saved.plan, &saved.later);
    say(moved.lines().next().unwrap_or_default());
    for note in &notes {
        say(&format!("  {}", words::line(note)));
    }
    if target != Path::new("-") {
        say_saved(target);
    }
    Ok(0)
}

/// Returns the present base: the commit that `--base` names, else the present commit of the plan's base name, else the
/// base of a new plan.
fn later(workspace: &Workspace, plan: &Plan, wanted: Option<&str>) -> anyhow::Result<Base> {
    let Workspace { repo, config, .. } = workspace;
    let remote = repo.remote(config.publish.remote.as_deref())?;
    if wanted.is_some() {
        return Ok(repo.base(wanted, remote.as_deref())?);
    }
    // A plan that was written by hand may name its base by nothing but the id.
    let known = Some(plan.base_name.as_str()).filter(|name| *name != plan.base.as_str());
    if let Some(base) = known.and_then(|name| repo.base(Some(name), remote.as_deref()).ok()) {
        return Ok(base);
    }
    Ok(repo.base(config.plan.base.as_deref(), remote.as_deref())?)
}
