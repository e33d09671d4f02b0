namespace Dataplane.Cli.Bench.Modes;

/// <summary>What a connection is for; the first byte a client sends says it.</summary>
internal enum LoadKind : byte
{
    /// <summary>The server takes all that comes.</summary>
    Stream = (byte)'S',

    /// <summary>The server answers each message, the connection stays.</summary>
    Request = (byte)'R',

    /// <summary>The server answers one message and closes.</summary>
    Close = (byte)'C',
}

/// <summary>Requests and answers: <see cref="Size"/> bytes, all of them the kind.</summary>
internal static class LoadMessage
{
    internal const int Size = 64;

    internal static byte[] Of(LoadKind kind)
    {
        var message = new byte[Size];
        message.AsSpan().Fill((byte)kind);
        return message;
    }
}
