//! Whether who asks may push to a repository, and their fork of it.

use serde::Deserialize;
use serde_json::json;

use super::GitHubForge;
use super::answer::Doing;
use super::wire::Sent;
use crate::config::RepoName;
use crate::forge::{ForgeError, GitHubRepo, Waits};

impl GitHubForge {
    /// Whether who asks may push to the repository.
    ///
    /// # Errors
    /// When the server does not tell.
    pub async fn may_push(&self, waits: &Waits) -> Result<bool, ForgeError> {
        #[derive(Deserialize)]
        struct Repository {
            permissions: Option<Permissions>,
        }
        #[derive(Deserialize)]
        struct Permissions {
            push: bool,
        }
        let session = self.session(waits).await?;
        let found: Repository = self.read(session, "", waits).await?;
        // A server that does not say it takes the push, or refuses it with a reason.
        Ok(found.permissions.is_none_or(|it| it.push))
    }

    /// The fork of who asks. Where there is none, the server makes one, whose git comes a while later.
    ///
    /// # Errors
    /// When there is none and none may be made.
    pub async fn fork(&self, waits: &Waits) -> Result<GitHubRepo, ForgeError> {
        #[derive(Deserialize)]
        struct Fork {
            full_name: String,
        }
        let session = self.session(waits).await?;
        // Asked for a second time, the server gives the same one.
        let body = json!({});
        let sent = Sent::Post("/forks", &body);
        let doing = Doing::Changing("make forks");
        let made: Fork = self.change(session, sent, doing, waits).await?;
        let name: Result<RepoName, String> = made.full_name.parse();
        name.map(|name| self.repo.called(&name))
            .map_err(|message| ForgeError::Refused {
                repo: self.repo.place(),
                status: 202,
                message,
            })
    }
}
