"""Compares the imports that plans cut with those that METIS and grouping by folder cut.

    bench-plan.py <folder> <name>...

For each name the folder holds a repository and the graph of its plan, as `batch plan --graph` writes it. The weight of
an import is that of the graph. A file weighs its bytes and 2,000 more; one heavier than a unit may be counts as much as
the mean unit of the others, for everybody.
"""

import json
import math
import os
import sys
from collections import defaultdict

import pymetis

MOST = 1.10


def load(folder, name):
    """The unit of each file, the weight of each file, and the weight of each pair that imports."""
    with open(os.path.join(folder, name + ".json")) as file:
        graph = json.load(file)
    own = {unit["id"] for unit in graph["units"] if not unit["id"].endswith("-shared")}
    kept = [at for at, file in enumerate(graph["files"]) if file.get("unit") in own]
    place = {at: number for number, at in enumerate(kept)}
    names = sorted(own)
    units = [names.index(graph["files"][at]["unit"]) for at in kept]
    paths = [graph["files"][at]["path"] for at in kept]
    weights = [os.path.getsize(os.path.join(folder, name, path)) + 2000 for path in paths]
    pairs = defaultdict(float)
    for a, b, weight in graph["imports"]:
        if a in place and b in place and a != b:
            a, b = place[a], place[b]
            pairs[min(a, b), max(a, b)] += weight
    return paths, units, capped(weights, len(names)), pairs, len(names)


def capped(weights, units):
    order = sorted(range(len(weights)), key=lambda at: -weights[at])
    rest, left, giants = sum(weights), units, 0
    while left > 1 and weights[order[giants]] > rest / left * MOST:
        rest -= weights[order[giants]]
        left -= 1
        giants += 1
    weights = list(weights)
    for at in order[:giants]:
        weights[at] = rest // left
    return weights


def metis(weights, pairs, units):
    neighbours = defaultdict(list)
    for (a, b), weight in pairs.items():
        cost = max(1, round(weight * 1000))
        neighbours[a].append((b, cost))
        neighbours[b].append((a, cost))
    starts, ends, costs = [0], [], []
    for at in range(len(weights)):
        for other, cost in neighbours[at]:
            ends.append(other)
            costs.append(cost)
        starts.append(len(ends))
    options = pymetis.Options()
    options.ufactor = round(MOST * 1000) - 1000
    options.seed = 1
    _, parts = pymetis.part_graph(
        units, xadj=starts, adjncy=ends, vweights=weights, eweights=costs, options=options, recursive=False
    )
    return parts


def by_folder(paths, weights, units):
    """Folders as they are, those heavier than a unit in pieces; the heaviest first, each to the lightest unit."""
    mean = sum(weights) / units
    folders = defaultdict(list)
    for at in sorted(range(len(paths)), key=lambda at: paths[at]):
        folders[os.path.dirname(paths[at])].append(at)
    pieces = []
    for files in folders.values():
        piece = []
        for at in files:
            if piece and sum(weights[it] for it in piece) + weights[at] > mean:
                pieces.append(piece)
                piece = []
            piece.append(at)
        pieces.append(piece)
    pieces.sort(key=lambda piece: (-sum(weights[at] for at in piece), paths[piece[0]]))
    loads = [0] * units
    parts = [0] * len(paths)
    for piece in pieces:
        lightest = loads.index(min(loads))
        for at in piece:
            parts[at] = lightest
            loads[lightest] += weights[at]
    return parts


def measured(parts, weights, pairs, units):
    """The share of imports that is cut, and the heaviest and the lightest unit by the mean."""
    loads = [0] * units
    for at, part in enumerate(parts):
        loads[part] += weights[at]
    mean = sum(loads) / units
    cut = sum(weight for (a, b), weight in pairs.items() if parts[a] != parts[b])
    return cut / sum(pairs.values()), max(loads) / mean, min(loads) / mean


def main():
    folder, names = sys.argv[1], sys.argv[2:]
    row = "{:<8} {:>6} {:>7} {:>5}   {:>6} {:>12}   {:>6} {:>12}   {:>6} {:>12}   {:>7} {:>7}"
    print(row.format("", "files", "imports", "units", "batch", "max, min", "METIS", "max, min", "folder", "max, min",
                     "÷ METIS", "÷ folder"))
    logs = [0.0, 0.0]
    for name in names:
        paths, units, weights, pairs, count = load(folder, name)
        ours, theirs, folders = (
            measured(parts, weights, pairs, count)
            for parts in (units, metis(weights, pairs, count), by_folder(paths, weights, count))
        )
        cells = []
        for cut, most, least in (ours, theirs, folders):
            cells += [f"{100 * cut:.1f} %", f"{most:.2f}, {least:.2f}"]
        ratios = ours[0] / theirs[0], ours[0] / folders[0]
        logs = [log + math.log(ratio) for log, ratio in zip(logs, ratios)]
        print(row.format(name, len(paths), len(pairs), count, *cells, *(f"{ratio:.2f}" for ratio in ratios)))
    means = [math.exp(log / len(names)) for log in logs]
    print(row.format("geometric mean", *[""] * 9, *(f"{mean:.2f}" for mean in means)).replace(" " * 8, "", 1))


main()
