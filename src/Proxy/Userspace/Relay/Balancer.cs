using Dataplane.Linux.TransparentSockets;
using Dataplane.Proxy.ServiceModel;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>Which endpoint a connection tries first, and which next. Pure but for the random numbers it is handed.</summary>
internal static class Balancer
{
    // A new endpoint that got nothing at all would never warm up.
    private const double LeastShare = 0.1;

    /// <summary>The index of the endpoint to try first. Endpoints left out are avoided while there are others.</summary>
    /// <param name="settings">How to choose.</param>
    /// <param name="endpoints">Not empty.</param>
    /// <param name="client">Who asks.</param>
    /// <param name="turn">Counts up with every connection of the service port.</param>
    /// <param name="random">Random numbers.</param>
    /// <param name="now">Milliseconds of <see cref="Environment.TickCount64"/>.</param>
    internal static int First(RelaySettings settings, EndpointSet endpoints, in InetEndPoint client, uint turn, Random random, long now)
    {
        if (endpoints.Count == 1)
        {
            return 0;
        }

        var index = settings.Balance switch
        {
            BalancePolicy.Random => random.Next(endpoints.Count),
            BalancePolicy.LeastConnections => LessBusy(endpoints, random),
            BalancePolicy.SourceHash => Hashing.Rendezvous(endpoints, Hashing.OfAddress(client)),
            BalancePolicy.Maglev => endpoints.MaglevTable[Hashing.Of(client) % (ulong)endpoints.MaglevTable.Length],
            _ => (int)(turn % (uint)endpoints.Count),
        };
        var isWarm = settings.SlowStart == TimeSpan.Zero || IsAdmitted(endpoints[index], settings.SlowStart, random, now);
        if (isWarm && !endpoints[index].IsEjected(now))
        {
            return index;
        }

        // What it would have got is spread over the others, not heaped on its neighbour; one that hashes must not depend on chance.
        var hashes = settings.Balance is BalancePolicy.SourceHash or BalancePolicy.Maglev;
        return Other(endpoints, index, hashes ? 1 : 1 + random.Next(endpoints.Count - 1), settings.SlowStart, now);
    }

    /// <summary>The one to try after another has failed.</summary>
    internal static int Next(EndpointSet endpoints, int failed, long now) => Other(endpoints, failed, 1, TimeSpan.Zero, now);

    // In service and warm, else in service, else simply the next one: leaving all of them out would serve nobody.
    private static int Other(EndpointSet endpoints, int index, int step, TimeSpan slowStart, long now)
    {
        int? cold = null;
        for (var i = 0; i < endpoints.Count - 1; i++)
        {
            var candidate = (index + 1 + ((step - 1 + i) % (endpoints.Count - 1))) % endpoints.Count;
            if (endpoints[candidate].IsEjected(now))
            {
                continue;
            }

            if (Warmth(endpoints[candidate], slowStart, now) >= 1)
            {
                return candidate;
            }

            cold ??= candidate;
        }

        return !endpoints[index].IsEjected(now) && slowStart > TimeSpan.Zero ? index : cold ?? (index + 1) % endpoints.Count;
    }

    private static int LessBusy(EndpointSet endpoints, Random random)
    {
        var first = random.Next(endpoints.Count);
        var second = random.Next(endpoints.Count - 1);
        second += second >= first ? 1 : 0;
        return endpoints[first].Active <= endpoints[second].Active ? first : second;
    }

    private static bool IsAdmitted(EndpointState endpoint, TimeSpan slowStart, Random random, long now) =>
        Warmth(endpoint, slowStart, now) is var warmth && (warmth >= 1 || random.NextDouble() < Math.Max(warmth, LeastShare));

    private static double Warmth(EndpointState endpoint, TimeSpan slowStart, long now) =>
        endpoint.AddedAt is { } addedAt && slowStart > TimeSpan.Zero ? (now - addedAt) / slowStart.TotalMilliseconds : 1;
}
