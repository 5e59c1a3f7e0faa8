"""What a cluster stands on before anything runs: machines, certificates, manifests, folders, addresses."""
