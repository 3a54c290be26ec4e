#!/usr/bin/env python3
"""soak.py SECONDS SCRATCH BIN PORT METRICS-PORT FOLDER STANDBYS: puts a running server under all kinds of load and faults,
looks at what is left, and writes a report. It is called by scripts/soak.sh, whose process STANDBYS tries standbys."""
import random
import signal
import sys
import time

import psycopg2

from faults import Faults, send
from loops import Scraper, loops_of
from memory import Samples, Steady
from server import EXECUTIONS, Server
from verdicts import Verdicts
from witness import Witness


def read_standbys(server):
    lines = [line.split("\t") for line in (server.folder / "standbys.tsv").read_text().splitlines()]
    for name, *numbers in lines:
        if len(numbers) != 2 or numbers[0] != numbers[1]:
            server.fault(f"{name}: {' done, counted: '.join(numbers)}")
    return lines


def write_report(server, samples, standbys, states, internal, seed):
    with open(server.folder / "report.md", "w", encoding="utf-8") as out:
        print(f"# {'Failed' if server.faults else 'Sound'}: a soak of {server.seconds} s, seed {seed}\n", file=out)
        for fault in server.faults:
            print(f"- {fault}", file=out)
        print("\n| figure | |\n|---|---|", file=out)
        for name, value in sorted(server.figures.items()):
            print(f"| {name} | {value:,} |", file=out)
        print("\n| process | number | from s | to s | kB then | kB in the end | files | |\n|---|---|---|---|---|---|---|---|",
              file=out)
        for what, process, first, last in sorted(samples.growth(), key=lambda grown: (grown[0], grown[2][0])):
            print(f"| {what} | {process} | {first[0]:.0f} | {last[0]:.0f} | {first[1]:,} | {last[1]:,} | {first[2]} | {last[2]} |",
                  file=out)
        print("\n| standby | executions done | counted |\n|---|---|---|", file=out)
        for line in standbys:
            print(f"| {' | '.join(line)} |", file=out)
        print("\n| SQLSTATE | errors |\n|---|---|", file=out)
        for state, number in states.most_common(20):
            print(f"| {state} | {number:,} |", file=out)
        print("\n| internal error of the server's | |\n|---|---|", file=out)
        for text, number in internal.most_common(30):
            print(f"| {text.replace('|', '/')} | {number:,} |", file=out)
        print("\n![memory](memory.svg)\n\n![counters](counters.svg)", file=out)


def soak(server):
    steady, witness, faults = Steady(server), Witness(server), Faults(server)
    samples = Samples(server, steady)
    threads = [steady, samples, witness, faults, Scraper(server), *loops_of(server)]
    for thread in threads:
        thread.start()
    end = time.monotonic() + server.seconds
    while time.monotonic() < end and all(thread.is_alive() for thread in threads):
        time.sleep(0.5)
    for thread in threads:
        if not thread.is_alive():
            server.fault(f"{thread.name} ended by itself")
    samples.take()
    server.over.set()
    for thread in threads:
        thread.join()
    return witness, samples


def stop_server(server):
    """As its administrator does."""
    send(server.postmaster(), signal.SIGINT)


def end_standbys(server, process):
    """They see the file when they are through with the one that they have."""
    (server.scratch / "over").touch()
    server.becomes(lambda: not send(process, 0) or is_zombie(process), 300)


def is_zombie(process):
    with open(f"/proc/{process}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0] == "Z"


def main():
    *arguments, standbys_process = sys.argv[1:]
    server = Server(*arguments)
    seed = random.randrange(10 ** 9)
    random.seed(seed)
    # What ends this program ends its clients too.
    signal.signal(signal.SIGTERM, lambda *_: server.over.set())
    witness, samples = soak(server)
    end_standbys(server, int(standbys_process))
    standbys = read_standbys(server)
    verdicts = Verdicts(server)
    try:
        server.count("statements", server.ask_one(EXECUTIONS))
        verdicts.all(witness)
        processes = verdicts.processes()
        stop_server(server)
        verdicts.gone(processes)
    except psycopg2.Error as error:
        server.fault(f"the server: {error}")
    samples.judge()
    samples.write(server.folder)
    states, internal = verdicts.read_logs()
    write_report(server, samples, standbys, states, internal, seed)
    print(f"{server.figures.get('statements', 0):,} statements, {server.figures.get('verdicts', 0)} verdicts, "
          f"{server.figures.get('sums held', 0)} sums, {len(server.faults)} faults")
    sys.exit(1 if server.faults else 0)


main()
