"""The cases of `./dev bench`: each sets up servers and clients, runs the rounds and says what they show."""
import statistics

from checkpoint import Mock
from clients import install_peers
from rounds import claim, interleave, median, outcome, ratio
from servers import BenchServer, Nginx

# The official packages take too long for as many rows as the others.
PEER_ROWS = {"undici": 100_000, "aiohttp": 20_000, "cookbook": 3_000, "openai (Python)": 3_000,
             "openai (Node)": 3_000, "litellm": 3_000}
STANDARD = ("rate", "x", "cpu_s_per_100k", "rss_mb")


def call(client, url, work, count):
    return lambda: client(url, work.rows(count), count)


def one_row(work):
    count = work.count(200_000, quick=50_000)
    with Nginx(work.scratch, work.server_core) as nginx:
        clients = {"wrk": work.bench.wrk(seconds=2 if work.quick else 4), "bare": work.bench.bare(),
                   "sluice, power": work.bench.sluice("power"), "sluice, process": work.bench.sluice("process")}
        results = interleave({n: call(c, nginx.url, work, count) for n, c in clients.items()}, work.rounds, work.say)
    # The gate compares with bare, which is compiled and works as sluice does: how much faster wrk is than that differs
    # from machine to machine (1.1 to 1.8 times).
    claims = [claim("sluice at power / wrk", ratio(results, "sluice, power", "wrk"), least=0.45),
              claim("sluice at process / wrk", ratio(results, "sluice, process", "wrk"), least=0.55),
              claim("sluice at power / bare", ratio(results, "sluice, power", "bare"), compared=True),
              claim("sluice at process / bare", ratio(results, "sluice, process", "bare"), compared=True)]
    return outcome(f"one-row: {count:,} rows, one a request, 200 in flight, nginx", results, STANDARD, "wrk", claims)


def peers(work):
    install_peers()
    count = work.count(200_000)
    bench = work.bench
    clients = {"wrk": (bench.wrk(seconds=4), count), "sluice, power": (bench.sluice("power"), count),
               "sluice, process": (bench.sluice("process"), count)}
    makers = {"undici": (bench.node, "undici"), "aiohttp": (bench.python, "aiohttp"), "cookbook": (bench.python, "cookbook"),
              "openai (Python)": (bench.python, "openai"), "openai (Node)": (bench.node, "openai"),
              "litellm": (bench.python, "litellm")}
    for name, (make, which) in makers.items():
        clients[name] = (make(which), min(count, PEER_ROWS[name]))
    with Nginx(work.scratch, work.server_core) as nginx:
        results = interleave({n: call(c, nginx.url, work, rows) for n, (c, rows) in clients.items()}, work.rounds, work.say)
        notes = ["rows: " + ", ".join(f"{n} {rows:,}" for n, (_, rows) in clients.items())]
        aiohttp_mb = median(results, "aiohttp", "rss_mb")
        if count > PEER_ROWS["aiohttp"] and count / median(results, "aiohttp", "rate") < 120:
            aiohttp_mb = call(bench.python("aiohttp"), nginx.url, work, count)()["rss_mb"]
            notes.append(f"aiohttp with all {count:,} rows: peak {aiohttp_mb:.0f} MB")
    claims = [claim(f"sluice at power / {n}", ratio(results, "sluice, power", n), least=least)
              for n, least in (("aiohttp", 20), ("undici", 4), ("openai (Python)", 50), ("openai (Node)", 50),
                               ("litellm", None), ("cookbook", None))]
    claims.append(claim("sluice's peak memory / aiohttp's", median(results, "sluice, power", "rss_mb") / aiohttp_mb, most=1))
    return outcome("peers: one row a request, 200 in flight, nginx", results, STANDARD, "wrk", claims, notes)


def packed(work):
    count, per = work.count(1_000_000, quick=300_000), 20
    free = work.free_bench
    clients = {"wrk": free.wrk(per=per, seconds=1 if work.quick else 4), "bare": free.bare(per=per), "sluice, power": free.sluice("power", per)}
    with BenchServer() as server:

        def beside_server(client):
            def run():
                before = server.cpu_seconds()
                result = call(client, server.url, work, count)()
                used = server.cpu_seconds() - before
                return result | {"server_share": used / (used + result["cpu_s"])}
            return run

        results = interleave({n: beside_server(c) for n, c in clients.items()}, work.rounds, work.say)
    claims = [claim("sluice, rows/s", median(results, "sluice, power", "rows_per_s"), least=250_000),
              claim("sluice / bare", ratio(results, "sluice, power", "bare"), compared=True)]
    return outcome(f"packed: {count:,} rows, {per} a request, both cores for client and bench_server", results,
                   ("rows_per_s", *STANDARD, "server_share"), "wrk", claims)


