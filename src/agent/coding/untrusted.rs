//! Reads one stream as the output of every coding agent, whatever it holds. Only tests and fuzzers compile this file.

use std::path::Path;
use std::time::Duration;

use super::adapter::Turn;
use super::adapters::adapter;
use super::printed::PrintedLines;
use crate::agent::task::{Limits, Task, TaskKind};
use crate::config::CodingKind;
use crate::plan::Claim;
use crate::process::Environment;
use crate::process::sandbox::Sandbox;

/// Returns for each kind of agent how many bytes the description of what one line made has at most.
pub(crate) fn read_as_every_agent(stream: &str) -> Vec<usize> {
    let task = task();
    CodingKind::ALL
        .into_iter()
        .map(|kind| {
            let mut reader = adapter(kind).reader(&Turn {
                task: &task,
                model: Some("m"),
                prompt: &task.folder,
                home: &task.home,
                session: None,
                earlier: &[],
                keys: &[],
            });
            let mut printed = PrintedLines::default();
            let mut events = Vec::new();
            let mut most = 0;
            for line in stream.lines() {
                reader.line(line, &mut events);
                printed.take(line);
                let refusal = reader.refusal();
                most = most.max(format!("{events:?}{refusal:?}").len());
                events.clear();
            }
            let end = reader.end(&mut events);
            most.max(format!("{events:?}{end:?}{}", printed.before("")).len())
        })
        .collect()
}

/// A task without a home and without variables, so that no reader finds a file.
fn task() -> Task {
    let folder = Path::new("/nowhere");
    Task {
        run: "r".into(),
        unit: "01-a".into(),
        instruction: "i".into(),
        prompt: "change a.js".into(),
        claim: Claim {
            files: vec!["a.js".into()],
            create: Vec::new(),
        },
        worktree: folder.to_path_buf(),
        folder: folder.to_path_buf(),
        home: folder.join("home"),
        environment: Environment::for_worker(std::iter::empty(), &[]),
        sandbox: Sandbox::off(),
        limits: Limits {
            time: Duration::from_secs(30),
            idle: None,
        },
        kind: TaskKind::Change,
        feedback: None,
    }
}
