#!/usr/bin/env python3
"""Holds the examples of docs/deployment to what reads them: `sluice check` for their pipeline files, systemd for the units.

  check.py SLUICE
"""
import os, pathlib, re, shutil, subprocess, sys, tempfile, textwrap

ROOT = pathlib.Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "docs/deployment"
SECRETS = {"OPENAI_API_KEY": "key-for-the-check", "DATABASE_URL": "postgresql://sluice@db/sluice", "REDIS_URL": "redis://redis:6379"}


def pipeline_files():
    """The block texts named *.lua of the ConfigMap."""
    text = (EXAMPLES / "kubernetes.yaml").read_text()
    return {name: textwrap.dedent(body) for name, body in re.findall(r"^  (\w+\.lua): \|\n((?:    .*\n|\n)+)", text, re.M)}


def check_pipelines(sluice, folder):
    files = pipeline_files()
    assert sorted(files) == ["stream.lua", "tickets.lua"], sorted(files)
    for name, body in files.items():
        (folder / name).write_text(body)
        # Rows and servers are elsewhere: only what stands in the file is looked at.
        done = subprocess.run([sluice, "graph", name], cwd=folder,
                              env=os.environ | SECRETS, capture_output=True, text=True)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    print("pipeline files:", ", ".join(files))


def check_units(folder):
    if shutil.which("systemd-analyze") is None:
        return print("units: not looked at, there is no systemd here")
    for unit in ("sluice@.service", "sluice@.timer"):
        # The program and the job are not installed here.
        text = (EXAMPLES / unit).read_text().replace("/usr/bin/sluice", "/bin/true")
        (folder / unit).write_text(text)
    for unit in ("sluice@tickets.service", "sluice@tickets.timer"):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", f"./{unit}"], cwd=folder, capture_output=True, text=True)
        said = [line for line in done.stderr.splitlines() if "sluice@" in line]
        assert done.returncode == 0 and not said, f"{unit}: {done.stderr}"
    print("units: as systemd reads them")


def main():
    with tempfile.TemporaryDirectory() as scratch:
        check_pipelines(pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(scratch))
        check_units(pathlib.Path(scratch))


if __name__ == "__main__":
    main()
