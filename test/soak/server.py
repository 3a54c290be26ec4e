"""The server that soaks, as the other files here see it."""
import http.client
import pathlib
import random
import re
import threading
import time
import urllib.request

import psycopg2


class Server:
    def __init__(self, seconds, scratch, bin_folder, port, metrics_port, folder):
        self.seconds = int(seconds)
        self.scratch = pathlib.Path(scratch)
        self.bin = pathlib.Path(bin_folder)
        self.port = int(port)
        self.metrics_port = int(metrics_port)
        self.folder = pathlib.Path(folder)
        self.begun = time.monotonic()
        self.over = threading.Event()
        self.faults = []
        self.figures = {}
        self.lock = threading.Lock()

    def age(self):
        return time.monotonic() - self.begun

    def is_calm(self):
        """In the second half no process of the server's own is ended, so that what it loses shows."""
        return self.age() > self.seconds / 2

    def fault(self, text):
        """What makes the whole run fail."""
        with self.lock:
            self.faults.append(f"{self.age():.0f} s: {text}")
        print(f"FAULT: {text}", flush=True)

    def count(self, name, number=1):
        with self.lock:
            self.figures[name] = self.figures.get(name, 0) + number

    def connect(self, database, user="postgres", name="soak"):
        connection = psycopg2.connect(host=str(self.scratch), port=self.port, dbname=database, user=user,
                                      application_name=name)
        connection.autocommit = True
        return connection

    def ask(self, query, database="postgres"):
        """All rows; a session of its own for each question, so that no crash is in the way of the next one."""
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def ask_one(self, query, database="postgres"):
        return self.ask(query, database)[0][0]

    def becomes(self, what, seconds=60):
        """Whether the function comes to return something true; an error of the server's is none."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if what():
                    return True
            except psycopg2.Error:
                pass
            time.sleep(0.2)
        return False

    def postmaster(self):
        return int((self.scratch / "data" / "postmaster.pid").read_text().splitlines()[0])

    def get(self, path, seconds=15):
        """Who is ended amid an answer is not there, as one who gives none."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.metrics_port}{path}", timeout=seconds) as answer:
                return answer.read().decode()
        except http.client.HTTPException as error:
            raise OSError(f"no whole answer: {error}") from error

    def pause(self, shortest, longest):
        return self.over.wait(random.uniform(shortest, longest))


EXECUTIONS = "select coalesce(sum(calls + failed_calls), 0)::bigint from elile_optimize.table_operations"
SAMPLE = re.compile(r"(\w+)\{(.*)\} (\S+)$")


def samples_of(text):
    """(name, labels, value) of each line that has labels."""
    for line in text.splitlines():
        match = SAMPLE.match(line)
        if match:
            yield match[1], match[2], float(match[3])
