//! The session files of Codex, which count the tokens of each call of the model. Codex's own output tells the sum of a
//! session at the end of a turn only, too late for a limit.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::json::{number, text};
use crate::agent::event::SessionId;
use crate::agent::usage::Usage;

/// Codex writes the file soon after it has named its session. Nobody looks for it for ever.
const LOOKS: u32 = 50;

/// The file of one session, as far as it was read.
#[derive(Default)]
pub(super) struct SessionFile {
    /// The folder of all sessions.
    folder: Option<PathBuf>,
    session: Option<SessionId>,
    looks: u32,
    path: Option<PathBuf>,
    read: u64,
    /// A line that is not complete yet.
    rest: Vec<u8>,
    /// The session's totals after the last call that was read.
    totals: Option<Usage>,
    calls: u64,
}

impl SessionFile {
    /// Names no file yet; `folder` holds the files of all sessions.
    pub(super) fn below(folder: Option<PathBuf>) -> Self {
        Self {
            folder,
            ..Self::default()
        }
    }

    /// Follows the file of this session.
    pub(super) fn follow(&mut self, session: &SessionId) {
        if self.session.as_ref() != Some(session) {
            *self = Self {
                session: Some(session.clone()),
                ..Self::below(self.folder.take())
            };
        }
    }

    /// Reads what the file has gained, and returns the session's totals.
    pub(super) fn totals(&mut self) -> Option<&Usage> {
        self.find();
        if let Some(path) = self.path.clone() {
            // What cannot be read is not known.
            let _ = self.read_on(&path);
        }
        self.totals.as_ref()
    }

    /// Returns how many calls of the model were read.
    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    fn find(&mut self) {
        if self.path.is_some() || self.looks >= LOOKS {
            return;
        }
        if let (Some(folder), Some(session)) = (&self.folder, &self.session) {
            self.looks += 1;
            self.path = find(folder, &format!("-{}.jsonl", session.0), 3);
        }
    }

    fn read_on(&mut self, path: &Path) -> std::io::Result<()> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(self.read))?;
        let gained = file.read_to_end(&mut self.rest)?;
        self.read += gained as u64;
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else {
            return Ok(());
        };
        let rest = self.rest.split_off(end + 1);
        let lines = std::mem::replace(&mut self.rest, rest);
        for line in lines.split(|byte| *byte == b'\n') {
            // Most lines hold the output of tools, and are long.
            if line
                .windows(11)
                .take(200)
                .any(|part| part == b"token_count")
            {
                self.take_in(line);
            }
        }
        Ok(())
    }

    fn take_in(&mut self, line: &[u8]) {
        let Ok(line) = serde_json::from_slice::<Value>(line) else {
            return;
        };
        if text(&line, "/payload/type") != Some("token_count") {
            return;
        }
        let total = |name: &str| number(&line, &format!("/payload/info/total_token_usage/{name}"));
        let totals = Usage {
            input_tokens: total("input_tokens"),
            cached_tokens: total("cached_input_tokens"),
            output_tokens: total("output_tokens"),
            ..Usage::default()
        };
        if !totals.is_unknown() && self.totals.as_ref() != Some(&totals) {
            self.calls += 1;
            self.totals = Some(totals);
        }
    }
}

/// Finds the newest file with this ending, so many folders deep: years, months and days.
fn find(folder: &Path, ending: &str, depth: u32) -> Option<PathBuf> {
    let entries = fs::read_dir(folder).ok()?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.sort();
    let mut newest = paths.into_iter().rev();
    if depth == 0 {
        return newest.find(|path| path.to_string_lossy().ends_with(ending));
    }
    newest.find_map(|path| find(&path, ending, depth - 1))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    /// The lines as Codex 0.169.0 writes them.
    fn count(calls: u64) -> String {
        let usage = format!(
            r#"{{"input_tokens":{},"cached_input_tokens":{},"cache_write_input_tokens":0,"output_tokens":{}}}"#,
            1400 * calls,
            400 * calls,
            30 * calls
        );
        let info = format!(r#"{{"total_token_usage":{usage},"last_token_usage":{usage}}}"#);
        let payload = format!(r#"{{"type":"token_count","info":{info}}}"#);
        let begin = r#""timestamp":"2026-11-30T17:02:46.723Z","ordinal":13,"type":"event_msg""#;
        format!("{{{begin},\"payload\":{payload}}}")
    }

    #[test]
    fn the_totals_grow_with_the_file_of_the_session() {
        let folder = tempfile::tempdir().unwrap();
        let day = folder.path().join("2026/11/30");
        let session = SessionId("01a2".into());
        let mut file = SessionFile::below(Some(folder.path().to_path_buf()));
        file.follow(&session);
        assert_eq!(file.totals(), None);

        fs::create_dir_all(&day).unwrap();
        fs::write(day.join("rollout-1-01a3.jsonl"), count(9) + "\n").unwrap();
        let path = day.join("rollout-2-01a2.jsonl");
        let mut written = File::create(path).unwrap();
        let first = count(1);
        let (begin, end) = first.split_at(70);
        write!(written, "{{\"type\":\"session_meta\"}}\n{begin}").unwrap();
        assert_eq!(file.totals(), None);
        writeln!(written, "{end}\n{}", count(1)).unwrap();
        assert_eq!(file.totals().and_then(Usage::tokens), Some(1430));
        assert_eq!(file.calls(), 1);
        writeln!(written, "{}", count(3)).unwrap();
        assert_eq!(file.totals().and_then(Usage::tokens), Some(4290));
        assert_eq!(file.calls(), 2);
    }
}
