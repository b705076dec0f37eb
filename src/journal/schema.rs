//! The tables of the journal and how those of older versions become those of this one: a list of steps, of which the
//! file's own number (SQLite's `user_version`) tells how many it has taken.
//!
//! A step that was ever released is never changed; what comes later is a further step.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Each makes the next version out of the one before; the first begins with an empty file.
pub(super) const STEPS: &[&str] = &["CREATE TABLE events (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    run  TEXT NOT NULL,
    unit TEXT,
    at   INTEGER NOT NULL,
    fact TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_a_run ON events (run, seq);"];

/// The version of a file that took all these steps.
pub(super) fn version_of(steps: &[&str]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

/// The version of the file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Whether the file has tables that no step made: its version was lost.
pub(super) fn has_lost_its_version(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(version(connection)? == 0 && tables > 0)
}

/// Takes the steps that the file has not taken, all in one transaction, so that of two processes that start at once one
/// takes them, and a crash leaves the file as it was. Gives the version that was found; a newer one is left alone.
pub(super) fn bring_up(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<i64> {
    let newest = version_of(steps);
    let found = version(connection)?;
    if found >= newest {
        return Ok(found);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    take(&transaction, steps, found)?;
    transaction.commit()?;
    Ok(found)
}

fn take(transaction: &Transaction<'_>, steps: &[&str], found: i64) -> rusqlite::Result<()> {
    for (step, made) in steps.iter().zip(1_i64..) {
        if made > found {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", made)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tables of version 1 with a run in them, as SQLite dumps them.
    const VERSION_1: &str = include_str!("../../tests/journals/version-1.sql");

    fn old() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(VERSION_1).unwrap();
        assert_eq!(version(&connection).unwrap(), 1);
        connection
    }

    fn count(connection: &Connection, question: &str) -> i64 {
        connection
            .query_row(question, [], |row| row.get(0))
            .unwrap()
    }

    #[test]
    fn an_old_file_takes_only_the_steps_that_it_lacks() {
        let mut connection = old();
        let before = count(&connection, "SELECT count(*) FROM events");
        let steps = [
            STEPS[0],
            "ALTER TABLE events ADD COLUMN host TEXT",
            "UPDATE events SET host = 'here'",
        ];
        assert_eq!(bring_up(&mut connection, &steps).unwrap(), 1);
        assert_eq!(version(&connection).unwrap(), 3);
        let here = "SELECT count(*) FROM events WHERE host = 'here'";
        assert_eq!(count(&connection, here), before);
        assert_eq!(bring_up(&mut connection, &steps).unwrap(), 3);
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let mut connection = old();
        let steps = [STEPS[0], "CREATE TABLE more (a TEXT)", "no SQL at all"];
        assert!(bring_up(&mut connection, &steps).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'more'";
        assert_eq!(count(&connection, tables), 0);
    }

    #[test]
    fn every_old_file_becomes_what_a_new_one_is() {
        let schema = |connection: &Connection| -> Vec<String> {
            let mut select = connection
                .prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name")
                .unwrap();
            let rows = select.query_map([], |row| row.get::<_, String>(0)).unwrap();
            rows.map(|sql| {
                sql.unwrap()
                    .split_whitespace()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect()
        };
        let mut new = Connection::open_in_memory().unwrap();
        bring_up(&mut new, STEPS).unwrap();
        let mut old = old();
        bring_up(&mut old, STEPS).unwrap();
        assert_eq!(schema(&old), schema(&new));
    }
}
