#!/usr/bin/env python3
"""The files of docs/monitoring against the list of metrics and against Prometheus' own checker: run.py [PROMTOOL]

The alert rules are tried on series (alerts_test.yml), the dashboard's expressions are parsed, and each metric, label and fixed
value that any of them names must be in metrics.txt. Without promtool (Debian: prometheus) what needs it is skipped (exit 77),
unless CI is set: then that fails.
"""
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MONITORING = HERE.parent.parent / "docs/monitoring"
SKIPPED = 77
OF_ALL = {"job", "instance", "job_name"}  # labels: two of Prometheus' own, and what every series has
NAME = re.compile(r"\b(?:sluice|process)_[a-z_]+\b")
SELECTOR = re.compile(r"\b((?:sluice|process)_[a-z_]+)\{([^}]*)\}")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPED = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")


def metrics():
    """Name to labels; a label to its values, or to None where they are not fixed."""
    known = {}
    for line in (HERE / "metrics.txt").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        name, kind, *labels = line.split()
        split = [label.partition("=") for label in labels]
        values = {label: set(fixed.split("|")) if fixed else None for label, _, fixed in split}
        if kind == "histogram":
            known[name + "_bucket"] = values | {"le": None}
            known[name + "_sum"] = known[name + "_count"] = values
        else:
            known[name] = values
    return known


def wrong_names(text, known):
    """What an expression, or a file of them, names that no run has."""
    wrong = []
    for name in NAME.findall(text):
        if name not in known and name not in OF_ALL:
            wrong.append(f"no metric is called {name}")
    every = OF_ALL | {label for labels in known.values() for label in labels}
    for group in GROUPED.findall(text):
        wrong += [f"no metric has a label {label}" for label in re.split(r"\s*,\s*", group.strip()) if label not in every]
    for name, matchers in SELECTOR.findall(text):
        for label, how, value in MATCHER.findall(matchers):
            labels = known.get(name, {})
            if label in OF_ALL:
                continue
            if label not in labels:
                wrong.append(f"{name} has no label {label}")
            elif labels[label] is not None and how in ("=", "=~"):
                wrong += [f"{label} of {name} is never {one}" for one in value.split("|") if one not in labels[label]]
    return wrong


def wrong_layout(panels):
    wrong, seen, taken = [], set(), {}
    for panel in panels:
        if panel["id"] in seen:
            wrong.append(f"two panels have the id {panel['id']}")
        seen.add(panel["id"])
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if x >= 24 or taken.setdefault((x, y), panel["title"]) != panel["title"]:
                    wrong.append(f"'{panel['title']}' has no room of its own at {x}, {y}")
    return wrong


def expressions(dashboard):
    """Of each panel that asks something: title and expression, with Grafana's variables as it fills them in."""
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            if target["datasource"]["uid"] != "${datasource}":
                raise SystemExit(f"'{panel['title']}' has a data source of its own")
            text = target["expr"]
            for variable, value in (("$__rate_interval", "1m"), ("$job_name", "tickets"), ("$instance", ".*")):
                text = text.replace(variable, value)
            if "$" in text:
                raise SystemExit(f"'{panel['title']}' has a variable that is not known: {text}")
            yield panel["title"], text


def main():
    known = metrics()
    dashboard = json.loads((MONITORING / "sluice-dashboard.json").read_text())
    asked = list(expressions(dashboard))
    wrong = wrong_layout(dashboard["panels"])
    for title, text in asked:
        wrong += [f"dashboard, '{title}': {one}" for one in wrong_names(text, known)]
    for variable in dashboard["templating"]["list"]:
        wrong += [f"dashboard, variable {variable['name']}: {one}" for one in wrong_names(variable.get("definition", ""), known)]
    for name in ("alerts.yml", "alerts_test.yml"):
        wrong += [f"{name}: {one}" for one in wrong_names((MONITORING / name).read_text(), known)]
    promtool = shutil.which(sys.argv[1] if len(sys.argv) > 1 else "promtool")
    if promtool:
        with tempfile.TemporaryDirectory() as folder:
            # JSON is YAML: no writer of YAML is needed.
            rules = [{"record": f"panel:{i}", "expr": text} for i, (_, text) in enumerate(asked)]
            path = pathlib.Path(folder, "dashboard.yml")
            path.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
            for check in (["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"],
                          ["check", "config", "prometheus.yml"], ["check", "rules", path]):
                ran = subprocess.run([promtool, *check], cwd=MONITORING, capture_output=True, text=True)
                if ran.returncode != 0:
                    wrong.append(f"promtool {check[0]} {check[1]} {check[2]}:\n{ran.stdout}{ran.stderr}")
    if wrong:
        print("\n".join(wrong))
        return 1
    print(f"the {len(asked)} expressions of the dashboard and the alert rules name nothing that a run has not")
    if promtool is None:
        print("promtool is not installed: the rules are not tried; apt-get install prometheus")
        return 1 if os.environ.get("CI") else SKIPPED
    return 0


if __name__ == "__main__":
    sys.exit(main())
