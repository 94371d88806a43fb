#!/usr/bin/env bash
# Installs what ./dev package has built, as a user would, and runs a first job with it.
#   try.sh archive           unpacked into a folder
#   try.sh wheel [--frames]  into a virtual environment, with the tests of the Python module; --frames: with pandas and
#                            polars from PyPI
#   try.sh clean             the .deb, the archive and the wheel, each in a clean Debian 12 tree without a compiler, made
#                            by debootstrap; needs root
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
built=$PWD/../build/package
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT

try_archive() {
  mkdir "$work/archive"
  tar -C "$work/archive" --strip-components 1 -xf "$built"/*.tar.gz
  test -s "$work/archive/share/doc/sluice/LIBRARIES.md"
  test -s "$work/archive/share/doc/sluice/licenses/OpenSSL"
  ./first_job.sh "$work/archive/bin/sluice"
}

try_wheel() { # [--frames]
  python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --no-index "$built"/*.whl
  ./first_job.sh "$work/venv/bin/sluice"
  # The script is the program itself: no Python starts before it.
  [ "$(head -c 4 "$work/venv/bin/sluice" | tail -c 3)" = ELF ]
  local tests=ModuleTest
  if [ "${1:-}" = --frames ]; then
    "$work/venv/bin/pip" install --quiet pandas polars
    tests=FrameTest  # which has those of ModuleTest too
  fi
  SLUICE_FRAMES=${1:-} "$work/venv/bin/python" ../tests/python/module_test.py "$tests"
}

# A Debian 12 with nothing but its essential packages and apt.
try_clean() {
  local tree=$work/debian in_tree
  debootstrap --variant=minbase bookworm "$tree" >"$work/debootstrap.log" || { tail "$work/debootstrap.log"; exit 1; }
  in_tree() { chroot "$tree" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8 "$@"; }
  mkdir "$tree/packaging"
  cp first_job.sh first_job.lua "$built"/*.deb "$built"/*.tar.gz "$built"/*.whl "$tree/packaging"
  if in_tree sh -c 'command -v cc || command -v g++'; then echo "there is a compiler in $tree"; exit 1; fi

  in_tree sh -euc 'mkdir /opt/sluice && tar -C /opt/sluice --strip-components 1 -xf /packaging/*.tar.gz'
  in_tree /packaging/first_job.sh /opt/sluice/bin/sluice
  try_certificates "$tree"

  in_tree apt-get update -qq
  in_tree sh -c 'apt-get install -y -qq --no-install-recommends /packaging/*.deb' >"$work/apt.log" 2>&1 || { cat "$work/apt.log"; exit 1; }
  in_tree /packaging/first_job.sh /usr/bin/sluice
  in_tree test -s /usr/share/sluice/sluice.meta.lua

  in_tree apt-get install -y -qq --no-install-recommends python3-venv >"$work/apt.log" 2>&1 || { cat "$work/apt.log"; exit 1; }
  in_tree sh -euc 'python3 -m venv /opt/venv && /opt/venv/bin/pip install --quiet --no-index /packaging/*.whl'
  in_tree /packaging/first_job.sh /opt/venv/bin/sluice
}

# A tree that has its CA certificates where Fedora keeps them, and nothing where OpenSSL was built to look.
try_certificates() { # tree
  local keys=$1/packaging/keys
  mkdir -p "$keys" "$1/etc/pki/tls/certs"
  openssl req -x509 -newkey rsa:2048 -nodes -keyout "$keys/ca.key" -out "$1/etc/pki/tls/certs/ca-bundle.crt" -subj /CN=TestCA -days 2 2>/dev/null
  openssl req -newkey rsa:2048 -nodes -keyout "$keys/key.pem" -out "$keys/server.csr" -subj /CN=server 2>/dev/null
  printf 'subjectAltName=IP:127.0.0.1' >"$keys/extensions"
  openssl x509 -req -in "$keys/server.csr" -CA "$1/etc/pki/tls/certs/ca-bundle.crt" -CAkey "$keys/ca.key" -CAcreateserial \
    -out "$keys/chain.pem" -days 2 -extfile "$keys/extensions" 2>/dev/null
  test ! -e "$1/usr/lib/ssl"
  in_tree /packaging/first_job.sh /opt/sluice/bin/sluice --certificate /packaging/keys/chain.pem --certificate-key /packaging/keys/key.pem
  rm -r "$keys" "$1/etc/pki"
}

"try_$1" "${@:2}"
