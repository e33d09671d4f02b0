using Dataplane.Proxy.Ipvs;
using Dataplane.Proxy.Ipvs.Rules;
using Dataplane.Proxy.Tests.Kernel;
using Dataplane.Proxy.Tests.Scenarios;
using Microsoft.Extensions.Logging.Abstractions;

namespace Dataplane.Proxy.Tests.Ipvs;

/// <summary>
/// The scenario table in mode ipvs, on a kernel that has it: see <see cref="IpvsKernelTests"/>, which runs these, here or in a kernel of its own.
/// </summary>
public sealed class IpvsScenarioTests(IpvsScenarioTests.Rig rig) : IClassFixture<IpvsScenarioTests.Rig>
{
    public static TheoryData<string> Names() => [.. ScenarioTable.Scenarios.Where(scenario => scenario.Value.NotForIpvs is null).Select(scenario => scenario.Key)];

    [Theory(Explicit = true)]
    [MemberData(nameof(Names))]
    public async Task TheKernelDoesWhatTheScenarioSays(string name)
    {
        // What the scenario before left is what an earlier proxy left: it must not show.
        await using var mode = rig.Start();
        await ScenarioTable.Scenarios[name].RunAsync(mode, probe => Prober.RunAsync(rig.Network, probe));
        Assert.True(mode.IsIntact());
    }

    /// <summary>One network for all tests of the class.</summary>
    public sealed class Rig : IDisposable
    {
        internal ScenarioNetwork Network { get; } = new();

        public void Dispose() => Network.Dispose();

        internal IpvsMode Start() => Over(Network.Node.Namespace);

        internal static IpvsMode Over(Linux.Namespaces.NetworkNamespace node, IpvsOptions? options = null) => new(
            new ProxyModeContext(node, 0x4000, () => { }, NullLoggerFactory.Instance, TimeProvider.System) { Ipvs = options ?? new IpvsOptions() },
            () => new LegacyFixedRules(node));
    }
}
