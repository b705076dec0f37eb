//! The adapter for each coding agent.

use super::adapter::Adapter;
use super::{aider, claude, codex, copilot, gemini, opencode};
use crate::config::CodingKind;

pub(super) fn adapter(kind: CodingKind) -> &'static dyn Adapter {
    match kind {
        CodingKind::Claude => &claude::Claude,
        CodingKind::Codex => &codex::Codex,
        CodingKind::Gemini => &gemini::Gemini,
        CodingKind::Opencode => &opencode::Opencode,
        CodingKind::Aider => &aider::Aider,
        CodingKind::Copilot => &copilot::Copilot,
    }
}
