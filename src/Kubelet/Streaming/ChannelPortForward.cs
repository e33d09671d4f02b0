using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;

namespace Dataplane.Kubelet.Streaming;

/// <summary>
/// Port forwarding over channels: for the N-th port of the request channel 2N carries data both ways and 2N+1 what went wrong. Each
/// channel begins with the port, 16 bits little-endian. One connection for each port; the session ends with the last of them.
/// </summary>
internal sealed class ChannelPortForward
{
    private const int MostPorts = 100;
    private static readonly TimeSpan CloseLimit = TimeSpan.FromSeconds(5);

    private readonly ChannelSocket _socket;
    private readonly IReadOnlyList<int> _ports;
    private readonly PortForwarder _forwarder;
    private readonly TimeProvider _time;
    private readonly Pipe[] _received;

    internal ChannelPortForward(ChannelSocket socket, IReadOnlyList<int> ports, PortForwarder forwarder, TimeProvider time)
    {
        (_socket, _ports, _forwarder, _time) = (socket, ports, forwarder, time);
        _received = [.. ports.Select(static _ => new Pipe(new PipeOptions(useSynchronizationContext: false)))];
    }

    /// <exception cref="FormatException">None, or one that is no port; the message is upstream's.</exception>
    internal static IReadOnlyList<int> Ports(IReadOnlyList<string?> query)
    {
        if (query.Count == 0)
        {
            throw new FormatException("query parameter \"port\" is required");
        }

        var ports = query.SelectMany(Parse).ToList();
        return ports.Count <= MostPorts ? ports : throw new FormatException($"query parameter \"port\": at most {MostPorts} ports");

        static IEnumerable<int> Parse(string? value)
        {
            if (string.IsNullOrEmpty(value))
            {
                throw new FormatException("query parameter \"port\" cannot be empty");
            }

            return value.Split(',').Select(text =>
                !ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? throw new FormatException($"unable to parse \"{value}\" as a port")
                : port == 0 ? throw new FormatException($"port \"{value}\" must be > 0")
                : (int)port);
        }
    }

    internal async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        for (var i = 0; i < _ports.Count; i++)
        {
            var port = new byte[2];
            BinaryPrimitives.WriteUInt16LittleEndian(port, (ushort)_ports[i]);
            await _socket.SendAsync((byte)(2 * i), port, cancellation);
            await _socket.SendAsync((byte)((2 * i) + 1), port, cancellation);
        }

        var received = ReceiveAsync(ending.Token);
        var connections = Task.WhenAll(_ports.Select((port, index) => ServeAsync(index, port, ending.Token)));
        if (await Task.WhenAny(received, connections) == connections)
        {
            // The connection may end only when the client has answered, or what it has not read is lost.
            await _socket.CloseAsync(cancellation);
            await Task.WhenAny(received, Task.Delay(CloseLimit, _time, cancellation));
        }

        await ending.CancelAsync();
        await Task.WhenAll(received, connections).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReceiveAsync(CancellationToken cancellation)
    {
        try
        {
            await _socket.ReceiveAsync(TakeAsync, static _ => { }, cancellation);
        }
        finally
        {
            Array.ForEach(_received, static pipe => pipe.Writer.Complete());
        }

        async ValueTask TakeAsync(byte channel, ReadOnlyMemory<byte> data)
        {
            if (channel % 2 == 0 && channel / 2 < _received.Length)
            {
                await _received[channel / 2].Writer.WriteAsync(data, cancellation);
            }
        }
    }

    private async Task ServeAsync(int index, int port, CancellationToken cancellation)
    {
        await using var data = new ChannelStream(_socket, (byte)(2 * index), _received[index].Reader.AsStream());
        if (await _forwarder.ForwardAsync(port, data, cancellation) is { } problem)
        {
            await _socket.SendAsync((byte)((2 * index) + 1), Encoding.UTF8.GetBytes(problem), cancellation);
        }
    }

    /// <summary>Both directions of one channel.</summary>
    private sealed class ChannelStream(ChannelSocket socket, byte channel, Stream received) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => received.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => socket.SendAsync(channel, buffer, cancellationToken);

        public override void Flush()
        {
            // Nothing is held back.
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                received.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
