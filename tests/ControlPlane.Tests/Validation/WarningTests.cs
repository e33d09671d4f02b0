using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Validation;

/// <summary>What is valid and should not be written, as upstream warns of it: every warning of an object, in order.</summary>
public sealed class WarningTests(ValidationServer fixture) : IClassFixture<ValidationServer>
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string Services = "/api/v1/namespaces/default/services";

    public static TheoryData<string, string[]> PodSpecs => new()
    {
        { "nodeSelector: {beta.kubernetes.io/os: linux}", ["spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use \"kubernetes.io/os\" instead"] },
        { "volumes: [{name: v, gitRepo: {repository: r}}]", ["spec.volumes[0].gitRepo: deprecated in v1.11"] },
        {
            "topologySpreadConstraints: [{maxSkew: 1, topologyKey: k, whenUnsatisfiable: ScheduleAnyway}]",
            ["spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod"]
        },
        {
            "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: k}]}}",
            ["spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: a null labelSelector results in matching no pod"]
        },
        { "hostAliases: [{ip: 10.0.0.1, hostnames: [a]}, {ip: 10.0.0.1, hostnames: [b]}]", ["spec.hostAliases[1].ip: duplicate ip \"10.0.0.1\""] },
        { "nodeName: n", [] },
    };

    public static TheoryData<string, string[]> Containers => new()
    {
        {
            "env: [{name: A, value: x}, {name: A, value: y}]",
            ["spec.containers[0].env[1]: hides previous definition of \"A\", which may be dropped when using apply"]
        },
        { "env: [{name: A, value: x}, {name: A, value: $(A)y}]", [] },
        {
            "ports: [{containerPort: 80}, {containerPort: 80}]",
            ["spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]"]
        },
        { "ports: [{containerPort: 80}, {containerPort: 80, protocol: UDP}]", [] },
        {
            "resources: {limits: {memory: 100m}}",
            ["spec.containers[0].resources.limits[memory]: fractional byte value \"100m\" is invalid, must be an integer",
             "spec.containers[0].resources.requests[memory]: fractional byte value \"100m\" is invalid, must be an integer"]
        },
    };

    public static TheoryData<string, string[]> ServiceSpecs => new()
    {
        { "clusterIP: None, sessionAffinity: ClientIP", ["spec.SessionAffinity is ignored for headless services"] },
        { "externalName: a.b", ["spec.externalName is ignored when spec.type is not \"ExternalName\""] },
        { "type: ExternalName, externalName: a.b, externalIPs: [10.0.0.1]", ["spec.externalIPs is ignored when spec.type is \"ExternalName\""] },
        { "externalIPs: ['2001:DB8::1']", ["spec.externalIPs[0]: IPv6 address \"2001:DB8::1\" should be in RFC 5952 canonical format (\"2001:db8::1\")"] },
        { "sessionAffinity: ClientIP", [] },
    };

    [Theory]
    [MemberData(nameof(PodSpecs))]
    public async Task A_pod_is_warned_of(string spec, string[] warnings) =>
        Assert.Equal(warnings, await WarnedAsync(Pods, $"{{metadata: {{name: p}}, spec: {{containers: [{{name: c, image: i}}], {spec}}}}}"));

    [Theory]
    [MemberData(nameof(Containers))]
    public async Task A_container_is_warned_of(string container, string[] warnings) =>
        Assert.Equal(warnings, await WarnedAsync(Pods, $"{{metadata: {{name: p}}, spec: {{containers: [{{name: c, image: i, {container}}}]}}}}"));

    [Theory]
    [MemberData(nameof(ServiceSpecs))]
    public async Task A_service_is_warned_of(string spec, string[] warnings) =>
        Assert.Equal(warnings, await WarnedAsync(Services, $"{{metadata: {{name: s}}, spec: {{ports: [{{port: 80}}], {spec}}}}}"));

    [Fact]
    public async Task Names_that_are_no_host_names_are_warned_of()
    {
        Assert.StartsWith(
            "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [",
            Assert.Single(await WarnedAsync(Pods, "{metadata: {name: a.b}, spec: {containers: [{name: c, image: i}]}}")),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "metadata.name: this is used in Pod names and hostnames, which can result in surprising behavior; a DNS label is recommended: [",
            Assert.Single(await WarnedAsync(
                "/apis/apps/v1/namespaces/default/deployments",
                "{metadata: {name: a.b}, spec: {selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}}")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_old_annotation_of_ingress_classes_is_warned_of() => Assert.Equal(
        ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"],
        await WarnedAsync(
            "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
            "{metadata: {name: i, annotations: {kubernetes.io/ingress.class: c}}, spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}}"));

    /// <summary>Creates an object without keeping it.</summary>
    private async Task<string[]> WarnedAsync(string path, string yaml)
    {
        using var answer = await fixture.Server.SendAsync(HttpMethod.Post, $"{path}?dryRun=All", body: yaml, type: "application/yaml");
        var text = await answer.Content.ReadAsStringAsync(RawServer.Cancellation);
        Assert.True((int)answer.StatusCode == 201, text);
        return answer.Headers.NonValidated.TryGetValues("Warning", out var values)
            ? [.. values.Select(value => value["299 - \"".Length..^1].Replace("\\\"", "\"", StringComparison.Ordinal))]
            : [];
    }
}
