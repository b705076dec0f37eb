//! Any program as an agent: started in the checkout, with its task in variables and files.
//!
//! The program sees these variables:
//! - `BATCH_RUN`, `BATCH_UNIT`, `BATCH_INSTRUCTION`;
//! - `BATCH_PROMPT_FILE`: the whole task in words;
//! - `BATCH_FILES`: a file that lists the claimed paths, each followed by a NUL byte;
//! - `BATCH_SUMMARY_FILE`: where it may write some sentences for the pull request;
//! - `BATCH_USAGE_FILE`: where it may write what it used up, as one JSON object with `turns`, `input_tokens`,
//!   `cached_tokens`, `output_tokens` and `cost_usd`, all of them optional;
//! - `BATCH_FEEDBACK_FILE`, in a further attempt: the feedback, which the prompt ends with, too;
//! - `BATCH_PROPOSAL_FILE` in place of `BATCH_SUMMARY_FILE`, when it is to answer and to change nothing: its answer is
//!   the text that it writes there, or else its output.
//!
//! In the command, `{files}` stands for the claimed paths, `{unit}` for the unit's id and `{instruction}` for the
//! instruction. Where the list of files is too long for one start, the program is started several times.
//!
//! Exit code 75 says that a retry may succeed, after the `retry_after` seconds of the usage file where it has them; 77
//! says that the program has no access, which no other unit would have either.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use super::contract::{Agent, FurtherAttempts, Quantity, Restart, Work, Working};
use super::cost::{Cost, CostSource, Usd};
use super::error::{AgentError, Refusal};
use super::event::{AgentEvent, Interruption};
use super::files::{make_folder, write_file};
use super::id::AgentId;
use super::placeholders::{self, fill_shell_line};
use super::prompt::with_feedback;
use super::task::{Task, TaskKind};
use super::usage::Usage;
use crate::config::{CommandLine, CommandSpec};
use crate::process::{self, Command, Ending, Finished, ProcessError};
use crate::words;

/// The longest summary, and the longest answer.
const SUMMARY_BYTES: u64 = 16 * 1024;
const ANSWER_BYTES: u64 = 8 * 1024 * 1024;

/// The exit codes for "try again later" and "no access" (sysexits(3)).
const TRY_LATER: i32 = 75;
const NOT_ALLOWED: i32 = 77;

/// The file that the program may write its usage to.
const USAGE: &str = "usage.json";

/// A program with its arguments.
#[derive(Debug, Clone)]
pub(crate) struct CommandAgent {
    program: PathBuf,
    args: Args,
    /// The exit codes that mean success.
    success: Vec<i32>,
    id: AgentId,
}

/// What follows the program, before placeholders are filled in.
#[derive(Debug, Clone)]
enum Args {
    Words(Vec<OsString>),
    /// The line that a shell reads. The shell reports a kill as an exit code.
    ShellLine(String),
}

impl CommandAgent {
    /// Finds the command's program; a relative path means one from `dir`, since the program starts elsewhere.
    pub(crate) fn new(command: &CommandSpec, dir: &Path) -> Result<Self, ProcessError> {
        let locate = |program: &OsStr| {
            process::locate_program(program, dir, std::env::var_os("PATH").as_deref())
        };
        let (program, args) = match &command.line {
            CommandLine::Direct(words) => {
                let (program, args) = words
                    .split_first()
                    .map_or(("", &[][..]), |(program, args)| (program.as_str(), args));
                let args = args.iter().map(Into::into).collect();
                (locate(program.as_ref())?, Args::Words(args))
            }
            CommandLine::Shell(line) => (locate("sh".as_ref())?, Args::ShellLine(line.clone())),
        };
        Ok(Self {
            program,
            args,
            success: command.success.clone(),
            id: format!("command: {}", command.line).into(),
        })
    }
}

impl Agent for CommandAgent {
    fn id(&self) -> &AgentId {
        &self.id
    }

