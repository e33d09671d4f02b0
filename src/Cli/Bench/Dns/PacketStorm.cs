using System.Net;
using System.Net.Sockets;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>Queries with bits flipped, cut short or made of noise, sent as fast as they are taken. The seed says which.</summary>
internal static class PacketStorm
{
    private const int LongestNoise = 600;

    /// <summary>The first byte of a valid query's id, which a malformed one has not.</summary>
    private const byte Mark = 0xA5;

    /// <summary>Header with RD and one question and an OPT; <c>_http._tcp.svc-1.default.svc.cluster.local SRV IN</c>; OPT of 1232 bytes with a cookie.</summary>
    private static readonly byte[] Query =
    [
        0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 1,
        .. "\u0005_http\u0004_tcp\u0005svc-1\u0007default\u0003svc\u0007cluster\u0005local\0"u8,
        0, 33, 0, 1,
        0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 12, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8,
    ];

    /// <summary>Valid queries in between, each waited for, so that no packet is lost before the server has looked at it.</summary>
    private const int Burst = 64;

    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(10);

    /// <summary>Sends them all and returns when the server has taken the last.</summary>
    /// <exception cref="UserErrorException">It stopped answering.</exception>
    internal static void Send(IPEndPoint server, int packets, int seed)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = (int)AnswerLimit.TotalMilliseconds };
        socket.Connect(server);
        var random = new Random(seed);
        var (packet, reply) = (new byte[LongestNoise], new byte[ushort.MaxValue]);
        for (var sent = 0; sent < packets;)
        {
            for (var end = Math.Min(packets, sent + Burst); sent < end; sent++)
            {
                socket.Send(packet.AsSpan(0, Next(random, packet)), SocketFlags.None);
            }

            // One socket and one thread of the server's: what it answers to this comes after all that came before.
            Query.CopyTo(packet, 0);
            var mark = (byte)(sent / Burst);
            (packet[0], packet[1]) = (Mark, mark);
            socket.Send(packet.AsSpan(0, Query.Length), SocketFlags.None);
            try
            {
                do
                {
                    socket.Receive(reply);
                }
                while ((reply[0], reply[1]) != (Mark, mark));
            }
            catch (SocketException timeout) when (timeout.SocketErrorCode is SocketError.TimedOut or SocketError.WouldBlock)
            {
                throw new UserErrorException($"{server} did not answer within {AnswerLimit.TotalSeconds} s after {sent} packets");
            }
        }
    }

    private static int Next(Random random, byte[] packet)
    {
        if (random.Next(8) == 0)
        {
            var noise = random.Next(LongestNoise);
            random.NextBytes(packet.AsSpan(0, noise));
            packet[0] &= 0x7F;
            return noise;
        }

        Query.CopyTo(packet, 0);
        for (var flips = random.Next(1, 6); flips > 0; flips--)
        {
            packet[random.Next(Query.Length)] ^= (byte)(1 << random.Next(8));
        }

        packet[0] &= 0x7F;
        return random.Next(8) == 0 ? random.Next(Query.Length) : Query.Length;
    }
}
