//! The agents that many tests need, each a short script with a name. `words.sh` defines the words they use.

/// Begins every script; see [`super::Repo::program`].
pub(super) const WORDS: &str = include_str!("words.sh");

/// Adds a line to every file of its claim.
pub const SIGN: &str = "sign";

/// Signs, and notes in `worked` each time that it works.
pub const SIGN_AND_NOTE: &str = "
note
sign";

/// Fails, and has changed nothing.
pub const FAIL: &str = "exit 3";

/// Signs, and changes a file outside of every claim.
pub const STRAY: &str = "
echo stray >>README.md
sign";

/// Says something, and then waits for a word that never comes.
pub const NEVER_DONE: &str = "
echo waiting for word
wait_forever";

/// Waits at the gate of the test, and signs with the word that the test says there.
pub const WAIT: &str = r#"
wait_at_gate
sign "$word""#;

/// Notes that it works, and signs once the test has put down a key; until then it is refused.
pub const NEED_KEY: &str = "
note
need_key
sign";

/// Runs a command for each claimed file, which is in `$f`.
pub fn each(command: &str) -> String {
    format!("tr '\\0' '\\n' <\"$BATCH_FILES\" | while read -r f; do {command}; done")
}

/// Stands for Claude Code: `turn` is what its model does. It finds the unit's files with `files`, changes some of them
/// with `change`, and says its last words with `say`; `$turn` counts the starts for the unit.
pub fn claude(turn: &str) -> String {
    format!("{CLAUDE}\n{turn}\n[ -n \"$ended\" ] || say 'done'")
}

const CLAUDE: &str = r#"
prompt=$(cat)
note
turn=$(grep -c "^$BATCH_UNIT$" "$here/worked")
printf '%s\n' "$prompt" >>"$here/told-$BATCH_UNIT"
printf '%s\n' "$*" >>"$here/args-$BATCH_UNIT"
list=$here/files-$BATCH_UNIT
printf '%s\n' "$prompt" | grep -q '^## Your files' &&
    printf '%s\n' "$prompt" | sed -n '/^## Your files/,/^## /s/^- //p' >"$list"
ended=

# The unit's files, or the first of them.
files() { head -n "${1:-999}" "$list"; }

# Changes the unit's files, or the first of them.
change() { for file in $(files "${1:-}"); do sed -i.bak 's/^var/let/' "$file" && rm "$file.bak"; done; }

# Ends the turn with these words, for this reason.
say() {
    ended=yes
    printf '{"type":"result","subtype":"success","is_error":%s,"num_turns":2,"stop_reason":"%s",' \
        "${3:-false}" "${2:-end_turn}"
    printf '"session_id":"s-%s","result":"%s","total_cost_usd":0.1,' "$BATCH_UNIT" "$1"
    printf '"usage":{"input_tokens":4,"output_tokens":110}}\n'
}

# Uses a tool with this input, which works or fails.
use_tool() {
    printf '{"type":"assistant","message":{"content":[{"type":"tool_use","name":"%s","input":%s}]}}\n' "$1" "$2"
    printf '{"type":"user","message":{"content":[{"type":"tool_result","is_error":%s}]}}\n' "${3:-false}"
}

printf '{"type":"system","subtype":"init","session_id":"s-%s"}\n' "$BATCH_UNIT""#;
