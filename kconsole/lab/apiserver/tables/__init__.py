"""Tables as the server prints them for kubectl: columns and cells of each resource, in files of their own."""
