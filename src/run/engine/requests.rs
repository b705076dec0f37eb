//! What somebody at another terminal wants of a run: small files in a folder of the run's, which the process that drives
//! it looks into while it runs.
//!
//! A file needs no open connection, works on every file system, and is there whole or not at all: it is written beside
//! and renamed. Whether a wish was granted is read from the journal, where everything else is.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::plan::UnitId;
use crate::run::log::event::Stop;

/// How often the driving process looks; a person does not notice, and it costs next to nothing.
const LOOK: Duration = Duration::from_millis(100);

/// What somebody wants of a run while it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "kebab-case")]
pub enum Request {
    /// End the run before its time.
    Stop { how: Stop },
    /// End one unit before its time.
    StopUnit { unit: UnitId, by: String },
    /// Never start a unit that waits.
    Skip { unit: UnitId, by: String },
}

/// Leaves a wish for the process that drives the run.
pub fn leave(folder: &Path, wish: &Request) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
    file.write_all(&serde_json::to_vec(wish)?)?;
    // By time, so that wishes are granted in the order in which they were left.
    let name = format!(
        "{}-{}.json",
        jiff::Timestamp::now().as_nanosecond(),
        std::process::id()
    );
    file.persist(folder.join(name))?;
    Ok(())
}

/// Forgets what was wished of an earlier process.
pub(crate) fn forget(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Hands on the wishes that are left in the folder, until nobody wants them any more.
pub(crate) async fn look(folder: PathBuf, wishes: mpsc::Sender<Request>) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = wishes.closed() => return,
        }
        let folder = folder.clone();
        let Ok(found) = tokio::task::spawn_blocking(move || take(&folder)).await else {
            return;
        };
        for wish in found {
            if wishes.send(wish).await.is_err() {
                return;
            }
        }
    }
}

/// Takes the wishes out of the folder, the oldest first.
fn take(folder: &Path) -> Vec<Request> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    paths
        .iter()
        .filter_map(|path| {
            let text = fs::read(path).ok()?;
            // A wish that cannot be taken away would be granted again and again.
            fs::remove_file(path).ok()?;
            serde_json::from_slice(&text)
                .inspect_err(|error| tracing::warn!("a wish is not understood: {error}"))
                .ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_are_taken_once_and_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("wishes");
        let skip = Request::Skip {
            unit: UnitId::parse("01-a").unwrap(),
            by: "ada".into(),
        };
        let stop = Request::Stop { how: Stop::Drain };
        assert_eq!(take(&folder), []);
        leave(&folder, &skip).unwrap();
        leave(&folder, &stop).unwrap();
        fs::write(folder.join("0.json"), "{").unwrap();
        assert_eq!(take(&folder), [skip.clone(), stop]);
        assert_eq!(take(&folder), []);
        leave(&folder, &skip).unwrap();
        forget(&folder).unwrap();
        assert_eq!(take(&folder), []);
    }
}
