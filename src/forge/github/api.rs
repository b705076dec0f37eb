//! The API of one repository within a session: reads, lists and changes below the repository's own address.
//!
//! The operations on pull requests and issues are methods of [`Api`], a file each. Knows nothing of them.

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;

use super::answer::{ErrorContext, Operation};
use super::client::{Client, Request};
use super::connection::{Connection, Rest};
use super::repo::GitHubRepo;
use crate::config::RepoName;
use crate::forge::error::ForgeError;
use crate::forge::wait::WaitReporter;

/// The most items that the server puts into one answer.
const PAGE: usize = 100;

/// The API of one repository.
pub(super) struct Api<'a> {
    connection: &'a Connection,
    pub(super) rest: &'a Rest,
    pub(super) client: Client<'a>,
    waits: &'a WaitReporter,
    /// The repository in words: `github.com/acme/shop`.
    pub(super) place: String,
}

impl<'a> Api<'a> {
    pub(super) async fn connect(
        connection: &'a Connection,
        waits: &'a WaitReporter,
    ) -> Result<Self, ForgeError> {
        let rest = connection.rest(waits).await?;
        Ok(Self {
            connection,
            rest,
            client: connection.client(&rest.octocrab, waits),
            waits,
            place: connection.repo.place(),
        })
    }
}

impl Api<'_> {
    /// Returns the full route of one below the repository's own address.
    pub(super) fn route(&self, below: &str) -> String {
        format!("/repos/{}{below}", self.rest.full_name)
    }

    pub(super) fn context<'a>(&'a self, operation: Operation<'a>) -> ErrorContext<'a> {
        self.connection.context(&self.place, operation)
    }

    /// Reads something.
    pub(super) async fn read<T: DeserializeOwned>(&self, below: &str) -> Result<T, ForgeError> {
        let context = self.context(Operation::READ);
        self.client.read(&self.route(below), &context).await
    }

    /// Reads a list to its end, page by page; `items` takes them out of a page.
    pub(super) async fn pages<P: DeserializeOwned, T>(
        &self,
        below: &str,
        items: impl Fn(P) -> Vec<T>,
    ) -> Result<Vec<T>, ForgeError> {
        let joint = if below.contains('?') { '&' } else { '?' };
        let mut all = Vec::new();
        for number in 1.. {
            let route = format!("{below}{joint}per_page={PAGE}&page={number}");
            let page = items(self.read(&route).await?);
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                break;
            }
        }
        Ok(all)
    }

    /// Sends a change that does no harm when it arrives twice.
    pub(super) async fn change<T: DeserializeOwned>(
        &self,
        request: Request<'_>,
        operation: Operation<'_>,
    ) -> Result<T, ForgeError> {
        let route = self.route(request.route);
        let context = self.context(operation);
        self.client.change(request.at(&route), &context).await
    }

    /// Sends a change whose answer does not matter, and which does no harm when it arrives twice.
    pub(super) async fn send(
        &self,
        request: Request<'_>,
        operation: Operation<'_>,
    ) -> Result<(), ForgeError> {
        self.change::<IgnoredAny>(request, operation)
            .await
            .map(drop)
    }

    /// Sends a GraphQL document, and returns the data of its answer.
    pub(super) async fn graphql(
        &self,
        document: &Value,
        operation: Operation<'_>,
    ) -> Result<Value, ForgeError> {
        let octocrab = self.connection.graphql().await?;
        let client = self.connection.client(octocrab, self.waits);
        let context = self.context(operation);
        let request = Request::post("/graphql", document);
        let mut answer: Value = client.change(request, &context).await?;
        match answer["errors"][0]["message"].as_str() {
            None => Ok(answer["data"].take()),
            Some(message) => Err(ForgeError::Refused {
                repo: self.place.clone(),
                status: 200,
                message: message.to_owned(),
            }),
        }
    }

    /// Returns another repository on the same server.
    pub(super) fn sibling(&self, name: &RepoName) -> GitHubRepo {
        self.connection.repo.called(name)
    }
}
