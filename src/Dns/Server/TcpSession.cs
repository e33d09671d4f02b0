using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Forward;

namespace Dataplane.Dns.Server;

/// <summary>
/// The conversation with one client over a stream (RFC 7766), TCP or TLS: queries one behind the other, each message after its length
/// in two bytes. Answers from the zone go out in order, forwarded ones when they come, so a slow upstream holds nobody up. A client
/// that is silent or takes nothing for <see cref="IdleTimeout"/> is closed.
/// </summary>
internal sealed class TcpSession(QueryEngine engine, SiteSource source, QueryCounters counters)
{
    private const int LengthPrefix = 2;

    /// <summary>Forwarded queries under way for one client; the next is read when one of them is answered.</summary>
    private const int MaxForwarded = 64;

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(10);

    internal async Task RunAsync(Stream client, IPEndPoint peer, CancellationToken stop)
    {
        var prefix = new byte[LengthPrefix];
        var from = (peer.Address.IsIPv4MappedToIPv6 ? peer.Address.MapToIPv4() : peer.Address).GetAddressBytes();
        using var sending = new SemaphoreSlim(1);
        using var forwarded = new SemaphoreSlim(MaxForwarded);
        try
        {
            while (await TryReceiveAsync(client, prefix, stop))
            {
                var length = BinaryPrimitives.ReadUInt16BigEndian(prefix);
                var buffer = ArrayPool<byte>.Shared.Rent(LengthPrefix + ushort.MaxValue);
                try
                {
                    if (!await TryReceiveAsync(client, buffer.AsMemory(LengthPrefix, length), stop))
                    {
                        return;
                    }

                    var start = Stopwatch.GetTimestamp();
                    var (reply, question) = Answer(buffer.AsSpan(LengthPrefix, ushort.MaxValue), length, (from, peer.Port), start);
                    switch (reply.Disposition)
                    {
                        case Disposition.Send:
                            BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)reply.Length);
                            await SendAsync(client, buffer.AsMemory(0, LengthPrefix + reply.Length), sending, stop);
                            break;
                        case Disposition.Forward:
                            await forwarded.WaitAsync(stop);
                            reply.Request!.Forwarder!.Start(reply.Request, answer => _ = SendForwardedAsync(client, answer, sending, forwarded, stop));
                            break;
                        case Disposition.Transfer:
                            await SendZoneAsync(client, question, sending, stop);
                            break;
                    }
                }
                finally
                {
                    ArrayPool<byte>.Shared.Return(buffer);
                }
            }
        }
        finally
        {
            // Answers still under way use the stream and the semaphores; each ends within the forwarder's own time limit.
            for (var i = 0; i < MaxForwarded; i++)
            {
                await forwarded.WaitAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>The engine and its counters are for one thread at a time; an answer takes about a microsecond.</summary>
    private (Reply Reply, byte[] Question) Answer(Span<byte> message, int length, (byte[] Address, int Port) from, long start)
    {
        lock (engine)
        {
            var reply = engine.AnswerStream(message, length, from.Address, from.Port);
            if (reply.Disposition is Disposition.Send)
            {
                counters.Took(1, Stopwatch.GetElapsedTime(start));
            }

            return (reply, reply.Disposition is Disposition.Transfer ? message[..engine.Query.QuestionEnd].ToArray() : []);
        }
    }

    private async Task SendZoneAsync(Stream client, byte[] question, SemaphoreSlim sending, CancellationToken stop)
    {
        foreach (var message in ZoneTransfer.Messages(source.Zone.Current, question))
        {
            await SendAsync(client, Framed(message), sending, stop);
        }
    }

    private async Task SendForwardedAsync(Stream client, ForwardAnswer answer, SemaphoreSlim sending, SemaphoreSlim forwarded, CancellationToken stop)
    {
        try
        {
            await SendAsync(client, Framed(answer.Message), sending, stop);
            lock (engine)
            {
                counters.Answered(answer.Code, answer.Message.Length);
                counters.Took(1, answer.Duration);
            }
        }
        catch (Exception failure) when (failure is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone; its reading side notices too.
        }
        finally
        {
            forwarded.Release();
        }
    }

    private static byte[] Framed(ReadOnlyMemory<byte> message)
    {
        var framed = new byte[LengthPrefix + message.Length];
        BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)message.Length);
        message.CopyTo(framed.AsMemory(LengthPrefix));
        return framed;
    }

    private static async Task SendAsync(Stream client, ReadOnlyMemory<byte> message, SemaphoreSlim sending, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(IdleTimeout);
        await sending.WaitAsync(limit.Token);
        try
        {
            await client.WriteAsync(message, limit.Token);
            await client.FlushAsync(limit.Token);
        }
        finally
        {
            sending.Release();
        }
    }

    /// <returns>False when the client closed.</returns>
    private static async Task<bool> TryReceiveAsync(Stream client, Memory<byte> buffer, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(IdleTimeout);
        return await client.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, limit.Token) == buffer.Length;
    }
}
