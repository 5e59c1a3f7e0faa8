"""Facts for plans, gathered in parallel, reading only."""
