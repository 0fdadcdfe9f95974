"""The replication's workflow: rules, scripts, and checks of the configuration."""
