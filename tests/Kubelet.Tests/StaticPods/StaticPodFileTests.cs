using System.Text;
using Dataplane.Api;
using Dataplane.Kubelet.StaticPods;

namespace Dataplane.Kubelet.Tests.StaticPods;

public sealed class StaticPodFileTests
{
    private const string Web = """
        apiVersion: v1
        kind: Pod
        metadata: {name: web, labels: {app: web}}
        spec: {containers: [{name: main, image: nginx}]}
        """;

    [Fact]
    public void A_pod_is_named_after_its_node_and_known_by_its_content()
    {
        var pod = Parse(Web);
        Assert.Equal(new NamespacedName("default", "web-node-1"), NamespacedName.Of(pod));
        Assert.Equal("Node-1", pod.Spec.NodeName);
        Assert.Matches("^[0-9a-f]{32}$", pod.Metadata.UID);
        Assert.Equal(("file", pod.Metadata.UID), (pod.Metadata.Annotations["kubernetes.io/config.source"], pod.Metadata.Annotations["kubernetes.io/config.hash"]));
        Assert.Contains(pod.Spec.Tolerations, toleration => toleration is { Operator: "Exists", Effect: "NoExecute" });
        Assert.Equal(pod.Metadata.UID, Parse(Web).Metadata.UID);
        Assert.NotEqual(pod.Metadata.UID, Parse(Web + "\n# changed").Metadata.UID);
    }

    [Fact]
    public void A_mirror_says_whose_it_is()
    {
        var pod = Parse(Web);
        var mirror = StaticPodFile.MirrorOf(pod, new Node { Metadata = new ObjectMeta { Name = "Node-1", UID = "n" } });
        Assert.True(StaticPodFile.IsMirror(mirror));
        Assert.False(StaticPodFile.IsMirror(pod));
        Assert.Equal(pod.Metadata.UID, mirror.Metadata.Annotations["kubernetes.io/config.mirror"]);
        Assert.Equal("", mirror.Metadata.UID);
        Assert.Equal(("Node", "Node-1", true), mirror.Metadata.OwnerReferences.Select(owner => (owner.Kind, owner.Name, owner.Controller)).Single());
    }

    [Theory]
    [InlineData("{", "yaml: ")]
    [InlineData("apiVersion: v1\nkind: Service", "invalid pod: apiVersion v1, kind Service")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: x}", "invalid pod: metadata.name and spec.containers are required")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: 3}", "couldn't parse as pod: ")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {containers: [{name: c, envFrom: [{secretRef: {name: s}}]}]}", "static pods may not reference secrets: s")]
    [InlineData("apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {serviceAccountName: a, containers: [{name: c}]}", "static pods may not reference serviceaccounts")]
    public void What_is_no_pod_is_refused(string text, string why) => Assert.StartsWith(why, Assert.Throws<FormatException>(() => Parse(text)).Message);

    private static Pod Parse(string text) => StaticPodFile.Parse("/etc/web.yaml", Encoding.UTF8.GetBytes(text), "Node-1", DateTimeOffset.UnixEpoch);
}
