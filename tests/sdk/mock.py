"""A mock for as long as a `with` lasts, and its books."""
import json
import subprocess
import urllib.request


class Mock:
    def __init__(self, program, *options):
        self.arguments = [program, "mock", "--port", "0", *options]

    def __enter__(self):
        self.child = subprocess.Popen(self.arguments, stdout=subprocess.PIPE, text=True)
        line = self.child.stdout.readline()
        assert "http://" in line, f"no mock: {line!r}"
        self.url = line.split()[-1].removesuffix("/v1")
        return self

    def __exit__(self, *_):
        self.child.terminate()  # this one, by its process
        self.child.wait()

    def billed(self):
        """Input, cached and output tokens since the last call."""
        with urllib.request.urlopen(self.url + "/stats") as reply:
            stats = json.load(reply)
        urllib.request.urlopen(urllib.request.Request(self.url + "/stats/reset", method="POST", data=b"")).close()
        return stats["input_tokens"], stats["cached_tokens"], stats["output_tokens"]
