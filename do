#!/bin/sh
# Every command of this repository. Needs Python 3.11 or later and, for speed, a C compiler.
set -eu

usage() {
    cat <<'TEXT'
usage: ./do COMMAND [ARGUMENTS]

  reproduce [snakemake arguments]  everything: learn, compare with the theorems, draw, report
  smoke [snakemake arguments]      the same pipeline with small numbers (config/smoke.yaml)
  test [pytest arguments]          the tests
  lint                             format, types, layers of imports, form of the workflow
  bench [arguments]                speed of the kernels
  bench-instructions [--renew]     their instructions, counted by valgrind, beside committed budgets
  bench-scaling [arguments]        time and memory against size, and the roofline
  overhead [arguments]             where the time of the last finished run went
  bench-peers [arguments]          speed against other packages, in an environment of their own
                                   (.venv-peers, about 1 GB); writes benchmarks/results
  mutants [MODULE] [arguments]     small faults planted in a module, and the share that its tests find
                                   (mutmut, in .mutants); without MODULE: what there is to run
  setup                            only the environment that the commands above use
  lock [uv arguments]              requirements.lock after a change in pyproject.toml (needs uv;
                                   --upgrade renews every pin)

The first command makes an environment in .venv (about 1 GB; one to two minutes with pip, less
where uv is installed). Later ones start at once and renew only what has changed. Paths among the
arguments are relative to the repository.
TEXT
}

say() { printf 'do: %s\n' "$*" >&2; }
fail() { say "error: $*"; exit 1; }

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
cd "$here"

# Without bytecode every process compiles its imports anew; a foreign PYTHONPATH shadows what the lock pins.
unset PYTHONDONTWRITEBYTECODE PYTHONPATH PYTHONHOME

kernels=src/metanash/kernels
peers=benchmarks/peers-requirements.txt
environment_stamp=.venv/metanash-environment
project_stamp=.venv/metanash-project

# --- The environment: .venv holds exactly requirements.lock, and the project as an editable install ---

have_uv() { uv --version >/dev/null 2>&1; }

find_python() { # Sets $python. A name may be on PATH and not run (a version manager's stub).
    unfit=
    for name in python3.11 python3.12 python3.13 python3.14 python3; do
        version=$("$name" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
        case $version in
            3.? | 3.?.* | 3.10.* | [012].*) unfit="$unfit; $name is $version"; continue ;;
        esac
        if ! have_uv && ! "$name" -c 'import ensurepip, venv' 2>/dev/null; then
            unfit="$unfit; $name ($version) lacks venv or ensurepip (Debian and Ubuntu: install python3-venv)"
            continue
        fi
        # Not the python of an activated .venv, which may be about to go.
        python=$("$name" -c 'import sys; print(getattr(sys, "_base_executable", "") or sys.executable)')
        return
    done
    fail "no usable Python: 3.11 or later is needed, with venv${unfit:-; no python3 was found on PATH}"
}

venv=.venv
install() { # A venv made by uv has no pip.
    if [ -x "$venv/bin/pip" ]; then
        "$venv/bin/python" -m pip install -qq --disable-pip-version-check "$@"
    else
        UV_COMPILE_BYTECODE=1 uv pip install --quiet --python "$venv/bin/python" "$@"
    fi
}

make_environment() { # setuptools first, so that a package without a wheel is built with the pinned one.
    rm -rf .venv &&
        "$@" .venv &&
        awk '/^setuptools==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements.lock >.venv/setuptools.lock &&
        install --require-hashes --no-deps -r .venv/setuptools.lock &&
        install --require-hashes --no-deps --no-build-isolation -r requirements.lock
}

renew_environment() {
    find_python
    made=
    if have_uv; then
        say "installing requirements.lock into .venv with uv and $python: less than a minute"
        if make_environment uv venv --quiet --python "$python"; then made=yes; else say "uv failed: starting over with pip"; fi
    fi
    if [ -z "$made" ]; then
        say "installing requirements.lock into .venv with pip and $python: one to two minutes"
        make_environment "$python" -m venv || fail "the packages could not be installed (see above)"
    fi
    printf '%s\n' "$environment_sum" >"$environment_stamp" # last: an interrupted set-up leaves none
}

is_built() {
    for extension in "$kernels"/compiled*.so; do
        [ -e "$extension" ] && return
    done
    return 1
}

install_project() {
    say "installing metanash, with its C kernels: some seconds"
    rm -f "$project_stamp" "$kernels"/compiled*.so
    [ -x .venv/bin/pip ] || have_uv || renew_environment
    if [ -x .venv/bin/pip ]; then reinstall=; else reinstall=--reinstall-package=metanash; fi
    install --no-deps --no-build-isolation $reinstall --editable . || fail "metanash itself could not be installed (see above)"
    # An installer hides what the compiler says, and a missing compiler.
    is_built || .venv/bin/python setup.py --quiet build_ext --inplace || true
    if is_built; then kernels_state=built; else kernels_state=missing; fi
    [ "$kernels_state" = built ] || say "no compiled kernels: everything works, but slowly. Once that is mended: ./do setup"
    printf '%s\n' "$project_sum" "$kernels_state" >"$project_stamp"
}

