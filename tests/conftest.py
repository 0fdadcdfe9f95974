"""Settings of hypothesis: the same examples in every run, and nothing written beside the code."""

from hypothesis import settings

settings.register_profile("metanash", deadline=None, derandomize=True, max_examples=60, database=None)
settings.load_profile("metanash")
