//! Reads who owns which file from the base's CODEOWNERS: reviewers are suggested from it, and `--by owner` keeps units
//! apart by it.
//!
//! Pure over text and paths, except that it finds the file in a tree. It reads the file as GitHub does, with GitHub's
//! limits (GitHub Docs, "About code owners"): the last matching line wins, and a line without owners removes them. A
//! line with `!`, `[` or `\#` in its pattern is skipped (GitLab's section headings are such lines), and a file above
//! three megabytes is skipped as a whole.

use std::collections::HashMap;

use globset::{GlobSet, GlobSetBuilder};

use super::select::builder;
use crate::git::{Entry, EntryKind, GitError, Repo};

/// Where the file may stand. The first that exists counts, even if it is empty.
pub(crate) const PLACES: [&str; 3] = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"];

/// A larger file is not read.
const MOST_BYTES: usize = 3 << 20;

/// How many rules are matched at once. One automaton for all rules of a large file might exceed its size limit.
const TOGETHER: usize = 500;

/// The rules of one CODEOWNERS file.
#[derive(Debug, Clone, Default)]
pub(crate) struct CodeOwners {
    path: String,
    /// The owners that each rule names, in the order of the file.
    rules: Vec<Vec<String>>,
    /// The compiled patterns of consecutive rules, the last rules first.
    sets: Vec<Stretch>,
    faults: Vec<String>,
    is_too_large: bool,
}

#[derive(Debug, Clone)]
struct Stretch {
    globs: GlobSet,
    /// The rule that each glob belongs to, in rising order.
    rules: Vec<usize>,
}

/// A rule as it is read: the globs for its pattern, and its owners.
struct Rule {
    line: usize,
    globs: Vec<String>,
    owners: Vec<String>,
}

impl CodeOwners {
    /// Reads the file from a tree with these entries. A tree without the file has no owners.
    pub(crate) fn of_tree(repo: &Repo, entries: &[Entry]) -> Result<Self, GitError> {
        let found = PLACES.iter().find_map(|place| {
            let entry = entries
                .binary_search_by(|entry| entry.path.as_slice().cmp(place.as_bytes()))
                .ok()?;
            Some((place, &entries[entry]))
        });
        match found {
            // GitHub does not follow a link either.
            Some((place, entry)) if entry.kind == EntryKind::File => {
                let mut text = Vec::new();
                Ok(Self::parse(
                    place,
                    repo.objects()?
                        .blob(entry.blob, &mut text)
                        .map_err(|error| error.in_file(place))?,
                ))
            }
            _ => Ok(Self::default()),
        }
    }

    /// Reads the text of the file that stands at `path`.
    #[must_use]
    pub(crate) fn parse(path: &str, text: &[u8]) -> Self {
        let mut owners = Self {
            path: path.to_owned(),
            ..Self::default()
        };
        if text.len() > MOST_BYTES {
            owners.is_too_large = true;
            owners
                .faults
                .push("it is larger than 3 MB, GitHub's limit, so GitHub ignores it".to_owned());
            return owners;
        }
        let text = String::from_utf8_lossy(text);
        let text = text.trim_start_matches('\u{feff}');
        let mut rules = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match rule(index + 1, line) {
                Ok(rule) => rules.extend(rule),
                Err(fault) => owners.faults.push(format!("line {}: {fault}", index + 1)),
            }
        }
        let mut first = rules.len();
        for rules in rules.rchunks(TOGETHER) {
            first -= rules.len();
            owners.gather(first, rules);
        }
        owners.rules = rules.into_iter().map(|rule| rule.owners).collect();
        owners
    }

    /// Compiles rules, the first of which has the number `first`. Rules that cannot be compiled together are halved.
    fn gather(&mut self, first: usize, rules: &[Rule]) {
        let mut set = GlobSetBuilder::new();
        let mut numbers = Vec::new();
        let mut is_sound = true;
        for (index, rule) in rules.iter().enumerate() {
            for glob in &rule.globs {
                match builder(glob).build() {
                    Ok(glob) => {
                        set.add(glob);
                        numbers.push(first + index);
                    }
                    Err(_) => is_sound = false,
                }
            }
        }
        match (set.build(), rules) {
            (Ok(globs), _) if is_sound => self.sets.push(Stretch {
                globs,
                rules: numbers,
            }),
            (_, [only]) => self
                .faults
                .push(format!("line {}: its pattern cannot be used", only.line)),
            _ => {
                let (head, tail) = rules.split_at(rules.len() / 2);
                self.gather(first + head.len(), tail);
                self.gather(first, head);
            }
        }
    }

    /// Returns where the file stands.
    #[must_use]
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Counts the rules in the file.
    #[must_use]
    pub(crate) fn rules(&self) -> usize {
        self.rules.len()
    }

    /// Checks whether the file is past GitHub's limit, so that none of its rules counts.
    #[must_use]
    pub(crate) fn is_too_large(&self) -> bool {
        self.is_too_large
    }

    /// Returns which lines are skipped, and why.
    #[must_use]
    pub(crate) fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Returns the owners of a path, in the order in which its rule names them.
    #[must_use]
    pub(crate) fn of(&self, path: &str) -> &[String] {
        self.sets
            .iter()
            .find_map(|set| {
                // The matches come in the order of the globs.
                let last = *set.globs.matches(path).last()?;
                Some(self.rules[set.rules[last]].as_slice())
            })
            .unwrap_or_default()
    }

    /// Returns for each path the number of its group of owners. Paths with the same owners have the same number; a path
    /// without owners has none.
    pub(crate) fn groups<'a>(&self, paths: impl Iterator<Item = &'a str>) -> Vec<Option<u32>> {
        let mut known: HashMap<Vec<String>, u32> = HashMap::new();
        paths
            .map(|path| {
                let mut owners: Vec<String> =
                    self.of(path).iter().map(|it| it.to_lowercase()).collect();
                if owners.is_empty() {
                    return None;
                }
                owners.sort();
                let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                Some(*known.entry(owners).or_insert(next))
            })
            .collect()
    }

    /// Returns the owners of these files, the owner of most files first.
    #[must_use]
    pub(crate) fn of_all<S: AsRef<str>>(&self, files: &[S]) -> Vec<String> {
        let mut known: HashMap<String, (usize, &str)> = HashMap::new();
        for file in files {
            for owner in self.of(file.as_ref()) {
                known.entry(owner.to_lowercase()).or_insert((0, owner)).0 += 1;
            }
        }
        let mut owners: Vec<(usize, String, &str)> = known
            .into_iter()
            .map(|(folded, (files, name))| (files, folded, name))
            .collect();
        owners.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        owners
            .into_iter()
            .map(|(_, _, name)| name.to_owned())
            .collect()
    }
}

