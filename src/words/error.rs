//! Errors with their causes.

use std::error::Error;

/// Joins the error and its causes into one sentence, without a cause whose text the error already contains.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut sentence = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !sentence.contains(&text) {
            sentence.push_str(": ");
            sentence.push_str(&text);
        }
        cause = error.source();
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Link {
        words: &'static str,
        source: Option<Box<Link>>,
    }

    fn link(words: &'static str, source: Option<Link>) -> Link {
        Link {
            words,
            source: source.map(Box::new),
        }
    }

    #[test]
    fn each_cause_appears_once() {
        let disk = link("the disk is full", None);
        let write = link("cannot write: the disk is full", Some(disk));
        let save = link("the plan is lost", Some(write));
        assert_eq!(
            chain(&save),
            "the plan is lost: cannot write: the disk is full"
        );
    }
}
