"""What happens on the nodes: kubelets, the pods they run, and the static Pods of control planes."""
