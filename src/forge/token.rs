//! Finds the token for a GitHub server, and keeps it out of sight.
//!
//! The environment and the way to ask `gh` come in as closures: only the process room starts children, and tests need
//! no real environment.

use std::fmt;

/// A secret together with where it was found.
#[derive(Clone)]
pub struct Token {
    secret: String,
    source: String,
}

impl Token {
    /// Looks where GitHub's own client looks, and then asks it.
    ///
    /// `env` reads a variable. `gh` runs the `gh` program with these arguments and returns what it printed; it is asked
    /// only when no variable is set.
    pub fn find(
        host: &str,
        env: impl Fn(&str) -> Option<String>,
        gh: impl FnOnce(&[&str]) -> Option<String>,
    ) -> Option<Self> {
        const ENTERPRISE: &[&str] = &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"];
        const ANY: &[&str] = &["GITHUB_TOKEN", "GH_TOKEN"];
        let own = if host == "github.com" {
            &[]
        } else {
            ENTERPRISE
        };
        own.iter()
            .chain(ANY)
            .find_map(|name| Self::new(&env(name)?, name))
            .or_else(|| {
                let printed = gh(&["auth", "token", "--hostname", host])?;
                Self::new(&printed, "`gh auth token`")
            })
    }

    /// `None` when the text is blank or could not be sent in a header.
    fn new(text: &str, source: &str) -> Option<Self> {
        let secret = text.trim();
        let usable = !secret.is_empty() && secret.chars().all(|c| c.is_ascii_graphic());
        usable.then(|| Self {
            secret: secret.to_owned(),
            source: source.to_owned(),
        })
    }

    /// Where it was found: `GITHUB_TOKEN`, `` `gh auth token` ``.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The secret itself, for the one request header that needs it.
    pub(super) fn expose(&self) -> &str {
        &self.secret
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(from {})", self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `secret, source`
    fn found(host: &str, vars: &[(&str, &str)], gh: Option<&str>) -> Option<String> {
        let env = |name: &str| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let gh = |args: &[&str]| {
            assert_eq!(args, ["auth", "token", "--hostname", host]);
            gh.map(str::to_owned)
        };
        Token::find(host, env, gh).map(|token| format!("{}, {}", token.secret, token.source))
    }

    #[test]
    fn variables_come_before_gh_and_blank_ones_do_not_count() {
        let vars = [("GITHUB_TOKEN", " "), ("GH_TOKEN", "two\n")];
        assert_eq!(
            found("github.com", &vars, Some("three")).as_deref(),
            Some("two, GH_TOKEN")
        );
        assert_eq!(
            found("github.com", &[], Some("three\n")).as_deref(),
            Some("three, `gh auth token`")
        );
        assert_eq!(found("github.com", &[], None), None);
    }

    #[test]
    fn the_enterprise_variables_are_for_other_hosts_only() {
        let vars = [("GH_ENTERPRISE_TOKEN", "inner"), ("GITHUB_TOKEN", "outer")];
        assert_eq!(
            found("github.com", &vars, None).as_deref(),
            Some("outer, GITHUB_TOKEN")
        );
        assert_eq!(
            found("code.acme.test", &vars, None).as_deref(),
            Some("inner, GH_ENTERPRISE_TOKEN")
        );
    }

    #[test]
    fn debug_output_never_shows_the_secret() {
        let token = Token::new("ghp_secret", "GH_TOKEN").expect("usable");
        assert_eq!(format!("{token:?}"), "Token(from GH_TOKEN)");
        assert!(Token::new("two\nlines", "GH_TOKEN").is_none());
    }
}
