using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;

namespace Dataplane.ControlPlane.Services;

/// <summary>
/// The IPv4 addresses of the service CIDR. Dynamic addresses come from the upper band first, so that addresses people choose
/// by hand (the lower band) seldom collide. Source: KEP-3070.
/// </summary>
internal sealed class ClusterAddressPool
{
    private readonly Lock _gate = new();
    private readonly HashSet<uint> _taken = [];
    private readonly uint _first;
    private readonly uint _last;
    private readonly uint _dynamicFirst;

    /// <exception cref="ArgumentException">Not an IPv4 network with at least two usable addresses.</exception>
    public ClusterAddressPool(IPNetwork cidr)
    {
        if (cidr.BaseAddress.AddressFamily != System.Net.Sockets.AddressFamily.InterNetwork || cidr.PrefixLength is < 12 or > 29)
        {
            throw new ArgumentException($"service CIDR {cidr}: an IPv4 network from /12 to /29 is needed");
        }

        Cidr = cidr;
        var start = Number(cidr.BaseAddress);
        var size = 1u << (32 - cidr.PrefixLength);
        _first = start + 1;
        _last = start + size - 2;
        _dynamicFirst = _first + StaticBand(size);
    }

    public IPNetwork Cidr { get; }

    /// <summary>The address of the Service "kubernetes".</summary>
    public IPAddress First => Address(_first);

    public bool Contains(IPAddress address) => Number(address) is var number && number >= _first && number <= _last;

    /// <summary>Takes one given address.</summary>
    /// <returns>False when it is taken.</returns>
    public bool TryTake(IPAddress address)
    {
        lock (_gate)
        {
            return _taken.Add(Number(address));
        }
    }

    /// <returns>Null when every address is taken.</returns>
    public IPAddress? TakeAny()
    {
        lock (_gate)
        {
            return TakeFrom(_dynamicFirst, _last) ?? TakeFrom(_first, _dynamicFirst - 1);
        }
    }

    public void Release(IPAddress address)
    {
        lock (_gate)
        {
            _taken.Remove(Number(address));
        }
    }

    /// <summary>Size of the lower band for a network of a size: a sixteenth, at least 16, at most 256; none in networks too small for it.</summary>
    internal static uint StaticBand(uint size)
    {
        var band = Math.Min(Math.Max(16, size / 16), 256);
        return band >= size - 2 ? 0 : band;
    }

    private IPAddress? TakeFrom(uint first, uint last)
    {
        if (last < first)
        {
            return null;
        }

        // From a random place on: addresses of deleted services are not reused at once, while clients may remember them.
        var count = last - first + 1;
        var offset = (uint)RandomNumberGenerator.GetInt32((int)count);
        for (uint i = 0; i < count; i++)
        {
            var candidate = first + ((offset + i) % count);
            if (_taken.Add(candidate))
            {
                return Address(candidate);
            }
        }

        return null;
    }

    private static uint Number(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        return address.TryWriteBytes(bytes, out var length) && length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : 0;
    }

    private static IPAddress Address(uint number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, number);
        return new IPAddress(bytes);
    }
}
