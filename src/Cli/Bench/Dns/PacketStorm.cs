using System.Net;
using System.Net.Sockets;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>Queries with bits flipped, cut short or made of noise, sent as fast as one thread can. The seed says which.</summary>
internal static class PacketStorm
{
    private const int LongestNoise = 600;

    /// <summary>Header with RD and one question and an OPT; <c>_http._tcp.svc-1.default.svc.cluster.local SRV IN</c>; OPT of 1232 bytes with a cookie.</summary>
    private static readonly byte[] Query =
    [
        0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1,
        .. "\u0005_http\u0004_tcp\u0005svc-1\u0007default\u0003svc\u0007cluster\u0005local\0"u8,
        0, 33, 0, 1,
        0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
    ];

    internal static void Send(IPEndPoint server, int packets, int seed)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(server);
        var random = new Random(seed);
        var packet = new byte[LongestNoise];
        for (var i = 0; i < packets; i++)
        {
            socket.Send(packet.AsSpan(0, Next(random, packet)), SocketFlags.None);
        }
    }

    private static int Next(Random random, byte[] packet)
    {
        if (random.Next(8) == 0)
        {
            var noise = random.Next(LongestNoise);
            random.NextBytes(packet.AsSpan(0, noise));
            return noise;
        }

        Query.CopyTo(packet, 0);
        for (var flips = random.Next(1, 6); flips > 0; flips--)
        {
            packet[random.Next(Query.Length)] ^= (byte)(1 << random.Next(8));
        }

        return random.Next(8) == 0 ? random.Next(Query.Length) : Query.Length;
    }
}
