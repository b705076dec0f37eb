//! The few things that are asked for in GraphQL: what the program can have in no other way, and what `gh` asks.
//!
//! Documents are told apart by the names in them; what is asked for in detail is answered as far as anybody needs it
//! here.

use serde_json::{Map, Value, json};

use super::Answer;
use super::routes::{create, edit, is_there, merge};
use super::state::{Pull, State};

pub fn answer(state: &mut State, body: &Value) -> Answer {
    let document = body["query"].as_str().unwrap_or_default();
    let variables = &body["variables"];
    // What a type has; of those that `gh` would use where they are there, none is.
    let types = ["PullRequest", "Repository"];
    let wanted = types
        .into_iter()
        .filter(|name| document.contains(&format!("{name}: __type(")));
    let data: Map<String, Value> = wanted
        .map(|name| (name.to_owned(), json!({ "fields": [] })))
        .collect();
    if !data.is_empty() {
        return Answer::new(200, json!({ "data": data }));
    }
    if document.contains("mutation") {
        change(state, document, variables)
    } else {
        read(state, document, variables)
    }
}

/// The repository, with all its pull requests or the one that is asked for.
fn read(state: &State, document: &str, variables: &Value) -> Answer {
    let mut repository = json!({
        "id": "R_1", "name": "shop", "owner": { "login": "acme" }, "viewerPermission": "ADMIN",
        "hasIssuesEnabled": true, "defaultBranchRef": { "name": "main" }, "parent": null,
        "mergeCommitAllowed": true, "squashMergeAllowed": true, "rebaseMergeAllowed": true,
    });
    if document.contains("PullRequestByNumber") {
        let number = variables["pr_number"].as_u64().unwrap_or(0);
        let Some(pull) = state.pulls.iter().find(|pull| pull.number == number) else {
            return unknown(&number.to_string());
        };
        repository["pullRequest"] = node(pull);
    }
    if document.contains("pullRequests(") {
        let head = ["headRefName", "headBranch"].map(|name| &variables[name]);
        let head = head.into_iter().find_map(Value::as_str);
        let states = ["state", "states"].map(|name| variables[name].as_array());
        let states = states.into_iter().flatten().next();
        let fits = |pull: &&Pull| {
            head.is_none_or(|head| head == pull.head)
                && states.is_none_or(|states| states.contains(&json!(state_of(pull))))
        };
        let nodes: Vec<Value> = state.pulls.iter().rev().filter(fits).map(node).collect();
        repository["pullRequests"] = json!({
            "totalCount": nodes.len(), "nodes": nodes,
            "pageInfo": { "hasNextPage": false, "endCursor": "" },
        });
    }
    Answer::new(200, json!({ "data": { "repository": repository } }))
}

fn state_of(pull: &Pull) -> &'static str {
    match (pull.open, &pull.merged) {
        (true, _) => "OPEN",
        (false, None) => "CLOSED",
        (false, Some(_)) => "MERGED",
    }
}

fn node(pull: &Pull) -> Value {
    let labels: Vec<Value> = pull
        .labels
        .iter()
        .map(|name| json!({ "id": "L_1", "name": name, "description": "", "color": "ededed" }))
        .collect();
    json!({
        "id": format!("PR_{}", pull.number), "number": pull.number, "title": pull.title,
        "body": pull.body, "state": state_of(pull), "isDraft": pull.draft,
        "headRefName": pull.head, "headRefOid": pull.sha, "baseRefName": pull.base,
        "isCrossRepository": false, "headRepositoryOwner": { "id": "O_1", "login": "acme" },
        "url": format!("https://github.com/acme/shop/pull/{}", pull.number),
        "labels": { "nodes": labels, "totalCount": labels.len() },
        "mergeStateStatus": "CLEAN", "mergeable": "MERGEABLE",
    })
}

fn change(state: &mut State, document: &str, variables: &Value) -> Answer {
    let input = &variables["input"];
    let told = |name: &str, value: Value| {
        let data = Map::from_iter([(name.to_owned(), value)]);
        Answer::new(200, json!({ "data": data }))
    };
    if document.contains("createPullRequest") {
        let asked = json!({
            "head": input["headRefName"], "base": input["baseRefName"],
            "title": input["title"], "body": input["body"], "draft": input["draft"],
        });
        let made = create(state, &asked);
        if made.status != 201 {
            return refused("UNPROCESSABLE", &made.body["errors"].to_string());
        }
        let pull = node(&state.pulls[state.pulls.len() - 1]);
        return told("createPullRequest", json!({ "pullRequest": pull }));
    }
    let named = [
        &variables["id"],
        &input["pullRequestId"],
        &input["subjectId"],
    ];
    let id = named
        .into_iter()
        .find_map(Value::as_str)
        .unwrap_or_default();
    let number = id.strip_prefix("PR_").and_then(|text| text.parse().ok());
    let Some(number) = number.filter(|number| is_there(state, *number)) else {
        return unknown(id);
    };
    if document.contains("enablePullRequestAutoMerge") {
        if !state.allows_auto_merge {
            let mut answer = refused(
                "UNPROCESSABLE",
                "Auto merge is not allowed for this repository",
            );
            answer.body["data"] = json!({ "enablePullRequestAutoMerge": null });
            return answer;
        }
        let method = variables["method"].as_str().unwrap_or_default();
        state.pull(number).auto_merge = Some(method.to_lowercase());
        let pull = json!({ "pullRequest": { "number": number } });
        return told("enablePullRequestAutoMerge", pull);
    }
    if document.contains("markPullRequestReadyForReview") {
        state.pull(number).draft = false;
        // Each gets what it asks for, and `gh` takes nothing beyond that.
        let pull = if document.contains("isDraft") {
            json!({ "pullRequest": { "isDraft": false } })
        } else {
            json!({ "pullRequest": { "id": id } })
        };
        return told("markPullRequestReadyForReview", pull);
    }
    if document.contains("closePullRequest") {
        edit(state, number, &json!({ "state": "closed" }));
        return told("closePullRequest", json!({ "pullRequest": { "id": id } }));
    }
    if document.contains("addComment") {
        let text = input["body"].as_str().unwrap_or_default();
        state.pull(number).comments.push(text.to_owned());
        let url = format!("https://github.com/acme/shop/pull/{number}#issuecomment-1");
        let edge = json!({ "commentEdge": { "node": { "url": url } } });
        return told("addComment", edge);
    }
    if document.contains("mergePullRequest") {
        let method = input["mergeMethod"].as_str().unwrap_or("MERGE");
        let method = json!({ "merge_method": method.to_lowercase() });
        let made = merge(state, number, &method);
        if made.status != 200 {
            let why = made.body["message"].as_str().unwrap_or_default().to_owned();
            return refused("UNPROCESSABLE", &why);
        }
        let done = json!({ "clientMutationId": null });
        return told("mergePullRequest", done);
    }
    Answer::message(400, "Problems parsing GraphQL")
}

fn unknown(id: &str) -> Answer {
    let message = format!("Could not resolve to a node with the global id of '{id}'");
    refused("NOT_FOUND", &message)
}

fn refused(kind: &str, message: &str) -> Answer {
    let errors = json!([{ "type": kind, "path": [], "message": message }]);
    Answer::new(200, json!({ "data": null, "errors": errors }))
}
