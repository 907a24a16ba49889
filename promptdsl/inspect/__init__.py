"""Pictures in, records out: a run, its folder and what identifies it."""
