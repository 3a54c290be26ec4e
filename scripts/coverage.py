"""coverage.py UNIT EXPLORER: prints a table of what two programs reach of src/core, from what gcov says of each."""
import collections
import json
import sys

CORE = "src/core/"
# A file that has less of its lines is shown with those that are left.
WANTED = 0.85


class Reached:
    """Lines and branches, by file, with whether the program came there."""

    def __init__(self, path):
        self.lines = collections.defaultdict(dict)
        self.branches = collections.defaultdict(dict)
        with open(path, encoding="utf-8") as file:
            for line in file:
                for source in json.loads(line)["files"]:
                    self.add(source)

    def add(self, source):
        """A template's line is there for each of its instances, of which one that is reached is enough."""
        _, is_core, name = source["file"].rpartition(CORE)
        if not is_core:
            return
        for line in source["lines"]:
            number = line["line_number"]
            lines = self.lines[name]
            lines[number] = lines.get(number, False) or line["count"] > 0
            # What an exception takes is no branch of ours.
            own = [branch for branch in line["branches"] if not branch["throw"]]
            for place, branch in enumerate(own if len(own) > 1 else []):
                branches = self.branches[name]
                branches[number, place] = branches.get((number, place), False) or branch["count"] > 0


def merged(one, other):
    """What each reaches of the places that either has, and what both do."""
    places = {**one, **other}
    return ({place: one.get(place, False) for place in places}, {place: other.get(place, False) for place in places},
            {place: one.get(place, False) or other.get(place, False) for place in places})


def share(places):
    return sum(places.values()) / len(places) if places else 1


def shown(places):
    return f"{100 * share(places):.0f} %" if places else ""


def ranges(numbers):
    """1, 2, 3, 7 as 1-3, 7."""
    found = []
    for number in sorted(numbers):
        if found and found[-1][1] == number - 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in found)


def main():
    programs = [Reached(path) for path in sys.argv[1:]]
    names = sorted(set().union(*(program.lines for program in programs)))
    rows = []
    sums = [{} for _ in range(6)]
    for name in names:
        kinds = [[getattr(program, kind)[name] for program in programs] for kind in ("lines", "branches")]
        row = [places for kind in kinds for places in merged(*kind)]
        rows.append((name, row))
        for total, places in zip(sums, row):
            total.update({(name, place): is_reached for place, is_reached in places.items()})
    print("| file | lines: unit | explorer | both | branches: unit | explorer | both |\n|---|---|---|---|---|---|---|")
    for name, row in [*rows, ("all", sums)]:
        print(f"| {name} | {' | '.join(map(shown, row))} |")
    print()
    for name, row in rows:
        if share(row[2]) < WANTED:
            print(f"- {name} lacks {ranges(line for line, is_reached in row[2].items() if not is_reached)}")


main()
