using System.Runtime.CompilerServices;

namespace Dataplane.Linux.Datagrams;

/// <summary>Where a datagram came from and, on a wildcard socket, which of our addresses it was sent to. A plain value: keep it to reply later.</summary>
public struct DatagramPeer
{
    internal AddressBytes Name;
    internal int NameLength;
    internal ControlBytes Control;
    internal int ControlLength;

    /// <summary>A struct sockaddr_in or sockaddr_in6 (28 bytes).</summary>
    [InlineArray(DatagramBatch.NameSize)]
    internal struct AddressBytes
    {
        private byte _first;
    }

    /// <summary>One control message with an in_pktinfo or in6_pktinfo.</summary>
    [InlineArray(DatagramBatch.ControlSize)]
    internal struct ControlBytes
    {
        private byte _first;
    }
}
