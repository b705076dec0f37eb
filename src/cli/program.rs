//! The program: parses the arguments, dispatches to a command, and turns errors into exit codes.

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::approval::NotApproved;
use super::exit_code::NOT_APPROVED;
use super::global::{Color, Global};
use super::{
    agents, cancel, clean, demo, diff, doctor, export, list, logs, migrate, plan, prs, publish,
    render_template, report, resume, retry, run, sandbox_canary, split, status, verify,
};
use crate::run::RunError;
use crate::words;

const EXIT_CODES: &str = "\
Exit codes:
  0    all units were published (or committed, with --dry-run) or needed no change;
       with --min-success, at least that many
  1    some units failed or were blocked; with plan --holds: the plan does not hold
  2    bad usage or input; nothing was done
  3    the plan, or what the repository would decide, was not approved
  130  interrupted";

/// Turn one codebase-wide change into a stack of small, independent pull requests.
///
/// A plan splits the change into units that share no file. Each unit gets its own git worktree and its own agent. Its
/// changes are compared with its claim, tested, committed, pushed and opened as a pull request.
#[derive(Debug, Parser)]
#[command(name = "batch", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plan a change, show the plan, and run it once it is approved
    Migrate(migrate::MigrateArgs),
    /// Make a plan and save it, without running it
    Plan(plan::PlanArgs),
    /// Run a saved plan
    Run(run::RunArgs),
    /// Cut a branch, a patch or a stash into units and publish them, without an agent
    Split(split::SplitArgs),
    /// Continue a run that was killed or stopped; finished work is not repeated
    Resume(resume::ResumeArgs),
    /// Do units of an ended run again, in the same run
    Retry(retry::RetryArgs),
    /// Open pull requests for the commits of an ended run, without running any agent again
    Publish(publish::PublishArgs),
    /// Show how the pull requests of a run stand, or merge, close, label or comment on them
    Prs(prs::PrsArgs),
    /// Open pull requests that undo the merged pull requests of a run
    Revert(prs::RevertArgs),
    /// Count the old code that is left at a commit; the exit code is 1 while there is any
    Verify(verify::VerifyArgs),
    /// Stop a run, or one of its units, from another terminal
    Cancel(cancel::CancelArgs),
    /// Skip a waiting unit, from another terminal
    Skip(cancel::SkipArgs),
    /// List the runs of this repository, the latest first
    List(list::ListArgs),
    /// Show how a run stands, during the run and after it
    Status(status::StatusArgs),
    /// Show the results of a run
    Report(report::ReportArgs),
    /// Print the output of a unit's agent and checks
    Logs(logs::LogsArgs),
    /// Print the changes of a unit
    Diff(diff::DiffArgs),
    /// Print every event of a run, one JSON object a line; or write its commits as patches or a bundle
    Export(export::ExportArgs),
    /// Remove the worktrees of ended runs
    Clean(clean::CleanArgs),
    /// List the coding agents, with their versions and logins
    Agents,
    /// Check whether batch can work here, and say what to do if it cannot
    Doctor,
    /// Run a whole migration on a small made-up repository
    Demo(demo::DemoArgs),
    /// Try what a sandbox keeps from it, and tell
    #[command(name = crate::run::CANARY, hide = true)]
    SandboxCanary(sandbox_canary::CanaryArgs),
    #[command(name = crate::process::RENDER, hide = true)]
    RenderTemplate,
}

/// Runs the program with these arguments, the program's own name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; nobody reads a closed pipe.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    prepare_terminal(&cli.global);
    match dispatch(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let code = exit_code_of(&error);
            let _ = writeln!(
                std::io::stderr(),
                "{}: {}",
                console::style("error").for_stderr().red().bold(),
                words::lines(&words::chain(error.as_ref()))
            );
            ExitCode::from(code)
        }
    }
}

fn exit_code_of(error: &anyhow::Error) -> u8 {
    let broke_off = error
        .downcast_ref::<RunError>()
        .is_some_and(|error| !error.is_refusal());
    match broke_off {
        true => 1,
        false if error.is::<NotApproved>() => NOT_APPROVED,
        false => 2,
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<u8> {
    let global = &cli.global;
    match &cli.command {
        Command::Migrate(args) => migrate::run(global, args),
        Command::Plan(args) => plan::run(global, args),
        Command::Run(args) => run::run(global, args),
        Command::Split(args) => split::run(global, args),
        Command::Resume(args) => resume::run(global, args),
        Command::Retry(args) => retry::run(global, args),
        Command::Publish(args) => publish::run(global, args),
        Command::Prs(args) => prs::run(global, args),
        Command::Revert(args) => prs::revert(global, args),
        Command::Verify(args) => verify::run(global, args),
        Command::Cancel(args) => cancel::cancel(global, args),
        Command::Skip(args) => cancel::skip(global, args),
        Command::List(args) => list::run(global, args),
        Command::Status(args) => status::run(global, args),
        Command::Report(args) => report::run(global, args),
        Command::Logs(args) => logs::run(global, args),
        Command::Diff(args) => diff::run(global, args),
        Command::Export(args) => export::run(global, args),
        Command::Clean(args) => clean::run(global, args),
        Command::Agents => agents::run(global),
        Command::Doctor => doctor::run(global),
        Command::Demo(args) => demo::run(global, args),
        Command::SandboxCanary(args) => sandbox_canary::run(args),
        Command::RenderTemplate => render_template::run(),
    }
}

fn prepare_terminal(global: &Global) {
    match global.color {
        Color::Auto => {}
        Color::Always | Color::Never => {
            let on = matches!(global.color, Color::Always);
            console::set_colors_enabled(on);
            console::set_colors_enabled_stderr(on);
        }
    }
    let level = match global.verbose {
        0 => tracing::Level::WARN,
        1 => tracing::Level::INFO,
        _ => tracing::Level::DEBUG,
    };
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .with_ansi(console::colors_enabled_stderr())
        .init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
