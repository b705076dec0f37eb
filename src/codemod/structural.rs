//! Rewrites by syntax: the patterns and rules of ast-grep find the matches, and its fixers write the replacements.
//!
//! Leaves applying the edits to `splice`, and reads no files. As in ast-grep, every rule sees the original text and not
//! the replacements of the rules before it.

use std::ops::Range;
use std::path::Path;

use ast_grep_config::{
    Fixer, GlobalRules, RuleCollection, RuleConfig, SerializableRuleConfig, from_multiple,
};
use ast_grep_core::matcher::Pattern;
use ast_grep_core::meta_var::{MetaVarEnv, MetaVariable};
use ast_grep_core::replacer::Replacer;
use ast_grep_core::tree_sitter::StrDoc;
use ast_grep_core::{AstGrep, Matcher, NodeMatch};
use ast_grep_language::SupportLang;
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::{CodemodError, sentence};
use super::language;
use super::literals::Literals;
use super::pattern::{CompiledPattern, check_bound, depth, names, variables};
use super::removal::{Found, settle};
use super::rewrite::{Applied, Rewrite, Unchanged};
use super::splice::{Edit, Part, line_indent, splice};
use super::{embedded, strings};

/// The largest rewritten file. Nested replacements that repeat the matched code grow exponentially.
const MAX_MIB: usize = 64;

/// The nesting that matching, which recurses, bears on an ordinary stack in an unoptimised build.
const ORDINARY_DEPTH: usize = 200;
/// The nesting that matching bears on a stack of `LARGE_STACK` bytes.
const MAX_DEPTH: usize = 20_000;
const LARGE_STACK: usize = 512 << 20;

/// The characters around the number of a captured variable in a rendered replacement. No source text contains them.
const PLACEHOLDER: (char, char) = ('\u{f8f0}', '\u{f8f1}');

type Source = StrDoc<SupportLang>;

pub(super) enum StructuralRewrite {
    Patterns {
        given: Option<SupportLang>,
        patterns: Vec<CompiledPattern>,
        literals: Literals,
        written: String,
    },
    Rules(RuleCollection<SupportLang>),
}

/// The fields of a rule that are checked before ast-grep parses the rule.
#[derive(Deserialize)]
struct RuleHead {
    #[serde(default)]
    id: String,
    language: Option<String>,
    fix: Option<IgnoredAny>,
}

impl StructuralRewrite {
    pub(super) fn from_pattern(
        pattern: &str,
        to: &str,
        given: Option<&str>,
    ) -> Result<Self, CodemodError> {
        let given = given.map(language::by_name).transpose()?;
        if let Some(lang) = given {
            let compiled = CompiledPattern::new(pattern, to, lang)?;
            check_bound(pattern, to, &names(compiled.pattern.defined_vars()))?;
            return Ok(Self::Patterns {
                given: Some(lang),
                patterns: vec![compiled],
                literals: Literals::of_pattern(pattern),
                written: pattern.to_owned(),
            });
        }
        let wanted = variables(pattern);
        check_bound(pattern, to, &wanted)?;
        // In some languages nearly any text is code (a word in YAML, say). A language in which the variables of the
        // pattern are plain text is ruled out.
        let patterns: Vec<_> = language::all()
            .filter_map(|lang| CompiledPattern::new(pattern, to, lang).ok())
            .filter(|compiled| names(compiled.pattern.defined_vars()) == wanted)
            .collect();
        if patterns.is_empty() {
            return Err(CodemodError::PatternNowhere {
                pattern: pattern.to_owned(),
            });
        }
        Ok(Self::Patterns {
            given: None,
            patterns,
            literals: Literals::of_pattern(pattern),
            written: pattern.to_owned(),
        })
    }

