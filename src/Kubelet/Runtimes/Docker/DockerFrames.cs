using System.Buffers.Binary;

namespace Dataplane.Kubelet.Runtimes.Docker;

/// <summary>
/// Output and error output in one stream: a byte that says which (1, 2), three zeros, the length in four bytes, big-endian, and the
/// bytes. Source: the engine's API reference, "Stream format" of attach.
/// </summary>
internal static class DockerFrames
{
    private const int HeadLength = 8;
    private const int LongestFrame = 1 << 24;

    /// <returns>The next frame; null at the end.</returns>
    /// <exception cref="UnframedException">It is none of these.</exception>
    /// <exception cref="IOException">The stream broke.</exception>
    internal static async Task<(bool IsError, byte[] Content)?> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new byte[HeadLength];
        var count = await stream.ReadAtLeastAsync(head, HeadLength, throwOnEndOfStream: false, cancellation);
        if (count == 0)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(4));
        if (count < HeadLength || head[0] > 2 || length > LongestFrame)
        {
            throw new UnframedException(head[..count]);
        }

        var content = new byte[length];
        await stream.ReadExactlyAsync(content, cancellation);
        return (head[0] == 2, content);
    }
}

/// <summary>Bytes that are no frame: what the engine writes when a program could not be started.</summary>
internal sealed class UnframedException(byte[] read) : IOException("a stream that is not the engine's")
{
    internal byte[] Read { get; } = read;
}
