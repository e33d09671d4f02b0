namespace Dataplane.ControlPlane.Tests.Kubectl;

/// <summary>What the real kubectl does and prints. Each test uses names of its own: they share one server.</summary>
public sealed class KubectlTests(KubectlFixture kubectl) : IClassFixture<KubectlFixture>
{
    private const string Pod = """
        apiVersion: v1
        kind: Pod
        metadata: {name: NAME, labels: {app: NAME}}
        spec: {containers: [{name: c, image: nginx}]}
        """;

    public static TheoryData<string, string> Refusals => new()
    {
        { "spec: {foo: 1, ports: [{port: 80}]}", "strict decoding error: unknown field \"spec.foo\"" },
        { "spec: {ports: [{port: 0}]}", "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive" },
        { "spec: {ports: [{port: x}]}", "json: cannot unmarshal string into Go struct field ServicePort.spec.ports.port of type int32" },
        { "spec: {}", "spec.ports: Required value" },
        { "spec: {clusterIP: 10.96.0.1, ports: [{port: 1}]}", "failed to allocate IP 10.96.0.1: provided IP is already allocated" },
        { "spec: {clusterIP: 10.1.0.1, ports: [{port: 1}]}", "the provided IP (10.1.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16" },
        { "spec: {ports: [{port: 1, nodePort: 30000}]}", "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'" },
        { "spec: {type: NodePort, ports: [{port: 1, nodePort: 80}]}", "provided port is not in the valid range. The range of valid ports is 30000-32767" },
        { "spec: {ports: [{port: 1}, {port: 2}]}", "spec.ports[0].name: Required value" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task A_bad_service_is_refused_with_the_field_and_the_reason(string spec, string expected) =>
        Assert.Contains(expected, await kubectl.RunAsync("create -f -", $"apiVersion: v1\nkind: Service\nmetadata: {{name: bad}}\n{spec}\n"));

    [Theory]
    [InlineData("create namespace pb-ns", "namespace/pb-ns created")]
    [InlineData("create deployment pb-web --image=nginx --replicas=2 --port=80", "deployment.apps/pb-web created")]
    [InlineData("create service clusterip pb-svc --tcp=80:8080", "service/pb-svc created")]
    [InlineData("create service nodeport pb-np --tcp=80:80", "service/pb-np created")]
    [InlineData("create configmap pb-cm --from-literal=a=b", "configmap/pb-cm created")]
    [InlineData("create secret generic pb-s --from-literal=a=b", "secret/pb-s created")]
    [InlineData("create serviceaccount pb-sa", "serviceaccount/pb-sa created")]
    [InlineData("create job pb-job --image=busybox", "job.batch/pb-job created")]
    [InlineData("create cronjob pb-cj --image=busybox --schedule=@hourly", "cronjob.batch/pb-cj created")]
    [InlineData("create ingress pb-ing --rule=a.example/x=web:80", "ingress.networking.k8s.io/pb-ing created")]
    [InlineData("create role pb-role --verb=get --resource=pods", "role.rbac.authorization.k8s.io/pb-role created")]
    [InlineData("create clusterrole pb-cr --verb=get --resource=pods", "clusterrole.rbac.authorization.k8s.io/pb-cr created")]
    [InlineData("create rolebinding pb-rb --clusterrole=view --user=a", "rolebinding.rbac.authorization.k8s.io/pb-rb created")]
    [InlineData("create clusterrolebinding pb-crb --clusterrole=view --group=g", "clusterrolebinding.rbac.authorization.k8s.io/pb-crb created")]
    [InlineData("create poddisruptionbudget pb-pdb --selector=app=x --min-available=1", "poddisruptionbudget.policy/pb-pdb created")]
    [InlineData("create quota pb-q --hard=pods=200", "resourcequota/pb-q created")]
    [InlineData("create priorityclass pb-pc --value=5", "priorityclass.scheduling.k8s.io/pb-pc created")]
    [InlineData("auth can-i get pods", "yes")]
    public async Task Commands_that_send_protobuf_work(string command, string expected) => Assert.Contains(expected, await kubectl.RunAsync(command));

    [Fact]
    public async Task A_pod_is_created_listed_selected_labelled_patched_and_deleted()
    {
        Assert.Equal("pod/life created\n", await kubectl.RunAsync("create -f -", Pod.Replace("NAME", "life")));
        Assert.Contains("pods \"life\" already exists", await kubectl.RunAsync("create -f -", Pod.Replace("NAME", "life")));
        Assert.Matches("NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES\nlife +0/1 +Pending", await kubectl.RunAsync("get pod life -o wide"));
        Assert.Equal("pod/life\n", await kubectl.RunAsync("get pods -l app=life,app!=x,!absent -o name"));
        Assert.Contains("already has a value (life), and --overwrite is false", await kubectl.RunAsync("label pod life app=other"));
        Assert.Equal("pod/life labeled\n", await kubectl.RunAsync("label --overwrite pod life app=other"));
        Assert.Equal("pod/life image updated\n", await kubectl.RunAsync("set image pod/life c=nginx:2"));
        Assert.Equal("nginx:2", await kubectl.RunAsync("get pod life -o jsonpath={.spec.containers[0].image}"));
        Assert.Contains("pod updates may not change fields other than", await kubectl.RunAsync("patch pod life -p {\"spec\":{\"hostname\":\"x\"}}"));
        Assert.Equal("pod \"life\" deleted\n", await kubectl.RunAsync("delete pod life"));
        Assert.Equal("Error from server (NotFound): pods \"life\" not found\n", await kubectl.RunAsync("get pod life"));
    }

    [Fact]
    public async Task Apply_creates_then_configures_then_has_nothing_to_do()
    {
        var manifest = Pod.Replace("NAME", "applied");
        Assert.Equal("pod/applied created\n", await kubectl.RunAsync("apply -f -", manifest));
        Assert.Equal("pod/applied unchanged\n", await kubectl.RunAsync("apply -f -", manifest));
        Assert.Equal("pod/applied configured\n", await kubectl.RunAsync("apply -f -", manifest.Replace("image: nginx", "image: nginx:9")));
    }

    [Fact]
    public async Task Server_side_apply_creates_changes_conflicts_and_forces()
    {
        const string manifest = """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: ssa, labels: {app: ssa}}
            spec:
              replicas: 0
              selector: {matchLabels: {app: ssa}}
              template: {metadata: {labels: {app: ssa}}, spec: {containers: [{name: c, image: nginx}]}}
            """;
        const string version = "get deployment ssa -o jsonpath={.metadata.generation}";
        Assert.Equal("deployment.apps/ssa serverside-applied\n", await kubectl.RunAsync("apply --server-side -f -", manifest));
        Assert.Equal("deployment.apps/ssa serverside-applied\n", await kubectl.RunAsync("apply --server-side -f -", manifest));
        Assert.Equal("1", await kubectl.RunAsync(version));
        Assert.Equal("deployment.apps/ssa serverside-applied\n", await kubectl.RunAsync("apply --server-side -f -", manifest.Replace("nginx", "nginx:2")));
        Assert.Equal("2", await kubectl.RunAsync(version));
        Assert.Contains(
            "Apply failed with 1 conflict: conflict with \"kubectl\": .spec.template.spec.containers[name=\"c\"].image",
            await kubectl.RunAsync("apply --server-side --field-manager=other -f -", manifest));
        await kubectl.RunAsync("label deployment ssa app=own --overwrite");
        Assert.Contains(
            "conflict with \"kubectl-label\" using apps/v1: .metadata.labels.app",
            await kubectl.RunAsync("apply --server-side -f -", manifest.Replace("nginx", "nginx:2")));
        Assert.Equal(
            "deployment.apps/ssa serverside-applied\n",
            await kubectl.RunAsync("apply --server-side --field-manager=other --force-conflicts -f -", manifest));
        Assert.Equal("nginx", await kubectl.RunAsync("get deployment ssa -o jsonpath={.spec.template.spec.containers[0].image}"));
        var shown = await kubectl.RunAsync("get deployment ssa -o yaml --show-managed-fields");
        Assert.Contains("manager: other\n    operation: Apply", shown);
        Assert.Contains("k:{\"name\":\"c\"}:", shown);
        Assert.DoesNotContain("managedFields", await kubectl.RunAsync("get deployment ssa -o yaml"));
    }

    [Fact]
    public async Task Client_side_apply_moves_to_the_server_side()
    {
        // Both with a tag: the pull policy, which the move drops and defaults again, may not change.
        var manifest = Pod.Replace("NAME", "moved").Replace("image: nginx", "image: nginx:8");
        Assert.Equal("pod/moved created\n", await kubectl.RunAsync("apply -f -", manifest));
        Assert.Equal("pod/moved serverside-applied\n", await kubectl.RunAsync("apply --server-side -f -", manifest.Replace("nginx:8", "nginx:9")));
        Assert.Equal("nginx:9", await kubectl.RunAsync("get pod moved -o jsonpath={.spec.containers[0].image}"));
    }

    [Fact]
    public async Task Scale_goes_through_its_subresource()
    {
        await kubectl.RunAsync("create deployment scaled --image=nginx");
        Assert.Equal("deployment.apps/scaled scaled\n", await kubectl.RunAsync("scale deployment scaled --replicas=0"));
        Assert.Equal("0", await kubectl.RunAsync("get deployment scaled -o jsonpath={.spec.replicas}"));
    }

    [Fact]
    public async Task The_service_kubernetes_comes_back()
    {
        Assert.Equal("service \"kubernetes\" deleted\n", await kubectl.RunAsync("delete service kubernetes --wait=false"));
        await kubectl.EventuallyAsync("get service kubernetes -o jsonpath={.spec.clusterIP}", "10.96.0.1");
    }

    [Fact]
    public async Task Explain_reads_the_schema()
    {
        var text = await kubectl.RunAsync("explain service.spec.ports");
        Assert.Contains("FIELD: ports <[]ServicePort>", text);
        Assert.Contains("targetPort\t<IntOrString>", text);
    }

    [Fact]
    public async Task A_list_in_pieces_is_whole()
    {
        var manifest = string.Join("\n---\n", Enumerable.Range(0, 7).Select(i => $"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: piece-{i}, labels: {{in: pieces}}}}"));
        await kubectl.RunAsync("create -f -", manifest);
        Assert.Equal(7, (await kubectl.RunAsync("get configmaps -l in=pieces --chunk-size=2 -o name")).Count(c => c == '\n'));
    }
}
