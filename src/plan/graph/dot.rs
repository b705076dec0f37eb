//! Writes the picture of a plan for Graphviz.

use std::fmt::Write;

use super::picture::Picture;
use crate::words;

const HEAD: &str = r#"// Units, and how strongly the files of one import the files of another.
digraph plan {
  node [shape=box, style=rounded, fontname="sans-serif"];
  edge [fontname="sans-serif", fontsize=9];
"#;

impl Picture<'_> {
    pub(super) fn dot(&self) -> String {
        let mut dot = String::from(HEAD);
        for unit in self.units {
            let files = words::count(unit.claim.files.len(), "file");
            let _ = writeln!(
                dot,
                "  {} [label={}];",
                quoted(unit.id.as_str()),
                quoted(&format!("{}\n{files}", unit.title))
            );
        }
        let strongest = self.links.first().map_or(1.0, |link| link.weight);
        for link in &self.links {
            let shown: Vec<String> = link
                .imports
                .iter()
                .take(5)
                .map(|(from, to, _)| format!("{from} imports {to}"))
                .collect();
            let _ = writeln!(
                dot,
                "  {} -> {} [label=\"{:.1}\", weight={:.0}, penwidth={:.2}, tooltip={}];",
                quoted(self.units[link.from].id.as_str()),
                quoted(self.units[link.to].id.as_str()),
                link.weight,
                (link.weight * 10.0).ceil(),
                0.3 + 5.0 * (link.weight / strongest).sqrt(),
                quoted(&shown.join("\n")),
            );
        }
        dot.push_str("}\n");
        dot
    }
}

/// Quotes a name as Graphviz requires it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            c if c.is_control() => {}
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}
