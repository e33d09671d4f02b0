namespace Dataplane.Proxy.Userspace.Relay;

/// <summary>What an epoll token stands for.</summary>
internal enum RelayTokenKind
{
    WakeUp,
    Listener,
    Client,
    Server,
    DatagramFrontEnd,
    DatagramFlow,
}

/// <summary>
/// <code>
/// bits 63..32  generation of the slot, so that an event of a connection that is gone is not taken for its successor's
/// bits 31..3   slot
/// bits 2..0    kind
/// </code>
/// </summary>
internal readonly record struct RelayToken(ulong Value)
{
    internal RelayToken(RelayTokenKind kind, int slot, uint generation = 0)
        : this(((ulong)generation << 32) | ((ulong)(uint)slot << 3) | (ulong)kind)
    {
    }

    internal RelayTokenKind Kind => (RelayTokenKind)(Value & 7);

    internal int Slot => (int)((uint)Value >> 3);

    internal uint Generation => (uint)(Value >> 32);
}
