//! The built-in agent: rewrites each claimed file by one recipe, in this process.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::activity::Activity;
use super::contract::{Agent, FurtherAttempts, Restart, Work, Working};
use super::error::AgentError;
use super::event::AgentEvent;
use super::id::AgentId;
use super::task::Task;
use super::usage::Usage;
use crate::codemod::Codemod;
use crate::words;

/// Rewrites files by a recipe.
#[derive(Clone)]
pub(crate) struct CodemodAgent {
    codemod: Arc<Codemod>,
    id: AgentId,
}

impl CodemodAgent {
    #[must_use]
    pub(crate) fn new(codemod: Arc<Codemod>) -> Self {
        let id = codemod.describe().into();
        Self { codemod, id }
    }
}

impl Agent for CodemodAgent {
    fn id(&self) -> &AgentId {
        &self.id
    }

    fn further_attempts(&self) -> FurtherAttempts {
        FurtherAttempts::Pointless
    }

    fn restart(&self) -> Restart {
        Restart::FromBeginning
    }

    fn work<'a>(
        &'a self,
        task: &'a Task,
        _events: &'a mpsc::Sender<AgentEvent>,
        cancel: &'a CancellationToken,
    ) -> Working<'a> {
        Box::pin(async move {
            let codemod = Arc::clone(&self.codemod);
            let (task, cancel) = (task.clone(), cancel.clone());
            let rewriting = tokio::task::spawn_blocking(move || rewrite(&codemod, &task, &cancel));
            match rewriting.await {
                Ok(done) => done,
                // A blocking task is cancelled only when the whole program ends.
                Err(_) => Err(AgentError::Cancelled),
            }
        })
    }
}

fn rewrite(codemod: &Codemod, task: &Task, cancel: &CancellationToken) -> Result<Work, AgentError> {
    let started = Instant::now();
    let log_path = task.log();
    let log_fault = |source| AgentError::File {
        what: "written",
        path: log_path.clone(),
        source,
    };
    let mut log = fs::File::create(&log_path).map_err(log_fault)?;
    let (mut files, mut places) = (0_usize, 0_usize);
    for file in &task.claim.files {
        if cancel.is_cancelled() {
            return Err(AgentError::Cancelled);
        }
        let done = rewrite_file(codemod, &task.worktree, file);
        let line = match &done {
            Ok(edits) => format!("{file:?}: {}", words::count(*edits, "place")),
            Err(error) => format!("{file:?}: {error}"),
        };
        writeln!(log, "{line}").map_err(log_fault)?;
        let edits = done?;
        files += usize::from(edits > 0);
        places += edits;
    }
    Ok(Work {
        took: started.elapsed(),
        summary: (places > 0).then(|| {
            format!(
                "Rewrote {} in {}.",
                words::count(places, "place"),
                words::count(files, "file")
            )
        }),
        usage: Usage::default(),
        session: None,
        activity: Activity::default(),
    })
}

/// Rewrites one file, and returns the number of rewritten places.
fn rewrite_file(codemod: &Codemod, worktree: &Path, file: &str) -> Result<usize, AgentError> {
    let path = worktree.join(file);
    let fault = |what| {
        let path = path.clone();
        move |source| AgentError::File { what, path, source }
    };
    if !is_plain(worktree, file).map_err(fault("read"))? {
        return Err(AgentError::NotAFile { path: file.into() });
    }
    let bytes = fs::read(&path).map_err(fault("read"))?;
    let text = String::from_utf8(bytes).map_err(|_| AgentError::NotText { path: file.into() })?;
    // Parsers are large foreign programs: a panic in one fails this unit and no other.
    let rewritten = catch_unwind(AssertUnwindSafe(|| codemod.rewrite(file, &text)))
        .map_err(|_| AgentError::Panicked { path: file.into() })??;
    let Some(rewritten) = rewritten else {
        return Ok(0);
    };
    // The file is written in place, to keep its mode; half a file does no harm in a checkout that can be recreated.
    fs::write(&path, &rewritten.text).map_err(fault("written"))?;
    Ok(rewritten.edits)
}

/// Checks whether the path is an ordinary file without a symlink on the way to it.
fn is_plain(worktree: &Path, file: &str) -> std::io::Result<bool> {
    let mut path = PathBuf::from(worktree);
    let mut parts = Path::new(file).components().peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        let kind = path.symlink_metadata()?.file_type();
        let fits = if parts.peek().is_some() {
            kind.is_dir()
        } else {
            kind.is_file()
        };
        if !fits {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::time::Duration;

    use super::*;
    use crate::agent::{Limits, TaskKind};
    use crate::codemod::Recipe;
    use crate::plan::Claim;
    use crate::process::Environment;

    fn agent() -> CodemodAgent {
        let recipe = Recipe::Regex {
            regex: "old".into(),
            to: "new".into(),
        };
        CodemodAgent::new(Arc::new(Codemod::compile(&recipe).unwrap()))
    }

    fn task(folder: &Path, files: &[&str]) -> Task {
        Task {
            run: "r".into(),
            unit: "01-a".into(),
            instruction: "i".into(),
            prompt: "change a.js, and a b.txt".into(),
            claim: Claim {
                files: files.iter().map(ToString::to_string).collect(),
                create: Vec::new(),
            },
            worktree: folder.to_path_buf(),
            folder: folder.to_path_buf(),
            home: folder.join("home"),
            environment: Environment::default(),
            sandbox: crate::process::sandbox::Sandbox::off(),
            limits: Limits {
                time: Duration::from_secs(1),
                idle: None,
            },
            kind: TaskKind::Change,
            feedback: None,
        }
    }

    async fn work(task: &Task, cancel: &CancellationToken) -> Result<Work, AgentError> {
        agent().work(task, &mpsc::channel(1).0, cancel).await
    }

    #[tokio::test]
    async fn claimed_files_are_rewritten_and_keep_their_mode() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("run.sh");
        fs::write(&file, "old old\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(folder.path().join("other"), "old\n").unwrap();
        let task = task(folder.path(), &["run.sh"]);
        let work = work(&task, &CancellationToken::new()).await.unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new new\n");
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(
            fs::read_to_string(folder.path().join("other")).unwrap(),
            "old\n"
        );
        let summary = work.summary.unwrap();
        assert!(summary == "Rewrote 2 places in 1 file.", "{summary}");
    }

    #[tokio::test]
    async fn no_symlink_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("f"), "old\n").unwrap();
        symlink(outside.path(), folder.path().join("dir")).unwrap();
        let task = task(folder.path(), &["dir/f"]);
        let error = work(&task, &CancellationToken::new()).await.unwrap_err();
        assert!(matches!(error, AgentError::NotAFile { .. }), "{error}");
        assert_eq!(
            fs::read_to_string(outside.path().join("f")).unwrap(),
            "old\n"
        );
    }

    #[tokio::test]
    async fn a_cancelled_rewrite_stops() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), "old\n").unwrap();
        let cancel = CancellationToken::new();
        cancel.cancel();
        let task = task(folder.path(), &["a"]);
        let error = work(&task, &cancel).await.unwrap_err();
        assert!(matches!(error, AgentError::Cancelled));
        assert_eq!(
            fs::read_to_string(folder.path().join("a")).unwrap(),
            "old\n"
        );
    }
}