    fn further_attempts(&self) -> FurtherAttempts {
        FurtherAttempts::IfAsked
    }

    fn restart(&self) -> Restart {
        Restart::FromBeginning
    }

    /// The program writes its usage file by its end.
    fn late(&self) -> &'static [Quantity] {
        &[Quantity::Turns, Quantity::Tokens, Quantity::Cost]
    }

    fn work<'a>(
        &'a self,
        task: &'a Task,
        events: &'a mpsc::Sender<AgentEvent>,
        cancel: &'a CancellationToken,
    ) -> Working<'a> {
        Box::pin(async move {
            let output = task.home.join(match task.kind {
                TaskKind::Change => "summary.md",
                TaskKind::Answer => "proposal.json",
            });
            let commands = self.commands(task, &output)?;
            let before = stamps(task);
            let finished = self.run(&commands, task, cancel).await?;
            let report = UsageReport::read(&task.home.join(USAGE));
            let usage = report.usage();
            if !usage.is_unknown() {
                // A receiver that is gone no longer wants to know.
                let _ = events.send(AgentEvent::Usage(usage.clone())).await;
            }
            match finished.ending {
                Ending::Exit(code) if self.success.contains(&code) => {}
                Ending::Exit(TRY_LATER) => {
                    return Err(AgentError::Transient {
                        interruption: Interruption::RateLimit,
                        wait: report
                            .retry_after
                            .and_then(|wait| Duration::try_from_secs_f64(wait).ok()),
                        message: last_line(&finished.tail),
                    });
                }
                Ending::Exit(NOT_ALLOWED) => {
                    return Err(AgentError::Refused {
                        refusal: Refusal::Login,
                        message: last_line(&finished.tail),
                    });
                }
                ending => {
                    let in_shell = matches!(self.args, Args::ShellLine(_));
                    let files = changed(&before, &stamps(task));
                    let tail = finished.tail;
                    return Err(match ending {
                        Ending::Exit(code)
                            if files > 0
                                && !(in_shell && (ending.is_kill() || ending.is_crash())) =>
                        {
                            AgentError::EndedAfterChanges { code, files, tail }
                        }
                        // Without a shell, every code is the program's own.
                        Ending::Exit(_) if !in_shell => AgentError::Ended { ending, tail },
                        ending => AgentError::of(ending, tail),
                    });
                }
            }
            Ok(Work {
                took: finished.took,
                summary: match task.kind {
                    TaskKind::Change => read_text(&output, SUMMARY_BYTES),
                    TaskKind::Answer => read_text(&output, ANSWER_BYTES)
                        .or_else(|| read_text(&task.log(), ANSWER_BYTES)),
                },
                usage,
                session: None,
                activity: Activity::default(),
            })
        })
    }
}

impl CommandAgent {
    /// Runs the starts of the program one after another, until one of them fails.
    async fn run(
        &self,
        commands: &[Command],
        task: &Task,
        cancel: &CancellationToken,
    ) -> Result<Finished, AgentError> {
        let begun = Instant::now();
        let log = task.log();
        let mut last: Option<Finished> = None;
        for command in commands {
            let finished = if last.is_none() {
                process::run(command, cancel).await?
            } else {
                let part = log.with_extension("part");
                let finished = process::run(
                    &Command {
                        limit: Some(task.limits.time.saturating_sub(begun.elapsed())),
                        log: part.clone(),
                        ..command.clone()
                    },
                    cancel,
                )
                .await?;
                append(&part, &log)?;
                finished
            };
            let goes_on =
                matches!(finished.ending, Ending::Exit(code) if self.success.contains(&code));
            last = Some(Finished {
                took: begun.elapsed(),
                ..finished
            });
            if !goes_on {
                break;
            }
        }
        // There is at least one start.
        last.ok_or(AgentError::Cancelled)
    }

