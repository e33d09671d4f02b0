using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Kubelet.Runtimes;
using Dataplane.Linux.Processes;
using Pipe = System.IO.Pipelines.Pipe;

namespace Dataplane.Kubelet.Streaming;

/// <summary>exec and attach over the channels of a WebSocket.</summary>
internal sealed class WebSocketClient : IRemoteClient
{
    private const byte InputChannel = 0;
    private const byte OutputChannel = 1;
    private const byte ErrorChannel = 2;
    private const byte StatusChannel = 3;
    private const byte ResizeChannel = 4;

    private readonly ChannelSocket _socket;
    private readonly CancellationTokenSource _receiving;
    private readonly Pipe? _input;
    private readonly Channel<TerminalSize> _sizes = Channel.CreateBounded<TerminalSize>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropOldest });

    private readonly TerminalSizeReader _sizeReader = new();
    private bool _inputEnded;

    private WebSocketClient(ChannelSocket socket, ProgramStreamsRequest streams, CancellationToken cancellation)
    {
        _socket = socket;
        _receiving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _input = streams.Input ? new Pipe(new PipeOptions(useSynchronizationContext: false)) : null;
        Input = _input?.Reader.AsStream();
        Gone = ReceiveAsync();
    }

    public Stream? Input { get; }

    public ChannelReader<TerminalSize> Sizes => _sizes.Reader;

    public Task Gone { get; }

    public bool IsSending => _socket.IsSending;

    /// <summary>Takes the socket over and greets: an empty message, by which the client learns that the session stands.</summary>
    internal static async Task<WebSocketClient> StartAsync(
        WebSocket socket, ChannelProtocol protocol, ProgramStreamsRequest streams, CancellationToken cancellation)
    {
        var client = new WebSocketClient(new ChannelSocket(socket, protocol), streams, cancellation);
        await client._socket.SendAsync(streams.Output ? OutputChannel : streams.Error ? ErrorChannel : StatusChannel, default, cancellation);
        return client;
    }

    public ValueTask SendOutputAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation) => _socket.SendAsync(OutputChannel, data, cancellation);

    public ValueTask SendErrorAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation) => _socket.SendAsync(ErrorChannel, data, cancellation);

    public async Task EndAsync(Status status, CancellationToken cancellation)
    {
        var message = RemoteCommandStatus.Encode(status, _socket.Protocol.HasStatus);
        if (message.Length > 0)
        {
            await _socket.SendAsync(StatusChannel, message, cancellation);
        }

        await _socket.CloseAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        await _receiving.CancelAsync();
        await Gone.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (Input is not null)
        {
            await Input.DisposeAsync();
        }

        _socket.Dispose();
        _receiving.Dispose();
    }

    private async Task ReceiveAsync()
    {
        try
        {
            await _socket.ReceiveAsync(TakeAsync, End, _receiving.Token);
        }
        finally
        {
            _input?.Writer.Complete();
            _sizes.Writer.Complete();
        }
    }

    private async ValueTask TakeAsync(byte channel, ReadOnlyMemory<byte> data)
    {
        switch (channel)
        {
            case InputChannel when _input is not null && !_inputEnded && !data.IsEmpty:
                await _input.Writer.WriteAsync(data, _receiving.Token);
                break;
            case ResizeChannel:
                foreach (var size in _sizeReader.Take(data))
                {
                    _sizes.Writer.TryWrite(size);
                }

                break;
        }
    }

    private void End(byte channel)
    {
        if (channel == InputChannel)
        {
            _inputEnded = true;
            _input?.Writer.Complete();
        }
    }
}
