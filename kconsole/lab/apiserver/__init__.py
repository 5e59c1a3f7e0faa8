"""A Kubernetes API that real kubectl accepts: resources described as data, generic verbs, one store."""
