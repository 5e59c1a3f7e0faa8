"""The types of nodes, pods and everything else in the core group, in the notation that `notation` explains. Data."""

from __future__ import annotations

from collections.abc import Mapping

CORE: Mapping[str, str] = {
    "ObjectMeta": """
        string name generateName namespace selfLink uid resourceVersion; int64 generation deletionGracePeriodSeconds;
        time creationTimestamp deletionTimestamp; {}string labels annotations; []string@ finalizers;
        []OwnerReference@uid ownerReferences; []any managedFields
    """,
    "OwnerReference": "string apiVersion kind name uid; bool controller blockOwnerDeletion",
    "LabelSelector": "{}string matchLabels; []LabelSelectorRequirement matchExpressions",
    "LabelSelectorRequirement": "string key operator; []string values",
    "Condition": "string type status reason message; int64 observedGeneration; time lastTransitionTime",
    "ObjectReference": "string kind namespace name uid apiVersion resourceVersion fieldPath",
    "LocalObjectReference": "string name",
    "TypedLocalObjectReference": "string apiGroup kind name",
    "TypedObjectReference": "string apiGroup kind name namespace",
    "SecretReference": "string name namespace",
    "Node": "NodeSpec spec; NodeStatus status",
    "NodeSpec": """
        string podCIDR providerID externalID; []string@ podCIDRs; bool unschedulable; []Taint taints; any configSource
    """,
    "Taint": "string key value effect; time timeAdded",
    "NodeStatus": """
        {}quantity capacity allocatable; string phase; []NodeCondition@type conditions; []NodeAddress@type addresses;
        any daemonEndpoints config features; []any runtimeHandlers; NodeSystemInfo nodeInfo; []ContainerImage images;
        []string volumesInUse; []AttachedVolume volumesAttached
    """,
    "NodeCondition": "string type status reason message; time lastHeartbeatTime lastTransitionTime",
    "NodeAddress": "string type address",
    "NodeSystemInfo": """
        string machineID systemUUID bootID kernelVersion osImage containerRuntimeVersion kubeletVersion kubeProxyVersion
        operatingSystem architecture; any swap
    """,
    "ContainerImage": "[]string names; int64 sizeBytes",
    "AttachedVolume": "string name devicePath",
    "Pod": "PodSpec spec; PodStatus status",
    "PodSpec": """
        string restartPolicy dnsPolicy serviceAccountName serviceAccount nodeName hostname subdomain schedulerName
        priorityClassName runtimeClassName preemptionPolicy;
        int64 terminationGracePeriodSeconds activeDeadlineSeconds; int32 priority;
        bool automountServiceAccountToken hostNetwork hostPID hostIPC shareProcessNamespace enableServiceLinks
        setHostnameAsFQDN hostUsers; {}string nodeSelector; {}quantity overhead;
        []Volume@name volumes; []Container@name initContainers containers ephemeralContainers; any securityContext os;
        []LocalObjectReference@name imagePullSecrets; Affinity affinity; []Toleration tolerations;
        []HostAlias@ip hostAliases; []any readinessGates; []any@name resourceClaims schedulingGates; any dnsConfig;
        []TopologySpreadConstraint@topologyKey topologySpreadConstraints; ResourceRequirements resources
    """,
    "HostAlias": "string ip; []string hostnames",
    "Affinity": "NodeAffinity nodeAffinity; PodAffinity podAffinity podAntiAffinity",
    "NodeAffinity": """
        NodeSelector requiredDuringSchedulingIgnoredDuringExecution;
        []PreferredSchedulingTerm preferredDuringSchedulingIgnoredDuringExecution
    """,
    "NodeSelector": "[]NodeSelectorTerm nodeSelectorTerms",
    "NodeSelectorTerm": "[]LabelSelectorRequirement matchExpressions matchFields",
    "PreferredSchedulingTerm": "int32 weight; NodeSelectorTerm preference",
    "PodAffinity": """
        []PodAffinityTerm requiredDuringSchedulingIgnoredDuringExecution;
        []WeightedPodAffinityTerm preferredDuringSchedulingIgnoredDuringExecution
    """,
    "PodAffinityTerm": """
        LabelSelector labelSelector namespaceSelector; []string namespaces matchLabelKeys mismatchLabelKeys;
        string topologyKey
    """,
    "WeightedPodAffinityTerm": "int32 weight; PodAffinityTerm podAffinityTerm",
    "Toleration": "string key operator value effect; int64 tolerationSeconds",
    "TopologySpreadConstraint": """
        int32 maxSkew minDomains; string topologyKey whenUnsatisfiable nodeAffinityPolicy nodeTaintsPolicy;
        LabelSelector labelSelector; []string matchLabelKeys
    """,
    "Container": """
        string name image workingDir terminationMessagePath terminationMessagePolicy imagePullPolicy restartPolicy
        targetContainerName; []string command args; []ContainerPort@containerPort ports; []any envFrom;
        []EnvVar@name env; ResourceRequirements resources; []any resizePolicy; []VolumeMount@mountPath volumeMounts;
        []VolumeDevice@devicePath volumeDevices; Probe livenessProbe readinessProbe startupProbe; Lifecycle lifecycle;
        any securityContext; bool stdin stdinOnce tty
    """,
    "ContainerPort": "string name hostIP protocol; int32 hostPort containerPort",
    "EnvVar": "string name value; EnvVarSource valueFrom",
    "EnvVarSource": "any fieldRef resourceFieldRef configMapKeyRef secretKeyRef",
    "ResourceRequirements": "{}quantity limits requests; []any claims",
    "VolumeMount": "string name mountPath subPath subPathExpr mountPropagation recursiveReadOnly; bool readOnly",
    "VolumeDevice": "string name devicePath",
    "Probe": """
        any exec grpc; HTTPGetAction httpGet; TCPSocketAction tcpSocket; int64 terminationGracePeriodSeconds;
        int32 initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold
    """,
    "HTTPGetAction": "string path host scheme; intstr port; []any httpHeaders",
    "TCPSocketAction": "string host; intstr port",
    "Lifecycle": "LifecycleHandler postStart preStop; string stopSignal",
    "LifecycleHandler": "any exec sleep; HTTPGetAction httpGet; TCPSocketAction tcpSocket",
    "Volume": """
        string name; any awsElasticBlockStore azureDisk azureFile cephfs cinder csi downwardAPI ephemeral fc flexVolume
        flocker gcePersistentDisk gitRepo glusterfs image iscsi nfs photonPersistentDisk portworxVolume projected
        quobyte rbd scaleIO storageos vsphereVolume; HostPathVolumeSource hostPath; EmptyDirVolumeSource emptyDir;
        SecretVolumeSource secret; ConfigMapVolumeSource configMap; ClaimVolumeSource persistentVolumeClaim
    """,
    "HostPathVolumeSource": "string path type",
    "EmptyDirVolumeSource": "string medium; quantity sizeLimit",
    "SecretVolumeSource": "string secretName; []any items; int32 defaultMode; bool optional",
    "ConfigMapVolumeSource": "string name; []any items; int32 defaultMode; bool optional",
    "ClaimVolumeSource": "string claimName; bool readOnly",
    "PodStatus": """
        string phase message reason nominatedNodeName hostIP podIP qosClass resize; int64 observedGeneration;
        []PodCondition@type conditions; []any@ip hostIPs; []PodIP@ip podIPs; time startTime;
        []ContainerStatus initContainerStatuses containerStatuses ephemeralContainerStatuses;
        []any@name resourceClaimStatuses
    """,
    "PodIP": "string ip",
    "PodCondition": """
        string type status reason message; int64 observedGeneration; time lastProbeTime lastTransitionTime
    """,
    "ContainerStatus": """
        string name image imageID containerID stopSignal; ContainerState state lastState; bool ready started;
        int32 restartCount; {}quantity allocatedResources; any resources user; []any@mountPath volumeMounts;
        []any@name allocatedResourcesStatus
    """,
    "ContainerState": "ContainerWaiting waiting; ContainerRunning running; ContainerTerminated terminated",
    "ContainerWaiting": "string reason message",
    "ContainerRunning": "time startedAt",
    "ContainerTerminated": "int32 exitCode signal; string reason message containerID; time startedAt finishedAt",
    "Namespace": "NamespaceSpec spec; NamespaceStatus status",
    "NamespaceSpec": "[]string finalizers",
    "NamespaceStatus": "string phase; []Condition@type conditions",
    "Event": """
        ObjectReference involvedObject related; string reason message type action reportingComponent reportingInstance;
        EventSource source; time firstTimestamp lastTimestamp; int32 count; micro eventTime; EventSeries series
    """,
    "EventSource": "string component host",
    "EventSeries": "int32 count; micro lastObservedTime",
    "ConfigMap": "bool immutable; {}string data; {}bytes binaryData",
    "Secret": "bool immutable; {}bytes data; {}string stringData; string type",
    "ServiceAccount": """
        []ObjectReference@name secrets; []LocalObjectReference imagePullSecrets; bool automountServiceAccountToken
    """,
    "Service": "ServiceSpec spec; ServiceStatus status",
    "ServiceSpec": """
        []ServicePort@port ports; {}string selector; string clusterIP type sessionAffinity loadBalancerIP externalName
        externalTrafficPolicy ipFamilyPolicy loadBalancerClass internalTrafficPolicy trafficDistribution;
        []string clusterIPs externalIPs loadBalancerSourceRanges ipFamilies; int32 healthCheckNodePort;
        bool publishNotReadyAddresses allocateLoadBalancerNodePorts; any sessionAffinityConfig
    """,
    "ServicePort": "string name protocol appProtocol; int32 port nodePort; intstr targetPort",
    "ServiceStatus": "any loadBalancer; []Condition@type conditions",
    "Endpoints": "[]EndpointSubset subsets",
    "EndpointSubset": "[]EndpointAddress addresses notReadyAddresses; []EndpointPort ports",
    "EndpointAddress": "string ip hostname nodeName; ObjectReference targetRef",
    "EndpointPort": "string name protocol appProtocol; int32 port",
    "PersistentVolume": "PersistentVolumeSpec spec; PersistentVolumeStatus status",
    "PersistentVolumeSpec": """
        {}quantity capacity; []string accessModes mountOptions; ObjectReference claimRef;
        string persistentVolumeReclaimPolicy storageClassName volumeMode volumeAttributesClassName; any nodeAffinity
        awsElasticBlockStore azureDisk azureFile cephfs cinder csi fc flexVolume flocker gcePersistentDisk glusterfs
        iscsi local nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume;
        HostPathVolumeSource hostPath
    """,
    "PersistentVolumeStatus": "string phase message reason; time lastPhaseTransitionTime",
    "PersistentVolumeClaim": "PersistentVolumeClaimSpec spec; PersistentVolumeClaimStatus status",
    "PersistentVolumeClaimSpec": """
        []string accessModes; LabelSelector selector; ResourceRequirements resources;
        string volumeName storageClassName volumeMode volumeAttributesClassName; TypedLocalObjectReference dataSource;
        TypedObjectReference dataSourceRef
    """,
    "PersistentVolumeClaimStatus": """
        string phase currentVolumeAttributesClassName; []string accessModes; {}quantity capacity allocatedResources;
        []any@type conditions; {}string allocatedResourceStatuses; any modifyVolumeStatus
    """,
    "ReplicationController": "ReplicationControllerSpec spec; ReplicationControllerStatus status",
    "ReplicationControllerSpec": "int32 replicas minReadySeconds; {}string selector; PodTemplateSpec template",
    "ReplicationControllerStatus": """
        int32 replicas fullyLabeledReplicas readyReplicas availableReplicas; int64 observedGeneration;
        []Condition@type conditions
    """,
    "PodTemplateSpec": "ObjectMeta metadata; PodSpec spec",
}