/// Reads the rule in a line, if there is one. The error says why the line is skipped.
fn rule(line: usize, text: &str) -> Result<Option<Rule>, String> {
    let text = text.trim();
    if text.is_empty() || text.starts_with('#') {
        return Ok(None);
    }
    let (pattern, rest) = text.split_at(end_of_pattern(text));
    if pattern.starts_with('!') {
        return Err("a pattern cannot be negated with '!'".to_owned());
    }
    if pattern.starts_with("\\#") {
        return Err("a pattern cannot begin with '#'".to_owned());
    }
    if pattern.contains(['[', ']']) {
        return Err("a pattern cannot contain '[' or ']'".to_owned());
    }
    if pattern.contains("***") {
        return Err("a pattern cannot contain '***'".to_owned());
    }
    let mut owners: Vec<String> = Vec::new();
    for word in rest.split_whitespace() {
        if word.starts_with('#') {
            break;
        }
        if !is_owner(word) {
            return Err(format!(
                "{word:?} is not a @user, @organisation/team or address"
            ));
        }
        if !owners.iter().any(|known| known.eq_ignore_ascii_case(word)) {
            owners.push(word.to_owned());
        }
    }
    Ok(Some(Rule {
        line,
        globs: globs(pattern),
        owners,
    }))
}

/// Returns the place of the first blank without a backslash before it.
fn end_of_pattern(line: &str) -> usize {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        if c.is_whitespace() && !escaped {
            return at;
        }
        escaped = c == '\\' && !escaped;
    }
    line.len()
}

fn is_owner(word: &str) -> bool {
    match word.split_once('@') {
        Some(("", name)) => !name.is_empty() && !name.contains('@'),
        Some((_, host)) => host.contains('.'),
        None => false,
    }
}

