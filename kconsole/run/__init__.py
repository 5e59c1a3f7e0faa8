"""Carrying plans out: the only place that changes anything, and it changes only what a plan says."""
