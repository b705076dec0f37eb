//! What an answer of GitHub's API means for the one who asked.
//!
//! Pure: status, headers and text in, a [`Meaning`] out. It does not send, wait or try again.

use std::time::Duration;

use serde::Deserialize;

use crate::forge::{ForgeError, PullRequest};

/// The part of an answer that decides.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub status: u16,
    pub text: String,
    /// `retry-after`, in seconds.
    pub retry_after: Option<u64>,
    /// `x-ratelimit-remaining`
    pub remaining: Option<u64>,
    /// `x-ratelimit-reset`, in seconds since 1970-01-01 UTC.
    pub reset: Option<u64>,
    /// `x-accepted-github-permissions`
    pub permissions: Option<String>,
    /// `x-github-sso`
    pub single_sign_on: Option<String>,
}

/// Who asked whom, and for what: the nouns of the error sentences.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// `github.com/acme/shop`
    pub repo: &'a str,
    pub host: &'a str,
    pub token: &'a str,
    pub doing: Doing<'a>,
}

/// What the request was for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Doing<'a> {
    Creating(&'a PullRequest),
    /// In the words that follow "may not".
    Changing(&'static str),
}

impl Doing<'_> {
    pub(super) const READING: Self = Self::Changing("read");

    fn words(self) -> &'static str {
        match self {
            Self::Creating(_) => "open pull requests",
            Self::Changing(words) => words,
        }
    }
}

/// What an answer means.
#[derive(Debug)]
pub(super) enum Meaning {
    Fine,
    /// There is an open pull request for the head branch already.
    AlreadyThere,
    /// Too many requests; wait, as long as told if it is told.
    Limited {
        told: Option<Duration>,
        message: String,
    },
    /// The server failed; it may have done what was asked.
    Unclear {
        told: Option<Duration>,
        message: String,
    },
    /// It will not be, however often one asks.
    Refused(ForgeError),
}

/// The body of an error answer.
#[derive(Debug, Default, Deserialize)]
struct Fault {
    message: Option<String>,
    #[serde(default)]
    errors: Vec<serde_json::Value>,
}

impl Answer {
    /// Reads the answer. `now` is in seconds since 1970-01-01 UTC.
    pub(super) fn meaning(&self, asked: &Asked<'_>, now: u64) -> Meaning {
        if (200..300).contains(&self.status) {
            return Meaning::Fine;
        }
        let fault: Fault = serde_json::from_str(&self.text).unwrap_or_default();
        let message = self.message(&fault);
        let told = self.told(now);
        if self.status >= 500 || self.status == 408 {
            // A server that fails may still carry the rate headers of a healthy one: only `retry-after` counts.
            let told = self.retry_after.map(Duration::from_secs);
            return Meaning::Unclear { told, message };
        }
        if self.is_limit(&message) {
            return Meaning::Limited { told, message };
        }
        let repo = asked.repo.to_owned();
        let token = asked.token.to_owned();
        Meaning::Refused(match (self.status, asked.doing) {
            (401, _) => ForgeError::TokenRefused {
                host: asked.host.to_owned(),
                token,
            },
            (403, doing) => self.forbidden(repo, token, doing, message),
            (404, _) => ForgeError::NotVisible { repo, token },
            (422, Doing::Creating(request)) => return invalid(request, repo, message, &fault),
            (status, _) => ForgeError::Refused {
                repo,
                status,
                message,
            },
        })
    }

