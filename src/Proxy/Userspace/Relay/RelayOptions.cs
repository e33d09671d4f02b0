using System.Collections.Immutable;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>How the user-space relay works on one node.</summary>
internal sealed record RelayOptions
{
    /// <summary>Threads, each with listeners of its own: for half of the cores, since whoever is relayed needs the others. Fewer threads find more to do each time they wake.</summary>
    internal int Loops { get; init; } = (Environment.ProcessorCount + 1) / 2;

    /// <summary>
    /// How long each attempt to reach an endpoint may take; a connection is refused after as many attempts. The figures of
    /// kube-proxy's user-space mode (pkg/proxy/userspace/proxysocket.go before Kubernetes 1.26).
    /// </summary>
    internal ImmutableArray<TimeSpan> DialTimeouts { get; init; } =
    [
        TimeSpan.FromMilliseconds(250), TimeSpan.FromMilliseconds(500), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2),
    ];

    /// <summary>TCP connections of one loop; the newest is reset beyond it. Descriptors usually run out first, with the same outcome.</summary>
    internal int MaxConnections { get; init; } = int.MaxValue;

    /// <summary>Bytes a pipe may hold between two sockets.</summary>
    internal int PipeCapacity { get; init; } = 256 * 1024;

    /// <summary>A UDP client that sent and received nothing for so long is forgotten.</summary>
    internal TimeSpan DatagramIdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>One that sent one datagram and was answered by one is forgotten sooner: that is what a name is looked up by.</summary>
    internal TimeSpan DatagramAnsweredTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>UDP clients of one loop; beyond it the one that was idle longest makes room, of the answered ones first.</summary>
    internal int MaxDatagramFlows { get; init; } = 8192;
}
