using System.Buffers;
using System.Text.Json;

namespace Dataplane.ControlPlane.Machinery.Json;

/// <summary>A JSON writer and what it writes to, used again and again by one thread: documents are many and short-lived.</summary>
internal sealed class JsonBuffer : IDisposable
{
    /// <summary>A buffer that has become larger than this is not kept.</summary>
    private const int MostKept = 256 * 1024;

    [ThreadStatic]
    private static JsonBuffer? _free;

    private readonly ArrayBufferWriter<byte> _bytes = new(16 * 1024);

    private JsonBuffer() => Writer = new Utf8JsonWriter(_bytes, ObjectJson.Plain);

    public Utf8JsonWriter Writer { get; }

    /// <summary>Everything written so far; gone with <see cref="Dispose"/>.</summary>
    public ReadOnlySpan<byte> Written
    {
        get
        {
            Writer.Flush();
            return _bytes.WrittenSpan;
        }
    }

    public static JsonBuffer Rent()
    {
        var buffer = _free ?? new JsonBuffer();
        _free = null;
        return buffer;
    }

    /// <summary>Starts another document after what is written.</summary>
    public void Next()
    {
        Writer.Flush();
        Writer.Reset();
    }

    public void Dispose()
    {
        Writer.Reset();
        if (_bytes.Capacity <= MostKept)
        {
            _bytes.ResetWrittenCount();
            _free = this;
        }
    }
}
