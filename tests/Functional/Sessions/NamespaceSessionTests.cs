using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>Namespaces, nodes and bulk deletes as the walkthroughs use them.</summary>
[Collection(ClusterCollection.Name)]
public sealed class NamespaceSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task ANamespaceGoesWithWhatIsInIt()
    {
        Assert.Contains("kube-system", await cluster.KubectlAsync("get", "ns"));
        await cluster.KubectlAsync("create", "-f", Path.Combine(ClusterFixture.Manifests, "namespace.yaml"));
        await cluster.KubectlAsync("run", "nginx", "--image=nginx", "-n", "new-namespace");
        await cluster.EventuallyAsync(text => text.Contains("1/1"), "get", "pod", "nginx", "-n", "new-namespace");
        Assert.Matches(@"new-namespace +nginx ", await cluster.KubectlAsync("get", "pods", "--all-namespaces"));
        Assert.Contains("Active", await cluster.KubectlAsync("describe", "namespace", "new-namespace"));
        await cluster.KubectlAsync("delete", "ns", "new-namespace");
        Assert.Contains("NotFound", (await cluster.TryKubectlAsync("get", "ns", "new-namespace")).Error);
        Assert.DoesNotContain("new-namespace", await cluster.KubectlAsync("get", "pods", "--all-namespaces"));
    }

    [Fact]
    public async Task ALimitRangeGivesNewContainersItsDefaults()
    {
        await cluster.KubectlAsync("create", "-f", Path.Combine(ClusterFixture.Manifests, "namespace.yaml"));
        try
        {
            await cluster.KubectlAsync("create", "-f", Path.Combine(ClusterFixture.Manifests, "limitrange.yaml"));
            Assert.Matches(@"Container +memory +- +- +256Mi +512Mi", await cluster.KubectlAsync("describe", "namespace", "new-namespace"));
            await cluster.KubectlAsync("run", "limited", "--image=nginx", "-n", "new-namespace");
            Assert.Equal(
                "256Mi 512Mi",
                await cluster.KubectlAsync(
                    "get", "pod", "limited", "-n", "new-namespace", "-o",
                    "jsonpath={.spec.containers[0].resources.requests.memory} {.spec.containers[0].resources.limits.memory}"));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "ns", "new-namespace");
        }
    }

    [Theory]
    [InlineData("Upper")]
    [InlineData("-dash")]
    [InlineData("a.b")]
    public async Task ABrokenNamespaceNameIsRefusedWithItsField(string name)
    {
        var manifest = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(manifest, $"apiVersion: v1\nkind: Namespace\nmetadata: {{name: \"{name}\"}}\n");
        var refused = await cluster.TryKubectlAsync("create", "-f", manifest);
        File.Delete(manifest);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.StartsWith($"The Namespace \"{name}\" is invalid: ", refused.Error);
        Assert.Contains($"metadata.name: Invalid value: \"{name}\": a lowercase RFC 1123 label", refused.Error);
    }

    [Fact]
    public async Task AnUnknownFieldIsNamed()
    {
        var manifest = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.yaml");
        await File.WriteAllTextAsync(manifest, "apiVersion: v1\nkind: Service\nmetadata: {name: odd}\nspec: {ports: [{port: 80}], colour: blue}\n");
        var refused = await cluster.TryKubectlAsync("create", "-f", manifest);
        File.Delete(manifest);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("unknown field \"spec.colour\"", refused.Error);
        Assert.Contains("NotFound", (await cluster.TryKubectlAsync("get", "service", "odd")).Error);
    }

    [Fact]
    public async Task ANodeSelectorPicksTheLabelledNode()
    {
        await cluster.KubectlAsync("label", "node", "node-2", "gpu=true");
        try
        {
            Assert.Equal("node/node-2", (await cluster.KubectlAsync("get", "node", "-l", "gpu=true", "-o", "name")).Trim());
            Assert.Matches(@"NAME +STATUS +ROLES +AGE +VERSION +GPU", await cluster.KubectlAsync("get", "node", "-L", "gpu"));
            await cluster.KubectlAsync(
                "run", "picky", "--image=centos", "--restart=Never", "--overrides", """{"spec":{"nodeSelector":{"gpu":"true"},"terminationGracePeriodSeconds":0}}""",
                "--", "sleep", "600");
            Assert.Equal("node-2", await cluster.EventuallyAsync(text => text.Length > 0, "get", "pod", "picky", "-o", "jsonpath={.spec.nodeName}"));
        }
        finally
        {
            await cluster.TryKubectlAsync("delete", "pod", "picky");
            await cluster.KubectlAsync("label", "node", "node-2", "gpu-");
        }
    }

    [Fact]
    public async Task TheKubernetesServiceComesBackByItself()
    {
        await cluster.KubectlAsync("delete", "service", "kubernetes");
        await cluster.EventuallyAsync(text => text.Contains("10.96.0.1"), "get", "service", "kubernetes");
    }

    [Fact]
    public async Task AWatchShowsAPodComeAndGo()
    {
        using var watch = Programs.Start("kubectl", ["get", "pods", "-w", "-l", "run=watched"], cluster.Environment);
        var seen = new System.Text.StringBuilder();
        var gone = new TaskCompletionSource();
        watch.OutputDataReceived += (_, line) =>
        {
            seen.AppendLine(line.Data);
            if (line.Data is { } text && Regex.IsMatch(text, @"^watched .*Terminating"))
            {
                gone.TrySetResult();
            }
        };
        watch.BeginOutputReadLine();
        watch.BeginErrorReadLine();
        await cluster.KubectlAsync("run", "watched", "--image=centos", "--", "sleep", "600");
        await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", "watched");
        await cluster.KubectlAsync("delete", "pod", "watched", "--grace-period=1");
        await Task.WhenAny(gone.Task, Task.Delay(TimeSpan.FromSeconds(10)));
        watch.Kill();
        await watch.WaitForExitAsync();
        Assert.Matches(@"watched +0/1 +Pending", seen.ToString());
        Assert.Matches(@"watched +1/1 +Running", seen.ToString());
        Assert.Matches(@"watched .*Terminating", seen.ToString());
    }
}
