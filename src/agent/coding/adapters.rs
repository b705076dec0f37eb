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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_started_by_settings_and_not_by_texts() {
        let of = |kind, path: &str| adapter(kind).project_settings().has(path);
        for (kind, path) in [
            (CodingKind::Claude, ".claude/settings.json"),
            (CodingKind::Claude, ".claude"),
            (CodingKind::Claude, ".CLAUDE/hooks/x.sh"),
            (CodingKind::Claude, ".mcp.json"),
            (CodingKind::Codex, ".codex/config.toml"),
            (CodingKind::Gemini, ".gemini/settings.json"),
            (CodingKind::Gemini, ".env"),
            (CodingKind::Opencode, "opencode.jsonc"),
            (CodingKind::Opencode, ".opencode/plugin/x.js"),
            (CodingKind::Aider, ".aider.conf.yml"),
            (CodingKind::Copilot, ".github/hooks/a.json"),
        ] {
            assert!(of(kind, path), "{kind} {path}");
        }
        for path in [
            "CLAUDE.md",
            "AGENTS.md",
            "GEMINI.md",
            ".claude/CLAUDE.md",
            ".claude/rules/style.md",
            ".claudette/settings.json",
            ".github/workflows/ci.yml",
            ".github/copilot-instructions.md",
            "src/.env",
            "",
        ] {
            for kind in CodingKind::ALL {
                assert!(!of(kind, path), "{kind} {path}");
            }
        }
    }
}
