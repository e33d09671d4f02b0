using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Dataplane.Kubelet.Network;

/// <summary>The addresses of one family that a node gives to its pods: all of a range but its network's, the gateway's and, for IPv4, the broadcast address.</summary>
internal sealed class AddressRange
{
    // Fewer than 250 pods of a node need no more, and a search through a whole /64 would not end.
    private const int MostSearched = 1 << 20;

    private readonly UInt128 _first;
    private readonly UInt128 _last;
    private UInt128 _next;

    /// <exception cref="ArgumentException">The range has no room for a pod.</exception>
    internal AddressRange(IPNetwork network)
    {
        Network = network;
        var bits = Family == AddressFamily.InterNetwork ? 32 : 128;
        if (bits - network.PrefixLength < 3)
        {
            throw new ArgumentException($"pod CIDR {network} has no room for pods: a /{bits - 3} at least is needed");
        }

        var start = Number(network.BaseAddress);
        var end = start + (UInt128.One << (bits - network.PrefixLength)) - 1;
        Gateway = Address(start + 1);
        _first = start + 2;
        _last = Family == AddressFamily.InterNetwork ? end - 1 : end;
        _next = _first;
    }

    internal IPNetwork Network { get; }

    internal AddressFamily Family => Network.BaseAddress.AddressFamily;

    /// <summary>The range's first address: the node's own, by which pods leave.</summary>
    internal IPAddress Gateway { get; }

    /// <summary>Whether it is one that pods get.</summary>
    internal bool Contains(IPAddress address) => address.AddressFamily == Family && Number(address) is var number && number >= _first && number <= _last;

    /// <summary>On from the last one taken: an address that was just freed may still be in somebody's connection table.</summary>
    /// <exception cref="AddressesExhaustedException">Every address is taken.</exception>
    internal IPAddress Take(Func<IPAddress, bool> isTaken)
    {
        var size = _last - _first + 1;
        var tries = size < MostSearched ? (int)size : MostSearched;
        for (var tried = 0; tried < tries; tried++)
        {
            var candidate = Address(_next);
            Pass(_next);
            if (!isTaken(candidate))
            {
                return candidate;
            }
        }

        throw new AddressesExhaustedException($"no IP addresses available in range set: {Address(_first)}-{Address(_last)}");
    }

    /// <summary>The next one given is behind this one.</summary>
    internal void SkipPast(IPAddress address)
    {
        if (Number(address) is var number && number >= _next)
        {
            Pass(number);
        }
    }

    private void Pass(UInt128 number) => _next = number == _last ? _first : number + 1;

    private static UInt128 Number(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private IPAddress Address(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(Family == AddressFamily.InterNetwork ? bytes[12..] : bytes);
    }
}

/// <summary>A range has no address left; it has some again when a pod goes.</summary>
internal sealed class AddressesExhaustedException(string message) : InvalidOperationException(message);
