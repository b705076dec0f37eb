//! What is asked for at which address, and what becomes of it.

use serde_json::{Value, json};

use super::answers::Answers;
use super::graphql;
use super::state::{Pull, State};
use super::{Answer, Asked};

pub fn answer(state: &mut State, asked: &Asked) -> Answer {
    let path = asked.path.trim_start_matches('/').to_owned();
    let path: Vec<String> = path.split('/').map(decoded).collect();
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let number = |text: &str| text.parse::<u64>().unwrap_or(0);
    match (&*asked.method, &path[..]) {
        ("POST", ["graphql"]) => graphql::answer(state, &asked.body),
        ("GET", ["repos", "acme", "shop"]) => {
            let mut repo = Answers(&state.address).full_repository();
            repo["permissions"]["push"] = json!(state.may_push);
            Answer::new(200, repo)
        }
        ("POST", ["repos", "acme", "shop", "forks"]) => {
            if !state.is_forked {
                state.bare.fork();
                state.is_forked = true;
            }
            Answer::new(202, Answers(&state.address).fork())
        }
        ("GET", ["repos", "batch-user", "shop"]) if state.is_forked => {
            Answer::new(200, Answers(&state.address).fork())
        }
        // It had this name once.
        ("GET", ["repos", "acme", "old-shop"]) => {
            let location = format!("{}/repos/acme/shop", state.address);
            Answer::message(301, "Moved Permanently").with("location", location)
        }
        (method, ["repos", "acme", "shop", rest @ ..]) => match (method, rest) {
            ("GET", ["pulls"]) => list(state, asked),
            ("POST", ["pulls"]) => create(state, &asked.body),
            ("GET", ["milestones"]) => {
                let answers = Answers(&state.address);
                let numbered = (1..).zip(&state.milestones);
                paged(
                    asked,
                    numbered
                        .map(|(number, title)| answers.milestone(number, title))
                        .collect(),
                )
            }
            ("GET", ["compare", span]) => compare(state, span),
            ("GET", ["commits", sha, "check-runs"]) => check_runs(state, asked, sha),
            ("GET", ["commits", sha, "status"]) => {
                let of_it = state.pulls.iter().find(|pull| pull.sha == *sha);
                let statuses = of_it.map(|pull| pull.statuses.clone());
                let told = Answers(&state.address).status(sha, &statuses.unwrap_or_default());
                Answer::new(200, told)
            }
            ("GET", ["check-runs", id, "annotations"]) => {
                let pull = state.pull(number(id) / 1000).clone();
                paged(asked, Answers::annotations(&pull))
            }
            ("GET", ["actions", "jobs", job, "logs"]) => {
                let host = state.address.replace("127.0.0.1", "localhost");
                Answer::new(302, Value::Null).with("location", format!("{host}/logs/{job}"))
            }
            ("GET", ["issues"]) => {
                let answers = Answers(&state.address);
                let pulls = state.pulls.iter().map(|pull| answers.pull_as_issue(pull));
                let own = (FIRST_ISSUE..).zip(&state.issues);
                let own = own.map(|(number, (title, text))| answers.own_issue(number, title, text));
                paged(asked, own.chain(pulls).collect())
            }
            ("POST", ["issues"]) => {
                let text = |field: &str| asked.body[field].as_str().unwrap_or_default().to_owned();
                state.issues.push((text("title"), text("body")));
                let number = FIRST_ISSUE + state.issues.len() as u64 - 1;
                own_issue(state, number, 201)
            }
            ("GET", ["issues", of]) if number(of) >= FIRST_ISSUE => {
                own_issue(state, number(of), 200)
            }
            ("PATCH", ["issues", of]) if number(of) >= FIRST_ISSUE => {
                let at = usize::try_from(number(of) - FIRST_ISSUE).expect("a number");
                if let (Some(text), Some(issue)) =
                    (asked.body["body"].as_str(), state.issues.get_mut(at))
                {
                    text.clone_into(&mut issue.1);
                }
                own_issue(state, number(of), 200)
            }
            (_, ["pulls" | "issues", of, ..]) if !is_there(state, number(of)) => {
                Answer::message(404, "Not Found")
            }
            ("GET", ["pulls", of]) => {
                let of = number(of);
                let told = full(state, of);
                let closes = state.closes_what_is_looked_at;
                let pull = state.pull(of);
                pull.asked = true;
                pull.open &= !closes;
                Answer::new(200, told)
            }
            ("PATCH", ["pulls", of]) => edit(state, number(of), &asked.body),
            ("PUT", ["pulls", of, "merge"]) => merge(state, number(of), &asked.body),
            ("GET", ["pulls", of, "commits"]) => {
                let told = commits(state, number(of));
                let told = told.iter().map(|commit| state.bare.told(commit));
                let listed = told.map(|told| Answers(&state.address).listed_commit(&told));
                paged(asked, listed.collect())
            }
            ("GET", ["pulls", of, "reviews"]) => {
                let pull = state.pull(number(of)).clone();
                paged(asked, Answers(&state.address).reviews(&pull))
            }
            ("GET", ["pulls", of, "comments"]) => {
                let pull = state.pull(number(of)).clone();
                paged(asked, Answers(&state.address).remarks(&pull))
            }
            ("POST", ["pulls", of, "requested_reviewers"]) => {
                request_reviews(state, number(of), &asked.body)
            }
            ("POST", ["issues", of, "labels"]) => {
                let pull = state.pull(number(of));
                for label in names(&asked.body, "labels") {
                    if !pull.labels.contains(&label) {
                        pull.labels.push(label);
                    }
                }
                let labels = pull.labels.clone();
                Answer::new(200, Answers(&state.address).labels(&labels))
            }
            ("POST", ["issues", of, "assignees"]) => {
                let known = state.collaborators.clone();
                let pull = state.pull(number(of));
                let wanted = names(&asked.body, "assignees").into_iter();
                pull.assignees
                    .extend(wanted.filter(|name| known.contains(name)));
                issue(state, number(of), 201)
            }
            ("PATCH", ["issues", of]) => {
                state.pull(number(of)).milestone = asked.body["milestone"].as_u64();
                issue(state, number(of), 200)
            }
            ("GET", ["issues", of, "comments"]) => {
                let pull = state.pull(number(of)).clone();
                paged(asked, Answers(&state.address).comments(&pull))
            }
            ("POST", ["issues", of, "comments"]) => {
                let pull = state.pull(number(of));
                let text = asked.body["body"].as_str().unwrap_or_default();
                pull.comments.push(text.to_owned());
                let pull = pull.clone();
                let made = Answers(&state.address).comments(&pull).pop();
                Answer::new(201, made.unwrap_or_default())
            }
            _ => Answer::message(404, "Not Found"),
        },
        _ => Answer::message(404, "Not Found"),
    }
}

