namespace Dataplane.Netlink.Codec;

/// <summary>Bytes that are no netlink message: a length beyond the buffer, a value shorter than its type.</summary>
internal sealed class MalformedNetlinkException(string message) : FormatException(message);
