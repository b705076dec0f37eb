//! Runs one program to its end: in its own process group, with its output in a log, and no longer than its time limits.
//! No process of the group is left afterwards, not even when the caller drops the run.

use std::future::pending;
use std::io;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::process::Child;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::ending::Ending;
use super::error::ProcessError;
use super::group::ProcessGroup;
use super::limit_words::Bounded;
use super::lines::LineSink;
use super::recorder::Recorder;
use super::sandbox::Starter;
use super::spawn::{Command, Spawned, spawn};
use crate::words;

/// A program that has run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    pub ending: Ending,
    pub took: Duration,
    /// The last lines of the output as plain text.
    pub tail: String,
    /// The size of the whole output in bytes.
    pub bytes: u64,
    /// Whether the log lacks a part of the output.
    pub truncated: bool,
}

/// The limits of a run that tests shorten.
#[derive(Debug, Clone, Copy)]
struct Bounds {
    /// The time between the request to end and the kill.
    grace: Duration,
    /// How long to wait for the end of the output after the end of the program: a process that left the group may keep
    /// the pipe open for ever.
    drain: Duration,
    /// The number of bytes from the beginning of the output that go to the log.
    head: u64,
}

const BOUNDS: Bounds = Bounds {
    grace: Duration::from_secs(3),
    drain: Duration::from_secs(1),
    head: 32 * 1024 * 1024,
};

/// Runs `command` until it ends, exceeds a time limit, or `cancel` fires.
pub async fn run(command: &Command, cancel: &CancellationToken) -> Result<Finished, ProcessError> {
    run_within(command, None, cancel, BOUNDS).await
}

/// Runs `command` like [`run`], and passes on its standard output line by line; only stderr goes to the log.
pub async fn run_with_lines(
    command: &Command,
    sink: &LineSink,
    cancel: &CancellationToken,
) -> Result<Finished, ProcessError> {
    run_within(command, Some(sink), cancel, BOUNDS).await
}

async fn run_within(
    command: &Command,
    sink: Option<&LineSink>,
    cancel: &CancellationToken,
    bounds: Bounds,
) -> Result<Finished, ProcessError> {
    let log_error = |source| ProcessError::Log {
        path: command.log.clone(),
        source,
    };
    let lost = |source| ProcessError::lost(&command.program, source);

    tracing::info!(
        log = %command.log.display(),
        "{}",
        typed(command)
    );
    let started = Instant::now();
    let recorder =
        Recorder::create(&command.log, bounds.head, command.env.redactor()).map_err(log_error)?;
    let Spawned {
        mut child,
        by,
        mut output,
        group: limited,
    } = spawn(command, recorder, sink, bounds.head)?;
    let mut group = ProcessGroup::led_by(child.id(), by);
    let activity = Notify::new();

    let ending = {
        let mut ended = pin!(wait_or_stop(
            &mut child,
            &mut group,
            must_stop(command, &activity, cancel),
            bounds.grace
        ));
        let first = tokio::select! {
            ending = &mut ended => Some(ending),
            drained = output.drain(&activity) => { drained.map_err(log_error)?; None }
        };
        // The output may end long before the program does.
        match first {
            Some(ending) => ending,
            None => ended.await,
        }
        .map_err(lost)?
    };
    group.kill();
    // Returns at once if the output has already ended above.
    if let Ok(drained) = timeout(bounds.drain, output.drain(&activity)).await {
        drained.map_err(log_error)?;
    }

    let mut output = output.finish().map_err(log_error)?;
    let ending = match by {
        Starter::Itself => ending,
        Starter::Wrapper => ending.as_told_by_wrapper(),
    };
    let bounded = Bounded::by(limited.as_ref());
    let ending = bounded.ending(ending);
    if let Some(note) = bounded.note(command.sandbox.limits(), ending, &output.tail) {
        output.tail = match output.tail.as_str() {
            "" => note,
            said => format!("{said}\n{note}"),
        };
    }
    Ok(Finished {
        ending,
        took: started.elapsed(),
        tail: output.tail,
        bytes: output.bytes,
        truncated: output.truncated,
    })
}

