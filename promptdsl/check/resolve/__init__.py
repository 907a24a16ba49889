"""From names, imports and extends to one frozen Spec."""
