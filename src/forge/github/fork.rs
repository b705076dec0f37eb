//! Asks whether the token's owner may push to the repository, and finds or makes their fork of it.

use serde::Deserialize;
use serde_json::json;

use super::answer::Operation;
use super::api::Api;
use super::client::Request;
use super::repo::GitHubRepo;
use crate::config::RepoName;
use crate::forge::error::ForgeError;

impl Api<'_> {
    pub(super) async fn may_push(&self) -> Result<bool, ForgeError> {
        #[derive(Deserialize)]
        struct Repository {
            permissions: Option<Permissions>,
        }
        #[derive(Deserialize)]
        struct Permissions {
            push: bool,
        }
        let found: Repository = self.read("").await?;
        // A server that gives no permissions takes the push, or refuses it with a reason.
        Ok(found.permissions.is_none_or(|it| it.push))
    }

    pub(super) async fn fork(&self) -> Result<GitHubRepo, ForgeError> {
        #[derive(Deserialize)]
        struct Fork {
            full_name: String,
        }
        // The server answers a second request with the same fork.
        let body = json!({});
        let forking = Operation::Named("make forks");
        let made: Fork = self.change(Request::post("/forks", &body), forking).await?;
        let name: Result<RepoName, String> = made.full_name.parse();
        name.map(|name| self.sibling(&name))
            .map_err(|message| ForgeError::Refused {
                repo: self.place.clone(),
                status: 202,
                message,
            })
    }
}