/// Where the numbers of issues begin that are no pull requests.
const FIRST_ISSUE: u64 = 1001;

fn own_issue(state: &State, number: u64, status: u16) -> Answer {
    let at = usize::try_from(number - FIRST_ISSUE).expect("a number");
    match state.issues.get(at) {
        Some((title, text)) => {
            let issue = Answers(&state.address).own_issue(number, title, text);
            Answer::new(status, issue)
        }
        None => Answer::message(404, "Not Found"),
    }
}

fn decoded(part: &str) -> String {
    // A plus in a path is a plus.
    let part = part.replace('+', "%2B");
    let pairs = url::form_urlencoded::parse(part.as_bytes());
    pairs.map(|(text, _)| text.into_owned()).collect()
}

pub(super) fn is_there(state: &State, number: u64) -> bool {
    (1..=state.pulls.len() as u64).contains(&number)
}

fn names(body: &Value, field: &str) -> Vec<String> {
    let listed = body[field].as_array().cloned().unwrap_or_default();
    let names = listed.iter().filter_map(Value::as_str);
    names.map(str::to_owned).collect()
}

/// One page of a list, with the address of the next one.
fn paged(asked: &Asked, all: Vec<Value>) -> Answer {
    let number = |name: &str, usual: usize| {
        let given = asked.param(name).and_then(|text| text.parse().ok());
        given.unwrap_or(usual)
    };
    let (each, page) = (number("per_page", 30).min(100), number("page", 1).max(1));
    let is_last = all.len() <= page * each;
    let page_of: Vec<Value> = all.into_iter().skip((page - 1) * each).take(each).collect();
    let answer = Answer::new(200, page_of.into());
    if is_last {
        return answer;
    }
    let next = format!(
        "<{}?per_page={each}&page={}>; rel=\"next\"",
        asked.path,
        page + 1
    );
    answer.with("link", next)
}

