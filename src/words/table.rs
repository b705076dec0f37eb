//! The common look of all tables.

use comfy_table::{ContentArrangement, ContentLineStyle, LineStyle, Table, TableStyle};

/// Returns an empty table with a line below its header and between its columns, as wide as its cells need.
#[must_use]
pub fn table() -> Table {
    let mut table = Table::new();
    table
        .load_style(
            TableStyle::new()
                .header_separator(LineStyle::none().fill('─').junction('┼'))
                .header_lines(ContentLineStyle::none().junction('│'))
                .content_lines(ContentLineStyle::none().junction('│')),
        )
        .set_content_arrangement(ContentArrangement::Disabled);
    table
}
