"""This working tree beside an older build, in turns: ``./do bench-against REV``.

``measure`` runs in either build and knows the calls that are timed; ``rows`` has the table's lines and targets;
``__main__`` makes both copies, lets them take turns and writes the table into ``docs/performance.md``.
"""