def cores(work):
    count, per = work.count(1_000_000), 20
    one, both = work.bench.sluice("power", per), work.free_bench.sluice("power", per)
    with BenchServer(work.server_core) as server:
        results = interleave({"one core": call(one, server.url, work, count), "two cores": call(both, server.url, work, count)},
                             work.rounds, work.say)
    claims = [claim("two cores / one", ratio(results, "two cores", "one core"))]
    notes = ["without pinning there is nothing to tell apart"] if work.server_core is None else []
    return outcome(f"cores: {count:,} rows, {per} a request; bench_server on one core, sluice on the other or on both", results,
                   ("rows_per_s", *STANDARD), "one core", claims, notes)


def provider(work):
    count, in_flight = work.count(30_000), 1000
    clients = {"bare": work.bench.bare(in_flight), "sluice, power": work.bench.sluice("power", in_flight=in_flight)}
    if work.with_peers:
        install_peers()
        clients |= {"undici": work.bench.node("undici", in_flight), "aiohttp": work.bench.python("aiohttp", in_flight)}
    with Mock("--latency-ms", 200, "--token-latency-ms", 5, "--latency-sigma", 0.3) as mock:
        results = interleave({n: call(c, mock.url, work, count) for n, c in clients.items()}, work.rounds, work.say)
    claims = [claim(f"sluice at power / {n}", ratio(results, "sluice, power", n)) for n in clients if n != "sluice, power"]
    return outcome(f"provider: {count:,} rows, one a request, {in_flight:,} in flight; the mock, 200 ms and 5 ms a token, "
                   "log-normal", results, STANDARD, "bare", claims)


def tls(work):
    count, seconds = work.count(200_000, quick=50_000), 2 if work.quick else 4
    with Nginx(work.scratch, work.server_core, tls=True) as nginx:

        def encrypted(client):
            def run():
                result = call(client, nginx.urls["tls"], work, count)()
                made, resumed = nginx.take_handshakes()
                return result | {"handshakes": made, "resumed": resumed}
            return run

        wrk = work.bench.wrk(seconds=seconds)
        results = interleave({
            "wrk, http": call(wrk, nginx.urls["plain"], work, count), "wrk, https": encrypted(wrk),
            "sluice, http": call(work.bench.sluice("power"), nginx.urls["plain"], work, count),
            "sluice, https": encrypted(work.bench.sluice("power", ca_file=nginx.ca_file))}, work.rounds, work.say)
    resumed = sum(r["resumed"] for r in results["sluice, https"]) / max(1, sum(r["handshakes"] for r in results["sluice, https"]))
    claims = [claim("sluice, https / http", ratio(results, "sluice, https", "sluice, http"), least=0.65, compared=True),
              claim("wrk, https / http", ratio(results, "wrk, https", "wrk, http")),
              claim("sluice's share of handshakes that resumed", resumed)]
    return outcome(f"tls: {count:,} rows, TLS 1.3, keep-alive, 200 in flight, nginx", results,
                   (*STANDARD, "handshakes", "resumed"), "wrk, http", claims)


