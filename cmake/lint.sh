# ./dev lint: formatting, where outside libraries may be included, layers inside a folder, what is linked. Sourced by dev,
# which has say, need and build.

sources() { git ls-files -- '*.cc' '*.h'; }

# Outside headers and the only places that may include them.
rooms='sqlite3.h runtime/store/ runtime/table/ tests/checkpoint/ tests/table/
uv.h runtime/net/ runtime/http/url.cc tests/http/ bench/
hiredis/ runtime/redis/
librdkafka/ runtime/queue/kafka_ tests/queue/kafka_
llhttp.h runtime/http/ tests/http/ bench/
openssl/ runtime/net/ runtime/auth/ runtime/redis/script.cc runtime/http/proxy.cc runtime/core/name.cc tests/http/ tests/auth/
lua.hpp dsl/ tests/dsl/ tests/fuzz/lexer_fuzz.cc
oneapi/tbb stages/job/ bench/micro/
CLI/ cli/
csv.h runtime/format/csv_reader.cc
dlfcn.h runtime/format/duckdb.cc runtime/postgres/libpq.cc runtime/queue/kafka_library.cc
libpq-fe.h runtime/postgres/ tests/postgres_server.h tests/pgbouncer_server.h
simdjson.h runtime/ stages/ dsl/ tests/ bench/
re2/ runtime/answer/pattern.cc
nlohmann/ tests/
valijson/ tests/'

lint_rooms() {
  local bad=0 header places found
  while read -r header places; do
    local pattern
    pattern="^($(echo "$places" | tr ' ' '|'))"
    found=$(git grep -l "#include <$header" -- '*.cc' '*.h' | grep -vE "$pattern" || true)
    [ -z "$found" ] || { echo "<$header…> belongs in $places only, not in:" $found; bad=1; }
  done <<<"$rooms"
  found=$(git grep -n '#include "\.\./' -- '*.cc' '*.h' || true)
  [ -z "$found" ] || { echo "includes that step out of their folder: $found"; bad=1; }
  return $bad
}

# Every include inside a folder that cmake/layers.txt lists, against its layers.
lint_layers() {
  local folder files=()
  for folder in $(sed -n 's/^\([a-z].*\):$/\1/p' cmake/layers.txt); do
    mapfile -t -O ${#files[@]} files < <(git ls-files -- ":(glob)$folder/*.h" ":(glob)$folder/*.cc")
  done
  awk '
    FILENAME ~ /layers.txt$/ {
      if (/^#/ || NF == 0) next
      if (/^[a-z]/) { folder = $1; sub(/:$/, "", folder); next }
      ++lines
      for (i = 1; i <= NF; i++) level[folder "/" $i] = lines
      next
    }
    FNR == 1 {
      me = FILENAME; sub(/\.(cc|h)$/, "", me); there[me] = 1
      folder = FILENAME; sub(/\/[^\/]*$/, "", folder)
      name = folder; sub(/.*\//, "", name)
      if (!(me in level)) { print FILENAME ": in no layer of cmake/layers.txt"; bad = 1 }
    }
    /^#include "/ {
      if (index($2, "\"" name "/") != 1) next
      to = $2; gsub(/"|\.h/, "", to); sub(/.*\//, "", to); to = folder "/" to
      if ((me in level) && (to in level) && level[to] > level[me]) {
        print FILENAME ": may not include " to ".h, which is in a higher layer (cmake/layers.txt)"; bad = 1
      }
    }
    END {
      for (file in level) if (!(file in there)) { print "cmake/layers.txt: " file " is not there"; bad = 1 }
      exit bad
    }' cmake/layers.txt "${files[@]}"
}

# What the program is linked with, against the list in ARCHITECTURE.md.
lint_libraries() {
  local allowed="libtbb libuv libssl libcrypto liblua5.4-c++ libsqlite3 libsimdjson libzstd libz libre2 libcsv libhiredis libjemalloc libfmt libstdc++ libm libgcc_s libc ld-linux-x86-64"
  local bad=0 library
  for library in $(objdump -p build/release/sluice | awk '/NEEDED/ { sub(/\.so.*/, "", $2); print $2 }'); do
    case " $allowed " in *" $library "*) ;; *) echo "sluice is linked with $library, which no list names"; bad=1 ;; esac
  done
  return $bad
}

lint() { # [--tidy]: formatting, rooms, layers, libraries; with --tidy also clang-tidy, which takes long
  need "${checkers[@]}"
  [ -x build/release/sluice ] || build release sluice
  say "Linting"
  sources | xargs clang-format-19 --dry-run --Werror
  lint_rooms
  lint_layers
  lint_libraries
  if [ "${1:-}" = "--tidy" ]; then
    cmake --preset tidy >/dev/null
    # The files are joined, a folder at a time: each header is read once for all of its folder.
    local joined
    joined=$(sed -n 's/^ *"file": "\(.*\)",\?$/\1/p' build/tidy/compile_commands.json |
      grep -vE '/cmake_pch|/llhttp|/sluice_pipelines|/version.cc|/bench/micro')
    grep -v /tests/ <<<"$joined" | xargs -P2 -n1 clang-tidy-19 --quiet -p build/tidy
    # A test may copy, and hand over what is wrong on purpose.
    grep /tests/ <<<"$joined" | xargs -P2 -n1 clang-tidy-19 --quiet -p build/tidy \
      --checks='-performance-*,-bugprone-string-constructor,-bugprone-inc-dec-in-conditions,-bugprone-unused-return-value,-bugprone-suspicious-missing-comma,-bugprone-string-literal-with-embedded-nul'
  fi
  echo "lint: clean"
}
