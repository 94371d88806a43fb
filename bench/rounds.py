"""Interleaved rounds, their medians, and the ratios that are claimed.

Machines drift, so only figures taken side by side are compared: each round runs every client once, each round
begins with another one, and a ratio is the median of the rounds' ratios.
"""
import statistics


def interleave(clients, rounds, say=None):
    """clients: name → function without arguments. Gives name → list of what it returned, one a round."""
    names, results = list(clients), {name: [] for name in clients}
    for round_ in range(rounds):
        for name in names[round_ % len(names):] + names[:round_ % len(names)]:
            results[name].append(clients[name]())
            if say:
                say(f"  round {round_ + 1}/{rounds}  {name}: {results[name][-1]['rate']:,.0f}/s")
    return results


def median(results, name, field):
    return statistics.median(r[field] for r in results[name])


def ratio(results, name, reference, field="rate"):
    return statistics.median(a[field] / b[field] for a, b in zip(results[name], results[reference]))


def claim(what, value, least=None, most=None, unit="", compared=False):
    """A figure beside what it should be. `compared`: it is held against bench/recorded.json."""
    met = (least is None or value >= least) and (most is None or value <= most)
    return {"what": what, "value": value, "least": least, "most": most, "unit": unit, "met": met, "compared": compared}


# Columns that any case may show: name → (title, format).
COLUMNS = {
    "rate": ("requests/s", "{:,.0f}"), "rows_per_s": ("rows/s", "{:,.0f}"), "x": ("x reference", "{:.3f}"),
    "cpu_s_per_100k": ("CPU s/100k", "{:.2f}"), "rss_mb": ("peak MB", "{:.0f}"),
    "share": ("of ceiling", "{:.1%}"), "share_after_2s": ("after 2 s", "{:.1%}"), "core_share": ("of a core", "{:.2f}"),
    "cpu_us_per_row": ("CPU us/row", "{:.2f}"), "server_share": ("server's CPU", "{:.0%}"),
    "p50": ("p50 us", "{:,.0f}"), "p90": ("p90 us", "{:,.0f}"), "p99": ("p99 us", "{:,.0f}"), "n": ("n", "{:,.0f}"),
    "handshakes": ("handshakes", "{:.0f}"), "resumed": ("resumed", "{:.0f}"), "most_in_flight": ("in flight", "{:,.0f}"),
}


def outcome(title, results, columns, reference=None, claims=(), notes=()):
    """What a case gives back: for stdout and for the JSON file."""
    clients = {}
    for name, runs in results.items():
        medians = {c: median(results, name, c) for c in columns if c != "x" and all(c in r for r in runs)}
        if reference in results:
            medians["x"] = ratio(results, name, reference)
        clients[name] = {"medians": medians, "rounds": runs}
    return {"title": title, "reference": reference, "columns": list(columns), "clients": clients,
            "claims": list(claims), "notes": list(notes)}


def table(result):
    columns = result["columns"]
    lines = [["", *(COLUMNS[c][0] for c in columns)]]
    for name, client in result["clients"].items():
        lines.append([name, *(COLUMNS[c][1].format(client["medians"][c]) if client["medians"].get(c) is not None else "-"
                              for c in columns)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    text = ["", result["title"], ""]
    for line in lines:
        text.append("  " + line[0].ljust(widths[0]) + "".join("  " + cell.rjust(w) for cell, w in zip(line[1:], widths[1:])))
    if result["claims"]:
        text.append("")
        width = max(len(c["what"]) for c in result["claims"])
        text += [f"  {c['what'].ljust(width)}  {figure(c):>10}  {bound(c)}".rstrip() for c in result["claims"]]
    text += [f"  {note}" for note in result["notes"]]
    return "\n".join(text)


def figure(c):
    value = c["value"]
    return (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}") + c["unit"]


def bound(c):
    for word, limit in (("at least", c["least"]), ("at most", c["most"])):
        if limit is not None:
            return f"{'met:' if c['met'] else 'NOT MET:'} {word} {limit:,g}{c['unit']}"
    return ""
