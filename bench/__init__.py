"""What the speed claims of the README are measured with: `make bench`, or `python -m bench NAME …` for some of it."""
