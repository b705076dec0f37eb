//! Rewriting by syntax: ast-grep patterns and rules find the places, its fixers write the replacements.
//!
//! It must not apply edits itself (that is `splice`'s), and must not read files. Every rule sees the original text, as
//! with ast-grep: what one rule writes is not seen by the next.

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

use super::error::sentence;
use super::pattern::{CompiledPattern, check_bound, depth, names, variables};
use super::splice::{Edit, Part, line_indent, splice};
use super::{CodemodError, Rewrite, lang};

/// Replacements may repeat what they matched; nested ones then multiply.
const LIMIT_MIB: usize = 64;

/// Matching recurses with the code. A thread of ordinary size bears this many levels in an unoptimised build ...
const SHALLOW: usize = 200;
/// ... and one with `DEEP_STACK` bytes of stack this many.
const DEEP: usize = 20_000;
const DEEP_STACK: usize = 512 << 20;

/// Stand around the number of a captured variable in a rendered replacement; no source text uses them.
const HOLE: (char, char) = ('\u{f8f0}', '\u{f8f1}');

type Source = StrDoc<SupportLang>;

pub(super) enum StructuralRewrite {
    Patterns {
        given: Option<SupportLang>,
        patterns: Vec<CompiledPattern>,
    },
    Rules(RuleCollection<SupportLang>),
}

