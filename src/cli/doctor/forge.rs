//! Examines where pull requests would go, and why there.

use super::finding::Finding;
use super::machine::Machine;
use crate::config::Config;
use crate::forge::{Server, Token};
use crate::git::Repo;
use crate::run::{Place, Remote, WhyLocal, place};

const SUBJECT: &str = "forge";

pub(super) fn choice(repo: &Repo, config: &Config, machine: &Machine<'_>) -> Finding {
    let remote = match Remote::find(repo, config) {
        Ok(remote) => remote,
        Err(error) => return Finding::error(SUBJECT, error),
    };
    let variable = |name: &str| Some(machine.variable(name)?.to_str()?.to_owned());
    let find_token = |server: Server<'_>| Token::find(server, variable, machine.gh);
    match place(config, remote.as_ref(), find_token) {
        Ok(Place::GitHub { repo, token, .. }) => Finding::ok(
            SUBJECT,
            format!(
                "{}/{}, with the token from {}",
                repo.host,
                repo.full_name(),
                token.source()
            ),
        ),
        Ok(Place::Local(why)) => {
            let words = format!("pull requests are pages in this repository, {why}");
            match why {
                WhyLocal::NoToken { .. } => Finding::warning(SUBJECT, words),
                _ => Finding::ok(SUBJECT, words),
            }
        }
        Err(error) => Finding::error(SUBJECT, error),
    }
}
