using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>
/// Choices that every node makes alike, without a word between them. Sources: Thaler and Ravishankar, "A Name-Based Mapping Scheme
/// for Rendezvous" (1996); Eisenbud et al., "Maglev: A Fast and Reliable Software Network Load Balancer" (NSDI 2016), section 3.4.
/// </summary>
internal static class Hashing
{
    // Primes; the table is a hundred times the endpoints, which keeps their shares within a percent of each other.
    private static readonly int[] TableSizes = [251, 509, 1021, 2039, 4093, 8191, 16_381, 32_749, 65_521, 131_071];
    private const int SlotsPerEndpoint = 100;

    /// <summary>Of an address alone: a client's connections share it.</summary>
    internal static ulong OfAddress(in InetEndPoint endPoint) => Mix((ulong)endPoint.Address ^ Mix((ulong)(endPoint.Address >> 64)));

    /// <summary>Of address and port.</summary>
    internal static ulong Of(in InetEndPoint endPoint) => Mix(OfAddress(endPoint) + endPoint.Port);

    /// <summary>The endpoint with the highest weight for a client.</summary>
    internal static int Rendezvous(EndpointSet endpoints, ulong client)
    {
        var (best, highest) = (0, 0UL);
        for (var index = 0; index < endpoints.Count; index++)
        {
            var weight = Mix(client ^ Of(endpoints[index].EndPoint));
            if (weight >= highest)
            {
                (best, highest) = (index, weight);
            }
        }

        return best;
    }

    /// <summary>
    /// A table of endpoints' indices. Each endpoint has a permutation of all slots; they take turns, each time the next free slot of
    /// its own.
    /// </summary>
    /// <param name="endpoints">Hashes of the endpoints: what decides is these and not their order.</param>
    internal static int[] MaglevTable(ulong[] endpoints)
    {
        var size = Array.Find(TableSizes, candidate => candidate >= endpoints.Length * SlotsPerEndpoint) is var found and > 0 ? found : TableSizes[^1];
        var table = new int[size];
        Array.Fill(table, -1);
        var order = Enumerable.Range(0, endpoints.Length).OrderBy(index => endpoints[index]).ToArray();
        var next = new long[endpoints.Length];
        for (var filled = 0; filled < size && endpoints.Length > 0;)
        {
            foreach (var index in order)
            {
                var (offset, skip) = (endpoints[index] % (ulong)size, (Mix(endpoints[index]) % (ulong)(size - 1)) + 1);
                int slot;
                do
                {
                    slot = (int)((offset + ((ulong)next[index]++ * skip)) % (ulong)size);
                }
                while (table[slot] >= 0);

                table[slot] = index;
                if (++filled == size)
                {
                    break;
                }
            }
        }

        return table;
    }

    /// <summary>The finalizer of splitmix64 (Steele, Lea, Flood, 2014): every bit of the input reaches every bit of the output.</summary>
    internal static ulong Mix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
