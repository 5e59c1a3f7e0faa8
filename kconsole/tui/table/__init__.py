"""What the node table says and in which order: columns, widths, orders, filters. Pure; a widget draws it."""
