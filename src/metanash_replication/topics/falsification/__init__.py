"""The search for counterexamples, as tables, figures and a section."""
