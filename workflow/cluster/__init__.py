"""Runs on a cluster: what they take, told before they start, and Slurm, of which some part is always away."""
