"""The replication of Mao et al. (2023), built on the library :mod:`metanash`.

A folder of :mod:`~metanash_replication.topics` for each part of the paper; everything else here serves them all:
experiments to run records, rows of the table of bounds, rates, plotting, the ledger of claims, the report, the search
for counterexamples. Most of it needs the packages of the extra ``pipeline``.
"""
