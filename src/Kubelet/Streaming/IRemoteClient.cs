using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Streaming;

/// <summary>Somebody at the other end of exec or attach, over a WebSocket or SPDY.</summary>
internal interface IRemoteClient : IAsyncDisposable
{
    /// <summary>What the client types; ends when it ends its input. Null when it has none.</summary>
    Stream? Input { get; }

    /// <summary>Sizes of the client's terminal.</summary>
    ChannelReader<TerminalSize> Sizes { get; }

    /// <summary>Completes, perhaps with a failure, when the client has closed or gone. Never before <see cref="EndAsync"/> if it stays.</summary>
    Task Gone { get; }

    /// <summary>Whether a send is waiting for a client that takes its time.</summary>
    bool IsSending { get; }

    ValueTask SendOutputAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation);

    ValueTask SendErrorAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation);

    /// <summary>Says how the program has ended, and that this is all.</summary>
    Task EndAsync(Status status, CancellationToken cancellation);
}
