"""What a cluster is born with: nodes, workloads and their owners, as data and as objects."""
