"""The types of workloads, budgets, storage, leases, webhooks and definitions, in the notation of `notation`. Data."""

from __future__ import annotations

from collections.abc import Mapping

GROUPS: Mapping[str, str] = {
    "Deployment": "DeploymentSpec spec; DeploymentStatus status",
    "DeploymentSpec": """
        int32 replicas minReadySeconds revisionHistoryLimit progressDeadlineSeconds; LabelSelector selector;
        PodTemplateSpec template; DeploymentStrategy strategy; bool paused
    """,
    "DeploymentStrategy": "string type; RollingUpdate rollingUpdate",
    "RollingUpdate": "intstr maxUnavailable maxSurge",
    "DeploymentStatus": """
        int64 observedGeneration; int32 replicas updatedReplicas readyReplicas availableReplicas unavailableReplicas
        terminatingReplicas collisionCount; []WorkloadCondition@type conditions
    """,
    "WorkloadCondition": "string type status reason message; time lastUpdateTime lastTransitionTime",
    "ReplicaSet": "ReplicaSetSpec spec; ReplicaSetStatus status",
    "ReplicaSetSpec": "int32 replicas minReadySeconds; LabelSelector selector; PodTemplateSpec template",
    "ReplicaSetStatus": """
        int32 replicas fullyLabeledReplicas readyReplicas availableReplicas terminatingReplicas;
        int64 observedGeneration; []WorkloadCondition@type conditions
    """,
    "StatefulSet": "StatefulSetSpec spec; StatefulSetStatus status",
    "StatefulSetSpec": """
        int32 replicas revisionHistoryLimit minReadySeconds; LabelSelector selector; PodTemplateSpec template;
        []PersistentVolumeClaimTemplate volumeClaimTemplates; string serviceName podManagementPolicy;
        StatefulSetUpdateStrategy updateStrategy; ClaimRetentionPolicy persistentVolumeClaimRetentionPolicy;
        any ordinals
    """,
    "PersistentVolumeClaimTemplate": """
        string apiVersion kind; ObjectMeta metadata; PersistentVolumeClaimSpec spec; PersistentVolumeClaimStatus status
    """,
    "StatefulSetUpdateStrategy": "string type; RollingUpdateStatefulSet rollingUpdate",
    "RollingUpdateStatefulSet": "int32 partition; intstr maxUnavailable",
    "ClaimRetentionPolicy": "string whenDeleted whenScaled",
    "StatefulSetStatus": """
        int64 observedGeneration; int32 replicas readyReplicas currentReplicas updatedReplicas collisionCount
        availableReplicas; string currentRevision updateRevision; []WorkloadCondition@type conditions
    """,
    "DaemonSet": "DaemonSetSpec spec; DaemonSetStatus status",
    "DaemonSetSpec": """
        LabelSelector selector; PodTemplateSpec template; DaemonSetUpdateStrategy updateStrategy;
        int32 minReadySeconds revisionHistoryLimit
    """,
    "DaemonSetUpdateStrategy": "string type; RollingUpdate rollingUpdate",
    "DaemonSetStatus": """
        int32 currentNumberScheduled numberMisscheduled desiredNumberScheduled numberReady updatedNumberScheduled
        numberAvailable numberUnavailable collisionCount; int64 observedGeneration;
        []WorkloadCondition@type conditions
    """,
    "ControllerRevision": "any data; int64 revision",
    "Job": "JobSpec spec; JobStatus status",
    "JobSpec": """
        int32 parallelism completions backoffLimit ttlSecondsAfterFinished backoffLimitPerIndex maxFailedIndexes;
        int64 activeDeadlineSeconds; any podFailurePolicy successPolicy; LabelSelector selector;
        bool manualSelector suspend; PodTemplateSpec template; string completionMode podReplacementPolicy managedBy
    """,
    "JobStatus": """
        []JobCondition@type conditions; time startTime completionTime; int32 active succeeded failed terminating ready;
        string completedIndexes failedIndexes; any uncountedTerminatedPods
    """,
    "JobCondition": "string type status reason message; time lastProbeTime lastTransitionTime",
    "CronJob": "CronJobSpec spec; CronJobStatus status",
    "CronJobSpec": """
        string schedule timeZone concurrencyPolicy; int64 startingDeadlineSeconds; bool suspend;
        JobTemplateSpec jobTemplate; int32 successfulJobsHistoryLimit failedJobsHistoryLimit
    """,
    "JobTemplateSpec": "ObjectMeta metadata; JobSpec spec",
    "CronJobStatus": "[]ObjectReference active; time lastScheduleTime lastSuccessfulTime",
    "PodDisruptionBudget": "PodDisruptionBudgetSpec spec; PodDisruptionBudgetStatus status",
    "PodDisruptionBudgetSpec": """
        intstr minAvailable maxUnavailable; LabelSelector selector; string unhealthyPodEvictionPolicy
    """,
    "PodDisruptionBudgetStatus": """
        int64 observedGeneration; {}time disruptedPods; int32 disruptionsAllowed currentHealthy desiredHealthy
        expectedPods; []Condition@type conditions
    """,
    "Lease": "LeaseSpec spec",
    "LeaseSpec": """
        string holderIdentity strategy preferredHolder; int32 leaseDurationSeconds leaseTransitions;
        micro acquireTime renewTime
    """,
    "EndpointSlice": "string addressType; []Endpoint endpoints; []EndpointPort ports",
    "Endpoint": """
        []string addresses; EndpointConditions conditions; string hostname nodeName zone; ObjectReference targetRef;
        {}string deprecatedTopology; any hints
    """,
    "EndpointConditions": "bool ready serving terminating",
    "StorageClass": """
        string provisioner reclaimPolicy volumeBindingMode; {}string parameters; []string mountOptions;
        bool allowVolumeExpansion; []any allowedTopologies
    """,
    "VolumeAttachment": "VolumeAttachmentSpec spec; VolumeAttachmentStatus status",
    "VolumeAttachmentSpec": "string attacher nodeName; VolumeAttachmentSource source",
    "VolumeAttachmentSource": "string persistentVolumeName; any inlineVolumeSpec",
    "VolumeAttachmentStatus": "bool attached; {}string attachmentMetadata; any attachError detachError",
    "PriorityClass": "int32 value; bool globalDefault; string description preemptionPolicy",
    "ValidatingWebhookConfiguration": "[]ValidatingWebhook@name webhooks",
    "ValidatingWebhook": """
        string name failurePolicy matchPolicy sideEffects; WebhookClientConfig clientConfig;
        []RuleWithOperations rules; LabelSelector namespaceSelector objectSelector; int32 timeoutSeconds;
        []string admissionReviewVersions; []any@name matchConditions
    """,
    "WebhookClientConfig": "string url; ServiceReference service; bytes caBundle",
    "ServiceReference": "string namespace name path; int32 port",
    "RuleWithOperations": "[]string operations apiGroups apiVersions resources; string scope",
    "CustomResourceDefinition": "CustomResourceDefinitionSpec spec; CustomResourceDefinitionStatus status",
    "CustomResourceDefinitionSpec": """
        string group scope; CustomResourceDefinitionNames names; []CustomResourceDefinitionVersion versions;
        any conversion; bool preserveUnknownFields
    """,
    "CustomResourceDefinitionNames": "string plural singular kind listKind; []string shortNames categories",
    "CustomResourceDefinitionVersion": """
        string name deprecationWarning; bool served storage deprecated; any schema subresources;
        []any additionalPrinterColumns selectableFields
    """,
    "CustomResourceDefinitionStatus": """
        []Condition conditions; CustomResourceDefinitionNames acceptedNames; []string storedVersions
    """,
}
