//! Templates that a user may replace: their syntax, and the description of a fault in one.

use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior};

/// A template that takes more steps is stopped. A text of a thousand files takes some ten thousand.
const STEPS: u64 = 2_000_000;

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

/// A fault in a template, described so that the text follows the name of the template.
#[derive(Debug, thiserror::Error)]
#[error("is faulty{}: {problem}", .line.map_or_else(String::new, |line| format!(" in line {line}")))]
pub struct TemplateFault {
    line: Option<usize>,
    problem: String,
}

impl From<minijinja::Error> for TemplateFault {
    fn from(error: minijinja::Error) -> Self {
        let problem = match (error.kind(), error.detail()) {
            (ErrorKind::OutOfFuel, _) => format!("it is not done after {STEPS} steps"),
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

    #[test]
    fn a_template_without_an_end_is_stopped() {
        let each = "{% for a in range(9999) %}";
        let endless = format!("{each}{each}{each}{{% endfor %}}{{% endfor %}}{{% endfor %}}");
        let error = template_environment().render_str(&endless, ()).unwrap_err();
        let said = TemplateFault::from(error).to_string();
        assert!(said.contains("not done after 2000000 steps"), "{said}");
    }
}
