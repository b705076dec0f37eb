//! Interprets an answer of GitHub's API: success, refusal, or a failure that may pass.
//!
//! Pure: status, headers and text in, a [`Meaning`] out. Does not send, wait or retry.

use std::time::Duration;

use serde::Deserialize;

use crate::forge::error::ForgeError;
use crate::forge::pull_request::PullRequest;

/// The parts of an answer that its meaning depends on.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
    /// `retry-after`, in seconds.
    pub(crate) retry_after: Option<u64>,
    /// `x-ratelimit-remaining`
    pub(crate) remaining: Option<u64>,
    /// `x-ratelimit-reset`, in seconds since 1970-01-01 UTC.
    pub(crate) reset: Option<u64>,
    /// `x-accepted-github-permissions`
    pub(crate) permissions: Option<String>,
    /// `x-github-sso`
    pub(crate) single_sign_on: Option<String>,
}

/// The nouns of the error sentences: who asked whom, and for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErrorContext<'a> {
    /// `github.com/acme/shop`
    pub(crate) repo: &'a str,
    pub(crate) host: &'a str,
    pub(crate) token: &'a str,
    pub(crate) operation: Operation<'a>,
}

/// The purpose of a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Operation<'a> {
    OpenPullRequest(&'a PullRequest),
    /// Named by the words that follow "may not".
    Named(&'static str),
}

impl Operation<'_> {
    pub(super) const READ: Self = Self::Named("read");

    fn words(self) -> &'static str {
        match self {
            Self::OpenPullRequest(_) => "open pull requests",
            Self::Named(words) => words,
        }
    }
}

/// The meaning of an answer.
#[derive(Debug)]
pub(super) enum Meaning {
    Done,
    /// The head branch already has an open pull request.
    AlreadyThere,
    /// Too many requests. The server may say how long to wait.
    Limited {
        retry_after: Option<Duration>,
        message: String,
    },
    /// The server failed; it may have done what was asked.
    Unclear {
        retry_after: Option<Duration>,
        message: String,
    },
    /// The server will not do it, however often it is asked.
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
    pub(super) fn meaning(&self, context: &ErrorContext<'_>, now: u64) -> Meaning {
        if (200..300).contains(&self.status) {
            return Meaning::Done;
        }
        let fault: Fault = serde_json::from_str(&self.text).unwrap_or_default();
        let message = self.message(&fault);
        if self.status >= 500 || self.status == 408 {
            // A failing server may still send the rate headers of a healthy one: only `retry-after` counts.
            return Meaning::Unclear {
                retry_after: self.retry_after(),
                message,
            };
        }
        if self.is_limit(&message) {
            return Meaning::Limited {
                retry_after: self.retry_after().or_else(|| self.until_reset(now)),
                message,
            };
        }
        let repo = context.repo.to_owned();
        let token = context.token.to_owned();
        Meaning::Refused(match (self.status, context.operation) {
            (401, _) => ForgeError::TokenRefused {
                host: context.host.to_owned(),
                token,
            },
            (403, operation) => self.forbidden(repo, token, operation, message),
            (404, _) => ForgeError::NotVisible { repo, token },
            (422, Operation::OpenPullRequest(request)) => {
                return invalid(request, repo, message, &fault);
            }
            (status, _) => ForgeError::Refused {
                repo,
                status,
                message,
            },
        })
    }

    /// Returns the words of the answer on one line, short enough for a sentence: the text can be a whole error page.
    fn message(&self, fault: &Fault) -> String {
        let mut parts: Vec<&str> = fault.message.as_deref().into_iter().collect();
        for error in &fault.errors {
            let detail = error.as_str().or_else(|| error.get("message")?.as_str());
            parts.extend(detail.or_else(|| error.get("code")?.as_str()));
        }
        let text = if parts.is_empty() {
            self.text.clone()
        } else {
            parts.join(": ")
        };
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
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
            // The limit on new content shows as a fault of the request.
            422 => message.contains("submitted too quickly"),
            _ => false,
        }
    }

    /// Returns how long the server answers no further request, where this one used up the last.
    pub(super) fn until_reset(&self, now: u64) -> Option<Duration> {
        let reset = self.reset.filter(|_| self.remaining == Some(0))?;
        // Clocks differ a little; a second too late is better than a second too early.
        (reset > now).then(|| Duration::from_secs(reset - now + 1))
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after.map(Duration::from_secs)
    }

    fn forbidden(
        &self,
        repo: String,
        token: String,
        operation: Operation<'_>,
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
            doing: operation.words(),
            message,
            needs,
        }
    }
}

/// Words `issues=write; pull_requests=write` as the page of a token's settings does: `Issues: write or Pull requests:
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

/// Interprets a 422 to the creation of a pull request.
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
            options: crate::forge::PullRequestOptions::default(),
        };
        let context = ErrorContext {
            repo: "github.com/acme/shop",
            host: "github.com",
            token: "GH_TOKEN",
            operation: Operation::OpenPullRequest(&request),
        };
        answer.meaning(&context, 1_000)
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
                "{\"message\":\"Although you appear to have the correct authorization credentials, the `acme` \
                 organization has an IP allow list enabled, and your IP address is not permitted to access this \
                 resource.\"}",
            ),
            sentence(404, r#"{"message":"Not Found"}"#),
            sentence(
                422,
                concat!(
                    r#"{"message":"Validation Failed","#,
                    r#""errors":[{"code":"custom","message":"No commits between main and batch/r/u"}]}"#,
                ),
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
        insta::assert_snapshot!(all.join("\n"), @"
        github.com refused the token from GH_TOKEN (401): it is wrong or has expired; make a new one, or run `gh auth \
        login`
        the token from GH_TOKEN may not open pull requests in github.com/acme/shop (403: Must have push access); it \
        needs Pull requests: write (classic tokens: the scope `repo`)
        the token from GH_TOKEN may not open pull requests in github.com/acme/shop (403: Resource not accessible by \
        personal access token); it needs Issues: write or Pull requests: write and Contents: read
        the organisation of github.com/acme/shop requires single sign-on for the token from GH_TOKEN; authorise it at \
        https://github.com/orgs/acme/sso?x=1
        github.com/acme/shop is archived and takes no pull requests; unarchive it, or use another remote
        github.com/acme/shop takes no requests from this machine's address (Although you appear to have the correct \
        authorization credentials, the `acme` organization has an IP allow list enabled, and your IP address is not \
        permitted to access this resource.); use an allowed network
        github.com/acme/shop does not exist, or the token from GH_TOKEN cannot see it (404); check the remote's \
        address and the token's repository access
        there are no commits between main and batch/r/u in github.com/acme/shop: nothing to open a pull request for
        github.com/acme/shop has no branch \"batch/r/u\" for a pull request to come from; was it pushed?
        github.com/acme/shop has no branch \"main\" for a pull request to go to; choose a branch of the remote as the \
        base
        github.com/acme/shop refused the request (422): Draft pull requests are not supported in this repository.
        github.com/acme/shop refused the request (307): status 307
        ");
    }

    #[test]
    fn limits_differ_from_refusals_and_say_how_long() {
        let seconds = |answer: Answer| match meaning(&answer) {
            Meaning::Limited { retry_after, .. } => retry_after.map(|it| it.as_secs()),
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