fn list(state: &State, asked: &Asked) -> Answer {
    let wanted = asked.param("state").unwrap_or("open");
    let head = asked.param("head").filter(|head| head.contains(':'));
    let fits = |pull: &&Pull| {
        let label = format!("{}:{}", pull.owner(), pull.head);
        (wanted == "all" || pull.open == (wanted == "open"))
            && head.is_none_or(|head| head == label || !state.heeds_heads)
            && asked.param("base").is_none_or(|base| base == pull.base)
    };
    let answers = Answers(&state.address);
    let listed = state.pulls.iter().rev().filter(fits);
    let branches = state.bare.branches();
    paged(
        asked,
        listed.map(|pull| answers.pull(pull, &branches)).collect(),
    )
}

fn full(state: &State, number: u64) -> Value {
    let pull = &state.pulls[usize::try_from(number).expect("a number") - 1];
    let branches = state.bare.branches();
    let mergeable = (pull.open && pull.asked).then(|| {
        let base = branches.get(&pull.base);
        base.is_some_and(|base| state.bare.merged_tree(base, &pull.sha).is_some())
    });
    let mut told = Answers(&state.address).full_pull(pull, &branches, mergeable);
    told["commits"] = json!(commits(state, number).len());
    told
}

/// The commits of a pull request, the oldest first.
fn commits(state: &State, number: u64) -> Vec<String> {
    let pull = &state.pulls[usize::try_from(number).expect("a number") - 1];
    if pull.merged.is_some() {
        return pull.brought.clone();
    }
    let base = state.bare.branches().get(&pull.base).cloned();
    base.map_or(Vec::new(), |base| state.bare.commits(&base, &pull.sha))
}

fn issue(state: &mut State, number: u64, status: u16) -> Answer {
    let pull = state.pull(number).clone();
    let title = pull
        .milestone
        .and_then(|it| state.milestones.get(usize::try_from(it).ok()? - 1));
    let milestone =
        title.map(|title| Answers(&state.address).milestone(pull.milestone.unwrap_or(0), title));
    Answer::new(
        status,
        Answers(&state.address).issue(&pull, milestone.as_ref()),
    )
}

fn invalid(errors: &Value) -> Answer {
    let body = json!({
        "message": "Validation Failed",
        "errors": errors,
        "documentation_url": "https://docs.github.com/rest/pulls/pulls#create-a-pull-request",
    });
    Answer::new(422, body)
}

pub(super) fn create(state: &mut State, body: &Value) -> Answer {
    let text = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
    let (label, base) = (text("head"), text("base"));
    let branches = state.bare.branches();
    let from_fork = label.starts_with("batch-user:");
    let head = label.rsplit(':').next().unwrap_or_default().to_owned();
    let heads = if from_fork {
        state.bare.fork_branches()
    } else {
        branches.clone()
    };
    let wrong =
        |field: &str| json!([{ "resource": "PullRequest", "field": field, "code": "invalid" }]);
    let custom = |message: String| json!([{ "resource": "PullRequest", "code": "custom", "message": message }]);
    let Some(sha) = heads.get(&head) else {
        return invalid(&wrong("head"));
    };
    let Some(onto) = branches.get(&base) else {
        return invalid(&wrong("base"));
    };
    if text("body").chars().count() > 65_536 {
        let message = "body is too long (maximum is 65536 characters)";
        return invalid(
            &json!([{ "resource": "Issue", "code": "custom", "field": "body", "message": message }]),
        );
    }
    let same = |pull: &Pull| {
        pull.open && pull.head == head && pull.base == base && pull.from_fork == from_fork
    };
    if let Some(pull) = state.pulls.iter().find(|pull| same(pull)) {
        return invalid(&custom(format!(
            "A pull request already exists for {}:{head}.",
            pull.owner()
        )));
    }
    if state.bare.count(onto, sha) == 0 {
        return invalid(&custom(format!("No commits between {base} and {head}")));
    }
    let pull = Pull {
        number: state.pulls.len() as u64 + 1,
        title: text("title"),
        body: text("body"),
        sha: sha.clone(),
        head,
        base,
        from_fork,
        draft: body["draft"].as_bool().unwrap_or(false),
        open: true,
        checks: if state.checks_what_is_new {
            vec![None]
        } else {
            Vec::new()
        },
        ..Pull::default()
    };
    let number = pull.number;
    state.pulls.push(pull);
    Answer::new(201, full(state, number))
}

