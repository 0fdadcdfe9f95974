#!/usr/bin/env bash
# A run of Snakemake that ends deletes the locks of every other run in the folder, so that one job can run twice at once.
#
# Versions: snakemake 9.27.1, Python 3.11.
# Expected: "Directory cannot be locked" for as long as another run makes the same file, as without the run in between.
# Seen: each run writes files of its own into .snakemake/locks, but the one that ends first removes the whole folder. A
#   third run then begins the job that the first still does, and both write its output.
# Output:
#   while slow.txt is being made: refused, locks 1
#   after a run that made quick.txt: locks 0
#   slow.txt once more: not refused, its job has begun 2 times
set -euo pipefail

folder=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check snakemake==9.27.1
PATH=$folder/venv/bin:$PATH

cat > Snakefile <<'EOF'
rule slow:
    output: "slow.txt"
    shell: "echo begun >> begun.log; sleep 40; touch {output}"

rule quick:
    output: "quick.txt"
    shell: "touch {output}"
EOF

locks() { find .snakemake/locks -name '*.lock' 2>/dev/null | wc -l; }
made() { # Whether a run is refused, or has begun its job: it is not waited for.
    before=$(wc -l < begun.log)
    snakemake --cores 1 slow.txt > again 2>&1 &
    again=$!
    while kill -0 "$again" 2>/dev/null && [ "$(wc -l < begun.log)" = "$before" ]; do sleep 0.2; done
    if grep -q "cannot be locked" again; then echo refused; else echo "not refused"; fi
}

snakemake --cores 1 slow.txt > first 2>&1 &
until [ -s begun.log ]; do sleep 0.2; done
{
    answer=$(made)
    echo "while slow.txt is being made: $answer, locks $(locks)"
    snakemake --cores 1 quick.txt > second 2>&1
    echo "after a run that made quick.txt: locks $(locks)"
    answer=$(made)
    echo "slow.txt once more: $answer, its job has begun $(wc -l < begun.log) times"
} | tee seen
cat > wanted <<'EOF'
while slow.txt is being made: refused, locks 1
after a run that made quick.txt: locks 0
slow.txt once more: not refused, its job has begun 2 times
EOF
diff wanted seen
