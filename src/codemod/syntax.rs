//! Tells where a text breaks the syntax of its language.

use ast_grep_core::AstGrep;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_language::SupportLang;

use super::{embedded, language};

/// How the text of a file may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    /// The whole text is of one language.
    Whole(SupportLang),
    /// The scripts inside the text are of their own languages.
    Scripts,
}

impl Grammar {
    /// Returns the grammars that a file of this name may follow, the most likely one first.
    pub(crate) fn of_path(path: &str) -> Vec<Self> {
        if embedded::has_scripts(path) {
            return vec![Self::Scripts];
        }
        let Some(lang) = language::of_path(path) else {
            return Vec::new();
        };
        let mut all = vec![Self::Whole(lang)];
        if lang == SupportLang::C && language::is_written_in(path, SupportLang::Cpp) {
            all.push(Self::Whole(SupportLang::Cpp));
        }
        all
    }

    /// Returns the name of the language.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Whole(lang) => language::name(lang),
            Self::Scripts => "the language of its scripts",
        }
    }

    /// Returns the line, counted from 1, at which the text breaks the grammar first; `None` where it follows the
    /// grammar.
    pub(crate) fn fault(self, text: &str) -> Option<usize> {
        match self {
            Self::Whole(lang) => fault(lang, text),
            Self::Scripts => embedded::scripts(text).into_iter().find_map(|script| {
                let before = text[..script.range.start].matches('\n').count();
                Some(before + fault(script.lang, &text[script.range])?)
            }),
        }
    }
}

fn fault(lang: SupportLang, text: &str) -> Option<usize> {
    let Ok(doc) = StrDoc::try_new(text, lang) else {
        // A parser that gives up has not read the text.
        return Some(1);
    };
    let tree: AstGrep<StrDoc<SupportLang>> = AstGrep::doc(doc);
    let mut node = tree.root().get_inner_node();
    if !node.has_error() {
        return None;
    }
    // Without recursion: a hostile text may be nested deeper than the thread's stack.
    loop {
        let within = (0..node.child_count())
            .filter_map(|at| node.child(at))
            .find(|child| child.has_error() || child.is_error() || child.is_missing());
        match within {
            Some(child) if !child.is_error() || child.has_error() && child.child_count() > 0 => {
                node = child;
            }
            Some(child) => return Some(child.start_position().row + 1),
            None => return Some(node.start_position().row + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_fault(path: &str, text: &str) -> Option<usize> {
        let grammar = Grammar::of_path(path)[0];
        grammar.fault(text)
    }

    #[test]
    fn a_valid_text_has_no_fault() {
        for (path, text) in [
            ("a.js", "const a = <b>{1}</b>;\n"),
            ("a.ts", "let a: number = 1;\n"),
            ("a.py", "def f(x):\n    return x\n"),
            ("a.rs", "fn f() {}\n"),
            ("a.go", "package a\n"),
            ("a.json", "{\"a\": [1]}\n"),
            ("a.yml", "a:\n  - b\n"),
            ("a.vue", "<template/>\n<script>\nlet a = 1;\n</script>\n"),
        ] {
            assert_eq!(first_fault(path, text), None, "{path}");
        }
    }

    #[test]
    fn a_broken_text_is_named_with_its_line() {
        for (path, text, line) in [
            ("a.js", "let a = 1;\nfunction f() {\n", 2),
            ("a.py", "x = 1\ndef f(:\n    return x\n", 2),
            ("a.rs", "fn f() {\n    let x = ;\n}\n", 2),
            ("a.json", "{\"a\": [1}\n", 1),
            ("a.vue", "<template/>\n<script>\nlet a = ;\n</script>\n", 3),
        ] {
            assert_eq!(first_fault(path, text), Some(line), "{path}");
        }
    }

    #[test]
    fn a_header_is_read_as_c_and_then_as_cpp() {
        let [c, cpp] = Grammar::of_path("a.h")[..] else {
            panic!("two grammars");
        };
        let text = "template <typename T> class A : public B<T> { T b; };\n";
        assert!(c.fault(text).is_some() && cpp.fault(text).is_none());
        assert_eq!(Grammar::of_path("a.txt"), []);
    }
}
