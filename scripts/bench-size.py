"""Plans for a made-up repository of very many files, and tells the time and the memory at the peak.

    bench-size.py <batch> <folder> [files]

The files are TypeScript in packages and folders, with imports of files near them and of some that many import. The
repository is made in the folder where it is not there yet. Each run is a process of its own, and the memory is that
process's alone: what git takes that it starts does not count.
"""

import os
import random
import shutil
import subprocess
import sys
import time


def paths(count, rng):
    made = []
    while len(made) < count:
        folder = f"packages/p{rng.randrange(60):02}/src"
        for _ in range(rng.randrange(4)):
            folder += f"/m{rng.randrange(7)}"
        folder += f"/d{len(made)}"
        made += [f"{folder}/f{file}.ts" for file in range(rng.randrange(2, 25))]
    return sorted(made[:count])


def make(folder, count):
    rng = random.Random(7)
    names = paths(count, rng)
    hubs = rng.sample(range(count), count // 100)
    os.makedirs(folder)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", folder], check=True)
    git = subprocess.Popen(["git", "-C", folder, "fast-import", "--quiet"], stdin=subprocess.PIPE)
    out = git.stdin
    out.write(b"commit refs/heads/main\ncommitter A <a@example.invalid> 1704067200 +0000\ndata 4\nmade\n")
    for at, name in enumerate(names):
        near = [rng.randrange(max(0, at - 15), min(count, at + 15)) for _ in range(rng.randrange(1, 8))]
        imported = [*near, rng.randrange(count), rng.choice(hubs)]
        lines = [f"import {{ x{to} }} from '{os.path.relpath(names[to][:-3], os.path.dirname(name))}';" for to in imported]
        lines = [line.replace("from 'f", "from './f") for line in lines]
        lines += [f"export const x{at}_{line} = {rng.random()};" for line in range(rng.randrange(5, 60))]
        text = "\n".join(lines).encode()
        out.write(f"M 100644 inline {name}\ndata {len(text)}\n".encode() + text + b"\n")
    out.close()
    if git.wait() != 0:
        sys.exit("bench-size: git fast-import failed")


def measured(command):
    """Runs it; gives the seconds that it took and the megabytes at the peak."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"bench-size: {' '.join(command)} failed")
    # In bytes on macOS, in kilobytes elsewhere.
    return seconds, used.ru_maxrss // (1_000_000 if sys.platform == "darwin" else 1_000)


def main():
    batch, folder = sys.argv[1:3]
    count = int(sys.argv[3]) if len(sys.argv) > 3 else 100_000
    if not os.path.exists(folder):
        # What was begun and not ended must not be measured.
        new = folder + ".new"
        shutil.rmtree(new, ignore_errors=True)
        make(new, count)
        os.rename(new, folder)
    shutil.rmtree(os.path.join(folder, ".git/batch/cache"), ignore_errors=True)
    for what in ("nothing kept", "graph kept"):
        seconds, peak = measured([batch, "-C", folder, "plan", "**", "Measure", "-o", "-"])
        print(f"plan of {count} files, {what}: {seconds:.1f} s, {peak} MB at the peak")


main()
