"""Samples of memory, open files and counters, and what processes that live long have grown by."""
import os
import pathlib
import threading

import psycopg2

import plot
from processes import children_of

# Anonymous memory in kB that a process may gain after its first quarter of a minute, and open files.
MOST_GROWTH = {"postmaster": 4096, "keeper": 4096, "exporter": 16384, "steady session": 4096}
MOST_FILES = 12
SETTLED = 15
COUNTERS = ("entries", "text_bytes", "plan_bytes", "evictions", "dropped", "buckets_dropped", "stripes_dropped",
            "texts_dropped", "repaired_slots", "not_ready", "plans_lost", "exporter_starts")


def memory_of(process):
    """Anonymous kB and open files, or nothing when it has gone."""
    try:
        status = pathlib.Path(f"/proc/{process}/status").read_text()
        anonymous = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon"))
        return anonymous, len(os.listdir(f"/proc/{process}/fd"))
    except (OSError, StopIteration):
        return None


class Steady(threading.Thread):
    """One session that does the same all the time, and is never ended but by a crash."""

    def __init__(self, server):
        super().__init__(name="steady")
        self.server = server
        self.process = None

    def run(self):
        connection = None
        while not self.server.over.is_set():
            try:
                connection = connection or self.server.connect("witness", "witness", "soak steady")
                self.process = connection.info.backend_pid
                with connection.cursor() as cursor:
                    for turn in range(20):
                        cursor.execute("select * from steady where id > %s", (turn,))
                        cursor.execute("update steady set n = n + 1 where id = %s", (turn,))
                        try:
                            cursor.execute("select 1 / (n - n) from steady")
                        except psycopg2.DataError:
                            pass
            except psycopg2.Error:
                connection = None
            self.server.pause(0.05, 0.2)
        if connection:
            connection.close()


class Samples(threading.Thread):
    def __init__(self, server, steady):
        super().__init__(name="samples")
        self.server = server
        self.steady = steady
        self.all = {}  # (what, process): [(age, kB, files)]
        self.sessions = []  # (age, number, kB of all of them, kB of the largest)
        self.counters = {name: [] for name in COUNTERS}

    def run(self):
        pause = max(1, min(5, self.server.seconds / 60))
        while not self.server.over.wait(pause):
            self.take()

    def take(self):
        for path in self.server.scratch.glob("*/postmaster.pid"):
            try:
                postmaster = int(path.read_text().splitlines()[0])
            except (OSError, ValueError, IndexError):
                continue
            cluster = path.parent.name
            self.take_server("" if cluster == "data" else f"{cluster}: ", postmaster)
        self.take_counters()

    def take_server(self, prefix, postmaster):
        self.note(f"{prefix}postmaster", postmaster)
        sessions = []
        for process, line in children_of(postmaster):
            if "elile_optimize keeper" in line:
                self.note(f"{prefix}keeper", process)
                for child, _ in children_of(process):
                    self.note(f"{prefix}exporter", child)
            elif process == self.steady.process:
                self.note("steady session", process)
            elif "[local]" in line:
                sessions.append((memory_of(process) or (0, 0))[0])
        if not prefix:
            self.sessions.append((self.server.age(), len(sessions), sum(sessions), max(sessions, default=0)))

    def note(self, what, process):
        found = memory_of(process)
        if found:
            self.all.setdefault((what, process), []).append((self.server.age(), *found))

    def take_counters(self):
        try:
            row = self.server.ask(f"select {', '.join(COUNTERS)} from elile_optimize.info")[0]
        except psycopg2.Error:
            return
        for name, value in zip(COUNTERS, row):
            self.counters[name].append((self.server.age(), value))

    def growth(self):
        """(what, process, first, last sample after it settled) of each that lived long enough."""
        for (what, process), samples in self.all.items():
            settled = [sample for sample in samples if sample[0] >= samples[0][0] + SETTLED]
            if len(settled) > 1:
                yield what, process, settled[0], settled[-1]

    def judge(self):
        for what, process, first, last in self.growth():
            most = MOST_GROWTH[what.rpartition(": ")[2]]
            if last[1] - first[1] > most:
                self.server.fault(f"{what} {process} grew from {first[1]} to {last[1]} kB, by more than {most}")
            if last[2] - first[2] > MOST_FILES:
                self.server.fault(f"{what} {process} had {first[2]} files open, and {last[2]} in the end")

    def write(self, folder):
        with open(folder / "samples.tsv", "w", encoding="utf-8") as out:
            print("what", "process", "second", "value", "files", sep="\t", file=out)
            for (what, process), samples in self.all.items():
                for age, size, files in samples:
                    print(what, process, f"{age:.1f}", size, files, sep="\t", file=out)
            for age, number, size, largest in self.sessions:
                print("sessions", number, f"{age:.1f}", size, largest, sep="\t", file=out)
            for name, points in self.counters.items():
                for age, value in points:
                    print(name, "", f"{age:.1f}", value, "", sep="\t", file=out)
        lines = {}
        for (what, _), samples in self.all.items():
            if ": " not in what:
                lines.setdefault(what, []).extend((age, size / 1024) for age, size, _ in samples)
        lines["sessions' mean"] = [(age, size / max(number, 1) / 1024) for age, number, size, _ in self.sessions]
        (folder / "memory.svg").write_text(plot.courses("Memory of their own, MB", lines))
        (folder / "counters.svg").write_text(plot.courses("Counters of info, each to its largest", {
            name: [(age, value / max(1, max(value for _, value in points))) for age, value in points]
            for name, points in self.counters.items() if any(value for _, value in points)}))
