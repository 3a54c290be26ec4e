#!/usr/bin/env python3
"""pools.py RESULTS [--try]: what pools.sh recorded, as the plot and the table of docs/pools.md; --try only prints it."""
import csv
import pathlib
import sys

import plot
import report

KNEE = 0.95
ROOMY = "40"
NAMES = {"sleeping": "sleeping", "talking": "pauses within", "thinking": "pauses between",
         "computing": "computing"}


def read_results(path):
    """{workload: {size: throughput}}, {workload: {size it ran at: (size, overflow, finding)}}"""
    throughput, advice = {}, {}
    with open(path, encoding="utf-8") as lines:
        for row in csv.reader(lines, delimiter="\t"):
            if row[0] == "throughput":
                curve = throughput.setdefault(row[1], {})
                # The best round: what else the machine does can only take from it.
                curve[int(row[2])] = max(float(row[3]), curve.get(int(row[2]), 0))
            else:
                # There is no size where too little was seen.
                size, overflow = (int(figure) if figure else None for figure in row[3:5])
                advice.setdefault(row[1], {})[row[2]] = (size, overflow, row[6])
    return throughput, advice


def knee_of(curve):
    """The smallest size with 95 % of the best throughput."""
    best = max(curve.values())
    return min(size for size, value in curve.items() if value >= KNEE * best)


def main():
    folder = pathlib.Path(sys.argv[1])
    throughput, advice = read_results(folder / "results.tsv")
    rows, curves, marks = [], {}, {}
    for workload, curve in throughput.items():
        knee = knee_of(curve)
        best = max(curve.values())
        for at, (size, overflow, finding) in advice[workload].items():
            recommended = ["", ""] if size is None else [f"{size} + {overflow}", f"{size / knee - 1:+.0%}"]
            rows.append([NAMES[workload], f"{best:,.0f}", knee, at, *recommended, finding])
        curves[NAMES[workload]] = sorted((size, value / best) for size, value in curve.items())
        if advice[workload][ROOMY][0] is not None:
            marks[NAMES[workload]] = advice[workload][ROOMY][0]
    text = report.table(["workload", "best, tx/s", "knee", "ran at", "recommended", "off", "finding"],
                        rows)
    print(text)
    picture = plot.curves("Throughput by pool size; the size recommended", curves, marks, "connections")
    if "--try" not in sys.argv:
        docs = report.ROOT / "docs"
        report.replace_section(docs / "pools.md", "pools", text)
        (docs / "pool-size.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
