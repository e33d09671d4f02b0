namespace Dataplane.Proxy.Userspace;

/// <summary>
/// Bits of packets' and connections' marks that the relay uses, where no upstream part uses one: 0x4000 asks for masquerading and
/// 0x8000 once asked for dropping, but no longer does.
/// </summary>
internal static class RelayMarks
{
    /// <summary>The relay's own connections to endpoints: they are not to be brought back to it.</summary>
    internal const uint Own = 0x8000;

    /// <summary>Those made from the client's address, on their packets and on the connection.</summary>
    internal const uint Preserving = 0x2000;

    /// <summary>Answers to those: for this node, whatever their destination says. Another bit, since the way out is looked up by mark too.</summary>
    internal const uint Returning = 0x1000;
}
