"""What the rules need to know before anything runs: sources of jobs, and whether the plans agree with what is there."""
