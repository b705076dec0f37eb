//! Masks the secrets in an event before it is written down.
//!
//! Names that the run goes on with (paths, ids, branches) stay as they are: a masked path would name another file.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::run::log::event::Event;
use crate::run::log::run_fact::RunFact;
use crate::words::Redactor;

/// Fields whose texts are names.
const NAMES: [&str; 24] = [
    "fact",
    "kind",
    "step",
    "tree",
    "commit",
    "start",
    "base",
    "before",
    "after",
    "full",
    "left",
    "head",
    "id",
    "unit",
    "branch",
    "session",
    "files",
    "created",
    "companions",
    "claims",
    "paths",
    "path",
    "log",
    "worktree",
];

/// Returns the event without the secrets in it.
pub(super) fn redacted(event: Event, redactor: &Redactor) -> Result<Event, serde_json::Error> {
    Ok(match event {
        // The user's own words and command, with which the run goes on.
        Event::Run(RunFact::Retried(_)) => event,
        Event::Run(fact) => Event::Run(without_secrets(fact, redactor)?),
        Event::Unit(unit, fact) => Event::Unit(unit, without_secrets(fact, redactor)?),
    })
}

fn without_secrets<F: Serialize + DeserializeOwned>(
    fact: F,
    redactor: &Redactor,
) -> Result<F, serde_json::Error> {
    // Few facts have a secret, and most are long lists of names.
    if !redactor.finds_in(&serde_json::to_string(&fact)?) {
        return Ok(fact);
    }
    let mut value = serde_json::to_value(&fact)?;
    mask(&mut value, redactor);
    serde_json::from_value(value)
}

fn mask(value: &mut Value, redactor: &Redactor) {
    match value {
        Value::String(text) => *text = redactor.text(text),
        Value::Array(all) => all.iter_mut().for_each(|value| mask(value, redactor)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if !(is_name(value) && NAMES.contains(&name.as_str())) {
                    mask(value, redactor);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Checks whether the value is a text or a list of texts.
fn is_name(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(all) => all.iter().all(Value::is_string),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;
    use crate::plan::UnitId;
    use crate::run::log::outcome::{Outcome, Step};
    use crate::run::log::unit_fact::UnitFact;

    #[test]
    fn texts_lose_their_secrets_and_names_stay() {
        let redactor = Redactor::knowing([SecretString::from("correct horse")]);
        let failed = |reason: &str| {
            let outcome = Outcome::Failed {
                step: Step::Check,
                reason: reason.to_owned(),
                tail: Some(reason.to_owned()),
                log: Some("/x/correct horse/log".into()),
            };
            let unit = UnitId::parse("01").unwrap();
            Event::Unit(unit, UnitFact::Ended { outcome })
        };
        let masked = redacted(failed("it said correct horse"), &redactor).unwrap();
        assert_eq!(masked, failed("it said ***"));
    }
}
