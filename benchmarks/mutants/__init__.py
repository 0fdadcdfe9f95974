"""How many small faults the tests find, by mutmut: ``./do mutants [MODULE]``; docs/reliability.md says what it means."""
