//! One JSON object for each event, for programs that watch a run.
//!
//! Each [`Line`] has `seq` (rises with every event), `at` (RFC 3339 in UTC), `run`, `unit` (missing where the event is
//! about the whole run) and `fact`; the fields beside them are the fact's own, as [`RunFact`] and [`UnitFact`] describe
//! them.

use std::io::Write;

use serde::Serialize;

use super::observer::Progress;
use crate::plan::UnitId;
use crate::run::{Event, Recorded, RunFact, RunId, RunState, UnitFact};
use crate::words;

/// An event as programs read it.
#[derive(Debug, Serialize)]
struct Line<'a> {
    seq: u64,
    at: String,
    run: &'a RunId,
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<&'a UnitId>,
    #[serde(flatten)]
    fact: Fact<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Fact<'a> {
    Run(&'a RunFact),
    Unit(&'a UnitFact),
}

impl<'a> Line<'a> {
    /// The line of one event of `run`.
    fn new(run: &'a RunId, recorded: &'a Recorded) -> Self {
        let (unit, fact) = match &recorded.event {
            Event::Run(fact) => (None, Fact::Run(fact)),
            Event::Unit(unit, fact) => (Some(unit), Fact::Unit(fact)),
        };
        Self {
            seq: recorded.seq,
            at: words::timestamp(recorded.at),
            run,
            unit,
            fact,
        }
    }
}

/// One event as one line, without its end.
#[must_use]
pub fn line(run: &RunId, event: &Recorded) -> String {
    match words::json(&Line::new(run, event)) {
        Ok(text) => text,
        // Whatever JSON cannot hold, the event still gets its line.
        Err(error) => serde_json::json!({
            "seq": event.seq,
            "at": words::timestamp(event.at),
            "run": run,
            "fact": "unprintable",
            "reason": error.to_string(),
        })
        .to_string(),
    }
}

pub(super) struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }
}

impl<W: Write + Send> Progress for Json<W> {
    fn event(&mut self, event: &Recorded, state: &RunState) {
        let text = line(&state.id, event);
        // A reader that is gone must not end the run.
        let _ = writeln!(self.out, "{text}").and_then(|()| self.out.flush());
    }

    fn finish(&mut self) {}
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::git::{BranchName, CommitId};
    use crate::progress::lines::tests::shown;
    use crate::report::sample::SampleRun;
    use crate::run::Stop;

    fn values(sample: SampleRun) -> Vec<Value> {
        let mut out = Vec::new();
        shown(&mut Json::new(&mut out), sample);
        let text = String::from_utf8(out).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn each_event_is_one_object_on_one_line() {
        let lines = values(
            SampleRun::of(["a"])
                .instruction("two\nlines")
                .step("a", 5)
                .run(10, RunFact::StopRequested { how: Stop::Drain }),
        );
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0]["fact"], "started");
        assert_eq!(lines[0]["instruction"], "two\nlines");
        assert_eq!(
            lines[1],
            json!({
                "seq": 1, "at": "2026-11-21T12:03:22.005Z", "run": "20261121-k3f9", "unit": "a",
                "fact": "step-started", "step": "agent",
            })
        );
        assert_eq!(
            lines[2],
            json!({
                "seq": 2, "at": "2026-11-21T12:03:22.01Z", "run": "20261121-k3f9",
                "fact": "stop-asked", "how": "drain",
            })
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_not_unicode_costs_no_line() {
        use std::os::unix::ffi::OsStringExt;

        let path = std::path::PathBuf::from(std::ffi::OsString::from_vec(vec![b'/', 0xff]));
        let ready = UnitFact::CheckoutReady {
            path,
            branch: BranchName::new("b"),
            start: CommitId::new("c"),
            regenerated: Vec::new(),
        };
        let lines = values(SampleRun::of(["a"]).fact("a", 1, ready));
        assert_eq!(lines[1]["seq"], 1);
        assert_eq!(lines[1]["path"], "/\u{fffd}");
    }
}
