using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Dataplane.Dns.Wire;
using Dataplane.Linux.Namespaces;

namespace Dataplane.Dns.Forward;

/// <summary>
/// One question to one server and its answer. Each has a socket of its own: the kernel picks a random port, and being
/// connected the socket takes datagrams from the asked address only. With the random id and the question compared byte for
/// byte an answer cannot be guessed in (RFC 5452).
/// </summary>
internal static class UpstreamExchange
{
    private const int LengthPrefix = 2;

    internal static void SetRandomId(byte[] query) => DnsHeader.SetId(query, (ushort)RandomNumberGenerator.GetInt32(ushort.MaxValue + 1));

    /// <summary>Asks by UDP, and over a stream as well when the answer was cut.</summary>
    /// <returns>The answer message; still with TC when no stream could be had.</returns>
    /// <exception cref="SocketException">The server cannot be reached, or says so.</exception>
    /// <exception cref="OperationCanceledException">It did not answer in time.</exception>
    internal static async Task<byte[]> AskAsync(
        IPEndPoint server, byte[] query, NetworkNamespace? networkNamespace, CancellationToken cancellation, Func<ReadOnlyMemory<byte>, CancellationToken, Task<byte[]>> askStream)
    {
        var answer = await AskDatagramAsync(server, query, networkNamespace, cancellation);
        if ((DnsHeader.Flags(answer) & DnsHeader.TC) == 0)
        {
            return answer;
        }

        try
        {
            return await askStream(query, cancellation);
        }
        catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
        {
            return answer;
        }
    }

    internal static async Task<byte[]> AskDatagramAsync(
        IPEndPoint server, ReadOnlyMemory<byte> query, NetworkNamespace? networkNamespace, CancellationToken cancellation)
    {
        using var socket = Open(server, SocketType.Dgram, ProtocolType.Udp, networkNamespace);
        await socket.ConnectAsync(server, cancellation);
        await socket.SendAsync(query, cancellation);
        var buffer = ArrayPool<byte>.Shared.Rent(ushort.MaxValue);
        try
        {
            while (true)
            {
                var length = await socket.ReceiveAsync(buffer, cancellation);
                if (Answers(buffer.AsSpan(0, length), query.Span))
                {
                    return buffer[..length];
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Asks over a connection of its own.</summary>
    internal static async Task<byte[]> AskStreamAsync(
        IPEndPoint server, ReadOnlyMemory<byte> query, NetworkNamespace? networkNamespace, CancellationToken cancellation)
    {
        await using var stream = await ConnectAsync(server, networkNamespace, cancellation);
        return await AskStreamAsync(stream, query, server, cancellation);
    }

    internal static async Task<Stream> ConnectAsync(IPEndPoint server, NetworkNamespace? networkNamespace, CancellationToken cancellation)
    {
        var socket = Open(server, SocketType.Stream, ProtocolType.Tcp, networkNamespace);
        try
        {
            await socket.ConnectAsync(server, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <exception cref="IOException">The connection is closed, or the answer is one to something else.</exception>
    internal static async Task<byte[]> AskStreamAsync(Stream stream, ReadOnlyMemory<byte> query, IPEndPoint server, CancellationToken cancellation)
    {
        var framed = new byte[LengthPrefix + query.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)query.Length);
        query.CopyTo(framed.AsMemory(LengthPrefix));
        await stream.WriteAsync(framed, cancellation);
        await stream.FlushAsync(cancellation);
        await stream.ReadExactlyAsync(framed.AsMemory(0, LengthPrefix), cancellation);
        var answer = new byte[BinaryPrimitives.ReadUInt16BigEndian(framed)];
        await stream.ReadExactlyAsync(answer, cancellation);
        return Answers(answer, query.Span) ? answer : throw new IOException($"{server} answered another question");
    }

    /// <summary>Whether a message is the response to a query: id, QR, opcode and the question in the very case it was asked.</summary>
    internal static bool Answers(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> query)
    {
        if (answer.Length < DnsHeader.Size || DnsHeader.Id(answer) != DnsHeader.Id(query)
            || (DnsHeader.Flags(answer) & (DnsHeader.QR | DnsHeader.OpcodeMask)) != DnsHeader.QR)
        {
            return false;
        }

        // Some servers leave the question out of an error; there is nothing in such a message that could mislead.
        if (DnsHeader.QuestionCount(answer) == 0)
        {
            return (DnsHeader.Flags(answer) & DnsHeader.RcodeMask) != 0;
        }

        var end = QuestionEnd(query);
        return DnsHeader.QuestionCount(answer) == 1 && answer.Length >= end
            && answer[DnsHeader.Size..end].SequenceEqual(query[DnsHeader.Size..end]);
    }

    /// <summary>The query was written here: its name is uncompressed.</summary>
    private static int QuestionEnd(ReadOnlySpan<byte> query)
    {
        var at = DnsHeader.Size;
        while (query[at] != 0)
        {
            at += query[at] + 1;
        }

        return at + 1 + (2 * sizeof(ushort));
    }

    private static Socket Open(IPEndPoint server, SocketType type, ProtocolType protocol, NetworkNamespace? networkNamespace) =>
        networkNamespace is null
            ? new Socket(server.AddressFamily, type, protocol)
            : networkNamespace.Invoke(() => new Socket(server.AddressFamily, type, protocol));
}
