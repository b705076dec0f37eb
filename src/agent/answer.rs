//! The end of a coding agent's answer: what the agent says of its work. The prompt asks for a last line with one of
//! four words; an answer without any of them is prose. Prose that ends in a question, or announces what comes next,
//! comes from an agent that has not finished, because nobody answers it.

/// How a coding agent ends its answer, as the prompt and every feedback ask for it.
pub(crate) const LAST_LINE: &str = "End your answer with a line of its own: `done`, or `partial — ` and what is left, \
     or `none — ` and the reason (nothing needs doing, and you changed nothing), or `failed — ` and the reason \
     (something that you need is missing or does not work).";

/// What an answer says at its end of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Closing<'a> {
    /// `done`
    Done,
    /// `partial — reason`; the reason may be missing.
    Partial(&'a str),
    /// `none — reason`: nothing needs doing.
    Nothing(&'a str),
    /// `failed — reason`: the agent cannot do its part.
    Failed(&'a str),
    /// The question at the end.
    Asks(&'a str),
    /// The sentence at the end that announces what comes next.
    Announces(&'a str),
    /// None of that.
    Unsaid,
}

/// Questions about the agent's own work, wherever they stand in the last paragraph.
const OWN_QUESTIONS: [&str; 9] = [
    "should i",
    "shall i",
    "may i",
    "can i go",
    "do you want",
    "would you like",
    "want me to",
    "like me to",
    "shall we",
];

/// What a sentence begins with that announces the next step, after words such as `now` and `next`.
const ANNOUNCEMENTS: [&str; 20] = [
    "i'll ",
    "i will ",
    "i'm going to ",
    "i am going to ",
    "i'm about to ",
    "i am about to ",
    "i need to ",
    "i still need ",
    "i still have to ",
    "i can continue",
    "i can proceed",
    "let me ",
    "let's ",
    "continuing ",
    "moving on ",
    "proceeding ",
    "please confirm",
    "please advise",
    "waiting for your",
    "awaiting your",
];

/// What begins like an announcement and is none.
const NO_ANNOUNCEMENTS: [&str; 8] = [
    "let me know",
    "let me summarize",
    "let me summarise",
    "i'll leave ",
    "i will leave ",
    "i'll note ",
    "i will note ",
    "let me note ",
];

/// Words that make an offer to somebody who could answer out of what they stand beside.
const OFFERS: [&str; 8] = [
    "let me know",
    "if you want",
    "if you'd like",
    "if you would like",
    "if you wish",
    "say the word",
    "just say",
    "reply ",
];
const OFFERED: [&str; 12] = [
    "continue",
    "proceed",
    "go on",
    "go ahead",
    "carry on",
    "finish",
    "the rest",
    "remaining",
    "the others",
    "other files",
    "next batch",
    "keep going",
];

/// What says in the last sentence that something is left.
const LEFT_TO_DO: [&str; 9] = [
    "still to do",
    "still to be",
    "still need to be",
    "still needs to be",
    "yet to be",
    "remain to be",
    "remains to be",
    "will follow",
    "not yet migrated",
];
const NOTHING_LEFT: [&str; 5] = ["nothing", "no file", "none", "no other", "neither"];

/// Returns what an answer says at its end.
pub(crate) fn closing(answer: &str) -> Closing<'_> {
    let answer = answer.trim();
    let Some(last) = answer.lines().rev().map(bare).find(|line| !line.is_empty()) else {
        return Closing::Unsaid;
    };
    if let Some(closing) = by_word(last) {
        return closing;
    }
    // An answer of one line whose reason goes on for several.
    with_reason(answer).unwrap_or_else(|| by_prose(answer))
}

/// Reads a word that needs a reason.
fn with_reason(text: &str) -> Option<Closing<'_>> {
    let nothing = || reason_after("none", text).map(Closing::Nothing);
    let failed = || reason_after("failed", text).map(Closing::Failed);
    let partial = || reason_after("partial", text).map(Closing::Partial);
    nothing().or_else(failed).or_else(partial)
}

/// Returns what an answer says of the work, without the last line that says how it ended; `None` where that is nothing.
#[must_use]
pub(crate) fn without_closing(answer: &str) -> Option<&str> {
    let answer = answer.trim();
    let last = answer.lines().next_back().unwrap_or_default();
    let line = bare(last);
    let is_closing = line.eq_ignore_ascii_case("done") || reason_after("partial", line).is_some();
    let text = match answer.len() - last.len() {
        before if is_closing => &answer[..before],
        _ => answer,
    };
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn by_word(line: &str) -> Option<Closing<'_>> {
    let alone = line.trim_end_matches(['.', '!', '✓', '✅', ' ']);
    if alone.eq_ignore_ascii_case("done") {
        return Some(Closing::Done);
    }
    if alone.eq_ignore_ascii_case("partial") {
        return Some(Closing::Partial(""));
    }
    if let Some(more) = reason_after("done", line) {
        // `Done — should I go on?` is no end.
        return match by_prose(more) {
            Closing::Unsaid => Some(Closing::Done),
            open => Some(open),
        };
    }
    with_reason(line)
}

/// Returns the reason of an answer that says that the agent could not do its part: `failed — reason`.
#[must_use]
pub(crate) fn given_up(answer: &str) -> Option<&str> {
    match closing(answer) {
        Closing::Failed(reason) => Some(reason),
        _ => None,
    }
}

/// Returns the reason of an answer that says that nothing needs doing: `none — reason`.
#[must_use]
pub(crate) fn nothing_to_do(answer: &str) -> Option<&str> {
    match closing(answer) {
        Closing::Nothing(reason) => Some(reason),
        _ => None,
    }
}

fn reason_after<'a>(word: &str, answer: &'a str) -> Option<&'a str> {
    let answer = bare(answer);
    let begin = answer.get(..word.len());
    let begin = begin.filter(|begin| begin.eq_ignore_ascii_case(word));
    let rest = begin.and(answer.get(word.len()..))?;
    let rest = rest.trim_start_matches(['`', '*', '_']);
    let mut letters = rest.chars();
    if letters.next() == Some('-') && letters.next().is_some_and(char::is_alphanumeric) {
        // A word with a hyphen, such as `none-checks`.
        return None;
    }
    let reason = rest.trim_start().strip_prefix(['—', '–', '-', ':'])?;
    let reason = reason.trim_matches(['`', '*', '_', ' ', '\n', '-']);
    (!reason.is_empty()).then_some(reason)
}

