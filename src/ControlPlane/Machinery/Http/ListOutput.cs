using System.IO.Compression;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace Dataplane.ControlPlane.Machinery.Http;

/// <summary>The body of a large answer, which goes out while it is made: as it is, or compressed for those who take it so.</summary>
/// <remarks>
/// Plain bytes fill pieces of a TLS record's size. The server's own pieces are a quarter of it, and each piece costs a call of the
/// cipher and a record's head.
/// </remarks>
internal sealed class ListOutput
{
    private const int Piece = 16 * 1024;
    private const int FlushEvery = 8 * Piece;

    private readonly PipeWriter _output;
    private readonly GZipStream? _compressed;
    private readonly CancellationToken _cancellation;
    private Memory<byte> _space;
    private int _used;
    private int _unflushed;

    private ListOutput(HttpContext http, bool isCompressed)
    {
        _output = http.Response.BodyWriter;
        _cancellation = http.RequestAborted;
        _compressed = isCompressed ? new GZipStream(http.Response.Body, CompressionLevel.Fastest, leaveOpen: true) : null;
    }

    /// <summary>Sends the head of the answer.</summary>
    /// <param name="http">The request.</param>
    /// <param name="length">Of the body, before it is compressed.</param>
    /// <param name="contentType">Of the body.</param>
    public static async Task<ListOutput> StartAsync(HttpContext http, long length, string contentType)
    {
        http.Response.StatusCode = 200;
        http.Response.ContentType = contentType;
        var isCompressed = ResponseBody.IsCompressed(http.Request, length);
        if (isCompressed)
        {
            ResponseBody.SayCompressed(http.Response);
        }
        else
        {
            http.Response.ContentLength = length;
        }

        await http.Response.StartAsync(http.RequestAborted);
        return new ListOutput(http, isCompressed);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes)
    {
        if (_compressed is not null)
        {
            return _compressed.WriteAsync(bytes, _cancellation);
        }

        if (bytes.Length > _space.Length - _used)
        {
            return WritePiecesAsync(bytes);
        }

        bytes.Span.CopyTo(_space.Span[_used..]);
        _used += bytes.Length;
        return ValueTask.CompletedTask;
    }

    /// <summary>Sends what has not been sent. Without it the answer is not whole, and the client learns that.</summary>
    public async ValueTask EndAsync()
    {
        if (_compressed is not null)
        {
            await _compressed.DisposeAsync();
            return;
        }

        Advance();
        _space = default;
        await _output.FlushAsync(_cancellation);
    }

    // The server takes an advance without a piece for one that came before the answer's head.
    private void Advance()
    {
        if (_used > 0)
        {
            _output.Advance(_used);
            _unflushed += _used;
            _used = 0;
        }
    }

    private async ValueTask WritePiecesAsync(ReadOnlyMemory<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            if (_used == _space.Length)
            {
                Advance();
                if (_unflushed >= FlushEvery)
                {
                    await _output.FlushAsync(_cancellation);
                    _unflushed = 0;
                }

                _space = _output.GetMemory(Piece)[..Piece];
            }

            var count = Math.Min(bytes.Length, _space.Length - _used);
            bytes[..count].CopyTo(_space[_used..]);
            _used += count;
            bytes = bytes[count..];
        }
    }
}
