//! Reads the moment of a retry out of an error message: `resets Dec 24 at 3pm (Europe/Berlin)`, `try again at 3:05 PM`.
//!
//! A moment is a few words after a word such as `resets`: a day, a clock time and a time zone, each at most once and in
//! any order. What is missing is completed from the present moment.

use std::sync::LazyLock;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, Zoned};
use regex::{Captures, Regex};

/// At most so many words stand between the word that announces a moment and the moment.
const WORDS_BETWEEN: usize = 6;

/// A clock time without a day that passed less than this ago has just passed, and is not tomorrow's: programs repeat a
/// message for a while, and clocks differ.
const JUST_PASSED: SignedDuration = SignedDuration::from_mins(30);

/// A day without a year that lies further back than this is one of the next year. Limits last a month at most.
const ANOTHER_YEAR: i32 = 180;

/// Returns the moment that the message names for a retry.
pub(super) fn read(message: &str, now: &Zoned) -> Option<Timestamp> {
    let announced =
        r"(?i)\b(?:resets?|resetting|again|until|available|renews?|refresh(?:es)?|retry)";
    let announced = Regex::new(announced).ok()?;
    let mut after = announced
        .find_iter(message)
        .map(|word| &message[word.end()..]);
    after
        .find_map(|text| Phrase::read(text)?.moment(now))
        .or_else(|| future_timestamp(message, now))
}

/// Returns the first complete timestamp of the message, where it lies in the future: a log's timestamp does not.
fn future_timestamp(message: &str, now: &Zoned) -> Option<Timestamp> {
    let pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)";
    let found = Regex::new(pattern).ok()?.find(message)?;
    let moment: Timestamp = found.as_str().parse().ok()?;
    (moment > now.timestamp()).then_some(moment)
}

/// The parts of a moment that a message names.
#[derive(Default)]
struct Phrase {
    day: Option<Day>,
    clock: Option<Time>,
    zone: Option<TimeZone>,
}

enum Day {
    Of {
        year: Option<i16>,
        month: i8,
        day: i8,
    },
    Next(Weekday),
    Today,
    Tomorrow,
}

