//! Templates that a person may replace: how they are written, and what is told of faults in them.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// An environment for templates of plain text and Markdown: a line that holds a block only leaves no trace, and a name
/// that does not exist is a fault.
#[must_use]
pub fn templates() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // The default escapes HTML by the template's name.
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

/// What is wrong with a template, to be put behind its name.
#[derive(Debug, thiserror::Error)]
#[error("is faulty{}: {problem}", .line.map_or_else(String::new, |line| format!(" in line {line}")))]
pub struct TemplateFault {
    line: Option<usize>,
    problem: String,
}

impl From<minijinja::Error> for TemplateFault {
    fn from(error: minijinja::Error) -> Self {
        Self {
            line: error.line(),
            problem: error
                .detail()
                .map_or_else(|| error.kind().to_string(), str::to_owned),
        }
    }
}
