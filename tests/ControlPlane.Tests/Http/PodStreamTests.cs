using System.Text.Json.Nodes;
using Dataplane.TestKit;

namespace Dataplane.ControlPlane.Tests.Http;

/// <summary>What a client is told when its connection to a pod cannot be made.</summary>
public sealed class PodStreamTests
{
    private const string Pod = "/api/v1/namespaces/default/pods/p";

    [Theory]
    [InlineData("exec?command=ls&stdout=true", "error dialing backend: dial tcp {0}: connect: connection refused")]
    [InlineData("attach?stdout=true", "error dialing backend: dial tcp {0}: connect: connection refused")]
    [InlineData("portforward", "error dialing backend: dial tcp {0}: connect: connection refused")]
    [InlineData("log", "Get \"https://{0}/containerLogs/default/p/main\": dial tcp {0}: connect: connection refused")]
    public async Task AKubeletThatDoesNotAnswerIsSaidSoWithoutAReason(string subresource, string message)
    {
        await using var server = await RawServer.StartAsync(controllers: false);
        var kubelet = FreePorts.TakeLoopback();
        await server.CreateAsync("/api/v1/nodes", """{"metadata":{"name":"n"}}""");
        var status = $$"""{"status":{"addresses":[{"type":"InternalIP","address":"127.0.0.1"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":{{kubelet.Port}} } } } }""";
        await server.WriteAsync(HttpMethod.Patch, "/api/v1/nodes/n/status", status, "application/merge-patch+json");
        await CreatePodAsync(server, "n");

        var (code, answer) = await AskAsync(server, subresource, upgrade: true);
        Assert.Equal((500, string.Format(null, message, kubelet)), (code, (string?)answer["message"]));
        Assert.False(answer.ContainsKey("reason"));
    }

    [Theory]
    [InlineData("exec?command=ls&stdout=true", true, "pod p does not have a host assigned")]
    [InlineData("portforward", true, "pod p does not have a host assigned")]
    [InlineData("log?tailLines=-1", false, "PodLogOptions \"p\" is invalid: tailLines: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("attach?container=other", true, "container other is not valid for pod p")]
    public async Task ARequestThatCannotBePassedOnIsRefused(string subresource, bool upgrade, string message)
    {
        await using var server = await RawServer.StartAsync(controllers: false);
        await CreatePodAsync(server, "");
        var (code, answer) = await AskAsync(server, subresource, upgrade);
        Assert.Equal((message.StartsWith("PodLog", StringComparison.Ordinal) ? 422 : 400, message), (code, (string?)answer["message"]));
    }

    private static async Task CreatePodAsync(RawServer server, string node)
    {
        await server.CreateAsync("/api/v1/namespaces/default/serviceaccounts", """{"metadata":{"name":"default"}}""");
        await server.CreateAsync(
            "/api/v1/namespaces/default/pods",
            $$"""{"metadata":{"name":"p"},"spec":{"nodeName":"{{node}}","containers":[{"name":"main","image":"busybox"}]} }""");
    }

    private static async Task<(int Code, JsonObject Answer)> AskAsync(RawServer server, string subresource, bool upgrade)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{Pod}/{subresource}");
        if (upgrade)
        {
            request.Headers.TryAddWithoutValidation("Connection", "Upgrade");
            request.Headers.TryAddWithoutValidation("Upgrade", "SPDY/3.1");
        }

        using var answer = await server.Http.SendAsync(request, RawServer.Cancellation);
        return ((int)answer.StatusCode, (JsonObject)JsonNode.Parse(await answer.Content.ReadAsStringAsync(RawServer.Cancellation))!);
    }
}