    /// Compiles the rules of a YAML text, and returns them with their names.
    pub(super) fn from_rules(text: &str) -> Result<(Self, Vec<String>), CodemodError> {
        let unreadable = |reason| CodemodError::Rules { reason };
        let heads: Vec<RuleHead> = from_multiple(text).map_err(|e| unreadable(sentence(&e)))?;
        let mut rule_names = Vec::new();
        for (number, head) in (1_usize..).zip(&heads) {
            let rule = match head.id.as_str() {
                "" => number.to_string(),
                id => format!("'{id}'"),
            };
            match &head.language {
                Some(language) => {
                    language::by_name(language).map_err(|error| CodemodError::Rule {
                        rule: rule.clone(),
                        reason: sentence(&error),
                    })?
                }
                None => {
                    return Err(CodemodError::Rule {
                        rule,
                        reason: "it names no `language`".to_owned(),
                    });
                }
            };
            if head.fix.is_none() {
                return Err(CodemodError::RuleWithoutFix { rule });
            }
            rule_names.push(rule);
        }
        if rule_names.is_empty() {
            return Err(CodemodError::NoRule);
        }
        let parsed: Vec<SerializableRuleConfig<SupportLang>> =
            from_multiple(text).map_err(|e| unreadable(sentence(&e)))?;
        let mut rules = Vec::new();
        for (rule, name) in parsed.into_iter().zip(&rule_names) {
            let rule = RuleConfig::try_from(rule, &GlobalRules::default()).map_err(|error| {
                CodemodError::Rule {
                    rule: name.clone(),
                    reason: sentence(&error),
                }
            })?;
            if rule.fixer.is_empty() {
                return Err(CodemodError::RuleWithoutFix { rule: name.clone() });
            }
            rules.push(rule);
        }
        let rules = RuleCollection::try_new(rules).map_err(|e| unreadable(sentence(&e)))?;
        Ok((Self::Rules(rules), rule_names))
    }

    pub(super) fn apply(&self, path: &str, text: &str) -> Result<Applied, CodemodError> {
        if !embedded::has_scripts(path) {
            return match language::of_path(path) {
                Some(lang) => self.apply_in(path, text, lang),
                None => Ok(Applied::Unchanged(Unchanged::NoLanguage)),
            };
        }
        let mut whole = String::new();
        let (mut copied, mut edits) = (0, 0);
        let mut reason = Unchanged::NoLanguage;
        for script in embedded::scripts(text) {
            match self.apply_in(path, &text[script.range.clone()], script.lang)? {
                Applied::Rewritten(rewrite) => {
                    whole.push_str(&text[copied..script.range.start]);
                    whole.push_str(&rewrite.text);
                    copied = script.range.end;
                    edits += rewrite.edits;
                }
                Applied::Unchanged(of_script) => reason = reason.max(of_script),
            }
        }
        if edits == 0 {
            return Ok(Applied::Unchanged(reason));
        }
        whole.push_str(&text[copied..]);
        Ok(Applied::Rewritten(Rewrite { text: whole, edits }))
    }

    /// Checks whether the text contains the words of the pattern; rules have no such words.
    pub(super) fn holds_words(&self, text: &str) -> Option<bool> {
        match self {
            Self::Patterns { literals, .. } => Some(literals.are_in(text)),
            Self::Rules(_) => None,
        }
    }

    /// Returns what is wrong with the pattern as code of the language of this file, if anything is.
    pub(super) fn fault_in(&self, path: &str) -> Option<CodemodError> {
        let lang = language::of_path(path)?;
        match self {
            Self::Patterns { written, .. } => CompiledPattern::new(written, "", lang).err(),
            Self::Rules(_) => None,
        }
    }

    /// Rewrites a text that is written in `lang`.
    fn apply_in(&self, path: &str, text: &str, lang: SupportLang) -> Result<Applied, CodemodError> {
        match self {
            Self::Patterns {
                given,
                patterns,
                literals,
                ..
            } => {
                let found = patterns.iter().find(|compiled| match given {
                    Some(given) => {
                        *given == lang
                            || (lang == SupportLang::C && language::is_written_in(path, *given))
                    }
                    None => lang == compiled.lang,
                });
                let Some(compiled) = found else {
                    return Ok(Applied::Unchanged(Unchanged::OtherLanguage));
                };
                // PHP writes its keywords in any case.
                if lang != SupportLang::Php && !literals.are_in(text) {
                    return Ok(Applied::Unchanged(Unchanged::NoMatch));
                }
                let file = File::parse(path, text, compiled.lang)?;
                let vars = names(compiled.pattern.defined_vars());
                let edits = file.with_large_stack(|| {
                    file.edits(&compiled.pattern, &compiled.fixer, &vars, None)
                })?;
                file.rewrite(edits)
            }
            Self::Rules(rules) => {
                let rules = rules.get_rule_from_lang(Path::new(path), lang);
                if rules.is_empty() {
                    return Ok(Applied::Unchanged(Unchanged::OtherLanguage));
                }
                let file = File::parse(path, text, lang)?;
                let mut edits = Vec::new();
                for rule in rules {
                    // Several fixes of one rule are alternatives; the first is the default.
                    if let Some(fixer) = rule.fixer.first() {
                        let vars = names(rule.matcher.defined_vars());
                        let pattern = own_pattern(rule);
                        edits.extend(file.with_large_stack(|| {
                            file.edits(&rule.matcher, fixer, &vars, pattern.as_ref())
                        })?);
                    }
                }
                file.rewrite(edits)
            }
        }
    }
}

