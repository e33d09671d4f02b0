using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>Nodes and their labels.</summary>
[Collection(ClusterCollection.Name)]
public sealed class NodeSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task ANodeSelectorPicksTheLabelledNodeAndNoOther()
    {
        Assert.Equal("node/node-2 labeled\n", await cluster.KubectlAsync("label", "node", "node-2", "gpu=true"));
        try
        {
            Screen.Shows("NAME STATUS ROLES AGE VERSION\nnode-2 Ready {any} {age} v1.32.{id}", VersionOf(await cluster.KubectlAsync("get", "node", "-l", "gpu=true")));
            Screen.Shows(
                """
                NAME STATUS ROLES AGE VERSION GPU
                node-1 Ready {any} {age} v1.32.{id}
                node-2 Ready {any} {age} v1.32.{id} true
                """,
                VersionOf(await cluster.KubectlAsync("get", "node", "-L", "gpu")));
            await PickyAsync("picky", "true");
            await PickyAsync("too-picky", "twice");
            Assert.Equal("node-2", await cluster.EventuallyAsync(text => text.Length > 0, "get", "pod", "picky", "-o", "jsonpath={.spec.nodeName}"));
            await cluster.EventuallyAsync(
                text => Regex.IsMatch(text, @"Warning +FailedScheduling .*default-scheduler +0/2 nodes are available: 2 node\(s\) didn't match Pod's node affinity/selector\."),
                "describe", "pod", "too-picky");
            Screen.Contains("too-picky 0/1 Pending 0 {age}", await cluster.KubectlAsync("get", "pod", "too-picky"));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "pod", "picky", "too-picky");
            Assert.Equal("node/node-2 unlabeled\n", await cluster.KubectlAsync("label", "node", "node-2", "gpu-"));
        }

        Task<string> PickyAsync(string name, string gpu) => cluster.KubectlAsync(
            "run", name, "--image=centos", "--restart=Never", "--overrides",
            $$$"""{"spec":{"nodeSelector":{"gpu":"{{{gpu}}}"},"terminationGracePeriodSeconds":0}}""", "--", "sleep", "600");
    }

    [Fact]
    public async Task ANodeIsDescribed()
    {
        var described = await cluster.KubectlAsync("describe", "node", "node-1");
        foreach (var expected in new[]
        {
            "Name: node-1", "Taints: <none>", "Unschedulable: false", "Addresses:\nInternalIP: 172.30.0.11\nHostname: node-1",
            "Ready True {any} KubeletReady {any}", "PodCIDR: 10.244.1.0/24", "Lease:\nHolderIdentity: node-1\nAcquireTime: {any}\nRenewTime: {any}",
        })
        {
            Screen.Contains(expected, described);
        }
    }

    /// <summary>The part of a version that is a build's own reads as one word.</summary>
    private static string VersionOf(string table) => table.Replace('+', '-');
}
