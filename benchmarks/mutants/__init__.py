"""How many small faults the tests find, by mutmut: ``./do mutants [MODULE]``; see docs/reliability.md."""
