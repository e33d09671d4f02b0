namespace Dataplane.Functional.Sessions;

/// <summary>Labels, selectors and annotations with the real kubectl: the first row of the walkthroughs.</summary>
[Collection(ClusterCollection.Name)]
public sealed class LabelSessionTests(ClusterFixture cluster)
{
    [Fact]
    public async Task SelectorsLabelsAndAnnotations()
    {
        await cluster.KubectlAsync("create", "-f", Manifest("label-nginx.yaml"));
        await cluster.KubectlAsync("create", "-f", Manifest("annotations.yaml"));
        try
        {
            await cluster.EventuallyAsync(text => text.Contains("Running"), "get", "pod", "nginx");
            foreach (var (selector, expected) in new[]
            {
                ("project=lambert,environment=staging", "nginx"),
                ("environment", "nginx"),
                ("!environment", "annotations-example"),
                ("environment in (staging,devel)", "nginx"),
                ("environment notin (staging,devel)", "annotations-example"),
                ("environment!=staging", "annotations-example"),
            })
            {
                var names = await cluster.KubectlAsync("get", "pods", "-l", selector, "-o", "name");
                Assert.Equal($"pod/{expected}", names.Trim());
            }

            var table = await cluster.KubectlAsync("get", "pods", "-L", "tier", "--show-labels");
            Assert.Matches(@"^NAME +READY +STATUS +RESTARTS +AGE +TIER +LABELS", table);
            Assert.Contains("environment=staging,project=lambert,tier=frontend", table);

            await cluster.KubectlAsync("label", "po", "nginx", "new=label");
            var refused = await cluster.TryKubectlAsync("label", "po", "nginx", "environment=prod");
            Assert.NotEqual(0, refused.ExitCode);
            Assert.Contains("--overwrite is false", refused.Error);
            await cluster.KubectlAsync("label", "--overwrite", "po", "nginx", "environment=prod");
            Assert.Equal("pod/nginx", (await cluster.KubectlAsync("get", "po", "-l", "environment=prod,new=label", "-o", "name")).Trim());

            await cluster.KubectlAsync("annotate", "po", "nginx", "note=a b");
            Assert.Equal("a b", await cluster.KubectlAsync("get", "po", "nginx", "-o", "jsonpath={.metadata.annotations.note}"));
            Assert.Contains("container: nginx", await cluster.KubectlAsync("describe", "po", "annotations-example"));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "po", "nginx", "annotations-example", "--grace-period=1");
        }
    }

    private static string Manifest(string name) => Path.Combine(ClusterFixture.Manifests, name);
}
