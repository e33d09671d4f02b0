using System.Text.Json;
using Dataplane.Linux.Processes;

namespace Dataplane.Kubelet.Streaming;

/// <summary>
/// Finds <c>{"Width":80,"Height":24}</c> in what comes on a resize stream, one object after the other, cut anywhere. What is no
/// such object is passed over: a wrong size is no reason to end a session.
/// </summary>
internal sealed class TerminalSizeReader
{
    private const int Longest = 256;

    private readonly byte[] _object = new byte[Longest];
    private int _length;

    internal IEnumerable<TerminalSize> Take(ReadOnlyMemory<byte> bytes)
    {
        for (var i = 0; i < bytes.Length; i++)
        {
            var value = bytes.Span[i];
            if (value == (byte)'{')
            {
                _length = 0;
            }

            if (_length == Longest)
            {
                continue;
            }

            _object[_length++] = value;
            if (value == (byte)'}' && Parse(_object.AsMemory(0, _length)) is { } size)
            {
                yield return size;
            }
        }
    }

    private static TerminalSize? Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return Number("Width") is { } width && Number("Height") is { } height ? new TerminalSize(width, height) : null;

            ushort? Number(string name) =>
                document.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetUInt16(out var number)
                    ? number
                    : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
