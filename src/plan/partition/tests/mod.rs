mod folders;
mod properties;
mod ties;

use super::input::Item;

fn item(path: &str, bytes: u64, owner: Option<u32>) -> Item<'_> {
    Item { path, bytes, owner }
}