/// What must be right about a rule before ast-grep may see it.
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
        let given = given.map(lang::by_name).transpose()?;
        if let Some(lang) = given {
            let compiled = CompiledPattern::new(pattern, to, lang)?;
            check_bound(pattern, to, &names(compiled.pattern.defined_vars()))?;
            return Ok(Self::Patterns {
                given: Some(lang),
                patterns: vec![compiled],
            });
        }
        let wanted = variables(pattern);
        check_bound(pattern, to, &wanted)?;
        // In some languages nearly any text is code of a sort (a word in YAML, say). Where the variables of the pattern
        // would be plain text, it cannot be meant.
        let patterns: Vec<_> = lang::all()
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
        })
    }

    /// The rules of a YAML text, and what to call them.
    pub(super) fn from_rules(text: &str) -> Result<(Self, Vec<String>), CodemodError> {
        let unreadable = |reason| CodemodError::Rules { reason };
        let heads: Vec<RuleHead> = from_multiple(text).map_err(|e| unreadable(sentence(&e)))?;
        let mut called = Vec::new();
        for (number, head) in (1_usize..).zip(&heads) {
            let rule = match head.id.as_str() {
                "" => number.to_string(),
                id => format!("'{id}'"),
            };
            match &head.language {
                Some(language) => lang::by_name(language).map_err(|error| CodemodError::Rule {
                    rule: rule.clone(),
                    reason: sentence(&error),
                })?,
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
            called.push(rule);
        }
        if called.is_empty() {
            return Err(CodemodError::NoRule);
        }
        let parsed: Vec<SerializableRuleConfig<SupportLang>> =
            from_multiple(text).map_err(|e| unreadable(sentence(&e)))?;
        let mut rules = Vec::new();
        for (rule, name) in parsed.into_iter().zip(&called) {
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
        Ok((Self::Rules(rules), called))
    }

    pub(super) fn rewrite(&self, path: &str, text: &str) -> Result<Option<Rewrite>, CodemodError> {
        match self {
            Self::Patterns { given, patterns } => {
                let found = patterns.iter().find(|compiled| match given {
                    Some(lang) => lang::is_written_in(path, *lang),
                    None => lang::of_path(path) == Some(compiled.lang),
                });
                let Some(compiled) = found else {
                    return Ok(None);
                };
                let file = File::parse(path, text, compiled.lang)?;
                let vars = names(compiled.pattern.defined_vars());
                let edits =
                    file.with_room(|| file.edits(&compiled.pattern, &compiled.fixer, &vars, None))?;
                file.rewrite(edits)
            }
            Self::Rules(rules) => {
                let Some(lang) = lang::of_path(path) else {
                    return Ok(None);
                };
                let rules = rules.get_rule_from_lang(Path::new(path), lang);
                if rules.is_empty() {
                    return Ok(None);
                }
                let file = File::parse(path, text, lang)?;
                let mut edits = Vec::new();
                for rule in rules {
                    // Several fixes of one rule are alternatives; the first is the one to take unasked.
                    if let Some(fixer) = rule.fixer.first() {
                        let vars = names(rule.matcher.defined_vars());
                        let pattern = own_pattern(rule);
                        edits.extend(file.with_room(|| {
                            file.edits(&rule.matcher, fixer, &vars, pattern.as_ref())
                        })?);
                    }
                }
                file.rewrite(edits)
            }
        }
    }
}

/// One file while it is rewritten.
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

    /// Does `work` where the stack is large enough for the nesting of the file.
    fn with_room<T: Send>(
        &self,
        work: impl FnOnce() -> Result<T, CodemodError> + Send,
    ) -> Result<T, CodemodError> {
        let depth = depth(&self.tree);
        if depth <= SHALLOW {
            return work();
        }
        if depth > DEEP {
            return Err(CodemodError::TooDeep {
                path: self.path.to_owned(),
                limit: DEEP,
            });
        }
        std::thread::scope(|scope| {
            let thread = std::thread::Builder::new()
                .stack_size(DEEP_STACK)
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
    ) -> Result<Vec<Edit>, CodemodError> {
        let holes = (0..vars.len())
            .map(|number| StrDoc::try_new(&hole(number), self.lang).map(AstGrep::doc))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| unparsable(self.path, self.lang))?;
        Ok(self
            .tree
            .root()
            .find_all(matcher)
            .map(|found| self.edit(&found, matcher, fixer, vars, &holes, pattern))
            .collect())
    }

    /// Lets the fixer write the replacement with holes for what was captured, so that it stays known which pieces of the
    /// result are original text.
    fn edit<'t>(
        &'t self,
        found: &NodeMatch<'t, Source>,
        matcher: &impl Matcher,
        fixer: &Fixer,
        vars: &[String],
        holes: &'t [AstGrep<Source>],
        pattern: Option<&Pattern>,
    ) -> Edit {
        let mut captured: Vec<Option<Range<usize>>> = Vec::new();
        let mut env = MetaVarEnv::new();
        for (name, hole) in vars.iter().zip(holes) {
            let many = found.get_env().get_multiple_matches(name);
            if let Some(node) = found.get_env().get_match(name) {
                env.insert(name, hole.root());
                captured.push(Some(node.range()));
            } else if let (Some(first), Some(last)) = (many.first(), many.last()) {
                env.insert_multi(name, vec![hole.root()]);
                captured.push(Some(first.range().start..last.range().end));
            } else {
                captured.push(None);
            }
            if let Some(bytes) = found.get_env().get_transformed(name) {
                env.insert_transformation(&MetaVariable::Dropped(false), name, bytes.clone());
            }
        }
        let with_holes = NodeMatch::new(found.get_node().clone(), env);
        let rendered = fixer.generate_replacement(&with_holes);
        let rendered = String::from_utf8_lossy(&rendered);
        let mut range = fixer.get_replaced_range(found, matcher);
        // A rule matches whole nodes, its pattern perhaps only their beginning: what follows must not be lost.
        if let Some(pattern) = pattern
            && range == found.range()
            && let Some(length) = pattern.get_match_len(found.get_node().clone())
        {
            range.end = range.start + length;
        }
        let indent = line_indent(self.text, range.start);
        // ast-grep indents the lines of a replacement by spaces only.
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
        while let Some((before, after, number)) = next_hole(rest) {
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

    /// New lines end as the lines of the file do.
    fn with_line_ends(&self, words: &str) -> String {
        let first_end = self.text.find('\n');
        if words.contains('\n') && first_end.is_some_and(|at| self.text[..at].ends_with('\r')) {
            words.replace("\r\n", "\n").replace('\n', "\r\n")
        } else {
            words.to_owned()
        }
    }

    fn rewrite(&self, edits: Vec<Edit>) -> Result<Option<Rewrite>, CodemodError> {
        if edits.is_empty() {
            return Ok(None);
        }
        let (text, edits) =
            splice(self.text, edits, LIMIT_MIB << 20).map_err(|_| CodemodError::TooLarge {
                path: self.path.to_owned(),
                limit: LIMIT_MIB,
            })?;
        Ok((edits > 0).then_some(Rewrite { text, edits }))
    }
}

/// The pattern that a rule consists of, where it is one and a plain one.
fn own_pattern(rule: &RuleConfig<SupportLang>) -> Option<Pattern> {
    let written = serde_json::to_value(&rule.core.rule).ok()?;
    Pattern::try_new(written.get("pattern")?.as_str()?, rule.language).ok()
}

fn unparsable(path: &str, lang: SupportLang) -> CodemodError {
    CodemodError::Parse {
        path: path.to_owned(),
        lang: lang::name(lang),
    }
}

fn hole(number: usize) -> String {
    format!("{}{number}{}", HOLE.0, HOLE.1)
}

/// The text before the next hole, the text after it, and its number.
fn next_hole(text: &str) -> Option<(&str, &str, usize)> {
    let mut from = 0;
    while let Some(start) = text[from..].find(HOLE.0).map(|at| from + at) {
        let inside = start + HOLE.0.len_utf8();
        if let Some(end) = text[inside..].find(HOLE.1).map(|at| inside + at)
            && let Ok(number) = text[inside..end].parse()
        {
            return Some((&text[..start], &text[end + HOLE.1.len_utf8()..], number));
        }
        from = inside;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hole_is_one_node_without_loss_in_every_language() {
        for lang in lang::all() {
            let tree: AstGrep<Source> = AstGrep::doc(StrDoc::try_new(&hole(10), lang).unwrap());
            assert_eq!(tree.root().range(), 0..hole(10).len(), "{lang}");
        }
    }

    #[test]
    fn holes_are_found_beside_text_that_looks_like_one() {
        let text = format!("a{}x{}", HOLE.0, hole(3));
        let before = &text[..text.len() - hole(3).len()];
        assert_eq!(next_hole(&text), Some((before, "", 3)));
    }
}
