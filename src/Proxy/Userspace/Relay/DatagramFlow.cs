using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>One UDP client at one front end, with the socket that speaks for it to its endpoint. Reused.</summary>
internal sealed class DatagramFlow(int slot)
{
    internal int Slot { get; } = slot;

    internal uint Generation { get; set; }

    /// <summary>Null while the slot is free.</summary>
    internal DatagramLane? Lane { get; set; }

    internal InetEndPoint Client { get; set; }

    /// <summary>The address the client's datagrams arrive at, from which it has to be answered.</summary>
    internal InetEndPoint Local { get; set; }

    internal DatagramSocket Server { get; } = new();

    /// <summary>Null while the slot is free.</summary>
    internal EndpointState? Endpoint { get; set; }

    /// <summary>The loop's counters of the endpoint.</summary>
    internal EndpointCounters? Counters { get; set; }

    /// <summary>The target the endpoint was chosen from; another one means that the choice has to be looked at again.</summary>
    internal RelayTarget? Target { get; set; }

    /// <summary>Datagrams of the client, and of its endpoint.</summary>
    internal long Sent { get; set; }

    internal long Received { get; set; }

    /// <summary>Milliseconds of <see cref="Environment.TickCount64"/>.</summary>
    internal long LastUsed { get; set; }

    /// <summary>Its client goes on elsewhere; what its endpoint still owes is passed on.</summary>
    internal bool HasLeft { get; set; }

    /// <summary>Asked once and answered once, or left: there is little more to come.</summary>
    internal bool IsEnding => HasLeft || (Sent == 1 && Received == 1);

    internal FlowKey Key => new(Lane!.Slot, Client);

    /// <summary>Neighbours in the list it is in.</summary>
    internal DatagramFlow? Older { get; set; }

    internal DatagramFlow? Newer { get; set; }

    internal FlowAges? Ages { get; set; }
}

/// <summary>What tells flows of one loop apart.</summary>
internal readonly record struct FlowKey(int Lane, InetEndPoint Client);
