"""Figure 1, and sweeps of learning rates and perturbations."""
