# What ./dev fetches beside Debian's packages, each into a folder of build/, checked, and there as a whole or not at all. For ./dev,
# whose say and need it uses.

# Debian's sources of the libraries that it has no archive of, for the portable program: into build/sources,
# from the machine's own mirrors, checked by apt as packages are.
portable_sources() {
  local folder=build/sources state=build/sources/apt
  [ ! -e "$folder/complete" ] || return 0
  need dpkg-dev
  say "Fetching the sources of oneTBB, simdjson and fmt"
  rm -rf "$folder"
  mkdir -p "$state/lists/partial" "$state/cache/archives/partial" "$state/sources"
  cp /etc/apt/sources.list.d/debian.sources "$state/sources/" 2>/dev/null ||
    grep -h '^deb .*debian' /etc/apt/sources.list >"$state/sources/debian.list"
  sed -i 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$state"/sources/*
  local apt=(apt-get -qq -o "Dir::Etc::SourceList=/dev/null" -o "Dir::Etc::SourceParts=$PWD/$state/sources"
    -o "Dir::State::Lists=$PWD/$state/lists" -o "Dir::Cache=$PWD/$state/cache" -o APT::Sandbox::User=root)
  "${apt[@]}" update
  (cd "$folder" && "${apt[@]}" source onetbb simdjson fmtlib >/dev/null)
  touch "$folder/complete"
}

# Files of an npm package into a folder of build/, which is there as a whole or not at all.
from_npm() { # what it is, folder, package, version, its archive's name, SHA-512, then tar's arguments
  local what=$1 to=$2 package=$3 version=$4 archive=$5 sum=$6
  shift 6
  [ "$(cat "$to/version" 2>/dev/null)" != "$version" ] || return 0
  command -v npm >/dev/null || need npm
  say "Fetching $what"
  rm -rf "$to"
  mkdir -p "$to"
  (
    cd "$to"
    npm pack --silent "$package@$version" >/dev/null &&
      echo "$sum  $archive" | sha512sum --check --quiet &&
      tar -xzf "$archive" "$@" && rm "$archive" && echo "$version" >version
  ) || { rm -rf "$to"; return 1; }
}

# DuckDB's library, for what reads and writes Parquet (docs/data.md): build/duckdb/libduckdb.so, from npm's package of it.
duckdb() {
  local version=1.5.5-r.5 machine sum
  case "$(uname -m)" in
    x86_64) machine=x64 sum=902caae815e19fa4177f017cc957552ab8924873feadf556709e7a706f2a67394e669c72bd3e561a6ea332c871838762b4b94eb07b0837f0f8ed162b7235ee1d ;;
    aarch64) machine=arm64 sum=09a7c7d8022f5eda700f29c6dca07fe2e10e1d11a516807b6ae091308c07dc128d2286ec00d5792d2a43277b5fc9108522c2ba7bc013d5eb1e5959eed83bf773 ;;
    *) echo "DuckDB has no library for this machine"; return 1 ;;
  esac
  from_npm "DuckDB's library" build/duckdb "@duckdb/node-bindings-linux-$machine" $version \
    "duckdb-node-bindings-linux-$machine-$version.tgz" $sum --strip-components=1 package/LICENSE package/libduckdb.so
}

# uPlot, which draws the charts of pages (web/CMakeLists.txt): build/uplot.
uplot() {
  from_npm uPlot build/uplot uplot 1.6.32 uplot-1.6.32.tgz \
    2883159c6ebccefbb95d751b0b82d010f9e1c0ec41b8bc96d401eda66e882935c89a46cb824332fa369b8cb8122cc6ac36e186cd09bf7a9ded3a4c93c6989023 \
    --transform='s,.*/,,' package/LICENSE package/dist/uPlot.iife.min.js package/dist/uPlot.min.css
}

# axe, which looks at pages for what people need that cannot see them (tests/screens/dashboard.py): build/axe.
axe() {
  from_npm axe build/axe axe-core 4.14.1 axe-core-4.14.1.tgz \
    1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5 \
    --strip-components=1 package/LICENSE package/axe.min.js
}
