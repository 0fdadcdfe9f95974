"""Files and arguments that nobody has thought of: a coverage-guided fuzzer; what it finds is replayed by tests."""
