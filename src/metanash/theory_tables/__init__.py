"""Tables that set measurements beside the theorems. Needs pandas (extra ``pipeline``)."""
