//! A team's own prompt templates: `.batch/prompts/` in the root of the checkout.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ConfigError;

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
    /// Reads the templates of a checkout that the settings do not have.
    pub(super) fn load_missing(&mut self, root: &Path) -> Result<(), ConfigError> {
        for (name, template) in [
            ("common.md", &mut self.common),
            ("unit.md", &mut self.unit),
            ("plan.md", &mut self.plan),
        ] {
            let path = root.join(FOLDER).join(name);
            if template.is_none() && path.exists() {
                let text = std::fs::read_to_string(&path);
                *template = Some(text.map_err(|source| ConfigError::Read { path, source })?);
            }
        }
        Ok(())
    }
}
