//! Recovers events, page by page, from a file that SQLite can no longer read: <https://sqlite.org/fileformat2.html>.
//!
//! Events are only ever appended, so every version of a page in the file or in its write-ahead log holds true events,
//! and the result is the union of all versions. No page is trusted, and no page depends on another, except the overflow
//! pages of a long event.

use std::collections::{BTreeMap, HashMap};

use super::row::{Row, is_json};

/// The default page size of SQLite, which the journal uses.
const DEFAULT_PAGE_SIZE: usize = 4096;
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The length of the header at the start of the first page.
const FILE_HEADER: usize = 100;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The type of a page with rows of a table.
const TABLE_LEAF: u8 = 0x0d;

/// Returns all events in the bytes of a journal and of its write-ahead log, by sequence number.
pub(super) fn events(file: &[u8], log: &[u8]) -> BTreeMap<u64, Row> {
    let size = page_size(file);
    let mut pages: Vec<(u32, &[u8])> = (1..).zip(file.chunks_exact(size)).collect();
    let frames = log.get(LOG_HEADER..).unwrap_or_default();
    pages.extend(
        frames
            .chunks_exact(FRAME_HEADER + size)
            .filter_map(|frame| {
                let number = number(frame, 0, 4)?;
                Some((u32::try_from(number).ok()?, &frame[FRAME_HEADER..]))
            }),
    );
    // The last version of each page, for overflow pages.
    let latest: HashMap<u32, &[u8]> = pages.iter().copied().collect();
    let mut found = BTreeMap::new();
    for (number, page) in pages {
        let start = if number == 1 { FILE_HEADER } else { 0 };
        if page.get(start) != Some(&TABLE_LEAF) {
            continue;
        }
        let count = self::number(page, start + 3, 2).unwrap_or(0);
        for cell in 0..count {
            let row = self::number(page, start + 8 + 2 * cell, 2)
                .and_then(|at| payload(page, at, &latest))
                .and_then(|(seq, payload)| event(seq, &payload));
            if let Some(row) = row {
                found.insert(row.seq, row);
            }
        }
    }
    found
}

fn page_size(file: &[u8]) -> usize {
    match number(file, 16, 2) {
        Some(1) if file.starts_with(MAGIC) => 65536,
        Some(size) if file.starts_with(MAGIC) && size.is_power_of_two() && size >= 512 => size,
        _ => DEFAULT_PAGE_SIZE,
    }
}

/// Reads a big-endian number of `length` bytes.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
    )
}

/// Reads a number of variable length, and returns it with the position behind it.
fn varint(bytes: &[u8], at: usize) -> Option<(u64, usize)> {
    let mut value = 0_u64;
    for index in 0..9 {
        let byte = *bytes.get(at + index)?;
        if index == 8 {
            return Some((value << 8 | u64::from(byte), at + 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, at + index + 1));
        }
    }
    None
}

/// Returns the sequence number and the bytes of a row, put together from its page and its overflow pages.
fn payload(page: &[u8], at: usize, pages: &HashMap<u32, &[u8]>) -> Option<(u64, Vec<u8>)> {
    let (length, at) = varint(page, at)?;
    let (seq, at) = varint(page, at)?;
    let length = usize::try_from(length).ok()?;
    let (local, overflow) = (local_length(length, page.len()), page.len() - 4);
    let mut bytes = page.get(at..at.checked_add(local)?)?.to_vec();
    let mut next = if local < length {
        number(page, at + local, 4)?
    } else {
        0
    };
    while bytes.len() < length {
        let next_page = pages.get(&u32::try_from(next).ok()?)?;
        let rest = (length - bytes.len()).min(overflow);
        bytes.extend_from_slice(next_page.get(4..4 + rest)?);
        next = number(next_page, 0, 4)?;
    }
    Some((seq, bytes))
}

/// Returns the number of bytes of a row of this length that stand on its own page.
fn local_length(length: usize, page: usize) -> usize {
    let most = page - 35;
    if length <= most {
        return length;
    }
    let least = (page - 12) * 32 / 255 - 23;
    let fits = least + (length - least) % (page - 4);
    if fits <= most { fits } else { least }
}

/// Parses a row as an event: sequence number (stored outside the payload), run, unit, time and fact.
fn event(seq: u64, payload: &[u8]) -> Option<Row> {
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok()?;
    let mut kinds = Vec::new();
    while at < header {
        let (kind, next) = varint(payload, at)?;
        kinds.push(kind);
        at = next;
    }
    // A later version may have more columns.
    let [0, run, unit, time, fact, ..] = kinds[..] else {
        return None;
    };
    let mut at = header;
    let run = text(payload, &mut at, run)?;
    let unit = match unit {
        0 => None,
        kind => Some(text(payload, &mut at, kind)?),
    };
    let time = integer(payload, &mut at, time)?;
    let fact = text(payload, &mut at, fact)?;
    (seq > 0 && is_json(&fact)).then_some(Row {
        seq,
        run,
        unit,
        at: time,
        fact,
    })
}

fn text(payload: &[u8], at: &mut usize, kind: u64) -> Option<String> {
    if kind < 13 || kind.is_multiple_of(2) {
        return None;
    }
    let length = usize::try_from((kind - 13) / 2).ok()?;
    let end = at.checked_add(length)?;
    let text = String::from_utf8(payload.get(*at..end)?.to_vec()).ok()?;
    *at = end;
    Some(text)
}

fn integer(payload: &[u8], at: &mut usize, kind: u64) -> Option<i64> {
    let length = match kind {
        8 => return Some(0),
        9 => return Some(1),
        1..=4 => usize::try_from(kind).ok()?,
        5 => 6,
        6 => 8,
        _ => return None,
    };
    let bytes = payload.get(*at..*at + length)?;
    *at += length;
    let negative = bytes.first().is_some_and(|byte| byte & 0x80 != 0);
    let start = if negative { -1_i64 } else { 0 };
    Some(
        bytes
            .iter()
            .fold(start, |sum, byte| sum << 8 | i64::from(*byte)),
    )
}
