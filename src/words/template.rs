//! Templates that a user may replace: their syntax, their bounds, and the description of a fault in one.
//!
//! Steps and the length of the text are bounded here. A template can also double a text with each step, which only a
//! limit on the memory of its process ends; knows nothing of processes.

use std::io::{self, Write};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};
use serde::{Deserialize, Serialize};

/// A template that takes more steps is stopped. A text of a thousand files takes some ten thousand.
const STEPS: u64 = 2_000_000;

/// No template gives a longer text. No forge and no model takes one that is nearly as long.
const LONGEST: usize = 4 * 1024 * 1024;

/// Returns an environment for templates of plain text and Markdown. A line with only a block leaves no blank line, and
/// an unknown name is an error. A template that does not end is stopped.
#[must_use]
pub fn template_environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(STEPS));
    // By default, the name of a template decides whether HTML is escaped.
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        environment.set_syntax(syntax);
    }
    environment
}

/// Which filters a template has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TemplateKind {
    /// Title, body and commit message of a pull request.
    PullRequest,
    Prompt,
}

/// A template with the facts for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FilledTemplate {
    pub kind: TemplateKind,
    pub source: String,
    pub facts: serde_json::Value,
}

/// Renders a template.
pub fn render(
    environment: &Environment<'_>,
    source: &str,
    facts: impl Serialize,
) -> Result<String, TemplateFault> {
    let mut text = Bounded(Vec::new());
    environment
        .template_from_str(source)?
        .render_captured_to(Serde(facts), &mut text)?;
    Ok(String::from_utf8_lossy(&text.0).into_owned())
}

/// Takes no more than the longest text.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A fault in a template, described so that the text follows the name of the template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("is faulty{}: {problem}", .line.map_or_else(String::new, |line| format!(" in line {line}")))]
pub struct TemplateFault {
    line: Option<usize>,
    problem: String,
}

impl TemplateFault {
    /// A fault of the template as a whole: `problem` follows "it is faulty: ".
    #[must_use]
    pub fn of_all(problem: impl Into<String>) -> Self {
        Self {
            line: None,
            problem: problem.into(),
        }
    }
}

impl From<minijinja::Error> for TemplateFault {
    fn from(error: minijinja::Error) -> Self {
        let problem = match (error.kind(), error.detail()) {
            (ErrorKind::OutOfFuel, _) => format!("it is not done after {STEPS} steps"),
            (ErrorKind::WriteFailure, _) => {
                format!("it gives more than {}", super::bytes(LONGEST as u64))
            }
            (_, Some(detail)) => detail.to_owned(),
            (kind, None) => kind.to_string(),
        };
        let line = error.line();
        Self { line, problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(source: &str) -> String {
        render(&template_environment(), source, ())
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn a_template_without_an_end_is_stopped() {
        let each = "{% for a in range(9999) %}";
        let endless = format!("{each}{each}{each}{{% endfor %}}{{% endfor %}}{{% endfor %}}");
        let said = fault(&endless);
        assert!(said.contains("not done after 2000000 steps"), "{said}");
    }

    #[test]
    fn a_text_that_is_too_long_is_stopped() {
        let long = "{% for a in range(99999) %}{{ \"x\" * 9999 }}{% endfor %}";
        for source in [long, "{{ \"x\" * 9999999 }}"] {
            let said = fault(source);
            assert!(said.contains("it gives more than 4.1 MB"), "{said}");
        }
    }

    #[test]
    fn a_fault_can_be_passed_on() {
        let fault = render(&template_environment(), "a\n{{ b", ()).unwrap_err();
        let text = serde_json::to_string(&fault).unwrap();
        assert_eq!(serde_json::from_str::<TemplateFault>(&text).unwrap(), fault);
    }
}
