namespace Dataplane.Hosting.Spdy;

/// <summary>Numbers of the SPDY/3.1 draft, section 2.6.</summary>
internal enum SpdyFrameType : ushort
{
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

/// <summary>Flags of a frame; SYN_STREAM and data frames use <see cref="Fin"/>.</summary>
[Flags]
internal enum SpdyFlags : byte
{
    None = 0,

    /// <summary>The sender's side of the stream ends with this frame.</summary>
    Fin = 1,

    /// <summary>SYN_STREAM: the receiver's side has ended from the start.</summary>
    Unidirectional = 2,
}

/// <summary>Why a stream was reset (RST_STREAM), section 2.6.3.</summary>
public enum SpdyResetReason
{
    ProtocolError = 1,
    InvalidStream = 2,
    RefusedStream = 3,
    UnsupportedVersion = 4,
    Cancel = 5,
    InternalError = 6,
    FlowControlError = 7,
    StreamInUse = 8,
    StreamAlreadyClosed = 9,
    FrameTooLarge = 11,
}

/// <summary>Why a session ends (GOAWAY), section 2.6.6.</summary>
internal enum SpdyGoAwayReason
{
    Ok = 0,
    ProtocolError = 1,
    InternalError = 2,
}

internal static class SpdyLimits
{
    /// <summary>Window of a stream and of the session until somebody says otherwise (section 2.6.8).</summary>
    internal const int InitialWindow = 64 * 1024;

    /// <summary>A window never grows beyond this.</summary>
    internal const int LargestWindow = int.MaxValue;

    /// <summary>Payload of a control frame that is still read; the streams of Kubernetes have headers of a hundred bytes.</summary>
    internal const int LargestControlFrame = 32 * 1024;

    /// <summary>A header block after decompression: a compressed one of 32 KiB could become 32 MiB.</summary>
    internal const int LargestHeaderBlock = 64 * 1024;

    /// <summary>Payload of a data frame that is sent, so that streams take turns.</summary>
    internal const int LargestDataSent = 32 * 1024;

    /// <summary>The ID of the setting that says how large the window of new streams is.</summary>
    internal const uint InitialWindowSetting = 7;
}

/// <summary>The peer broke the protocol, or the connection ended under a stream; the message says how.</summary>
public sealed class SpdyException(string message, Exception? inner = null) : IOException(message, inner);
