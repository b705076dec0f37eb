//! Reads events out of a file that SQLite no longer can, page by page: <https://sqlite.org/fileformat2.html>.
//!
//! Events are only ever appended, so every picture of a page that the file or its write-ahead log still holds tells
//! nothing but truth: all of them together are what can be known. No page is trusted, and none is needed for another's
//! sake, except where a long event goes on.

use std::collections::{BTreeMap, HashMap};

use super::{Row, is_json};

/// What SQLite makes files with unless asked otherwise, as we do not.
const USUAL_PAGE: usize = 4096;
const MAGIC: &[u8] = b"SQLite format 3\0";
/// The first page begins with the file's header.
const FILE_HEADER: usize = 100;
const LOG_HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The kind of page that holds rows of a table.
const ROWS: u8 = 0x0d;

/// All events that the bytes of a journal and of its log still hold, by number.
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
    // Later pictures of a page replace earlier ones.
    let latest: HashMap<u32, &[u8]> = pages.iter().copied().collect();
    let mut found = BTreeMap::new();
    for (number, page) in pages {
        let start = if number == 1 { FILE_HEADER } else { 0 };
        if page.get(start) != Some(&ROWS) {
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
        _ => USUAL_PAGE,
    }
}

/// A number of so many bytes, the highest first.
fn number(bytes: &[u8], at: usize, length: usize) -> Option<usize> {
    let bytes = bytes.get(at..at.checked_add(length)?)?;
    Some(
        bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte)),
    )
}

/// A number of varying length, and where the next thing begins.
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

/// The number and the bytes of a row, put together from all the pages over which it goes.
fn payload(page: &[u8], at: usize, pages: &HashMap<u32, &[u8]>) -> Option<(u64, Vec<u8>)> {
    let (length, at) = varint(page, at)?;
    let (seq, at) = varint(page, at)?;
    let length = usize::try_from(length).ok()?;
    let (here, most) = (local(length, page.len()), page.len() - 4);
    let mut bytes = page.get(at..at.checked_add(here)?)?.to_vec();
    let mut next = if here < length {
        number(page, at + here, 4)?
    } else {
        0
    };
    while bytes.len() < length {
        let further = pages.get(&u32::try_from(next).ok()?)?;
        let rest = (length - bytes.len()).min(most);
        bytes.extend_from_slice(further.get(4..4 + rest)?);
        next = number(further, 0, 4)?;
    }
    Some((seq, bytes))
}

/// How much of a row of this length stands on its own page.
fn local(length: usize, page: usize) -> usize {
    let most = page - 35;
    if length <= most {
        return length;
    }
    let least = (page - 12) * 32 / 255 - 23;
    let fits = least + (length - least) % (page - 4);
    if fits <= most { fits } else { least }
}

/// A row as an event, if it has the form of one: its number stands outside, then run, unit, time and fact.
fn event(seq: u64, payload: &[u8]) -> Option<Row> {
    let (header, mut at) = varint(payload, 0)?;
    let header = usize::try_from(header).ok()?;
    let mut kinds = Vec::new();
    while at < header {
        let (kind, next) = varint(payload, at)?;
        kinds.push(kind);
        at = next;
    }
    // Later versions may have further columns.
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
