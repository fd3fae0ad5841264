//! The schema after all migrations, as a file to review: `tests/schema.sql`.
#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod common;

use rusqlite::Connection;

#[test]
fn the_schema_is_the_one_in_schema_sql() {
    let home = tempfile::tempdir().expect("tempdir");
    drop(common::open(home.path()));
    let db = Connection::open(home.path().join("gatepost.db")).expect("opens");
    let mut query = db
        .prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY name",
        )
        .expect("prepared");
    let statements = query.query_map([], |row| row.get::<_, String>("sql")).expect("read");
    let statements: Vec<String> = statements.map(|sql| without_indent(&sql.expect("text"))).collect();
    let found = format!("{};\n", statements.join(";\n\n"));
    let expected = include_str!("schema.sql").replace("\r\n", "\n");
    assert_eq!(found, expected, "if the change is meant, make this tests/schema.sql:\n\n{found}");
}

/// Migrations are indented as the Rust around them is.
fn without_indent(sql: &str) -> String {
    let lines: Vec<&str> = sql.lines().map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    lines.join("\n")
}
