using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text;
using Dataplane.Linux.Processes;
using Pipe = System.IO.Pipelines.Pipe;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>The streams of a program in a container of the engine: one connection, on which output and error output alternate.</summary>
internal sealed class DockerStream : IDisposable
{
    private readonly HttpClient _http;
    private readonly Stream _connection;
    private readonly Socket _socket;
    private readonly Pipe _output = new();
    private readonly Pipe _error = new();

    internal DockerStream(HttpClient http, Stream connection, Socket socket, bool isTerminal)
    {
        (_http, _connection, _socket) = (http, connection, socket);
        Ended = Task.Run(() => PumpAsync(isTerminal));
    }

    internal Stream Output => _output.Reader.AsStream();

    internal Stream Error => _error.Reader.AsStream();

    /// <summary>Why there is no program; null otherwise. To be read after <see cref="Ended"/>.</summary>
    internal string? Refusal { get; private set; }

    /// <summary>Completes when the engine sends no more.</summary>
    internal Task Ended { get; }

    internal async ValueTask WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        try
        {
            await _connection.WriteAsync(data, cancellation);
            await _connection.FlushAsync(cancellation);
        }
        catch (ObjectDisposedException gone)
        {
            throw new IOException("the program has ended", gone);
        }
    }

    /// <summary>Nothing more will be written. May be called again.</summary>
    internal void EndInput()
    {
        try
        {
            _socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
        {
            // The engine has closed it, which ends its input too.
        }
    }

    /// <summary>The program's view of what was asked for.</summary>
    internal ContainerProgram ToProgram(
        ProgramStreamsRequest request, bool isTerminal, bool inputOutlives, Action<TerminalSize>? resize, Task<ExitStatus> exit) => new(Dispose)
        {
            Input = request.Input ? new ProgramInput(WriteAsync, inputOutlives ? static () => { } : EndInput) { EndsSession = inputOutlives } : null,
            Output = request.Output ? Output : null,
            Error = request.Error && !isTerminal ? Error : null,
            Resize = resize,
            Exit = exit,
        };

    /// <inheritdoc/>
    public void Dispose()
    {
        // What is still read or written breaks off.
        _connection.Dispose();
        _socket.Dispose();
        _http.Dispose();
        _output.Reader.Complete();
        _error.Reader.Complete();
    }

    private async Task PumpAsync(bool isTerminal)
    {
        try
        {
            if (isTerminal)
            {
                await _connection.CopyToAsync(_output.Writer);
                return;
            }

            while (await DockerFrames.ReadAsync(_connection, CancellationToken.None) is { } frame)
            {
                await (frame.IsError ? _error : _output).Writer.WriteAsync(frame.Content);
            }
        }
        catch (UnframedException words)
        {
            // The engine's own words: the program could not be started.
            using var rest = new MemoryStream();
            await _connection.CopyToAsync(rest).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Refusal = Encoding.UTF8.GetString([.. words.Read, .. rest.ToArray()]).Trim();
        }
        catch (Exception gone) when (gone is IOException or ObjectDisposedException or InvalidOperationException)
        {
            // An end like others: who reads sees it, and the program's exit code tells the rest.
        }
        finally
        {
            await _output.Writer.CompleteAsync();
            await _error.Writer.CompleteAsync();
        }
    }
}
