using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Streaming;

/// <summary>One program and one client: copies the program's streams to and from the client until either has ended.</summary>
internal sealed class RemoteCommandSession(IRemoteClient client, TimeProvider time)
{
    private const int BufferSize = 32 * 1024;

    // A child that the program leaves behind can hold its output open for ever; upstream's runtimes stop waiting too. On a machine with
    // much to do a second passes between two pieces of what a runtime still has.
    private static readonly TimeSpan OutputGrace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);

    private long _sent;

    /// <summary>Returns when the client has been told the program's end, or has gone.</summary>
    /// <param name="program">Let go of at the end.</param>
    /// <param name="statusOf">What the client is told when the program has ended.</param>
    /// <param name="notStarted">What the client is told, with the reason, when it comes out only now that there was no program.</param>
    /// <param name="cancellation">The connection's end.</param>
    /// <exception cref="IOException">The client went without closing.</exception>
    internal async Task RunAsync(ContainerProgram program, Func<ExitStatus, Status> statusOf, Func<string, Status> notStarted, CancellationToken cancellation)
    {
        // Cancelling a read of the program is harmless, cancelling a send breaks the connection: so two tokens.
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var typed = TypeAsync(program.Input, reading.Token);
        var resized = ResizeAsync(program.Resize, reading.Token);
        var sent = Task.WhenAll(
            SendAsync(program.Output, client.SendOutputAsync, reading.Token, cancellation),
            SendAsync(program.Error, client.SendErrorAsync, reading.Token, cancellation));
        try
        {
            var detached = program.Input is { EndsSession: true } ? typed : Task.Delay(Timeout.Infinite, reading.Token);
            var first = await Task.WhenAny(program.Exit, client.Gone, detached);
            if (first == client.Gone)
            {
                await client.Gone;
                return;
            }

            Status status;
            if (first == program.Exit)
            {
                try
                {
                    status = statusOf(await program.Exit);
                }
                catch (ContainerStartException problem)
                {
                    status = notStarted(problem.Message);
                }

                await DrainAsync(sent, reading, cancellation);
            }
            else
            {
                await typed;
                status = RemoteCommandStatus.Success;
                await StopSendingAsync(sent, reading);
            }

            await EndAsync(status, cancellation);
        }
        finally
        {
            // Before the program's streams are closed under them.
            await reading.CancelAsync();
            await Task.WhenAll(sent, typed, resized).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            program.Dispose();
        }
    }

    /// <summary>Closing is an exchange: the connection may end only when the client has answered, or what it has not read is lost.</summary>
    internal async Task EndAsync(Status status, CancellationToken cancellation)
    {
        await client.EndAsync(status, cancellation);
        await Task.WhenAny(client.Gone, Task.Delay(CloseLimit, time, cancellation));
    }

    /// <summary>Waits until all that was written has been sent; the grace period runs only while nothing is.</summary>
    private async Task DrainAsync(Task sent, CancellationTokenSource reading, CancellationToken cancellation)
    {
        while (!sent.IsCompleted && !client.Gone.IsCompleted)
        {
            var before = Interlocked.Read(ref _sent);
            await Task.WhenAny(sent, client.Gone, Task.Delay(OutputGrace, time, cancellation));
            if (!client.IsSending && before == Interlocked.Read(ref _sent))
            {
                break;
            }
        }

        await StopSendingAsync(sent, reading);
    }

    private static async Task StopSendingAsync(Task sent, CancellationTokenSource reading)
    {
        await reading.CancelAsync();
        await sent.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task SendAsync(
        Stream? stream, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> send, CancellationToken reading, CancellationToken cancellation)
    {
        if (stream is null)
        {
            return;
        }

        var buffer = new byte[BufferSize];
        while (await stream.ReadAsync(buffer, reading) is var count and > 0)
        {
            await send(buffer.AsMemory(0, count), cancellation);
            Interlocked.Increment(ref _sent);
        }
    }

    /// <summary>Completes when the client's input has ended and the program knows.</summary>
    private async Task TypeAsync(ProgramInput? input, CancellationToken reading)
    {
        if (client.Input is not { } typed)
        {
            return;
        }

        var buffer = new byte[BufferSize];
        try
        {
            while (await typed.ReadAsync(buffer, reading) is var count and > 0)
            {
                try
                {
                    await (input?.WriteAsync(buffer.AsMemory(0, count), reading) ?? ValueTask.CompletedTask);
                }
                catch (IOException)
                {
                    // The program reads no more, which is its right; its end says the rest. The client must be read on.
                    input?.End();
                    input = null;
                }
            }
        }
        finally
        {
            input?.End();
        }
    }

    private async Task ResizeAsync(Action<TerminalSize>? resize, CancellationToken reading)
    {
        await foreach (var size in client.Sizes.ReadAllAsync(reading))
        {
            try
            {
                resize?.Invoke(size);
            }
            catch (IOException)
            {
                // The terminal has gone, and the program's end will tell the client.
                resize = null;
            }
        }
    }
}
