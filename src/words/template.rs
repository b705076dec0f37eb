//! Templates that a user may replace: their syntax, and the description of a fault in one.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};

/// How many steps a template may take: a body that lists ten thousand files takes a tenth of them, and a template that
/// never ends is stopped within a second.
const FUEL: u64 = 10_000_000;

/// Returns an environment for templates of plain text and Markdown. A line with only a block leaves no blank line, and
/// an unknown name is an error.
#[must_use]
pub fn template_environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_fuel(Some(FUEL));
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
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

/// A fault in a template, described so that the text follows the name of the template.
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
