"""What kube-controller-manager does: each controller follows the API and writes to it, and knows nothing else."""
