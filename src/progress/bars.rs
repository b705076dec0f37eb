//! Live bars on a terminal: a line for each running unit, and below them one for the whole run. A unit that has ended
//! becomes a line above the bars, where it scrolls away with the rest of the terminal's text.

use std::fmt::Write as _;
use std::time::Duration;

use console::{Style, Term, style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::lines::{cut_short, ended, of, pace_now, set_aside, shared, step, stopping};
use super::observer::Progress;
use crate::plan::UnitId;
use crate::run::{Event, Outcome, Phase, Recorded, RunState, UnitFact, UnitState};
use crate::words;

const TICK: Duration = Duration::from_millis(120);

/// The longest name of a unit that is shown whole; longer ones would leave no room for what the unit does.
const NAME_WIDTH: usize = 28;

/// Columns before the name: the sign, the time, and the blanks around it.
const BEFORE_NAME: usize = 10;

/// Rows of the terminal that units leave free: the notice, the overall bar, and one so that nothing scrolls.
const ROWS_KEPT: usize = 3;

const UNIT_TEMPLATE: &str = "{spinner:.cyan} {time:>6}  {wide_msg}";
const NOTICE_TEMPLATE: &str = "{wide_msg}";
const WAITING: &str = "units wait for disk space";

pub(super) struct Bars {
    term: Term,
    shown: MultiProgress,
    /// The line for the whole run, there from the first event on.
    overall: Option<ProgressBar>,
    /// The line that says that the run is stopping, or waiting.
    notice: Option<ProgressBar>,
    /// Running units that have a line, in the order of their lines.
    units: Vec<(UnitId, ProgressBar)>,
}

impl Bars {
    pub(super) fn new(term: Term) -> Self {
        let target = ProgressDrawTarget::term(term.clone(), 10);
        Self {
            term,
            shown: MultiProgress::with_draw_target(target),
            overall: None,
            notice: None,
            units: Vec::new(),
        }
    }

    /// The width of the column of names: a narrow terminal keeps half of its columns for what the units do.
    fn name_width(&self, state: &RunState) -> usize {
        let lengths = state.units.iter().map(|unit| unit.header.id.as_str().len());
        let most = (usize::from(self.term.size().1) * 2 / 5).clamp(8, NAME_WIDTH);
        lengths.max().unwrap_or(0).clamp(8, most)
    }

    /// Makes the bars say what the state says.
    fn follow(&mut self, state: &RunState, at: i64) {
        let width = self.name_width(state);
        let overall = self
            .overall
            .get_or_insert_with(|| {
                let bar = self.shown.add(ProgressBar::new(state.units.len() as u64));
                let style = styled(&overall_template(width / 2), state.took_ms(at));
                bar.set_style(style.progress_chars("━━─"));
                bar.enable_steady_tick(TICK);
                bar
            })
            .clone();

        let notice = match (state.stop, &state.stop_reason) {
            (Some(how), _) => Some(stopping(how).to_owned()),
            (None, Some(why)) => Some(cut_short(why)),
            (None, None) if state.waits_for_disk_space => Some(WAITING.to_owned()),
            (None, None) => news_of_agents(state),
        };
        if let Some(text) = notice {
            let notice = self.notice.get_or_insert_with(|| {
                let bar = self.shown.insert_before(&overall, ProgressBar::no_length());
                bar.set_style(styled(NOTICE_TEMPLATE, 0));
                bar
            });
            let text = style(text).for_stderr().yellow();
            notice.set_message(text.to_string());
        } else if let Some(notice) = self.notice.take() {
            notice.finish_and_clear();
            self.shown.remove(&notice);
        }

        self.units.retain(|(id, bar)| {
            let running = state.unit(id).is_some_and(is_running);
            if !running {
                self.shown.remove(bar);
            }
            running
        });
        let rows = usize::from(self.term.size().0)
            .saturating_sub(ROWS_KEPT)
            .max(1);
        let room = usize::from(self.term.size().1).saturating_sub(width + BEFORE_NAME + 2);
        for unit in state.units.iter().filter(|unit| is_running(unit)) {
            let known = self.units.iter().find(|(id, _)| *id == unit.header.id);
            let bar = match known {
                Some((_, bar)) => bar.clone(),
                None if self.units.len() < rows => {
                    let below = self.notice.as_ref().unwrap_or(&overall);
                    let bar = self.shown.insert_before(below, ProgressBar::no_length());
                    bar.set_style(styled(UNIT_TEMPLATE, unit.took_ms(at).unwrap_or(0)));
                    bar.enable_steady_tick(TICK);
                    self.units.push((unit.header.id.clone(), bar.clone()));
                    bar
                }
                None => continue,
            };
            let step = step(unit).unwrap_or_default();
            let step = console::truncate_str(&step, room, "…");
            bar.set_message(format!("{}  {step}", name(unit, width)));
        }

        let hidden = state.count(|phase| matches!(phase, Phase::Running { .. })) - self.units.len();
        let ended = state.count(|phase| matches!(phase, Phase::Ended(_)));
        overall.set_message(overall_text(state, hidden));
        overall.set_position(ended as u64);
    }
}

impl Progress for Bars {
    fn event(&mut self, event: &Recorded, state: &RunState) {
        self.follow(state, event.at);
        if let Event::Unit(
            id,
            UnitFact::SetAside {
                worktree,
                branch,
                logs,
            },
        ) = &event.event
        {
            let text = set_aside(worktree.as_deref(), branch.as_deref(), logs);
            // Not cut to the terminal's width: it holds paths that somebody wants whole.
            let _ = self.shown.println(format!("{id}: {text}"));
        }
        if let Some(text) = shared(event, state) {
            let _ = self.shown.println(text);
        }
        if let Event::Unit(id, UnitFact::Ended { outcome }) = &event.event
            && let Some(unit) = state.unit(id)
        {
            let line = ended_line(unit, outcome, self.name_width(state), event.at);
            let line = console::truncate_str(&line, usize::from(self.term.size().1), "…");
            // A terminal that is gone must not end the run.
            let _ = self.shown.println(line);
        }
    }

    fn finish(&mut self) {
        for (_, bar) in self.units.drain(..) {
            bar.finish_and_clear();
        }
        for bar in [self.notice.take(), self.overall.take()]
            .into_iter()
            .flatten()
        {
            bar.finish_and_clear();
        }
        let _ = self.shown.clear();
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        self.finish();
    }
}

/// Returns the agents that get no further unit, and the agents that are throttled.
fn news_of_agents(state: &RunState) -> Option<String> {
    let ended = state.stopped_agents.iter();
    let news: Vec<String> = ended
        .map(|(agent, why)| of(Some(agent.as_str()), cut_short(why)))
        .chain(state.throttles.iter().map(pace_now))
        .collect();
    (!news.is_empty()).then(|| news.join("; "))
}

fn is_running(unit: &UnitState) -> bool {
    matches!(unit.phase, Phase::Running { .. })
}

/// `✓    12s  03-django-db  published  PR #3`.
fn ended_line(unit: &UnitState, outcome: &Outcome, width: usize, at: i64) -> String {
    let (sign, colour) = match outcome {
        Outcome::Published | Outcome::Committed => ("✓", Style::new().green()),
        Outcome::NoChange { .. } => ("–", Style::new().green()),
        Outcome::Failed { .. } => ("✗", Style::new().red()),
        Outcome::Withheld { .. }
        | Outcome::Blocked { .. }
        | Outcome::Stopped
        | Outcome::LeftOut { .. }
        | Outcome::Skipped { .. } => ("!", Style::new().yellow()),
    };
    let time = unit.took_ms(at).map(words::duration).unwrap_or_default();
    format!(
        "{} {time:>6}  {}  {}",
        colour.for_stderr().apply_to(sign),
        name(unit, width),
        ended(unit, outcome)
    )
}

/// `12/24 units · 3 failed · 4 running`.
fn overall_text(state: &RunState, hidden: usize) -> String {
    let count = |test: fn(&Phase) -> bool| state.count(test);
    let ended = count(|phase| matches!(phase, Phase::Ended(_)));
    let failed = count(|phase| matches!(phase, Phase::Ended(Outcome::Failed { .. })));
    let blocked = count(|phase| matches!(phase, Phase::Ended(Outcome::Blocked { .. })));
    let running = count(|phase| matches!(phase, Phase::Running { .. }));

    let mut text = format!("{ended}/{} units", state.units.len());
    if failed > 0 {
        let failed = style(format!("{failed} failed")).for_stderr().red();
        let _ = write!(text, " · {failed}");
    }
    if blocked > 0 {
        let _ = write!(text, " · {blocked} blocked");
    }
    if running > 0 {
        let _ = write!(text, " · {running} running");
    }
    if hidden > 0 {
        let _ = write!(text, " ({hidden} not shown)");
    }
    text
}

fn name(unit: &UnitState, width: usize) -> String {
    let id = unit.header.id.as_str();
    console::pad_str(id, width, console::Alignment::Left, Some("…")).into_owned()
}

fn overall_template(width: usize) -> String {
    format!("  {{time:>6}}  {{bar:{width}.green/dim}}  {{wide_msg}}")
}

/// The template's style; `{time}` is what a bar has lived, and what had gone by before it. The bars' own notion of that
/// earlier time (`with_elapsed`) panics when it lies before the machine's start.
///
/// A template that does not parse is a mistake in this file, which the tests catch; a run goes on without its looks.
fn styled(template: &str, so_far_ms: u64) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_spinner())
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ")
        .with_key(
            "time",
            move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let lived = u64::try_from(state.elapsed().as_millis()).unwrap_or(u64::MAX);
                let _ = out.write_str(&words::whole_seconds(so_far_ms.saturating_add(lived)));
            },
        )
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::progress::lines::tests::shown;
    use crate::report::sample::{self, SampleRun};
    use crate::run::{RunFact, Stop};

    /// Bars that draw nowhere, of a terminal of the usual 80 × 24.
    fn bars() -> Bars {
        let nowhere = || {
            File::options()
                .read(true)
                .write(true)
                .open("/dev/null")
                .unwrap()
        };
        Bars::new(Term::read_write_pair(nowhere(), nowhere()))
    }

    /// The bars after the last event of a run, as texts from top to bottom.
    fn texts(sample: SampleRun) -> Vec<String> {
        let mut bars = bars();
        let events = sample.events();
        for until in 1..=events.len() {
            let state = RunState::fold(&sample::run_id(), &events[..until]).unwrap();
            bars.event(&events[until - 1], &state);
        }
        let units = bars.units.iter().map(|(_, bar)| bar);
        units
            .chain(&bars.notice)
            .chain(&bars.overall)
            .map(|bar| console::strip_ansi_codes(&bar.message()).into_owned())
            .collect()
    }

    #[test]
    fn only_running_units_have_a_line() {
        let sample = SampleRun::of(["01-api", "02-cart", "03-db", "04-web"])
            .published("01-api", 0, 10)
            .failed("02-cart", 0, 20)
            .step("03-db", 30);
        assert_eq!(
            texts(sample),
            ["03-db     agent", "2/4 units · 1 failed · 1 running"]
        );
    }

    #[test]
    fn a_terminal_with_few_rows_still_shows_the_overall_line() {
        let names: Vec<String> = (0..30).map(|n| format!("unit-{n:02}")).collect();
        let sample = names
            .iter()
            .fold(SampleRun::of(&names), |sample, name| sample.step(name, 1));
        let texts = texts(sample);
        assert_eq!(texts.len(), 24 - ROWS_KEPT + 1);
        assert_eq!(
            texts.last().unwrap(),
            "0/30 units · 30 running (9 not shown)"
        );
    }

    #[test]
    fn a_unit_that_had_no_room_gets_its_line_later() {
        let names: Vec<String> = (0..24).map(|n| format!("unit-{n:02}")).collect();
        let sample = names
            .iter()
            .fold(SampleRun::of(&names), |sample, name| sample.step(name, 1));
        let sample = (0..5).fold(sample, |sample, n| {
            sample.outcome(&names[n], 2, Outcome::Stopped)
        });
        assert_eq!(texts(sample).len(), 19 + 1);
    }

    #[test]
    fn a_run_that_drains_says_how_to_stop_it_at_once() {
        let sample = SampleRun::of(["a"])
            .step("a", 1)
            .run(2, RunFact::StopRequested { how: Stop::Drain });
        assert!(texts(sample)[1].contains("Ctrl-C again stops the running units"));
        let sample = SampleRun::of(["a"])
            .step("a", 1)
            .run(2, RunFact::StopRequested { how: Stop::Drain })
            .run(3, RunFact::StopRequested { how: Stop::Now });
        assert_eq!(texts(sample)[1], "stopping the running units");
    }

    #[test]
    fn a_run_without_room_says_so_until_there_is_some() {
        let short = RunFact::DiskSpaceShort { free: 1, each: 2 };
        let sample = SampleRun::of(["a", "b"]).step("a", 1).run(2, short.clone());
        assert_eq!(texts(sample)[1], WAITING);
        let sample = SampleRun::of(["a", "b"])
            .step("a", 1)
            .run(2, short)
            .run(3, RunFact::DiskSpaceEnough);
        assert_eq!(texts(sample).len(), 2);
    }

    #[test]
    fn a_long_name_or_step_is_cut_to_the_terminal() {
        let long = "a-unit-whose-name-goes-on-and-on-without-end";
        let detail = Some(format!("npm test \u{1b}[2J{}", "x".repeat(300)));
        let check = UnitFact::StepStarted {
            step: crate::run::Step::Check,
            detail,
        };
        let text = &texts(SampleRun::of([long]).fact(long, 1, check))[0];
        assert!(
            text.starts_with("a-unit-whose-name-goes-on-a…  check npm test xxx"),
            "{text}"
        );
        assert!(
            console::measure_text_width(text) + BEFORE_NAME <= 80,
            "{text}"
        );
    }

    #[test]
    fn the_line_of_an_ended_unit_says_what_matters_of_it() {
        let line = |sample: SampleRun| {
            let state = sample.state();
            let unit = &state.units[0];
            let line = ended_line(unit, unit.outcome().unwrap(), 8, state.started_at);
            console::strip_ansi_codes(&line).into_owned()
        };
        assert_eq!(
            line(SampleRun::of(["01-api"]).published_as(
                "01-api",
                0,
                12_300,
                3,
                "https://x.test/3"
            )),
            "✓    12s  01-api    published  PR #3"
        );
        assert_eq!(
            line(SampleRun::of(["01-api"]).failed_with(
                "01-api",
                0,
                900,
                "no\u{1b}[2J good\nat all",
                ""
            )),
            "✗  900ms  01-api    failed at check: no good"
        );
        assert_eq!(
            line(SampleRun::of(["01-api"]).outcome(
                "01-api",
                0,
                Outcome::Blocked {
                    by: sample::id("00-x")
                }
            )),
            "!         01-api    blocked: it needs 00-x"
        );
    }

    #[test]
    fn templates_parse() {
        for width in [4, NAME_WIDTH / 2] {
            assert!(ProgressStyle::with_template(&overall_template(width)).is_ok());
        }
        assert!(ProgressStyle::with_template(UNIT_TEMPLATE).is_ok());
        assert!(ProgressStyle::with_template(NOTICE_TEMPLATE).is_ok());
    }

    #[test]
    fn nothing_is_left_after_the_end() {
        let mut bars = bars();
        shown(
            &mut bars,
            SampleRun::of(["a", "b"]).step("a", 1).published("b", 1, 2),
        );
        assert!(bars.units.is_empty() && bars.overall.is_none() && bars.notice.is_none());
    }
}
