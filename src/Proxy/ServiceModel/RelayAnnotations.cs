using Dataplane.Api;

namespace Dataplane.Proxy.ServiceModel;

/// <summary>Reads <see cref="RelaySettings"/>. What is wrong with one annotation is told and leaves the default.</summary>
internal static class RelayAnnotations
{
    internal const string Balance = "proxy.dataplane.dev/balance";
    internal const string ProxyProtocol = "proxy.dataplane.dev/proxy-protocol";
    internal const string SlowStart = "proxy.dataplane.dev/slow-start";
    internal const string Drain = "proxy.dataplane.dev/drain";

    private const string Version2 = "v2";

    private static readonly Dictionary<string, BalancePolicy> Policies = new()
    {
        ["round-robin"] = BalancePolicy.RoundRobin,
        ["random"] = BalancePolicy.Random,
        ["least-connections"] = BalancePolicy.LeastConnections,
        ["source-hash"] = BalancePolicy.SourceHash,
        ["maglev"] = BalancePolicy.Maglev,
    };

    internal static RelaySettings Read(IReadOnlyDictionary<string, string> annotations, List<string> faults)
    {
        var settings = RelaySettings.Default;
        if (annotations.TryGetValue(Balance, out var balance))
        {
            if (Policies.TryGetValue(balance, out var policy))
            {
                settings = settings with { Balance = policy };
            }
            else
            {
                faults.Add($"annotation {Balance}: \"{balance}\" is none of {string.Join(", ", Policies.Keys)}");
            }
        }

        if (annotations.TryGetValue(ProxyProtocol, out var version))
        {
            if (version != Version2)
            {
                faults.Add($"annotation {ProxyProtocol}: \"{version}\" is not {Version2}");
            }

            settings = settings with { ProxyProtocol = version == Version2 };
        }

        return settings with { SlowStart = Duration(annotations, SlowStart, faults) ?? TimeSpan.Zero, Drain = Duration(annotations, Drain, faults) };
    }

    private static TimeSpan? Duration(IReadOnlyDictionary<string, string> annotations, string name, List<string> faults)
    {
        if (!annotations.TryGetValue(name, out var text))
        {
            return null;
        }

        try
        {
            if (GoDuration.Parse(text) is var duration && duration >= TimeSpan.Zero && duration <= TimeSpan.FromDays(1))
            {
                return duration;
            }
        }
        catch (FormatException)
        {
            // Told below.
        }

        faults.Add($"annotation {name}: \"{text}\" is no duration from 0s to 24h");
        return null;
    }
}
