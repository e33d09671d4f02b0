using System.Text;

namespace Dataplane.Api.Tests.Json;

/// <summary>What lists and watches read is one instance wherever it is the same, and says what is in the JSON.</summary>
public sealed class SharedValueTests
{
    [Fact]
    public async Task Pods_of_one_template_share_what_they_have_in_common()
    {
        var list = await ReadAsync(Pod("a", "x1"), Pod("b", "x2"));
        var (first, second) = (list.Items[0], list.Items[1]);
        Assert.Same(first.Spec.Containers[0].Env, second.Spec.Containers[0].Env);
        Assert.Same(first.Spec.Containers[0].Resources, second.Spec.Containers[0].Resources);
        Assert.Same(first.Spec.Containers[0].ReadinessProbe, second.Spec.Containers[0].ReadinessProbe);
        Assert.Same(first.Spec.Tolerations, second.Spec.Tolerations);
        Assert.Same(first.Metadata.Labels, second.Metadata.Labels);
        Assert.Same(first.Spec.Containers[0].Image, second.Spec.Containers[0].Image);
        Assert.Same(first.Status.Phase, second.Status.Phase);
        Assert.Equal(("a", "b"), (first.Metadata.Name, second.Metadata.Name));
        Assert.Equal(("kube-api-access-x1", "kube-api-access-x2"), (first.Spec.Containers[0].VolumeMounts[0].Name, second.Spec.Containers[0].VolumeMounts[0].Name));
    }

    [Theory]
    [InlineData("web", "i")]
    [InlineData("größe", "ein \\u00e4 und ein \\n")]
    [InlineData("", "")]
    public async Task What_is_read_is_what_is_there(string label, string image)
    {
        var json = Pod("a", "x1").Replace("\"web\"", $"\"{label}\"", StringComparison.Ordinal).Replace("\"img\"", $"\"{image}\"", StringComparison.Ordinal);
        var list = await ReadAsync(json, json);
        var plain = ApiJson.Deserialize<Pod>(Encoding.UTF8.GetBytes(json));
        Assert.All(list.Items, pod => Assert.Equal(Text(plain), Text(pod)));
    }

    [Fact]
    public async Task A_value_of_another_type_is_refused_with_its_path()
    {
        var failure = await Assert.ThrowsAsync<System.Text.Json.JsonException>(
            () => ReadAsync(Pod("a", "x").Replace("\"img\"", "7", StringComparison.Ordinal)).AsTask());
        Assert.Contains("$.items[0].spec.containers[0].image", failure.Message, StringComparison.Ordinal);
    }

    private static string Text(Pod pod) => Encoding.UTF8.GetString(ApiJson.Serialize(pod));

    private static ValueTask<KubernetesList<Pod>> ReadAsync(params string[] pods) => ApiJson.DeserializeAsync<KubernetesList<Pod>>(
        new MemoryStream(Encoding.UTF8.GetBytes($$$"""{"kind":"PodList","metadata":{},"items":[{{{string.Join(",", pods)}}}]}""")), TestContext.Current.CancellationToken);

    private static string Pod(string name, string suffix) =>
        $$$"""
        {"metadata":{"name":"{{{name}}}","labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"img","env":[{"name":"A","value":"1"}],
        "resources":{"requests":{"cpu":"100m"}},"readinessProbe":{"httpGet":{"port":80}},"volumeMounts":[{"name":"kube-api-access-{{{suffix}}}","mountPath":"/v"}]}],
        "tolerations":[{"key":"k","operator":"Exists"}]},"status":{"phase":"Running"}}
        """;
}
