namespace Dataplane.Proxy.Tests.Scenarios;

/// <summary>A cluster and what happens to connections in it.</summary>
/// <param name="Given">The cluster as first planned.</param>
/// <param name="Probes">What to try then.</param>
internal sealed record Scenario(Action<Cluster> Given, params string[] Probes)
{
    /// <summary>A change of the cluster, and what to try after it.</summary>
    internal Action<Cluster>? Change { get; init; }

    internal string[] ProbesAfterChange { get; init; } = [];
}

/// <summary>
/// One line of a scenario: <c>client tcp 10.96.0.1:80 > a* b</c> is "connections of the client go to endpoints a and b, those to a masqueraded";
/// behind the arrow may also stand <c>reject</c> or <c>drop</c>.
/// </summary>
internal sealed record Probe(string Source, string Protocol, string Address, int Port, string[] Expected)
{
    internal static Probe Parse(string text)
    {
        var words = text.Split(' ');
        Assert.Equal(">", words[3]);
        var colon = words[2].LastIndexOf(':');
        return new Probe(words[0], words[1], words[2][..colon].Trim('[', ']'), int.Parse(words[2][(colon + 1)..]), [.. words[4..].Order(StringComparer.Ordinal)]);
    }
}

/// <summary>
/// The network that scenarios take place in:
/// <code>
///   client 203.0.113.10 ──── node "here" 172.30.0.11 ──── node "there" 172.30.0.12
///                              a 10.244.1.5                   c 10.244.2.5
///                              b 10.244.1.6
///                              h 172.30.0.11:9000 (host network)
/// </code>
/// Endpoints listen on 8080, b also on 9090.
/// </summary>
internal static class Topology
{
    internal const string Client = "203.0.113.10";
    internal const string Node = "172.30.0.11";
    internal static readonly string[] NodeAddresses = [Node, "203.0.113.1", "10.244.1.1", "127.0.0.1"];

    internal static readonly Dictionary<string, string> Addresses = new()
    {
        ["client"] = Client,
        ["node"] = Node,
        ["pod-a"] = "10.244.1.5",
        ["pod-b"] = "10.244.1.6",
        ["pod-c"] = "10.244.2.5",
    };

    internal static readonly Dictionary<string, string> Endpoints = new()
    {
        ["10.244.1.5:8080"] = "a",
        ["10.244.1.6:8080"] = "b",
        ["10.244.1.6:9090"] = "b9090",
        ["10.244.2.5:8080"] = "c",
    };
}
