using System.Globalization;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>How large the bench is, and against whom.</summary>
internal sealed record DnsBenchPlan
{
    /// <summary>This program's server; the ceiling that any server has on this machine; and the peers.</summary>
    internal const string Own = "dataplane";
    internal const string Echo = "echo";
    internal const string Unbound = "unbound";
    internal const string Knot = "knot";
    internal const string Dnsmasq = "dnsmasq";

    internal static readonly string[] AllPeers = [Unbound, Knot, Dnsmasq];

    internal static readonly string[] AllCases = ["hit", "nxdomain", "half", "change", "endpoints", "relist", "malformed"];

    internal required IReadOnlyList<string> Peers { get; init; }

    internal required IReadOnlyList<string> Cases { get; init; }

    internal int Services { get; init; } = 10_000;

    internal int Endpoints { get; init; } = 100_000;

    /// <summary>Objects of the list that is read again, half of them services and half their slices.</summary>
    internal int RelistObjects { get; init; } = 100_000;

    internal int Changes { get; init; } = 200;

    internal int MalformedPackets { get; init; } = 10_000_000;

    internal int Rounds { get; init; } = 3;

    /// <summary>Of each round, and of the warm-up before the first.</summary>
    internal TimeSpan Round { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a server is left alone before its memory is read.</summary>
    internal TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>What is measured under load, ceiling first.</summary>
    internal IEnumerable<string> Subjects => [Echo, Own, .. Peers];

    /// <summary>The name of a service, and an address for servers that are told one.</summary>
    internal static string ServiceName(int index) => string.Create(CultureInfo.InvariantCulture, $"svc-{index}.default.svc.cluster.local");

    internal static string Address(int index) => string.Create(CultureInfo.InvariantCulture, $"10.96.{index / 250}.{(index % 250) + 1}");

    /// <exception cref="UserErrorException">A peer or case that is not there, or a machine with one processor.</exception>
    internal DnsBenchPlan Checked()
    {
        Known("--peers", Peers, AllPeers);
        Known("--cases", Cases, AllCases);
        return Environment.ProcessorCount >= 2 ? this : throw new UserErrorException("bench dns needs two processors: one for the server, one for its client");
    }

    private static void Known(string option, IEnumerable<string> words, string[] known)
    {
        if (words.Except(known).FirstOrDefault() is { } unknown)
        {
            throw new UserErrorException($"{option}: \"{unknown}\": known are {string.Join(", ", known)}");
        }
    }
}
