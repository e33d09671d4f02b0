using System.Buffers.Binary;
using System.Security.Cryptography;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>
/// Cookies for clients that send one (RFC 7873), in the form of RFC 9018:
/// <code>
/// client cookie 8 | version 1 | reserved 3 | time 4 | SipHash-2-4 of all that and the client's address, 8
/// </code>
/// Nobody is refused for want of a good one: a client in the cluster is not worth less for it.
/// </summary>
internal static class ServerCookies
{
    internal const int ClientSize = 8;

    /// <summary>Both halves.</summary>
    internal const int Size = 24;

    private const byte Version = 1;

    private static readonly byte[] Secret = RandomNumberGenerator.GetBytes(16);

    /// <param name="cookie">24 bytes, the client's own 8 at their start; receives the rest.</param>
    /// <param name="client">4 or 16 address bytes.</param>
    /// <param name="now">The cookie's time.</param>
    internal static void Complete(Span<byte> cookie, ReadOnlySpan<byte> client, DateTimeOffset now)
    {
        cookie[ClientSize] = Version;
        cookie.Slice(ClientSize + 1, 3).Clear();
        BinaryPrimitives.WriteUInt32BigEndian(cookie[12..], (uint)now.ToUnixTimeSeconds());
        Span<byte> hashed = stackalloc byte[16 + 16];
        cookie[..16].CopyTo(hashed);
        client.CopyTo(hashed[16..]);
        BinaryPrimitives.WriteUInt64LittleEndian(cookie[16..], SipHash.Compute(Secret, hashed[..(16 + client.Length)]));
    }
}
