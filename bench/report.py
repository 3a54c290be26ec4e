#!/usr/bin/env python3
"""Turns what run.sh recorded into tables and plots.

report.py RESULTS [--quick]: prints the tables. Without --quick it also writes them and the plots to
where docs/performance.md and README.md show them.
"""
import csv
import pathlib
import re
import statistics
import sys

import plot

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHAPES = ("simple", "prepared", "nested")


def read_results(folder):
    """{measure: {configuration: [value of each round]}}"""
    results = {}
    with open(folder / "results.tsv", encoding="utf-8") as lines:
        for measure, configuration, _, value in csv.reader(lines, delimiter="\t"):
            results.setdefault(measure, {}).setdefault(configuration, []).append(float(value))
    return results


def table(head, rows):
    """Markdown, aligned so that it reads well in a terminal too."""
    cells = [head] + [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(len(head))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
             for row in cells]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def spread(values, digits=3):
    return [f"{figure:.{digits}f}"
            for figure in (min(values), statistics.median(values), max(values))]


def instruction_table(results, measure="instructions", names=None):
    shapes = [shape for shape in SHAPES if f"{measure}/{shape}" in results]
    rows = [["bare server"] + [f"{results[f'{measure}/{shape}']['bare'][0]:,.0f}"
                               for shape in shapes]]
    for configuration in results[f"{measure}/{shapes[0]}"]:
        if configuration != "bare":
            rows.append([(names or {}).get(configuration, configuration)]
                        + [f"{added(results, shape, configuration, measure):+,.0f}"
                           for shape in shapes])
    return table(["instructions a statement", *shapes], rows)


def added(results, shape, configuration, measure="instructions"):
    figures = results[f"{measure}/{shape}"]
    return figures[configuration][0] - figures["bare"][0]


def ratios_to_bare(results, measure, configuration):
    """Each round's, so that what slowed the machine in a round slowed both."""
    figures = results[measure]
    return [value / bare for value, bare in zip(figures[configuration], figures["bare"])]


def ratio_table(results):
    names = {"nested": "loop in PL/pgSQL, time", "churn": "churn, statements a second",
             "hot p99": "churn, p99 of a hot statement",
             "thousands of statements": "thousands of known statements"}
    rows = []
    for measure, figures in results.items():
        if "bare" not in figures or "instructions" in measure:
            continue
        name = names.get(measure, measure.replace("select-only/", "select-only, clients: "))
        for configuration in figures:
            if configuration != "bare":
                rows.append([name, configuration,
                             *spread(ratios_to_bare(results, measure, configuration))])
    return table(["ratio to the bare server", "", "min", "median", "max"], rows)


def reader_table(results):
    rows = []
    for measure in ("making the rows", "reading in the server", "reading by a client"):
        for configuration, values in results[measure].items():
            entries = results["entries"][configuration][0]
            rows.append([f"{measure}, {entries:,.0f} entries, ms", configuration,
                         *spread(values, 1)])
    for label, base in (("beside a reading each second", "alone"),
                        ("beside a session that reads", "beside a session that reads a table")):
        beside = [value / other for value, other in zip(results["writers"][label],
                                                        results["writers"][base])]
        rows.append([f"writers {label} / {base}", "elile_optimize", *spread(beside)])
    return table(["readers", "", "min", "median", "max"], rows)


def exporter_table(results):
    seconds = next(iter(results["scrape"].values()))
    rows = [["scrape of 200 tables by 5 operations, ms", *spread([1000 * s for s in seconds], 1)]]
    writers = results["scraped writers"]
    for series in ("pgbench's tables", "1,000 series"):
        for label, base in (("exporter on", "exporter off"),
                            ("scraped each second", "exporter on")):
            beside = [value / other for value, other in zip(writers[f"{series}, {label}"],
                                                            writers[f"{series}, {base}"])]
            rows.append([f"writers, {series}: {label} / {base}", *spread(beside)])
    kilobytes = next(iter(results["exporter memory"].values()))[0]
    rows.append(["exporter's memory at its largest, MB", f"{kilobytes / 1000:,.1f}", "", ""])
    return table(["exporter", "min", "median", "max"], rows)


