namespace Dataplane.Functional.Sessions;

/// <summary>Labels, selectors and annotations with the real kubectl: the first row of the walkthroughs.</summary>
[Collection(ClusterCollection.Name)]
public sealed class LabelSessionTests(ClusterFixture cluster)
{
    private static readonly (string Selector, string Names)[] Selectors =
    [
        ("project=lambert,environment=staging", "pod/nginx"),
        ("environment", "pod/nginx"),
        ("environment==staging", "pod/nginx"),
        ("!environment", "pod/annotations-example"),
        ("environment in (staging,devel)", "pod/nginx"),
        ("environment notin (staging,devel)", "pod/annotations-example"),
        ("environment!=staging", "pod/annotations-example"),
        ("environment notin (prod),tier in (frontend)", "pod/nginx"),
    ];

    [Fact]
    public async Task SelectorsLabelsAndAnnotations()
    {
        Assert.Equal("pod/nginx created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("label-nginx.yaml")));
        Assert.Equal("pod/annotations-example created\n", await cluster.KubectlAsync("create", "-f", ClusterFixture.Manifest("annotations.yaml")));
        try
        {
            await cluster.EventuallyAsync(text => !text.Contains("0/1"), "get", "pods", "nginx", "annotations-example");
            foreach (var (selector, expected) in Selectors)
            {
                Assert.Equal(expected, (await cluster.KubectlAsync("get", "pods", "-l", selector, "-o", "name")).Trim());
            }

            Screen.Shows(
                """
                NAME READY STATUS RESTARTS AGE TIER LABELS
                nginx 1/1 Running 0 {age} frontend environment=staging,project=lambert,tier=frontend
                annotations-example 1/1 Running 0 {age} app=nginx
                """,
                await cluster.KubectlAsync("get", "pods", "nginx", "annotations-example", "-L", "tier", "--show-labels"));
            Screen.Shows(
                """
                NAME READY STATUS RESTARTS AGE TIER PROJECT
                nginx 1/1 Running 0 {age} frontend lambert
                """,
                await cluster.KubectlAsync("get", "pods", "-l", "project", "-L", "tier,project"));

            Assert.Equal("pod/nginx labeled\n", await cluster.KubectlAsync("label", "po", "nginx", "new=label"));
            Assert.Equal("pod/nginx not labeled\n", await cluster.KubectlAsync("label", "po", "nginx", "new=label"));
            Assert.Equal(
                "error: 'environment' already has a value (staging), and --overwrite is false\n",
                await cluster.RefusedAsync("label", "po", "nginx", "environment=prod"));
            Assert.Equal("pod/nginx labeled\n", await cluster.KubectlAsync("label", "--overwrite", "po", "nginx", "environment=prod"));
            Assert.Equal("pod/nginx\n", await cluster.KubectlAsync("get", "po", "-l", "environment=prod,new=label", "-o", "name"));
            Assert.Equal("pod/nginx unlabeled\n", await cluster.KubectlAsync("label", "po", "nginx", "new-"));
            Assert.Equal("No resources found in default namespace.\n", (await cluster.TryKubectlAsync("get", "po", "-l", "new")).Error);

            Assert.Equal("pod/nginx annotated\n", await cluster.KubectlAsync("annotate", "po", "nginx", "note=a b"));
            Assert.Equal("a b", await cluster.KubectlAsync("get", "po", "nginx", "-o", "jsonpath={.metadata.annotations.note}"));
            Screen.Contains("Annotations: container: nginx", await cluster.KubectlAsync("describe", "po", "annotations-example"));
        }
        finally
        {
            await cluster.KubectlAsync("delete", "po", "nginx", "annotations-example", "--grace-period=1");
        }
    }

    [Theory]
    [InlineData("get po -l a=b=c", "Error from server (BadRequest): Unable to find \"/v1, Resource=pods\" that match label selector \"a=b=c\", field selector \"\": found '=', expected: ',' or 'end of string'")]
    [InlineData("label po nobody a=b", "Error from server (NotFound): pods \"nobody\" not found")]
    [InlineData("label node node-1 gpu=-x", "error: invalid label value: \"gpu=-x\": a valid label must be an empty string or consist of alphanumeric characters")]
    public async Task WhatCannotBeSelectedOrLabelledIsSaid(string command, string expected) =>
        Assert.StartsWith(expected, await cluster.RefusedAsync(command.Split(' ')));
}
