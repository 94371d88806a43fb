"""PostgreSQL servers of a measurement's own, from Debian's packages: one on a Unix socket; and a pair, of which the second follows
the first, is promoted in its place, and then gets a follower of its own."""
import os, pathlib, shutil, signal, subprocess, sys, time

PROXY = pathlib.Path(__file__).resolve().parent / "proxy.py"


class Postgres:
    """A server in `folder`, on a Unix socket there. `copied_from`: the address of one that it follows."""

    def __init__(self, folder, copied_from=None):
        self.folder, self.programs = folder, sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin"))[-1]
        folder.mkdir()
        folder.chmod(0o777)
        if copied_from:
            self.run_as([self.programs / "pg_basebackup", "-D", folder / "data", "-d", copied_from, "-R", "-c", "fast", "--no-sync"], check=True)
        else:
            self.run_as([self.programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "sluice", "--locale=C.UTF-8"], check=True)
        self.start()

    def as_user(self, command):
        root = ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups"] if os.getuid() == 0 else []
        return [str(c) for c in [*root, *command]]

    def run_as(self, command, **more):
        return subprocess.run(self.as_user(command), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **more)

    def start(self):
        """In a group of its own, which kill() ends."""
        self.process = subprocess.Popen(self.as_user([self.programs / "postgres", "-D", self.folder / "data", "-k", self.folder,
                                                      "-c", "listen_addresses="]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        start_new_session=True)
        while self.run_as([self.programs / "pg_isready", "-h", self.folder, "-U", "sluice"]).returncode != 0:
            if self.process.poll() is not None:
                raise SystemExit("PostgreSQL has not started")
            time.sleep(0.05)

    def stop(self, how=signal.SIGQUIT):
        self.process.send_signal(how)
        self.process.wait()

    def kill(self):
        """With all of its processes, as when its machine dies."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    @property
    def url(self):
        return f"host={self.folder} user=sluice dbname=postgres"

    @property
    def socket(self):
        return self.folder / ".s.PGSQL.5432"

    def ask(self, sql):
        done = subprocess.run([self.programs / "psql", "-h", self.folder, "-U", "sluice", "postgres", "-Atqc", sql], capture_output=True, text=True)
        return done.stdout.strip()

    def statements(self):
        return int(self.ask("SELECT xact_commit FROM pg_stat_database WHERE datname = 'postgres'"))

    def cpu_seconds(self):
        ticks = 0
        children = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout.split()
        for pid in [str(self.process.pid), *children]:
            try:
                fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                ticks += int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
            except OSError:
                pass
        return ticks / os.sysconf("SC_CLK_TCK")

    def forget(self):
        self.ask("DROP TABLE IF EXISTS sluice_job, sluice_worker, sluice_shard, sluice_log, sluice_file")


class Proxy:
    """bench/proxy.py before a server."""

    def __init__(self, server):
        self.process = subprocess.Popen([sys.executable, PROXY, server.socket], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def tell(self, *words):
        self.process.stdin.write(" ".join(map(str, words)) + "\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.kill()
        self.process.wait()

    @property
    def url(self):
        return f"host=127.0.0.1 port={self.port} user=sluice dbname=postgres"


class Pair:
    """A primary and a standby that follows it, each behind a proxy: `clients` is where processes connect, whichever server is the primary."""

    # What is committed there; the standby lacks some of it.
    FIGURES = ("SELECT (SELECT count(*) FROM sluice_log), (SELECT count(*) FROM sluice_shard), (SELECT count(*) FROM sluice_shard WHERE done), "
               "(SELECT count(*) FROM sluice_worker)")

    def __init__(self, folder, synchronous=False):
        self.folder, self.made, self.synchronous = folder, 0, synchronous
        folder.mkdir()
        folder.chmod(0o777)
        self.primary, self.standby, self.stream = Postgres(self.next_folder()), None, None
        self.clients = Proxy(self.primary)
        self.follow()

    def next_folder(self):
        self.made += 1
        return self.folder / str(self.made)

    def follow(self):
        """A standby of the present primary."""
        self.stream = Proxy(self.primary)
        self.standby = Postgres(self.next_folder(), copied_from=self.stream.url)
        if self.synchronous:
            self.primary.ask("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.ask("SELECT pg_reload_conf()")

    def fail_over(self, lag):
        """The stream stands still for so many seconds, then the primary dies and the standby takes its place, without the commits of
        that time. What of the job was lost: rows of the log, shards given, shards done, workers."""
        self.stream.tell("drop")
        time.sleep(lag)
        there = self.figures(self.primary)
        self.primary.kill()
        self.stream.stop()
        self.standby.run_as([self.standby.programs / "pg_ctl", "promote", "-D", self.standby.folder / "data"], check=True)
        while self.standby.ask("SELECT pg_is_in_recovery()") != "f":
            time.sleep(0.05)
        kept = self.figures(self.standby)
        dead, self.primary = self.primary, self.standby
        if self.synchronous:
            self.primary.ask("ALTER SYSTEM RESET synchronous_standby_names")
            self.primary.ask("SELECT pg_reload_conf()")
        self.clients.tell("target", self.primary.socket)
        self.clients.tell("cut")
        shutil.rmtree(dead.folder)
        return [a - b for a, b in zip(there, kept)]

    def figures(self, server):
        return [int(n) for n in (server.ask(self.FIGURES) or "0|0|0|0").split("|")]

    def stop(self):
        for proxy in (self.clients, self.stream):
            proxy.stop()
        for server in (self.standby, self.primary):
            if server.process.poll() is None:
                server.kill()
