//! The remotes of a run: the one that the settings mean, and repositories beside it that no settings of git's know.
//!
//! Addresses are never shown: people keep passwords in them.

use crate::config::Config;
use crate::forge::GitHubRepo;
use crate::git::{GitError, Repo};
use crate::run::delivery::error::DeliveryError;

/// A remote with the addresses that pushes to it go to.
pub struct Remote {
    pub(crate) name: String,
    urls: Vec<String>,
}

/// A remote that stands in no settings: what git calls it meanwhile, and where git finds it.
#[derive(Clone, PartialEq, Eq)]
pub struct Unlisted {
    pub(crate) name: String,
    address: String,
}

impl Remote {
    /// The remote that the settings mean, if there is one.
    pub fn find(repo: &Repo, config: &Config) -> Result<Option<Self>, GitError> {
        let Some(name) = repo.remote(config.publish.remote.as_deref())? else {
            return Ok(None);
        };
        let urls = repo.push_urls(&name)?;
        Ok(Some(Self { name, urls }))
    }

    /// The first of the addresses.
    pub(crate) fn address(&self) -> &str {
        self.urls.first().map_or("", String::as_str)
    }

    /// Whether it is a folder on this machine: pushing there tells nobody anything.
    pub(crate) fn is_local(&self) -> bool {
        self.urls.iter().all(|url| {
            ["file://", "/", "./", "../"]
                .iter()
                .any(|start| url.starts_with(start))
        })
    }
}

impl Unlisted {
    /// The repository as a remote that is reached in the same way as what `address` leads to.
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
