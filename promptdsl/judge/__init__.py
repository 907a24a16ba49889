"""From a score and a map to a verdict, and what may be promised of it. Without torch."""
