namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>Every kind through the same session: create, table, describe, update, delete. Then what each refuses.</summary>
public sealed class KindTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    private const string Template = "template: {metadata: {labels: {app: x}}, spec: {containers: [{name: c, image: i:1}]}}";
    private const string OnceTemplate = "template: {spec: {restartPolicy: Never, containers: [{name: c, image: i:1}]}}";
    private const string Selector = "selector: {matchLabels: {app: x}}";
    private const string Class = "roleRef: {kind: ClusterRole, name: view, apiGroup: rbac.authorization.k8s.io}";

    /// <summary>apiVersion, kind, resource as kubectl names it, short name, name, the object's content, its wide table.</summary>
    public static TheoryData<string, string, string, string, string, string, string> Kinds => new()
    {
        {
            "v1", "ResourceQuota", "resourcequota", "quota", "row", "spec: {hard: {services.loadbalancers: '5', limits.cpu: '2'}}",
            "NAME AGE REQUEST LIMIT|row AGE services.loadbalancers: 0/5 limits.cpu: 0/2"
        },
        {
            "v1", "PersistentVolume", "persistentvolume", "pv", "row",
            "spec: {capacity: {storage: 1Gi}, accessModes: [ReadWriteMany, ReadWriteOnce], hostPath: {path: /x}, storageClassName: slow}",
            "NAME CAPACITY ACCESS MODES RECLAIM POLICY STATUS CLAIM STORAGECLASS VOLUMEATTRIBUTESCLASS REASON AGE VOLUMEMODE|" +
            "row 1Gi RWO,RWX Retain Available slow <unset> AGE Filesystem"
        },
        {
            "v1", "PersistentVolumeClaim", "persistentvolumeclaim", "pvc", "row",
            "spec: {accessModes: [ReadWriteOnce], storageClassName: idle, resources: {requests: {storage: 1Gi}}}",
            "NAME STATUS VOLUME CAPACITY ACCESS MODES STORAGECLASS VOLUMEATTRIBUTESCLASS AGE VOLUMEMODE|row Pending idle <unset> AGE Filesystem"
        },
        {
            "storage.k8s.io/v1", "StorageClass", "storageclass.storage.k8s.io", "sc", "row", "provisioner: example.com/none",
            "NAME PROVISIONER RECLAIMPOLICY VOLUMEBINDINGMODE ALLOWVOLUMEEXPANSION AGE|row example.com/none Delete Immediate false AGE"
        },
        {
            "apps/v1", "DaemonSet", "daemonset.apps", "ds", "row", $"spec: {{{Selector}, {Template}}}",
            "NAME DESIRED CURRENT READY UP-TO-DATE AVAILABLE NODE SELECTOR AGE CONTAINERS IMAGES SELECTOR|row 0 0 0 0 0 <none> AGE c i:1 app=x"
        },
        {
            "apps/v1", "StatefulSet", "statefulset.apps", "sts", "row", $"spec: {{serviceName: s, replicas: 2, {Selector}, {Template}}}",
            "NAME READY AGE CONTAINERS IMAGES|row 0/2 AGE c i:1"
        },
        {
            "batch/v1", "CronJob", "cronjob.batch", "cj", "row", $"spec: {{schedule: '*/5 * * * *', jobTemplate: {{spec: {{{OnceTemplate}}}}}}}",
            "NAME SCHEDULE TIMEZONE SUSPEND ACTIVE LAST SCHEDULE AGE CONTAINERS IMAGES SELECTOR|row */5 * * * * <none> False 0 <none> AGE c i:1 <none>"
        },
        {
            "autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscaler.autoscaling", "hpa", "row",
            "spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 3, metrics: " +
            "[{type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 200Mi}}}]}",
            "NAME REFERENCE TARGETS MINPODS MAXPODS REPLICAS AGE|row Deployment/web memory: <unknown>/200Mi 1 3 0 AGE"
        },
        {
            "networking.k8s.io/v1", "IngressClass", "ingressclass.networking.k8s.io", "ingressclasses", "row",
            "spec: {controller: example.com/web, parameters: {apiGroup: example.com, kind: Settings, name: s}}",
            "NAME CONTROLLER PARAMETERS AGE|row example.com/web Settings.example.com/s AGE"
        },
        { "node.k8s.io/v1", "RuntimeClass", "runtimeclass.node.k8s.io", "runtimeclasses", "row", "handler: kata", "NAME HANDLER AGE|row kata AGE" },
        { "storage.k8s.io/v1", "CSINode", "csinode.storage.k8s.io", "csinodes", "row", "spec: {drivers: [{name: d.example, nodeID: here, topologyKeys: []}]}", "NAME DRIVERS AGE|row 1 AGE" },
        {
            "storage.k8s.io/v1", "CSIDriver", "csidriver.storage.k8s.io", "csidrivers", "row", "spec: {podInfoOnMount: true, tokenRequests: [{audience: a}]}",
            "NAME ATTACHREQUIRED PODINFOONMOUNT STORAGECAPACITY TOKENREQUESTS REQUIRESREPUBLISH MODES AGE|row true true false a false Persistent AGE"
        },
        {
            "storage.k8s.io/v1", "VolumeAttachment", "volumeattachment.storage.k8s.io", "volumeattachments", "row",
            "spec: {attacher: d.example, nodeName: here, source: {persistentVolumeName: pv}}", "NAME ATTACHER PV NODE ATTACHED AGE|row d.example pv here false AGE"
        },
        {
            "storage.k8s.io/v1", "CSIStorageCapacity", "csistoragecapacity.storage.k8s.io", "csistoragecapacities", "row", "storageClassName: fast\ncapacity: 1Gi",
            "NAME STORAGECLASSNAME CAPACITY|row fast 1Gi"
        },
        {
            "v1", "PodTemplate", "podtemplate", "podtemplates", "row", Template, "NAME CONTAINERS IMAGES POD LABELS|row c i:1 app=x"
        },
        {
            "apps/v1", "ControllerRevision", "controllerrevision.apps", "controllerrevisions", "row", "revision: 3\ndata: {spec: {template: {}}}",
            "NAME CONTROLLER REVISION AGE|row <none> 3 AGE"
        },
        {
            "networking.k8s.io/v1", "Ingress", "ingress.networking.k8s.io", "ing", "row",
            "spec: {ingressClassName: web, rules: [{host: a.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: s, port: {number: 80}}}}]}}]}",
            "NAME CLASS HOSTS ADDRESS PORTS AGE|row web a.example 80 AGE"
        },
        {
            "networking.k8s.io/v1", "NetworkPolicy", "networkpolicy.networking.k8s.io", "netpol", "row", "spec: {podSelector: {matchLabels: {app: x}}}",
            "NAME POD-SELECTOR AGE|row app=x AGE"
        },
        {
            "networking.k8s.io/v1", "ServiceCIDR", "servicecidr.networking.k8s.io", "servicecidrs", "row", "spec: {cidrs: [10.97.0.0/24]}",
            "NAME CIDRS AGE|row 10.97.0.0/24 AGE"
        },
        {
            "networking.k8s.io/v1", "IPAddress", "ipaddress.networking.k8s.io", "ip", "10.97.0.9",
            "spec: {parentRef: {resource: services, namespace: default, name: s}}", "NAME PARENTREF|10.97.0.9 services/default/s"
        },
        {
            "policy/v1", "PodDisruptionBudget", "poddisruptionbudget.policy", "pdb", "row", $"spec: {{maxUnavailable: 25%, {Selector}}}",
            "NAME MIN AVAILABLE MAX UNAVAILABLE ALLOWED DISRUPTIONS AGE|row N/A 25% 0 AGE"
        },
        {
            "rbac.authorization.k8s.io/v1", "Role", "role.rbac.authorization.k8s.io", "roles", "row:a",
            "rules: [{apiGroups: [''], resources: [pods], verbs: [get]}]", "NAME CREATED AT|row:a TIME"
        },
        {
            "rbac.authorization.k8s.io/v1", "ClusterRole", "clusterrole.rbac.authorization.k8s.io", "clusterroles", "row:a",
            "rules: [{nonResourceURLs: [/x], verbs: [get]}]", "NAME CREATED AT|row:a TIME"
        },
        {
            "rbac.authorization.k8s.io/v1", "RoleBinding", "rolebinding.rbac.authorization.k8s.io", "rolebindings", "row",
            $"{Class}\nsubjects: [{{kind: User, name: u}}, {{kind: ServiceAccount, name: s, namespace: ns}}]",
            "NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS|row ClusterRole/view AGE u ns/s"
        },
        {
            "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebinding.rbac.authorization.k8s.io", "clusterrolebindings", "row",
            $"{Class}\nsubjects: [{{kind: Group, name: g}}]", "NAME ROLE AGE USERS GROUPS SERVICEACCOUNTS|row ClusterRole/view AGE g"
        },
        {
            "scheduling.k8s.io/v1", "PriorityClass", "priorityclass.scheduling.k8s.io", "pc", "row", "value: 7",
            "NAME VALUE GLOBAL-DEFAULT AGE PREEMPTIONPOLICY|row 7 false AGE PreemptLowerPriority"
        },
    };

    public static TheoryData<string, string, string, string> Refusals => new()
    {
        { "v1", "PersistentVolume", "spec: {accessModes: [x], capacity: {storage: 1Gi}}", "spec: Required value: must specify a volume type" },
        { "v1", "PersistentVolumeClaim", "spec: {accessModes: [ReadWriteOnce]}", "spec.resources[storage]: Required value" },
        { "storage.k8s.io/v1", "StorageClass", "provisioner: p\nreclaimPolicy: Keep", "reclaimPolicy: Unsupported value: \"Keep\": supported values: \"Delete\", \"Retain\"" },
        { "apps/v1", "DaemonSet", $"spec: {{selector: {{matchLabels: {{app: other}}}}, {Template}}}", "`selector` does not match template `labels`" },
        { "batch/v1", "Job", $"spec: {{{Template}}}", "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"" },
        { "batch/v1", "CronJob", $"spec: {{schedule: 'x y', jobTemplate: {{spec: {{{OnceTemplate}}}}}}}", "expected exactly 5 fields, found 2: [x y]" },
        { "autoscaling/v2", "HorizontalPodAutoscaler", "spec: {maxReplicas: 0, scaleTargetRef: {kind: K}}", "spec.maxReplicas: Invalid value: 0: must be greater than 0" },
        { "networking.k8s.io/v1", "Ingress", "spec: {}", "either `defaultBackend` or `rules` must be specified" },
        { "networking.k8s.io/v1", "NetworkPolicy", "spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: x}}]}]}", "spec.ingress[0].from[0].ipBlock.cidr: Invalid value: \"x\"" },
        { "networking.k8s.io/v1", "IPAddress", "spec: {parentRef: {resource: services, name: s}}", "must be a valid IP address in canonical form" },
        { "networking.k8s.io/v1", "ServiceCIDR", "spec: {cidrs: [10.0.0.1/24]}", "must not have bits set beyond the prefix length" },
        { "policy/v1", "PodDisruptionBudget", "spec: {minAvailable: 1, maxUnavailable: 1}", "minAvailable and maxUnavailable cannot be both set" },
        { "rbac.authorization.k8s.io/v1", "Role", "rules: [{apiGroups: ['']}]", "rules[0].verbs: Required value: verbs must contain at least one value" },
        { "rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "roleRef: {kind: Role, name: r}", "roleRef.kind: Unsupported value: \"Role\": supported values: \"ClusterRole\"" },
        { "networking.k8s.io/v1", "IngressClass", "spec: {controller: web}", "spec.controller: Invalid value: \"web\": must be a domain-prefixed path (such as \"acme.io/foo\")" },
        { "networking.k8s.io/v1", "IngressClass", "spec: {controller: a.b/c, parameters: {kind: K, name: it, scope: Namespace}}", "spec.parameters.namespace: Required value" },
        { "node.k8s.io/v1", "RuntimeClass", "handler: a.b", "handler: Invalid value: \"a.b\": a lowercase RFC 1123 label must consist of" },
        { "storage.k8s.io/v1", "CSINode", "spec: {drivers: [{name: d, topologyKeys: []}]}", "spec.drivers[0].nodeID: Required value" },
        { "storage.k8s.io/v1", "CSIDriver", "spec: {fsGroupPolicy: Some}", "spec.fsGroupPolicy: Unsupported value: \"Some\"" },
        { "storage.k8s.io/v1", "VolumeAttachment", "spec: {attacher: d, nodeName: here, source: {}}", "spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName" },
        { "v1", "Pod", "spec: {runtimeClassName: none, containers: [{name: c, image: i}]}", "pod rejected: RuntimeClass \"none\" not found" },
        { "scheduling.k8s.io/v1", "PriorityClass", "value: 2000000000", "maximum allowed value of a user defined priority is 1000000000" },
    };

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task A_kind_is_created_shown_described_updated_and_deleted(
        string apiVersion, string kind, string resource, string shortName, string name, string content, string table)
    {
        var created = await kubectl.RunAsync("create -f -", $"apiVersion: {apiVersion}\nkind: {kind}\nmetadata: {{name: '{name}'}}\n{content}\n");
        Assert.Equal($"{resource}/{name} created\n", created);

        if (kind == "PersistentVolume")
        {
            await kubectl.EventuallyAsync($"get pv {name}", "Available");
        }

        var lines = table.Split('|');

        // What a controller writes comes a moment later.
        var expected = $"^{System.Text.RegularExpressions.Regex.Escape(lines[0])}\n{Expected(lines[1])}$";
        await kubectl.EventuallyAsync(
            $"get {shortName} {name} -o wide",
            shown => System.Text.RegularExpressions.Regex.IsMatch(string.Join('\n', shown.TrimEnd('\n').Split('\n').Select(Columns)), expected),
            table);

        Assert.Matches($@"Name: +{name}\b", await kubectl.RunAsync($"describe {shortName} {name}"));

        Assert.Equal($"{resource}/{name} labeled\n", await kubectl.RunAsync($"label {shortName} {name} a=b"));
        Assert.Equal($"{resource}/{name}\n", await kubectl.RunAsync($"get {shortName} -l a=b -o name"));
        Assert.Contains($"{resource.Split('.')[0]}", await kubectl.RunAsync($"delete {shortName} {name} --cascade=foreground"));
        Assert.Contains($"\"{name}\" not found", await kubectl.RunAsync($"get {shortName} {name}"));
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_bad_object_is_refused_with_the_field_and_the_reason(string apiVersion, string kind, string content, string expected) =>
        Assert.Contains(expected, await kubectl.RunAsync("create -f -", $"apiVersion: {apiVersion}\nkind: {kind}\nmetadata: {{name: bad}}\n{content}\n"));

    [Fact]
    public async Task The_default_service_range_is_an_object() =>
        Assert.Equal("10.96.0.0/16 True", await kubectl.RunAsync("get servicecidr kubernetes -o jsonpath={.spec.cidrs[0]}{\"\\u0020\"}{.status.conditions[0].status}"));

    [Fact]
    public async Task A_job_gets_a_selector_of_its_own()
    {
        await kubectl.RunAsync("create job own --image=i");
        var uid = await kubectl.RunAsync("get job own -o jsonpath={.metadata.uid}");
        Assert.Equal($"{{\"batch.kubernetes.io/controller-uid\":\"{uid}\"}}", await kubectl.RunAsync("get job own -o jsonpath={.spec.selector.matchLabels}"));
        Assert.Equal("own", await kubectl.RunAsync("get job own -o jsonpath={.spec.template.metadata.labels.job-name}"));
        Assert.Matches("^NAME STATUS COMPLETIONS DURATION AGE\nown (Running )?0/1", Columns(await kubectl.RunAsync("get job own")));
    }

    [Fact]
    public async Task A_namespace_takes_objects_of_every_kind_with_it()
    {
        await kubectl.RunAsync("create namespace going");
        await kubectl.RunAsync("create quota q --hard=pods=1 -n going");
        await kubectl.RunAsync("create job j --image=i -n going");
        await kubectl.RunAsync("create role r --verb=get --resource=pods -n going");
        Assert.Equal("namespace \"going\" deleted\n", await kubectl.RunAsync("delete namespace going"));
        await kubectl.RunAsync("create namespace going");
        Assert.Equal("No resources found in going namespace.\n", await kubectl.RunAsync("get quota,job,role -n going"));
    }

    /// <summary>Runs of blanks as one.</summary>
    private static string Columns(string text) => System.Text.RegularExpressions.Regex.Replace(text, " +", " ").Trim();

    private static string Expected(string row) => System.Text.RegularExpressions.Regex.Escape(row).Replace("AGE", @"\d+s").Replace("TIME", @"20\d\d-\S+Z");
}
