using System.Globalization;
using System.Runtime.InteropServices;
using static Dataplane.Netlink.Uapi.NetlinkHeader;

namespace Dataplane.Netlink.Codec;

/// <summary>
/// NLMSG_ERROR, or the end of a dump, which carries an errno in the same place.
/// <code>
/// NLMSG_ERROR  s32 error | nlmsghdr of the request | (the rest of it, unless NLM_F_CAPPED) | NLMSGERR_ATTR_* if NLM_F_ACK_TLVS
/// NLMSG_DONE   s32 error | NLMSGERR_ATTR_* if NLM_F_ACK_TLVS
/// </code>
/// </summary>
/// <param name="Errno">Positive errno; 0 is an ack.</param>
/// <param name="KernelText">NLMSGERR_ATTR_MSG.</param>
/// <param name="Offset">NLMSGERR_ATTR_OFFS: where in the request, from its message header; 0 for nowhere.</param>
/// <param name="MissingType">NLMSGERR_ATTR_MISS_TYPE: the attribute that should have been there.</param>
internal readonly record struct NetlinkAck(int Errno, string? KernelText = null, int Offset = 0, int? MissingType = null)
{
    /// <exception cref="MalformedNetlinkException">It is shorter than its form.</exception>
    internal static NetlinkAck Parse(NetlinkMessage message)
    {
        // Kernels before 4.20 end some dumps with an empty NLMSG_DONE.
        if (message.Type == NLMSG_DONE && message.Payload.Length < sizeof(int))
        {
            return default;
        }

        var errno = -MemoryMarshal.Read<int>(message.Header(sizeof(int)));
        if ((message.Flags & NLM_F_ACK_TLVS) == 0)
        {
            return new NetlinkAck(errno);
        }

        string? text = null;
        var offset = 0;
        int? missing = null;
        var attributes = message.Attributes(HeaderLength(message));
        while (attributes.Read(out var attribute))
        {
            switch (attribute.Type)
            {
                case NLMSGERR_ATTR_MSG:
                    text = attribute.Text;
                    break;
                case NLMSGERR_ATTR_OFFS:
                    offset = (int)Math.Min(attribute.U32, int.MaxValue);
                    break;
                case NLMSGERR_ATTR_MISS_TYPE:
                    missing = (int)Math.Min(attribute.U32, int.MaxValue);
                    break;
            }
        }

        return new NetlinkAck(errno, text, offset, missing);
    }

    /// <summary>The exception for a request that this answers, with the offending attribute found in the request's bytes.</summary>
    /// <param name="familyHeaderLength">Length of the fixed header between message header and attributes.</param>
    internal NetlinkException ToException(string operation, ReadOnlySpan<byte> request, int familyHeaderLength) => new(
        operation,
        Errno,
        KernelText,
        MissingType is { } missing ? $"attribute {missing.ToString(CultureInfo.InvariantCulture)} is missing"
        : Offset > 0 ? AttributePath(request, Offset, familyHeaderLength)
        : null);

    private static int HeaderLength(NetlinkMessage message)
    {
        if (message.Type == NLMSG_DONE)
        {
            return sizeof(int);
        }

        const int capped = sizeof(int) + NLMSG_HDRLEN;
        if ((message.Flags & NLM_F_CAPPED) != 0)
        {
            return capped;
        }

        var echoed = MemoryMarshal.Read<uint>(message.Header(capped)[sizeof(int)..]);
        return sizeof(int) + NetlinkWriter.Align((int)Math.Clamp(echoed, NLMSG_HDRLEN, ushort.MaxValue));
    }

    /// <summary>Types of the attributes that contain the offset, outermost first. Bytes inside a plain value are not taken for attributes
    /// unless the offset is one of their starts.</summary>
    private static string AttributePath(ReadOnlySpan<byte> request, int offset, int familyHeaderLength)
    {
        var path = new List<int>();
        var start = NLMSG_HDRLEN + NetlinkWriter.Align(familyHeaderLength);
        var end = request.Length;
        while (start + NLA_HDRLEN <= end)
        {
            int length = MemoryMarshal.Read<ushort>(request[start..]);
            if (length < NLA_HDRLEN || start + length > end)
            {
                break;
            }

            if (offset >= start + NetlinkWriter.Align(length))
            {
                start += NetlinkWriter.Align(length);
                continue;
            }

            path.Add(MemoryMarshal.Read<ushort>(request[(start + 2)..]) & NLA_TYPE_MASK);
            if (offset <= start)
            {
                break;
            }

            end = start + length;
            start += NLA_HDRLEN;
        }

        return path.Count == 0 ? $"byte {offset} of the request" : $"attribute {string.Join('/', path)}";
    }
}