def latency(work):
    results, claims = {}, []
    bare_4000, tried = work.bench.bare(4000), 100_000
    servers = {}
    for make in (lambda: Nginx(work.scratch / "try", work.server_core, slow=True),
                 lambda: BenchServer(work.server_core, delay_ms=100)):
        with make() as server:
            servers[server.name] = (call(bare_4000, server.url, work, tried)()["rate"], make)
    chosen = max(servers, key=lambda name: servers[name][0])
    notes = [f"{name}: bare reaches {rate:,.0f}/s of 40,000" for name, (rate, _) in servers.items()] + [f"chosen: {chosen}"]
    make = (lambda: Nginx(work.scratch, work.server_core, slow=True)) if chosen == Nginx.name else servers[chosen][1]
    with make() as server:
        for in_flight in (1000, 4000):
            count = work.count(400_000) * in_flight // 4000
            clients = {"wrk": work.bench.wrk(in_flight, seconds=10), "sluice, power": work.bench.sluice("power", in_flight=in_flight),
                       "bare": work.bench.bare(in_flight)}
            if in_flight == 1000 and work.with_peers:
                install_peers()
                clients["undici"] = work.bench.node("undici", in_flight)
            ceiling = in_flight / 0.1
            calls = {f"{n}, {in_flight:,}": of_ceiling(call(c, server.url, work, count), ceiling) for n, c in clients.items()}
            results |= interleave(calls, work.rounds, work.say)
            ours = f"sluice, power, {in_flight:,}"
            claims.append(claim(f"sluice, share of the ceiling at {in_flight:,}", median(results, ours, "share"),
                                least=0.97 if in_flight == 1000 else 0.95))
            claims.append(claim("  of a core", median(results, ours, "core_share"), most=0.5))
    return outcome(f"latency: a server that takes 100 ms ({chosen})", results,
                   ("rate", "share", "share_after_2s", "core_share", "rss_mb"), None, claims, notes)


def of_ceiling(run, ceiling):
    def with_shares():
        result = run()
        more = {"share": result["rate"] / ceiling, "core_share": result["cpu_s"] / result["elapsed_s"]}
        later = [(t, rows) for t, rows in result.get("progress", []) if t >= 2]
        if len(later) > 1:  # up to the last line, so without the end, when slots stay empty
            more["share_after_2s"] = (later[-1][1] - later[0][1]) / (later[-1][0] - later[0][0]) / ceiling
        return result | more
    return with_shares


def growth(work):
    results, claims = {}, []
    largest = work.count(1_000_000)
    for per in (20, 1):
        counts = [n for n in (10_000, 100_000, 1_000_000) if n <= largest] + [10_000_000] * (work.full and per == 20)
        names = {n: f"{n:,} rows, {per} a request" for n in counts}
        # The delay lets the requests in flight grow to what is allowed.
        with BenchServer(delay_ms=20) as server:
            sluice = work.free_bench.sluice("power", per, in_flight=1000)
            runs = {}
            for n in counts:
                run = call(sluice, server.url, work, n)
                runs[names[n]] = lambda run=run, n=n: (r := run()) | {"cpu_us_per_row": r["cpu_s"] / n * 1e6}
            results |= interleave(runs, work.rounds, work.say)
            reached = server.stats()["most_in_flight"]
        # Beside the least and not the first: what a start costs would hide what grows.
        costs = [median(results, names[n], "cpu_us_per_row") for n in counts]
        claims += [claim(f"CPU a row, {names[counts[-1]]} / the least", costs[-1] / min(costs), most=1.1),
                   claim("  peak memory", max(r["rss_mb"] for n in counts for r in results[names[n]]), most=150, unit=" MB"),
                   claim("  most in flight", reached)]
    return outcome("growth: 1,000 in flight allowed, bench_server with 20 ms", results,
                   ("rows_per_s", "cpu_us_per_row", "rss_mb"), None, claims)


def added(work):
    count, in_flight = work.count(8_000), 64
    clients = {"wrk": work.bench.wrk(in_flight, seconds=5), "bare": work.bench.bare(in_flight),
               "sluice, power": work.bench.sluice("power", in_flight=in_flight),
               "sluice, process": work.bench.sluice("process", in_flight=in_flight)}

    def turnaround(client):
        def run():
            with BenchServer(work.server_core, delay_ms=50, spread_ms=10, in_flight=in_flight) as server:
                result = call(client, server.url, work, count)()
                return result | server.stats()["turnaround_us"]
        return run

    results = interleave({n: turnaround(c) for n, c in clients.items()}, work.rounds, work.say)
    claims = [claim(f"sluice at {durability}, {p}, beyond bare",
                    statistics.median(a[p] - b[p] for a, b in zip(results[f"sluice, {durability}"], results["bare"])),
                    most=most, unit=" us") for durability in ("power", "process") for p, most in (("p50", 100), ("p99", 1000))]
    return outcome(f"added: how long a freed slot stays empty, {in_flight} in flight, answers after 50 to 60 ms", results,
                   ("rate", "p50", "p90", "p99", "n"), None, claims)


CASES = {"one-row": one_row, "peers": peers, "packed": packed, "cores": cores, "tls": tls, "latency": latency,
         "provider": provider, "growth": growth, "added": added}
QUICK = ("one-row", "packed", "tls")
