#!/usr/bin/env bash
# OpenSpiel's exporter to Gambit's .efg format writes a file that Gambit refuses.
#
# Versions: open_spiel 2.0.2, pygambit 16.7.0, numpy 2.4.6, Python 3.11.
# Expected: open_spiel.python.algorithms.gambit.export_gambit ("Export game in gambit .efg format") writes a fair draw of
#   three so that Gambit reads it back.
# Seen: it prints chances with 16 decimals, 0.3333333333333333 three times, which sum to 0.9999999999999999. Gambit
#   compares decimals exactly and refuses the file; OpenSpiel's own loader, which sums floats, takes it. A fair draw of
#   two is read by both.
# Output:
#   thirds: c "" 1 "" { "a" 0.3333333333333333 "b" 0.3333333333333333 "c" 0.3333333333333333  } 0
#   thirds: OpenSpiel reads it
#   thirds: Gambit: Parse error in game file: Probabilities must sum to exactly one
#   halves: c "" 1 "" { "a" 0.5000000000000000 "b" 0.5000000000000000  } 0
#   halves: OpenSpiel reads it
#   halves: Gambit reads it
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check open_spiel==2.0.2 pygambit==16.7.0 numpy==2.4.6

cat > thirds.efg <<'EOF'
EFG 2 R "thirds" { "one" }
c "" 1 "" { "a" 1/3 "b" 1/3 "c" 1/3 } 0
t "" 1 "" { 1 }
t "" 2 "" { 2 }
t "" 3 "" { 3 }
EOF
cat > halves.efg <<'EOF'
EFG 2 R "halves" { "one" }
c "" 1 "" { "a" 1/2 "b" 1/2 } 0
t "" 1 "" { 1 }
t "" 2 "" { 2 }
EOF
cat > both.py <<'EOF'
import pyspiel
import pygambit
from open_spiel.python.algorithms.gambit import export_gambit

for name in ("thirds", "halves"):
    text = export_gambit(pyspiel.load_efg_game(open(f"{name}.efg").read()))
    open(f"{name}-exported.efg", "w").write(text)
    print(f"{name}:", next(line for line in text.splitlines() if line.startswith("c ")))
    pyspiel.load_efg_game(text)
    print(f"{name}: OpenSpiel reads it")
    try:
        pygambit.read_efg(f"{name}-exported.efg")
        print(f"{name}: Gambit reads it")
    except ValueError as error:
        print(f"{name}: Gambit:", str(error).strip())
EOF
venv/bin/python both.py 2> errors | tee seen || { cat errors; exit 1; }
cat > wanted <<'EOF'
thirds: c "" 1 "" { "a" 0.3333333333333333 "b" 0.3333333333333333 "c" 0.3333333333333333  } 0
thirds: OpenSpiel reads it
thirds: Gambit: Parse error in game file: Probabilities must sum to exactly one
halves: c "" 1 "" { "a" 0.5000000000000000 "b" 0.5000000000000000  } 0
halves: OpenSpiel reads it
halves: Gambit reads it
EOF
diff wanted seen