    /// The words of the answer on one line, short enough for a sentence: an error page can be the whole text.
    fn message(&self, fault: &Fault) -> String {
        let mut parts: Vec<&str> = fault.message.as_deref().into_iter().collect();
        for error in &fault.errors {
            let detail = error.as_str().or_else(|| error.get("message")?.as_str());
            parts.extend(detail.or_else(|| error.get("code")?.as_str()));
        }
        let said = if parts.is_empty() {
            self.text.clone()
        } else {
            parts.join(": ")
        };
        let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(200) {
            _ if line.is_empty() => format!("status {}", self.status),
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }

    fn is_limit(&self, message: &str) -> bool {
        let message = message.to_ascii_lowercase();
        match self.status {
            429 => true,
            403 if self.single_sign_on.is_some() || message.contains("not accessible by") => false,
            403 => {
                self.retry_after.is_some()
                    || self.remaining == Some(0)
                    || message.contains("rate limit")
                    || message.contains("abuse detection")
            }
            // How the limit on new content shows itself: as a fault of the request.
            422 => message.contains("submitted too quickly"),
            _ => false,
        }
    }

    /// How long no further request will be answered, where this one used up the last.
    pub(super) fn until_reset(&self, now: u64) -> Option<Duration> {
        let reset = self.reset.filter(|_| self.remaining == Some(0))?;
        // Clocks differ a little; a second too late is better than a second too early.
        (reset > now).then(|| Duration::from_secs(reset - now + 1))
    }

    fn told(&self, now: u64) -> Option<Duration> {
        if let Some(seconds) = self.retry_after {
            return Some(Duration::from_secs(seconds));
        }
        self.until_reset(now)
    }

    fn forbidden(
        &self,
        repo: String,
        token: String,
        doing: Doing<'_>,
        message: String,
    ) -> ForgeError {
        if let Some(header) = &self.single_sign_on {
            let link = header.split("url=").nth(1).map_or_else(
                || "the token's page in the settings".to_owned(),
                |url| {
                    url.split([';', ','])
                        .next()
                        .unwrap_or(url)
                        .trim()
                        .to_owned()
                },
            );
            return ForgeError::SingleSignOn { repo, token, link };
        }
        let lower = message.to_ascii_lowercase();
        if lower.contains("archived") {
            return ForgeError::Archived { repo };
        }
        if lower.contains("ip allow list") || lower.contains("ip address is not permitted") {
            return ForgeError::AddressRefused { repo, message };
        }
        let needs = self.permissions.as_deref().map_or_else(
            || "Pull requests: write (classic tokens: the scope `repo`)".to_owned(),
            permissions,
        );
        ForgeError::MissingPermission {
            repo,
            token,
            doing: doing.words(),
            message,
            needs,
        }
    }
}

/// `issues=write; pull_requests=write` as the page of a token's settings names it: `Issues: write or Pull requests:
/// write`.
fn permissions(header: &str) -> String {
    let one = |pair: &str| {
        let (name, level) = pair.trim().split_once('=').unwrap_or((pair.trim(), "read"));
        let name = name.replace('_', " ");
        let (first, rest) = name.split_at(name.chars().next().map_or(0, char::len_utf8));
        format!("{}{rest}: {level}", first.to_uppercase())
    };
    let sets = header
        .split(';')
        .map(|set| set.split(',').map(one).collect::<Vec<_>>().join(" and "));
    sets.collect::<Vec<_>>().join(" or ")
}

/// A 422 to the creation of a pull request.
fn invalid(request: &PullRequest, repo: String, message: String, fault: &Fault) -> Meaning {
    let wrong = |field: &str| {
        fault.errors.iter().any(|error| {
            error.get("field").and_then(|it| it.as_str()) == Some(field)
                && error.get("code").and_then(|it| it.as_str()) == Some("invalid")
        })
    };
    if message.contains("pull request already exists") {
        return Meaning::AlreadyThere;
    }
    Meaning::Refused(if message.contains("No commits between") {
        ForgeError::NothingBetween {
            repo,
            base: request.base.clone(),
            head: request.head.clone(),
        }
    } else if wrong("head") {
        ForgeError::NoHead {
            repo,
            branch: request.head.clone(),
        }
    } else if wrong("base") {
        ForgeError::NoBase {
            repo,
            branch: request.base.clone(),
        }
    } else {
        ForgeError::Refused {
            repo,
            status: 422,
            message,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(answer: &Answer) -> Meaning {
        let request = PullRequest {
            run: "r".to_owned(),
            unit: "u".to_owned(),
            ordinal: 1,
            title: "t".to_owned(),
            body: String::new(),
            head: "batch/r/u".to_owned(),
            base: "main".to_owned(),
            draft: false,
            extras: crate::forge::PullRequestOptions::default(),
        };
        let asked = Asked {
            repo: "github.com/acme/shop",
            host: "github.com",
            token: "GH_TOKEN",
            doing: Doing::Creating(&request),
        };
        answer.meaning(&asked, 1_000)
    }

    fn sentence(status: u16, text: &str) -> String {
        let answer = Answer {
            status,
            text: text.to_owned(),
            ..Answer::default()
        };
        refused(&answer)
    }

    fn refused(answer: &Answer) -> String {
        match meaning(answer) {
            Meaning::Refused(error) => error.to_string(),
            other => panic!("not refused: {other:?}"),
        }
    }

    #[test]
    fn refusals_say_what_is_wrong_and_what_to_do() {
        let all = [
            sentence(401, r#"{"message":"Bad credentials"}"#),
            sentence(403, r#"{"message":"Must have push access"}"#),
            refused(&Answer {
                status: 403,
                text: r#"{"message":"Resource not accessible by personal access token"}"#
                    .to_owned(),
                // An exhausted budget must not turn a lasting refusal into a wait.
                remaining: Some(0),
                permissions: Some("issues=write; pull_requests=write,contents=read".to_owned()),
                ..Answer::default()
            }),
            refused(&Answer {
                status: 403,
                text: r#"{"message":"Resource protected by organization SAML enforcement."}"#
                    .to_owned(),
                single_sign_on: Some(
                    "required; url=https://github.com/orgs/acme/sso?x=1".to_owned(),
                ),
                ..Answer::default()
            }),
            sentence(
                403,
                r#"{"message":"Repository was archived so is read-only."}"#,
            ),
            sentence(
                403,
                r#"{"message":"Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource."}"#,
            ),
            sentence(404, r#"{"message":"Not Found"}"#),
            sentence(
                422,
                r#"{"message":"Validation Failed","errors":[{"code":"custom","message":"No commits between main and batch/r/u"}]}"#,
            ),
            sentence(
                422,
                r#"{"message":"Validation Failed","errors":[{"field":"head","code":"invalid"}]}"#,
            ),
            sentence(
                422,
                r#"{"message":"Validation Failed","errors":[{"field":"base","code":"invalid"}]}"#,
            ),
            sentence(
                422,
                r#"{"message":"Draft pull requests are not supported in this repository."}"#,
            ),
            sentence(307, ""),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        github.com refused the token from GH_TOKEN (401): it is wrong or has expired; make a new one, or run `gh auth login`
        the token from GH_TOKEN may not open pull requests in github.com/acme/shop (403: Must have push access); it needs Pull requests: write (classic tokens: the scope `repo`)
        the token from GH_TOKEN may not open pull requests in github.com/acme/shop (403: Resource not accessible by personal access token); it needs Issues: write or Pull requests: write and Contents: read
        the organisation of github.com/acme/shop wants single sign-on for the token from GH_TOKEN; authorise it at https://github.com/orgs/acme/sso?x=1
        github.com/acme/shop is archived and takes no pull requests; unarchive it, or use another remote
        github.com/acme/shop takes no requests from this machine's address (Although you appear to have the correct authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not permitted to access this resource.); go through an allowed network
        github.com/acme/shop does not exist, or the token from GH_TOKEN cannot see it (404); check the remote's address and the token's repository access
        there are no commits between main and batch/r/u in github.com/acme/shop: nothing to open a pull request for
        github.com/acme/shop has no branch "batch/r/u" for a pull request to come from; was it pushed?
        github.com/acme/shop has no branch "main" for a pull request to go to; choose a branch of the remote as the base
        github.com/acme/shop refused the request (422): Draft pull requests are not supported in this repository.
        github.com/acme/shop refused the request (307): status 307
        "#);
    }

    #[test]
    fn limits_are_told_from_refusals_and_say_how_long() {
        let seconds = |answer: Answer| match meaning(&answer) {
            Meaning::Limited { told, .. } => told.map(|it| it.as_secs()),
            other => panic!("no limit: {other:?}"),
        };
        let secondary = r#"{"message":"You have exceeded a secondary rate limit."}"#;
        let with = |status, text: &str| Answer {
            status,
            text: text.to_owned(),
            ..Answer::default()
        };
        assert_eq!(seconds(with(403, secondary)), None);
        assert_eq!(seconds(with(429, "")), None);
        assert_eq!(
            seconds(with(
                422,
                r#"{"message":"Validation Failed","errors":["was submitted too quickly"]}"#
            )),
            None
        );
        assert_eq!(
            seconds(Answer {
                retry_after: Some(30),
                reset: Some(9_999),
                remaining: Some(0),
                ..with(403, secondary)
            }),
            Some(30)
        );
        assert_eq!(
            seconds(Answer {
                reset: Some(1_090),
                remaining: Some(0),
                ..with(403, "")
            }),
            Some(91)
        );
    }

    #[test]
    fn an_error_page_is_cut_to_a_line() {
        let page = format!("<html>\n{}</html>", "<p>sorry</p>\n".repeat(100));
        match meaning(&Answer {
            status: 502,
            text: page,
            ..Answer::default()
        }) {
            Meaning::Unclear { message, .. } => {
                assert!(message.starts_with("<html> <p>sorry"), "{message}");
                assert_eq!(message.chars().count(), 201);
            }
            other => panic!("not unclear: {other:?}"),
        }
    }
}
