"""What we would do: frozen, serialisable plans, computed from facts and shown before anything acts. Pure."""
