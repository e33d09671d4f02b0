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
        ToServer = new RelayDirection(this, Client, Server);
        ToClient = new RelayDirection(this, Server, Client);
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

    /// <summary>When the endpoint answered, milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    internal long ConnectedAt { get; set; }

    /// <summary>It gave way to others and goes on in the next round.</summary>
    internal bool IsQueued { get; set; }

    /// <summary>The endpoint's socket probes its peer when idle.</summary>
    internal bool IsProbed { get; set; }

    /// <summary>Where the client wanted to go.</summary>
    internal InetEndPoint Destination { get; set; }

    internal BalanceState? Balance { get; set; }

    /// <summary>The endpoints as they were when the connection came.</summary>
    internal EndpointSet Endpoints { get; set; } = EndpointSet.Empty;

    /// <summary>Which of them is tried, or has answered.</summary>
    internal int EndpointIndex { get; set; }

    /// <summary>Attempts that have failed.</summary>
    internal int Attempt { get; set; }

    /// <summary>The endpoint sees the client's address.</summary>
    internal bool PreservesClient { get; set; }

    /// <summary>When the dial under way began, <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    internal long DialledAt { get; set; }

    internal EndpointState Endpoint => Endpoints[EndpointIndex];

    /// <summary>The loop's counters of the endpoint that answered.</summary>
    internal EndpointCounters? Counters { get; set; }

    internal ulong Token(RelaySide side) => new RelayToken(side.Kind, Slot, Generation).Value;

    /// <summary>Forgets everything; sockets and pipes have been closed or given back before.</summary>
    internal void Reset()
    {
        Generation++;
        Phase = RelayPhase.Free;
        Client.Reset();
        Server.Reset();
        ToServer.Ended = ToClient.Ended = ToServer.IsBulk = ToClient.IsBulk = IsProbed = IsQueued = false;
        PreservesClient = false;
        Balance = null;
        Counters = null;
        Endpoints = EndpointSet.Empty;
        Attempt = 0;
    }
}

/// <summary>One of the two sockets.</summary>
internal sealed class RelaySide(RelayTokenKind kind)
{
    // Nagle's algorithm can hold back the second send at the earliest: connections with one request do without the system call that ends it. A client's
    // socket has it from its listener.
    private const int SendsToLookAt = 2;

    private int _sends = kind == RelayTokenKind.Server ? 0 : SendsToLookAt;

    internal RelayTokenKind Kind { get; } = kind;

    internal StreamSocket Socket { get; } = new();

    /// <summary>What epoll watches it for.</summary>
    internal EpollEvents Watched { get; set; }

    /// <summary>There may be something to receive: nothing has said otherwise since epoll said so.</summary>
    internal bool Readable { get; set; }

    /// <summary>There is room: the socket has not been full since epoll said so.</summary>
    internal bool Writable { get; set; }

    /// <summary>Only an error or the end of the stream says that nothing is left: a short answer does not.</summary>
    internal bool Exhaust { get; set; }

    /// <summary>Its FIN has come, and everything before it with it: what is left can be received, and ends where less comes than was asked for.</summary>
    internal bool Finished { get; set; }

    /// <summary>To be called before anything is sent.</summary>
    internal void BeforeSend()
    {
        if (_sends < SendsToLookAt && ++_sends == SendsToLookAt)
        {
            Socket.SendAtOnce();
        }
    }

    /// <summary>The first bytes are not at hand: the endpoint may be one that speaks first, and waits for the end of the handshake.</summary>
    internal void StopWaitingToSend()
    {
        if (_sends == 0)
        {
            Socket.AcknowledgeAtOnce();
        }
    }

    /// <summary>Notes what epoll says of input.</summary>
    internal void Heard(EpollEvents events)
    {
        // Receiving stops at urgent data, whatever comes behind.
        Finished |= (events & (EpollEvents.ReadHangUp | EpollEvents.HangUp)) != 0 && (events & EpollEvents.Priority) == 0;
        Readable |= (events & (EpollEvents.In | EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Priority)) != 0;
        Exhaust |= (events & (EpollEvents.ReadHangUp | EpollEvents.HangUp | EpollEvents.Priority)) != 0;
    }

    internal void Reset()
    {
        Watched = EpollEvents.None;
        Readable = Writable = Exhaust = Finished = false;
        _sends = Kind == RelayTokenKind.Server ? 0 : SendsToLookAt;
    }
}

/// <summary>One of the two byte streams.</summary>
internal sealed class RelayDirection(RelayConnection connection, RelaySide from, RelaySide to)
{
    internal RelayConnection Connection { get; } = connection;

    internal RelayDirection Opposite => Connection.ToServer == this ? Connection.ToClient : Connection.ToServer;

    internal RelaySide From { get; } = from;

    internal RelaySide To { get; } = to;

    /// <summary>Bytes the receiver has not taken yet; while there are any, nothing more is read: that is the back-pressure.</summary>
    internal SplicePipe? Pending { get; set; }

    /// <summary>The sender's FIN has come and has been passed on behind its last byte.</summary>
    internal bool Ended { get; set; }

    /// <summary>It fills the buffer: worth splicing.</summary>
    internal bool IsBulk { get; set; }

    /// <summary>Something may be done for it now.</summary>
    internal bool CanMove => Pending is null ? From.Readable && !Ended : To.Writable;
}
