namespace Dataplane.ControlPlane.Tests.Validation;

/// <summary>What is wrong with a pod, in upstream's words.</summary>
public sealed class PodRefusalTests(ValidationServer server) : IClassFixture<ValidationServer>
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
    private const string Subdomain = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
    private const string PartOfName = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

    /// <summary>More fields of the only container.</summary>
    public static TheoryData<string, string> Containers => new()
    {
        { "ports: [{containerPort: 0}]", "spec.containers[0].ports[0].containerPort: Required value" },
        { "ports: [{containerPort: 65536}]", "spec.containers[0].ports[0].containerPort: Invalid value: 65536: must be between 1 and 65535, inclusive" },
        { "ports: [{containerPort: 1, hostPort: -1}]", "spec.containers[0].ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive" },
        { "ports: [{containerPort: 1, protocol: tcp}]", "spec.containers[0].ports[0].protocol: Unsupported value: \"tcp\": supported values: \"SCTP\", \"TCP\", \"UDP\"" },
        { "ports: [{containerPort: 1, name: a}, {containerPort: 2, name: a}]", "spec.containers[0].ports[1].name: Duplicate value: \"a\"" },
        { "ports: [{containerPort: 1, name: \"1\"}]", "spec.containers[0].ports[0].name: Invalid value: \"1\": must contain at least one letter (a-z)" },
        { "ports: [{containerPort: 1, name: a--b}]", "spec.containers[0].ports[0].name: Invalid value: \"a--b\": must not contain consecutive hyphens" },
        { "ports: [{containerPort: 1, name: sixteen-letters-}]", "[spec.containers[0].ports[0].name: Invalid value: \"sixteen-letters-\": must be no more than 15 characters, spec.containers[0].ports[0].name: Invalid value: \"sixteen-letters-\": must not begin or end with a hyphen]" },
        { "ports: [{containerPort: 1, hostPort: 80}, {containerPort: 2, hostPort: 80}]", "spec.containers[0].ports[1].hostPort: Duplicate value: \"TCP//80\"" },
        { "imagePullPolicy: Sometimes", "spec.containers[0].imagePullPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"IfNotPresent\", \"Never\"" },
        { "terminationMessagePolicy: x", "spec.containers[0].terminationMessagePolicy: Unsupported value: \"x\": supported values: \"File\", \"FallbackToLogsOnError\"" },
        { "restartPolicy: Always", "spec.containers[0].restartPolicy: Forbidden: may not be set for non-init containers" },
        { "env: [{value: x}]", "spec.containers[0].env[0].name: Required value" },
        { "env: [{name: a=b}]", "spec.containers[0].env[0].name: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='" },
        { "env: [{name: a, valueFrom: {}}]", "spec.containers[0].env[0].valueFrom: Invalid value: \"\": must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`" },
        { "env: [{name: a, value: b, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]", "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty" },
        { "env: [{name: a, valueFrom: {fieldRef: {fieldPath: spec.image}}}]", "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: \"spec.image\": error converting fieldPath: field label not supported: spec.image" },
        { "env: [{name: a, valueFrom: {fieldRef: {fieldPath: metadata.labels}}}]", "spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Unsupported value: \"metadata.labels\": supported values: \"metadata.name\", \"metadata.namespace\", \"metadata.uid\", \"spec.nodeName\", \"spec.serviceAccountName\", \"status.hostIP\", \"status.hostIPs\", \"status.podIP\", \"status.podIPs\"" },
        { "env: [{name: a, valueFrom: {configMapKeyRef: {name: m}}}]", "spec.containers[0].env[0].valueFrom.configMapKeyRef.key: Required value" },
        { "env: [{name: a, valueFrom: {secretKeyRef: {name: m, key: '..'}}}]", "spec.containers[0].env[0].valueFrom.secretKeyRef.key: Invalid value: \"..\": must not be '..'" },
        { "env: [{name: a, valueFrom: {resourceFieldRef: {resource: limits.gpu}}}]", "spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: \"limits.gpu\": supported values: \"limits.cpu\", \"limits.ephemeral-storage\", \"limits.memory\", \"requests.cpu\", \"requests.ephemeral-storage\", \"requests.memory\"" },
        { "envFrom: [{prefix: a}]", "spec.containers[0].envFrom: Invalid value: \"\": must specify one of: `configMapRef` or `secretRef`" },
        { "volumeMounts: [{name: v, mountPath: /x}]", "spec.containers[0].volumeMounts[0].name: Not found: \"v\"" },
        { "volumeMounts: [{name: vol}]", "spec.containers[0].volumeMounts[0].mountPath: Required value" },
        { "volumeMounts: [{name: vol, mountPath: /x}, {name: vol, mountPath: /x}]", "spec.containers[0].volumeMounts[1].mountPath: Invalid value: \"/x\": must be unique" },
        { "volumeMounts: [{name: vol, mountPath: /x, subPath: /y}]", "spec.containers[0].volumeMounts.subPath: Invalid value: \"/y\": must be a relative path" },
        { "volumeMounts: [{name: vol, mountPath: /x, subPath: a/../b}]", "spec.containers[0].volumeMounts.subPath: Invalid value: \"a/../b\": must not contain '..'" },
        { "volumeMounts: [{name: vol, mountPath: /x, mountPropagation: Bidirectional}]", "spec.containers[0].volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers" },
        { "resources: {requests: {cpu: 2}, limits: {cpu: 1}}", "spec.containers[0].resources.requests: Invalid value: \"2\": must be less than or equal to cpu limit of 1" },
        { "resources: {limits: {memory: -1Mi}}", "[spec.containers[0].resources.limits[memory]: Invalid value: \"-1Mi\": must be greater than or equal to 0, spec.containers[0].resources.requests[memory]: Invalid value: \"-1Mi\": must be greater than or equal to 0]" },
        { "resources: {requests: {example.com/gpu: 1}}", "spec.containers[0].resources.limits: Required value: Limit must be set for non overcommitable resources" },
        { "resources: {requests: {storage: 1}}", "spec.containers[0].resources.requests[storage]: Invalid value: \"storage\": must be a standard resource for containers" },
        { "livenessProbe: {}", "spec.containers[0].livenessProbe: Required value: must specify a handler type" },
        { "livenessProbe: {exec: {command: [a]}, tcpSocket: {port: 1}}", "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type" },
        { "livenessProbe: {exec: {}}", "spec.containers[0].livenessProbe.exec.command: Required value" },
        { "livenessProbe: {exec: {command: [a]}, successThreshold: 2}", "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1" },
        { "livenessProbe: {exec: {command: [a]}, periodSeconds: -1}", "spec.containers[0].livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0" },
        { "readinessProbe: {httpGet: {port: 0}}", "spec.containers[0].readinessProbe.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive" },
        { "readinessProbe: {httpGet: {port: 80, scheme: FTP}}", "spec.containers[0].readinessProbe.httpGet.scheme: Unsupported value: \"FTP\": supported values: \"HTTP\", \"HTTPS\"" },
        { "readinessProbe: {tcpSocket: {port: Upper}}", "spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: \"Upper\": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)" },
        { "readinessProbe: {tcpSocket: {port: 1}, terminationGracePeriodSeconds: 3}", "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 3: must not be set for readinessProbes" },
        { "lifecycle: {preStop: {}}", "spec.containers[0].lifecycle.preStop: Required value: must specify a handler type" },
        { "securityContext: {runAsUser: -1}", "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive" },
        { "securityContext: {seccompProfile: {type: Localhost}}", "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost" },
    };

    /// <summary>More fields of the spec.</summary>
    public static TheoryData<string, string> Specs => new()
    {
        { "containers: []", "spec.containers: Required value" },
        { "containers: [{name: c}]", "spec.containers[0].image: Required value" },
        { "containers: [{image: ' i'}]", "[spec.containers[0].name: Required value, spec.containers[0].image: Invalid value: \" i\": must not have leading or trailing whitespace]" },
        { "containers: [{name: C, image: i}]", $"spec.containers[0].name: Invalid value: \"C\": {Label}" },
        { "containers: [{name: c, image: i}, {name: c, image: i}]", "spec.containers[1].name: Duplicate value: \"c\"" },
        { "initContainers: [{name: c, image: i}]", "spec.initContainers[0].name: Duplicate value: \"c\"" },
        { "initContainers: [{name: d, image: i, livenessProbe: {exec: {command: [a]}}}]", "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always" },
        { "initContainers: [{name: d, image: i, restartPolicy: Never}]", "spec.initContainers[0].restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"" },
        { "restartPolicy: Sometimes", "spec.restartPolicy: Unsupported value: \"Sometimes\": supported values: \"Always\", \"OnFailure\", \"Never\"" },
        { "dnsPolicy: x", "spec.dnsPolicy: Unsupported value: \"x\": supported values: \"ClusterFirstWithHostNet\", \"ClusterFirst\", \"Default\", \"None\"" },
        { "dnsPolicy: None", "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None" },
        { "dnsConfig: {nameservers: [x]}", "spec.dnsConfig.nameservers[0]: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)" },
        { "dnsConfig: {nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, 1.1.1.4]}", "spec.dnsConfig.nameservers: Invalid value: []string{\"1.1.1.1\", \"1.1.1.2\", \"1.1.1.3\", \"1.1.1.4\"}: must not have more than 3 nameservers" },
        { "hostNetwork: true, containers: [{name: c, image: i, ports: [{containerPort: 80, hostPort: 81}]}]", "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when `hostNetwork` is true" },
        { "activeDeadlineSeconds: 0", "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive" },
        { "hostname: a.b", $"spec.hostname: Invalid value: \"a.b\": {Label}" },
        { "nodeSelector: {'-x': y}", $"spec.nodeSelector: Invalid value: \"-x\": {PartOfName}" },
        { "hostAliases: [{ip: x, hostnames: [a]}]", "spec.hostAliases[0].ip: Invalid value: \"x\": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)" },
        { "tolerations: [{operator: Equal}]", "spec.tolerations[0].operator: Invalid value: \"Equal\": operator must be Exists when `key` is empty, which means \"match all values and all keys\"" },
        { "tolerations: [{key: a, operator: Exists, value: b}]", "spec.tolerations[0].operator: Invalid value: \"b\": value must be empty when `operator` is 'Exists'" },
        { "tolerations: [{key: a, effect: x}]", "spec.tolerations[0].effect: Unsupported value: \"x\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"" },
        { "tolerations: [{key: a, effect: NoSchedule, tolerationSeconds: 3}]", "spec.tolerations[0].effect: Invalid value: \"NoSchedule\": effect must be 'NoExecute' when `tolerationSeconds` is set" },
        { "tolerations: [{key: a, operator: In}]", "spec.tolerations[0].operator: Unsupported value: \"In\": supported values: \"Equal\", \"Exists\"" },
        { "topologySpreadConstraints: [{maxSkew: 0, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]", "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero" },
        { "topologySpreadConstraints: [{maxSkew: 1, whenUnsatisfiable: x}]", "[spec.topologySpreadConstraints[0].topologyKey: Required value: can not be empty, spec.topologySpreadConstraints[0].whenUnsatisfiable: Unsupported value: \"x\": supported values: \"DoNotSchedule\", \"ScheduleAnyway\"]" },
        { "topologySpreadConstraints: [{maxSkew: 1, topologyKey: z, whenUnsatisfiable: DoNotSchedule}, {maxSkew: 2, topologyKey: z, whenUnsatisfiable: DoNotSchedule}]", "spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: \"{z, DoNotSchedule}\"" },
        { "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}", "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value: must have at least one node selector term" },
        { "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: a, operator: In}]}]}}}", "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'" },
        { "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 101, preference: {}}]}}", "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100" },
        { "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{labelSelector: {matchExpressions: [{key: a, operator: Is}]}, topologyKey: h}]}}", "spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector.matchExpressions[0].operator: Invalid value: \"Is\": not a valid selector operator" },
        { "securityContext: {fsGroup: -1}", "spec.securityContext.fsGroup: Invalid value: -1: must be between 0 and 2147483647, inclusive" },
        { "securityContext: {sysctls: [{name: net.ipv4.ip_forward, value: '1'}]}, hostNetwork: true", "spec.securityContext.sysctls[0].name: Invalid value: \"net.ipv4.ip_forward\": may not be specified when 'hostNetwork' is true" },
        { "securityContext: {sysctls: [{name: Net, value: '1'}]}", "spec.securityContext.sysctls[0].name: Invalid value: \"Net\": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$" },
        { "volumes: [{name: V, emptyDir: {}}]", $"spec.volumes[0].name: Invalid value: \"V\": {Label}" },
        { "volumes: [{name: v, emptyDir: {}}, {name: v, emptyDir: {}}]", "spec.volumes[1].name: Duplicate value: \"v\"" },
        { "volumes: [{name: v, emptyDir: {}, hostPath: {path: /}}]", "spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type" },
        { "volumes: [{name: v, hostPath: {path: a/../b}}]", "spec.volumes[0].hostPath.path: Invalid value: \"a/../b\": must not contain '..'" },
        { "volumes: [{name: v, hostPath: {path: /a, type: Dir}}]", "spec.volumes[0].hostPath.type: Unsupported value: \"Dir\": supported values: \"\", \"BlockDevice\", \"CharDevice\", \"Directory\", \"DirectoryOrCreate\", \"File\", \"FileOrCreate\", \"Socket\"" },
        { "volumes: [{name: v, secret: {}}]", "spec.volumes[0].secret.secretName: Required value" },
        { "volumes: [{name: v, configMap: {name: m, defaultMode: 512}}]", "spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive" },
        { "volumes: [{name: v, secret: {secretName: s, items: [{key: k, path: ../x}]}}]", "spec.volumes[0].secret.items[0].path: Invalid value: \"../x\": must not contain '..'" },
        { "volumes: [{name: v, persistentVolumeClaim: {}}]", "spec.volumes[0].persistentVolumeClaim.claimName: Required value" },
        { "volumes: [{name: v, downwardAPI: {items: [{path: x}]}}]", "spec.volumes[0].downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required" },
        { "volumes: [{name: v, projected: {sources: [{}]}}]", "spec.volumes[0].projected.sources[0]: Required value: must specify at least 1 volume type in sources" },
        { "schedulingGates: [{name: example.com/g}], nodeName: n", "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared" },
    };

    /// <summary>A merge patch on a pod that is there.</summary>
    public static TheoryData<string, string> Updates => new()
    {
        { """{"spec":{"tolerations":[]}}""", "spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds" },
        { """{"spec":{"containers":[{"name":"c","image":"i"},{"name":"d","image":"i"}]}}""", "spec.containers: Forbidden: pod updates may not add or remove containers" },
        { """{"spec":{"activeDeadlineSeconds":20}}""", "spec.activeDeadlineSeconds: Invalid value: 20: must be less than or equal to previous value" },
        { """{"spec":{"activeDeadlineSeconds":null}}""", "spec.activeDeadlineSeconds: Invalid value: \"null\": must not update from a positive integer to nil value" },
        { """{"metadata":{"labels":{"a b":"c"}}}""", $"metadata.labels: Invalid value: \"a b\": {PartOfName}" },
        { """{"metadata":{"finalizers":["mine"]}}""", "metadata.finalizers[0]: Invalid value: \"mine\": name is neither a standard finalizer name nor is it fully qualified" },
    };

    [Theory]
    [MemberData(nameof(Containers))]
    public async Task AContainerIsRefused(string fields, string expected) => Assert.Equal(
        expected,
        await server.RefusedAsync(Pods, $"metadata: {{name: x}}\nspec: {{volumes: [{{name: vol, emptyDir: {{}}}}], containers: [{{name: c, image: i, {fields}}}]}}"));

    [Theory]
    [MemberData(nameof(Specs))]
    public async Task ASpecIsRefused(string fields, string expected)
    {
        var containers = fields.Contains("containers:", StringComparison.Ordinal) && !fields.StartsWith("init", StringComparison.Ordinal) ? "" : ", containers: [{name: c, image: i}]";
        Assert.Equal(expected, await server.RefusedAsync(Pods, $"metadata: {{name: x}}\nspec: {{{fields}{containers}}}"));
    }

    [Theory]
    [MemberData(nameof(Updates))]
    public async Task AChangeIsRefused(string patch, string expected) => Assert.Equal(
        expected,
        await server.ChangeRefusedAsync(Pods, "metadata: {generateName: x-}\nspec: {activeDeadlineSeconds: 10, containers: [{name: c, image: i}]}", patch));

    [Fact]
    public async Task WhatMayChangeIsListedAndTheDifferenceShown()
    {
        var said = await server.ChangeRefusedAsync(Pods, "metadata: {generateName: x-}\nspec: {containers: [{name: c, image: i}]}", """{"spec":{"hostname":"h","dnsPolicy":"Default"}}""");
        Assert.Equal(
            "spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`," +
            "`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n" +
            "  - dnsPolicy: \"ClusterFirst\"\n  + dnsPolicy: \"Default\"\n  + hostname: \"h\"\n",
            said);
    }
}
