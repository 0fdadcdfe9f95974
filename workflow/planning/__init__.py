"""What the rules need to know before anything runs: sources of jobs, plans of topics, files of jobs."""
