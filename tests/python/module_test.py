"""The Python module, as installed: python3 -m unittest. SLUICE_FRAMES=1: pandas and polars must be there."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import unittest

import sluice

JOB = pathlib.Path(__file__).with_name("job.lua")


class Mock:
    """A provider on loopback."""

    def __init__(self, *options):
        self.child = subprocess.Popen([sluice.program(), "mock", "--port", "0", *options], stdout=subprocess.PIPE, text=True)
        self.url = self.child.stdout.readline().split()[-1]

    def stop(self):
        self.child.terminate()
        self.child.wait()
        self.child.stdout.close()


def tickets(count, start=0):
    return ({"id": f"T-{n}", "body": f"Ticket {n}: ünïcode \u2028 \"quotes\"\n"} for n in range(start, start + count))


class ModuleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.mock = Mock("--latency-ms", "5")

    @classmethod
    def tearDownClass(cls):
        cls.mock.stop()

    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-python-")
        self.addCleanup(shutil.rmtree, self.folder)
        before = os.getcwd()
        self.addCleanup(os.chdir, before)
        os.chdir(self.folder)
        shutil.copy(JOB, "job.lua")

    def run_job(self, rows=None, url=None, set=None, **options):
        return sluice.run("job.lua", rows, set={"base_url": url or self.mock.url, **(set or {})}, progress=None, **options)

    def settings(self, **more):
        return {"base_url": self.mock.url, **more}

    def test_answers_of_an_iterable_are_dicts_and_come_once(self):
        answers = self.run_job(tickets(1000))
        self.assertIs(iter(answers), answers)
        answers = list(answers)
        self.assertEqual({a["id"] for a in answers}, {f"T-{n}" for n in range(1000)})
        self.assertEqual(len(answers), 1000)
        self.assertTrue(all(a["queue"] in ("billing", "bug", "access") for a in answers))

    def test_a_job_with_its_own_input_takes_no_rows(self):
        pathlib.Path("in.jsonl").write_text('{"id":"A","body":"x"}\n')
        self.assertEqual([a["id"] for a in self.run_job(set={"input": "in.jsonl"})], ["A"])
        with self.assertRaisesRegex(sluice.Error, "has its own input") as caught:
            self.run_job(tickets(1), set={"input": "in.jsonl"})
        self.assertEqual(caught.exception.exit_status, 2)

    def test_a_job_that_reads_standard_input_wants_rows(self):
        with self.assertRaisesRegex(sluice.Error, "give it rows="):
            self.run_job()

    def test_rejected_rows_are_a_warning_and_can_be_had(self):
        rows = [{"id": "good", "body": "x"}, {"id": "bad", "body": ""}]
        with self.assertWarnsRegex(UserWarning, "1 of 2 rows were rejected"):
            answers = self.run_job(rows)
        self.assertEqual([a["id"] for a in answers], ["good"])
        (reject,) = sluice.rejects("job.lua", set=self.settings())
        self.assertEqual((reject["key"], reject["row"]), ("bad", rows[1]))
        self.assertEqual([a["id"] for a in sluice.answers("job.lua", set=self.settings())], ["good"])

    def test_a_mistake_in_the_file_is_an_error_with_the_programs_text(self):
        pathlib.Path("job.lua").write_text('local s = require "sluice"\nreturn s.pipelin {}\n')
        with self.assertRaises(sluice.Error) as caught:
            self.run_job(tickets(1))
        self.assertEqual(caught.exception.exit_status, 3)
        shown = subprocess.run([sluice.program(), "check", "job.lua"], stderr=subprocess.PIPE, text=True).stderr
        self.assertEqual(str(caught.exception), shown.strip())

    def test_no_endpoint_left_is_an_error_with_the_cause(self):
        with self.assertRaises(sluice.Error) as caught:
            self.run_job(tickets(30), url=self.mock.url.replace("/v1", "/wrong"))
        self.assertEqual(caught.exception.exit_status, 5)
        self.assertIn("404", str(caught.exception))

    def test_a_stopped_run_is_an_error_and_goes_on_where_it_was(self):
        # The worst case of a request is a bit over 1,000 tokens, $0.001: some are asked, not all.
        with self.assertRaisesRegex(sluice.Error, "budget") as caught:
            self.run_job(tickets(2000), set={"budget": "$0.003"})
        self.assertEqual(caught.exception.exit_status, 4)
        answered = caught.exception.summary["rows_answered"]
        self.assertEqual(len(list(sluice.answers("job.lua", set=self.settings()))), answered)
        self.assertEqual(len(list(self.run_job(tickets(2000)))), 2000)

    def test_an_iterable_that_raises_has_asked_nothing(self):
        def rows():
            yield {"id": "T-1", "body": "x"}
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            self.run_job(rows())
        self.assertFalse(os.path.exists(".sluice"))
        with self.assertRaisesRegex(TypeError, "row 1: .*datetime"):
            import datetime
            self.run_job([{"id": "a"}, {"id": "b", "body": datetime.datetime.now()}])
        with self.assertRaisesRegex(ValueError, "row 0: "):
            self.run_job([{"id": float("nan")}])
        with self.assertRaisesRegex(ValueError, "row 0: .*surrogates"):
            self.run_job([{"id": "\ud800"}])

    def test_answers_are_those_of_the_rows_given_last(self):
        list(self.run_job(tickets(20)))
        answers = list(self.run_job(tickets(20, start=10)))
        self.assertEqual(sorted(a["id"] for a in answers), sorted(f"T-{n}" for n in range(10, 30)))
        self.assertEqual(len(list(sluice.answers("job.lua", set=self.settings()))), 20)

    def test_progress_is_a_function_of_events(self):
        events = []
        slow = Mock("--latency-ms", "300")
        self.addCleanup(slow.stop)
        list(sluice.run("job.lua", tickets(50), set={"base_url": slow.url}, progress=events.append))
        self.assertTrue(all("event" in event for event in events), events)

    def test_values_of_parameters_are_passed_as_they_are_written(self):
        pathlib.Path("job.lua").write_text('local s = require "sluice"\nerror(tostring(s.param("on", false)) .. s.param("n", 1) .. s.param("t", ""))')
        with self.assertRaisesRegex(sluice.Error, "true25a=b c"):
            sluice.run("job.lua", [], set={"on": True, "n": 25, "t": "a=b c"})

    def interrupted(self, times):
        slow = Mock("--latency-ms", "1500")
        self.addCleanup(slow.stop)
        program = (f"import sluice; sluice.run('job.lua', ({{'id': n, 'body': str(n)}} for n in range(5000)), "
                   f"set={{'base_url': '{slow.url}'}}, progress=lambda e: print('event', flush=True))")
        # Who starts the tests in the background may ignore interrupts, which children inherit.
        child = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
        # The job has begun when it has its checkpoint, and asks from then on.
        while not os.path.exists(".sluice/tickets/lock") and not os.path.exists(".sluice/tickets/checkpoint.db"):
            self.assertIsNone(child.poll(), child.communicate() if child.poll() is not None else None)
        threading.Event().wait(0.5)
        for _ in range(times):
            child.send_signal(signal.SIGINT)
            threading.Event().wait(0.3)
        _, errors = child.communicate(timeout=30)
        self.assertIn("KeyboardInterrupt", errors)
        self.assertEqual(child.returncode, -signal.SIGINT)
        return subprocess.run([sluice.program(), "status", "job.lua", "--set", f"base_url={slow.url}", "--json"],
                              stdout=subprocess.PIPE, text=True, check=True).stdout

    def test_an_interrupt_waits_for_what_is_in_flight(self):
        self.assertIn('"requests":0,"cost_usd":0,', self.interrupted(1).partition('"maybe_billed":{')[2])

    def test_a_second_interrupt_aborts(self):
        self.interrupted(2)


@unittest.skipUnless(os.environ.get("SLUICE_FRAMES"), "SLUICE_FRAMES is not set")
class FrameTest(ModuleTest):
    def test_a_pandas_frame_in_is_one_out(self):
        import pandas
        frame = pandas.DataFrame({"id": ["007", "b"], "n": [1, 2], "body": ["x", "y"], "at": pandas.to_datetime(["2026-01-01", None])})
        answers = self.run_job(frame)
        self.assertIsInstance(answers, pandas.DataFrame)
        self.assertEqual(sorted(answers["id"]), ["007", "b"])
        both = frame.merge(answers, on="id")
        self.assertEqual(len(both), 2)
        self.assertTrue(set(both["queue"]) <= {"billing", "bug", "access"})

    def test_a_large_pandas_frame_is_given_in_parts(self):
        import pandas
        frame = pandas.DataFrame({"id": range(25001), "body": "the same"})
        self.assertEqual(sorted(self.run_job(frame)["id"]), list(range(25001)))

    def test_a_frame_without_rows_gives_one_without_answers(self):
        import pandas
        import polars
        for library in (pandas, polars):
            answers = self.run_job(library.DataFrame({"id": [], "body": []}))
            self.assertIsInstance(answers, library.DataFrame)
            self.assertEqual(len(answers), 0)

    def test_a_polars_frame_in_is_one_out(self):
        import polars
        frame = polars.DataFrame({"id": ["007", "b"], "body": ["x", "y"]})
        answers = self.run_job(frame)
        self.assertIsInstance(answers, polars.DataFrame)
        self.assertEqual(sorted(frame.join(answers, on="id")["id"]), ["007", "b"])


if __name__ == "__main__":
    unittest.main()
