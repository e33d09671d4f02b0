using System.Net.WebSockets;
using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;

namespace Dataplane.Kubelet.Streaming;

/// <summary>One program and one client: copies the program's streams to and from the client's channels until either has ended.</summary>
internal sealed class RemoteCommandSession(WebSocket socket, ExecOptions options, TimeProvider time) : IDisposable
{
    private const int BufferSize = 32 * 1024;

    // A child that the program leaves behind can hold its output open for ever; upstream's runtimes stop waiting too.
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _sending = new(1);
    private long _sent;

    /// <summary>Starts the program and returns when the client has been told its end, or has gone.</summary>
    /// <exception cref="WebSocketException">The client went without closing.</exception>
    internal async Task RunAsync(IRunningContainer container, CancellationToken cancellation)
    {
        ContainerProgram? program = null;
        Status? end = null;
        try
        {
            program = await container.StartProgramAsync(new ContainerProgramRequest
            {
                Command = options.Command,
                Input = options.Input,
                Output = options.Output,
                Error = options.Error,
            });
        }
        catch (ContainerStartException problem)
        {
            end = RemoteCommandProtocol.NotStarted(problem.Message);
        }

        using (program)
        using (var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        using (var receiving = CancellationTokenSource.CreateLinkedTokenSource(cancellation))
        {
            // Cancelling a read of the program is harmless, cancelling a send breaks the connection: so two tokens.
            var received = ReceiveAsync(program?.Input, receiving.Token);
            var sent = Task.CompletedTask;
            try
            {
                await GreetAsync(cancellation);
                if (program is not null)
                {
                    sent = Task.WhenAll(
                        SendStreamAsync(RemoteCommandProtocol.OutputChannel, program.Output, reading.Token, cancellation),
                        SendStreamAsync(RemoteCommandProtocol.ErrorChannel, program.Error, reading.Token, cancellation));
                    if (await Task.WhenAny(program.Exit, received) == received)
                    {
                        await received;
                        return;
                    }

                    end = RemoteCommandProtocol.Ended(options.Command, (await program.Exit).Code);
                    await DrainAsync(sent, reading, cancellation);
                }

                await EndAsync(end!, received, cancellation);
            }
            finally
            {
                // Before the program's streams are closed under them.
                await reading.CancelAsync();
                await receiving.CancelAsync();
                await Task.WhenAll(sent, received).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    public void Dispose() => _sending.Dispose();

    /// <summary>An empty message, as upstream's server sends it: the client learns that the session stands.</summary>
    private Task GreetAsync(CancellationToken cancellation) => SendAsync(
        new[]
        {
            options.Output ? RemoteCommandProtocol.OutputChannel
                : options.Error ? RemoteCommandProtocol.ErrorChannel : RemoteCommandProtocol.StatusChannel,
        },
        cancellation);

    /// <summary>Waits until all that was written has been sent; the grace period runs only while nothing is.</summary>
    private async Task DrainAsync(Task sent, CancellationTokenSource reading, CancellationToken cancellation)
    {
        while (!sent.IsCompleted)
        {
            var before = Interlocked.Read(ref _sent);
            await Task.WhenAny(sent, Task.Delay(OutputGrace, time, cancellation));
            if (_sending.CurrentCount > 0 && before == Interlocked.Read(ref _sent))
            {
                break;
            }
        }

        await reading.CancelAsync();
        await sent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>Closing is an exchange: the connection may end only when the client has answered, or what it has not read is lost.</summary>
    private async Task EndAsync(Status status, Task received, CancellationToken cancellation)
    {
        byte[] message = [RemoteCommandProtocol.StatusChannel, .. ApiJson.Serialize(status)];
        await SendAsync(message, cancellation);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, cancellation);
        await Task.WhenAny(received, Task.Delay(CloseLimit, time, cancellation));
    }

    private async Task SendStreamAsync(byte channel, Stream? stream, CancellationToken reading, CancellationToken cancellation)
    {
        if (stream is null)
        {
            return;
        }

        var message = new byte[BufferSize];
        message[0] = channel;
        while (await stream.ReadAsync(message.AsMemory(1), reading) is var count and > 0)
        {
            await SendAsync(message.AsMemory(0, 1 + count), cancellation);
        }
    }

    private async Task SendAsync(ReadOnlyMemory<byte> message, CancellationToken cancellation)
    {
        await _sending.WaitAsync(cancellation);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellation);
            _sent++;
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Completes when the client closes.</summary>
    private async Task ReceiveAsync(Stream? input, CancellationToken cancellation)
    {
        var buffer = new byte[BufferSize];
        byte? channel = null;
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), cancellation);
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return;
            }

            // A message may come in parts; only its first byte is the channel.
            var data = buffer.AsMemory(0, part.Count);
            if (channel is null && !data.IsEmpty)
            {
                channel = data.Span[0];
                data = data[1..];
            }

            input = await TakeAsync(channel, data, input, cancellation);
            channel = part.EndOfMessage ? null : channel;
        }
    }

    /// <returns>The input, or null once it has ended.</returns>
    private static async ValueTask<Stream?> TakeAsync(byte? channel, ReadOnlyMemory<byte> data, Stream? input, CancellationToken cancellation)
    {
        switch (channel)
        {
            case RemoteCommandProtocol.InputChannel when input is not null:
                try
                {
                    await input.WriteAsync(data, cancellation);
                    return input;
                }
                catch (IOException)
                {
                    // The program reads no more, which is its right; its end says the rest.
                    await input.DisposeAsync();
                    return null;
                }

            case RemoteCommandProtocol.CloseChannel when input is not null && data.Span is [RemoteCommandProtocol.InputChannel, ..]:
                await input.DisposeAsync();
                return null;
            default:
                return input;
        }
    }
}
