//! Reads the address of a git remote: the repository on GitHub that it leads to, and the server's API.
//!
//! Text in, data out. Asks neither git nor the network.

use crate::config::RepoName;

/// A repository on github.com or on a GitHub Enterprise Server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitHubRepo {
    /// The host in the web address, lower-case, without a port.
    pub(crate) host: String,
    pub(crate) owner: String,
    pub(crate) name: String,
    /// The address of the server's REST API.
    pub(crate) api_url: String,
}

impl GitHubRepo {
    /// Reads a remote's URL; `None` when it does not lead to GitHub.
    ///
    /// GitHub is `github.com`, a host below `ghe.com` or that begins with `github.`, and the host of the `api_url` from
    /// the configuration.
    #[must_use]
    pub(crate) fn parse(remote: &str, api_url: Option<&str>) -> Option<Self> {
        let (host, port, path) = split(remote.trim())?;
        let host = match host.trim_end_matches('.').to_ascii_lowercase().as_str() {
            // Other names of the same server: for ssh over the https port, and with www.
            "ssh.github.com" | "www.github.com" => "github.com".to_owned(),
            other => other.to_owned(),
        };
        let is_tenant = host.ends_with(".ghe.com");
        if !host.starts_with("github.")
            && !is_tenant
            && !api_url.is_some_and(|url| serves(url, &host))
        {
            return None;
        }
        let path = path.trim_matches('/');
        let (owner, name) = path.split_once('/')?;
        let RepoName { owner, name } =
            RepoName::new(owner, name.strip_suffix(".git").unwrap_or(name))?;
        let api_url = match (api_url, host.as_str(), port) {
            (Some(url), ..) => url.trim().trim_end_matches('/').to_owned(),
            (None, "github.com", _) => "https://api.github.com".to_owned(),
            (None, host, _) if is_tenant => format!("https://api.{host}"),
            (None, host, Some(port)) => format!("https://{host}:{port}/api/v3"),
            (None, host, None) => format!("https://{host}/api/v3"),
        };
        Some(Self {
            host,
            owner,
            name,
            api_url,
        })
    }

    /// Returns the repository of this name on github.com, where the remote's host may be an ssh alias for it; `None`
    /// where the remote is another server's, or no server's.
    ///
    /// An alias only ever means github.com: if it meant the server of `api_url`, the author of that setting would get
    /// the token.
    #[must_use]
    pub(crate) fn behind_alias(
        remote: &str,
        name: &RepoName,
        api_url: Option<&str>,
    ) -> Option<Self> {
        is_by_ssh(remote.trim())
            .then(|| Self::parse(&format!("https://github.com/{name}"), api_url))
            .flatten()
    }

    /// Returns another repository on the same server.
    #[must_use]
    pub(crate) fn called(&self, name: &RepoName) -> Self {
        Self {
            owner: name.owner.clone(),
            name: name.name.clone(),
            ..self.clone()
        }
    }

    /// Checks whether both have the same name on the same server.
    #[must_use]
    pub(crate) fn is(&self, other: &Self) -> bool {
        self.host == other.host && self.full_name().eq_ignore_ascii_case(&other.full_name())
    }

    /// Returns the address for git, with the protocol and user of `remote`.
    #[must_use]
    pub(crate) fn address_like(&self, remote: &str) -> Option<String> {
        let (remote, name) = (remote.trim(), self.full_name());
        if remote.contains("://") {
            let mut url = url::Url::parse(remote).ok()?;
            url.set_path(&format!("/{name}.git"));
            return Some(url.to_string());
        }
        let (before, _) = remote.split_once(':')?;
        Some(format!("{before}:{name}.git"))
    }

    /// Returns the name with the server: `github.com/acme/shop`.
    #[must_use]
    pub(crate) fn place(&self) -> String {
        format!("{}/{}", self.host, self.full_name())
    }

