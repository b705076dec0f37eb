//! The names that a file offers to other files, as far as the forms of its language tell without a parser.
//!
//! A name is known by its declaration at the beginning of a line. A text that declares it in another way offers a name
//! that nobody here knows, which is why the result is a hint and no proof.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use super::Language;

/// The forms in which each language declares a name for others; the first group of each expression is the name.
const FORMS: [(Language, &[&str]); 10] = [
    (
        Language::JavaScript,
        &[
            r"(?mx)^\s* export\s+ (?:declare\s+)? (?:async\s+)? (?:abstract\s+)?
              (?:function\s*\*?|class|const|let|var|type|interface|enum|namespace) \s+ ([A-Za-z_$][\w$]*)",
            r"(?m)^\s*(?:module\.)?exports\.([A-Za-z_$][\w$]*)\s*=",
        ],
    ),
    (
        Language::Python,
        &[
            r"(?m)^(?:async\s+)?def\s+([A-Za-z]\w*)",
            r"(?m)^class\s+([A-Za-z]\w*)",
            r"(?m)^([A-Za-z]\w*)\s*(?::[^=\n]+)?=[^=]",
        ],
    ),
    (
        Language::Rust,
        &[
            r"(?mx)^\s* pub(?:\([^)]*\))? \s+ (?:default\s+)? (?:const\s+)? (?:async\s+)? (?:unsafe\s+)?
              (?:fn|struct|enum|trait|union|type|mod|static|const) \s+ ([A-Za-z]\w*)",
        ],
    ),
    (
        Language::Go,
        &[
            r"(?m)^func\s+(?:\([^)]*\)\s*)?([A-Z]\w*)",
            r"(?m)^(?:type|var|const)\s+([A-Z]\w*)",
        ],
    ),
    (
        Language::Java,
        &[
            r"(?mx)^\s* public\s+ (?:(?:static|final|abstract|sealed)\s+)* (?:class|interface|enum|record|@interface)
              \s+ ([A-Za-z]\w*)",
            r"(?m)^\s*public\s+(?:(?:final|synchronized)\s+)*static\s+[\w<>\[\],.? ]+?\s(\w+)\s*\(",
        ],
    ),
    (
        Language::CSharp,
        &[
            r"(?mx)^\s* public\s+ (?:(?:static|sealed|abstract|partial|readonly)\s+)*
              (?:class|interface|enum|record|struct) \s+ ([A-Za-z]\w*)",
            r"(?m)^\s*public\s+static\s+(?:async\s+)?[\w<>\[\],.? ]+?\s(\w+)\s*(?:<[^>]*>)?\(",
        ],
    ),
    (
        Language::Kotlin,
        &[
            r"(?mx)^ (?:(?:public|data|sealed|abstract|open|inline|suspend|enum|annotation|const)\s+)*
              (?:class|interface|object|fun|val|var) \s+ (?:<[^>]*>\s*)? (?:\w+\.)? ([A-Za-z]\w*)",
        ],
    ),
    (
        Language::Php,
        &[
            r"(?m)^\s*(?:final\s+|abstract\s+|readonly\s+)*(?:class|interface|trait|enum)\s+([A-Za-z_]\w*)",
            r"(?m)^function\s+&?([A-Za-z_]\w*)",
        ],
    ),
    (
        Language::Ruby,
        &[
            r"(?m)^\s*(?:class|module)\s+(?:\w+::)*([A-Z]\w*)",
            r"(?m)^\s*def\s+self\.([a-z_]\w*[?!]?)",
            r"(?m)^def\s+([a-z_]\w*[?!]?)",
        ],
    ),
    (
        Language::C,
        &[
            r"(?m)^#\s*define\s+([A-Za-z]\w*)",
            r"(?m)^(?:class|struct|enum|union)\s+(?:class\s+)?([A-Za-z]\w*)\s*[:{]",
        ],
    ),
];

