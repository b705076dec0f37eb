//! Shows the states of pull requests as a table for people.

use crate::forge::PullRequestState;
use crate::prs::PrStatus;
use crate::words;

/// Returns the table and its sum, ending in a line break.
pub(super) fn render(rows: &[&PrStatus]) -> String {
    let mut table = words::table();
    table.set_header(["PR", "unit", "state", "review", "checks", "merge", "behind"]);
    for PrStatus { unit, standing } in rows {
        let merge = match standing.mergeable {
            Some(true) => "possible",
            Some(false) => "conflict",
            None => "–",
        };
        let behind = standing
            .behind
            .map_or("–".to_owned(), |behind| behind.to_string());
        table.add_row([
            &format!("#{}", standing.number),
            unit.as_str(),
            standing.state.words(),
            standing.review.words(),
            standing.checks.words(),
            merge,
            &behind,
        ]);
    }
    let count = |wanted: PullRequestState| {
        let is_it = |row: &&&PrStatus| row.standing.state == wanted;
        rows.iter().filter(is_it).count()
    };
    let drafts = match count(PullRequestState::Draft) {
        0 => String::new(),
        drafts => format!("{}, ", words::count(drafts, "draft")),
    };
    format!(
        "{}\n\n{drafts}{} open, {} merged, {} closed\n",
        table.trim_fmt(),
        count(PullRequestState::Open),
        count(PullRequestState::Merged),
        count(PullRequestState::Closed)
    )
}
