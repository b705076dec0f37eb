//! Finds the token for a GitHub server, and keeps it out of messages.
//!
//! The environment and the call of `gh` come in as closures: only the process room starts children, and tests need no
//! real environment.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

/// A server that a token is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    pub(crate) host: &'a str,
    /// Whether the user has approved or typed its address, beside the remote's.
    pub(crate) is_configured: bool,
}

/// A secret, and its source.
#[derive(Clone)]
pub struct Token {
    secret: SecretString,
    source: String,
}

impl Token {
    /// Reads the variables that GitHub's own client reads, and then asks that client.
    ///
    /// `env` reads a variable. `gh` runs the `gh` program with the arguments and returns its output; it runs only when
    /// no variable is set.
    pub(crate) fn find(
        server: Server<'_>,
        env: impl Fn(&str) -> Option<String>,
        gh: impl FnOnce(&[&str]) -> Option<String>,
    ) -> Option<Self> {
        let host = server.host;
        let is_meant = server.is_configured || env("GH_HOST").is_some_and(|named| named == host);
        let names: &[&str] = if is_githubs_own(host) {
            &["GITHUB_TOKEN", "GH_TOKEN"]
        } else if is_meant {
            &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
        } else {
            &[]
        };
        let found = names.iter().find_map(|name| Self::new(&env(name)?, name));
        found.or_else(|| {
            let printed = gh(&["auth", "token", "--hostname", host])?;
            Self::new(&printed, "`gh auth token`")
        })
    }

    /// Returns `None` when the text is blank or cannot be sent in a header.
    fn new(text: &str, source: &str) -> Option<Self> {
        let secret = text.trim();
        let usable = !secret.is_empty() && secret.chars().all(|c| c.is_ascii_graphic());
        usable.then(|| Self {
            secret: SecretString::from(secret),
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
        self.secret.expose_secret()
    }
}

/// Checks whether a host belongs to GitHub itself: the remote of a repository that somebody else prepared may lead
/// anywhere.
pub(crate) fn is_githubs_own(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    host == "github.com" || host.ends_with(".ghe.com")
}

/// Names what gives a token for a host.
#[must_use]
pub(crate) fn remedy(host: &str) -> String {
    if is_githubs_own(host) {
        "set GITHUB_TOKEN or GH_TOKEN, or run `gh auth login`".to_owned()
    } else {
        format!(
            "set GH_ENTERPRISE_TOKEN and GH_HOST={host}, or run `gh auth login --hostname {host}`"
        )
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
        found_on(server(host), vars, gh)
    }

    fn server(host: &str) -> Server<'_> {
        Server {
            host,
            is_configured: false,
        }
    }

    fn found_on(server: Server<'_>, vars: &[(&str, &str)], gh: Option<&str>) -> Option<String> {
        let env = |name: &str| {
            vars.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        let gh = |args: &[&str]| {
            assert_eq!(args, ["auth", "token", "--hostname", server.host]);
            gh.map(str::to_owned)
        };
        Token::find(server, env, gh).map(|token| format!("{}, {}", token.expose(), token.source))
    }

    #[test]
    fn variables_win_over_gh_and_blank_ones_do_not_count() {
        let vars = [("GITHUB_TOKEN", " "), ("GH_TOKEN", "two\n")];
        for host in ["github.com", "acme.ghe.com"] {
            assert_eq!(
                found(host, &vars, Some("three")).as_deref(),
                Some("two, GH_TOKEN")
            );
        }
        assert_eq!(
            found("github.com", &[], Some("three\n")).as_deref(),
            Some("three, `gh auth token`")
        );
        assert_eq!(found("github.com", &[], None), None);
    }

    #[test]
    fn a_token_for_github_goes_to_no_other_host() {
        let vars = [("GITHUB_TOKEN", "one"), ("GH_TOKEN", "two")];
        for host in [
            "code.acme.test",
            "github.acme.test",
            "github.com.acme.test",
            "ghe.com",
            "acme-ghe.com",
            "127.0.0.1",
        ] {
            let configured = Server {
                is_configured: true,
                ..server(host)
            };
            assert_eq!(found_on(configured, &vars, None), None, "{host}");
            assert_eq!(found(host, &vars, None), None, "{host}");
        }
    }

    #[test]
    fn an_enterprise_token_goes_to_the_host_that_the_user_means() {
        let vars = [("GH_ENTERPRISE_TOKEN", "inner"), ("GITHUB_TOKEN", "outer")];
        assert_eq!(
            found("github.com", &vars, None).as_deref(),
            Some("outer, GITHUB_TOKEN")
        );
        assert_eq!(found("code.acme.test", &vars, None), None);
        let named = [
            ("GH_ENTERPRISE_TOKEN", "inner"),
            ("GH_HOST", "code.acme.test"),
        ];
        assert_eq!(
            found("code.acme.test", &named, None).as_deref(),
            Some("inner, GH_ENTERPRISE_TOKEN")
        );
        assert_eq!(found("github.evil.test", &named, None), None);
        let configured = Server {
            is_configured: true,
            ..server("code.acme.test")
        };
        assert_eq!(
            found_on(configured, &[("GITHUB_ENTERPRISE_TOKEN", "x")], None).as_deref(),
            Some("x, GITHUB_ENTERPRISE_TOKEN")
        );
    }

    #[test]
    fn debug_output_hides_the_secret() {
        let token = Token::new("ghp_secret", "GH_TOKEN").expect("usable");
        assert_eq!(format!("{token:?}"), "Token(from GH_TOKEN)");
        assert!(Token::new("two\nlines", "GH_TOKEN").is_none());
    }
}