def bounds_table(results):
    private = results["private memory"]
    nested = results["nested"]
    measured = statistics.median(ours - bare for ours, bare in
                                 zip(nested["elile_optimize"], nested["bare"]))
    return table(["figure", "value"], [
        ["shared memory for each of max_statements, bytes",
         f"{next(iter(results['shared memory'].values()))[0]:,.0f}"],
        ["a session's own memory before many statements, bytes", f"{private['before'][0]:,.0f}"],
        ["the same after them", f"{private['after'][0]:,.0f}"],
        ["overhead_per_statement_ns of info after the loop, ns",
         f"{results['overhead_per_statement_ns']['elile_optimize'][0]:,.0f}"],
        ["loop in PL/pgSQL, with less without: median of the rounds, ns", f"{measured:,.0f}"],
    ])


def store_table(folder):
    """Google Benchmark's medians."""
    with open(folder / "store.csv", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    found = []
    for row in rows:
        name = row["name"].removeprefix("BM_")
        if not name.endswith("_median"):
            continue
        name = name.removesuffix("_median").replace("/real_time", "")
        # Of threads together; a thread's own share is what an operation takes.
        threads = int((re.search(r"threads:(\d+)", name) or [0, 1])[1])
        if name.startswith("LinesWritten"):
            found.append(["cache lines that an execution writes", f"{float(row['lines']):.0f}"])
        else:
            found.append([name + ", ns", f"{float(row['real_time']) * threads:,.1f}"])
    return table(["the store alone", "median"], found)


def machine_table(folder):
    with open(folder / "machine.tsv", encoding="utf-8") as lines:
        return table(["", ""], [row for row in csv.reader(lines, delimiter="\t")
                                if row[0] != "quick"])


def replace_section(path, name, text):
    """Between the markers of that name."""
    begin, end = f"<!-- bench: {name} -->", "<!-- bench: end -->"
    old = path.read_text(encoding="utf-8")
    at = old.index(begin) + len(begin)
    path.write_text(old[:at] + "\n" + text + "\n" + old[old.index(end, at):], encoding="utf-8")


def write_plots(results, folder):
    configurations = [name for name in results["instructions/simple"] if name != "bare"]
    shapes = [shape for shape in SHAPES if f"instructions/{shape}" in results]
    groups = {name: [added(results, shape, name) for shape in shapes] for name in configurations}
    (folder / "instructions.svg").write_text(
        plot.bars("Instructions added to a statement", shapes, groups), encoding="utf-8")
    lines = {}
    for measure, figures in results.items():
        if measure.startswith("select-only/"):
            clients = int(measure.split("/")[1])
            for name in figures:
                if name != "bare":
                    ratio = statistics.median(ratios_to_bare(results, measure, name))
                    lines.setdefault(name, []).append((clients, ratio))
    (folder / "throughput.svg").write_text(
        plot.lines("Throughput beside a bare server's, by clients", lines), encoding="utf-8")


def main():
    folder = pathlib.Path(sys.argv[1])
    results = read_results(folder)
    sections = {
        "machine": machine_table(folder),
        "instructions": instruction_table(results),
        "slow": instruction_table(results, "slow instructions",
                                  {"elile_optimize_slow": "elile_optimize, row and log entry",
                                   "auto_explain_slow": "auto_explain, log entry"}),
        "ratios": ratio_table(results),
        "readers": reader_table(results),
        "exporter": exporter_table(results),
        "bounds": bounds_table(results),
        "store": store_table(folder),
    }
    for text in sections.values():
        print(text, end="\n\n")
    write_plots(results, folder)
    if "--quick" not in sys.argv:
        for name, text in sections.items():
            replace_section(ROOT / "docs/performance.md", name, text)
        replace_section(ROOT / "README.md", "instructions", sections["instructions"])
        write_plots(results, ROOT / "docs")


if __name__ == "__main__":
    main()
