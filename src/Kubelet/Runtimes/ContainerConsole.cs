using System.Buffers;
using System.IO.Pipelines;
using Dataplane.Linux.Processes;
using Pipe = System.IO.Pipelines.Pipe;

namespace Dataplane.Kubelet.Runtimes;

/// <summary>
/// A container's own streams for as long as it runs: what it writes goes to its log and to everybody attached, what they type is
/// its input. Somebody attached who reads slowly holds the container back, as a terminal does, but never its end.
/// </summary>
internal sealed class ContainerConsole(ContainerLog log) : IDisposable
{
    private const int Buffered = 64 * 1024;

    private readonly Lock _gate = new();
    private readonly List<Attachment> _attached = [];

    // Clients may still wait for it when the console has ended, and without a wait handle it holds nothing.
#pragma warning disable CA2213
    private readonly SemaphoreSlim _typing = new(1);
#pragma warning restore CA2213

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The container's standard input, or null; owned by the console.</summary>
    internal Stream? Input { get; init; }

    /// <summary>The end of the first client's input is the end of the container's (stdinOnce).</summary>
    internal bool InputOnce { get; init; }

    /// <summary>Null without a terminal; owned by the console.</summary>
    internal Terminal? Terminal { get; init; }

    /// <summary>As <see cref="ReceivedBytes"/>: the task completes when there is room for more.</summary>
    internal Task? Output(ReadOnlySpan<byte> bytes)
    {
        log.Output(bytes);
        return Pass(bytes, static attachment => attachment.Output?.Writer);
    }

    /// <inheritdoc cref="Output"/>
    internal Task? Error(ReadOnlySpan<byte> bytes)
    {
        log.Error(bytes);
        return Pass(bytes, static attachment => attachment.Error?.Writer);
    }

    /// <summary>Hands what the container writes from now on to somebody.</summary>
    internal ContainerProgram Attach(ProgramStreamsRequest request, Task<ExitStatus> exit)
    {
        var attachment = new Attachment(request.Output ? NewPipe() : null, request.Error && Terminal is null ? NewPipe() : null);
        lock (_gate)
        {
            if (_ended.Task.IsCompleted)
            {
                attachment.Complete();
            }
            else
            {
                _attached.Add(attachment);
            }
        }

        return new ContainerProgram(() => Detach(attachment))
        {
            Input = request.Input && Input is not null ? InputOf(Input) : null,
            Output = attachment.Output?.Reader.AsStream(),
            Error = attachment.Error?.Reader.AsStream(),
            Resize = Terminal is null ? null : Resize,
            Exit = exit,
        };
    }

    /// <summary>The container's process has ended: nobody waits for those attached any more.</summary>
    internal void ProcessEnded() => _ended.TrySetResult();

    /// <summary>Everything it wrote has been passed on.</summary>
    public void Dispose()
    {
        _ended.TrySetResult();
        lock (_gate)
        {
            _attached.ForEach(static attachment => attachment.Complete());
            _attached.Clear();
        }

        Input?.Dispose();
        Terminal?.Dispose();
    }

    private ProgramInput InputOf(Stream input)
    {
        // Without stdinOnce the container's input outlives its clients. With a terminal it does too: its end is a character.
        var outlives = !InputOnce || Terminal is not null;
        return new ProgramInput(WriteAsync, outlives ? static () => { } : input.Dispose) { EndsSession = outlives };

        async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
        {
            await _typing.WaitAsync(cancellation);
            try
            {
                await input.WriteAsync(data, cancellation);
            }
            catch (ObjectDisposedException gone)
            {
                throw new IOException("the container's input has ended", gone);
            }
            finally
            {
                _typing.Release();
            }
        }
    }

    private void Resize(TerminalSize size)
    {
        lock (_gate)
        {
            if (!_ended.Task.IsCompleted)
            {
                Terminal?.Resize(size);
            }
        }
    }

    private Task? Pass(ReadOnlySpan<byte> bytes, Func<Attachment, PipeWriter?> streamOf)
    {
        List<Task>? waits = null;
        lock (_gate)
        {
            foreach (var attachment in _attached)
            {
                if (bytes.IsEmpty || streamOf(attachment) is not { } writer)
                {
                    continue;
                }

                writer.Write(bytes);
                if (_ended.Task.IsCompleted)
                {
                    // The last of it: as much as a pipe holds. A flush may still be waiting, and completing will do.
                    continue;
                }

                var flushed = writer.FlushAsync();
                if (!flushed.IsCompleted)
                {
                    (waits ??= []).Add(flushed.AsTask());
                }
            }
        }

        return waits is null ? null : Task.WhenAny(Task.WhenAll(waits), _ended.Task);
    }

    private void Detach(Attachment attachment)
    {
        lock (_gate)
        {
            _attached.Remove(attachment);
        }
    }

    private static Pipe NewPipe() => new(new PipeOptions(
        pauseWriterThreshold: Buffered, resumeWriterThreshold: Buffered / 2, useSynchronizationContext: false));

    private sealed record Attachment(Pipe? Output, Pipe? Error)
    {
        internal void Complete()
        {
            Output?.Writer.Complete();
            Error?.Writer.Complete();
        }
    }
}
