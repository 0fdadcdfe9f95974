#!/usr/bin/env bash
# pip 23.2.1 refuses a complete, consistent and hashed lock once a newer release of one of its packages is out.
#
# Versions: pip 23.2.1 (what Python 3.11.7 and 3.12.1 bundle) and 24.0; pytest-cov 7.0.0, which asks for
# coverage[toml]>=7.10.6; coverage 7.10.6, older than the newest release; Python 3.11 or 3.12 on Linux.
#
# The input is a requirements file of seven packages, every one pinned with == and hashed, each version one that the
# others accept.
#
# Expected: what `pip install --require-hashes -r` has once installed, it installs for ever: the pins decide.
# Seen with pip 23.2.1:
#   ERROR: In --require-hashes mode, all requirements must have their versions pinned with ==. These do not:
#       coverage[toml]>=7.10.6 from .../coverage-7.17.5-... (from pytest-cov==7.0.0->-r lock.txt (line 6))
# The pin `coverage==7.10.6` does not count for `coverage[toml]`: its newest release is looked at first, and that is
# not pinned. So a lock made on the day of a release works, and fails on the day of the next one. The line
# `coverage[toml]==7.10.6`, `--no-deps`, or pip 24.0 installs the same file.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
for name in python3.11 python3.12 python3; do
    if "$name" -c 'import sys; sys.exit(not (3, 8) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; then break; fi
done
"$name" -m venv old
"$name" -m venv newer
old/bin/python -m pip install --quiet --disable-pip-version-check pip==23.2.1
newer/bin/python -m pip install --quiet --disable-pip-version-check pip==24.0

cat >pins.txt <<'PINS'
coverage==7.10.6
iniconfig==2.1.0
packaging==25.0
pluggy==1.6.0
pygments==2.19.2
pytest-cov==7.0.0
pytest==8.4.2
PINS
while IFS= read -r pin; do
    mkdir one
    old/bin/python -m pip download --quiet --disable-pip-version-check --no-deps --dest one "$pin"
    printf '%s %s\n' "$pin" "$(old/bin/python -m pip hash one/* | grep -o -e '--hash=sha256:[0-9a-f]*')"
    rm -r one
done <pins.txt >lock.txt
sed 's/^coverage==/coverage[toml]==/' lock.txt >lock-with-extra.txt

install() { "$1/bin/python" -m pip install --dry-run --disable-pip-version-check --require-hashes "${@:2}" 2>&1; }

failed=0
expect() { # a name, "works" or "refused", and a command
    local text outcome=works
    text=$("${@:3}") || outcome=refused
    printf '%-34s %s\n' "$1" "$outcome"
    if [ "$outcome" != "$2" ]; then failed=1; fi
    if [ "$outcome" = refused ]; then
        grep -o 'In --require-hashes mode, all requirements must have their versions pinned with ==.*' <<<"$text" || failed=1
        grep -o '^ *coverage\[toml\]>=7.10.6' <<<"$text" || failed=1
    fi
}
expect "pip 23.2.1, coverage==" refused install old -r lock.txt
expect "pip 23.2.1, --no-deps" works install old --no-deps -r lock.txt
expect "pip 23.2.1, coverage[toml]==" works install old -r lock-with-extra.txt
expect "pip 24.0, coverage==" works install newer -r lock.txt
exit "$failed"
