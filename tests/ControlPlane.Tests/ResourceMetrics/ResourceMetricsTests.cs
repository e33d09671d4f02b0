using System.Diagnostics;
using System.Text.Json.Nodes;
using Dataplane.ControlPlane.Tests.Controllers;
using Dataplane.ControlPlane.Tests.Http;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Tests.ResourceMetrics;

/// <summary>metrics.k8s.io over the wire, with two nodes' kubelets behind it.</summary>
public sealed class ResourceMetricsTests : IAsyncLifetime
{
    private const string Group = "/apis/metrics.k8s.io/v1beta1";
    private readonly ShiftedTime _time = new();
    private FakeKubelet _one = null!;
    private FakeKubelet _two = null!;
    private RawServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _one = await FakeKubelet.StartAsync(_time);
        _two = await FakeKubelet.StartAsync(_time);
        _server = await RawServer.StartAsync(controllers: false, time: _time);
        await AddNodeAsync("one", _one, "disk: ssd");
        await AddNodeAsync("two", _two, "disk: none");
        foreach (var (ns, name, node, phase) in new[]
        {
            ("default", "web", "one", "Running"), ("default", "idle", "two", "Running"), ("kube-system", "dns", "one", "Running"),
            ("default", "new", "one", "Running"), ("default", "waits", "one", "Pending"),
        })
        {
            await AddPodAsync(ns, name, node, phase);
        }

