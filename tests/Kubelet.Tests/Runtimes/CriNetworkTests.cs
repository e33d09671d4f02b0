using System.Net;
using System.Text.Json.Nodes;
using Dataplane.Kubelet.Network;
using Dataplane.TestKit;

namespace Dataplane.Kubelet.Tests.Runtimes;

/// <summary>What a pod wants of the network when its runtime makes that: the runtime's plugins have to be told.</summary>
public sealed class CriNetworkTests(Engines engines) : IAsyncLifetime
{
    private readonly CriRig _rig = new(engines);

    public ValueTask InitializeAsync() => _rig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task PluginsAreToldOfHostPortsAndBandwidth()
    {
        await _rig.SandboxAsync(request => request with
        {
            HostPorts = [new HostPortMapping("TCP", null, 8080, 80), new HostPortMapping("UDP", IPAddress.Loopback, 5353, 53)],
            Annotations = new Dictionary<string, string> { ["kubernetes.io/ingress-bandwidth"] = "10M" },
        });
        var told = File.ReadLines(engines.PluginRequests).Select(line => JsonNode.Parse(line)!["runtimeConfig"]).Single(one => one?["portMappings"] is JsonArray { Count: 2 })!;
        Assert.Equal(
            ["8080 80 tcp ", "5353 53 udp 127.0.0.1"],
            told["portMappings"]!.AsArray().Select(one => $"{Of(one, "hostPort")} {Of(one, "containerPort")} {Of(one, "protocol")} {Of(one, "hostIP")}".ToLowerInvariant()));
        Assert.Equal("10000000", Of(told["bandwidth"], "ingressRate"));
    }

    /// <summary>containerd writes the names as Go has them, and plugins read either.</summary>
    private static string Of(JsonNode? node, string name) =>
        $"{node!.AsObject().FirstOrDefault(member => string.Equals(member.Key, name, StringComparison.OrdinalIgnoreCase)).Value}";
}
