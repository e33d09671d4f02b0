using Dataplane.Proxy.Tests.Kernel;
using Dataplane.Proxy.Tests.Scenarios;
using Dataplane.Proxy.Userspace;
using Dataplane.Proxy.Userspace.Relay;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Userspace;

/// <summary>The scenario table of the kernel modes. Who is masqueraded is left out: the relay's connections are the node's own.</summary>
public sealed class UserspaceScenarioTests(UserspaceScenarioTests.Rig rig) : IClassFixture<UserspaceScenarioTests.Rig>
{
    public static TheoryData<string> Names => [.. ScenarioTable.Scenarios.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task TheRelayDoesWhatTheScenarioSays(string name)
    {
        var scenario = ScenarioTable.Scenarios[name];
        var cluster = new Cluster();
        await using var mode = new UserspaceMode(
            new ProxyModeContext(rig.Network.Node.Namespace, 0, () => { }, NullLoggerFactory.Instance, TimeProvider.System),
            new RelayOptions { Loops = 2 });
        scenario.Given(cluster);
        var plan = cluster.Plan();
        mode.Apply(null, plan);
        await AssertProbesAsync(scenario.Probes);
        if (scenario.Change is { } change)
        {
            change(cluster);
            mode.Apply(plan, cluster.Plan());
            await AssertProbesAsync(scenario.ProbesAfterChange);
        }

        Assert.True(mode.IsIntact());
    }

    private async Task AssertProbesAsync(string[] probes)
    {
        foreach (var text in probes)
        {
            var probe = Probe.Parse(text.Replace("*", "", StringComparison.Ordinal));
            string[] relayed = [.. probe.Expected.Select(Relayed).Order(StringComparer.Ordinal)];
            var seen = await Prober.RunAsync(rig.Network, probe with { Expected = relayed });
            Assert.Equal($"{text[..text.IndexOf('>')]}> {string.Join(' ', relayed)}", $"{text[..text.IndexOf('>')]}> {string.Join(' ', seen)}");
        }
    }

    private static string Relayed(string expected) => expected is "reject" or "drop" or "closed" ? expected : expected + "*";

    /// <summary>One network for all tests of the class.</summary>
    public sealed class Rig : IDisposable
    {
        internal ScenarioNetwork Network { get; } = new();

        public void Dispose() => Network.Dispose();
    }
}
