//! The line on a terminal that shows the activity of an agent before there is a run.

use std::time::Duration;

use console::Term;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::agent::AgentEvent;
use crate::words;

const TICK: Duration = Duration::from_millis(120);
const TEMPLATE: &str = "{spinner:.cyan} {elapsed:>4}  {wide_msg}";

/// The line, which is erased at the end; without a terminal there is none.
pub(crate) struct AgentLine {
    bar: ProgressBar,
}

impl AgentLine {
    /// Prints the title and starts the line.
    pub(crate) fn start(what: &str) -> Self {
        let term = Term::stderr();
        // Nobody hears of a program that cannot be written to.
        let _ = term.write_line(what);
        if !term.is_term() {
            return Self {
                bar: ProgressBar::hidden(),
            };
        }
        let bar = ProgressBar::new_spinner();
        bar.set_draw_target(ProgressDrawTarget::term(term, 10));
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(TICK);
        Self { bar }
    }

    /// Shows what the agent is at.
    pub(crate) fn show(&mut self, event: &AgentEvent) {
        let now = match event {
            AgentEvent::Text(said) => words::line(said),
            AgentEvent::Tool { name, about } => {
                words::line(&format!("{name} {}", about.as_deref().unwrap_or_default()))
            }
            AgentEvent::Interrupted { interruption, .. } => format!("waits: {interruption}"),
            AgentEvent::Session(_)
            | AgentEvent::Usage(_)
            | AgentEvent::ToolEnded(_)
            | AgentEvent::OpenItems(_) => return,
        };
        tracing::info!("{now}");
        self.bar.set_message(now);
    }

    /// Takes the line away.
    pub(crate) fn finish(self) {
        self.bar.finish_and_clear();
    }
}
