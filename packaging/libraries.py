#!/usr/bin/env python3
"""Says what is inside the portable program: libraries.py BUILD PROGRAM FOLDER

Writes FOLDER/LIBRARIES.md, the table of libraries.txt with the versions of this machine's Debian packages, and
FOLDER/licenses/NAME, the text that each of these packages ships. Fails where BUILD links an archive of
another package, and where the program wants more of its machine than glibc (GLIBC_LIMIT or older) and libgcc_s.
"""
import pathlib
import re
import shutil
import subprocess
import sys

GLIBC_LIMIT = (2, 34)  # August 2021: RHEL 9, Ubuntu 22.04, Debian 12, Fedora 35, Amazon Linux 2023
SYSTEM = {"libc.so.6", "libm.so.6", "libgcc_s.so.1"}


def libraries():
    """(name, Debian package, licence) of each library inside."""
    for line in (pathlib.Path(__file__).parent / "libraries.txt").read_text().splitlines():
        if not line.startswith("#"):
            yield line.split(None, 2)


def licences():
    return [licence for _, _, licence in libraries()]


def output(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def wanted_glibc(program):
    """The newest glibc of which the program wants a symbol, as (2, 34)."""
    wanted = re.findall(r"\(GLIBC_(\d+)\.(\d+)[.\d]*\)\s+(\S+)", output("objdump", "-T", program))
    newest = max((int(major), int(minor)) for major, minor, _ in wanted)
    if newest > GLIBC_LIMIT:
        names = [name for major, minor, name in wanted if (int(major), int(minor)) > GLIBC_LIMIT]
        sys.exit(f"{program} wants glibc {newest[0]}.{newest[1]}, for {', '.join(names)}: "
                 "avoid these, or raise GLIBC_LIMIT in packaging/libraries.py and docs/install.md")
    return newest


def check_shared(program):
    for library in re.findall(r"NEEDED\s+(\S+)", output("objdump", "-p", program)):
        if library not in SYSTEM and not library.startswith("ld-linux"):
            sys.exit(f"{program} wants the shared library {library}: link its archive (cmake/Portable.cmake)")


def from_npm(package):
    """(version, licence's text) of a package that ./dev has fetched from npm into build/."""
    folder = pathlib.Path(__file__).resolve().parent.parent / "build" / package.partition(":")[2]
    return (folder / "version").read_text().strip(), folder / "LICENSE"


def check_archives(build):
    """Against libraries.txt. (What glibc has for -lpthread and its like is empty.)"""
    known = {package for _, package, _ in libraries()} | {"libc6-dev"}
    link = output("ninja", "-C", build, "-t", "commands", "sluice").splitlines()[-1]
    for archive in sorted(set(re.findall(r"/usr/lib/\S+\.a\b", link))):
        package = output("dpkg", "-S", archive).partition(":")[0]
        if package not in known:
            sys.exit(f"{archive} of {package} is linked in: add it to packaging/libraries.txt and docs/install.md")


def main(build, program, folder):
    check_archives(build)
    check_shared(program)
    glibc = "%d.%d" % wanted_glibc(program)
    folder = pathlib.Path(folder)
    texts = folder / "licenses"
    texts.mkdir(parents=True, exist_ok=True)
    lines = [
        "# What is inside",
        "",
        f"This program needs glibc {glibc} or newer and libgcc_s of its machine, and no other library. These are linked into it,",
        "from the packages named, of Debian or npm; `licenses/` has their licences as these ship them. sluice itself is under",
        "Apache-2.0 (`LICENSE`).",
        "",
        "| library | package | licence |",
        "|---|---|---|",
    ]
    for name, package, licence in libraries():
        if package.startswith("npm:"):
            version, text = from_npm(package)
        else:
            version = output("dpkg-query", "-W", "-f", "${Version}", package)
            text = f"/usr/share/doc/{package}/copyright"
        lines.append(f"| {name} | {package} {version} | {licence} |")
        shutil.copyfile(text, texts / name)
    for licence in ("Apache-2.0", "GPL-3"):  # which these texts refer to
        shutil.copyfile(f"/usr/share/common-licenses/{licence}", texts / licence)
    (folder / "LIBRARIES.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
