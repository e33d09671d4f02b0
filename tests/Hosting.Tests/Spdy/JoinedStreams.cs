using System.IO.Pipelines;

namespace Dataplane.Hosting.Tests.Spdy;

/// <summary>One end of a connection in memory, with room for 64 KiB each way.</summary>
internal sealed class JoinedStreams : Stream
{
    private readonly Stream _reader;
    private readonly Stream _writer;

    private JoinedStreams(Pipe incoming, Pipe outgoing)
    {
        _reader = incoming.Reader.AsStream();
        _writer = outgoing.Writer.AsStream();
    }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    internal static (JoinedStreams One, JoinedStreams Other) Create()
    {
        var (forth, back) = (new Pipe(), new Pipe());
        return (new JoinedStreams(back, forth), new JoinedStreams(forth, back));
    }

    /// <summary>The other end reads the end after what was written.</summary>
    internal void CompleteWrites() => _writer.Dispose();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _reader.ReadAsync(buffer, cancellationToken);

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => _writer.WriteAsync(buffer, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => _writer.FlushAsync(cancellationToken);

    public override void Flush() => throw new NotSupportedException();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _writer.Dispose();
            _reader.Dispose();
        }

        base.Dispose(disposing);
    }
}
