using System.Collections.Immutable;
using Dataplane.Linux.Epoll;
using Dataplane.Linux.Splice;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>Where a connection stands.</summary>
internal enum RelayPhase
{
    Free,
    Dialling,
    Established,
}

/// <summary>A client's connection and the one made for it to an endpoint. Reused: nothing is allocated per connection.</summary>
internal sealed class RelayConnection
{
    internal RelayConnection(int slot)
    {
        Slot = slot;
        Client = new RelaySide(RelayTokenKind.Client);
        Server = new RelaySide(RelayTokenKind.Server);
        ToServer = new RelayDirection(Client, Server);
        ToClient = new RelayDirection(Server, Client);
    }

    internal int Slot { get; }

    /// <summary>Changes whenever the slot is given back.</summary>
    internal uint Generation { get; private set; }

    internal RelayPhase Phase { get; set; }

    internal RelaySide Client { get; }

    internal RelaySide Server { get; }

    internal RelayDirection ToServer { get; }

    internal RelayDirection ToClient { get; }

    internal InetEndPoint Peer { get; set; }

    internal BalanceState? Balance { get; set; }

    /// <summary>The endpoints as they were when the connection came.</summary>
    internal ImmutableArray<InetEndPoint> Endpoints { get; set; } = [];

    internal int FirstEndpoint { get; set; }

    /// <summary>Attempts that have failed.</summary>
    internal int Attempt { get; set; }

    internal InetEndPoint Endpoint => Endpoints[(FirstEndpoint + Attempt) % Endpoints.Length];

    internal ulong Token(RelaySide side) => new RelayToken(side.Kind, Slot, Generation).Value;

    /// <summary>Forgets everything; sockets and pipes have been closed or given back before.</summary>
    internal void Reset()
    {
        Generation++;
        Phase = RelayPhase.Free;
        Client.Watched = Server.Watched = null;
        ToServer.Ended = ToClient.Ended = false;
        Balance = null;
        Endpoints = [];
        Attempt = 0;
    }
}

/// <summary>One of the two sockets.</summary>
internal sealed class RelaySide(RelayTokenKind kind)
{
    internal RelayTokenKind Kind { get; } = kind;

    internal StreamSocket Socket { get; } = new();

    /// <summary>What epoll watches it for; null when it does not.</summary>
    internal EpollEvents? Watched { get; set; }
}

/// <summary>One of the two byte streams.</summary>
internal sealed class RelayDirection(RelaySide from, RelaySide to)
{
    internal RelaySide From { get; } = from;

    internal RelaySide To { get; } = to;

    /// <summary>Bytes the receiver has not taken yet; while there are any, nothing more is read: that is the back-pressure.</summary>
    internal SplicePipe? Pending { get; set; }

    /// <summary>The sender's FIN has come and has been passed on behind its last byte.</summary>
    internal bool Ended { get; set; }

    internal bool WantsInput => Pending is null && !Ended;
}
