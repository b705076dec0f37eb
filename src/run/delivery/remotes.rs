//! The remotes of a run: the remote of the settings, and repositories that are not in git's configuration.
//!
//! Addresses are never shown, because people keep passwords in them.

use crate::config::Config;
use crate::forge::GitHubRepo;
use crate::git::{GitError, Repo};
use crate::run::delivery::error::DeliveryError;

/// A remote with its push addresses.
pub struct Remote {
    pub(crate) name: String,
    urls: Vec<String>,
}

/// A remote that is not in git's configuration: its name for git, and its address.
#[derive(Clone, PartialEq, Eq)]
pub struct Unlisted {
    pub(crate) name: String,
    address: String,
}

impl Remote {
    /// Returns the remote of the settings, if there is one.
    pub fn find(repo: &Repo, config: &Config) -> Result<Option<Self>, GitError> {
        let Some(name) = repo.remote(config.publish.remote.as_deref())? else {
            return Ok(None);
        };
        let urls = repo.push_urls(&name)?;
        Ok(Some(Self { name, urls }))
    }

    /// Returns the first address.
    pub(crate) fn address(&self) -> &str {
        self.urls.first().map_or("", String::as_str)
    }

    /// Checks whether it is a folder on this machine, so that a push there notifies nobody.
    pub(crate) fn is_local(&self) -> bool {
        self.urls.iter().all(|url| {
            ["file://", "/", "./", "../"]
                .iter()
                .any(|start| url.starts_with(start))
        })
    }
}

impl Unlisted {
    /// Returns the repository as a remote that git reaches in the same way as `address`.
    pub(crate) fn of(repo: &GitHubRepo, address: &str) -> Result<Self, DeliveryError> {
        let name = repo.place();
        match repo.address_like(address) {
            Some(address) => Ok(Self { name, address }),
            None => Err(DeliveryError::NoWay { repo: name }),
        }
    }

    pub(crate) fn reach(&self, repo: Repo) -> Repo {
        repo.with_remote(self.name.clone(), self.address.clone())
    }
}