/// Returns the globs from the root that stand for a pattern.
///
/// As in gitignore(5), a pattern with a slash before its end starts at the root, any other pattern matches in every
/// folder, and a match may be a folder. Only `dir/*` differs: it means the files in the folder and not the files below
/// it.
fn globs(pattern: &str) -> Vec<String> {
    let bare = pattern.strip_prefix('/').unwrap_or(pattern);
    let body = bare.strip_suffix('/').unwrap_or(bare);
    let is_folder = body.len() < bare.len();
    if body.is_empty() {
        return Vec::new();
    }
    let body = body.replace('{', "\\{").replace('}', "\\}");
    let is_rooted = pattern.starts_with('/') || body.contains('/');
    let body = if is_rooted || body == "**" {
        body
    } else {
        format!("**/{body}")
    };
    let below = format!("{body}/**");
    match body.rsplit('/').next() {
        _ if is_folder => vec![below],
        Some("*" | "**") => vec![body],
        _ => vec![body, below],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn owners(text: &str) -> CodeOwners {
        CodeOwners::parse("CODEOWNERS", text.as_bytes())
    }

    /// Returns the paths that a pattern alone matches.
    fn matched<'a>(pattern: &str, paths: &[&'a str]) -> Vec<&'a str> {
        let owners = owners(&format!("{pattern} @a"));
        assert_eq!(owners.faults(), [""; 0]);
        let mut paths = paths.to_vec();
        paths.retain(|path| !owners.of(path).is_empty());
        paths
    }

    #[test]
    fn the_last_matching_line_wins() {
        let it = owners(
            "# everything\n*   @global\n*.js @js-owner # inline\n/build/logs/ @doctocat\n\
             docs/* docs@example.com\napps/ @octocat\n/apps/github\n",
        );
        let cases: [(&str, &[&str]); 9] = [
            ("README", &["@global"]),
            ("a/b.js", &["@js-owner"]),
            ("build/logs/x.js", &["@doctocat"]),
            ("x/build/logs/a", &["@global"]),
            ("docs/getting-started.md", &["docs@example.com"]),
            ("docs/build-app/troubleshooting.md", &["@global"]),
            ("x/apps/a", &["@octocat"]),
            ("apps/github/a", &[]),
            ("apps/github", &[]),
        ];
        for (path, wanted) in cases {
            assert_eq!(it.of(path), wanted, "{path}");
        }
        assert_eq!((it.rules(), it.faults().len()), (6, 0));
    }

    #[test]
    fn patterns_mean_what_they_mean_to_github() {
        let paths = ["a", "a/b", "a/b/c", "x/a", "x/a/b", "ab", "a b", "a{b}"];
        let cases: [(&str, &[&str]); 15] = [
            ("*", &paths),
            ("**", &paths),
            ("/*", &["a", "ab", "a b", "a{b}"]),
            ("a", &["a", "a/b", "a/b/c", "x/a", "x/a/b"]),
            ("/a", &["a", "a/b", "a/b/c"]),
            ("a/", &["a/b", "a/b/c", "x/a/b"]),
            ("/a/*", &["a/b"]),
            ("a/**", &["a/b", "a/b/c"]),
            ("a/b", &["a/b", "a/b/c"]),
            ("**/a/b", &["a/b", "a/b/c", "x/a/b"]),
            ("a/**/c", &["a/b/c"]),
            ("a?", &["ab"]),
            ("a*", &paths),
            ("a\\ b", &["a b"]),
            ("a{b}", &["a{b}"]),
        ];
        for (pattern, wanted) in cases {
            assert_eq!(matched(pattern, &paths), wanted, "{pattern}");
        }
        assert_eq!(matched("/", &paths), [""; 0]);
        assert_eq!(matched("A", &paths), [""; 0], "letter case matters");
    }

    #[test]
    fn a_line_that_github_skips_is_skipped() {
        let it = owners("* @all\n!a @b\n[Section] @b\na[bc] @b\n\\#a @b\na b\na @\na @b x\n");
        assert_eq!(it.of("a"), ["@all"]);
        insta::assert_snapshot!(it.faults().join("\n"), @r#"
        line 2: a pattern cannot be negated with '!'
        line 3: a pattern cannot contain '[' or ']'
        line 4: a pattern cannot contain '[' or ']'
        line 5: a pattern cannot begin with '#'
        line 6: "b" is not a @user, @organisation/team or address
        line 7: "@" is not a @user, @organisation/team or address
        line 8: "x" is not a @user, @organisation/team or address
        "#);
    }

    #[test]
    fn a_file_above_three_megabytes_is_not_read() {
        let mut text = "* @a\n#".to_owned();
        text.push_str(&"x".repeat(MOST_BYTES - text.len()));
        assert_eq!(owners(&text).of("x"), ["@a"]);
        let over = owners(&(text + "x"));
        assert_eq!((over.of("x").len(), over.faults().len()), (0, 1));
    }

    #[test]
    fn the_last_of_many_rules_wins() {
        let text: String = (0..3 * TOGETHER)
            .map(|n| format!("/d{}/ @u{n}\n", n % 7))
            .collect::<Vec<_>>()
            .concat();
        assert_eq!(
            owners(&text).of("d0/x"),
            [format!("@u{}", 3 * TOGETHER - 2)]
        );
    }

    #[test]
    fn the_same_owners_in_any_order_and_case_are_one_group() {
        let it = owners("/a @x @y\n/b @Y @X\n/c @x\n");
        assert_eq!(
            it.groups(["a", "b", "c", "d"].into_iter()),
            [Some(0), Some(0), Some(1), None]
        );
    }

    #[test]
    fn the_owner_of_most_files_comes_first() {
        let it = owners("* @b @a\n/x/ @C\n/x/1 @c @a\n");
        assert_eq!(it.of_all(&["x/1", "x/2", "y"]), ["@a", "@c", "@b"]);
        assert_eq!(it.of_all::<&str>(&[]), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_and_many_rules_match_like_single_ones(
            lines in proptest::collection::vec("[ab*/?\\\\!#\\[{} ]{0,8}( @[ab])?", 0..12),
            path in "[ab]{1,2}(/[ab]{1,2}){0,3}",
        ) {
            let all = owners(&lines.join("\n"));
            let last = lines.iter().rev().find_map(|line| {
                let alone = owners(line);
                let is_match = alone.sets.iter().any(|set| set.globs.is_match(&path));
                is_match.then(|| alone.of(&path).to_vec())
            });
            prop_assert_eq!(all.of(&path), last.unwrap_or_default());
        }
    }
}
