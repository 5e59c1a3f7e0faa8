"""What rules over pods and extends the API: budgets, priorities, storage, leases, webhooks, new kinds, reviews.

Data only.
"""

from __future__ import annotations

from kconsole.lab.apiserver.resource import NAMED, STATUS, Resource, spaced

CLUSTER = (
    Resource(
        *("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations"),
        namespaced=False,
        prefix="/registry/validatingwebhookconfigurations/",
        categories=("api-extensions",),
        counts_generations=True,
        selectable=NAMED,
    ),
    Resource(
        *("apiextensions.k8s.io", "v1", "CustomResourceDefinition", "customresourcedefinitions"),
        namespaced=False,
        prefix="/registry/apiextensions.k8s.io/customresourcedefinitions/",
        short_names=("crd", "crds"),
        categories=("api-extensions",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable=NAMED,
    ),
    Resource(
        *("coordination.k8s.io", "v1", "Lease", "leases"),
        namespaced=True,
        prefix="/registry/leases/",
        selectable=spaced(),
    ),
    Resource(
        *("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets"),
        namespaced=True,
        prefix="/registry/poddisruptionbudgets/",
        short_names=("pdb",),
        counts_generations=True,
        subresources=(STATUS,),
        selectable=spaced(),
    ),
    Resource(
        *("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses"),
        namespaced=False,
        prefix="/registry/priorityclasses/",
        short_names=("pc",),
        counts_generations=True,
        selectable=NAMED,
    ),
    Resource(
        *("storage.k8s.io", "v1", "StorageClass", "storageclasses"),
        namespaced=False,
        prefix="/registry/storageclasses/",
        short_names=("sc",),
        selectable=NAMED,
        returns_deleted=True,
    ),
    Resource(
        *("storage.k8s.io", "v1", "VolumeAttachment", "volumeattachments"),
        namespaced=False,
        prefix="/registry/volumeattachments/",
        subresources=(STATUS,),
        selectable=NAMED,
        returns_deleted=True,
    ),
    Resource(
        *("authentication.k8s.io", "v1", "SelfSubjectReview", "selfsubjectreviews"),
        namespaced=False,
        prefix="",
        verbs=("create",),
    ),
    Resource(
        *("authorization.k8s.io", "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews"),
        namespaced=False,
        prefix="",
        verbs=("create",),
    ),
    Resource(
        *("authorization.k8s.io", "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews"),
        namespaced=False,
        prefix="",
        verbs=("create",),
    ),
)
