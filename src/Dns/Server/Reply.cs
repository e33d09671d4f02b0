using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>What to do with a message after the engine has seen it.</summary>
internal enum Disposition
{
    /// <summary>Say nothing.</summary>
    Drop,

    /// <summary>Send the first <see cref="Reply.Length"/> bytes of the buffer back.</summary>
    Send,

    /// <summary>Hand <see cref="Reply.Request"/> to its forwarder, which replies later.</summary>
    Forward,

    /// <summary>Send the zone, in as many messages as it takes.</summary>
    Transfer,
}

internal readonly record struct Reply(Disposition Disposition, int Length, ResponseCode Code = ResponseCode.NoError, ForwardRequest? Request = null)
{
    /// <summary>Finishes what was written.</summary>
    /// <param name="reply">Closed afterwards.</param>
    /// <param name="code">For the header, and the OPT record.</param>
    /// <param name="flags">AA and RA as wanted.</param>
    internal static Reply Sent(ref ReplyBuilder reply, ResponseCode code, int flags) => new(Disposition.Send, reply.Close(code, flags), code);
}
