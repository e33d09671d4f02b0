using Dataplane.Proxy.ConnectionTracking;
using Dataplane.Proxy.Tests.Kernel;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.Proxy.Userspace;
using Dataplane.Proxy.Userspace.Relay;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Userspace;

/// <summary>
/// The scenario table of the kernel modes. The relay's connections are the node's own, whoever the client is, but for TCP of outside clients under
/// policy Local, whose address it speaks from.
/// </summary>
public sealed class UserspaceScenarioTests(UserspaceScenarioTests.Rig rig) : IClassFixture<UserspaceScenarioTests.Rig>
{
    public static TheoryData<string> Names => [.. ScenarioTable.Scenarios.Where(pair => pair.Value.NotForRelays is null).Select(pair => pair.Key)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task TheRelayDoesWhatTheScenarioSays(string name)
    {
        var context = new ProxyModeContext(rig.Network.Node.Namespace, 0, () => { }, NullLoggerFactory.Instance, TimeProvider.System);
        await using var mode = new FlowCleaningMode(new UserspaceMode(context, new RelayOptions { Loops = 2 }), context, relayed: true);
        await ScenarioTable.Scenarios[name].RunAsync(mode, RelayedAsync);
        Assert.True(mode.IsIntact());
    }

    // What the relay does in the words of the kernel modes: every connection it makes is masqueraded, those it should have masqueraded and others.
    private async Task<IReadOnlyCollection<string>> RelayedAsync(Probe probe)
    {
        var isClusterIP = probe.Address.StartsWith("10.96.", StringComparison.Ordinal) || probe.Address.StartsWith("fd00:10:96:", StringComparison.Ordinal);
        if (probe is { Source: "client", Protocol: "tcp" } && !isClusterIP && !probe.Expected.Any(expected => expected.Contains('*')))
        {
            return await Prober.RunAsync(rig.Network, probe);
        }

        var expected = probe.Expected.ToDictionary(Relayed, expected => expected);
        var seen = await Prober.RunAsync(rig.Network, probe with { Expected = [.. expected.Keys] });
        return [.. seen.Select(end => probe.IsSticky ? probe.Expected[0].Split('|').Single(one => Relayed(one) == end) : expected.GetValueOrDefault(end, end))];
    }

    private static string Relayed(string expected) => expected is "reject" or "drop" or "closed"
        ? expected
        : string.Join('|', expected.Split('|').Select(one => one.TrimEnd('*') + "*"));

    /// <summary>One network for all tests of the class.</summary>
    public sealed class Rig : IDisposable
    {
        internal ScenarioNetwork Network { get; } = new();

        public void Dispose() => Network.Dispose();
    }
}