/// A file that is being rewritten.
struct File<'a> {
    path: &'a str,
    text: &'a str,
    lang: SupportLang,
    tree: AstGrep<Source>,
}

impl<'a> File<'a> {
    fn parse(path: &'a str, text: &'a str, lang: SupportLang) -> Result<Self, CodemodError> {
        let source = StrDoc::try_new(text, lang).map_err(|_| unparsable(path, lang))?;
        let tree = AstGrep::doc(source);
        Ok(Self {
            path,
            text,
            lang,
            tree,
        })
    }

    /// Runs `work` on a stack that is large enough for the nesting of the file.
    fn with_large_stack<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, CodemodError> + Send,
    ) -> Result<T, CodemodError> {
        let depth = depth(&self.tree);
        if depth <= ORDINARY_DEPTH {
            return work();
        }
        if depth > MAX_DEPTH {
            return Err(CodemodError::TooDeep {
                path: self.path.to_owned(),
                limit: MAX_DEPTH,
            });
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .stack_size(LARGE_STACK)
                .spawn_scoped(scope, work)
                .map_err(|source| CodemodError::Thread {
                    path: self.path.to_owned(),
                    source,
                })?;
            match thread.join() {
                Ok(done) => done,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        })
    }

    fn edits(
        &self,
        matcher: &impl Matcher,
        fixer: &Fixer,
        vars: &[String],
        pattern: Option<&Pattern>,
    ) -> Result<Vec<Found>, CodemodError> {
        let placeholders = (0..vars.len())
            .map(|number| StrDoc::try_new(&placeholder(number), self.lang).map(AstGrep::doc))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| unparsable(self.path, self.lang))?;
        Ok(self
            .tree
            .root()
            .find_all(matcher)
            .map(|found| {
                let edit = self.edit(&found, matcher, fixer, vars, &placeholders, pattern);
                Found::new(self.text, found.get_node(), edit)
            })
            .collect())
    }

    /// Lets the fixer write the replacement with placeholders for the captured code, so that the edit knows which
    /// pieces of the result are original text.
    fn edit<'t>(
        &'t self,
        found: &NodeMatch<'t, Source>,
        matcher: &impl Matcher,
        fixer: &Fixer,
        vars: &[String],
        placeholders: &'t [AstGrep<Source>],
        pattern: Option<&Pattern>,
    ) -> Edit {
        let mut captured: Vec<Option<Range<usize>>> = Vec::new();
        let mut env = MetaVarEnv::new();
        for (name, placeholder) in vars.iter().zip(placeholders) {
            let many = found.get_env().get_multiple_matches(name);
            if let Some(node) = found.get_env().get_match(name) {
                env.insert(name, placeholder.root());
                captured.push(Some(node.range()));
            } else if let (Some(first), Some(last)) = (many.first(), many.last()) {
                env.insert_multi(name, vec![placeholder.root()]);
                captured.push(Some(first.range().start..last.range().end));
            } else {
                captured.push(None);
            }
            if let Some(bytes) = found.get_env().get_transformed(name) {
                env.insert_transformation(&MetaVariable::Dropped(false), name, bytes.clone());
            }
        }
        let with_placeholders = NodeMatch::new(found.get_node().clone(), env);
        let rendered = fixer.generate_replacement(&with_placeholders);
        let rendered = String::from_utf8_lossy(&rendered);
        let mut range = fixer.get_replaced_range(found, matcher);
        // A rule matches whole nodes, but its pattern may cover only their beginning; the rest must not be lost.
        if let Some(pattern) = pattern
            && range == found.range()
            && let Some(length) = pattern.get_match_len(found.get_node().clone())
        {
            range.end = range.start + length;
        }
        let indent = line_indent(self.text, range.start);
        // ast-grep indents the lines of a replacement with spaces only.
        let rendered = if indent.contains('\t') && !indent.contains(' ') {
            rendered.replace('\n', &format!("\n{indent}"))
        } else {
            rendered.into_owned()
        };
        Edit {
            range,
            parts: self.parts(&rendered, indent, &captured),
        }
    }

    fn parts(&self, rendered: &str, indent: &str, captured: &[Option<Range<usize>>]) -> Vec<Part> {
        let mut parts = Vec::new();
        let mut rest = rendered;
        while let Some((before, after, number)) = next_placeholder(rest) {
            if !before.is_empty() {
                parts.push(Part::Text(self.with_line_ends(before)));
            }
            let at = rendered.len() - rest.len() + before.len();
            rest = after;
            if let Some(Some(range)) = captured.get(number) {
                let indent = if rendered[..at].contains('\n') {
                    line_indent(rendered, at)
                } else {
                    indent
                };
                parts.push(Part::Kept {
                    range: range.clone(),
                    indent: indent.to_owned(),
                });
            }
        }
        if !rest.is_empty() {
            parts.push(Part::Text(self.with_line_ends(rest)));
        }
        parts
    }

    /// Gives inserted lines the line ends of the file.
    fn with_line_ends(&self, text: &str) -> String {
        let first_end = self.text.find('\n');
        if text.contains('\n') && first_end.is_some_and(|at| self.text[..at].ends_with('\r')) {
            text.replace("\r\n", "\n").replace('\n', "\r\n")
        } else {
            text.to_owned()
        }
    }

    fn rewrite(&self, found: Vec<Found>) -> Result<Applied, CodemodError> {
        let (text, count) = if found.is_empty() {
            (String::new(), 0)
        } else {
            let edits = settle(self.text, found);
            let keeps_lines = |part: &Part| match part {
                Part::Text(_) => false,
                Part::Kept { range, .. } => self.text[range.clone()].contains('\n'),
            };
            let strings = if edits.iter().flat_map(|edit| &edit.parts).any(keeps_lines) {
                strings::of_several_lines(&self.tree)
            } else {
                Vec::new()
            };
            splice(self.text, &strings, edits, MAX_MIB << 20).map_err(|_| {
                CodemodError::TooLarge {
                    path: self.path.to_owned(),
                    limit: MAX_MIB,
                }
            })?
        };
        Ok(if count > 0 {
            Applied::Rewritten(Rewrite { text, edits: count })
        } else if self.tree.root().get_inner_node().has_error() {
            Applied::Unchanged(Unchanged::Unparsed)
        } else {
            Applied::Unchanged(Unchanged::NoMatch)
        })
    }
}

