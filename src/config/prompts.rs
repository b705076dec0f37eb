//! A team's own prompt templates: `.batch/prompts/` in the root of the checkout.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::deciding::Deciding;
use super::error::ConfigError;
use super::repository_file::read_repository_file;

/// The folder of the templates in a checkout.
const FOLDER: &str = ".batch/prompts";

/// Templates that replace the built-in ones. They are read with batch.toml and stored with the settings of a run, so
/// that a resumed run prompts as before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct PromptConfig {
    /// The part of the prompt that all agents of a run share.
    pub common: Option<String>,
    /// The part of the prompt about one unit.
    pub unit: Option<String>,
    /// The prompt that asks for a plan.
    pub plan: Option<String>,
}

impl PromptConfig {
    /// Reads the templates of a checkout.
    pub(super) fn of_checkout(root: &Path) -> Result<Self, ConfigError> {
        let mut found = Self::default();
        for (name, template) in found.named() {
            let path = root.join(FOLDER).join(name);
            if path.symlink_metadata().is_ok() {
                let bytes = read_repository_file(&path, root)?;
                let text = String::from_utf8(bytes).map_err(|error| ConfigError::Read {
                    path,
                    source: std::io::Error::new(std::io::ErrorKind::InvalidData, error),
                })?;
                *template = Some(text);
            }
        }
        Ok(found)
    }

    /// Names the templates for approval: agents obey them.
    pub(super) fn deciding(&self) -> Deciding {
        let mut all = self.clone();
        let given = all.named().into_iter();
        given.fold(
            Deciding::default(),
            |deciding, (name, template)| match template {
                Some(text) => deciding.with(&format!("{FOLDER}/{name}"), text),
                None => deciding,
            },
        )
    }

    /// Takes the templates that are missing from others.
    pub(super) fn fill_from(&mut self, others: &Self) {
        let mut others = others.clone();
        for ((_, template), (_, other)) in self.named().into_iter().zip(others.named()) {
            if template.is_none() {
                *template = other.take();
            }
        }
    }

    /// The templates with the names of their files.
    fn named(&mut self) -> [(&'static str, &mut Option<String>); 3] {
        [
            ("common.md", &mut self.common),
            ("unit.md", &mut self.unit),
            ("plan.md", &mut self.plan),
        ]
    }
}
