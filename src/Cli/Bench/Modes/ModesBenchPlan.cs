using Dataplane.Proxy;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>What to measure of which ways from a client to a server.</summary>
/// <param name="Modes">Proxy modes.</param>
/// <param name="Peers">Others to compare with: <see cref="KnownPeers"/>.</param>
/// <param name="Cases">What to do: <see cref="KnownCases"/>.</param>
internal sealed record ModesBenchPlan(string[] Modes, string[] Peers, string[] Cases)
{
    internal const string Direct = "direct";
    internal const string Haproxy = "haproxy";
    internal const string Nginx = "nginx";

    internal static readonly string[] KnownPeers = [Direct, Haproxy, Nginx, Haproxy + Redirected, Nginx + Redirected];

    /// <summary>
    /// Behind the name of a program: its clients reach it as clients reach a Service, at a ClusterIP that a REDIRECT rule leads to it. Without, it listens
    /// on a node where nothing tracks connections, which no node of a cluster is.
    /// </summary>
    internal const string Redirected = "-redirect";

    internal static readonly string[] KnownCases = ["stream-1", "stream-64", "close", "request", "idle", "udp", "udp-new"];

    // A sample a second is kept.
    private static readonly TimeSpan LongestSoak = TimeSpan.FromHours(24);

    /// <summary>How long a round is measured.</summary>
    internal TimeSpan Round { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Load before a round is measured.</summary>
    internal TimeSpan WarmUp { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Rounds of each case; subjects take turns, so that a change of the machine meets all of them.</summary>
    internal int Rounds { get; init; } = 3;

    /// <summary>Connections of the idle case. This process holds both ends of them, the proxy two: a limit of 20,000 descriptors allows this many.</summary>
    internal int IdleConnections { get; init; } = 9_500;

    /// <summary>Connections of the cases of requests.</summary>
    internal int Connections { get; init; } = 64;

    /// <summary>How many Services a mode has.</summary>
    internal int Services { get; init; } = 1;

    /// <summary>How long to go on under load while endpoints come and go; zero for not at all.</summary>
    internal TimeSpan Soak { get; init; }

    /// <summary>Direct first: what the others are measured by.</summary>
    internal IEnumerable<string> Subjects => Peers.Where(peer => peer == Direct).Concat(Modes).Concat(Peers.Where(peer => peer != Direct));

    /// <summary>The program behind a peer's name.</summary>
    internal static string ProgramOf(string peer) => IsRedirected(peer) ? peer[..^Redirected.Length] : peer;

    internal static bool IsRedirected(string peer) => peer.EndsWith(Redirected, StringComparison.Ordinal);

    /// <exception cref="UserErrorException">A name that is not known, or a number that makes no sense.</exception>
    internal ModesBenchPlan Checked()
    {
        RequireKnown("--modes", Modes, [.. ProxyModes.Names]);
        RequireKnown("--peers", Peers, KnownPeers);
        RequireKnown("--cases", Cases, KnownCases);
        if (Soak < TimeSpan.Zero || Soak > LongestSoak)
        {
            throw new UserErrorException($"--soak: {LongestSoak.TotalHours:0} hours at most");
        }

        return Rounds is > 0 and <= 100 && Round > TimeSpan.Zero && Round <= TimeSpan.FromMinutes(1) && Services is > 0 and <= BenchSite.MostServices
            ? this
            : throw new UserErrorException($"--rounds: 1 to 100, --round: more than nothing, one minute at most, --services: 1 to {BenchSite.MostServices}");
    }

    private static void RequireKnown(string option, string[] names, string[] known)
    {
        if (names.Except(known).FirstOrDefault() is { } unknown)
        {
            throw new UserErrorException($"{option}: \"{unknown}\": known are {string.Join(", ", known)}");
        }
    }
}
