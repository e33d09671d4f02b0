namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>Giving a pod its node, by its subresource and by the collection of bindings.</summary>
public sealed class PodBindingTests : IAsyncLifetime
{
    private const string Namespace = "/api/v1/namespaces/default";
    private RawServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await RawServer.StartAsync(controllers: false);
        await _server.CreateAsync($"{Namespace}/serviceaccounts", """{"metadata":{"name":"default"}}""");
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Theory]
    [InlineData("bindings")]
    [InlineData("pods/a/binding")]
    public async Task APodIsBoundOnce(string path)
    {
        await CreatePodAsync("a");
        const string binding = "apiVersion: v1\nkind: Binding\nmetadata: {name: a}\ntarget: {kind: Node, name: node-1}";
        Assert.Equal(201, (await _server.TryCreateAsync($"{Namespace}/{path}", binding)).Code);
        Assert.Equal("node-1", (string?)(await _server.GetAsync($"{Namespace}/pods/a"))["spec"]!["nodeName"]);
        var (code, answer) = await _server.TryCreateAsync($"{Namespace}/{path}", binding);
        Assert.Equal(409, code);
        Assert.Contains("pod a is already assigned to node \"node-1\"", (string?)answer["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("bindings", "target: {kind: Node, name: n}", 400, "name must be provided")]
    [InlineData("bindings", "metadata: {name: a}\ntarget: {kind: Pod, name: n}", 422, "target.kind: Unsupported value: \"Pod\"")]
    [InlineData("bindings", "metadata: {name: a}", 422, "target.name: Required value")]
    [InlineData("bindings", "metadata: {name: none}\ntarget: {name: n}", 404, "pods \"none\" not found")]
    [InlineData("pods/a/binding", "metadata: {name: b}\ntarget: {name: n}", 400, "name in URL does not match name in Binding object")]
    [InlineData("pods/a/binding", "metadata: {name: a, resourceVersion: '1'}\ntarget: {name: n}", 409, "Precondition failed: ResourceVersion in precondition: 1")]
    [InlineData("pods/a/binding", "metadata: {name: a, uid: other}\ntarget: {name: n}", 409, "Precondition failed: UID in precondition: other")]
    public async Task WhatIsNoBindingIsRefused(string path, string binding, int code, string message)
    {
        await CreatePodAsync("a");
        var (refused, answer) = await _server.TryCreateAsync($"{Namespace}/{path}", $"apiVersion: v1\nkind: Binding\n{binding}");
        Assert.Equal(code, refused);
        Assert.Contains(message, (string?)answer["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task WritesOfOthersDoNotKeepAPodFromItsNode()
    {
        await CreatePodAsync("busy");
        var bound = false;
        var writers = Enumerable.Range(0, 4).Select(async writer =>
        {
            for (var i = 0; i < 2000 && !Volatile.Read(ref bound); i++)
            {
                await _server.PatchAsync($"{Namespace}/pods/busy/status", $$$"""{"status":{"message":"{{{writer}}} {{{i}}}"}}""");
            }
        }).ToArray();
        var (code, answer) = await _server.TryCreateAsync($"{Namespace}/pods/busy/binding", "apiVersion: v1\nkind: Binding\ntarget: {kind: Node, name: node-1}");
        Volatile.Write(ref bound, true);
        await Task.WhenAll(writers);
        Assert.True(code == 201, answer.ToString());
        Assert.Equal("node-1", (string?)(await _server.GetAsync($"{Namespace}/pods/busy"))["spec"]!["nodeName"]);
    }

    private Task CreatePodAsync(string name) =>
        _server.CreateAsync($"{Namespace}/pods", $$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
}
