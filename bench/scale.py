#!/usr/bin/env python3
"""scale.py RESULTS [--print]: what scale.sh recorded, as the tables and plots of docs/performance.md; --print only
shows the tables."""
import csv
import pathlib
import sys

import plot
import report

SECTIONS = ("statements", "tables", "sessions", "working set")
BARE = "bare"
WORKING_SET = "working set"


def read_results(path):
    """{section: {(measure, who): {count: [value of each round]}}}"""
    results = {}
    with open(path, encoding="utf-8") as lines:
        for section, count, measure, who, value in csv.reader(lines, delimiter="\t"):
            figures = results.setdefault(section, {}).setdefault((measure, who), {})
            figures.setdefault(int(count), []).append(float(value))
    return results


def shown(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:,.3g}"


def figure_of(values):
    """What else the machine does to a process's caches can only add to its processor time."""
    return min(values) if values else None


def scale_table(section, figures):
    counts = sorted({count for by_count in figures.values() for count in by_count})
    rows = []
    for (measure, who), by_count in figures.items():
        figures_shown = [figure_of(by_count.get(count)) for count in counts]
        rows.append([measure, who, *("" if figure is None else shown(figure) for figure in figures_shown)])
    if section == WORKING_SET:
        rows += ratio_rows(figures, counts)
    return report.table([section, "", *(f"{count:,}" for count in counts)], rows)


def ratio_rows(figures, counts):
    rows = []
    for (measure, who), by_count in figures.items():
        if who != BARE:
            ratios = [figure_of(by_count[count]) / figure_of(figures[measure, BARE][count]) for count in counts]
            rows.append([f"{measure}, to the bare server", who, *(f"{ratio:.3f}" for ratio in ratios)])
    return rows


def scale_plot(section, figures):
    """Of the times. What is not ours has one, and goes by its own name."""
    series = {}
    for (measure, who), by_count in figures.items():
        points = [(count, figure_of(values)) for count, values in by_count.items() if figure_of(values) > 0]
        if measure.endswith(", ms") and points:
            ours = measure.removesuffix(", ms").removeprefix("reading ")
            series[ours if who == plot.OURS else who] = points
    return plot.growth(f"Processor time by {section}, ms", dict(list(series.items())[:len(plot.COLOURS)]), section)


def main():
    folder = pathlib.Path(sys.argv[1])
    results = read_results(folder / "results.tsv")
    docs = report.ROOT / "docs"
    for section in (name for name in SECTIONS if name in results):
        text = scale_table(section, results[section])
        print(text, end="\n\n")
        picture = None if section == WORKING_SET else scale_plot(section, results[section])
        if "--print" not in sys.argv:
            report.replace_section(docs / "performance.md", f"scale, {section}", text)
            if picture:
                (docs / f"cost-by-{section}.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
