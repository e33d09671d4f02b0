using System.Buffers.Binary;

namespace Dataplane.Hosting.Grpc;

/// <summary>
/// gRPC over HTTP/2: a message is a byte that says whether it is compressed, its length in four bytes, big-endian, and itself.
/// Source: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
/// </summary>
internal static class GrpcFrames
{
    private const int HeadLength = 5;

    /// <summary>More than any answer of a server that is asked in pages.</summary>
    private const int LongestMessage = 256 << 20;

    public static byte[] Frame(byte[] message)
    {
        var frame = new byte[HeadLength + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, HeadLength);
        return frame;
    }

    /// <returns>The next message; null at the end of the stream.</returns>
    /// <exception cref="IOException">The stream broke, or is no gRPC.</exception>
    public static async Task<byte[]?> ReadAsync(Stream stream, CancellationToken cancellation)
    {
        var head = new byte[HeadLength];
        var count = await stream.ReadAtLeastAsync(head, HeadLength, throwOnEndOfStream: false, cancellation).ConfigureAwait(false);
        if (count == 0)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadUInt32BigEndian(head.AsSpan(1));
        if (count < HeadLength || head[0] != 0 || length > LongestMessage)
        {
            throw new IOException("an answer that is not gRPC without compression");
        }

        var message = new byte[length];
        await stream.ReadExactlyAsync(message, cancellation).ConfigureAwait(false);
        return message;
    }
}
