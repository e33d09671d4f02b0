using Dataplane.ControlPlane.Tests.Http;

namespace Dataplane.ControlPlane.Tests.Admission;

public sealed class LimitRangeTests
{
    /// <summary>A limit, a kind, an object's resources and the refusal; empty when there is none.</summary>
    public static TheoryData<string, string, string, string> Cases => new()
    {
        {
            "{type: Container, min: {cpu: 100m}}", "pods", "[{requests: {cpu: 50m}}]",
            "pods \"x\" is forbidden: minimum cpu usage per Container is 100m, but request is 50m"
        },
        { "{type: Container, min: {ephemeral-storage: '1'}, default: {cpu: '1'}}", "pods", "[{}]", "" },
        { "{type: Container, min: {cpu: 100m}, max: {cpu: '1'}}", "pods", "[{}]", "" },
        { "{type: Pod, min: {cpu: 100m}}", "pods", "[{}]", "minimum cpu usage per Pod is 100m.  No request is specified" },
        {
            "{type: Container, max: {memory: 1Gi}}", "pods", "[{limits: {memory: 2Gi}}]",
            "maximum memory usage per Container is 1Gi, but limit is 2Gi"
        },
        { "{type: Pod, max: {memory: 1Gi}}", "pods", "[{requests: {memory: 1Gi}}]", "maximum memory usage per Pod is 1Gi.  No limit is specified" },
        {
            "{type: Pod, max: {memory: 1Gi}}", "pods", "[{limits: {memory: 600Mi}}, {limits: {memory: 600Mi}}]",
            "maximum memory usage per Pod is 1Gi, but limit is 1200Mi"
        },
        { "{type: Container, max: {memory: 1Gi}}", "pods", "[{limits: {memory: 600Mi}}, {limits: {memory: 600Mi}}]", "" },
        {
            "{type: Container, maxLimitRequestRatio: {cpu: '2'}}", "pods", "[{requests: {cpu: 100m}, limits: {cpu: 500m}}]",
            "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000"
        },
        {
            "{type: Pod, maxLimitRequestRatio: {cpu: '2'}}", "pods", "[{}]",
            "cpu max limit to request ratio per Pod is 2, but no request is specified or request is 0"
        },
        {
            "{type: Container, max: {cpu: '1', memory: 1Gi}}", "pods", "[{limits: {cpu: '2', memory: 2Gi}}]",
            "[maximum cpu usage per Container is 1, but limit is 2, maximum memory usage per Container is 1Gi, but limit is 2Gi]"
        },
        {
            "{type: PersistentVolumeClaim, min: {storage: 1Gi}}", "persistentvolumeclaims", "{requests: {storage: 1Mi}}",
            "persistentvolumeclaims \"x\" is forbidden: minimum storage usage per PersistentVolumeClaim is 1Gi, but request is 1Mi"
        },
        {
            "{type: PersistentVolumeClaim, max: {storage: 1Gi}}", "persistentvolumeclaims", "{requests: {storage: 2Gi}}",
            "maximum storage usage per PersistentVolumeClaim is 1Gi, but request is 2Gi"
        },
        { "{type: PersistentVolumeClaim, max: {storage: 1Gi}}", "persistentvolumeclaims", "{requests: {storage: 1Gi}}", "" },
        { "{type: PersistentVolumeClaim, max: {storage: 1Gi}}", "pods", "[{}]", "" },
    };

    [Fact]
    public async Task What_breaks_a_limit_is_refused_in_upstreams_words()
    {
        await using var server = await RawServer.StartAsync();
        var number = 0;
        foreach (var (limit, plural, resources, refusal) in Cases.Select(row => row.Data))
        {
            var ns = $"case-{number++}";
            await server.CreateYamlAsync("/api/v1/namespaces", $"metadata: {{name: {ns}}}");
            await server.CreateYamlAsync($"/api/v1/namespaces/{ns}/limitranges", $"metadata: {{name: l}}\nspec: {{limits: [{limit}]}}");

            var (code, answer) = await server.TryCreateAsync($"/api/v1/namespaces/{ns}/{plural}", plural == "pods" ? Pod(resources) : Claim(resources));

            Assert.True(code == (refusal.Length == 0 ? 201 : 403), $"{limit}: {code} {answer}");
            Assert.Contains(refusal, (string?)answer["message"] ?? "");
        }
    }

    [Fact]
    public async Task A_claim_may_not_grow_past_its_limit()
    {
        await using var server = await RawServer.StartAsync();
        const string here = "/api/v1/namespaces/default";
        await server.CreateYamlAsync($"{here}/limitranges", "metadata: {name: l}\nspec: {limits: [{type: PersistentVolumeClaim, max: {storage: 1Gi}}]}");
        await server.CreateYamlAsync($"{here}/persistentvolumeclaims", Claim("{requests: {storage: 1Gi}}"));

        using var refused = await server.SendAsync(
            HttpMethod.Patch,
            $"{here}/persistentvolumeclaims/x",
            body: """{"spec":{"resources":{"requests":{"storage":"3Gi"}}}}""",
            type: "application/merge-patch+json");

        Assert.Equal(403, (int)refused.StatusCode);
    }

    private static string Pod(string resources)
    {
        var containers = System.Text.RegularExpressions.Regex.Matches(resources, @"\{(?:[^{}]|\{[^{}]*\})*\}").Select((match, i) => $"{{name: c{i}, image: i, resources: {match}}}");
        return $"metadata: {{name: x}}\nspec: {{containers: [{string.Join(", ", containers)}]}}";
    }

    private static string Claim(string resources) =>
        $"metadata: {{name: x}}\nspec: {{storageClassName: slow, accessModes: [ReadWriteOnce], resources: {resources}}}";
}