/// Returns the command line without the secrets in it.
fn typed(command: &Command) -> String {
    let args = command.args.iter().map(|arg| arg.to_string_lossy());
    let words: Vec<_> = std::iter::once(command.program.to_string_lossy())
        .chain(args)
        .collect();
    command
        .env
        .redactor()
        .text(&words::command_line(&words.join(" ")))
}

/// Waits for the end of the child. When `stop` completes first, asks the child to end, and kills it after `grace`.
async fn wait_or_stop(
    child: &mut Child,
    group: &mut ProcessGroup,
    stop: impl Future<Output = Ending>,
    grace: Duration,
) -> io::Result<Ending> {
    let stopped = tokio::select! {
        status = child.wait() => return status.map(Ending::from),
        ending = stop => ending,
    };
    group.terminate();
    if timeout(grace, child.wait()).await.is_err() {
        group.kill();
        child.wait().await?;
    }
    Ok(stopped)
}

/// Waits until the child must be stopped, and returns the reason.
async fn must_stop(command: &Command, activity: &Notify, cancel: &CancellationToken) -> Ending {
    let overdue = async {
        match command.limit {
            Some(limit) => {
                sleep(limit).await;
                Ending::TimedOut(limit)
            }
            None => pending().await,
        }
    };
    let silent = async {
        let Some(idle) = command.idle else {
            return pending().await;
        };
        while timeout(idle, activity.notified()).await.is_ok() {}
        Ending::Silent(idle)
    };
    tokio::select! {
        ending = overdue => ending,
        ending = silent => ending,
        () = cancel.cancelled() => Ending::Cancelled,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use nix::sys::signal::kill;
    use nix::unistd::Pid;

    use super::super::environment::Environment;
    use super::super::sandbox::Sandbox;
    use super::*;

    type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

    const QUICK: Bounds = Bounds {
        grace: Duration::from_millis(50),
        drain: Duration::from_millis(50),
        head: 1024,
    };

    fn shell(dir: &Path, script: &str) -> Command {
        let parent = std::env::vars_os();
        Command {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            dir: dir.to_owned(),
            env: Environment::for_worker(parent, &[]),
            sandbox: Sandbox::off(),
            input: None,
            limit: Some(Duration::from_secs(30)),
            idle: None,
            log: dir.join("log"),
        }
    }

    async fn finish(script: &str) -> Result<Finished> {
        let dir = tempfile::tempdir()?;
        Ok(run(&shell(dir.path(), script), &CancellationToken::new()).await?)
    }

    /// Polls until `condition` holds; the bound is only there to turn a hang into a failure.
    async fn eventually(what: &str, condition: impl Fn() -> bool) {
        for _ in 0..2000 {
            if condition() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{what} did not happen");
    }

    fn written_pid(path: &Path) -> Option<Pid> {
        let text = fs::read_to_string(path).ok()?;
        text.strip_suffix('\n')?.parse().ok().map(Pid::from_raw)
    }

    /// Gone, or a zombie that process 1 has yet to collect.
    fn is_gone(pid: Pid) -> bool {
        kill(pid, None).is_err()
            || fs::read_to_string(format!("/proc/{pid}/stat"))
                .is_ok_and(|stat| stat.contains(") Z "))
    }

    #[tokio::test]
    async fn both_streams_keep_their_order() -> Result {
        let dir = tempfile::tempdir()?;
        let command = shell(dir.path(), "echo 1; echo 2 >&2; echo 3; echo 4 >&2");
        let finished = run(&command, &CancellationToken::new()).await?;
        assert_eq!(fs::read_to_string(&command.log)?, "1\n2\n3\n4\n");
        assert_eq!(finished.tail, "1\n2\n3\n4");
        assert_eq!(finished.ending, Ending::Exit(0));
        Ok(())
    }

    #[tokio::test]
    async fn an_exit_code_or_signal_is_the_ending() -> Result {
        assert_eq!(finish("exit 7").await?.ending, Ending::Exit(7));
        assert_eq!(finish("kill -9 $$").await?.ending, Ending::Signal(9));
        Ok(())
    }

    #[tokio::test]
    async fn a_child_has_no_input_and_only_its_own_environment() -> Result {
        let dir = tempfile::tempdir()?;
        let mut command = shell(dir.path(), "cat; echo \"$BATCH $UNIT\"");
        command.env.set("UNIT", "u1");
        let finished = run(&command, &CancellationToken::new()).await?;
        assert_eq!(finished.tail, "1 u1");
        Ok(())
    }

    #[tokio::test]
    async fn lines_are_passed_on_while_the_program_runs_and_are_kept() -> Result {
        let dir = tempfile::tempdir()?;
        let script = "cat; echo aside >&2; read -r word <go; echo $word";
        let mut command = shell(dir.path(), script);
        nix::unistd::mkfifo(&dir.path().join("go"), nix::sys::stat::Mode::S_IRWXU)?;
        fs::write(dir.path().join("input"), "first\n")?;
        command.input = Some(dir.path().join("input"));
        let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
        let kept = dir.path().join("kept");
        let sink = LineSink {
            file: kept.clone(),
            sender,
        };
        let cancel = CancellationToken::new();
        let go = dir.path().join("go");
        let receive = async {
            let first = receiver.recv().await;
            // The script waits for this word, so the first line came before its end.
            let written = tokio::task::spawn_blocking(move || fs::write(go, "on\n"));
            (first, written.await, receiver.recv().await)
        };
        let (finished, (first, _, second)) =
            tokio::join!(run_with_lines(&command, &sink, &cancel), receive);
        let finished = finished?;
        assert_eq!(first.as_deref(), Some("first"));
        assert_eq!(second.as_deref(), Some("on"));
        assert_eq!(finished.tail, "aside");
        assert_eq!(fs::read_to_string(kept)?, "first\non\n");
        Ok(())
    }

    #[tokio::test]
    async fn a_program_may_close_its_output_before_it_ends() -> Result {
        let finished = finish("echo bye; exec >&- 2>&-; cat /dev/null; exit 3").await?;
        assert_eq!(finished.ending, Ending::Exit(3));
        assert_eq!(finished.tail, "bye");
        Ok(())
    }

    #[tokio::test]
    async fn the_time_limit_ends_the_whole_group() -> Result {
        let dir = tempfile::tempdir()?;
        let script = "trap '' TERM; sh -c 'trap \"\" TERM; echo $$ > pid; sleep 600' & \
                      while :; do sleep 600; done";
        let mut command = shell(dir.path(), script);
        // Long enough for the grandchild to have written its number.
        command.limit = Some(Duration::from_millis(300));
        let finished = run_within(&command, None, &CancellationToken::new(), QUICK).await?;
        assert_eq!(
            finished.ending,
            Ending::TimedOut(Duration::from_millis(300))
        );
        let grandchild = written_pid(&dir.path().join("pid")).ok_or("no grandchild")?;
        eventually("the grandchild's end", || is_gone(grandchild)).await;
        Ok(())
    }

    #[tokio::test]
    async fn only_a_silent_program_exceeds_the_idle_limit() -> Result {
        let dir = tempfile::tempdir()?;
        let script = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.1; done; sleep 600";
        let mut command = shell(dir.path(), script);
        command.idle = Some(Duration::from_millis(400));
        let finished = run_within(&command, None, &CancellationToken::new(), QUICK).await?;
        assert_eq!(finished.ending, Ending::Silent(Duration::from_millis(400)));
        assert!(finished.tail.ends_with('6'), "{}", finished.tail);
        Ok(())
    }

    #[tokio::test]
    async fn cancelling_asks_before_it_kills() -> Result {
        let dir = tempfile::tempdir()?;
        let script = "trap 'echo tidied; exit 0' TERM; echo $$ > pid; while :; do sleep 0.01; done";
        let command = shell(dir.path(), script);
        let cancel = CancellationToken::new();
        let (finished, ()) = tokio::join!(run(&command, &cancel), async {
            eventually("the start", || {
                written_pid(&dir.path().join("pid")).is_some()
            })
            .await;
            cancel.cancel();
        });
        let finished = finished?;
        assert_eq!(finished.ending, Ending::Cancelled);
        assert!(finished.tail.contains("tidied"), "{}", finished.tail);
        Ok(())
    }

    #[tokio::test]
    async fn a_dropped_run_leaves_nothing_behind() -> Result {
        let dir = tempfile::tempdir()?;
        let pid = dir.path().join("pid");
        let command = shell(
            dir.path(),
            "(echo $(sh -c 'echo $PPID') > pid; sleep 600) & wait",
        );
        let cancel = CancellationToken::new();
        tokio::select! {
            _ = run(&command, &cancel) => return Err("ended by itself".into()),
            () = eventually("the start", || written_pid(&pid).is_some()) => {}
        }
        let grandchild = written_pid(&pid).ok_or("no grandchild")?;
        eventually("the grandchild's end", || is_gone(grandchild)).await;
        Ok(())
    }

    #[tokio::test]
    async fn a_background_process_does_not_outlive_or_hang_the_run() -> Result {
        let dir = tempfile::tempdir()?;
        let command = shell(dir.path(), "sleep 600 & echo $! > pid; echo done");
        let finished = run(&command, &CancellationToken::new()).await?;
        assert_eq!(
            (finished.ending, finished.tail.as_str()),
            (Ending::Exit(0), "done")
        );
        let background = written_pid(&dir.path().join("pid")).ok_or("no background process")?;
        eventually("its end", || is_gone(background)).await;
        Ok(())
    }

    #[tokio::test]
    async fn a_process_that_left_the_group_does_not_hang_the_run() -> Result {
        let dir = tempfile::tempdir()?;
        let script = "setsid sh -c 'echo $$ > pid; exec sleep 600' & \
                      until [ -s pid ]; do sleep 0.01; done; echo done";
        let command = shell(dir.path(), script);
        let finished = run_within(&command, None, &CancellationToken::new(), QUICK).await?;
        assert_eq!(finished.tail, "done");
        let escaped = written_pid(&dir.path().join("pid")).ok_or("no escaped process")?;
        kill(escaped, nix::sys::signal::Signal::SIGKILL)?;
        Ok(())
    }

    #[tokio::test]
    async fn a_huge_output_is_cut_on_disk() -> Result {
        let dir = tempfile::tempdir()?;
        let command = shell(dir.path(), "yes | head -c 20000000; echo end");
        let finished = run_within(&command, None, &CancellationToken::new(), QUICK).await?;
        assert_eq!(finished.bytes, 20_000_004);
        assert!(finished.truncated && finished.tail.ends_with("y\nend"));
        assert!(fs::metadata(&command.log)?.len() < 64 * 1024);
        Ok(())
    }

    #[tokio::test]
    async fn a_failed_start_is_explained() -> Result {
        let dir = tempfile::tempdir()?;
        let mut command = shell(dir.path(), "");
        command.program = "./script".into();
        fs::write(dir.path().join("script"), "#!/no/such/interpreter\n")?;
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(dir.path().join("script"), mode)?;
        let why = run(&command, &CancellationToken::new()).await;
        assert!(
            matches!(why, Err(ProcessError::NoInterpreter { .. })),
            "{why:?}"
        );

        command.log = dir.path().join("script/log");
        let why = run(&command, &CancellationToken::new()).await;
        assert!(matches!(why, Err(ProcessError::Log { .. })), "{why:?}");
        Ok(())
    }
}