impl Phrase {
    /// Reads the phrase at the beginning of a text, after a few words without digits.
    fn read(text: &str) -> Option<Self> {
        let separators = Regex::new(r#"^[\s:=,"'·∙_]+"#).ok()?;
        let joint = Regex::new(r"(?i)^(?:at|on|the|by)\b").ok()?;
        let word = Regex::new(r"^[[:alpha:]'’]+").ok()?;
        let forms = FORMS.as_ref()?;
        let mut phrase = Self::default();
        let mut skipped = 0;
        let mut rest = text;
        loop {
            if let Some(found) = separators.find(rest) {
                rest = &rest[found.end()..];
            } else if let Some((length, add)) = forms.iter().find_map(|form| form.read(rest)) {
                if !phrase.add(add?) {
                    break;
                }
                rest = &rest[length..];
            } else if let Some(found) = joint.find(rest) {
                rest = &rest[found.end()..];
            } else if phrase.is_empty()
                && skipped < WORDS_BETWEEN
                && let Some(found) = word.find(rest)
            {
                skipped += 1;
                rest = &rest[found.end()..];
            } else {
                break;
            }
        }
        (phrase.day.is_some() || phrase.clock.is_some()).then_some(phrase)
    }

    fn is_empty(&self) -> bool {
        self.day.is_none() && self.clock.is_none() && self.zone.is_none()
    }

    /// Takes in a part; false where the phrase has such a part already, so that it ends before this one.
    fn add(&mut self, part: Part) -> bool {
        match part {
            Part::Day(day) => set(&mut self.day, day),
            Part::Clock(clock) => set(&mut self.clock, clock),
            Part::Zone(zone) => set(&mut self.zone, zone),
        }
    }

    /// Completes the phrase to a moment.
    fn moment(self, now: &Zoned) -> Option<Timestamp> {
        let now = match self.zone {
            Some(zone) => now.with_time_zone(zone),
            None => now.clone(),
        };
        let clock = self.clock.unwrap_or(Time::midnight());
        let at = |date: Date| {
            date.to_datetime(clock)
                .to_zoned(now.time_zone().clone())
                .ok()
        };
        let is_over = |moment: &Zoned| moment.duration_until(&now) >= JUST_PASSED;
        let today = now.date();
        let moment = match self.day {
            None => match at(today)? {
                moment if is_over(&moment) => at(today.tomorrow().ok()?)?,
                moment => moment,
            },
            Some(Day::Today) => at(today)?,
            Some(Day::Tomorrow) => at(today.tomorrow().ok()?)?,
            Some(Day::Next(weekday)) => {
                let same = (today.weekday() == weekday).then(|| at(today)).flatten();
                match same.filter(|moment| !is_over(moment)) {
                    Some(moment) => moment,
                    None => at(today.nth_weekday(1, weekday).ok()?)?,
                }
            }
            Some(Day::Of { year, month, day }) => {
                let date = Date::new(year.unwrap_or(today.year()), month, day).ok()?;
                let is_old = (today - date).get_days() > ANOTHER_YEAR;
                match year {
                    None if is_old => at(Date::new(today.year() + 1, month, day).ok()?)?,
                    _ => at(date)?,
                }
            }
        };
        Some(moment.timestamp())
    }
}

/// Sets a part that is not set yet.
fn set<T>(slot: &mut Option<T>, value: T) -> bool {
    let is_new = slot.is_none();
    if is_new {
        *slot = Some(value);
    }
    is_new
}

/// A part of a moment.
enum Part {
    Day(Day),
    Clock(Time),
    Zone(TimeZone),
}

/// Turns the groups of a pattern into a part.
type Meaning = fn(&Captures<'_>) -> Option<Part>;

/// One form of a part: its pattern, and what the pattern's groups mean.
struct Form {
    pattern: Regex,
    means: Meaning,
}

impl Form {
    /// Reads the form at the beginning of the text: its length, and the part, which is `None` where no such day or time
    /// exists.
    fn read(&self, text: &str) -> Option<(usize, Option<Part>)> {
        let found = self.pattern.captures(text)?;
        Some((found.get(0)?.end(), (self.means)(&found)))
    }
}

/// All forms of the parts.
static FORMS: LazyLock<Option<Vec<Form>>> = LazyLock::new(forms);

/// Returns all forms; a form stands before the forms that begin alike and say less.
fn forms() -> Option<Vec<Form>> {
    let forms: [(&str, Meaning); 12] = [
        (r"^(\d{4})-(\d\d)-(\d\d)(?:T|\b)", |found| {
            Some(day_of(
                Some(number(found, 1)?),
                found.get(2)?.as_str().parse().ok()?,
                number(found, 3)?,
            ))
        }),
        (r"^(\d{1,2})/(\d{1,2})/(\d{4})\b", |found| {
            // Programs write the month first.
            Some(day_of(
                Some(number(found, 3)?),
                number(found, 1)?,
                number(found, 2)?,
            ))
        }),
        (
            concat!(
                r"(?i)^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? ",
                r"(\d{1,2})(?:st|nd|rd|th)?\b(?:,? (\d{4})\b)?",
            ),
            |found| {
                Some(day_of(
                    number(found, 3),
                    month(&found[1])?,
                    number(found, 2)?,
                ))
            },
        ),
        (
            concat!(
                r"(?i)^(\d{1,2})(?:st|nd|rd|th)? ",
                r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?(?:,? (\d{4})\b)?",
            ),
            |found| {
                Some(day_of(
                    number(found, 3),
                    month(&found[2])?,
                    number(found, 1)?,
                ))
            },
        ),
        (
            r"(?i)^(mon|tue|wed|thu|fri|sat|sun)(?:day|sday|nesday|rsday|urday|s|rs|r)?\b",
            |found| Some(Part::Day(Day::Next(weekday(&found[1])?))),
        ),
        (r"(?i)^tomorrow\b", |_| Some(Part::Day(Day::Tomorrow))),
        (r"(?i)^(?:today|tonight)\b", |_| Some(Part::Day(Day::Today))),
        (r"(?i)^midnight\b", |_| Some(Part::Clock(Time::midnight()))),
        (
            r"(?i)^(\d{1,2})(?::(\d\d))?(?::\d\d)? ?([ap])\.?m\b\.?",
            |found| {
                let hour = number::<i8>(found, 1).filter(|hour| (1..=12).contains(hour))? % 12;
                let half = if found[3].eq_ignore_ascii_case("p") {
                    12
                } else {
                    0
                };
                clock(hour + half, number(found, 2).unwrap_or(0), 0)
            },
        ),
        (r"^(\d{1,2}):(\d\d)(?::(\d\d)(?:\.\d+)?)?", |found| {
            clock(
                number(found, 1)?,
                number(found, 2)?,
                number(found, 3).unwrap_or(0),
            )
        }),
        (r"^\(([A-Za-z][A-Za-z0-9_/+:-]*)\)", |found| {
            // A name that nobody knows is taken for the user's own time zone.
            Some(Part::Zone(zone(&found[1]).unwrap_or_else(TimeZone::system)))
        }),
        (
            concat!(
                r"^(Z\b|[+-]\d\d:?\d\d\b|(?:UTC|GMT)(?:[+-]\d{1,2}(?::?\d\d)?)?",
                r"|[A-Z][A-Za-z]+/[A-Za-z0-9_/+-]+|(?:[PMCE][SD]T|CES?T|BST)\b)",
            ),
            |found| zone(&found[1]).map(Part::Zone),
        ),
    ];
    forms
        .into_iter()
        .map(|(pattern, means)| {
            let pattern = Regex::new(pattern).ok()?;
            Some(Form { pattern, means })
        })
        .collect()
}

fn number<T: std::str::FromStr>(found: &Captures<'_>, group: usize) -> Option<T> {
    found.get(group)?.as_str().parse().ok()
}

fn day_of(year: Option<i16>, month: i8, day: i8) -> Part {
    Part::Day(Day::Of { year, month, day })
}

fn clock(hour: i8, minute: i8, second: i8) -> Option<Part> {
    Time::new(hour, minute, second, 0).ok().map(Part::Clock)
}

fn month(name: &str) -> Option<i8> {
    let names = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let at = names
        .iter()
        .position(|month| name.eq_ignore_ascii_case(month))?;
    i8::try_from(at + 1).ok()
}

fn weekday(name: &str) -> Option<Weekday> {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let at = names
        .iter()
        .position(|day| name.eq_ignore_ascii_case(day))?;
    Weekday::from_monday_one_offset(i8::try_from(at + 1).ok()?).ok()
}

/// Returns the time zone of a name, an abbreviation or a distance from UTC.
fn zone(name: &str) -> Option<TimeZone> {
    let hours = match name {
        "Z" | "UTC" | "GMT" => 0,
        "PST" => -8,
        "PDT" | "MST" => -7,
        "MDT" | "CST" => -6,
        "CDT" | "EST" => -5,
        "EDT" => -4,
        "CET" | "BST" => 1,
        "CEST" => 2,
        _ => return distance(name).or_else(|| TimeZone::get(name).ok()),
    };
    Some(TimeZone::fixed(Offset::constant(hours)))
}

/// Reads `GMT-3`, `UTC+5:30`, `+02:00`.
fn distance(name: &str) -> Option<TimeZone> {
    let pattern = r"^(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d\d))?$";
    let found = Regex::new(pattern).ok()?.captures(name)?;
    let minutes = number::<i32>(&found, 2)? * 60 + number(&found, 3).unwrap_or(0);
    let seconds = if &found[1] == "-" {
        -60 * minutes
    } else {
        60 * minutes
    };
    Offset::from_seconds(seconds).ok().map(TimeZone::fixed)
}
