#!/usr/bin/env python3
"""busy.py PORT POSTMASTER RECORDED HEALTHS SCRAPES CLIENTS: asks the exporter of that port while its keeper is stopped
and continued at random, and prints what came. A series is an (operation, table), and RECORDED is how many there should be."""
import collections
import http.client
import multiprocessing
import os
import pathlib
import random
import signal
import sys
import time
import zlib

from processes import keeper_and_exporter

LONGEST_STOP = 1.0
# A sample that is five seconds old is no longer healthy, so the keeper is not kept from work for as long.
MOST_STOPPED = 2.0
REST = 2.0


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(process):
    lines = pathlib.Path(f"/proc/{process}/status").read_text().splitlines()
    return {name: int(rest.split()[0]) // 1024 for name, _, rest in (line.partition(":") for line in lines)
            if name in ("VmHWM", "RssAnon", "RssShmem")}


def get(port, path, headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.getheader("Content-Encoding")
    finally:
        connection.close()


def series_in(text):
    return text.count(b"\nelile_db_queries_total{")


def verdict_of_health(port):
    status, body, _ = get(port, "/healthz", {})
    return f"health {status} {body.decode().strip()}"


def verdict_of_scrape(port, wanted, known):
    """Every tenth one is plain. Of the packed ones each text is looked at once."""
    is_plain = random.random() < 0.1
    status, body, coding = get(port, "/metrics", {} if is_plain else {"Accept-Encoding": "gzip"})
    if status != 200:
        return f"scrape {status} {body.decode().strip()[:60]}", 0
    trailer = body[-8:]
    if (coding == "gzip") == is_plain:
        return "scrape in the wrong coding", 0
    if is_plain or trailer not in known:
        text = body if is_plain else zlib.decompress(body, 31)
        if not is_plain:
            known.clear()
            known[trailer] = series_in(text)
        found = series_in(text)
    else:
        found = known[trailer]
    return ("scrape ok" if found >= wanted else f"scrape with {found} series of {wanted}"), len(body)


def first_series(port, recorded):
    """How many there are once all are shown, but for the few whose tables the server's own have taken the place of."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = series_in(get(port, "/metrics", {})[1])
        if found >= 0.9 * recorded and verdict_of_health(port) == "health 200 ok":
            return found
        time.sleep(0.3)
    sys.exit(f"the exporter shows {found} series of {recorded}")


def client(port, wanted, healths, scrapes, results):
    random.seed()
    counts, known, largest = collections.Counter(), {}, 0
    work = ["health"] * healths + ["scrape"] * scrapes
    random.shuffle(work)
    for what in work:
        try:
            if what == "health":
                counts[verdict_of_health(port)] += 1
            else:
                verdict, size = verdict_of_scrape(port, wanted, known)
                largest = max(largest, size)
                counts[verdict] += 1
        except OSError as error:
            counts[f"{what}: {error}"] += 1
    results.put((counts, largest))


def stop_at_random(keeper, is_over):
    """Returns how often it did."""
    stops, stopped = 0, 0.0
    while not is_over():
        time.sleep(random.uniform(0, 0.3))
        pause = random.uniform(0, LONGEST_STOP)
        os.kill(keeper, signal.SIGSTOP)
        time.sleep(pause)
        os.kill(keeper, signal.SIGCONT)
        stops += 1
        stopped += pause
        if stopped > MOST_STOPPED:
            time.sleep(REST)
            stopped = 0.0
    return stops


def seconds_for(exporter, port, path, headers, times):
    """Processor seconds of the exporter for one such request; each scrape is rendered anew."""
    before = processor_seconds(exporter)
    for _ in range(times):
        get(port, path, headers)
        if path == "/metrics":
            time.sleep(0.3)
    return (processor_seconds(exporter) - before) / times


def main():
    port, postmaster, recorded, healths, scrapes, clients = map(int, sys.argv[1:])
    keeper, exporter = keeper_and_exporter(postmaster)
    wanted = first_series(port, recorded)
    print(f"bytes for each (operation, table): {len(get(port, '/metrics', {})[1]) / wanted:.0f} plain, "
          f"{len(get(port, '/metrics', {'Accept-Encoding': 'gzip'})[1]) / wanted:.0f} as gzip")
    print(f"processor time: {1e3 * seconds_for(exporter, port, '/healthz', {}, 1000):.2f} ms a health check, "
          f"{1e3 * seconds_for(exporter, port, '/metrics', {}, 5):.0f} ms a plain scrape, "
          f"{1e3 * seconds_for(exporter, port, '/metrics', {'Accept-Encoding': 'gzip'}, 5):.0f} ms as gzip")
    results = multiprocessing.Queue()
    workers = [multiprocessing.Process(target=client, args=(
        port, wanted, healths // clients, scrapes // clients, results)) for _ in range(clients)]
    for worker in workers:
        worker.start()
    counts, done, largest = collections.Counter(), 0, 0

    def is_over():
        nonlocal done, largest
        while not results.empty():
            counted, size = results.get()
            counts.update(counted)
            largest = max(largest, size)
            done += 1
        return done == clients

    stops = stop_at_random(keeper, is_over)
    print(f"{stops} stops of the keeper")
    for verdict, count in counts.most_common():
        print(f"{count:8} {verdict}")
    print("exporter:", ", ".join(f"{name} {size} MB" for name, size in memory_of(exporter).items()))
    sys.exit(0 if set(counts) == {"health 200 ok", "scrape ok"} else 1)


main()