        _one.Containers = [("default", "web", "main", 8 << 20), ("default", "web", "side", 4096), ("kube-system", "dns", "coredns", 3 << 20), ("default", "waits", "c", 1)];
        _two.Containers = [("default", "idle", "main", 1 << 20), ("default", "gone", "main", 1 << 20)];
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        await _one.DisposeAsync();
        await _two.DisposeAsync();
    }

    [Fact]
    public async Task ANodesUsageIsMeasured()
    {
        var node = await _server.UntilAsync($"{Group}/nodes/one", found => found.ContainsKey("usage"));
        Assert.Equal(("NodeMetrics", "metrics.k8s.io/v1beta1"), ((string?)node["kind"], (string?)node["apiVersion"]));
        Assert.Equal("ssd", (string?)node["metadata"]!["labels"]!["disk"]);
        Assert.Null(node["metadata"]!["resourceVersion"]);
        Assert.Equal("1Gi", (string?)node["usage"]!["memory"]);
        Assert.InRange(Millicores(node["usage"]!), 249, 251);
        Assert.Matches("^([0-9]+m)?[0-9.]+m?s$", (string?)node["window"]);
        Assert.Equal(_time.GetUtcNow(), DateTimeOffset.Parse((string)node["timestamp"]!), TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task NodesAreListedInOrderAndSelectedByLabelAndName()
    {
        var list = await _server.GetAsync($"{Group}/nodes");
        Assert.Equal("NodeMetricsList", (string?)list["kind"]);
        Assert.Empty((JsonObject)list["metadata"]!);
        await ShowsAsync("nodes", "one,two");
        await ShowsAsync("nodes?labelSelector=disk%3Dssd", "one");
        await ShowsAsync("nodes?fieldSelector=metadata.name%3Dtwo", "two");
    }

    [Fact]
    public async Task PodsThatRunAndWereMeasuredAreListed()
    {
        await ShowsAsync("pods", "idle,web,dns");
        await ShowsAsync("namespaces/default/pods", "idle,web");
        await ShowsAsync("pods?labelSelector=app%3Dweb", "web");
        await ShowsAsync("pods?fieldSelector=metadata.namespace%3Dkube-system", "dns");
        var pod = await _server.UntilAsync($"{Group}/namespaces/default/pods/web", found => found.ContainsKey("containers"));
        Assert.Equal("main 8Mi,side 4Ki", string.Join(',', pod["containers"]!.AsArray().Select(one => $"{one!["name"]} {one["usage"]!["memory"]}")));
        Assert.All(pod["containers"]!.AsArray(), one => Assert.InRange(Millicores(one!["usage"]!), 99, 101));
    }

    [Fact]
    public async Task OnlyTheNodesOfThePodsAskedForAreAsked()
    {
        await _server.UntilAsync($"{Group}/namespaces/default/pods/idle", found => found.ContainsKey("containers"));
        Assert.Equal(0, _one.Asked);
    }

    [Theory]
    [InlineData("nodes/three", "node \"three\" not found")]
    [InlineData("namespaces/default/pods/none", "pods \"none\" not found")]
    [InlineData("namespaces/default/pods/waits", "pods \"waits\" not found")]
    [InlineData("namespaces/default/pods/new", "podmetrics.metrics.k8s.io \"default/new\" not found")]
    public async Task WhatIsNotMeasuredIsNotFound(string path, string message)
    {
        var answer = await _server.GetAsync($"{Group}/{path}", code: 404);
        Assert.Equal(("NotFound", message), ((string?)answer["reason"], (string?)answer["message"]));
    }

    [Fact]
    public async Task AKubeletIsAskedAgainWhenItsAnswerIsOld()
    {
        await ShowsAsync("nodes", "one,two");
        var first = _one.Asked;
        for (var again = 0; again < 20; again++)
        {
            await ShowsAsync(again % 2 == 0 ? "nodes" : "pods", again % 2 == 0 ? "one,two" : "idle,web,dns");
        }

        // A slow machine may take longer than the answer is good for.
        Assert.InRange(_one.Asked, first, first + 5);
        var before = _one.Asked;
        _time.Advance(TimeSpan.FromSeconds(16));
        await ShowsAsync("nodes", "one,two");
        Assert.True(_one.Asked > before);

        // An answer of long ago is no base to reckon from: it takes two new ones.
        before = _one.Asked;
        _time.Advance(TimeSpan.FromMinutes(10));
        await ShowsAsync("nodes", "one,two");
        Assert.True(_one.Asked >= before + 2);
    }

    [Fact]
    public async Task APodThatIsNewIsMeasuredWithTheNextAnswers()
    {
        await ShowsAsync("nodes", "one,two");
        _one.Containers = [.. _one.Containers, ("default", "new", "c", 1 << 20)];
        await ShowsAsync("namespaces/default/pods", "idle,web");
        await ShowsAsync("namespaces/default/pods", "idle,new,web");
    }

    /// <summary>403, an answer that cannot be read, and none at all.</summary>
    [Theory]
    [InlineData("forbidden")]
    [InlineData("malformed")]
    [InlineData("silent")]
    [InlineData("closed")]
    public async Task ANodeWhoseKubeletDoesNotAnswerIsLeftOut(string how)
    {
        var asked = new TaskCompletionSource();
        _one.Instead = async http =>
        {
            http.Response.StatusCode = how == "forbidden" ? 403 : 200;
            asked.TrySetResult();
            if (how == "silent")
            {
                await Task.Delay(TimeSpan.FromSeconds(60), http.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            else if (how == "malformed")
            {
                await http.Response.WriteAsync("node_cpu_usage_seconds_total {\n");
            }
            else if (how == "closed")
            {
                http.Abort();
            }
        };
        await ShowsAsync("nodes", "two");
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(60), RawServer.Cancellation);
        await ShowsAsync("pods", "idle");
        var missed = await _server.GetAsync($"{Group}/nodes/one", code: 404);
        Assert.Equal("nodemetrics.metrics.k8s.io \"one\" not found", (string?)missed["message"]);
        _one.Instead = null;
        await ShowsAsync("nodes", "one,two");
    }

    [Fact]
    public async Task NobodyWritesOrWatchesMetrics()
    {
        foreach (var (method, path) in new[]
        {
            (HttpMethod.Post, "namespaces/default/pods"), (HttpMethod.Put, "nodes/one"), (HttpMethod.Patch, "nodes/one"), (HttpMethod.Delete, "nodes/one"),
            (HttpMethod.Delete, "namespaces/default/pods"), (HttpMethod.Get, "nodes?watch=1"),
        })
        {
            using var answer = await _server.SendAsync(method, $"{Group}/{path}", body: method == HttpMethod.Get ? null : "{}");
            Assert.Equal(405, (int)answer.StatusCode);
        }
    }

    [Fact]
    public async Task DiscoveryShowsTheGroupInBothForms()
    {
        var resources = (await _server.GetAsync(Group))["resources"]!.AsArray();
        Assert.Equal(
            "nodes NodeMetrics false get list|pods PodMetrics true get list",
            string.Join('|', resources.Select(one => $"{one!["name"]} {one["kind"]} {one["namespaced"]} {string.Join(' ', one["verbs"]!.AsArray())}")));
        Assert.All(resources, one => Assert.Null(one!["storageVersionHash"]));
        Assert.Equal("metrics.k8s.io/v1beta1", (string?)(await _server.GetAsync("/apis/metrics.k8s.io"))["preferredVersion"]!["groupVersion"]);
        var aggregated = await _server.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        Assert.Contains(aggregated["items"]!.AsArray(), group => (string?)group!["metadata"]!["name"] == "metrics.k8s.io");
    }

    [Fact]
    public async Task ATableSumsUpContainers()
    {
        await ShowsAsync("pods", "idle,web,dns");
        var table = await _server.GetAsync($"{Group}/namespaces/default/pods/web", "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal("Name cpu memory Window", string.Join(' ', table["columnDefinitions"]!.AsArray().Select(column => $"{column!["name"]}")));
        Assert.Equal("web", (string?)table["rows"]![0]!["cells"]![0]);
        Assert.Equal("8196Ki", (string?)table["rows"]![0]!["cells"]![2]);
    }

    [Fact]
    public async Task ProtobufIsServedToWhoAsksForIt()
    {
        using var answer = await _server.SendAsync(HttpMethod.Get, $"{Group}/namespaces/default/pods", "application/vnd.kubernetes.protobuf");
        Assert.Equal("application/vnd.kubernetes.protobuf", answer.Content.Headers.ContentType!.MediaType);
        Assert.True((await answer.Content.ReadAsByteArrayAsync(RawServer.Cancellation)).AsSpan().StartsWith("k8s\0"u8));
    }

    private static double Millicores(JsonNode usage) => (double)Api.Quantity.Parse((string)usage["cpu"]!).Value * 1000;

    /// <summary>Asks until the names are these. What kubelets have not told in time is asked for again when the clock has gone on.</summary>
    private async Task ShowsAsync(string path, string names)
    {
        var started = Stopwatch.StartNew();
        while (true)
        {
            var list = await _server.GetAsync($"{Group}/{path}");
            var shown = string.Join(',', list["items"]!.AsArray().Select(item => (string?)item!["metadata"]!["name"]));
            if (shown == names)
            {
                return;
            }

            Assert.True(started.Elapsed < TimeSpan.FromSeconds(60), $"{path} shows {shown}, not {names}");
            _time.Advance(TimeSpan.FromSeconds(16));
        }
    }

    private async Task AddNodeAsync(string name, FakeKubelet kubelet, string label)
    {
        await _server.CreateYamlAsync("/api/v1/nodes", $"{{apiVersion: v1, kind: Node, metadata: {{name: {name}, labels: {{{label}}}}}}}");
        await _server.PatchAsync(
            $"/api/v1/nodes/{name}/status",
            $$$"""{"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":{{{kubelet.EndPoint.Port}}} } } } }""");
    }

    private async Task AddPodAsync(string ns, string name, string node, string phase)
    {
        var account = await _server.TryCreateAsync($"/api/v1/namespaces/{ns}/serviceaccounts", "{apiVersion: v1, kind: ServiceAccount, metadata: {name: default}}");
        Assert.Contains(account.Code, new[] { 201, 409 });
        await _server.CreateYamlAsync(
            $"/api/v1/namespaces/{ns}/pods",
            $"{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {name}}}}}, spec: {{nodeName: {node}, containers: [{{name: c, image: i}}]}}}}");
        await _server.PatchAsync($"/api/v1/namespaces/{ns}/pods/{name}/status", $$$"""{"status":{"phase":"{{{phase}}}"} }""");
    }
}
