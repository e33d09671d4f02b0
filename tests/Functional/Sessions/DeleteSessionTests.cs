namespace Dataplane.Functional.Sessions;

/// <summary>Deletes by name, by selector and of everything.</summary>
[Collection(ClusterCollection.Name)]
public sealed class DeleteSessionTests(ClusterFixture cluster)
{
    private const string Namespace = "deletes";

    [Fact]
    public async Task PodsAreDeletedByNameBySelectorAndAll()
    {
        await cluster.KubectlAsync("create", "namespace", Namespace);
        try
        {
            foreach (var (name, label) in new[] { ("a", "one"), ("b", "one"), ("c", "two"), ("d", "two"), ("e", "three") })
            {
                await InAsync("run", name, "--image=centos", $"--labels=is={label}");
            }

            Assert.Equal("pod \"a\" deleted\npod \"b\" deleted\n", await InAsync("delete", "po", "a", "b", "--grace-period=1"));
            Assert.Equal("pod \"c\" deleted\npod \"d\" deleted\n", await InAsync("delete", "po", "-l", "is=two", "--grace-period=1"));
            Assert.Equal("No resources found\n", (await cluster.TryKubectlAsync("delete", "po", "-l", "is=two", "-n", Namespace)).Output);
            Assert.Equal("Error from server (NotFound): pods \"a\" not found\n", await cluster.RefusedAsync("delete", "po", "a", "-n", Namespace));
            Assert.Equal("pod \"e\" deleted\n", await InAsync("delete", "po", "--all", "--grace-period=1"));
            Assert.Equal(
                $"No resources found in {Namespace} namespace.\n", (await cluster.TryKubectlAsync("get", "all", "-n", Namespace)).Error);
            Assert.Equal(
                "error: resource(s) were provided, but no name was specified\n", await cluster.RefusedAsync("delete", "po", "-n", Namespace));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "namespace", Namespace);
        }
    }

    [Fact]
    public async Task DeleteAllTakesTheServiceKubernetesWhichComesBackByItself()
    {
        await cluster.KubectlAsync("create", "deployment", "gone", "--image=centos");
        await cluster.KubectlAsync("create", "service", "clusterip", "gone", "--tcp=80:80");
        await cluster.EventuallyAsync(text => text.Length > 0, "get", "pods", "-l", "app=gone", "-o", "name");
        var deleted = await cluster.KubectlAsync("delete", "all", "--all", "--grace-period=1");
        Screen.Contains("service \"gone\" deleted\nservice \"kubernetes\" deleted", deleted);
        Screen.Contains("pod \"gone-{id}\" deleted", deleted);
        Screen.Contains("deployment.apps \"gone\" deleted", deleted);
        await cluster.EventuallyAsync(
            text => Screen.IsShown("NAME TYPE CLUSTER-IP EXTERNAL-IP PORT(S) AGE\nservice/kubernetes ClusterIP 10.96.0.1 <none> 443/TCP {age}", text), "get", "all");
        await cluster.EventuallyAsync(
            text => Screen.IsShown("NAME ENDPOINTS AGE\nkubernetes 172.30.0.1:6443 {age}", text), "get", "endpoints", "kubernetes");
    }

    private Task<string> InAsync(params string[] arguments) => cluster.KubectlAsync([.. arguments, "-n", Namespace]);
}
