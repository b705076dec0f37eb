//! Errors with what caused them.

use std::error::Error;

/// The error with its causes, as one sentence. Many errors tell their cause in their own words: it is not said twice.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let said = error.to_string();
        if !words.contains(&said) {
            words.push_str(": ");
            words.push_str(&said);
        }
        cause = error.source();
    }
    words
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
    fn each_cause_is_said_once() {
        let disk = link("the disk is full", None);
        let write = link("cannot write: the disk is full", Some(disk));
        let save = link("the plan is lost", Some(write));
        assert_eq!(
            chain(&save),
            "the plan is lost: cannot write: the disk is full"
        );
    }
}
