//! Reads the functions of a text in a form in which two are equal that differ only in their own names, the names of
//! their parameters, white space and comments.

use std::collections::HashMap;

use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{AstGrep, Node};
use ast_grep_language::SupportLang;

use super::{embedded, language};

type SyntaxNode<'t> = Node<'t, StrDoc<SupportLang>>;

/// A function with a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Its parameters and its body, with placeholders for its own name and its parameters.
    pub(crate) body: String,
    /// How many words and signs its body has.
    pub(crate) tokens: usize,
}

/// Returns the functions in the text of a file; of functions inside of each other, only the outer one. A text in a
/// language without a parser has none.
pub(crate) fn functions(path: &str, text: &str) -> Vec<Function> {
    if embedded::has_scripts(path) {
        let scripts = embedded::scripts(text).into_iter();
        return scripts
            .flat_map(|script| in_text(script.lang, &text[script.range]))
            .collect();
    }
    language::of_path(path).map_or_else(Vec::new, |lang| in_text(lang, text))
}

fn in_text(lang: SupportLang, text: &str) -> Vec<Function> {
    let Ok(doc) = StrDoc::try_new(text, lang) else {
        return Vec::new();
    };
    let tree: AstGrep<StrDoc<SupportLang>> = AstGrep::doc(doc);
    let mut found = Vec::new();
    // Without recursion: a hostile text may be nested deeper than the thread's stack.
    let mut open = vec![tree.root()];
    while let Some(node) = open.pop() {
        if let Some(parts) = Parts::of(&node) {
            found.push(parts.function());
            continue;
        }
        let children: Vec<SyntaxNode<'_>> = node.children().collect();
        open.extend(children.into_iter().rev());
    }
    found
}

/// The parts of a function.
struct Parts<'t> {
    name: SyntaxNode<'t>,
    parameters: Option<SyntaxNode<'t>>,
    body: SyntaxNode<'t>,
}

impl<'t> Parts<'t> {
    /// Returns the parts of a function with a name; `None` for every other node.
    fn of(node: &SyntaxNode<'t>) -> Option<Self> {
        let kind = node.kind();
        // `const f = (x) => …`
        if kind == "variable_declarator" {
            let value = node.field("value")?;
            let is_function = value.kind().contains("function");
            return is_function.then_some(Self {
                name: node.field("name")?,
                parameters: parameters(&value),
                body: value.field("body")?,
            });
        }
        if !(kind.contains("function") || kind.contains("method")) {
            return None;
        }
        // In C, the name and the parameters are parts of a declarator.
        let declares = node.field("declarator").unwrap_or_else(|| node.clone());
        let is_name = |child: &SyntaxNode<'_>| child.kind() == "simple_identifier";
        let is_body = |child: &SyntaxNode<'_>| child.kind() == "function_body";
        Some(Self {
            name: declares
                .field("name")
                .or_else(|| declares.field("declarator"))
                .or_else(|| node.children().find(is_name))?,
            parameters: parameters(&declares),
            body: node
                .field("body")
                .or_else(|| node.children().find(is_body))?,
        })
    }

    fn function(&self) -> Function {
        let own = self.name.text().into_owned();
        let mut known = HashMap::from([(own.clone(), "$0".to_owned())]);
        for leaf in self.parameters.iter().flat_map(leaves) {
            if is_variable(&leaf) {
                let placeholder = format!("${}", known.len());
                known.entry(leaf.text().into_owned()).or_insert(placeholder);
            }
        }
        let words = |node: &SyntaxNode<'t>| -> Vec<String> {
            let all = leaves(node).into_iter().map(|leaf| {
                let text = leaf.text().into_owned();
                let known = known.get(&text).filter(|_| is_variable(&leaf));
                known.cloned().unwrap_or(text)
            });
            all.collect()
        };
        let parameters = self.parameters.as_ref().map(words).unwrap_or_default();
        let body = words(&self.body);
        Function {
            name: own,
            body: format!("{} : {}", parameters.join(" "), body.join(" ")),
            tokens: body.len(),
        }
    }
}

fn parameters<'t>(node: &SyntaxNode<'t>) -> Option<SyntaxNode<'t>> {
    let is_list = |child: &SyntaxNode<'_>| child.kind() == "function_value_parameters";
    node.field("parameters")
        .or_else(|| node.field("parameter"))
        .or_else(|| node.children().find(is_list))
}

/// Returns the words and signs of a node, without its comments.
fn leaves<'t>(node: &SyntaxNode<'t>) -> Vec<SyntaxNode<'t>> {
    let is_word = |it: &SyntaxNode<'_>| it.is_leaf() && !it.kind().contains("comment");
    node.dfs().filter(is_word).collect()
}

