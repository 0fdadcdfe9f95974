"""Speed against other packages, on the same games: ``./do bench-peers``.

``measure`` runs in the environment of the peers and writes numbers; ``report`` draws from them, in that of the project.
"""
