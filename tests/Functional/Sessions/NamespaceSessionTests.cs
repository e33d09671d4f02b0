using System.Text.RegularExpressions;

namespace Dataplane.Functional.Sessions;

/// <summary>Namespaces, contexts and limit ranges as the walkthroughs use them.</summary>
[Collection(ClusterCollection.Name)]
public sealed class NamespaceSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task ANamespaceGoesWithWhatIsInIt()
    {
        Assert.Equal("namespace/new-namespace created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("namespace.yaml")));
        Screen.Shows(
            """
            NAME STATUS AGE
            default Active {age}
            kube-system Active {age}
            new-namespace Active {age}
            """,
            await cluster.KubectlAsync("get", "ns", "default", "kube-system", "new-namespace"));
        Assert.Equal("pod/nginx created\n", await cluster.KubectlAsync("run", "nginx", "--image=nginx", "-n", "new-namespace"));
        await cluster.EventuallyAsync(text => text.Contains("1/1"), "get", "pod", "nginx", "-n", "new-namespace");
        Screen.Contains("new-namespace nginx 1/1 Running 0 {age}", await cluster.KubectlAsync("get", "pods", "--all-namespaces"));
        Screen.Shows(
            """
            Name: new-namespace
            Labels: kubernetes.io/metadata.name=new-namespace
            Annotations: <none>
            Status: Active

            No resource quota.

            No LimitRange resource.
            """,
            await cluster.KubectlAsync("describe", "namespace", "new-namespace"));
        Assert.Equal("namespace \"new-namespace\" deleted\n", await cluster.KubectlAsync("delete", "ns", "new-namespace"));
        Assert.Equal(
            "Error from server (NotFound): namespaces \"new-namespace\" not found\n", await cluster.RefusedAsync("get", "ns", "new-namespace"));
        Assert.Equal(
            "Error from server (NotFound): namespaces \"new-namespace\" not found\n",
            await cluster.RefusedAsync("run", "late", "--image=nginx", "-n", "new-namespace"));
        Assert.DoesNotContain("new-namespace", await cluster.KubectlAsync("get", "pods", "--all-namespaces"));
    }

    [Fact]
    public async Task AContextPutsCommandsIntoItsNamespace()
    {
        var config = Path.Combine(Path.GetTempPath(), $"dp-{Guid.NewGuid():N}.config");
        File.Copy(cluster.KubeConfig, config);
        try
        {
            var admin = (await WithAsync("config", "current-context")).Trim();
            Assert.Equal(
                "Context \"sys\" created.\n",
                await WithAsync("config", "set-context", "sys", "--namespace=kube-system", $"--cluster={await CurrentAsync("cluster")}", $"--user={await CurrentAsync("user")}"));
            Assert.Equal("Switched to context \"sys\".\n", await WithAsync("config", "use-context", "sys"));
            Assert.Contains(
                "  namespace: kube-system\n", await WithAsync("create", "configmap", "in-context", "-o", "yaml", "--dry-run=server"));
            Assert.Equal("No resources found in kube-system namespace.\n", (await TryWithAsync("get", "pods", "-l", "no=one")).Error);
            Assert.Equal("Context \"sys\" modified.\n", await WithAsync("config", "set-context", "--current", "--namespace=default"));
            Screen.Contains("service/kubernetes ClusterIP 10.96.0.1 <none> 443/TCP {age}", await WithAsync("get", "all"));
            Assert.Equal($"Switched to context \"{admin}\".\n", await WithAsync("config", "use-context", admin));
        }
        finally
        {
            File.Delete(config);
        }

        async Task<string> CurrentAsync(string what) =>
            await WithAsync("config", "view", "--minify", "-o", $"jsonpath={{.contexts[0].context.{what}}}");

        Task<Outcome> TryWithAsync(params string[] arguments) => cluster.TryKubectlAsync(["--kubeconfig", config, .. arguments]);

        async Task<string> WithAsync(params string[] arguments)
        {
            var outcome = await TryWithAsync(arguments);
            Assert.True(outcome.ExitCode == 0, outcome.ToString());
            return outcome.Output;
        }
    }

    [Fact]
    public async Task ALimitRangeGivesNewContainersItsDefaults()
    {
        await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("namespace.yaml"));
        try
        {
            Assert.Equal("limitrange/limits created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("limitrange.yaml")));
            Screen.Shows("NAME CREATED AT\nlimits 20{any}Z", await InNewAsync("get", "limits"));
            Screen.Shows(
                """
                Name: limits
                Namespace: new-namespace
                Type Resource Min Max Default Request Default Limit Max Limit/Request Ratio
                ---- -------- --- --- --------------- ------------- -----------------------
                Container memory - - 256Mi 512Mi -
                """,
                await InNewAsync("describe", "limits", "limits"));
            Screen.Contains(
                """
                Resource Limits
                Type Resource Min Max Default Request Default Limit Max Limit/Request Ratio
                ---- -------- --- --- --------------- ------------- -----------------------
                Container memory - - 256Mi 512Mi -
                """,
                await cluster.KubectlAsync("describe", "namespace", "new-namespace"));
            await InNewAsync("run", "limited", "--image=nginx");
            Assert.Equal(
                """{"limits":{"memory":"512Mi"},"requests":{"memory":"256Mi"}}""",
                await InNewAsync("get", "pod", "limited", "-o", "jsonpath={.spec.containers[0].resources}"));
            Assert.Equal(
                "LimitRanger plugin set: memory request for container limited; memory limit for container limited",
                await InNewAsync("get", "pod", "limited", "-o", @"jsonpath={.metadata.annotations.kubernetes\.io/limit-ranger}"));
            Assert.Equal("limitrange \"limits\" deleted\n", await InNewAsync("delete", "limits", "limits"));
            await InNewAsync("run", "unlimited", "--image=nginx");
            Assert.Equal("{}", await InNewAsync("get", "pod", "unlimited", "-o", "jsonpath={.spec.containers[0].resources}"));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "ns", "new-namespace");
        }

        Task<string> InNewAsync(params string[] arguments) => cluster.KubectlAsync([.. arguments, "-n", "new-namespace"]);
    }

    [Theory]
    [InlineData("Upper")]
    [InlineData("-dash")]
    [InlineData("a.b")]
    public async Task ABrokenNamespaceNameIsRefusedWithItsField(string name)
    {
        var manifest = await ClusterFixture.WriteManifestAsync($"apiVersion: v1\nkind: Namespace\nmetadata: {{name: \"{name}\"}}\n");
        var refused = await cluster.TryKubectlAsync("create", "-f", manifest);
        File.Delete(manifest);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.StartsWith($"The Namespace \"{name}\" is invalid: ", refused.Error);
        Assert.Contains($"metadata.name: Invalid value: \"{name}\": a lowercase RFC 1123 label", refused.Error);
    }

    [Fact]
    public async Task AnUnknownFieldIsNamed()
    {
        var manifest = await ClusterFixture.WriteManifestAsync("apiVersion: v1\nkind: Service\nmetadata: {name: odd}\nspec: {ports: [{port: 80}], colour: blue}\n");
        var refused = await cluster.TryKubectlAsync("create", "-f", manifest);
        File.Delete(manifest);
        Assert.NotEqual(0, refused.ExitCode);
        Assert.Contains("unknown field \"spec.colour\"", refused.Error);
        Assert.Contains("NotFound", (await cluster.TryKubectlAsync("get", "service", "odd")).Error);
    }

    [Fact]
    public async Task AWatchShowsAPodComeAndGo()
    {
        using var watch = Programs.Start("kubectl", ["get", "pods", "-w", "-l", "run=watched"], cluster.Environment);
        var seen = new System.Text.StringBuilder();
        var (follows, gone) = (new TaskCompletionSource(), new TaskCompletionSource());
        watch.OutputDataReceived += (_, line) =>
        {
            seen.AppendLine(line.Data);
            if (line.Data?.StartsWith("early ", StringComparison.Ordinal) is true)
            {
                follows.TrySetResult();
            }
            else if (line.Data is { } text && Regex.IsMatch(text, @"^watched .*Terminating"))
            {
                gone.TrySetResult();
            }
        };
        watch.BeginOutputReadLine();
        watch.BeginErrorReadLine();

        // What happens before the watch has begun is not shown.
        await cluster.KubectlAsync("run", "early", "--image=centos", "--labels=run=watched", "--", "sleep", "600");
        await Task.WhenAny(follows.Task, Task.Delay(TimeSpan.FromSeconds(60)));
        await cluster.KubectlAsync("run", "watched", "--image=centos", "--", "sleep", "600");
        await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", "watched");
        await cluster.KubectlAsync("delete", "pod", "watched", "early", "--grace-period=1");
        await Task.WhenAny(gone.Task, Task.Delay(TimeSpan.FromSeconds(60)));
        watch.Kill();
        await watch.WaitForExitAsync();
        Assert.Matches(@"watched +0/1 +Pending", seen.ToString());
        Assert.Matches(@"watched +1/1 +Running", seen.ToString());
        Assert.Matches(@"watched .*Terminating", seen.ToString());
    }
}
