"""Figure 1 under other readings of what the paper leaves open: games, rates, and what meta-updates average."""
