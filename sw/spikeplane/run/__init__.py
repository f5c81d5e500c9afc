"""Running programs: boards by name, batches of samples, lockstep with the golden model, the page of a run."""
