"""The core group: nodes, pods, namespaces, and what pods are configured with and reached by. Data only."""

from __future__ import annotations

from kconsole.lab.apiserver.resource import ALL_VERBS, NAMED, SCALE, STATUS, Resource, Subresource, spaced

_POD_FIELDS = (
    *("spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName"),
    *("status.phase", "status.podIP", "status.nominatedNodeName"),
)
_EVENT_FIELDS = (
    *(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid", "apiVersion", "resourceVersion")),
    *("involvedObject.fieldPath", "reason", "reportingComponent", "type"),
)
_STREAMS = ("create", "get")

CORE = (
    Resource(
        *("", "v1", "Node", "nodes"),
        namespaced=False,
        prefix="/registry/minions/",
        short_names=("no",),
        subresources=(STATUS,),
        selectable={**NAMED, "spec.unschedulable": ("spec.unschedulable", "false")},
    ),
    Resource(
        *("", "v1", "Pod", "pods"),
        namespaced=True,
        prefix="/registry/pods/",
        short_names=("po",),
        categories=("all",),
        subresources=(
            Subresource("attach", _STREAMS, "PodAttachOptions"),
            Subresource("binding", ("create",), "Binding"),
            Subresource("eviction", ("create",), "Eviction", "policy", "v1"),
            Subresource("exec", _STREAMS, "PodExecOptions"),
            Subresource("log", ("get",)),
            Subresource("portforward", _STREAMS, "PodPortForwardOptions"),
            STATUS,
        ),
        selectable={**spaced(*_POD_FIELDS), "spec.hostNetwork": ("spec.hostNetwork", "false")},
        indexed="spec.nodeName",
        returns_deleted=True,
    ),
    Resource(
        *("", "v1", "Namespace", "namespaces"),
        namespaced=False,
        prefix="/registry/namespaces/",
        short_names=("ns",),
        verbs=tuple(verb for verb in ALL_VERBS if verb != "deletecollection"),
        subresources=(STATUS, Subresource("finalize", ("update",))),
        selectable={**NAMED, "status.phase": ("status.phase", "")},
    ),
    Resource(
        *("", "v1", "Event", "events"),
        namespaced=True,
        prefix="/registry/events/",
        short_names=("ev",),
        selectable={**spaced(*_EVENT_FIELDS), "source": ("source.component", "")},
    ),
    Resource(
        *("", "v1", "ConfigMap", "configmaps"),
        namespaced=True,
        prefix="/registry/configmaps/",
        short_names=("cm",),
        selectable=spaced(),
    ),
    Resource(
        *("", "v1", "Secret", "secrets"),
        namespaced=True,
        prefix="/registry/secrets/",
        selectable={**spaced(), "type": ("type", "Opaque")},
    ),
    Resource(
        *("", "v1", "Service", "services"),
        namespaced=True,
        prefix="/registry/services/specs/",
        short_names=("svc",),
        categories=("all",),
        subresources=(STATUS,),
        selectable=spaced("spec.clusterIP", "spec.type"),
        returns_deleted=True,
    ),
    Resource(
        *("", "v1", "Endpoints", "endpoints"),
        namespaced=True,
        prefix="/registry/services/endpoints/",
        short_names=("ep",),
        selectable=spaced(),
    ),
    Resource(
        *("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices"),
        namespaced=True,
        prefix="/registry/endpointslices/",
        selectable=spaced(),
        counts_generations=True,
    ),
    Resource(
        *("", "v1", "ServiceAccount", "serviceaccounts"),
        namespaced=True,
        prefix="/registry/serviceaccounts/",
        short_names=("sa",),
        selectable=spaced(),
        returns_deleted=True,
    ),
    Resource(
        *("", "v1", "PersistentVolume", "persistentvolumes"),
        namespaced=False,
        prefix="/registry/persistentvolumes/",
        short_names=("pv",),
        subresources=(STATUS,),
        selectable={**NAMED, "name": ("metadata.name", "")},
        returns_deleted=True,
    ),
    Resource(
        *("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
        namespaced=True,
        prefix="/registry/persistentvolumeclaims/",
        short_names=("pvc",),
        subresources=(STATUS,),
        selectable={**spaced(), "name": ("metadata.name", "")},
        returns_deleted=True,
    ),
    Resource(
        *("", "v1", "ReplicationController", "replicationcontrollers"),
        namespaced=True,
        prefix="/registry/controllers/",
        short_names=("rc",),
        categories=("all",),
        counts_generations=True,
        subresources=(SCALE, STATUS),
        selectable={**spaced(), "status.replicas": ("status.replicas", "0")},
    ),
)
