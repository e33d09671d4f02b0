using System.Collections.Immutable;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>Endpoints to choose from. Immutable but for what its endpoints know of themselves.</summary>
internal sealed class EndpointSet(ImmutableArray<EndpointState> endpoints)
{
    internal static readonly EndpointSet Empty = new([]);

    private int[]? _maglev;

    internal ImmutableArray<EndpointState> Endpoints { get; } = endpoints;

    internal bool IsEmpty => Endpoints.IsEmpty;

    internal int Count => Endpoints.Length;

    internal EndpointState this[int index] => Endpoints[index];

    /// <summary>Made when it is first asked for: most services hash nothing.</summary>
    internal int[] MaglevTable => Volatile.Read(ref _maglev) ?? (_maglev = Hashing.MaglevTable([.. Endpoints.Select(endpoint => Hashing.Of(endpoint.EndPoint))]));

    /// <summary>Null when the endpoint is none of these.</summary>
    internal int? IndexOf(in InetEndPoint endPoint)
    {
        for (var index = 0; index < Endpoints.Length; index++)
        {
            if (Endpoints[index].EndPoint == endPoint)
            {
                return index;
            }
        }

        return null;
    }
}
