//! Why a forge did not do what it was asked for.

use std::path::PathBuf;

/// Why a forge did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    #[error("the API address {url:?} cannot be used: {problem}")]
    Address { url: String, problem: &'static str },
    #[error("could not set up the connection to {host}: {problem}")]
    Setup { host: String, problem: String },
    #[error(
        "{host} refused the token from {token} (401): it is wrong or has expired; \
         make a new one, or run `gh auth login`"
    )]
    TokenRefused { host: String, token: String },
    #[error("the token from {token} may not {doing} in {repo} (403: {message}); it needs {needs}")]
    MissingPermission {
        repo: String,
        token: String,
        doing: &'static str,
        message: String,
        needs: String,
    },
    #[error(
        "the organisation of {repo} requires single sign-on for the token from {token}; authorise it at {link}"
    )]
    SingleSignOn {
        repo: String,
        token: String,
        link: String,
    },
    #[error(
        "{repo} does not exist, or the token from {token} cannot see it (404); \
         check the remote's address and the token's repository access"
    )]
    NotVisible { repo: String, token: String },
    #[error(
        "{repo} takes no requests from this machine's address ({message}); use an allowed network"
    )]
    AddressRefused { repo: String, message: String },
    #[error("{repo} is archived and takes no pull requests; unarchive it, or use another remote")]
    Archived { repo: String },
    #[error(
        "there are no commits between {base} and {head} in {repo}: nothing to open a pull request for"
    )]
    NothingBetween {
        repo: String,
        base: String,
        head: String,
    },
    #[error("{repo} has no branch {branch:?} for a pull request to come from; was it pushed?")]
    NoHead { repo: String, branch: String },
    #[error(
        "{repo} has no branch {branch:?} for a pull request to go to; choose a branch of the remote as the base"
    )]
    NoBase { repo: String, branch: String },
    #[error(
        "{url} comes from branch {head:?} but belongs to unit {unit} of run {run}, so it was not changed; \
         close it, or use another branch"
    )]
    Foreign {
        url: String,
        head: String,
        run: String,
        unit: String,
    },
    #[error("{repo} has no open milestone {wanted:?}; create it there, or name another")]
    NoMilestone { repo: String, wanted: String },
    #[error("{repo} refused the request ({status}): {message}")]
    Refused {
        repo: String,
        status: u16,
        message: String,
    },
    #[error(
        "{repo} reports an existing pull request for {head}, but lists none that is open into {base}; \
         close the other one or use another branch"
    )]
    Hidden {
        repo: String,
        head: String,
        base: String,
    },
    #[error(
        "{host} limits the rate of requests ({message}) for longer than is worth waiting; try again later"
    )]
    Limited { host: String, message: String },
    #[error(
        "{host} gave no usable answer (attempt {attempts}: {message}); try again when it can be reached"
    )]
    Unreachable {
        host: String,
        attempts: u32,
        message: String,
    },
    #[error(
        "the record of the pull request of unit {unit} cannot be read: {problem} ({}); \
         runs of earlier versions of batch have none",
        path.display()
    )]
    NoRecord {
        unit: String,
        path: PathBuf,
        problem: String,
    },
    #[error("could not write the pull request's page {}: {source}", path.display())]
    Page {
        path: PathBuf,
        source: std::io::Error,
    },
}