/// Returns the pattern of a rule that consists of one plain pattern.
fn own_pattern(rule: &RuleConfig<SupportLang>) -> Option<Pattern> {
    let written = serde_json::to_value(&rule.core.rule).ok()?;
    Pattern::try_new(written.get("pattern")?.as_str()?, rule.language).ok()
}

fn unparsable(path: &str, lang: SupportLang) -> CodemodError {
    CodemodError::Parse {
        path: path.to_owned(),
        lang: language::name(lang),
    }
}

fn placeholder(number: usize) -> String {
    format!("{}{number}{}", PLACEHOLDER.0, PLACEHOLDER.1)
}

/// Returns the text before the next placeholder, the text after it, and its number.
fn next_placeholder(text: &str) -> Option<(&str, &str, usize)> {
    let mut from = 0;
    while let Some(start) = text[from..].find(PLACEHOLDER.0).map(|at| from + at) {
        let inside = start + PLACEHOLDER.0.len_utf8();
        if let Some(end) = text[inside..].find(PLACEHOLDER.1).map(|at| inside + at)
            && let Ok(number) = text[inside..end].parse()
        {
            return Some((
                &text[..start],
                &text[end + PLACEHOLDER.1.len_utf8()..],
                number,
            ));
        }
        from = inside;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_one_node_in_every_language() {
        for lang in language::all() {
            let tree: AstGrep<Source> =
                AstGrep::doc(StrDoc::try_new(&placeholder(10), lang).unwrap());
            assert_eq!(tree.root().range(), 0..placeholder(10).len(), "{lang}");
        }
    }

    #[test]
    fn placeholders_are_found_beside_similar_text() {
        let text = format!("a{}x{}", PLACEHOLDER.0, placeholder(3));
        let before = &text[..text.len() - placeholder(3).len()];
        assert_eq!(next_placeholder(&text), Some((before, "", 3)));
    }
}