/// The same, compiled.
static COMPILED: LazyLock<Vec<(Language, Vec<Regex>)>> = LazyLock::new(|| {
    let compile = |(language, forms): (Language, &[&str])| {
        let expressions = forms.iter().filter_map(|form| Regex::new(form).ok());
        (language, expressions.collect())
    };
    FORMS.map(compile).to_vec()
});

/// The names between the braces of `export { … }`.
static BRACES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?s)\bexport\s+(?:type\s+)?\{([^}]*)\}").ok());

/// Returns the names that a text in this language offers to other files.
pub(crate) fn exports(language: Language, text: &str) -> BTreeSet<&str> {
    let expressions = COMPILED.iter().find(|(its, _)| *its == language);
    let expressions = expressions.into_iter().flat_map(|(_, all)| all);
    let mut names: BTreeSet<&str> = expressions
        .flat_map(|it| it.captures_iter(text))
        .filter_map(|found| Some(found.get(1)?.as_str()))
        .collect();
    if language == Language::JavaScript
        && let Some(braces) = BRACES.as_ref()
    {
        let lists = braces.captures_iter(text).filter_map(|found| found.get(1));
        names.extend(lists.flat_map(|list| list.as_str().split(',').filter_map(exported_name)));
    }
    names
}

/// Returns the name that an entry of `export { … }` gives to others.
fn exported_name(entry: &str) -> Option<&str> {
    let name = entry.split_whitespace().next_back()?;
    (name != "default").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(path: &str, text: &str) -> Vec<String> {
        let language = Language::of_path(path).unwrap();
        let found = exports(language, text).into_iter();
        found.map(str::to_owned).collect()
    }

    #[test]
    fn every_form_is_an_expression() {
        for ((language, forms), (_, compiled)) in FORMS.iter().zip(COMPILED.iter()) {
            assert_eq!(compiled.len(), forms.len(), "{language:?}");
        }
    }

    #[test]
    fn each_language_offers_what_others_can_use() {
        for (path, text, expected) in [
            (
                "a.ts",
                "export async function one() {}\nexport const two = 2;\nconst own = 1;\nexport { own as three };\n\
                 exports.four = own;\n",
                &["four", "one", "three", "two"][..],
            ),
            (
                "a.py",
                "def one():\n    def inner(): ...\nclass Two: ...\n_own = 1\nthree: int = 3\n",
                &["Two", "one", "three"],
            ),
            (
                "a.rs",
                "pub fn one() {}\nfn f() {}\npub(crate) struct Two;\n  pub const fn three() {}\npub const F: u8 = 4;\n",
                &["F", "Two", "one", "three"],
            ),
            (
                "a.go",
                "func One() {}\nfunc own() {}\nfunc (s *Set) Two() {}\ntype Three struct{}\n",
                &["One", "Three", "Two"],
            ),
            (
                "A.java",
                "public final class A {\n  public static String one(int x) {}\n  private static int own() {}\n}\n",
                &["A", "one"],
            ),
            (
                "A.cs",
                "public static class A {\n  public static string One(int x) {}\n  public int Own() {}\n}\n",
                &["A", "One"],
            ),
            (
                "a.kt",
                "fun one() = 1\nprivate fun own() = 1\ndata class Two(val x: Int)\nfun String.three() = this\n",
                &["Two", "one", "three"],
            ),
            (
                "a.php",
                "<?php\nfinal class One {\n  function own() {}\n}\nfunction two() {}\n",
                &["One", "two"],
            ),
            (
                "a.rb",
                "module One\n  def self.two; end\n  def own; end\nend\ndef three?; end\n",
                &["One", "three?", "two"],
            ),
            (
                "a.h",
                "#define ONE 1\nstruct two {\n  int x;\n};\nstruct two *own;\n",
                &["ONE", "two"],
            ),
        ] {
            assert_eq!(names(path, text), expected, "{path}");
        }
    }
}
