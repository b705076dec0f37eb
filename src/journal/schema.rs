//! The tables of the journal, and the migrations from older versions: a list of steps. The version of a file (SQLite's
//! `user_version`) is the number of steps that it has taken.
//!
//! A released step never changes; every later change is a further step.

use rusqlite::{Connection, Transaction, TransactionBehavior};

/// Each step turns one version into the next; the first step starts from an empty file.
pub(super) const STEPS: &[&str] = &["CREATE TABLE events (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    run  TEXT NOT NULL,
    unit TEXT,
    at   INTEGER NOT NULL,
    fact TEXT NOT NULL
) STRICT;
CREATE INDEX events_of_a_run ON events (run, seq);"];

/// Returns the version of a file that has taken all these steps.
pub(super) fn version_of(steps: &[&str]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

/// Returns the version of the file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Checks whether the file has lost its version: it has tables, but its version is 0.
pub(super) fn has_lost_version(connection: &Connection) -> rusqlite::Result<bool> {
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(version(connection)? == 0 && tables > 0)
}

/// Takes the missing steps in one transaction, so that only one of two simultaneous processes takes them, and a crash
/// leaves the file as it was. Returns the version before that; a file with a newer version stays as it is.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> rusqlite::Result<i64> {
    let newest = version_of(steps);
    let found = version(connection)?;
    if found >= newest {
        return Ok(found);
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found = version(&transaction)?;
    take_steps(&transaction, steps, found)?;
    transaction.commit()?;
    Ok(found)
}

fn take_steps(transaction: &Transaction<'_>, steps: &[&str], found: i64) -> rusqlite::Result<()> {
    for (step, version) in steps.iter().zip(1_i64..) {
        if version > found {
            transaction.execute_batch(step)?;
            transaction.pragma_update(None, "user_version", version)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SQL dump of a journal of version 1 with one run.
    const VERSION_1: &str = include_str!("../../tests/journals/version-1.sql");

    fn old() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(VERSION_1).unwrap();
        assert_eq!(version(&connection).unwrap(), 1);
        connection
    }

    fn count(connection: &Connection, query: &str) -> i64 {
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_old_file_takes_only_the_missing_steps() {
        let mut connection = old();
        let before = count(&connection, "SELECT count(*) FROM events");
        let steps = [
            STEPS[0],
            "ALTER TABLE events ADD COLUMN host TEXT",
            "UPDATE events SET host = 'here'",
        ];
        assert_eq!(migrate(&mut connection, &steps).unwrap(), 1);
        assert_eq!(version(&connection).unwrap(), 3);
        let here = "SELECT count(*) FROM events WHERE host = 'here'";
        assert_eq!(count(&connection, here), before);
        assert_eq!(migrate(&mut connection, &steps).unwrap(), 3);
    }

    #[test]
    fn a_step_that_fails_leaves_the_file_as_it_was() {
        let mut connection = old();
        let steps = [STEPS[0], "CREATE TABLE more (a TEXT)", "no SQL at all"];
        assert!(migrate(&mut connection, &steps).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'more'";
        assert_eq!(count(&connection, tables), 0);
    }

    #[test]
    fn a_migrated_file_has_the_schema_of_a_new_one() {
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
        migrate(&mut new, STEPS).unwrap();
        let mut old = old();
        migrate(&mut old, STEPS).unwrap();
        assert_eq!(schema(&old), schema(&new));
    }
}
