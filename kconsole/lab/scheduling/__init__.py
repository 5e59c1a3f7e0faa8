"""Where a pod may run, and where it runs best: what kube-scheduler knows. `loop` binds; everything else is pure."""
