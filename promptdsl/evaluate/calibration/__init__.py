"""Numbers for `auto` thresholds, the promises that they keep, and what they protect."""
