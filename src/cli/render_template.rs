//! Renders one template in a process of bounded memory. No person calls this command.

use std::io::Read;

use anyhow::Context;

use super::output::print;
use crate::process::bound_this_process;
use crate::words::{self, FilledTemplate, TemplateKind};
use crate::{agent, forge};

pub(super) fn run() -> anyhow::Result<u8> {
    bound_this_process().context("the memory cannot be bounded")?;
    let mut input = Vec::new();
    std::io::stdin()
        .read_to_end(&mut input)
        .context("the template cannot be read")?;
    let template: FilledTemplate =
        serde_json::from_slice(&input).context("the template cannot be read")?;
    let environment = match template.kind {
        TemplateKind::PullRequest => forge::template_environment(),
        TemplateKind::Prompt => agent::template_environment(),
    };
    let rendered = words::render(&environment, &template.source, &template.facts);
    print(&serde_json::to_string(&rendered).context("the text cannot be told")?)?;
    Ok(0)
}
