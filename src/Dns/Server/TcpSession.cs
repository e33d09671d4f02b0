using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using Dataplane.Dns.Forward;

namespace Dataplane.Dns.Server;

/// <summary>
/// The conversation with one TCP client (RFC 7766): queries one behind the other, each message after its length in two bytes.
/// Answers from the cluster go out in order, forwarded ones when they come, so a slow upstream holds nobody up. A client that
/// is silent or takes nothing for <see cref="IdleTimeout"/> is closed.
/// </summary>
internal sealed class TcpSession(QueryEngine engine, Forwarder? forwarder, QueryCounters counters)
{
    private const int LengthPrefix = 2;

    /// <summary>Forwarded queries under way for one client; the next is read when one of them is answered.</summary>
    private const int MaxForwarded = 64;

    private static readonly TimeSpan IdleTimeout = TimeSpan.FromSeconds(10);

    internal async Task RunAsync(Socket client, CancellationToken stop)
    {
        var prefix = new byte[LengthPrefix];
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
                    var reply = Answer(buffer.AsSpan(LengthPrefix, ushort.MaxValue), length, start);
                    if (reply.Disposition is Disposition.Send)
                    {
                        BinaryPrimitives.WriteUInt16BigEndian(buffer, (ushort)reply.Length);
                        await SendAsync(client, buffer.AsMemory(0, LengthPrefix + reply.Length), sending, stop);
                    }
                    else if (reply.Disposition is Disposition.Forward)
                    {
                        await forwarded.WaitAsync(stop);
                        forwarder!.Start(reply.Request!, answer => _ = SendForwardedAsync(client, answer, sending, forwarded, stop));
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
            // Answers still under way use the socket and the semaphores; each ends within the forwarder's own time limit.
            for (var i = 0; i < MaxForwarded; i++)
            {
                await forwarded.WaitAsync(CancellationToken.None);
            }
        }
    }

    /// <summary>The engine and its counters are for one thread at a time; an answer takes about a microsecond.</summary>
    private Reply Answer(Span<byte> message, int length, long start)
    {
        lock (engine)
        {
            var reply = engine.AnswerStream(message, length);
            if (reply.Disposition is Disposition.Send)
            {
                counters.Took(1, Stopwatch.GetElapsedTime(start));
            }

            return reply;
        }
    }

    private async Task SendForwardedAsync(Socket client, ForwardAnswer answer, SemaphoreSlim sending, SemaphoreSlim forwarded, CancellationToken stop)
    {
        try
        {
            var framed = new byte[LengthPrefix + answer.Message.Length];
            BinaryPrimitives.WriteUInt16BigEndian(framed, (ushort)answer.Message.Length);
            answer.Message.CopyTo(framed.AsMemory(LengthPrefix));
            await SendAsync(client, framed, sending, stop);
            lock (engine)
            {
                counters.Answered(answer.Code, answer.Message.Length);
                counters.Took(1, answer.Duration);
            }
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // The client is gone; its reading side notices too.
        }
        finally
        {
            forwarded.Release();
        }
    }

    private static async Task SendAsync(Socket client, ReadOnlyMemory<byte> message, SemaphoreSlim sending, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(IdleTimeout);
        await sending.WaitAsync(limit.Token);
        try
        {
            while (!message.IsEmpty)
            {
                message = message[await client.SendAsync(message, limit.Token)..];
            }
        }
        finally
        {
            sending.Release();
        }
    }

    /// <returns>False when the client closed.</returns>
    private static async Task<bool> TryReceiveAsync(Socket client, Memory<byte> buffer, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(IdleTimeout);
        while (!buffer.IsEmpty)
        {
            var count = await client.ReceiveAsync(buffer, limit.Token);
            if (count == 0)
            {
                return false;
            }

            buffer = buffer[count..];
        }

        return true;
    }
}
