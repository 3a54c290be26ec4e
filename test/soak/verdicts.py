"""What has to hold when all clients have gone, and what the logs may not have."""
import collections
import re

import psycopg2

from faults import send
from processes import keeper_and_exporter

# Messages of the server's log that no load and no kill explains. A detail says such words of a row.
WRONG = re.compile(r"PANIC: |TRAP: |terminated by signal (?!9\b)|leaked|reference leak|not closed|still referenced|"
                   r"stuck spinlock|you don't own a lock|corrupted")
LINE = re.compile(r"^\S+ \S+ \S+ \[\d+\] (?P<who>.*?) (?P<state>[0-9A-Z]{5}) (?P<level>[A-Z0-9]+): +(?:[0-9A-Z]{5}: )?(?P<text>.*)")
MESSAGES = ("ERROR", "FATAL", "PANIC", "WARNING", "LOG")
LOCATION = re.compile(r"LOCATION: +(\w+, )?(\S+\.cpp:\d+)")
KEPT_DROPPED = ("dropped", "buckets_dropped", "texts_dropped", "tables_overflow", "evictions")


class Verdicts:
    def __init__(self, server):
        self.server = server

    def hold(self, what, is_so, detail=""):
        self.server.count("verdicts")
        print(f"{'holds' if is_so else 'FAILS'}: {what}{f', {detail}' if detail else ''}", flush=True)
        if not is_so:
            self.server.fault(f"{what}{f': {detail}' if detail else ''}")

    def comes_to_hold(self, what, query, database="postgres", wanted=0, seconds=90):
        """A look at what there still is ends a wait that is over."""
        found = []

        def look():
            found[:] = [self.server.ask_one(query, database)]
            return found[0] == wanted
        self.hold(what, self.server.becomes(look, seconds), f"{found[0] if found else 'no answer'} of {wanted}")

    def all(self, witness):
        self.look_for_remains()
        witness.check()
        witness.check_served()
        self.compare_sums()
        self.look_for_room()

    def look_for_remains(self):
        self.comes_to_hold("no session is left",
                           "select count(*) from pg_stat_activity where backend_type = 'client backend' "
                           "and pid <> pg_backend_pid()")
        self.server.ask("select elile_optimize.cancel_index_builds()", "app")
        self.comes_to_hold("no build is left",
                           "select count(*) from elile_optimize.index_builds where state in ('queued', 'building')", "app")
        self.comes_to_hold("no index is unfinished", "select count(*) from pg_index where not indisvalid", "app")
        self.comes_to_hold("no worker is left but the keeper",
                           "select count(*) from pg_stat_activity where backend_type like 'elile_optimize%' "
                           "and backend_type not like '%keeper'")
        # Its session may have been ended before it could roll one back.
        for database, name in self.server.ask("select database, gid from pg_prepared_xacts"):
            self.server.ask(f"rollback prepared '{name}'", database)
        self.comes_to_hold("no lock is left", "select count(*) from pg_locks where pid is distinct from pg_backend_pid()")
        self.comes_to_hold("no transaction is prepared", "select count(*) from pg_prepared_xacts")
        self.comes_to_hold("the keeper is ready", "select state from elile_optimize.info", wanted="ready")
        self.comes_to_hold("the exporter listens", "select exporter_state from elile_optimize.info", wanted="listening")
        try:
            self.hold("the server is healthy", self.server.get("/healthz").strip() == "ok")
        except OSError as error:
            self.hold("the server is healthy", False, str(error))

    def compare_sums(self):
        """Each view sums for itself, and the look itself is counted when it ends only."""
        # In the others are tables beyond max_tables, whose row has no database.
        for database in ("witness", "bench"):
            self.comes_to_hold(f"summary and table_operations have the same sums in {database}", """
                select row(s.total_queries, s.failed_queries, s.slow_queries) = row(t.total, t.failed, t.slow)
                from elile_optimize.summary s, (select coalesce(sum(calls + failed_calls), 0)::bigint as total,
                    coalesce(sum(failed_calls), 0)::bigint as failed, coalesce(sum(slow_calls), 0)::bigint as slow
                    from elile_optimize.table_operations where datname = current_database()) t""", database, True)
        self.comes_to_hold("statements have no more than their tables", """
            select (select sum(calls + failed_calls) from elile_optimize.statements) <=
                (select sum(calls + failed_calls) from elile_optimize.table_operations)""", wanted=True)
        # One statement has an entry for each of its tables. What was sampled out or killed has one, and is not shown.
        self.comes_to_hold("each statement is an entry", """
            select entries >= (select count(*) from elile_optimize.statements) from elile_optimize.info""", wanted=True)
        self.comes_to_hold("no limit is passed", """
            select entries <= max_entries and text_bytes <= max_text_bytes and plan_bytes <= max_plan_bytes
            from elile_optimize.info""", wanted=True)

    def look_for_room(self):
        """A reset gives all of it back, so that as many statements find room as on the first day."""
        self.server.ask("select elile_optimize.reset()")
        self.comes_to_hold("a reset leaves no entry", "select greatest(entries, 10) from elile_optimize.info", wanted=10)
        self.comes_to_hold("a reset leaves no text", "select greatest(text_bytes, 20000) from elile_optimize.info", wanted=20000)
        self.comes_to_hold("a reset leaves no plan", "select plan_bytes from elile_optimize.info")
        self.comes_to_hold("a reset leaves no slow execution", "select count(*) from elile_optimize.slow_queries")
        self.comes_to_hold("a reset leaves no pattern", "select count(*) from elile_optimize.n_plus_one")
        before = self.limits()
        number = int(self.server.ask_one("select max_entries from elile_optimize.info") * 0.9)
        connection = self.server.connect("witness", "witness")
        with connection.cursor() as cursor:
            for shape in range(number):
                columns = ", ".join("n" if shape >> bit & 1 else "id" for bit in range(11))
                cursor.execute(f"select {columns} from steady where id = 0")
        connection.close()
        self.comes_to_hold(f"after it {number} statements find an entry",
                           f"select least(entries, {number}) from elile_optimize.info", wanted=number)
        # All of these have run, on one table each.
        self.comes_to_hold("each entry is a statement", """
            select abs(entries - (select count(*) from elile_optimize.statements)) <= 3 from elile_optimize.info""", wanted=True)
        after = self.limits()
        self.hold("none of them hits a limit", before == after, f"{before} to {after}")

    def limits(self):
        return dict(zip(KEPT_DROPPED, self.server.ask(f"select {', '.join(KEPT_DROPPED)} from elile_optimize.info")[0]))

    def processes(self):
        """Those that an orderly stop has to end."""
        keeper, exporter = keeper_and_exporter(self.server.postmaster())
        self.hold("keeper and exporter are there", bool(keeper and exporter))
        return keeper, exporter

    def gone(self, processes):
        self.hold("they end with the server", self.server.becomes(lambda: not any(send(process, 0) for process in processes), 30))

    def read_logs(self):
        """Internal errors are shown; one that our own sources raise is a fault, as is what WRONG has."""
        kills = silences = 0
        states, internal = collections.Counter(), collections.Counter()
        for path in sorted(self.server.scratch.glob("*.log")):
            if not (path.name == "data.log" or path.name.startswith("standby")):
                continue
            last = None
            with open(path, encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    match = LINE.match(line)
                    if match and match["level"] not in MESSAGES:
                        match = None
                    if match:
                        last = match
                        states[match["state"]] += match["level"] in ("ERROR", "FATAL")
                        if match["level"] in ("ERROR", "FATAL") and match["state"].startswith("XX"):
                            internal[re.sub(r"\d+", "N", match["text"])[:150]] += 1
                    if line.startswith("TRAP: ") or match and match["level"] != "ERROR" and WRONG.search(line):
                        self.server.fault(f"{path.name}: {line.strip()[:300]}")
                    silences += "the exporter of elile_optimize does not answer" in line
                    kills += "terminated by signal 9" in line and "server process" in line
                    place = LOCATION.search(line)
                    if place and last and last["level"] in ("ERROR", "FATAL", "PANIC") and last["state"].startswith("XX"):
                        self.server.fault(f"{path.name}: {last['text'][:200]} at {place[2]}")
        self.hold("no session was killed but by us", kills <= self.server.figures.get("crashes", 0),
                  f"{kills} in the log, {self.server.figures.get('crashes', 0)} by us")
        stops = self.server.figures.get("stopped: exporter", 0)
        self.hold("the exporter was not silent but when we stopped it", silences <= stops, f"{silences} times, {stops} stops")
        return states, internal