    /// Returns the starts of the program.
    fn commands(&self, task: &Task, output: &Path) -> Result<Vec<Command>, AgentError> {
        let prompt_file = write_file(&task.folder, "prompt.md", with_feedback(task).as_bytes())?;
        let mut list = Vec::new();
        for file in &task.claim.files {
            list.extend_from_slice(file.as_bytes());
            list.push(0);
        }
        let list_file = write_file(&task.folder, "files", &list)?;
        // The files of an earlier attempt do not count.
        make_folder(&task.home)?;
        let usage = task.home.join(USAGE);
        for earlier in [output, &usage] {
            let _ = fs::remove_file(earlier);
        }
        let mut env = task.environment.clone();
        env.set("BATCH_RUN", &task.run);
        env.set("BATCH_UNIT", &task.unit);
        env.set("BATCH_INSTRUCTION", &task.instruction);
        env.set("BATCH_PROMPT_FILE", prompt_file);
        env.set("BATCH_FILES", list_file);
        let name = match task.kind {
            TaskKind::Change => "BATCH_SUMMARY_FILE",
            TaskKind::Answer => "BATCH_PROPOSAL_FILE",
        };
        env.set(name, output);
        env.set("BATCH_USAGE_FILE", usage);
        if let Some(feedback) = &task.feedback {
            let text = &feedback.text;
            let file = write_file(&task.folder, "feedback.md", text.as_bytes())?;
            env.set("BATCH_FEEDBACK_FILE", file);
        }
        let environment = env.size();
        let starts = match &self.args {
            Args::Words(words) => placeholders::direct(words, task, environment),
            Args::ShellLine(line) => {
                let mut starts = fill_shell_line(line, &task.claim.files, environment);
                for args in &mut starts {
                    args.insert(0, "-c".into());
                }
                starts
            }
        };
        let sandbox = task.sandbox.clone().showing(&task.folder);
        let sandbox = match &self.args {
            Args::Words(words) => sandbox.showing_named_in(words),
            Args::ShellLine(line) => sandbox.showing_named_in(&[line]),
        };
        let command = |args| Command {
            program: self.program.clone().into_os_string(),
            args,
            dir: task.worktree.clone(),
            env: env.clone(),
            sandbox: sandbox.clone(),
            input: None,
            limit: Some(task.limits.time),
            idle: task.limits.idle,
            log: task.log(),
        };
        Ok(starts.into_iter().map(command).collect())
    }
}

/// When each claimed file was last written, and how long it is.
fn stamps(task: &Task) -> Vec<Option<(SystemTime, u64)>> {
    let stamp = |file: &String| {
        let meta = task.worktree.join(file).symlink_metadata().ok()?;
        Some((meta.modified().ok()?, meta.len()))
    };
    task.claim.files.iter().map(stamp).collect()
}

/// Counts the files whose stamps differ.
fn changed<T: PartialEq>(before: &[T], after: &[T]) -> usize {
    let pairs = before.iter().zip(after);
    pairs.filter(|(before, after)| before != after).count()
}

/// Moves the text of a log to the end of another.
fn append(part: &Path, log: &Path) -> Result<(), AgentError> {
    let fault = |source| AgentError::File {
        what: "written",
        path: log.to_path_buf(),
        source,
    };
    let mut from = fs::File::open(part).map_err(fault)?;
    let mut to = fs::File::options().append(true).open(log).map_err(fault)?;
    std::io::copy(&mut from, &mut to).map_err(fault)?;
    fs::remove_file(part).map_err(fault)
}

fn read_text(path: &Path, most: u64) -> Option<String> {
    let text = String::from_utf8_lossy(&read_file(path, most)?)
        .trim()
        .to_owned();
    (!text.is_empty()).then_some(text)
}

/// Reads a file that the program wrote, up to a bound.
fn read_file(path: &Path, most: u64) -> Option<Vec<u8>> {
    // A pipe or a device in the file's place would never end.
    if !path.symlink_metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let file = fs::File::open(path).ok()?;
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// The usage file; numbers that are missing or invalid are unknown.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct UsageReport {
    turns: Option<u64>,
    input_tokens: Option<u64>,
    cached_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cost_usd: Option<f64>,
    /// The seconds after which a retry may succeed.
    retry_after: Option<f64>,
}

