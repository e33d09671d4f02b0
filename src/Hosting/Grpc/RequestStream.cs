using System.Net;

namespace Dataplane.Hosting.Grpc;

/// <summary>A request body that stays open: what is written to it goes out at once.</summary>
internal sealed class RequestStream : HttpContent
{
    private readonly TaskCompletionSource<Stream> _open = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _complete = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellation)
    {
        var stream = await _open.Task.WaitAsync(cancellation).ConfigureAwait(false);
        await stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Ends the body.</summary>
    public void Complete()
    {
        _complete.TrySetResult();
        _open.TrySetException(new IOException("the call has ended"));

        // Nobody may be waiting for it.
        _ = _open.Task.Exception;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        _open.TrySetResult(stream);
        return _complete.Task;
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
