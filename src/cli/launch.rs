//! Leads from a plan to its run: first every possible refusal, then the review, then the run itself.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::Context;
use console::Term;

use super::approval;
use super::detach::detach;
use super::drive::drive;
use super::estimate;
use super::exit_code::NOT_APPROVED;
use super::flags::{ResumeFlags, RunFlags};
use super::global::Global;
use super::no_sandbox;
use super::output::{can_ask, say, stderr_width};
use super::research;
use super::review::{self, Decision, PlanSource, RestoreTerminal, SummaryLine};
use super::workspace::{Workspace, secure_journal};
use crate::git::Base;
use crate::plan::file::to_toml;
use crate::plan::{self, BaseFiles, Plan};
use crate::run::{self, Goal, Job, PastTimes, RunId, Start};
use crate::words;

pub(super) fn launch(
    global: &Global,
    workspace: &mut Workspace,
    plan: &Plan,
    base: &Base,
    flags: &RunFlags,
) -> anyhow::Result<u8> {
    secure_journal(&workspace.places())?;
    let job = no_sandbox::or_without(workspace, flags.consent(), |workspace| {
        let id = run::new_run_id(&workspace.places());
        let job = new_job(workspace, &id, plan, base, flags.goal())?;
        Ok((id, job))
    })?;
    let launch = Launch::of(workspace, base, flags.goal(), job);
    approve_and_drive(global, plan, flags, launch)
}

fn approve_and_drive(
    global: &Global,
    plan: &Plan,
    flags: &RunFlags,
    mut launch: Launch<'_>,
) -> anyhow::Result<u8> {
    let workspace = launch.workspace;
    let places = workspace.places();
    for note in launch.job.notes().iter().chain(&launch.job.stacking()) {
        say(&format!("note: {note}"));
    }
    let refusal = if flags.yes {
        let summary = launch.summary(plan);
        say(&review::table(plan, &summary, stderr_width()));
        None
    } else if can_ask() {
        launch.review(plan)?
    } else {
        Some(format!(
            "Nothing was run, because there is no terminal to approve the plan at. Approve it unseen with --yes, or \
             read it and run it with: batch run {}",
            launch.save(plan)?.display()
        ))
    };
    if let Some(why) = refusal {
        say(&why);
        return Ok(NOT_APPROVED);
    }
    let mut job = launch.job;
    settle_fork(&mut job)?;
    if flags.detach {
        approval::keep_run(&workspace.repo, &job, &Start::New)?;
        return detach(&job, workspace, flags.consent());
    }
    let later = ResumeFlags::consenting(flags.consent());
    drive(job, Start::New, global, &places, &later)
}

/// A run that waits for approval: its id, and the job for the plan that was prepared last.
struct Launch<'a> {
    workspace: &'a Workspace,
    base: &'a Base,
    goal: Goal,
    id: RunId,
    job: Job,
    /// The times are read only where a plan is shown.
    past: OnceCell<PastTimes>,
    terminal: Option<RestoreTerminal>,
}

impl<'a> Launch<'a> {
    fn of(workspace: &'a Workspace, base: &'a Base, goal: Goal, (id, job): (RunId, Job)) -> Self {
        Self {
            workspace,
            base,
            goal,
            job,
            id,
            past: OnceCell::new(),
            terminal: None,
        }
    }

    /// Lets the person at the terminal approve the plan. Returns why nothing is run, where the person does not approve
    /// it.
    fn review(&mut self, plan: &Plan) -> anyhow::Result<Option<String>> {
        self.terminal = Some(RestoreTerminal::later());
        let decision = review::review(plan.clone(), &Term::stderr(), self)?;
        let refusal = match decision {
            Decision::Approved(approved) => {
                self.bring_up_to(&approved)?;
                None
            }
            Decision::Quit(plan) => Some(format!(
                "Nothing was run. The plan is saved; run it with: batch run {}",
                self.save(&plan)?.display()
            )),
        };
        self.terminal = None;
        Ok(refusal)
    }

