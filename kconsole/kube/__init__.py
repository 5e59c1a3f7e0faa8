"""The Kubernetes API: protocol, never policy."""
