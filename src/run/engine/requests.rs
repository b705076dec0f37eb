//! Requests from other terminals: small files in a folder of the run, which the process that drives the run watches.
//!
//! A file needs no open connection, works on every file system, and is there whole or not at all: it is written under
//! another name and renamed. The journal says what became of a request.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use notify::{Event, RecursiveMode, Watcher};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;

use crate::plan::UnitId;
use crate::run::log::run_fact::Stop;

/// How often the folder is read in any case: the system does not report what another machine writes on a shared file
/// system, and some file systems report nothing.
const LOOK: Duration = Duration::from_secs(1);

/// A request to a run that is under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "wish", rename_all = "kebab-case")]
pub enum Request {
    /// End the run early.
    Stop { how: Stop },
    /// End one unit early.
    StopUnit { unit: UnitId, by: String },
    /// Never start a unit that waits; where `running` is set, also go on without a unit that runs.
    Skip {
        unit: UnitId,
        by: String,
        #[serde(default)]
        running: bool,
    },
    /// Publish finished work now, and not only after all units.
    Publish { by: String },
}

/// Leaves a request for the process that drives the run.
pub fn leave(folder: &Path, request: &Request) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = tempfile::Builder::new().prefix(".").tempfile_in(folder)?;
    file.write_all(&serde_json::to_vec(request)?)?;
    // Names sort by time, so requests are answered in the order in which they were left.
    let name = format!(
        "{}-{}.json",
        jiff::Timestamp::now().as_nanosecond(),
        std::process::id()
    );
    file.persist(folder.join(name))?;
    Ok(())
}

/// Makes the folder empty: requests to an earlier process are forgotten.
pub(crate) fn clear(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::create_dir_all(folder)
}

/// Hands on the requests that are left in the folder, until nobody receives them any more.
pub(crate) async fn watch(folder: PathBuf, requests: mpsc::Sender<Request>) {
    let (report, mut changes) = mpsc::channel(1);
    let watcher = watcher(&folder, report.clone());
    if let Err(error) = &watcher {
        let folder = folder.display();
        tracing::info!("{folder} is read every second, because it cannot be watched: {error}");
    }
    loop {
        let place = folder.clone();
        let Ok(found) = tokio::task::spawn_blocking(move || take(&place)).await else {
            return;
        };
        for request in found {
            if requests.send(request).await.is_err() {
                return;
            }
        }
        tokio::select! {
            _ = tokio::time::timeout(LOOK, changes.recv()) => {}
            () = requests.closed() => return,
        }
    }
}

/// Watches the folder for as long as the value lives. One report that is not read yet stands for all changes.
fn watcher(folder: &Path, changed: mpsc::Sender<()>) -> notify::Result<impl Watcher + use<>> {
    let report = move |event: notify::Result<Event>| {
        if event.is_ok_and(|event| is_access(&event)) {
            return;
        }
        let _ = changed.try_send(());
    };
    let mut watcher = notify::recommended_watcher(report)?;
    watcher.watch(folder, RecursiveMode::NonRecursive)?;
    Ok(watcher)
}

/// Reading the folder is reported too. If a reading counted as a change, each reading would cause the next one.
fn is_access(event: &Event) -> bool {
    event.kind.is_access()
}

/// Takes the requests out of the folder, the oldest first.
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
            // A request that cannot be removed would be answered again and again.
            fs::remove_file(path).ok()?;
            serde_json::from_slice(&text)
                .inspect_err(|error| tracing::warn!("a request cannot be understood: {error}"))
                .ok()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_once_and_in_their_order() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("requests");
        let skip = Request::Skip {
            unit: UnitId::parse("01-a").unwrap(),
            by: "ada".into(),
            running: false,
        };
        let stop = Request::Stop { how: Stop::Drain };
        assert_eq!(take(&folder), []);
        leave(&folder, &skip).unwrap();
        leave(&folder, &stop).unwrap();
        fs::write(folder.join("0.json"), "{").unwrap();
        assert_eq!(take(&folder), [skip.clone(), stop]);
        assert_eq!(take(&folder), []);
        leave(&folder, &skip).unwrap();
        clear(&folder).unwrap();
        assert_eq!(take(&folder), []);
    }

    #[tokio::test]
    async fn the_watcher_reports_a_request_and_no_reading_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let (report, mut changes) = mpsc::channel(1);
        let _watching = watcher(folder.path(), report).unwrap();
        assert_eq!(take(folder.path()), []);
        // Events are reported in their order: the reading above would be the first of them.
        fs::create_dir(folder.path().join("first")).unwrap();
        changes.recv().await.unwrap();
        while tokio::time::timeout(Duration::from_millis(200), changes.recv())
            .await
            .is_ok()
        {}
        for _ in 0..20 {
            assert_eq!(take(folder.path()), []);
        }
        let reading = tokio::time::timeout(Duration::from_millis(200), changes.recv()).await;
        assert!(
            reading.is_err(),
            "reading the folder was reported as a change"
        );
        let request = Request::Stop { how: Stop::Drain };
        leave(folder.path(), &request).unwrap();
        changes.recv().await.unwrap();
    }

    #[tokio::test]
    async fn a_request_is_noticed_when_it_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let (requests, mut received) = mpsc::channel(1);
        let early = Request::Stop { how: Stop::Drain };
        leave(folder.path(), &early).unwrap();
        let watching = tokio::spawn(watch(folder.path().to_path_buf(), requests));
        assert_eq!(received.recv().await, Some(early));
        let late = Request::Stop { how: Stop::Now };
        leave(folder.path(), &late).unwrap();
        assert_eq!(received.recv().await, Some(late));
        drop(received);
        watching.await.unwrap();
    }
}
