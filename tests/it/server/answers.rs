//! The whole form of GitHub's answers, most of which the program never looks at.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::state::Pull;

const THEN: &str = "2024-05-01T12:00:00Z";
const ZEROS: &str = "0000000000000000000000000000000000000000";

/// Answers of a server with this address.
pub struct Answers<'a>(pub &'a str);

impl Answers<'_> {
    fn repo_url(&self) -> String {
        format!("{}/repos/acme/shop", self.0)
    }

    pub fn user(&self, login: &str) -> Value {
        let url = format!("{}/users/{login}", self.0);
        let mut user = json!({
            "login": login, "id": 1, "node_id": "U_1", "gravatar_id": "", "type": "User",
            "site_admin": false, "url": url,
            "avatar_url": format!("{}/avatars/{login}", self.0),
            "html_url": format!("https://127.0.0.1/{login}"),
        });
        for name in [
            "events",
            "followers",
            "following",
            "gists",
            "organizations",
            "received_events",
            "repos",
            "starred",
            "subscriptions",
        ] {
            user[format!("{name}_url")] = json!(format!("{url}/{name}"));
        }
        user
    }

    pub fn repository(&self) -> Value {
        let url = self.repo_url();
        let html = "https://127.0.0.1/acme/shop";
        let mut repo = json!({
            "id": 1, "node_id": "R_1", "name": "shop", "full_name": "acme/shop",
            "owner": self.user("acme"), "private": false, "fork": false, "archived": false,
            "disabled": false, "description": null, "homepage": null, "language": null,
            "license": null, "mirror_url": null, "default_branch": "main",
            "url": url, "html_url": html,
            "clone_url": format!("{html}.git"), "svn_url": html,
            "git_url": "git://127.0.0.1/acme/shop.git", "ssh_url": "git@127.0.0.1:acme/shop.git",
            "created_at": THEN, "updated_at": THEN, "pushed_at": THEN,
        });
        for name in [
            "forks",
            "forks_count",
            "open_issues",
            "open_issues_count",
            "size",
            "stargazers_count",
            "watchers",
            "watchers_count",
        ] {
            repo[name] = json!(0);
        }
        for name in ["downloads", "issues", "projects", "wiki", "pages"] {
            repo[format!("has_{name}")] = json!(true);
        }
        for name in [
            "archive",
            "assignees",
            "blobs",
            "branches",
            "collaborators",
            "comments",
            "commits",
            "compare",
            "contents",
            "contributors",
            "deployments",
            "downloads",
            "events",
            "forks",
            "git_commits",
            "git_refs",
            "git_tags",
            "hooks",
            "issue_comment",
            "issue_events",
            "issues",
            "keys",
            "labels",
            "languages",
            "merges",
            "milestones",
            "notifications",
            "pulls",
            "releases",
            "stargazers",
            "statuses",
            "subscribers",
            "subscription",
            "tags",
            "teams",
            "trees",
        ] {
            repo[format!("{name}_url")] = json!(format!("{url}/{name}"));
        }
        repo
    }

    pub fn full_repository(&self) -> Value {
        let mut repo = self.repository();
        repo["permissions"] = json!({
            "admin": false, "maintain": false, "push": true, "triage": true, "pull": true,
        });
        repo["network_count"] = json!(0);
        repo["subscribers_count"] = json!(0);
        repo["has_discussions"] = json!(false);
        repo
    }

    /// The repository `batch-user/shop`.
    pub fn fork(&self) -> Value {
        let mut fork = self.full_repository();
        fork["owner"] = self.user("batch-user");
        fork["full_name"] = json!("batch-user/shop");
        fork["fork"] = json!(true);
        fork["parent"] = self.repository();
        fork["source"] = self.repository();
        fork
    }

    pub fn label(&self, name: &str) -> Value {
        json!({
            "id": 1, "node_id": "L_1", "name": name, "description": "", "color": "ededed",
            "default": false, "url": format!("{}/labels/{name}", self.repo_url()),
        })
    }

    pub fn labels(&self, names: &[String]) -> Value {
        names.iter().map(|name| self.label(name)).collect()
    }

    pub fn milestone(&self, number: u64, title: &str) -> Value {
        let url = format!("{}/milestones/{number}", self.repo_url());
        json!({
            "id": number, "node_id": format!("MI_{number}"), "number": number, "state": "open",
            "title": title, "description": null, "creator": self.user("acme"),
            "open_issues": 0, "closed_issues": 0, "created_at": THEN, "updated_at": THEN,
            "closed_at": null, "due_on": null, "url": url, "labels_url": format!("{url}/labels"),
            "html_url": format!("https://127.0.0.1/acme/shop/milestone/{number}"),
        })
    }

    fn side(&self, owner: &str, branch: &str, sha: &str) -> Value {
        let mut repo = self.repository();
        repo["full_name"] = json!(format!("{owner}/shop"));
        json!({
            "label": format!("{owner}:{branch}"), "ref": branch, "sha": sha,
            "repo": repo, "user": self.user(owner),
        })
    }

    /// A pull request as lists have it.
    pub fn pull(&self, pull: &Pull, branches: &HashMap<String, String>) -> Value {
        let number = pull.number;
        let url = format!("{}/pulls/{number}", self.repo_url());
        let issue = format!("{}/issues/{number}", self.repo_url());
        let html = format!("https://127.0.0.1/acme/shop/pull/{number}");
        let users = |names: &[String]| -> Value { names.iter().map(|it| self.user(it)).collect() };
        let links: Map<String, Value> = [
            ("self", url.clone()),
            ("html", html.clone()),
            ("issue", issue.clone()),
            ("comments", format!("{issue}/comments")),
            ("review_comments", format!("{url}/comments")),
            ("review_comment", format!("{url}/comments/1")),
            ("commits", format!("{url}/commits")),
            (
                "statuses",
                format!("{}/statuses/{}", self.repo_url(), pull.sha),
            ),
        ]
        .into_iter()
        .map(|(name, href)| (name.to_owned(), json!({ "href": href })))
        .collect();
        let base = branches.get(&pull.base).map_or(ZEROS, String::as_str);
        let closed = (!pull.open).then_some(THEN);
        json!({
            "id": number, "node_id": format!("PR_{number}"), "number": number,
            "state": if pull.open { "open" } else { "closed" }, "locked": false,
            "title": pull.title, "body": pull.body, "user": self.user("batch-user"),
            "draft": pull.draft, "author_association": "OWNER",
            "auto_merge": pull.auto_merge.as_ref().map(|method| json!({
                "enabled_by": self.user("batch-user"), "merge_method": method,
                "commit_title": "", "commit_message": "",
            })),
            "head": self.side(pull.owner(), &pull.head, &pull.sha),
            "base": self.side("acme", &pull.base, base),
            "labels": self.labels(&pull.labels), "assignees": users(&pull.assignees),
            "assignee": pull.assignees.first().map(|name| self.user(name)),
            "requested_reviewers": users(&pull.reviewers),
            "requested_teams": pull.teams.iter().map(|slug| self.team(slug)).collect::<Value>(),
            "milestone": pull.milestone.map(|number| self.milestone(number, &number.to_string())),
            "created_at": THEN, "updated_at": THEN, "closed_at": closed,
            "merged_at": pull.merged.as_ref().map(|_| THEN), "merge_commit_sha": pull.merged,
            "url": url, "html_url": html, "issue_url": issue,
            "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
            "commits_url": format!("{url}/commits"), "comments_url": format!("{issue}/comments"),
            "review_comments_url": format!("{url}/comments"),
            "review_comment_url": format!("{url}/comments/1"),
            "statuses_url": format!("{}/statuses/{}", self.repo_url(), pull.sha),
            "_links": links,
        })
    }

    /// A pull request as it is told by itself.
    pub fn full_pull(
        &self,
        pull: &Pull,
        branches: &HashMap<String, String>,
        mergeable: Option<bool>,
    ) -> Value {
        let mut told = self.pull(pull, branches);
        told["merged"] = json!(pull.merged.is_some());
        told["merged_by"] = json!(pull.merged.as_ref().map(|_| self.user("batch-user")));
        told["mergeable"] = json!(mergeable);
        told["mergeable_state"] = json!(match mergeable {
            Some(true) => "clean",
            Some(false) => "dirty",
            None => "unknown",
        });
        told["maintainer_can_modify"] = json!(false);
        for name in [
            "additions",
            "changed_files",
            "commits",
            "deletions",
            "review_comments",
        ] {
            told[name] = json!(1);
        }
        told["comments"] = json!(pull.comments.len());
        told
    }

    fn team(&self, slug: &str) -> Value {
        let url = format!("{}/orgs/acme/teams/{slug}", self.0);
        json!({
            "id": 1, "node_id": "T_1", "name": slug, "slug": slug, "description": null,
            "privacy": "closed", "permission": "push", "url": url, "parent": null,
            "html_url": format!("https://127.0.0.1/orgs/acme/teams/{slug}"), "type": "organization",
            "organization_id": 1,
            "members_url": format!("{url}/members{{/member}}"), "repositories_url": format!("{url}/repos"),
        })
    }

    pub fn issue(&self, pull: &Pull, milestone: Option<&Value>) -> Value {
        let url = format!("{}/issues/{}", self.repo_url(), pull.number);
        let users = |names: &[String]| -> Value { names.iter().map(|it| self.user(it)).collect() };
        json!({
            "id": pull.number, "node_id": format!("I_{}", pull.number), "number": pull.number,
            "state": if pull.open { "open" } else { "closed" }, "locked": false,
            "title": pull.title, "body": pull.body, "user": self.user("batch-user"),
            "labels": self.labels(&pull.labels), "assignees": users(&pull.assignees),
            "assignee": pull.assignees.first().map(|name| self.user(name)),
            "milestone": milestone, "comments": pull.comments.len(),
            "author_association": "OWNER", "closed_at": null, "created_at": THEN, "updated_at": THEN,
            "url": url, "repository_url": self.repo_url(), "labels_url": format!("{url}/labels"),
            "comments_url": format!("{url}/comments"), "events_url": format!("{url}/events"),
            "html_url": format!("https://127.0.0.1/acme/shop/pull/{}", pull.number),
        })
    }

    /// A pull request in a list of issues.
    pub fn pull_as_issue(&self, pull: &Pull) -> Value {
        let html = format!("https://127.0.0.1/acme/shop/pull/{}", pull.number);
        let mut issue = self.issue(pull, None);
        issue["pull_request"] = json!({
            "url": format!("{}/pulls/{}", self.repo_url(), pull.number), "html_url": html,
            "diff_url": format!("{html}.diff"), "patch_url": format!("{html}.patch"),
        });
        issue
    }

    /// An issue that is no pull request.
    pub fn own_issue(&self, number: u64, title: &str, text: &str) -> Value {
        let like = Pull {
            number,
            title: title.to_owned(),
            body: text.to_owned(),
            open: true,
            ..Pull::default()
        };
        let mut issue = self.issue(&like, None);
        issue["html_url"] = json!(format!("https://127.0.0.1/acme/shop/issues/{number}"));
        issue
    }

    pub fn comments(&self, pull: &Pull) -> Vec<Value> {
        let issue = format!("{}/issues/{}", self.repo_url(), pull.number);
        let html = format!("https://127.0.0.1/acme/shop/pull/{}", pull.number);
        let told = |(id, text): (u64, &String)| {
            json!({
                "id": id, "node_id": format!("IC_{id}"), "body": text, "user": self.user("batch-user"),
                "url": format!("{}/issues/comments/{id}", self.repo_url()), "issue_url": issue,
                "html_url": format!("{html}#issuecomment-{id}"), "author_association": "OWNER",
                "created_at": THEN, "updated_at": THEN,
            })
        };
        (1..).zip(&pull.comments).map(told).collect()
    }

    pub fn reviews(&self, pull: &Pull) -> Vec<Value> {
        let url = format!("{}/pulls/{}", self.repo_url(), pull.number);
        let html = format!("https://127.0.0.1/acme/shop/pull/{}", pull.number);
        let told = |id: u64, login: &str, (association, state, body): (&str, &str, &str)| {
            json!({
                "id": id, "node_id": format!("PRR_{id}"), "user": self.user(login), "body": body,
                "state": state, "commit_id": pull.sha, "submitted_at": THEN,
                "html_url": format!("{html}#pullrequestreview-{id}"), "pull_request_url": url,
                "author_association": association,
                "_links": { "html": { "href": html }, "pull_request": { "href": url } },
            })
        };
        let plain = (1..).zip(&pull.reviews);
        let plain = plain.map(|(id, (login, state))| told(id, login, ("MEMBER", state, "")));
        let objections = (100..).zip(&pull.objections).map(|(id, it)| {
            let words = (it.association, "CHANGES_REQUESTED", it.body.as_str());
            told(id, &it.login, words)
        });
        plain.chain(objections).collect()
    }

    pub fn check_runs(&self, sha: &str, pull: &Pull) -> Vec<Value> {
        let told = |(at, conclusion): (u64, Option<&str>)| {
            let id = pull.number * 1000 + at;
            let url = format!("{}/check-runs/{id}", self.repo_url());
            let failed = conclusion == Some("failure");
            let summary =
                (failed && !pull.failing.summary.is_empty()).then_some(&pull.failing.summary);
            let annotations = if failed {
                pull.failing.annotations.len()
            } else {
                0
            };
            let details = match (&pull.failing.log, failed) {
                (Some(_), true) => format!("https://127.0.0.1/acme/shop/actions/runs/1/job/{id}"),
                _ => url.clone(),
            };
            json!({
                "id": id, "node_id": format!("CR_{id}"), "head_sha": sha, "external_id": "",
                "name": format!("check {at}"), "url": url, "html_url": url, "details_url": details,
                "status": if conclusion.is_some() { "completed" } else { "in_progress" },
                "conclusion": conclusion, "started_at": THEN,
                "completed_at": conclusion.map(|_| THEN), "check_suite": { "id": 1 },
                "output": {
                    "title": null, "summary": summary, "text": null,
                    "annotations_count": annotations,
                    "annotations_url": format!("{url}/annotations"),
                },
                "app": null, "pull_requests": [],
            })
        };
        (1..).zip(pull.checks.iter().copied()).map(told).collect()
    }

    pub fn annotations(pull: &Pull) -> Vec<Value> {
        let told = |(path, line, words): &(String, u64, String)| {
            json!({
                "path": path, "start_line": line, "end_line": line, "start_column": null,
                "end_column": null, "annotation_level": "failure", "title": null,
                "message": words, "raw_details": null,
                "blob_href": format!("https://127.0.0.1/acme/shop/blob/{}/{path}", pull.sha),
            })
        };
        pull.failing.annotations.iter().map(told).collect()
    }

    /// What reviewers say of lines.
    pub fn remarks(&self, pull: &Pull) -> Vec<Value> {
        let pull_url = format!("{}/pulls/{}", self.repo_url(), pull.number);
        let html = format!("https://127.0.0.1/acme/shop/pull/{}", pull.number);
        let mut all = Vec::new();
        for (review, objection) in (100_u64..).zip(&pull.objections) {
            for (path, line, words) in &objection.comments {
                let id = all.len() + 1;
                let url = format!("{}/pulls/comments/{id}", self.repo_url());
                all.push(json!({
                    "id": id, "node_id": format!("PRRC_{id}"), "pull_request_review_id": review,
                    "url": url, "html_url": format!("{html}#discussion_r{id}"),
                    "pull_request_url": pull_url, "diff_hunk": "@@ -1 +1 @@", "path": path,
                    "line": line, "original_line": line, "commit_id": pull.sha,
                    "original_commit_id": pull.sha, "user": self.user(&objection.login),
                    "body": words, "created_at": THEN, "updated_at": THEN,
                    "author_association": objection.association,
                    "_links": {
                        "self": { "href": url }, "html": { "href": html },
                        "pull_request": { "href": pull_url },
                    },
                }));
            }
        }
        all
    }

    pub fn status(&self, sha: &str, statuses: &[(String, &str, String)]) -> Value {
        let commit = format!("{}/commits/{sha}", self.repo_url());
        let told = |(id, (context, state, words)): (u64, &(String, &str, String))| {
            json!({
                "id": id, "node_id": format!("SC_{id}"), "state": state, "context": context,
                "description": words, "target_url": null, "avatar_url": null,
                "url": format!("{}/statuses/{sha}", self.repo_url()),
                "created_at": THEN, "updated_at": THEN,
            })
        };
        let is_red = statuses.iter().any(|(_, state, _)| *state != "success");
        json!({
            "state": match (statuses.is_empty(), is_red) {
                (true, _) => "pending",
                (false, true) => "failure",
                (false, false) => "success",
            },
            "sha": sha, "total_count": statuses.len(),
            "statuses": (1..).zip(statuses).map(told).collect::<Vec<_>>(),
            "repository": self.repository(), "commit_url": commit, "url": format!("{commit}/status"),
        })
    }

    pub fn comparison(&self, base: &str, common: &str, ahead: u64, behind: u64) -> Value {
        let url = format!("{}/compare/{base}", self.repo_url());
        json!({
            "url": url, "html_url": url, "permalink_url": url,
            "diff_url": format!("{url}.diff"), "patch_url": format!("{url}.patch"),
            "base_commit": self.commit(base), "merge_base_commit": self.commit(common),
            "status": match (ahead, behind) {
                (0, 0) => "identical",
                (_, 0) => "ahead",
                (0, _) => "behind",
                _ => "diverged",
            },
            "ahead_by": ahead, "behind_by": behind, "total_commits": ahead, "commits": [],
            "files": [],
        })
    }

    /// A commit as the list of a pull request's has it.
    pub fn listed_commit(&self, told: &[String; 5]) -> Value {
        let [author, email, date, parents, words] = told;
        let who = json!({ "name": author, "email": email, "date": date });
        let mut commit = self.commit(ZEROS);
        commit["commit"]["author"] = who;
        commit["commit"]["message"] = json!(words.trim());
        commit["parents"] = parents
            .split_whitespace()
            .map(|sha| json!({ "sha": sha, "url": format!("{}/commits/{sha}", self.repo_url()) }))
            .collect();
        commit
    }

    fn commit(&self, sha: &str) -> Value {
        let url = format!("{}/commits/{sha}", self.repo_url());
        let who = json!({ "name": "Ada", "email": "ada@acorn.example", "date": THEN });
        json!({
            "url": url, "sha": sha, "node_id": "C_1", "html_url": url,
            "comments_url": format!("{url}/comments"), "author": self.user("ada"),
            "committer": self.user("ada"), "parents": [],
            "commit": {
                "url": url, "author": who, "committer": who, "message": "work", "comment_count": 0,
                "tree": { "sha": ZEROS, "url": format!("{}/git/trees/{ZEROS}", self.repo_url()) },
            },
        })
    }
}
