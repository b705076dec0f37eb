//! Settings of git that a repository's own configuration holds and that decide what a run starts or where it leads what
//! it sends, as an approval names them.

use crate::config::Deciding;
use crate::git::{GitError, Repo};

/// Finds these settings.
pub fn git_settings(repo: &Repo) -> Result<Deciding, GitError> {
    let settings = repo.deciding_settings()?;
    let all = settings.iter();
    Ok(all.fold(Deciding::default(), |deciding, (name, values)| {
        let shown = match &values[..] {
            [one] => format!("{one:?}"),
            several => format!("{several:?}"),
        };
        deciding.with(&format!("git config {name}"), &shown)
    }))
}
