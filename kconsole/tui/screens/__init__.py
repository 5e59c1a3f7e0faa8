"""The whole-terminal views, one a file."""
