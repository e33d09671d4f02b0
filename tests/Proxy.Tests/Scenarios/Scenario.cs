using System.Collections.Immutable;

namespace Dataplane.Proxy.Tests.Scenarios;

/// <summary>A cluster and what happens to connections in it, in one or more steps.</summary>
internal sealed record Scenario
{
    internal Scenario(Action<Cluster> given, params string[] probes) => Steps = [new Step(given, probes)];

    internal ImmutableArray<Step> Steps { get; private init; }

    /// <summary>Why a relay, whose sockets are the node's, does something else; null when it does the same.</summary>
    internal string? NotForRelays { get; init; }

    /// <summary>Why IPVS does something else; null when it does the same.</summary>
    internal string? NotForIpvs { get; init; }

    /// <summary>Another step: a change of the cluster, and what to try after it.</summary>
    internal Scenario Then(Action<Cluster> change, params string[] probes) => this with { Steps = Steps.Add(new Step(change, probes)) };

    /// <summary>Takes a mode, or what stands for its kernel, through the steps.</summary>
    internal async Task RunAsync(IProxyMode mode, Func<Probe, Task<IReadOnlyCollection<string>>> probe)
    {
        var cluster = new Cluster();
        Proxy.Planning.ForwardingPlan? inForce = null;
        foreach (var step in Steps)
        {
            step.Change(cluster);
            var plan = cluster.Plan();
            mode.Apply(inForce, plan);
            inForce = plan;
            foreach (var text in step.Probes)
            {
                var line = Probe.Parse(text);
                line.AssertSeen(await probe(line));
            }
        }
    }
}

/// <summary>A change of the cluster, and what to try after it.</summary>
internal sealed record Step(Action<Cluster> Change, string[] Probes);

/// <summary>
/// One line of a scenario: <c>client tcp 10.96.0.1:80 > a* b c</c> is "connections of the client go to endpoints a, b and c, those to a masqueraded".
/// Behind the arrow may also stand <c>reject</c>, <c>drop</c>, <c>closed</c> (nothing is done to the packet), or <c>a|b</c>: all of them to the same one
/// of these.
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

    /// <summary>The connections go to one endpoint for as long as the client comes back.</summary>
    internal bool IsSticky => Expected is [var only] && only.Contains('|');

    internal bool IsIPv6 => Address.Contains(':');

    /// <summary>The source's address of the destination's family.</summary>
    internal string SourceAddress => (IsIPv6 ? Topology.AddressesIPv6 : Topology.Addresses)[Source];

    internal void AssertSeen(IReadOnlyCollection<string> seen)
    {
        var sorted = string.Join(' ', seen.Order(StringComparer.Ordinal));
        if (IsSticky)
        {
            Assert.True(seen.Count == 1 && Expected[0].Split('|').Contains(sorted), $"{this}: saw {sorted}");
        }
        else
        {
            Assert.Equal($"{this}", $"{this with { Expected = [sorted] }}");
        }
    }

    public override string ToString() => $"{Source} {Protocol} {(IsIPv6 ? $"[{Address}]" : Address)}:{Port} > {string.Join(' ', Expected)}";
}
