#!/usr/bin/env python3
"""Makes the Python wheel: wheel.py TREE VERSION OUT, with TREE as `cmake --install` of the portable program.

The wheel has the program itself as a script (no Python starts before it), what else the tree has under share/ but
for the documents, and the module python/sluice. Standard library only; the same input gives the same bytes.
"""
import base64
import hashlib
import pathlib
import platform
import sys
import zipfile

from libraries import licences, wanted_glibc

ROOT = pathlib.Path(__file__).resolve().parent.parent

METADATA = """\
Metadata-Version: 2.4
Name: sluice
Version: {version}
Summary: Runs a language model over millions of rows
License-Expression: {licence}
{license_files}Requires-Python: >=3.8
Provides-Extra: pandas
Requires-Dist: pandas; extra == "pandas"
Provides-Extra: polars
Requires-Dist: polars; extra == "polars"
Description-Content-Type: text/markdown

{readme}"""

WHEEL = """\
Wheel-Version: 1.0
Generator: sluice
Root-Is-Purelib: false
Tag: {tag}
"""


def contents(tree, info, data):
    """(path in the wheel, bytes, mode) of all but METADATA, WHEEL and RECORD."""
    yield f"{data}/scripts/sluice", (tree / "bin/sluice").read_bytes(), 0o755
    documents = tree / "share/doc/sluice"
    for path in sorted(p for p in (tree / "share").rglob("*") if p.is_file()):
        if tree / "share/doc" not in path.parents:
            yield f"{data}/data/{path.relative_to(tree)}", path.read_bytes(), 0o644
    for path in sorted((ROOT / "python/sluice").iterdir()):
        if path.suffix == ".py":
            yield f"sluice/{path.name}", path.read_bytes(), 0o644
    for path in [documents / "LICENSE", documents / "LIBRARIES.md", *sorted((documents / "licenses").iterdir())]:
        yield f"{info}/licenses/{path.relative_to(documents)}", path.read_bytes(), 0o644


def main(tree, version, out):
    tree = pathlib.Path(tree)
    tag = "py3-none-manylinux_%d_%d_%s" % (*wanted_glibc(tree / "bin/sluice"), platform.machine())
    info, data = f"sluice-{version}.dist-info", f"sluice-{version}.data"
    files = list(contents(tree, info, data))
    texts = [path.partition("/licenses/")[2] for path, _, _ in files if path.startswith(info)]
    metadata = METADATA.format(version=version, licence=" AND ".join(sorted({"Apache-2.0"}.union(licences()))),
                               license_files="".join(f"License-File: {name}\n" for name in texts),
                               readme=(ROOT / "python/README.md").read_text())
    files.append((f"{info}/METADATA", metadata.encode(), 0o644))
    files.append((f"{info}/WHEEL", WHEEL.format(tag=tag).encode(), 0o644))
    record = "".join("%s,sha256=%s,%d\n" % (path, digest(content), len(content)) for path, content, _ in files)
    files.append((f"{info}/RECORD", f"{record}{info}/RECORD,,\n".encode(), 0o644))

    wheel = pathlib.Path(out) / f"sluice-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path, content, mode in files:
            entry = zipfile.ZipInfo(path, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100000 | mode) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    print(wheel)


def digest(content):
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
