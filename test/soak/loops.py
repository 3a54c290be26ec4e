"""Clients that do the same thing again and again, each until the end."""
import os
import random
import signal
import subprocess
import threading

from server import samples_of

HERE = os.path.dirname(os.path.abspath(__file__))
TEST = os.path.dirname(HERE)
# The application's statements, by how often it sends each.
WORKLOAD = {"entity_by_identifier": 2, "entities_by_type": 2, "latest_profile": 20, "profile_by_version": 10,
            "relations_of_entity": 10, "audit_of_tenant": 6, "audit_insert": 16, "cache_lookup": 20, "cache_expire": 2,
            "tenants_by_name": 4, "profiles_one_by_one": 1}


class Loop(threading.Thread):
    """A program that is started anew when it ends. That its session was ended is what this is about, so it counts, and
    is no fault."""

    def __init__(self, server, name, command, environment=None):
        super().__init__(name=name)
        self.server = server
        self.command = command
        self.environment = {**os.environ, "PGHOST": str(server.scratch), "PGPORT": str(server.port), "PGUSER": "postgres",
                            "PGAPPNAME": name, "TMPDIR": str(server.scratch / "tmp"), **(environment or {})}
        self.process = None

    def run(self):
        while not self.server.over.is_set():
            with open(self.server.scratch / f"{self.name}.out", "w", encoding="utf-8") as out:
                self.process = subprocess.Popen(self.command(), env=self.environment, stdin=subprocess.DEVNULL, stdout=out,
                                                stderr=out, start_new_session=True)
                while not self.server.over.is_set():
                    try:
                        self.process.wait(0.5)
                        break
                    except subprocess.TimeoutExpired:
                        pass
                self.end()
            self.server.count(f"runs of {self.name}")
            if self.process.returncode > 0:
                self.server.count(f"runs of {self.name} that lost their session")
            self.server.over.wait(0.1)

    def end(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def loops_of(server):
    program = {name: str(server.bin / name) for name in ("pgbench", "psql")}

    def pgbench(*arguments):
        return lambda: [program["pgbench"], "-n", "-T", str(random.randint(3, 30)), *arguments]

    def psql(database, file):
        return lambda: [program["psql"], "-X", "-q", "-o", "/dev/null", "-d", database, "-f", f"{HERE}/{file}"]

    def smith():
        return ["sqlsmith", "--max-queries=2000", f"--seed={random.randint(1, 10 ** 9)}",
                f"--target=host={server.scratch} port={server.port} dbname=regression user=smith application_name=sqlsmith"]

    def orm():
        if random.random() < 0.5:
            return ["/usr/bin/python3", f"{TEST}/t/lib/loop_sqlalchemy.py", "psycopg2",
                    random.choice(["transaction", "AUTOCOMMIT"]), random.choice(["lazy", "nested", "selectin"])]
        return ["/usr/bin/python3", f"{TEST}/t/lib/loop_django.py", random.choice(["lazy", "lazy_to_one", "prefetch"])]

    application = [argument for name, weight in WORKLOAD.items()
                   for argument in ("-f", f"{TEST}/workload/{name}.sql@{weight}")]
    loops = [Loop(server, f"pgbench {mode}", pgbench("-M", mode, "-c", "2", "-R", "60", "bench"))
             for mode in ("simple", "extended", "prepared")]
    loops += [
        Loop(server, "pgbench with new connections", pgbench("-C", "-S", "-c", "2", "-R", "20", "bench")),
        Loop(server, "pgbench application", pgbench("-M", "prepared", "-c", "3", "-R", "40", *application, "app")),
        Loop(server, "new statements", psql("churn", "statements.sql")),
        Loop(server, "tables", psql("churn", "tables.sql")),
        Loop(server, "tables beside", psql("churn", "tables.sql")),
        Loop(server, "failing", psql("app", "../workload/failing.sql")),
        Loop(server, "views", psql("app", "views.sql")),
        Loop(server, "builds", psql("app", "builds.sql"), {"PGUSER": "builder"}),
        Loop(server, "resets", psql("postgres", "resets.sql")),
        Loop(server, "orm", orm, {"PGDATABASE": "orm"}),
    ]
    if any(os.access(os.path.join(folder, "sqlsmith"), os.X_OK) for folder in os.get_exec_path()):
        loops.append(Loop(server, "sqlsmith", smith))
    else:
        print("sqlsmith is not to be had here")
    return loops


class Scraper(threading.Thread):
    """Reads all that the exporter serves, and holds that each histogram has as many executions as its counter."""

    def __init__(self, server):
        super().__init__(name="scrapes")
        self.server = server

    def run(self):
        while not self.server.pause(0.2, 2):
            path = random.choice(["/metrics", "/metrics", "/metrics", "/", "/healthz", "/readyz"])
            try:
                text = self.server.get(path)
            except OSError:
                self.server.count("scrapes refused")
                continue
            self.server.count("scrapes")
            if path == "/metrics":
                self.look_at(text)

    def look_at(self, text):
        counters, histograms = {}, {}
        for name, labels, value in samples_of(text):
            if name == "elile_db_queries_total":
                counters[labels] = value
            elif name == "elile_db_query_duration_seconds_count":
                histograms[labels] = value
        for labels, value in counters.items():
            if histograms.get(labels) != value:
                self.server.fault(f"{{{labels}}} has {value} executions, its histogram {histograms.get(labels)}")
