"""What a screen shows, as lines: state in, pieces of text with a tone out. Pure; widgets draw them."""
