"""The kinds that clients write in protobuf when they create them, by the field numbers of the API's types. Data.

A field is (name, type); what is not named is skipped. `resources`, `volumes` and the like are named only as far as the
commands that make objects from flags fill them in.
"""

from __future__ import annotations

from kconsole.lab.apiserver.protobuf_wire import (
    BOOL,
    BYTES_MAP,
    FLAG,
    INT,
    INT_OR_STRING,
    POSITIVE,
    QUANTITY_MAP,
    STRING,
    STRING_MAP,
    STRINGS,
    Message,
    Type,
    of,
)

_OWNER: Message = {
    1: ("kind", STRING),
    3: ("name", STRING),
    4: ("uid", STRING),
    5: ("apiVersion", STRING),
    6: ("controller", BOOL),
    7: ("blockOwnerDeletion", BOOL),
}
_METADATA: Message = {
    1: ("name", STRING),
    2: ("generateName", STRING),
    3: ("namespace", STRING),
    5: ("uid", STRING),
    6: ("resourceVersion", STRING),
    11: ("labels", STRING_MAP),
    12: ("annotations", STRING_MAP),
    13: ("ownerReferences", of(_OWNER, "list")),
    14: ("finalizers", STRINGS),
}
META: tuple[str, Type] = ("metadata", of(_METADATA))

_EXPRESSION: Message = {1: ("key", STRING), 2: ("operator", STRING), 3: ("values", STRINGS)}
_SELECTOR: Message = {1: ("matchLabels", STRING_MAP), 2: ("matchExpressions", of(_EXPRESSION, "list"))}
_PORT: Message = {
    1: ("name", STRING),
    2: ("hostPort", POSITIVE),
    3: ("containerPort", INT),
    4: ("protocol", STRING),
    5: ("hostIP", STRING),
}
_RESOURCES: Message = {1: ("limits", QUANTITY_MAP), 2: ("requests", QUANTITY_MAP)}
_CONTAINER: Message = {
    1: ("name", STRING),
    2: ("image", STRING),
    3: ("command", STRINGS),
    4: ("args", STRINGS),
    5: ("workingDir", STRING),
    6: ("ports", of(_PORT, "list")),
    7: ("env", of({1: ("name", STRING), 2: ("value", STRING)}, "list")),
    8: ("resources", of(_RESOURCES)),
    13: ("terminationMessagePath", STRING),
    14: ("imagePullPolicy", STRING),
    16: ("stdin", FLAG),
    18: ("tty", FLAG),
    20: ("terminationMessagePolicy", STRING),
}
_TOLERATION: Message = {
    1: ("key", STRING),
    2: ("operator", STRING),
    3: ("value", STRING),
    4: ("effect", STRING),
    5: ("tolerationSeconds", INT),
}
_POD_SPEC: Message = {
    2: ("containers", of(_CONTAINER, "list")),
    3: ("restartPolicy", STRING),
    4: ("terminationGracePeriodSeconds", INT),
    5: ("activeDeadlineSeconds", INT),
    6: ("dnsPolicy", STRING),
    7: ("nodeSelector", STRING_MAP),
    8: ("serviceAccountName", STRING),
    10: ("nodeName", STRING),
    11: ("hostNetwork", FLAG),
    19: ("schedulerName", STRING),
    20: ("initContainers", of(_CONTAINER, "list")),
    22: ("tolerations", of(_TOLERATION, "list")),
    24: ("priorityClassName", STRING),
}
_TEMPLATE: Message = {1: META, 2: ("spec", of(_POD_SPEC))}
_DEPLOYMENT: Message = {
    1: ("replicas", INT),
    2: ("selector", of(_SELECTOR)),
    3: ("template", of(_TEMPLATE)),
    4: ("strategy", of({1: ("type", STRING)})),
    5: ("minReadySeconds", POSITIVE),
    6: ("revisionHistoryLimit", INT),
    7: ("paused", FLAG),
    9: ("progressDeadlineSeconds", INT),
}
_JOB: Message = {
    1: ("parallelism", INT),
    2: ("completions", INT),
    3: ("activeDeadlineSeconds", INT),
    4: ("selector", of(_SELECTOR)),
    5: ("manualSelector", BOOL),
    6: ("template", of(_TEMPLATE)),
    7: ("backoffLimit", INT),
    8: ("ttlSecondsAfterFinished", INT),
    9: ("completionMode", STRING),
    10: ("suspend", BOOL),
}
_CRON_JOB: Message = {
    1: ("schedule", STRING),
    2: ("startingDeadlineSeconds", INT),
    3: ("concurrencyPolicy", STRING),
    4: ("suspend", BOOL),
    5: ("jobTemplate", of({1: META, 2: ("spec", of(_JOB))})),
    6: ("successfulJobsHistoryLimit", INT),
    7: ("failedJobsHistoryLimit", INT),
    8: ("timeZone", STRING),
}
_BUDGET: Message = {
    1: ("minAvailable", INT_OR_STRING),
    2: ("selector", of(_SELECTOR)),
    3: ("maxUnavailable", INT_OR_STRING),
    4: ("unhealthyPodEvictionPolicy", STRING),
}
_SERVICE_PORT: Message = {
    1: ("name", STRING),
    2: ("protocol", STRING),
    3: ("port", INT),
    4: ("targetPort", INT_OR_STRING),
    5: ("nodePort", POSITIVE),
    6: ("appProtocol", STRING),
}
_SERVICE: Message = {
    1: ("ports", of(_SERVICE_PORT, "list")),
    2: ("selector", STRING_MAP),
    3: ("clusterIP", STRING),
    4: ("type", STRING),
    5: ("externalIPs", STRINGS),
    7: ("sessionAffinity", STRING),
    10: ("externalName", STRING),
    11: ("externalTrafficPolicy", STRING),
}
CREATED: dict[str, Message] = {
    "Namespace": {1: META, 2: ("spec", of({1: ("finalizers", STRINGS)}))},
    "ConfigMap": {1: META, 2: ("data", STRING_MAP), 3: ("binaryData", BYTES_MAP), 4: ("immutable", BOOL)},
    "Secret": {
        1: META,
        2: ("data", BYTES_MAP),
        3: ("type", STRING),
        4: ("stringData", STRING_MAP),
        5: ("immutable", BOOL),
    },
    "ServiceAccount": {1: META},
    "Deployment": {1: META, 2: ("spec", of(_DEPLOYMENT))},
    "Job": {1: META, 2: ("spec", of(_JOB))},
    "CronJob": {1: META, 2: ("spec", of(_CRON_JOB))},
    "PodDisruptionBudget": {1: META, 2: ("spec", of(_BUDGET))},
    "Service": {1: META, 2: ("spec", of(_SERVICE))},
    "PriorityClass": {
        1: META,
        2: ("value", INT),
        3: ("globalDefault", FLAG),
        4: ("description", STRING),
        5: ("preemptionPolicy", STRING),
    },
}
