//! The faults of a recipe, or of a file that it is applied to, in sentences for people.
//!
//! Knows nothing of the option or file that a recipe came from; the caller adds that.

use thiserror::Error;

#[derive(Debug, Error)]
pub enum CodemodError {
    #[error("'{given}' is not a language the codemod knows; {hint}")]
    UnknownLanguage { given: String, hint: String },

    #[error(
        "the pattern '{pattern}' is not {lang}: {reason}; write it as one complete piece of code, \
         with $NAME or $$$NAME where anything may stand"
    )]
    Pattern {
        pattern: String,
        lang: &'static str,
        reason: String,
    },

    #[error(
        "the pattern '{pattern}' is not one complete piece of code in any language the codemod knows; \
         name a language to learn what is wrong with it"
    )]
    PatternNowhere { pattern: String },

    #[error("the replacement uses ${name}, which the pattern '{pattern}' does not bind; {hint}")]
    UnboundVariable {
        name: String,
        pattern: String,
        hint: String,
    },

    #[error("the regular expression '{regex}' is invalid{place}: {reason}")]
    Regex {
        regex: String,
        place: String,
        reason: String,
    },

    #[error("the regular expression is empty, so there is nothing to replace")]
    EmptyRegex,

    #[error(
        "the replacement uses ${{{group}}}, a group the regular expression '{regex}' does not have; \
         {hint}, and write $$ for a plain dollar sign"
    )]
    UnknownGroup {
        group: String,
        regex: String,
        hint: String,
    },

    #[error("the rules cannot be read as ast-grep YAML: {reason}")]
    Rules { reason: String },

    #[error("there is no rule in the text; write at least `language`, `rule` and `fix`")]
    NoRule,

    #[error("rule {rule} is invalid: {reason}")]
    Rule { rule: String, reason: String },

    #[error("rule {rule} has no `fix`, so it cannot rewrite anything; add one")]
    RuleWithoutFix { rule: String },

    #[error(
        "{path} is nested more than {limit} deep, which is too deep for the codemod; leave it out"
    )]
    TooDeep { path: String, limit: usize },

    #[error("no thread could be started to rewrite {path}: {source}")]
    Thread {
        path: String,
        source: std::io::Error,
    },

    #[error("{path} could not be parsed as {lang}")]
    Parse { path: String, lang: &'static str },

    #[error(
        "rewriting {path} would make it larger than {limit} MiB; the replacement repeats the matched code \
         too often"
    )]
    TooLarge { path: String, limit: usize },
}

/// Joins an error and its causes into one sentence.
pub(super) fn sentence(error: &dyn std::error::Error) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        let words = cause.to_string();
        // Many parser errors contain the text of their cause.
        if !text.contains(words.trim_end_matches('.')) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(words.trim_end_matches('.'));
        }
        next = cause.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
