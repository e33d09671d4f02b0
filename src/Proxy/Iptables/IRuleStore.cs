using System.Net.Sockets;
using Dataplane.Proxy.Iptables.Rendering;
using Dataplane.Proxy.Iptables.Rules;
using Dataplane.Proxy.Planning;

namespace Dataplane.Proxy.Iptables;

/// <summary>Where rules are kept: nf_tables, or x_tables of old. Called by one thread at a time.</summary>
internal interface IRuleStore : IDisposable
{
    /// <summary>For the log: <c>nf_tables</c> or <c>legacy</c>.</summary>
    string Name { get; }

    /// <summary>Rules by family and table, those in built-in chains apart.</summary>
    IEnumerable<(AddressFamily Family, IptablesTable Table, int Rules)> RuleCounts { get; }

    /// <summary>Puts a plan's rules in the place of whatever an earlier run, or kube-proxy, left.</summary>
    /// <param name="plan">What to forward.</param>
    /// <param name="options">What shapes all rules.</param>
    /// <param name="progress">Told how many services are written, and of how many.</param>
    /// <exception cref="Exception">Some may be written; the same call repeats it.</exception>
    void WriteAll(ForwardingPlan plan, RuleOptions options, Action<int, int>? progress = null);

    /// <summary>Goes from the plan written last to another one with the same options.</summary>
    /// <exception cref="Exception">What is in force is the old plan, or unknown: <see cref="WriteAll"/> is next.</exception>
    void WriteChange(ForwardingPlan previous, ForwardingPlan next, RuleOptions options);

    /// <summary>Connections to endpoints of a plan, as far as rules count them for whoever asks. From any thread.</summary>
    IReadOnlyList<TrafficCount> Traffic(ForwardingPlan plan) => [];

    /// <summary>Whether what was written is still there.</summary>
    bool IsIntact();

    /// <summary>Removes everything, also of an earlier process and of kube-proxy.</summary>
    void Cleanup();
}