impl UsageReport {
    fn read(path: &Path) -> Self {
        let Some(bytes) = read_file(path, SUMMARY_BYTES) else {
            return Self::default();
        };
        serde_json::from_slice(&bytes).unwrap_or_else(|error| {
            tracing::warn!("{} cannot be read: {error}", path.display());
            Self::default()
        })
    }

    fn usage(&self) -> Usage {
        Usage {
            turns: self.turns,
            input_tokens: self.input_tokens,
            cached_tokens: self.cached_tokens,
            output_tokens: self.output_tokens,
            cost: self.cost_usd.and_then(Usd::new).map(|usd| Cost {
                usd,
                source: CostSource::Agent,
            }),
        }
    }
}

/// Returns the last line of output, which usually says why a program failed.
fn last_line(tail: &str) -> String {
    let last = tail.lines().rfind(|line| !line.trim().is_empty());
    words::line(last.unwrap_or("it gave no reason"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Limits;
    use crate::plan::Claim;
    use crate::process::Environment;

    fn task(folder: &Path) -> Task {
        let worktree = folder.join("work");
        let state = folder.join("state");
        fs::create_dir_all(&worktree).unwrap();
        fs::create_dir_all(&state).unwrap();
        Task {
            run: "r".into(),
            unit: "01-a".into(),
            instruction: "do 'it'\nwell".into(),
            prompt: "change a.js, and a b.txt".into(),
            claim: Claim {
                files: vec!["a b.txt".into(), "new\nline".into()],
                create: Vec::new(),
            },
            worktree,
            home: state.join("home"),
            folder: state,
            environment: Environment::for_worker(std::env::vars_os(), &[]),
            sandbox: crate::process::sandbox::Sandbox::off(),
            limits: Limits {
                time: Duration::from_mins(1),
                idle: None,
            },
            kind: TaskKind::Change,
            feedback: None,
        }
    }

    fn spec(line: CommandLine, success: &[i32]) -> CommandSpec {
        CommandSpec {
            line,
            success: success.to_vec(),
        }
    }

    async fn work(task: &Task, line: &str) -> Result<Work, AgentError> {
        let command = spec(CommandLine::Shell(line.into()), &[0]);
        work_by(task, &command).await
    }

    async fn work_by(task: &Task, command: &CommandSpec) -> Result<Work, AgentError> {
        let agent = CommandAgent::new(command, &task.worktree).unwrap();
        agent
            .work(task, &mpsc::channel(1).0, &CancellationToken::new())
            .await
    }

    #[tokio::test]
    async fn placeholders_stand_for_the_files_the_unit_and_the_instruction() {
        let folder = tempfile::tempdir().unwrap();
        let mut task = task(folder.path());
        task.claim.files = vec!["a b".into(), "$(touch x)'".into()];
        let told = "a b|$(touch x)'|01-a|do 'it'\nwell|";
        work(
            &task,
            r#"printf '%s|' {files} {unit} {instruction} > told; echo "${files}""#,
        )
        .await
        .unwrap();
        let read = |name| fs::read_to_string(task.worktree.join(name)).unwrap();
        assert_eq!(read("told"), told);
        let words = ["sh", "-c", r#"printf '%s|' "$@" > direct"#, "sh"];
        let more = ["{files}", "{unit}", "{instruction}", "--of={files}"];
        let words = words.into_iter().chain(more).map(str::to_owned);
        let direct = spec(CommandLine::Direct(words.collect()), &[0]);
        work_by(&task, &direct).await.unwrap();
        assert_eq!(read("direct"), format!("{told}--of=a b|--of=$(touch x)'|"));
        assert!(!task.worktree.join("x").exists());
    }

    #[tokio::test]
    async fn a_list_that_is_too_long_starts_the_program_several_times() {
        let folder = tempfile::tempdir().unwrap();
        let mut task = task(folder.path());
        let folders = "x".repeat(4000);
        task.claim.files = (0..1200)
            .map(|number| format!("{folders}{number}"))
            .collect();
        let shell = "set -- {files}; echo $# >> starts; echo started";
        let words = [
            "sh",
            "-c",
            "echo $# >> starts; echo started",
            "sh",
            "{files}",
        ];
        for command in [
            CommandLine::Shell(shell.into()),
            CommandLine::Direct(words.map(str::to_owned).into()),
        ] {
            let name = command.to_string();
            work_by(&task, &spec(command, &[0])).await.unwrap();
            let read = |name| fs::read_to_string(task.worktree.join(name)).unwrap();
            let starts: Vec<usize> = read("starts")
                .lines()
                .map(|it| it.parse().unwrap())
                .collect();
            assert!(starts.len() > 1, "{name}: {starts:?}");
            assert_eq!(starts.iter().sum::<usize>(), 1200, "{name}");
            let log = fs::read_to_string(task.log()).unwrap();
            assert_eq!(log.matches("started").count(), starts.len(), "{name}");
            fs::remove_file(task.worktree.join("starts")).unwrap();
        }
    }

    #[tokio::test]
    async fn other_exit_codes_may_mean_success() {
        let folder = tempfile::tempdir().unwrap();
        let task = task(folder.path());
        fs::write(task.worktree.join("a b.txt"), "old").unwrap();
        let line = |line: &str| CommandLine::Shell(line.into());
        let fixer = "echo longer > 'a b.txt'; exit 1";
        assert!(work_by(&task, &spec(line(fixer), &[0, 1])).await.is_ok());
        fs::write(task.worktree.join("a b.txt"), "old").unwrap();
        let error = work(&task, fixer).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "the agent failed: exit code 1, after it had changed 1 file; if this code means success, allow it with \
             --agent-exit 0,1"
        );
        let error = work_by(&task, &spec(line("exit 2"), &[0, 1])).await;
        assert_eq!(
            error.unwrap_err().to_string(),
            "the agent failed: exit code 2"
        );
    }

    #[tokio::test]
    async fn a_command_gets_its_task_and_may_leave_a_summary() {
        let folder = tempfile::tempdir().unwrap();
        let task = task(folder.path());
        let line = r#"pwd -P > where; printf %s "$BATCH_INSTRUCTION" > told; cp "$BATCH_FILES" list
            grep -q "a b.txt" "$BATCH_PROMPT_FILE" && echo "All done." > "$BATCH_SUMMARY_FILE""#;
        let done = work(&task, line).await.unwrap();
        assert_eq!(done.summary.as_deref(), Some("All done."));
        let read = |name| fs::read_to_string(task.worktree.join(name)).unwrap();
        assert_eq!(read("told"), task.instruction);
        assert_eq!(read("list"), "a b.txt\0new\nline\0");
        let here = task.worktree.canonicalize().unwrap();
        assert_eq!(Path::new(read("where").trim()), here);
    }

    #[tokio::test]
    async fn an_answer_is_the_proposal_file_or_else_the_output() {
        let folder = tempfile::tempdir().unwrap();
        let mut task = task(folder.path());
        task.kind = TaskKind::Answer;
        let answer = async |line| work(&task, line).await.unwrap().summary;
        let printed = r#"echo "${BATCH_SUMMARY_FILE-none}"; echo thinking >&2"#;
        assert_eq!(answer(printed).await.as_deref(), Some("none\nthinking"));
        let left = r#"echo words; echo '{"units": []}' >"$BATCH_PROPOSAL_FILE""#;
        assert_eq!(answer(left).await.as_deref(), Some(r#"{"units": []}"#));
        assert_eq!(answer("true").await, None);
    }

    #[tokio::test]
    async fn feedback_stands_in_a_file_and_in_the_prompt() {
        let folder = tempfile::tempdir().unwrap();
        let mut task = task(folder.path());
        let line = concat!(
            r#"cat "${BATCH_FEEDBACK_FILE:-/dev/null}" > told; "#,
            r#"grep -c "left to do" "$BATCH_PROMPT_FILE" >> told || :"#,
        );
        let told = |task: &Task| fs::read_to_string(task.worktree.join("told")).unwrap();
        work(&task, line).await.unwrap();
        assert_eq!(told(&task), "0\n");
        task.feedback = Some(crate::agent::Feedback {
            session: None,
            text: "fix it\n".into(),
        });
        work(&task, line).await.unwrap();
        assert_eq!(told(&task), "fix it\n1\n");
    }

    #[tokio::test]
    async fn a_command_may_report_its_usage() {
        let folder = tempfile::tempdir().unwrap();
        let task = task(folder.path());
        let line = r#"echo '{"turns": 2, "output_tokens": 7, "cost_usd": 0.5, "more": 1}' > "$BATCH_USAGE_FILE""#;
        let used = work(&task, line).await.unwrap().usage;
        assert_eq!(
            (used.turns, used.input_tokens, used.output_tokens),
            (Some(2), None, Some(7))
        );
        assert_eq!(used.cost.map(|cost| cost.usd), Usd::new(0.5));
        assert!(
            work(&task, "echo '{' > \"$BATCH_USAGE_FILE\"")
                .await
                .unwrap()
                .usage
                .is_unknown()
        );
        assert!(work(&task, "true").await.unwrap().usage.is_unknown());
    }

    #[test]
    fn a_pipe_or_device_is_no_summary() {
        let folder = tempfile::tempdir().unwrap();
        let summary = folder.path().join("summary.md");
        nix::unistd::mkfifo(&summary, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(read_text(&summary, SUMMARY_BYTES), None);
        fs::remove_file(&summary).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &summary).unwrap();
        assert_eq!(read_text(&summary, SUMMARY_BYTES), None);
    }

    #[tokio::test]
    async fn the_error_of_a_failed_command_holds_the_end_of_its_output() {
        let folder = tempfile::tempdir().unwrap();
        let task = task(folder.path());
        let error = work(&task, "echo no idea; exit 3").await.unwrap_err();
        assert!(matches!(
            &error,
            AgentError::Ended { ending: Ending::Exit(3), tail } if tail.contains("no idea")
        ));
        assert_eq!(error.to_string(), "the agent failed: exit code 3");
    }

    #[tokio::test]
    async fn exit_code_137_means_a_kill_only_from_a_shell() {
        let folder = tempfile::tempdir().unwrap();
        let task = task(folder.path());
        let killed = work(&task, "exit 137").await.unwrap_err();
        assert!(matches!(killed, AgentError::Killed { .. }), "{killed}");
        let direct = async |script: &str| {
            let words = ["sh", "-c", script].map(ToOwned::to_owned);
            let command = CommandLine::Direct(words.into());
            let agent = CommandAgent::new(&spec(command, &[0]), &task.worktree).unwrap();
            let events = mpsc::channel(1).0;
            let worked = agent.work(&task, &events, &CancellationToken::new()).await;
            worked.unwrap_err().to_string()
        };
        assert_eq!(direct("exit 137").await, "the agent failed: exit code 137");
        assert!(direct("kill -9 $$").await.contains("SIGKILL"));
    }

    #[test]
    fn a_missing_program_is_refused_before_any_work() {
        let folder = tempfile::tempdir().unwrap();
        let command = CommandLine::Direct(vec!["no-such-agent-program".into()]);
        let error = CommandAgent::new(&spec(command, &[0]), folder.path()).unwrap_err();
        assert!(
            error.to_string().contains("no-such-agent-program"),
            "{error}"
        );
    }
}
