"""Ends and hinders at random what a server has, and changes its settings."""
import os
import random
import signal
import threading
import time

import psycopg2

from processes import keeper_and_exporter

CHANGED = {
    "slow_query_threshold": ["-1", "0", "5", "100"], "log_analyze": ["on", "off"], "log_parameters": ["on", "off"],
    "log_format": ["text", "json"], "track": ["top", "all"], "track_planning": ["on", "off"], "sample_rate": ["1", "0.3"],
    "n_plus_one_threshold": ["3", "10"], "metrics_max_tables": ["100", "200"], "metrics_show_queries": ["on", "off"],
    "max_parallel_builds": ["1", "3"],
}
VICTIMS = "from pg_stat_activity where pid <> pg_backend_pid() and usename <> 'witness' and application_name not like 'soak%' " \
    "and backend_type = '{}' order by random() limit 1"


def send(process, number):
    """Whether it was there."""
    try:
        os.kill(process, number)
        return True
    except (ProcessLookupError, TypeError):
        return False


class Faults(threading.Thread):
    def __init__(self, server):
        super().__init__(name="faults")
        self.server = server
        self.connection = None

    def run(self):
        rare = max(2, min(15, self.server.seconds / 20))
        next_rare = self.server.age() + rare
        while not self.server.pause(0.2, 1.2):
            try:
                if not self.server.is_calm() and self.server.age() > next_rare:
                    next_rare = self.server.age() + random.uniform(0.5, 1.5) * rare
                    random.choice([self.end_keeper, self.stop_keeper, self.end_exporter, self.stop_exporter,
                                   self.move_exporter])()
                random.choice([self.end_session, self.cancel_session, self.end_worker, self.change_setting])()
            except psycopg2.Error:
                self.connection = None
        self.put_back()

    def execute(self, query):
        if self.connection is None:
            self.connection = self.server.connect("postgres")
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall() if cursor.description else []

    def count_done(self, rows, what):
        self.server.count(what, sum(1 for row in rows if row[0]))

    def end_session(self):
        self.count_done(self.execute(f"select pg_terminate_backend(pid) {VICTIMS.format('client backend')}"), "sessions ended")

    def cancel_session(self):
        self.count_done(self.execute(f"select pg_cancel_backend(pid) {VICTIMS.format('client backend')}"), "statements cancelled")

    def end_worker(self):
        kind = random.choice(["index builder", "index builder", "build coordinator", "database worker"])
        self.count_done(self.execute(
            f"select pg_terminate_backend(pid) from pg_stat_activity where backend_type = 'elile_optimize {kind}' limit 1"),
            f"ended: {kind}")

    def change_setting(self):
        name = random.choice(list(CHANGED))
        self.execute(f"alter system set elile_optimize.{name} = '{random.choice(CHANGED[name])}'")
        self.execute("select pg_reload_conf()")
        self.server.count("reloads")

    def move_exporter(self):
        """Its port is taken away for a moment."""
        self.execute("alter system set elile_optimize.metrics_port = 0")
        self.execute("select pg_reload_conf()")
        self.server.pause(0, 2)
        self.put_port_back()
        self.server.count("ports taken away")

    def put_port_back(self):
        self.execute("alter system reset elile_optimize.metrics_port")
        self.execute("select pg_reload_conf()")

    def end_keeper(self):
        keeper, _ = keeper_and_exporter(self.server.postmaster())
        if send(keeper, signal.SIGTERM):
            self.server.count("ended: keeper")

    def end_exporter(self):
        _, exporter = keeper_and_exporter(self.server.postmaster())
        if send(exporter, random.choice([signal.SIGKILL, signal.SIGTERM])):
            self.server.count("ended: exporter")

    def stop_keeper(self):
        self.stop(keeper_and_exporter(self.server.postmaster())[0], "stopped: keeper")

    def stop_exporter(self):
        self.stop(keeper_and_exporter(self.server.postmaster())[1], "stopped: exporter")

    def stop(self, process, what):
        if send(process, signal.SIGSTOP):
            time.sleep(random.uniform(0, 3))  # as long as it is stopped
            send(process, signal.SIGCONT)
            self.server.count(what)

    def put_back(self):
        """All settings are as they were."""
        self.server.becomes(lambda: self.try_to_put_back(), 60)

    def try_to_put_back(self):
        self.connection = None
        self.execute("alter system reset all")
        self.execute("select pg_reload_conf()")
        self.connection.close()
        return True
