//! `batch prs` without a verb: shows the states of the pull requests, once or until none is open.

use crate::cli::global::Global;
use crate::cli::output::{print, say};
use crate::forge::ForgeError;
use crate::prs::{Overview, PrSession, PrStatus};
use crate::words;

use super::table;

/// Prints the pull requests once.
pub(super) async fn list(global: &Global, session: &PrSession) -> anyhow::Result<u8> {
    let mut overview = Overview::new(session);
    let read_all = overview.refresh(session, &mut say_unreadable).await;
    let statuses = overview.statuses();
    print(&if global.json {
        format!("{}\n", words::json_in_lines(&statuses)?)
    } else {
        table::render(&statuses)
    })?;
    Ok(u8::from(!read_all))
}

/// Prints the pull requests again and again, until none is open. As JSON, each time is one line.
pub(super) async fn watch(global: &Global, session: &PrSession) -> anyhow::Result<u8> {
    let mut overview = Overview::new(session);
    loop {
        let read_all = overview.refresh(session, &mut say_unreadable).await;
        let statuses: Vec<&PrStatus> = overview.statuses();
        print(&if global.json {
            format!("{}\n", words::json(&statuses)?)
        } else {
            format!("{}\n", table::render(&statuses))
        })?;
        if overview.open() == 0 && read_all {
            return Ok(0);
        }
        tokio::time::sleep(overview.pause()).await;
    }
}

fn say_unreadable(number: u64, error: &ForgeError) {
    say(&format!("#{number}: {}", words::chain(error)));
}
