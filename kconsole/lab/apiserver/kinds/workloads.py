"""What keeps pods: the groups apps and batch. Data only."""

from __future__ import annotations

from kconsole.lab.apiserver.resource import SCALE, STATUS, Resource, spaced

WORKLOADS = (
    Resource(
        *("apps", "v1", "ControllerRevision", "controllerrevisions"),
        namespaced=True,
        prefix="/registry/controllerrevisions/",
        selectable=spaced(),
    ),
    Resource(
        *("apps", "v1", "DaemonSet", "daemonsets"),
        namespaced=True,
        prefix="/registry/daemonsets/",
        short_names=("ds",),
        categories=("all",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable=spaced(),
    ),
    Resource(
        *("apps", "v1", "Deployment", "deployments"),
        namespaced=True,
        prefix="/registry/deployments/",
        short_names=("deploy",),
        categories=("all",),
        counts_generations=True,
        subresources=(SCALE, STATUS),
        selectable=spaced(),
    ),
    Resource(
        *("apps", "v1", "ReplicaSet", "replicasets"),
        namespaced=True,
        prefix="/registry/replicasets/",
        short_names=("rs",),
        categories=("all",),
        counts_generations=True,
        subresources=(SCALE, STATUS),
        selectable={**spaced(), "status.replicas": ("status.replicas", "0")},
    ),
    Resource(
        *("apps", "v1", "StatefulSet", "statefulsets"),
        namespaced=True,
        prefix="/registry/statefulsets/",
        short_names=("sts",),
        categories=("all",),
        counts_generations=True,
        subresources=(SCALE, STATUS),
        selectable=spaced(),
    ),
    Resource(
        *("batch", "v1", "CronJob", "cronjobs"),
        namespaced=True,
        prefix="/registry/cronjobs/",
        short_names=("cj",),
        categories=("all",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable=spaced(),
    ),
    Resource(
        *("batch", "v1", "Job", "jobs"),
        namespaced=True,
        prefix="/registry/jobs/",
        categories=("all",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable={**spaced(), "status.successful": ("status.succeeded", "0")},
    ),
)
