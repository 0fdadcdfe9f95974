"""The map of claims: all of them in one figure, drawn of the ledger."""
