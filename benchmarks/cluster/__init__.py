"""A Slurm cluster on one machine, the small run through it with faults, and faults by the hundred without one."""