    /// Returns `owner/name`.
    #[must_use]
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

/// Checks whether an API's address belongs to the server that a remote is on.
///
/// Anybody may have written an address in a repository's configuration; the token goes only where the remote is.
pub(crate) fn serves(api_url: &str, host: &str) -> bool {
    url::Url::parse(api_url.trim()).is_ok_and(|url| {
        url.host_str()
            .is_some_and(|api| api == host || api.strip_prefix("api.") == Some(host))
    })
}

/// Checks whether git reaches a remote by ssh, whose settings may give servers other names.
fn is_by_ssh(remote: &str) -> bool {
    match remote.split_once("://") {
        Some((scheme, _)) => matches!(scheme, "ssh" | "git+ssh" | "ssh+git"),
        None => split(remote).is_some_and(|(_, _, path)| !path.starts_with(':')),
    }
}

/// Splits the address of a remote on another machine into host, web port and path.
fn split(remote: &str) -> Option<(String, Option<u16>, String)> {
    if remote.contains("://") {
        let url = url::Url::parse(remote).ok()?;
        // Only the port of a web address is the API's; ssh and git have ports of their own.
        let port = match url.scheme() {
            "https" => url.port(),
            "http" | "ssh" | "git" | "git+ssh" | "ssh+git" => None,
            _ => return None,
        };
        return Some((url.host_str()?.to_owned(), port, url.path().to_owned()));
    }
    // gitprotocol(7): `[user@]host:path`, unless a slash stands before the first colon.
    let (before, path) = remote.split_once(':')?;
    if before.contains('/') || before.contains('\\') {
        return None;
    }
    let host = before.rsplit_once('@').map_or(before, |(_, host)| host);
    (!host.is_empty()).then(|| (host.to_owned(), None, path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(remote: &str) -> Option<String> {
        GitHubRepo::parse(remote, None)
            .map(|repo| format!("{} {} {}", repo.host, repo.full_name(), repo.api_url))
    }

    #[test]
    fn every_form_of_a_github_remote_is_read() {
        for remote in [
            "https://github.com/acme/shop",
            "https://github.com/acme/shop.git",
            "https://github.com/acme/shop.git/",
            "https://user:secret@GitHub.com/acme/shop.git",
            "https://www.github.com/acme/shop",
            "http://github.com/acme/shop",
            "git://github.com/acme/shop.git",
            "ssh://git@github.com/acme/shop.git",
            "ssh://git@github.com:22/acme/shop.git",
            "ssh://git@ssh.github.com:443/acme/shop.git",
            "git@github.com:acme/shop.git",
            "git@github.com:/acme/shop.git",
            "github.com:acme/shop",
            "  git@github.com:acme/shop.git\n",
        ] {
            assert_eq!(
                read(remote).as_deref(),
                Some("github.com acme/shop https://api.github.com"),
                "{remote}"
            );
        }
    }

    #[test]
    fn a_tenant_of_github_has_its_api_beside_its_own_host() {
        assert_eq!(
            read("git@acme.ghe.com:a/b.git").as_deref(),
            Some("acme.ghe.com a/b https://api.acme.ghe.com")
        );
        assert_eq!(read("git@acme-ghe.com:a/b.git"), None);
    }

    #[test]
    fn an_enterprise_server_has_its_api_below_its_own_host() {
        assert_eq!(
            read("git@github.acme.test:a/b.js.git").as_deref(),
            Some("github.acme.test a/b.js https://github.acme.test/api/v3")
        );
        assert_eq!(
            read("https://github.acme.test:8443/a/b").as_deref(),
            Some("github.acme.test a/b https://github.acme.test:8443/api/v3")
        );
        assert_eq!(
            read("ssh://git@github.acme.test:7999/a/b").as_deref(),
            Some("github.acme.test a/b https://github.acme.test/api/v3")
        );
    }

    #[test]
    fn a_configured_address_makes_its_host_github() {
        let parse = |remote| GitHubRepo::parse(remote, Some("https://code.acme.test/api/v3/"));
        let repo = parse("git@code.acme.test:a/b").expect("configured");
        assert_eq!(repo.api_url, "https://code.acme.test/api/v3");
        assert_eq!(parse("git@gitlab.acme.test:a/b"), None);
        assert!(serves("https://api.acme.ghe.com", "acme.ghe.com"));
        assert!(!serves("https://github.com.evil.test", "github.com"));
    }

    #[test]
    fn the_address_of_another_repository_keeps_protocol_and_user() {
        let repo = GitHubRepo::parse("git@github.com:ada/shop", None).expect("a server");
        for (remote, beside) in [
            (
                "https://ada:secret@github.com/acme/shop",
                "https://ada:secret@github.com/ada/shop.git",
            ),
            (
                "ssh://git@ssh.github.com:443/acme/shop.git",
                "ssh://git@ssh.github.com:443/ada/shop.git",
            ),
            (
                "git@github.com:acme/shop.git",
                "git@github.com:ada/shop.git",
            ),
            ("work:acme/shop", "work:ada/shop.git"),
        ] {
            assert_eq!(repo.address_like(remote).as_deref(), Some(beside));
        }
    }

    #[test]
    fn an_ssh_alias_means_github_com_whatever_is_configured() {
        let name: RepoName = "acme/shop".parse().expect("a name");
        for remote in [
            "work:acme/shop.git",
            "git@github.com-work:acme/shop.git",
            "ssh://work/acme/shop",
        ] {
            let repo = GitHubRepo::behind_alias(remote, &name, None).expect("an alias");
            assert_eq!(repo.place(), "github.com/acme/shop");
            assert_eq!(repo.api_url, "https://api.github.com");
            let theirs = Some("https://evil.test/api/v3");
            let repo = GitHubRepo::behind_alias(remote, &name, theirs).expect("an alias");
            assert_eq!(repo.host, "github.com");
            assert!(
                !serves(&repo.api_url, &repo.host),
                "refused before it is used"
            );
        }
    }

    #[test]
    fn an_address_without_an_alias_means_no_other_server() {
        let name: RepoName = "acme/shop".parse().expect("a name");
        for remote in [
            "",
            "https://gitlab.com/acme/shop",
            "git://gitlab.com/acme/shop",
            "file:///srv/shop.git",
            "/srv/shop.git",
            "../a:b/shop.git",
            "ext::sh -c true",
        ] {
            assert_eq!(
                GitHubRepo::behind_alias(remote, &name, None),
                None,
                "{remote}"
            );
        }
    }

    #[test]
    fn other_remotes_are_not_github() {
        for remote in [
            "",
            "/srv/git/github.com/acme/shop.git",
            "../github.com:acme/shop",
            "./github.com:acme/shop",
            "C:\\git\\shop",
            "file:///srv/github.com/acme/shop.git",
            "file://github.com/acme/shop.git",
            "https://gitlab.com/acme/shop.git",
            "https://notgithub.com/acme/shop",
            "https://example.com/github.com/acme/shop",
            "https://github.com/acme",
            "https://github.com/acme/shop/tree",
            "https://github.com/acme/..",
            "https://github.com/ac%2Fme/shop",
            "git@github.com:acme/sh?op",
        ] {
            assert_eq!(read(remote), None, "{remote}");
        }
    }
}
