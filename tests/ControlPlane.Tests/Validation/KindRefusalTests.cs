namespace Dataplane.ControlPlane.Tests.Validation;

/// <summary>What is wrong with objects of the other kinds, in upstream's words.</summary>
public sealed class KindRefusalTests(ValidationServer server) : IClassFixture<ValidationServer>
{
    private const string Core = "/api/v1/namespaces/default/";
    private const string Apps = "/apis/apps/v1/namespaces/default/";
    private const string Batch = "/apis/batch/v1/namespaces/default/";
    private const string Networking = "/apis/networking.k8s.io/v1/namespaces/default/";
    private const string Rbac = "/apis/rbac.authorization.k8s.io/v1/";
    private const string Template = "template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}";
    private const string Selector = "selector: {matchLabels: {a: b}}";
    private const string Once = "template: {spec: {restartPolicy: Never, containers: [{name: c, image: i}]}}";
    private const string Percent = "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";
    private const string ConfigKey = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";
    private const string Cidr = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
    private const string Mismatch = "`selector` does not match template `labels`";

    public static TheoryData<string, string, string> Workloads => new()
    {
        { $"{Apps}deployments", $"spec: {{replicas: -1, {Selector}, {Template}}}", "spec.replicas: Invalid value: -1: must be greater than or equal to 0" },
        { $"{Apps}deployments", $"spec: {{{Template}}}", $"[spec.selector: Required value, spec.template.metadata.labels: Invalid value: map[string]string{{\"a\":\"b\"}}: {Mismatch}]" },
        { $"{Apps}deployments", $"spec: {{selector: {{}}, {Template}}}", "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string(nil), MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: empty selector is invalid for deployment" },
        { $"{Apps}deployments", $"spec: {{selector: {{matchLabels: {{x: z}}}}, {Template}}}", $"spec.template.metadata.labels: Invalid value: map[string]string{{\"a\":\"b\"}}: {Mismatch}" },
        { $"{Apps}deployments", $"spec: {{{Selector}, strategy: {{type: Odd}}, {Template}}}", "spec.strategy: Unsupported value: apps.DeploymentStrategy{Type:\"Odd\", RollingUpdate:(*apps.RollingUpdateDeployment)(nil)}: supported values: \"Recreate\", \"RollingUpdate\"" },
        { $"{Apps}deployments", $"spec: {{{Selector}, strategy: {{type: Recreate, rollingUpdate: {{}}}}, {Template}}}", "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'" },
        { $"{Apps}deployments", $"spec: {{{Selector}, strategy: {{rollingUpdate: {{maxUnavailable: 0, maxSurge: 0}}}}, {Template}}}", "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:0, IntVal:0, StrVal:\"\"}: may not be 0 when `maxSurge` is 0" },
        { $"{Apps}deployments", $"spec: {{{Selector}, strategy: {{rollingUpdate: {{maxSurge: some}}}}, {Template}}}", $"spec.strategy.rollingUpdate.maxSurge: Invalid value: intstr.IntOrString{{Type:1, IntVal:0, StrVal:\"some\"}}: {Percent}" },
        { $"{Apps}deployments", $"spec: {{{Selector}, strategy: {{rollingUpdate: {{maxUnavailable: 101%}}}}, {Template}}}", "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:\"101%\"}: must not be greater than 100%" },
        { $"{Apps}deployments", $"spec: {{{Selector}, progressDeadlineSeconds: 5, minReadySeconds: 5, {Template}}}", "spec.progressDeadlineSeconds: Invalid value: 5: must be greater than minReadySeconds" },
        { $"{Apps}deployments", $"spec: {{{Selector}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{restartPolicy: Never, containers: [{{name: c, image: i}}]}}}}}}", "spec.template.spec.restartPolicy: Unsupported value: \"Never\": supported values: \"Always\"" },
        { $"{Apps}replicasets", $"spec: {{{Selector}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{activeDeadlineSeconds: 1, containers: [{{name: c, image: i}}]}}}}}}", "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ReplicaSet is not Supported" },
        { $"{Apps}replicasets", $"spec: {{{Selector}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c}}]}}}}}}", "spec.template.spec.containers[0].image: Required value" },
        { $"{Apps}daemonsets", $"spec: {{{Selector}, updateStrategy: {{type: Odd}}, {Template}}}", "spec.updateStrategy: Unsupported value: apps.DaemonSetUpdateStrategy{Type:\"Odd\", RollingUpdate:(*apps.RollingUpdateDaemonSet)(nil)}: supported values: \"RollingUpdate\", \"OnDelete\"" },
        { $"{Apps}daemonsets", $"spec: {{{Selector}, updateStrategy: {{rollingUpdate: {{maxUnavailable: 0}}}}, {Template}}}", "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0" },
        { $"{Apps}statefulsets", $"spec: {{{Selector}, podManagementPolicy: Odd, {Template}}}", "spec.podManagementPolicy: Invalid value: \"Odd\": must be 'OrderedReady' or 'Parallel'" },
        { $"{Apps}statefulsets", $"spec: {{{Selector}, updateStrategy: {{type: Odd}}, {Template}}}", "spec.updateStrategy: Invalid value: apps.StatefulSetUpdateStrategy{Type:\"Odd\", RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(nil)}: must be 'RollingUpdate' or 'OnDelete'" },
        { $"{Core}replicationcontrollers", $"spec: {{selector: {{x: z}}, {Template}}}", $"spec.template.metadata.labels: Invalid value: map[string]string{{\"a\":\"b\"}}: {Mismatch}" },
        { $"{Core}replicationcontrollers", "spec: {selector: {a: b}}", "spec.template: Required value" },
        { $"{Batch}jobs", $"spec: {{parallelism: -1, {Once}}}", "spec.parallelism: Invalid value: -1: must be greater than or equal to 0" },
        { $"{Batch}jobs", $"spec: {{completionMode: Indexed, parallelism: 1, {Once}}}", "spec.completions: Required value: when completion mode is Indexed" },
        { $"{Batch}jobs", $"spec: {{{Template}}}", "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"" },
        { $"{Batch}jobs", $"spec: {{backoffLimitPerIndex: 1, {Once}}}", "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed job" },
        { $"{Batch}cronjobs", $"spec: {{jobTemplate: {{spec: {{{Once}}}}}}}", "spec.schedule: Required value" },
        { $"{Batch}cronjobs", $"spec: {{schedule: '* * *', jobTemplate: {{spec: {{{Once}}}}}}}", "spec.schedule: Invalid value: \"* * *\": expected exactly 5 fields, found 3: [* * *]" },
        { $"{Batch}cronjobs", $"spec: {{schedule: '@daily', concurrencyPolicy: Odd, jobTemplate: {{spec: {{{Once}}}}}}}", "spec.concurrencyPolicy: Unsupported value: \"Odd\": supported values: \"Allow\", \"Forbid\", \"Replace\"" },
        { $"{Batch}cronjobs", $"spec: {{schedule: '@daily', timeZone: Moon/Base, jobTemplate: {{spec: {{{Once}}}}}}}", "spec.timeZone: Invalid value: \"Moon/Base\": unknown time zone Moon/Base" },
    };

    public static TheoryData<string, string, string> Others => new()
    {
        { $"{Core}configmaps", "data: {'a b': c}", $"data[a b]: Invalid value: \"a b\": {ConfigKey}" },
        { $"{Core}configmaps", "{data: {a: b}, binaryData: {a: Yg==}}", "data[a]: Invalid value: \"a\": duplicate of key present in binaryData" },
        { $"{Core}configmaps", $"data: {{a: {new string('x', (1024 * 1024) + 1)}}}", "[]: Too long: may not be more than 1048576 bytes" },
        { $"{Core}secrets", "data: {'..': YQ==}", "data[..]: Invalid value: \"..\": must not be '..'" },
        { $"{Core}secrets", "type: kubernetes.io/tls", "[data[tls.crt]: Required value, data[tls.key]: Required value]" },
        { $"{Core}secrets", "type: kubernetes.io/basic-auth", "[data[username]: Required value, data[password]: Required value]" },
        { $"{Core}secrets", "type: kubernetes.io/ssh-auth", "data[ssh-privatekey]: Required value" },
        { $"{Core}secrets", "type: kubernetes.io/service-account-token", "metadata.annotations[kubernetes.io/service-account.name]: Required value" },
        { $"{Core}secrets", "type: kubernetes.io/dockerconfigjson", "data[.dockerconfigjson]: Required value" },
        { $"{Core}endpoints", "subsets: [{ports: [{port: 1}]}]", "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`" },
        { $"{Core}endpoints", "subsets: [{addresses: [{ip: 127.0.0.1}], ports: [{port: 1}, {port: 2, name: b}]}]", "[subsets[0].addresses[0].ip: Invalid value: \"127.0.0.1\": may not be in the loopback range (127.0.0.0/8, ::1/128), subsets[0].ports[0].name: Required value]" },
        { "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "endpoints: []", "addressType: Required value" },
        { "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "{addressType: IPv4, endpoints: [{addresses: []}]}", "endpoints[0].addresses: Required value: must contain at least 1 address" },
        { "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "{addressType: IPv4, endpoints: [{addresses: ['::2']}]}", "endpoints[0].addresses[0]: Invalid value: \"::2\": must be a valid IPv4 address" },
        { "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "{addressType: FQDN, endpoints: [{addresses: [a.b]}]}", "endpoints[0].addresses[0]: Invalid value: \"a.b\": should be a domain with at least three segments separated by dots" },
        { "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "{addressType: IPv4, ports: [{name: a, port: 1}, {name: a, port: 2}]}", "ports[1].name: Duplicate value: \"a\"" },
        { $"{Core}limitranges", "spec: {limits: [{type: Container, min: {cpu: 2}, max: {cpu: 1}}]}", "[spec.limits[0].min[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:2, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:\"2\", Format:\"DecimalSI\"}: min value 2 is greater than max value 1, spec.limits[0].defaultRequest[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:1, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:\"1\", Format:\"DecimalSI\"}: min value 2 is greater than default request value 1, spec.limits[0].default[cpu]: Invalid value: resource.Quantity{i:resource.int64Amount{value:2, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:\"2\", Format:\"DecimalSI\"}: min value 2 is greater than default value 1]" },
        { $"{Core}limitranges", "spec: {limits: [{type: Thing}]}", "spec.limits[0].type: Invalid value: \"Thing\": must be a standard limit type or fully qualified" },
        { $"{Core}limitranges", "spec: {limits: [{type: Pod, default: {cpu: 1}}]}", "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'" },
        { $"{Core}limitranges", "spec: {limits: [{type: PersistentVolumeClaim}]}", "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided" },
        { $"{Core}resourcequotas", "spec: {hard: {pods: '1500m'}}", "spec.hard[pods]: Invalid value: resource.Quantity{i:resource.int64Amount{value:1500, scale:-3}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:\"1500m\", Format:\"DecimalSI\"}: must be an integer" },
        { $"{Core}resourcequotas", "spec: {hard: {cpu: 1}, scopes: [BestEffort, NotBestEffort]}", "spec.scopes: Invalid value: []core.ResourceQuotaScope{\"BestEffort\", \"NotBestEffort\"}: conflicting scopes" },
        { $"{Core}persistentvolumeclaims", "spec: {resources: {requests: {storage: 1}}}", "spec.accessModes: Required value: at least 1 access mode is required" },
        { $"{Core}persistentvolumeclaims", "spec: {accessModes: [Any], resources: {requests: {storage: 0}}}", "[spec.accessModes: Unsupported value: \"Any\": supported values: \"ReadOnlyMany\", \"ReadWriteMany\", \"ReadWriteOnce\", \"ReadWriteOncePod\", spec.resources[storage]: Invalid value: \"0\": must be greater than zero]" },
        { "/api/v1/persistentvolumes", "spec: {accessModes: [ReadWriteOnce], capacity: {storage: 1Gi}}", "spec: Required value: must specify a volume type" },
        { "/api/v1/persistentvolumes", "spec: {accessModes: [ReadWriteOnce], capacity: {cpu: '1'}, hostPath: {path: /x}}", "spec.capacity: Unsupported value: core.ResourceList{\"cpu\":resource.Quantity{i:resource.int64Amount{value:1, scale:0}, d:resource.infDecAmount{Dec:(*inf.Dec)(nil)}, s:\"1\", Format:\"DecimalSI\"}}: supported values: \"storage\"" },
        { "/api/v1/persistentvolumes", "spec: {accessModes: [ReadWriteOnce, ReadWriteOncePod], capacity: {storage: 1}, hostPath: {path: /x}}", "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes" },
        { "/api/v1/nodes", "spec: {taints: [{key: a, effect: Odd}]}", "metadata.taints[0].effect: Unsupported value: \"Odd\": supported values: \"NoSchedule\", \"PreferNoSchedule\", \"NoExecute\"" },
        { "/api/v1/nodes", "spec: {podCIDRs: [10.0.0.0]}", $"spec.podCIDRs[0]: Invalid value: \"10.0.0.0\": {Cidr}" },
        { $"{Core}events", "involvedObject: {namespace: other}", "involvedObject.namespace: Invalid value: \"other\": does not match event.namespace" },
        { "/apis/coordination.k8s.io/v1/namespaces/default/leases", "spec: {leaseDurationSeconds: 0, leaseTransitions: -1}", "[spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0, spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0]" },
        { $"{Networking}ingresses", "spec: {}", "spec: Invalid value: []networking.IngressRule(nil): either `defaultBackend` or `rules` must be specified" },
        { $"{Networking}ingresses", "spec: {rules: [{host: 1.2.3.4}]}", "spec.rules[0].host: Invalid value: \"1.2.3.4\": must be a DNS name, not an IP address" },
        { $"{Networking}ingresses", "spec: {rules: [{http: {paths: [{path: x, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}", "spec.rules[0].http.paths[0].path: Invalid value: \"x\": must be an absolute path" },
        { $"{Networking}ingresses", "spec: {rules: [{http: {paths: [{path: /a/../b, pathType: Exact, backend: {service: {name: s, port: {number: 80}}}}]}}]}", "spec.rules[0].http.paths[0].path: Invalid value: \"/a/../b\": must not contain '/../'" },
        { $"{Networking}ingresses", "spec: {rules: [{http: {paths: [{path: /, backend: {service: {name: s}}}]}}]}", "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified" },
        { $"{Networking}ingresses", "spec: {defaultBackend: {service: {name: s}}}", "spec.defaultBackend: Required value: port name or number is required" },
        { $"{Networking}ingresses", "spec: {defaultBackend: {}}", "spec.defaultBackend: Invalid value: \"\": resource or service backend is required" },
        { $"{Networking}networkpolicies", "spec: {podSelector: {}, ingress: [{ports: [{port: 5, endPort: 4}]}]}", "spec.ingress[0].ports[0].endPort: Invalid value: 4: must be greater than or equal to `port`" },
        { $"{Networking}networkpolicies", "spec: {podSelector: {}, egress: [{to: [{}]}]}", "spec.egress[0].to[0]: Required value: must specify a peer" },
        { $"{Networking}networkpolicies", "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/9]}}]}]}", "spec.ingress[0].from[0].ipBlock.except[0]: Invalid value: \"11.0.0.0/9\": must be a strict subset of `cidr`" },
        { $"{Networking}networkpolicies", "spec: {podSelector: {}, policyTypes: [Sideways]}", "spec.policyTypes[0]: Unsupported value: \"Sideways\": supported values: \"Ingress\", \"Egress\"" },
        { "/apis/policy/v1/namespaces/default/poddisruptionbudgets", "spec: {minAvailable: 101%}", "spec.minAvailable: Invalid value: intstr.IntOrString{Type:1, IntVal:0, StrVal:\"101%\"}: must not be greater than 100%" },
        { "/apis/policy/v1/namespaces/default/poddisruptionbudgets", "spec: {minAvailable: -1}", "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0" },
        { $"{Rbac}namespaces/default/roles", "rules: [{apiGroups: [''], resources: [pods]}]", "rules[0].verbs: Required value: verbs must contain at least one value" },
        { $"{Rbac}namespaces/default/roles", "rules: [{nonResourceURLs: [/x], verbs: [get]}]", "rules[0].nonResourceURLs: Invalid value: []string{\"/x\"}: namespaced rules cannot apply to non-resource URLs" },
        { $"{Rbac}clusterrolebindings", "{roleRef: {kind: Role, name: r}, subjects: [{kind: Robot, name: x}]}", "[roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\", subjects[0].kind: Unsupported value: \"Robot\": supported values: \"ServiceAccount\", \"User\", \"Group\"]" },
        { $"{Rbac}clusterrolebindings", "{roleRef: {kind: ClusterRole, name: r}, subjects: [{kind: ServiceAccount, name: x}]}", "subjects[0].namespace: Required value" },
        { "/apis/storage.k8s.io/v1/storageclasses", "reclaimPolicy: Keep", "[provisioner: Required value, reclaimPolicy: Unsupported value: \"Keep\": supported values: \"Delete\", \"Retain\"]" },
        { "/api/v1/namespaces", "metadata: {name: x, ownerReferences: [{kind: K, name: n, uid: u}]}", "metadata.ownerReferences.apiVersion: Invalid value: \"\": version must not be empty" },
        { $"{Core}configmaps", "metadata: {name: 'x\ty'}", "metadata.name: Invalid value: \"x\\ty\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')" },
        { $"{Core}configmaps", "metadata: {}", "metadata.name: Required value: name or generateName is required" },
    };

    /// <summary>Where, an object, a merge patch on it, what is said.</summary>
    public static TheoryData<string, string, string, string> Updates => new()
    {
        { $"{Apps}deployments", $"spec: {{{Selector}, {Template}}}", """{"spec":{"selector":{"matchLabels":{"a":"b","c":"d"}},"template":{"metadata":{"labels":{"c":"d"}}}}}""", "spec.selector: Invalid value: v1.LabelSelector{MatchLabels:map[string]string{\"a\":\"b\", \"c\":\"d\"}, MatchExpressions:[]v1.LabelSelectorRequirement(nil)}: field is immutable" },
        { $"{Core}secrets", "{immutable: true, data: {a: YQ==}}", """{"data":{"a":"Yg=="}}""", "data: Forbidden: field is immutable when `immutable` is set" },
        { $"{Core}secrets", "type: a/b", """{"type":"c/d"}""", "type: Invalid value: \"c/d\": field is immutable" },
        { $"{Core}configmaps", "{immutable: true, data: {a: b}}", """{"immutable":null}""", "immutable: Forbidden: field is immutable when `immutable` is set" },
        { "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", "{addressType: IPv4, endpoints: []}", """{"addressType":"IPv6"}""", "addressType: Invalid value: \"IPv6\": field is immutable" },
        { "/api/v1/nodes", "spec: {providerID: a}", """{"spec":{"providerID":"b"}}""", "spec.providerID: Forbidden: node updates may not change providerID except from \"\" to valid" },
        { $"{Rbac}namespaces/default/rolebindings", "roleRef: {kind: Role, name: r, apiGroup: rbac.authorization.k8s.io}", """{"roleRef":{"name":"s"}}""", "roleRef: Invalid value: rbac.RoleRef{APIGroup:\"rbac.authorization.k8s.io\", Kind:\"Role\", Name:\"s\"}: cannot change roleRef" },
        { "/apis/storage.k8s.io/v1/storageclasses", "{provisioner: a.b/c, parameters: {x: z}}", """{"parameters":{"x":"w"}}""", "parameters: Forbidden: updates to parameters are forbidden." },
        { $"{Core}persistentvolumeclaims", "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 2Gi}}}", """{"spec":{"resources":{"requests":{"storage":"1Gi"}}}}""", "spec.resources.requests.storage: Forbidden: field can not be less than previous value" },
    };

    [Theory]
    [MemberData(nameof(Workloads))]
    [MemberData(nameof(Others))]
    public async Task AnObjectIsRefused(string path, string content, string expected) =>
        Assert.Equal(expected, await server.RefusedAsync(path, Object(content, "metadata: {name: x}")));

    [Theory]
    [MemberData(nameof(Updates))]
    public async Task AChangeIsRefused(string path, string content, string patch, string expected) =>
        Assert.Equal(expected, await server.ChangeRefusedAsync(path, Object(content, "metadata: {generateName: x-}"), patch));

    [Fact]
    public async Task ALeaseIsNotReplacedBlindly()
    {
        const string leases = "/apis/coordination.k8s.io/v1/namespaces/default/leases";
        await server.Server.WriteAsync(HttpMethod.Post, leases, "metadata: {name: held}", "application/yaml");
        using var refused = await server.Server.SendAsync(HttpMethod.Put, $"{leases}/held", body: "metadata: {name: held}", type: "application/yaml");
        var text = await refused.Content.ReadAsStringAsync(Http.RawServer.Cancellation);
        Assert.Contains("leases.coordination.k8s.io \\\"held\\\" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update", text);
        using var absent = await server.Server.SendAsync(HttpMethod.Put, $"{leases}/absent", body: "metadata: {name: absent}", type: "application/yaml");
        Assert.Equal(404, (int)absent.StatusCode);
    }

    /// <summary>YAML in either style with the metadata a row leaves out.</summary>
    private static string Object(string content, string metadata) =>
        content.StartsWith("metadata", StringComparison.Ordinal) ? content
        : content[0] == '{' ? $"{{{metadata}, {content[1..]}"
        : $"{metadata}\n{content}";
}
