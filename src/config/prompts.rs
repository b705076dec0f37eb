//! What agents are told in words of the team's own: `.batch/prompts/` in the root of the checkout.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::ConfigError;

/// The folder of the templates in a checkout.
const FOLDER: &str = ".batch/prompts";

/// Templates in place of the built-in ones. They are read with batch.toml, and kept with the settings of a run: a run
/// that is resumed tells what it told before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PromptConfig {
    /// What all agents of a run are told alike.
    pub common: Option<String>,
    /// What is told of one unit.
    pub unit: Option<String>,
    /// What is told to whoever is to propose a plan.
    pub plan: Option<String>,
}

impl PromptConfig {
    /// Those that stand in a checkout, where the settings have none.
    pub(super) fn fill(&mut self, root: &Path) -> Result<(), ConfigError> {
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
