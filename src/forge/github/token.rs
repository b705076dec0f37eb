//! Finds the token for a GitHub server, and keeps it out of messages.
//!
//! The environment and the call of `gh` come in as closures: only the process room starts children, and tests need no
//! real environment.

use std::fmt;

/// A secret, and its source.
#[derive(Clone)]
pub struct Token {
    secret: String,
    source: String,
}

impl Token {
    /// Reads the variables that GitHub's own client reads, and then asks that client.
    ///
    /// `env` reads a variable. `gh` runs the `gh` program with the arguments and returns its output; it runs only when
    /// no variable is set.
    pub(crate) fn find(
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

    /// Returns `None` when the text is blank or cannot be sent in a header.
    fn new(text: &str, source: &str) -> Option<Self> {
        let secret = text.trim();
        let usable = !secret.is_empty() && secret.chars().all(|c| c.is_ascii_graphic());
        usable.then(|| Self {
            secret: secret.to_owned(),
            source: source.to_owned(),
        })
    }

    /// Names the source: `GITHUB_TOKEN`, `` `gh auth token` ``.
    #[must_use]
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Returns the secret, for the one request header that needs it.
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
    fn variables_win_over_gh_and_blank_ones_do_not_count() {
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
    fn the_enterprise_variables_do_not_count_for_github_com() {
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
    fn debug_output_hides_the_secret() {
        let token = Token::new("ghp_secret", "GH_TOKEN").expect("usable");
        assert_eq!(format!("{token:?}"), "Token(from GH_TOKEN)");
        assert!(Token::new("two\nlines", "GH_TOKEN").is_none());
    }
}
