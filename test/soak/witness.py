"""A client that counts what it has done, and holds that the server has counted the same.

What it did is known up to the statements whose answer a killed session did not get, so each number is a lowest and a
highest. Without a kill the two are one.
"""
import os
import random
import signal
import subprocess
import threading

import psycopg2

from processes import children_of
from server import EXECUTIONS, samples_of

OPERATIONS = ("select", "insert", "update", "delete")
GOOD = {
    "select": "select n from ledger where id = -1",
    "insert": "insert into ledger (n) values (1)",
    "update": "update ledger set n = n + 1 where id = -1",
    "delete": "delete from ledger where id = 0",
}
# Each fails as it runs.
BAD = {
    "select": "select 1 / (n - n) from ledger limit 1",
    "insert": "insert into ledger (id) values (-1)",
    "update": "update ledger set n = 1 / (n - n) where id = -1",
    "delete": "delete from ledger where 1 / (n - n) = 1",
}
COUNTED = """select operation, calls, failed_calls from elile_optimize.table_operations
    where datname = 'witness' and table_name = 'ledger'"""


class Tally:
    def __init__(self):
        self.lock = threading.Lock()
        self.forget()

    def forget(self):
        self.low = {(operation, failed): 0 for operation in OPERATIONS for failed in (False, True)}
        self.unknown = {operation: 0 for operation in OPERATIONS}

    def add(self, operation, failed, times=1):
        with self.lock:
            self.low[operation, failed] += times

    def add_unknown(self, operation):
        """It was counted as either, or not at all."""
        with self.lock:
            self.unknown[operation] += 1

    def differences(self, counted):
        for operation in OPERATIONS:
            over = 0
            for failed in (False, True):
                low, found = self.low[operation, failed], counted.get((operation, failed), 0)
                if found < low:
                    yield f"{operation}, {'failed' if failed else 'done'}: {low} were, {found} are counted"
                over += max(0, found - low)
            if over > self.unknown[operation]:
                yield f"{operation}: {over} more are counted than were done, {self.unknown[operation]} may be"


class Witness(threading.Thread):
    def __init__(self, server):
        super().__init__(name="witness")
        self.server = server
        self.tally = Tally()

    def run(self):
        self.forget_all()
        crash_pause = max(8, self.server.seconds / 20)
        next_crash = crash_pause
        while not self.server.over.is_set():
            if not self.server.is_calm() and self.server.age() > next_crash:
                next_crash = self.server.age() + crash_pause
                random.choice([self.crash, self.crash_in_a_burst])()
            else:
                random.choice([self.run_pgbench, self.burst, self.burst_with_ends])()
            self.check()
            if random.random() < 0.3:
                self.check_served()
            if random.random() < 0.4:
                self.forget_all()
            self.server.pause(0, 2)

    def forget_all(self):
        """Nothing of its own runs meanwhile."""
        try:
            total = self.server.ask_one(EXECUTIONS)
            self.server.ask("select elile_optimize.reset()")
        except psycopg2.Error as error:
            self.server.fault(f"a reset: {error}")
            return
        self.server.count("statements", total)
        self.server.count("resets of all")
        self.tally.forget()

    def check(self):
        """The sums are not there while the server restarts."""
        found = []

        def look():
            found[:] = self.server.ask(COUNTED)
            return True
        if not self.server.becomes(look, 120):
            self.server.fault("the witness finds no server")
            return
        counted = {}
        for operation, calls, failed in found:
            counted[operation, False], counted[operation, True] = calls, failed
        for difference in self.tally.differences(counted):
            self.server.fault(f"the witness: {difference}")
        self.server.count("sums held")
        self.server.count("executions in sums held", sum(counted.values()))
        if not any(self.tally.unknown.values()):
            self.server.count("sums held exactly")

    def check_served(self):
        """The exporter comes to serve what the view has."""
        wanted = sum(calls + failed for _, calls, failed in self.server.ask(COUNTED))
        served = []

        def look():
            try:
                served[:] = [value for name, labels, value in samples_of(self.server.get("/metrics"))
                             if name == "elile_db_queries_total" and 'table="ledger"' in labels]
            except OSError:
                return False
            return sum(served) == wanted
        if self.server.becomes(look, 60):
            self.server.count("sums served")
        else:
            self.server.fault(f"the exporter serves {sum(served)} executions of the witness, the view has {wanted}")

    def run_pgbench(self):
        clients, times = random.randint(1, 4), random.randint(1, 100)
        done = subprocess.run(
            [self.server.bin / "pgbench", "-n", "-M", random.choice(["simple", "extended", "prepared"]), "-c", str(clients),
             "-t", str(times), "-f", f"{os.path.dirname(os.path.abspath(__file__))}/ledger.pgbench",
             "-h", self.server.scratch, "-p", str(self.server.port), "-U", "witness", "witness"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if done.returncode:
            self.server.fault(f"the witness's pgbench: {done.stdout}")
            self.forget_all()
            return
        for operation in OPERATIONS:
            self.tally.add(operation, False, clients * times)

    def client(self, lives_long):
        """Statements until it has run enough of them, or its session is gone; lives_long says whether that is a fault."""
        operation = None
        try:
            connection = self.server.connect("witness", "witness", "soak witness")
            with connection.cursor() as cursor:
                for _ in range(random.randint(10, 300)):
                    operation, failed = random.choice(OPERATIONS), random.random() < 0.2
                    try:
                        cursor.execute((BAD if failed else GOOD)[operation])
                    except (psycopg2.DataError, psycopg2.IntegrityError):
                        pass
                    self.tally.add(operation, failed)
                    operation = None
            connection.close()
        except psycopg2.Error as error:
            if operation:
                self.tally.add_unknown(operation)
            if lives_long:
                self.server.fault(f"a session of the witness ended: {error}")

    def start_clients(self, lives_long):
        clients = [threading.Thread(target=self.client, args=(lives_long,)) for _ in range(random.randint(1, 4))]
        for client in clients:
            client.start()
        return clients

    def burst(self):
        for client in self.start_clients(True):
            client.join()

    def burst_with_ends(self):
        clients = self.start_clients(False)
        while any(client.is_alive() for client in clients):
            self.server.pause(0.01, 0.3)
            try:
                for _ in self.server.ask("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'witness' "
                                         "and application_name = 'soak witness' order by random() limit 1"):
                    self.server.count("witness's sessions ended")
            except psycopg2.Error:
                pass
        for client in clients:
            client.join()

    def crash_in_a_burst(self):
        clients = self.start_clients(False)
        self.server.pause(0.05, 0.3)
        self.crash()
        for client in clients:
            client.join()

    def crash(self):
        """A session is killed so that the server ends all others; what was counted is kept."""
        sessions = [process for process, line in children_of(self.server.postmaster())
                    if line.startswith("postgres: ") and "[local]" in line]
        if not sessions:
            return
        try:
            os.kill(random.choice(sessions), signal.SIGKILL)
        except ProcessLookupError:
            return
        self.server.count("crashes")
        self.server.over.wait(0.5)
        if not self.server.becomes(lambda: self.server.ask_one("select state from elile_optimize.info") == "ready", 120):
            self.server.fault("not ready after a crash")
