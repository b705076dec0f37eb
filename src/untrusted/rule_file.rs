//! A file with rules in ast-grep's YAML format, and a text that the rules are applied to.

use crate::codemod::{Applied, Codemod, Recipe};

/// What stands between the rules and the text.
const BETWEEN: &str = "\n=====\n";

/// A text that has something of each language.
const TEXT: &str = "var a = foo(1, [b, c]);\nif (a) { console.log(`x`) }\nfn f() { g(); }\n";

/// Compiles the rules and applies them.
pub fn rule_file(input: &[u8]) {
    let input = String::from_utf8_lossy(input);
    let (rules, text) = input.split_once(BETWEEN).unwrap_or((&input, TEXT));
    let recipe = Recipe::Rule {
        text: rules.to_owned(),
    };
    let Ok(codemod) = Codemod::compile(&recipe) else {
        return;
    };
    assert!(!codemod.describe().contains(['\n', '\r']));
    for path in ["a.ts", "a.py", "a.rs", "a.css"] {
        if let Ok(Applied::Rewritten(rewrite)) = codemod.apply(path, text) {
            assert!(rewrite.edits > 0);
        }
    }
}