/// Takes the marks of Markdown off a line.
fn bare(line: &str) -> &str {
    let line = line.trim();
    let line = line.trim_start_matches(['#', '>', ' ']);
    let line = line
        .strip_prefix("- ")
        .or_else(|| line.strip_prefix("* "))
        .unwrap_or(line);
    line.trim_matches(['`', '*', '_', ' '])
}

fn by_prose(answer: &str) -> Closing<'_> {
    let paragraph = last_paragraph(answer);
    let sentences = sentences(paragraph);
    let Some(last) = sentences.last() else {
        return Closing::Unsaid;
    };
    let own = sentences.iter().rev().find(|sentence| {
        let lower = plain(sentence);
        is_question(sentence) && OWN_QUESTIONS.iter().any(|words| lower.contains(words))
    });
    if let Some(question) = own.or_else(|| Some(last).filter(|last| is_question(last))) {
        return Closing::Asks(question);
    }
    if announces(last) {
        return Closing::Announces(last);
    }
    Closing::Unsaid
}

/// Returns the last paragraph, with the line before a list of choices that ends the answer.
fn last_paragraph(answer: &str) -> &str {
    let is_item = |line: &str| {
        let line = line.trim_start();
        let number = line.trim_start_matches(|c: char| c.is_ascii_alphanumeric());
        line.starts_with(['-', '*', '•'])
            || (line.len() - number.len() < 3 && number.starts_with(['.', ')']))
    };
    let mut text = answer.trim_end();
    let mut before = text;
    while let Some(line) = before.lines().next_back().filter(|line| is_item(line)) {
        before = before[..before.len() - line.len()].trim_end();
    }
    let lead = before.lines().next_back().unwrap_or_default();
    if before.len() < text.len() && (is_question(lead) || bare(lead).ends_with(':')) {
        text = before;
    }
    let begin = text.rfind("\n\n").map_or(0, |at| at + 2);
    &text[begin..]
}

/// Divides a text into sentences, roughly: a line break ends one, and so does a mark of punctuation that no letter and
/// no digit follows.
fn sentences(text: &str) -> Vec<&str> {
    let end_at = |(at, letter): (usize, char)| {
        let end = at + letter.len_utf8();
        let is_mark = matches!(letter, '.' | '!' | '?' | '？' | '。');
        let goes_on = || text[end..].starts_with(|next: char| next.is_ascii_alphanumeric());
        (letter == '\n' || is_mark && !goes_on()).then_some(end)
    };
    let ends = text.char_indices().filter_map(end_at).chain([text.len()]);
    let mut begin = 0;
    let sentences = ends.map(|end| bare(&text[std::mem::replace(&mut begin, end)..end]));
    sentences
        .filter(|sentence| sentence.chars().any(char::is_alphabetic))
        .collect()
}

fn is_question(sentence: &str) -> bool {
    let sentence = bare(sentence);
    let end = sentence.trim_end_matches(|c: char| !c.is_alphanumeric() && !matches!(c, '?' | '？'));
    end.ends_with(['?', '？'])
}

