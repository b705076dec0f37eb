# What agents and checks of tests have in common; every script that `Repo::program` writes begins with it.

# The folder of the test, which holds the repository and all scripts.
here=${0%/*}

# Adds a line to every file of the unit: "signed", or the word that is given.
sign() {
    xargs -0 sh -c 'for file; do echo "// $0" >>"$file"; done' "${1:-signed}" <"$BATCH_FILES"
}

# Changes every file of the unit by a command of sed.
edit() {
    xargs -0 sed -i.bak "$1" <"$BATCH_FILES"
    find . -name '*.bak' -exec rm {} +
}

# Notes in the file `worked` that this unit is worked on, or what is given.
note() {
    echo "${1:-$BATCH_UNIT}" >>"$here/worked"
}

# Tells the test, which waits at a gate, that this process has begun, and waits until the test lets it go.
# The variable `word` holds what the test says.
wait_at_gate() {
    echo $$ >"$here/started"
    read -r word <"$here/go"
}

# Waits for a word on the named pipe `never`, which nobody says.
wait_forever() {
    read -r word <"$here/never"
}

# Ends as an agent does that is not logged in, unless the test has put down a file `key`.
need_key() {
    test -e "$here/key" || { echo 'invalid api key'; exit 77; }
}

# Tells what this turn used up, as the fields of a JSON object.
use_up() {
    echo "{$1}" >"$BATCH_USAGE_FILE"
}

# Makes a commit as somebody else than the user.
commit_as_agent() {
    git -c user.name=Agent -c user.email=a@agent.example commit --quiet --message "$1"
}

# Holds where the unit has this file, or a file below this folder.
claims() {
    tr '\0' '\n' <"$BATCH_FILES" | grep -q "^$1"
}
