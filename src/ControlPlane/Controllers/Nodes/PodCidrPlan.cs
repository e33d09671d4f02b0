using System.Net;
using System.Numerics;

namespace Dataplane.ControlPlane.Controllers.Nodes;

/// <summary>The pod networks of nodes: equal blocks of the cluster's range. Pure.</summary>
internal static class PodCidrPlan
{
    /// <summary>The first block of a length that overlaps none in use.</summary>
    /// <param name="range">The cluster's range.</param>
    /// <param name="length">Prefix length of a node's block.</param>
    /// <param name="used">Blocks of other nodes, of any length.</param>
    /// <returns>Null when the range is used up.</returns>
    public static IPNetwork? FirstFree(IPNetwork range, int length, IEnumerable<IPNetwork> used)
    {
        var bits = range.BaseAddress.GetAddressBytes().Length * 8;
        var (first, size) = (Value(range.BaseAddress), BigInteger.One << (bits - length));
        var end = first + (BigInteger.One << (bits - range.PrefixLength));
        var taken = used.Where(block => block.BaseAddress.AddressFamily == range.BaseAddress.AddressFamily)
            .Select(block => (From: Value(block.BaseAddress), To: Value(block.BaseAddress) + (BigInteger.One << (bits - block.PrefixLength))))
            .OrderBy(block => block.From);
        var candidate = first;
        foreach (var (from, to) in taken)
        {
            if (to <= candidate)
            {
                continue;
            }

            if (from >= candidate + size)
            {
                break;
            }

            // The next block border at or after the end of what is in the way.
            candidate = first + ((to - first + size - 1) / size * size);
        }

        return candidate + size <= end ? new IPNetwork(Address(candidate, bits / 8), length) : null;
    }

    private static BigInteger Value(IPAddress address) => new(address.GetAddressBytes(), isUnsigned: true, isBigEndian: true);

    private static IPAddress Address(BigInteger value, int bytes)
    {
        var raw = value.ToByteArray(isUnsigned: true, isBigEndian: true);
        var padded = new byte[bytes];
        raw.CopyTo(padded, bytes - raw.Length);
        return new IPAddress(padded);
    }
}
