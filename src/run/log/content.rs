//! What the gate on content said of a unit's work.

use serde::{Deserialize, Serialize};

use crate::check::{Finding, RestoredForm};

/// What the gate on content said of a unit's work that goes on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentRecord {
    /// The files whose form was put back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub restored: Vec<RestoredForm>,
    /// What is told of the work; `None` until the gate has found something that is no reason to hold it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told: Option<Vec<Finding>>,
}

impl ContentRecord {
    /// Takes in that the form of these files was put back; the same file may come again.
    pub(crate) fn restore(&mut self, files: &[RestoredForm]) {
        for file in files {
            match self.restored.iter_mut().find(|it| it.path == file.path) {
                Some(known) => known.clone_from(file),
                None => self.restored.push(file.clone()),
            }
        }
    }

    /// Takes in what is told of the work beside what is told already.
    pub(crate) fn tell(&mut self, findings: &[Finding]) {
        let told = self.told.get_or_insert_default();
        for finding in findings {
            if !told.contains(finding) {
                told.push(finding.clone());
            }
        }
    }

    /// Returns what is told of the work.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.told.as_deref().unwrap_or_default()
    }

    /// Checks whether there is nothing to say.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::FormPart;

    #[test]
    fn files_whose_form_was_put_back_earlier_are_not_forgotten() {
        let file = |path: &str, part| RestoredForm {
            path: path.to_owned(),
            parts: vec![part],
        };
        let mut record = ContentRecord::default();
        record.restore(&[file("a", FormPart::LineEnds), file("b", FormPart::LineEnds)]);
        record.restore(&[
            file("c", FormPart::LineEnds),
            file("a", FormPart::FinalNewline),
        ]);
        let paths: Vec<&str> = record.restored.iter().map(|it| it.path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "c"]);
        assert_eq!(record.restored[0].parts, [FormPart::FinalNewline]);
    }
}
