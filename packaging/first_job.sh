#!/bin/sh
# A first job with an installed program, in a folder of its own: first_job.sh PROGRAM [MOCK_OPTION…]
# Needs nothing but a shell and coreutils. The mock answers; SLUICE_ROWS rows, 300 by default.
set -eu
sluice=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
mock=
trap '[ -z "$mock" ] || kill "$mock"; rm -rf "$work"' EXIT
cd "$work"
cp "$here/first_job.lua" job.lua

"$sluice" --version
"$sluice" --help >help.txt
grep -q 'Exit status' help.txt

mkfifo address
"$sluice" mock --port 0 "$@" >address &
mock=$!
read -r line <address
rows=${SLUICE_ROWS:-300}
seq "$rows" | sed 's/.*/{"id":"T-&","body":"Ticket &: I was charged twice."}/' >tickets.jsonl

"$sluice" check job.lua --set "base_url=${line##* }"
"$sluice" run job.lua --set "base_url=${line##* }"
[ "$(wc -l <out/tickets.jsonl)" -eq "$rows" ]
"$sluice" audit job.lua --set "base_url=${line##* }"
# The same in one command, from a CSV to a CSV, and the pipeline file that it stands for.
{ echo id,body; seq "$rows" | sed 's/.*/&,"Ticket &, again: I was charged twice."/'; } >tickets.csv
"$sluice" ask tickets.csv --key id --user "{{body}}" --answer "queue=billing|bug|access|other" \
  --model mock --base-url "${line##* }" --out sorted.csv --save sorted.lua
[ "$(wc -l <sorted.csv)" -eq $((rows + 1)) ]
"$sluice" audit sorted.lua
echo "first job: $rows rows answered by $sluice"
