#!/usr/bin/env python3
"""The providers' own clients, unchanged, against `sluice mock`: run.py PROGRAM FOLDER

Makes a virtual environment with the pinned clients in FOLDER, once, and runs checks.py in it. Where PyPI cannot be
reached, this is skipped (exit 77), unless SLUICE_SDK is "required" or CI is set: then it fails.
"""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def environment(folder):
    """The environment's Python, after installing what requirements.txt names."""
    wanted = (HERE / "requirements.txt").read_text()
    stamp = folder / "installed.txt"
    python = folder / "venv/bin/python"
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    shutil.rmtree(folder / "venv", ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r",
                    HERE / "requirements.txt"], check=True)
    stamp.write_text(wanted)
    return python


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    try:
        python = environment(folder)
    except subprocess.CalledProcessError as error:
        required = os.environ.get("SLUICE_SDK") == "required" or os.environ.get("CI")
        print(f"the clients could not be installed from PyPI: {error}\n"
              f"{'failed' if required else 'skipped; SLUICE_SDK=required makes this a failure'}")
        return 1 if required else SKIPPED
    return subprocess.run([python, HERE / "checks.py", program]).returncode


if __name__ == "__main__":
    sys.exit(main())
