"""The rows: every resource that the server has from the start, by what it is about. Data only."""
