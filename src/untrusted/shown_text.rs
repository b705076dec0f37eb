//! Text that is shown on a terminal, in Markdown, in a title or in a commit message.

use crate::words;

/// Makes the text safe in every way that there is, and looks for what must not be left.
pub fn shown_text(text: &[u8]) {
    let visible = words::visible(text);
    let text = String::from_utf8_lossy(text);
    let line = words::line(&text);
    assert!(!line.chars().any(char::is_control), "{line:?}");
    for block in [words::block(&text), words::lines(&text)] {
        let is_safe = |c: char| !c.is_control() || c == '\n';
        assert!(block.chars().all(is_safe), "{block:?}");
    }
    let is_safe = |c: char| !c.is_control() || matches!(c, '\n' | '\t' | '\r');
    assert!(visible.chars().all(is_safe), "{visible:?}");
    assert!(!visible.replace("\r\n", "\n").contains('\r'));

    let markdown = words::markdown(&text);
    assert!(!markdown.contains(['<', '\n']), "{markdown:?}");
    for harmless in [
        words::without_mentions(&words::without_closing_keywords(&line)).into_owned(),
        markdown,
    ] {
        assert_eq!(words::without_mentions(&harmless), harmless);
        assert_eq!(words::without_closing_keywords(&harmless), harmless);
    }
    let fenced = words::fence("text", &words::block(&text));
    let ticks = fenced.len() - fenced.trim_start_matches('`').len();
    let inside = fenced.lines().skip(1).take(fenced.lines().count() - 2);
    for line in inside {
        assert!(!line.contains(&"`".repeat(ticks)), "{fenced:?}");
    }
}
