//! The command line: arguments in, library calls, words out. One file a command.
//!
//! Whatever a command refuses ends in one sentence on standard error and exit code 2.

mod agents;
mod cancel;
mod clean;
mod demo;
mod diff;
mod doctor;
mod drift;
mod drive;
mod export;
mod flags;
mod follow;
mod going_on;
mod job;
mod launch;
mod list;
mod logs;
mod migrate;
mod past;
mod plan;
mod prs;
mod publish;
mod report;
mod research;
mod resume;
mod retry;
mod review;
mod run;
mod status;
mod workspace;

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::git::Colours;
use crate::run::RunError;
use crate::words;

const EXIT_CODES: &str = "\
Exit codes:
  0    all units published (or committed, with --dry-run), or had nothing to change;
       or as many as --min-success asks for
  1    some units failed or were blocked; with plan --check: the plan does not hold
  2    bad usage or input; nothing was done
  3    the plan was not approved
  130  interrupted";

/// Turn one codebase-wide change into a stack of small, independent pull requests.
///
/// A plan splits the change into units that share no file. Each unit gets its own git worktree and its own agent, is
/// held against its claim, tested, committed, pushed and opened as a pull request.
#[derive(Debug, Parser)]
#[command(name = "batch", version, after_help = EXIT_CODES, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command understands.
#[derive(Debug, Args)]
struct Global {
    /// Work in this folder instead of the current one
    #[arg(
        short = 'C',
        value_name = "DIR",
        global = true,
        help_heading = "Everywhere"
    )]
    dir: Option<PathBuf>,
    /// Read this file instead of the checkout's batch.toml
    #[arg(long, value_name = "FILE", global = true, help_heading = "Everywhere")]
    config: Option<PathBuf>,
    /// Print data as JSON on standard output (migrate and run: one line for each event)
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// When to use colours
    #[arg(
        long,
        value_enum,
        default_value_t,
        value_name = "WHEN",
        global = true,
        help_heading = "Everywhere"
    )]
    color: Color,
    /// Say more of what is done; twice for even more
    #[arg(short, long, action = clap::ArgAction::Count, global = true, help_heading = "Everywhere")]
    verbose: u8,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Color {
    /// On a terminal, unless the variable `NO_COLOR` is set
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plan a change, show the plan, and run it once it is approved
    Migrate(migrate::MigrateArgs),
    /// Make a plan and save it, without running it
    Plan(plan::PlanArgs),
    /// Run a saved plan
    Run(run::RunArgs),
    /// Go on with a run that was killed or stopped; nothing that was finished is done again
    Resume(resume::ResumeArgs),
    /// Do units of an ended run anew, in the same run
    Retry(retry::RetryArgs),
    /// Open pull requests for what an ended run has committed, without running any agent again
    Publish(publish::PublishArgs),
    /// Show how the pull requests of a run stand, or merge, close, label or comment on them
    Prs(prs::PrsArgs),
    /// Open pull requests that undo the merged ones of a run
    Revert(prs::revert::RevertArgs),
    /// End a run, or one of its units, from another terminal
    Cancel(cancel::CancelArgs),
    /// Never start a unit that waits, from another terminal
    Skip(cancel::SkipArgs),
    /// List the runs of this repository, the latest first
    List(list::ListArgs),
    /// Show how a run stands, also while it is going
    Status(status::StatusArgs),
    /// Show what came out of a run
    Report(report::ReportArgs),
    /// Print what a unit's agent and checks said
    Logs(logs::LogsArgs),
    /// Print what a unit changed
    Diff(diff::DiffArgs),
    /// Print every event of a run, one JSON object a line; or write its work as patches or a bundle
    Export(export::ExportArgs),
    /// Take away the worktrees that ended runs have left
    Clean(clean::CleanArgs),
    /// List the coding agents: which are installed, in which version, and whether they are logged in
    Agents,
    /// Say whether batch can work here, and what to do where it cannot
    Doctor,
    /// Run the whole job on a small made-up repository
    Demo(demo::DemoArgs),
}

/// Runs the program with these arguments, the program's own name first.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors; a closed pipe is nobody's business.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    prepare_terminal(&cli.global);
    match dispatch(&cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let broke_off = error
                .downcast_ref::<RunError>()
                .is_some_and(|error| !error.is_refusal());
            let code = if broke_off { 1 } else { 2 };
            let _ = writeln!(
                std::io::stderr(),
                "{}: {}",
                console::style("error").for_stderr().red().bold(),
                words::chain(error.as_ref())
            );
            ExitCode::from(code)
        }
    }
}

fn dispatch(cli: &Cli) -> anyhow::Result<u8> {
    let global = &cli.global;
    match &cli.command {
        Command::Migrate(args) => migrate::run(global, args),
        Command::Plan(args) => plan::run(global, args),
        Command::Run(args) => run::run(global, args),
        Command::Resume(args) => resume::run(global, args),
        Command::Retry(args) => retry::run(global, args),
        Command::Publish(args) => publish::run(global, args),
        Command::Prs(args) => prs::run(global, args),
        Command::Revert(args) => prs::revert::run(global, args),
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
        Command::Doctor => {
            let dir = workspace::folder(global)?;
            let form = if global.json {
                doctor::Form::Json
            } else {
                doctor::Form::People
            };
            let config = global.config.as_ref().map(|path| dir.join(path));
            doctor::run(&dir, config.as_deref(), form)
        }
        Command::Demo(args) => demo::run(global, args),
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

/// Prints data or text on standard output. A reader that has gone away is no error.
fn print(text: &str) -> anyhow::Result<()> {
    print_bytes(text.as_bytes())
}

/// Whether a patch is shown in colours.
fn colours() -> Colours {
    if console::colors_enabled() {
        Colours::On
    } else {
        Colours::Off
    }
}

fn print_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// Says something to people on standard error.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// The width of the terminal behind standard output, if there is one.
fn stdout_width() -> Option<u16> {
    let term = console::Term::stdout();
    term.is_term().then(|| term.size().1)
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
