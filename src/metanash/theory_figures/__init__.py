"""Figures that set measurements beside the theorems. Needs Matplotlib and seaborn (extra ``pipeline``)."""
