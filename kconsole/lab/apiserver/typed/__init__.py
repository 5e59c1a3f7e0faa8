"""The fields of the built-in kinds and their types, as data, with what is read from them."""