pub(super) fn edit(state: &mut State, number: u64, body: &Value) -> Answer {
    let pull = state.pull(number);
    for (field, place) in [
        ("title", &mut pull.title),
        ("body", &mut pull.body),
        ("base", &mut pull.base),
    ] {
        if let Some(text) = body[field].as_str() {
            text.clone_into(place);
        }
    }
    // A word of drafts is taken for nothing here, as on GitHub.
    if let Some(state) = body["state"].as_str() {
        pull.open = state == "open";
    }
    Answer::new(200, full(state, number))
}

pub(super) fn merge(state: &mut State, number: u64, body: &Value) -> Answer {
    let pull = state.pull(number).clone();
    if !pull.open || pull.draft {
        let why = if pull.draft {
            "Pull Request is still a draft"
        } else {
            "Pull Request is not mergeable"
        };
        return Answer::message(405, why);
    }
    if body["sha"].as_str().is_some_and(|sha| sha != pull.sha) {
        return Answer::message(
            409,
            "Head branch was modified. Review and try the merge again.",
        );
    }
    let base = state
        .bare
        .branches()
        .get(&pull.base)
        .cloned()
        .unwrap_or_default();
    let Some(tree) = state.bare.merged_tree(&base, &pull.sha) else {
        return Answer::message(405, "Pull Request is not mergeable");
    };
    let method = body["merge_method"].as_str().unwrap_or("merge");
    let brought = state.bare.commits(&base, &pull.sha);
    let parents: &[&str] = if method == "merge" {
        &[&base, &pull.sha]
    } else {
        &[&base]
    };
    let message = format!("{} (#{number})", pull.title);
    let made = match method {
        "rebase" => state
            .bare
            .rebase(&pull.base, &brought)
            .expect("no conflict"),
        _ => state.bare.commit(&pull.base, &tree, parents, &message),
    };
    let pull = state.pull(number);
    pull.open = false;
    pull.brought = brought;
    pull.merged = Some(made.clone());
    let body =
        json!({ "sha": made, "merged": true, "message": "Pull Request successfully merged" });
    Answer::new(200, body)
}

fn request_reviews(state: &mut State, number: u64, body: &Value) -> Answer {
    let users = names(body, "reviewers");
    if users.iter().any(|user| !state.collaborators.contains(user)) {
        let words = "Reviews may only be requested from collaborators. One or more of the users or \
                     teams you specified is not a collaborator of the acme/shop repository.";
        return Answer::message(422, words);
    }
    let pull = state.pull(number);
    pull.reviewers.extend(users);
    pull.teams.extend(names(body, "team_reviewers"));
    let branches = state.bare.branches();
    let pull = &state.pulls[usize::try_from(number).expect("a number") - 1];
    Answer::new(201, Answers(&state.address).pull(pull, &branches))
}

fn compare(state: &State, span: &str) -> Answer {
    let Some((base, head)) = span.split_once("...") else {
        return Answer::message(404, "Not Found");
    };
    let branches = state.bare.branches();
    let id = |name: &str| {
        branches
            .get(name)
            .cloned()
            .unwrap_or_else(|| name.to_owned())
    };
    let (base, head) = (id(base), id(head));
    let Some(common) = state.bare.merge_base(&base, &head) else {
        return Answer::message(404, "Not Found");
    };
    let (ahead, behind) = (
        state.bare.count(&base, &head),
        state.bare.count(&head, &base),
    );
    let told = Answers(&state.address).comparison(&base, &common, ahead, behind);
    Answer::new(200, told)
}

fn check_runs(state: &mut State, asked: &Asked, sha: &str) -> Answer {
    let is_its = |pull: &&Pull| pull.sha == sha;
    let pull = state.pulls.iter().find(is_its).cloned();
    let runs = pull.map(|pull| Answers(&state.address).check_runs(sha, &pull));
    let runs = runs.unwrap_or_default();
    if state.checks_what_is_new {
        for pull in state.pulls.iter_mut().filter(|pull| pull.sha == sha) {
            pull.checks = vec![Some("success")];
        }
    }
    let count = runs.len();
    let mut answer = paged(asked, runs);
    answer.body = json!({ "total_count": count, "check_runs": answer.body });
    answer
}
