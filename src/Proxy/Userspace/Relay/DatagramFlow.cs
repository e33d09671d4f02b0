using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>One UDP client at one front end, with the socket that speaks for it to its endpoint. Reused.</summary>
internal sealed class DatagramFlow(int slot)
{
    internal int Slot { get; } = slot;

    internal uint Generation { get; set; }

    /// <summary>Null while the slot is free.</summary>
    internal DatagramFrontEnd? FrontEnd { get; set; }

    internal InetEndPoint Client { get; set; }

    /// <summary>The address the client's datagrams arrive at, from which it has to be answered.</summary>
    internal InetEndPoint Local { get; set; }

    internal DatagramSocket Server { get; } = new();

    internal InetEndPoint Endpoint { get; set; }

    /// <summary>The target the endpoint was chosen from; another one means that the choice has to be looked at again.</summary>
    internal RelayTarget? Target { get; set; }

    /// <summary>Milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    internal long LastUsed { get; set; }

    internal FlowKey Key => new(FrontEnd!.Slot, Client);
}

/// <summary>What tells flows of one loop apart.</summary>
internal readonly record struct FlowKey(int FrontEnd, InetEndPoint Client);