setup() {
    environment_sum="$here $(cksum requirements.lock)"
    if [ ! -x .venv/bin/python ] || [ "$(cat "$environment_stamp" 2>/dev/null)" != "$environment_sum" ]; then
        renew_environment
    fi
    project_sum=$(cksum pyproject.toml setup.py "$kernels"/*.[ch])
    case $(cat "$project_stamp" 2>/dev/null) in
        "$project_sum
built") is_built || install_project ;;
        "$project_sum
missing") [ "$command" != setup ] || install_project ;;
        *) install_project ;;
    esac
    PATH=$here/.venv/bin:$PATH
    export PATH VIRTUAL_ENV="$here/.venv"
}

# --- The environment of the peers: what cannot be installed is left out, and named ---

setup_peers() (
    venv=.venv-peers
    sum=$(cksum "$peers")
    [ "$(cat "$venv/metanash-peers" 2>/dev/null)" != "$sum" ] || return 0
    find_python
    say "installing $peers into $venv: one to some minutes"
    rm -rf "$venv"
    if have_uv; then uv venv --quiet --python "$python" "$venv"; else "$python" -m venv "$venv"; fi
    install --no-deps -r "$peers" || grep '^[a-z]' "$peers" | while IFS= read -r pin; do
        install --no-deps "$pin" </dev/null || say "$pin could not be installed: the comparison goes without it"
    done
    printf '%s\n' "$sum" >"$venv/metanash-peers"
)

compare_with_peers() { # One thread each. LiteEFG keeps games in the home folder: it gets one of its own.
    home=$(mktemp -d)
    trap 'rm -rf "$home"' EXIT
    trap 'exit 130' INT TERM
    HOME=$home PYTHONPATH=src OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1 \
        JAX_PLATFORMS=cpu JAX_ENABLE_X64=1 \
        XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" \
        .venv-peers/bin/python -m benchmarks.peers.measure "$@"
    python -m benchmarks.peers.report "$@"
}

# --- The commands ---

cores() { # All, but 8 at most: more jobs than that wait for each other.
    count=$(nproc 2>/dev/null || getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
    if [ "$count" -gt 8 ]; then echo 8; else echo "$count"; fi
}

run_snakemake() { # Snakemake starts scripts by the unquoted path of its Python: a path without blanks is needed.
    case $here in
        *[[:space:]]*)
            link=$(mktemp -d)
            trap 'rm -rf "$link"' EXIT
            trap 'exit 130' INT TERM
            ln -s "$here/.venv" "$link/venv"
            "$link/venv/bin/python" -m snakemake "$@"
            ;;
        *) exec snakemake "$@" ;;
    esac
}

check() {
    say "$*"
    "$@" || failed="$failed
  $*"
}

command=${1:-help}
[ $# -eq 0 ] || shift
case $command in
    reproduce)
        setup
        run_snakemake --cores "$(cores)" "$@"
        ;;
    smoke)
        setup
        run_snakemake --configfile config/smoke.yaml --cores 2 "$@"
        ;;
    test)
        setup
        exec python -m pytest "$@"
        ;;
    bench)
        setup
        exec python -m benchmarks.kernels "$@"
        ;;
    bench-scaling)
        setup
        exec python -m benchmarks.scaling "$@"
        ;;
    overhead)
        setup
        exec python -m benchmarks.overhead "$@"
        ;;
    bench-instructions)
        setup
        exec python -m benchmarks.instructions "$@"
        ;;
    bench-peers)
        setup
        setup_peers
        compare_with_peers "$@"
        ;;
    mutants)
        setup
        exec python -m benchmarks.mutants "$@"
        ;;
    lint)
        setup
        failed=
        check ruff check .
        check ruff format --check .
        check mypy
        check lint-imports
        check snakefmt --check Snakefile workflow
        check snakemake --lint
        [ -z "$failed" ] || fail "these found something:$failed"
        ;;
    setup)
        setup
        say "ready: $(.venv/bin/python --version) in .venv"
        ;;
    lock)
        have_uv || fail "uv is needed to resolve the lock (pip install uv)"
        exec uv pip compile --quiet --universal --fork-strategy fewest --python-version 3.11 \
            --extra games --extra pipeline --extra dev --generate-hashes --no-emit-index-url --no-annotate --no-header \
            --output-file requirements.lock "$@" pyproject.toml
        ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        fail "no such command: $command"
        ;;
esac