/// Checks whether a leaf may name a variable.
fn is_variable(leaf: &SyntaxNode<'_>) -> bool {
    let kind = leaf.kind();
    kind == "variable_name"
        || kind == "name"
        || kind.contains("identifier")
            && !["property_identifier", "field_identifier", "type_identifier"].contains(&&*kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names of the functions in two texts, and whether the bodies of the first ones are equal.
    fn compared(path: &str, one: &str, other: &str) -> (String, String, bool) {
        let (one, other) = (functions(path, one), functions(path, other));
        let names = |all: &[Function]| {
            let names: Vec<&str> = all.iter().map(|it| it.name.as_str()).collect();
            names.join(" ")
        };
        let is_same = one.first().map(|it| &it.body) == other.first().map(|it| &it.body);
        (names(&one), names(&other), is_same && !one.is_empty())
    }

    #[test]
    fn functions_that_differ_in_names_alone_are_equal() {
        for (path, one, other) in [
            (
                "a.js",
                "function format(value) {\n  // in euros\n  return `${value.toFixed(2)} €`;\n}\n",
                "export function money(n) { return `${n.toFixed(2)} €`; }\n",
            ),
            (
                "a.ts",
                "const format = (value: number) => value.toFixed(2) + value.unit;\n",
                "const money = (n: number) => n.toFixed(2) + n.unit;\n",
            ),
            (
                "a.py",
                "def format(value, unit='€'):\n    return f'{value:.2f} {unit}' + format(1)\n",
                "def money(n, sign='€'):\n    return f'{n:.2f} {sign}' + money(1)\n",
            ),
            (
                "a.go",
                "func format(v int) string {\n\treturn join(v, v)\n}\n",
                "func money(n int) string { return join(n, n) }\n",
            ),
            (
                "a.rs",
                "fn format(v: u32) -> String {\n    join(v, v)\n}\n",
                "pub(crate) fn money(n: u32) -> String { join(n, n) }\n",
            ),
            (
                "a.java",
                "class A { static int format(int v) { return join(v, v); } }\n",
                "class B { static int money(int n) { return join(n, n); } }\n",
            ),
            (
                "a.rb",
                "def format(v)\n  join(v, v)\nend\n",
                "def money(n)\n  join(n, n)\nend\n",
            ),
            (
                "a.php",
                "<?php\nfunction format($v) { return join($v, $v); }\n",
                "<?php\nfunction money($n) { return join($n, $n); }\n",
            ),
            (
                "a.c",
                "static int format(int v) { return join(v, v); }\n",
                "int money(int n) { return join(n, n); }\n",
            ),
            (
                "a.cs",
                "class A { static int Format(int v) { return Join(v, v); } }\n",
                "class B { static int Money(int n) { return Join(n, n); } }\n",
            ),
            (
                "a.kt",
                "fun format(v: Int): Int {\n    return join(v, v)\n}\n",
                "fun money(n: Int): Int { return join(n, n) }\n",
            ),
            (
                "a.vue",
                "<script>\nfunction format(v) { return join(v, v); }\n</script>\n",
                "<script>\nfunction money(n) { return join(n, n); }\n</script>\n",
            ),
        ] {
            let (one, other, is_same) = compared(path, one, other);
            let names = (one.to_lowercase(), other.to_lowercase());
            assert_eq!(names, ("format".into(), "money".into()), "{path}");
            assert!(is_same, "{path}");
        }
    }

    #[test]
    fn functions_that_do_different_things_differ() {
        for (one, other) in [
            (
                "function f(a, b) { return a - b; }",
                "function f(a, b) { return b - a; }",
            ),
            (
                "function f(a) { return a.one; }",
                "function f(a) { return a.two; }",
            ),
            (
                "function f(a) { return g(a); }",
                "function f(a) { return h(a); }",
            ),
            (
                "function f(a) { return 'x'; }",
                "function f(a) { return 'y'; }",
            ),
        ] {
            assert!(!compared("a.js", one, other).2, "{one}");
        }
    }

    #[test]
    fn only_the_outer_function_counts_and_other_texts_have_none() {
        let text =
            "class A {\n  one(a) { const two = () => a; return two(); }\n}\nconst three = 3;\n";
        let found = functions("a.js", text);
        let names: Vec<&str> = found.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["one"]);
        assert_eq!(functions("a.md", "function f() {}"), []);
        assert_eq!(functions("a.js", "function ("), []);
        let deep = "(".repeat(50_000);
        assert_eq!(functions("a.js", &deep), []);
    }
}
