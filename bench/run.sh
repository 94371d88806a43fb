#!/usr/bin/env bash
# Throughput and memory of whole jobs, beside wrk on the same server and the same requests. Each figure is a
# median of interleaved rounds; only ratios taken in one run count. `./dev bench` calls this.
#   ROWS=100000 ROUNDS=3 MANY=1000000   sizes
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
sluice=$PWD/build/release/sluice
rows=${ROWS:-100000} rounds=${ROUNDS:-3} many=${MANY:-1000000}
scratch=$(mktemp -d)
trap 'kill "${mock:-}" 2>/dev/null || true; rm -rf "$scratch"' EXIT

# JSON lines of about 400 bytes.
make_rows() {
  awk -v n="$1" 'BEGIN {
    split("alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa", word, " ")
    srand(7)
    for (i = 0; i < n; i++) {
      body = ""
      while (length(body) < 330) body = body word[1 + int(rand() * 16)] " "
      printf "{\"id\":\"T-%08d\",\"subject\":\"ticket %d\",\"body\":\"%s\"}\n", i, i, body
    }
  }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
figure() { sed -n "s/.*\"$1\":\\([0-9.]*\\).*/\\1/p"; } # of the JSON summary

coproc MOCK { exec "$sluice" mock; }
mock=$MOCK_PID
read -r line <&"${MOCK[0]}"
url=${line##* }

job() { # rows-file rows-a-request durability: the JSON summary
  local work
  work=$(mktemp -d -p "$scratch")
  (cd "$work" && "$sluice" run "$OLDPWD/bench/tickets.lua" --log json --set "base_url=$url" --set "input=$1" \
    --set "rows=$2" --set "durability=$3" 2>/dev/null)
  rm -rf "$work"
}

make_rows "$many" >"$scratch/many.jsonl"
head -n "$rows" "$scratch/many.jsonl" >"$scratch/rows.jsonl"
cat >"$scratch/post.lua" <<'LUA'
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = '{"model":"mock","messages":[{"role":"system","content":"Sort the ticket."},{"role":"user","content":"' ..
  string.rep("alpha bravo ", 30) .. '"}],"response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,' ..
  '"schema":{"type":"object","properties":{"queue":{"type":"string","enum":["billing","bug","access","sales","other"]},' ..
  '"urgency":{"type":"integer","minimum":1,"maximum":5}},"required":["queue","urgency"],"additionalProperties":false}}}}'
LUA

for ((round = 0; round < rounds; round++)); do
  wrk -t1 -c200 -d5 -s "$scratch/post.lua" "$url/chat/completions" | awk '/Requests\/sec/ { print $2 }' >>"$scratch/wrk"
  for kind in "1 power" "1 process" "20 power"; do
    # shellcheck disable=SC2086
    job "$scratch/rows.jsonl" $kind | awk -v rows="$rows" -F '"elapsed_s":' '{ print rows / ($2 + 0) }' >>"$scratch/${kind// /-}"
  done
done
limit=$(median <"$scratch/wrk")
printf '%-44s %12s %8s\n' "against the mock, both cores shared, 200 in flight" "per second" "x wrk"
printf '%-44s %12.0f %8.2f\n' "wrk, requests" "$limit" 1
printf '%-44s %12.0f %8.2f\n' "sluice, one row a request, power" "$(median <"$scratch/1-power")" "$(awk "BEGIN { print $(median <"$scratch/1-power") / $limit }")"
printf '%-44s %12.0f %8.2f\n' "sluice, one row a request, process" "$(median <"$scratch/1-process")" "$(awk "BEGIN { print $(median <"$scratch/1-process") / $limit }")"
printf '%-44s %12.0f %8s\n' "sluice, 20 rows a request, power, rows" "$(median <"$scratch/20-power")" "-"

echo
printf '%-44s %12s %12s %8s\n' "peak memory, MB" "$rows rows" "$many rows" "ratio"
for per in 1 20; do
  few=$(job "$scratch/rows.jsonl" "$per" power | figure peak_rss_mb)
  all=$(job "$scratch/many.jsonl" "$per" power | figure peak_rss_mb)
  printf '%-44s %12.1f %12.1f %8.3f\n' "$per row(s) a request" "$few" "$all" "$(awk "BEGIN { print $all / $few }")"
done
