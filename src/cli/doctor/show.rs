//! Findings for people, a line each, and for programs.

use console::Style;
use serde::Serialize;

use super::finding::{Finding, Verdict};
use crate::words;

/// Rises when a program that reads the output would have to change.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Output<'a> {
    version: u32,
    works: bool,
    findings: &'a [Finding],
}

pub(super) fn has_problem(findings: &[Finding]) -> bool {
    count(findings, Verdict::Problem) > 0
}

fn count(findings: &[Finding], verdict: Verdict) -> usize {
    findings
        .iter()
        .filter(|finding| finding.verdict == verdict)
        .count()
}

/// Colours follow the `console` crate's setting for standard output.
pub(super) fn people(findings: &[Finding]) -> String {
    let width = findings
        .iter()
        .map(|finding| finding.subject.len())
        .max()
        .unwrap_or_default();
    let line = |finding: &Finding| {
        let (name, style) = match finding.verdict {
            Verdict::Ok => ("ok", Style::new().green()),
            Verdict::Warning => ("warning", Style::new().yellow()),
            Verdict::Problem => ("problem", Style::new().red().bold()),
        };
        format!(
            "{}  {:width$}  {}\n",
            style.apply_to(format!("{name:7}")),
            finding.subject,
            words::line(&finding.words)
        )
    };
    let lines: String = findings.iter().map(line).collect();
    format!("{lines}\n{}\n", closing(findings))
}

fn closing(findings: &[Finding]) -> String {
    let number = |verdict, one: &str| match count(findings, verdict) {
        0 => None,
        1 => Some(format!("1 {one}")),
        more => Some(format!("{more} {one}s")),
    };
    let problems = number(Verdict::Problem, "problem");
    let warnings = number(Verdict::Warning, "warning");
    match (problems, warnings) {
        (None, None) => "batch can work here".to_owned(),
        (None, Some(warnings)) => format!("batch can work here, with {warnings}"),
        (Some(problems), None) => format!("batch cannot work here yet: {problems}"),
        (Some(problems), Some(warnings)) => {
            format!("batch cannot work here yet: {problems}, {warnings}")
        }
    }
}

pub(super) fn json(findings: &[Finding]) -> serde_json::Result<String> {
    let output = Output {
        version: VERSION,
        works: !has_problem(findings),
        findings,
    };
    words::json_in_lines(&output).map(|text| text + "\n")
}
