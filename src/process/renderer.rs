//! Renders a template that a person or a repository wrote in a process of its own, whose memory and time the system
//! bounds: a template can double a text with each step.
//!
//! The process is this program itself. It reads a [`FilledTemplate`] from its input and prints the text or the fault,
//! both as JSON. Knows nothing of what a template is for.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;

use crate::words::{self, FilledTemplate, TemplateFault};

/// The command of this program that renders a template.
pub const RENDER: &str = "render-template";

/// How many bytes of memory the process may ask for. It needs some 60 MB before the first template.
const MEMORY: u64 = 512 * 1024 * 1024;

/// How many seconds of a processor it may take.
const SECONDS: u64 = 10;

/// What it prints is never longer: JSON needs at most six bytes for one of a text of 4 MiB.
const PRINTED: u64 = 25 * 1024 * 1024;

/// Renders the templates of others. No words start no process: the template is known, and is rendered in this one.
#[derive(Debug, Clone)]
pub struct Renderer(Vec<OsString>);

impl Renderer {
    /// Renders in a process of this program.
    #[must_use]
    pub fn apart() -> Self {
        // This name stays good where the program was replaced after its start.
        let own = PathBuf::from("/proc/self/exe");
        let program = if own.exists() {
            own
        } else {
            std::env::current_exe().unwrap_or_else(|_| PathBuf::from("batch"))
        };
        Self(vec![program.into(), RENDER.into()])
    }

    /// Renders in this process, which is not this program but its tests.
    #[cfg(test)]
    pub(crate) fn here() -> Self {
        Self(Vec::new())
    }

    /// Renders the template apart; `None` where it is to be rendered in this process.
    #[must_use]
    pub fn render(&self, template: &FilledTemplate) -> Option<Result<String, TemplateFault>> {
        let (program, args) = self.0.split_first()?;
        Some(render(program, args, template))
    }
}

fn render(
    program: &OsStr,
    args: &[OsString],
    template: &FilledTemplate,
) -> Result<String, TemplateFault> {
    let fault = |error: io::Error| {
        TemplateFault::of_all(format!(
            "the process that renders it cannot be used: {error}"
        ))
    };
    let input = serde_json::to_vec(template)
        .map_err(|error| TemplateFault::of_all(format!("its facts cannot be told: {error}")))?;
    let child = Command::new(program)
        .args(args)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(fault)?;
    let (printed, status) = talk(child, &input).map_err(fault)?;
    if !status.success() {
        return Err(TemplateFault::of_all(why(status)));
    }
    serde_json::from_slice(&printed).unwrap_or_else(|error| Err(fault(error.into())))
}

/// Gives the process its input, and returns what it printed and how it ended.
fn talk(mut child: Child, input: &[u8]) -> io::Result<(Vec<u8>, ExitStatus)> {
    let mut printed = Vec::new();
    // The process reads all of its input before it prints. One that ended early says why by its exit.
    let wrote = child.stdin.take().map(|mut stdin| stdin.write_all(input));
    let read = child
        .stdout
        .take()
        .map(|stdout| stdout.take(PRINTED).read_to_end(&mut printed));
    let status = child.wait()?;
    if status.success() {
        wrote.transpose()?;
        read.transpose()?;
    }
    Ok((printed, status))
}

/// Says why the process ended without an answer.
fn why(status: ExitStatus) -> String {
    let signal = status.signal().and_then(|it| Signal::try_from(it).ok());
    match signal {
        // A program that gets no memory aborts.
        Some(Signal::SIGABRT) => format!("it needs more than {} of memory", words::bytes(MEMORY)),
        Some(Signal::SIGXCPU | Signal::SIGKILL) => {
            format!("it is not done after {SECONDS} seconds")
        }
        _ => format!("the process that renders it ended with {status}"),
    }
}

/// Bounds the memory and the time of this process, which then renders a template. Only Linux bounds the memory.
pub fn bound_this_process() -> io::Result<()> {
    if cfg!(target_os = "linux") {
        setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY)?;
    }
    setrlimit(Resource::RLIMIT_CPU, SECONDS, SECONDS)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::words::TemplateKind;

    fn rendered_by(script: &str) -> Result<String, TemplateFault> {
        let words = ["/bin/sh", "-c", script].map(OsString::from);
        let template = FilledTemplate {
            kind: TemplateKind::Prompt,
            source: "{{ a }}".to_owned(),
            facts: json!({"a": "x".repeat(200_000)}),
        };
        Renderer(words.to_vec()).render(&template).unwrap()
    }

    #[test]
    fn the_answer_of_the_process_counts() {
        assert_eq!(
            rendered_by("cat >&2; echo '{\"Ok\":\"text\"}'").as_deref(),
            Ok("text")
        );
        let fault = rendered_by("cat >&2; echo '{\"Err\":{\"line\":2,\"problem\":\"p\"}}'");
        assert_eq!(fault.unwrap_err().to_string(), "is faulty in line 2: p");
    }

    #[test]
    fn a_process_without_an_answer_says_why_by_its_end() {
        for (script, said) in [
            ("kill -ABRT $$", "it needs more than 536.8 MB of memory"),
            ("kill -XCPU $$", "it is not done after 10 seconds"),
            ("exit 3", "ended with exit status: 3"),
            ("cat >&2; echo no", "cannot be used: expected"),
        ] {
            let fault = rendered_by(script).unwrap_err().to_string();
            assert!(fault.contains(said), "{script}: {fault}");
        }
    }
}