    /// Prepares the job for this plan, unless it is the plan that was prepared last: preparing may ask a server.
    fn bring_up_to(&mut self, plan: &Plan) -> anyhow::Result<()> {
        if self.job.plan() != plan {
            self.job = new_job(self.workspace, &self.id, plan, self.base, self.goal)?;
        }
        Ok(())
    }

    /// Saves a plan that was not run, outside the checkout.
    fn save(&self, plan: &Plan) -> anyhow::Result<PathBuf> {
        let path = self.workspace.places().saved_plan(&self.id);
        let write = || {
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(&path, to_toml(plan))
        };
        write().with_context(|| format!("the plan cannot be saved as {}", path.display()))?;
        approval::keep_plan(&self.workspace.repo, plan)?;
        Ok(path)
    }
}

impl PlanSource for Launch<'_> {
    fn summary(&mut self, plan: &Plan) -> Vec<SummaryLine> {
        // An edit may have named another agent.
        if let Err(error) = self.bring_up_to(plan) {
            return vec![("fault", words::chain(error.as_ref()))];
        }
        let past = self
            .past
            .get_or_init(|| PastTimes::read(&self.workspace.places()));
        summary(&self.job, past)
    }

    fn read(&mut self, text: &str) -> anyhow::Result<Plan> {
        Ok(plan::load(&self.workspace.repo, text)?)
    }

    fn files(&mut self, plan: &Plan) -> anyhow::Result<BaseFiles> {
        let settings = &self.workspace.config.plan;
        let order = settings.order.unwrap_or_default();
        let repo = &self.workspace.repo;
        Ok(BaseFiles::of(repo, plan, settings.by, order)?)
    }

    fn is_proposed(&self, plan: &Plan) -> bool {
        research::is_proposed(self.workspace, plan)
    }

    fn propose_again(&mut self, plan: &Plan) -> anyhow::Result<Option<(Plan, BaseFiles)>> {
        // The planning session handles signals by itself.
        drop(self.terminal.take());
        let found = research::again(self.workspace, plan);
        self.terminal = Some(RestoreTerminal::later());
        found
    }
}

fn new_job(
    workspace: &Workspace,
    id: &RunId,
    plan: &Plan,
    base: &Base,
    goal: Goal,
) -> anyhow::Result<Job> {
    let Workspace { repo, config, dir } = workspace;
    let job = run::prepare(repo, config, dir, id, plan.clone(), base, goal)?;
    Ok(job.check_new()?)
}

/// Finds or makes the fork that branches are pushed to, where the settings ask for one.
pub(super) fn settle_fork(job: &mut Job) -> anyhow::Result<()> {
    if let Some(fork) = job.settle()? {
        say(&format!("note: branches are pushed to the fork {fork}"));
    }
    Ok(())
}

/// Says what a run of the job does, and which agents do it.
fn summary(job: &Job, past: &PastTimes) -> Vec<SummaryLine> {
    let checks: Vec<String> = job
        .checks()
        .iter()
        .map(|(check, units)| format!("{check} ({})", words::count(*units, "unit")))
        .collect();
    let shown = match &checks[..] {
        [] => "none".to_owned(),
        few if few.len() <= 4 => few.join(", "),
        many => format!("{}, and {} more", many[..3].join(", "), many.len() - 3),
    };
    let mut summary = vec![
        ("agent", job.unit_agents().to_string()),
        ("checks", shown),
        ("result", job.delivery().words()),
    ];
    if job.candidates() > 1 {
        let best = format!(
            "the best of {} candidates for each unit is taken",
            job.candidates()
        );
        summary.push(("best", best));
    }
    let estimate = past.estimate(job.plan(), &job.unit_agents(), job.jobs());
    summary.extend(estimate.iter().flat_map(estimate::lines));
    summary
}