fn announces(sentence: &str) -> bool {
    let lower = plain(sentence);
    let has = |words: &[&str]| words.iter().any(|words| lower.contains(words));
    if has(&OFFERS) && has(&OFFERED) {
        return true;
    }
    if has(&LEFT_TO_DO) && !has(&NOTHING_LEFT) {
        return true;
    }
    let mut begin = lower.as_str();
    while let Some(rest) = [
        "now",
        "next up",
        "next",
        "then",
        "ok",
        "okay",
        "great",
        "good",
        "so",
        "first",
        "after that",
    ]
    .iter()
    .find_map(|word| {
        let rest = begin.strip_prefix(word)?;
        let after = rest.trim_start_matches([',', ':', '!', '.', ' ']);
        (after.len() < rest.len()).then_some(after)
    }) {
        begin = rest;
    }
    let begins = |words: &[&str]| words.iter().any(|words| begin.starts_with(words));
    begins(&ANNOUNCEMENTS) && !begins(&NO_ANNOUNCEMENTS)
}

/// Returns the sentence in small letters, with one kind of apostrophe.
fn plain(sentence: &str) -> String {
    sentence.to_lowercase().replace('’', "'")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_how_the_work_ended() {
        for done in [
            "Replaced old by new.\n\ndone",
            "Done.",
            "I did it.\n**done**",
            "x\n`Done!`",
            "All is well.\n\ndone — 10 of 10 files",
            "Should I also look at the tests?\n\ndone",
        ] {
            assert_eq!(closing(done), Closing::Done, "{done:?}");
        }
        assert_eq!(
            closing("Three files.\n\npartial — 7 files are left"),
            Closing::Partial("7 files are left")
        );
        assert_eq!(
            closing("x\n**Partial**: 3 of 10"),
            Closing::Partial("3 of 10")
        );
        assert_eq!(closing("x\npartial"), Closing::Partial(""));
        assert_eq!(
            closing("I looked.\n\nnone — it is new"),
            Closing::Nothing("it is new")
        );
        assert_eq!(
            closing("I tried.\nfailed: no npm"),
            Closing::Failed("no npm")
        );
    }

    #[test]
    fn the_last_line_is_no_part_of_what_people_read() {
        assert_eq!(without_closing("I did it.\n\ndone\n"), Some("I did it."));
        assert_eq!(without_closing("I did it."), Some("I did it."));
        assert_eq!(without_closing("Done."), Some("Done."));
        assert_eq!(without_closing("x\n**done**"), Some("x"));
        assert_eq!(without_closing("done"), None);
        assert_eq!(without_closing("none — x"), Some("none — x"));
    }

    #[test]
    fn an_answer_may_say_that_nothing_needs_doing() {
        assert_eq!(nothing_to_do("none — all is well"), Some("all is well"));
        assert_eq!(nothing_to_do("`None - all is well`"), Some("all is well"));
        assert_eq!(nothing_to_do("none: x"), Some("x"));
        assert_eq!(nothing_to_do("none — x\nand y"), Some("x\nand y"));
        assert_eq!(nothing_to_do("none -- x"), Some("x"));
        let hyphens = ["None-checks are gone — x", "none-x", "partial-order — x"];
        for no in hyphens {
            assert_eq!(closing(no), Closing::Unsaid, "{no:?}");
        }
        for no in ["none", "nonetheless — x", "I changed none — x", "", "nöne"] {
            assert_eq!(nothing_to_do(no), None, "{no:?}");
        }
        assert_eq!(given_up("failed — no compiler"), Some("no compiler"));
        for no in ["failed", "none — x", "It failed — x", "failedly — x"] {
            assert_eq!(given_up(no), None, "{no:?}");
        }
    }

    #[test]
    fn prose_that_ends_in_a_question_is_no_end() {
        for text in [
            "I did 3 files. 7 remain. Should I continue with the rest?",
            "3 of 10 done.\n\nWould you like me to proceed with the others? I kept the tests.",
            "How do you want to go on?\n\n1. All at once\n2. One by one",
            "Done — shall I do the rest?",
            "**Is this what you meant?** 🙂",
            "続けますか？",
        ] {
            assert!(matches!(closing(text), Closing::Asks(_)), "{text:?}");
        }
    }

    #[test]
    fn prose_that_announces_what_comes_next_is_no_end() {
        for text in [
            "x1 is done. Now I'll migrate the remaining files.",
            "Next, I will update the tests:",
            "Let me now look at the other files.",
            "Let me know if I should continue.",
            "I can do the rest if you want.",
            "3 of 10 files are done; the others will follow.",
            "I’m going to convert x2 next.",
            "Please confirm before I go on.",
            "The 7 other files still need to be migrated.",
        ] {
            assert!(matches!(closing(text), Closing::Announces(_)), "{text:?}");
        }
    }

    #[test]
    fn a_healthy_end_is_no_question_and_no_announcement() {
        for text in [
            "Replaced old by new. A reviewer should look at x.js.",
            "Why was it var? It is let now, in all files.",
            "Let me know if you have any questions.",
            "Nothing remains to be done.",
            "I will leave the public names as they were.",
            "The next release needs no change.",
            "Changed:\n- a.js\n- b.js",
            "The loop asks `should I stop` no longer.",
            "ok",
        ] {
            assert_eq!(closing(text), Closing::Unsaid, "{text:?}");
        }
    }
}
