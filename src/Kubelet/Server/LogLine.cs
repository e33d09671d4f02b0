using System.Globalization;
using System.Text;

namespace Dataplane.Kubelet.Server;

/// <summary>One line of a log in the CRI format.</summary>
internal readonly ref struct LogLine
{
    private LogLine(ReadOnlySpan<byte> timestamp, bool isPartial, ReadOnlySpan<byte> content)
    {
        Timestamp = timestamp;
        IsPartial = isPartial;
        Content = content;
    }

    /// <summary>RFC 3339 with nanoseconds.</summary>
    internal ReadOnlySpan<byte> Timestamp { get; }

    /// <summary>Whether the program's line goes on in the next one.</summary>
    internal bool IsPartial { get; }

    internal ReadOnlySpan<byte> Content { get; }

    internal DateTimeOffset Time =>
        DateTimeOffset.TryParse(Encoding.ASCII.GetString(Timestamp), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : default;

    /// <param name="line">Without its line end.</param>
    /// <param name="parsed">The line; its spans point into <paramref name="line"/>.</param>
    /// <returns>False when it is not <c>TIME STREAM TAG CONTENT</c>.</returns>
    internal static bool TryParse(ReadOnlySpan<byte> line, out LogLine parsed)
    {
        parsed = default;
        var time = line[..Math.Max(0, line.IndexOf((byte)' '))];
        var rest = line[Math.Min(line.Length, time.Length + 1)..];
        var stream = rest[..Math.Max(0, rest.IndexOf((byte)' '))];
        rest = rest[Math.Min(rest.Length, stream.Length + 1)..];
        var tag = rest[..Math.Max(0, rest.IndexOf((byte)' '))];
        if (time.IsEmpty || tag.IsEmpty || !(stream.SequenceEqual("stdout"u8) || stream.SequenceEqual("stderr"u8)))
        {
            return false;
        }

        parsed = new LogLine(time, tag[0] == (byte)'P', rest[(tag.Length + 1)..]);
        return true;
    }
}
