using System.Buffers;
using Dataplane.Dns.Server;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Forward;

/// <summary>
/// An upstream's answer rewritten for a client: its own header, question and aliases, then the upstream's records one by one.
/// Every record is parsed and written again, so what an upstream gets wrong (pointers, lengths) never reaches a client.
/// </summary>
internal static class UpstreamAnswer
{
    private const int RememberedLabels = 128;

    /// <summary>Question and a few aliases.</summary>
    private const int MaxFailure = 4096;

    /// <summary>Types whose RDATA holds names that may be compressed, and what stands around them (RFC 3597, 4: no later types).</summary>
    private static (int Before, int Names, int After) Layout(RecordType type) => type switch
    {
        RecordType.NS or RecordType.CNAME or RecordType.PTR => (0, 1, 0),
        RecordType.MX => (2, 1, 0),
        RecordType.SOA => (0, 2, 20),
        RecordType.SRV => (6, 1, 0),
        RecordType.DNAME => (0, 1, 0),
        _ => (0, 0, 0),
    };

    /// <summary>Writes the reply.</summary>
    /// <param name="request">Whose reply it is.</param>
    /// <param name="upstream">A response to the request's name and type.</param>
    /// <param name="ageSeconds">How long it was kept; taken off every TTL.</param>
    /// <param name="maxTtl">What no TTL may be over.</param>
    /// <returns>A SERVFAIL when the upstream's message is malformed.</returns>
    internal static (byte[] Message, ResponseCode Code) Rewrite(ForwardRequest request, ReadOnlySpan<byte> upstream, uint ageSeconds, uint maxTtl = uint.MaxValue)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(request.Limit);
        try
        {
            return Rewrite(request, upstream, (ageSeconds, maxTtl), buffer);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static (byte[] Message, ResponseCode Code) Rewrite(ForwardRequest request, ReadOnlySpan<byte> upstream, (uint Age, uint Max) ttl, byte[] buffer)
    {
        Span<ushort> suffixes = stackalloc ushort[RememberedLabels];
        var reply = Begin(request, buffer, suffixes);
        var code = (ResponseCode)(DnsHeader.Flags(upstream) & DnsHeader.RcodeMask);
        code = request.Renaming?.Code(code) ?? code;
        reply.Truncated |= (DnsHeader.Flags(upstream) & DnsHeader.TC) != 0;
        if (!TryCopyRecords(ref reply, request, upstream, ttl))
        {
            return Failure(request, ResponseCode.ServFail);
        }

        var authentic = request.Aliases.Count == 0 ? DnsHeader.Flags(upstream) & (DnsHeader.AA | DnsHeader.AD) : DnsHeader.AA;
        return (buffer[..reply.Close(code, authentic | DnsHeader.RA)], code);
    }

    /// <summary>A reply without records, but for the aliases that were known.</summary>
    internal static (byte[] Message, ResponseCode Code) Failure(ForwardRequest request, ResponseCode code)
    {
        var buffer = new byte[Math.Min(request.Limit, MaxFailure)];
        var reply = Begin(request, buffer, []);
        return (buffer[..reply.Close(code, DnsHeader.RA | (request.Aliases.Count > 0 ? DnsHeader.AA : 0))], code);
    }

    private static ReplyBuilder Begin(ForwardRequest request, Span<byte> buffer, Span<ushort> suffixes)
    {
        request.Question.CopyTo(buffer);
        var reply = new ReplyBuilder(buffer, request.Question.Length, (request.HasEdns, request.DnssecOk), request.Limit, suffixes);
        if (request.Cookie is not null || request.Identity is not null)
        {
            reply.Attach(request.Cookie, request.Identity);
        }

        reply.Writer.RememberName(DnsHeader.Size);
        var at = DnsHeader.Size;
        foreach (var target in request.Aliases)
        {
            var start = reply.Writer.Position;
            reply.Writer.Pointer(at);
            reply.Writer.RecordFields(RecordType.CNAME, request.AliasTtl, target.Length);
            at = reply.Writer.Position;
            reply.Writer.Bytes(target);
            if (reply.Writer.Overflowed)
            {
                reply.Writer.Rewind(start);
                reply.Truncated = true;
                break;
            }

            reply.Writer.RememberName(at);
            reply.AddAnswers(1);
        }

        return reply;
    }

    private static bool TryCopyRecords(ref ReplyBuilder reply, ForwardRequest request, ReadOnlySpan<byte> upstream, (uint Age, uint Max) ttl)
    {
        Span<byte> name = stackalloc byte[NameView.MaxLength];
        var reader = new DnsReader(upstream, DnsHeader.Size);
        for (var i = 0; i < DnsHeader.QuestionCount(upstream); i++)
        {
            if (!reader.TryName(name, out _) || !reader.TrySkip(2 * sizeof(ushort)))
            {
                return false;
            }
        }

        var answers = DnsHeader.AnswerCount(upstream);
        var required = answers + DnsHeader.AuthorityCount(upstream);
        var all = required + DnsHeader.AdditionalCount(upstream);
        var order = request.Rotation != 0 && answers > 1 ? AnswerOrder.Rotated(upstream, reader.Position, answers, request.Rotation) : null;
        for (var i = 0; i < all; i++)
        {
            var inOrder = order is not null && i <= answers ? new DnsReader(upstream, order[i]) : reader;
            if (!inOrder.TryRecord(name, out var record))
            {
                return false;
            }

            reader = inOrder;
            if (record.Type == RecordType.OPT || reply.Truncated)
            {
                continue;
            }

            var start = reply.Writer.Position;
            if (!TryCopy(ref reply.Writer, request, upstream, record, name, ttl))
            {
                return false;
            }

            if (reply.Writer.Overflowed)
            {
                reply.Writer.Rewind(start);
                reply.Truncated = i < required;
                if (i >= required)
                {
                    return true;
                }
            }
            else
            {
                reply.AddAnswers(i < answers ? 1 : 0);
                reply.AddAuthorities(i >= answers && i < required ? 1 : 0);
                reply.AddAdditionals(i >= required ? 1 : 0);
            }
        }

        return true;
    }

    /// <summary>The question's name is pointed to, which keeps the case it was asked in.</summary>
    private static void WriteOwner(ref DnsWriter writer, ForwardRequest request, scoped ReadOnlySpan<byte> owner)
    {
        if (request.Renaming is not { } renaming)
        {
            writer.CompressedName(owner);
            return;
        }

        var given = renaming.Change(owner, inData: false) is { } changed ? changed : owner;
        if (IsAsked(request, given))
        {
            writer.Pointer(DnsHeader.Size);
        }
        else
        {
            writer.CompressedName(given);
        }
    }

    private static bool IsAsked(ForwardRequest request, ReadOnlySpan<byte> name)
    {
        Span<byte> names = stackalloc byte[2 * NameView.MaxLength];
        var given = names.Slice(NameView.MaxLength, name.Length);
        if (!new DnsReader(request.Question, DnsHeader.Size).TryName(names[..NameView.MaxLength], out var asked))
        {
            return false;
        }

        name.CopyTo(given);
        NameView.ToLower(names);
        return names[..asked].SequenceEqual(given);
    }

    private static bool TryCopy(
        ref DnsWriter writer, ForwardRequest request, ReadOnlySpan<byte> upstream, in RecordHeader record, scoped Span<byte> name, (uint Age, uint Max) ttl)
    {
        WriteOwner(ref writer, request, name[..record.OwnerLength]);
        writer.U16BigEndian((ushort)record.Type);
        writer.U16BigEndian(record.Class);
        var left = Math.Min(record.Ttl > ttl.Age ? record.Ttl - ttl.Age : 0, ttl.Max);
        writer.U32BigEndian(request.Renaming?.Ttl(left) ?? left);
        var length = writer.LengthSlot();
        var (before, names, after) = Layout(record.Type);
        if (names == 0)
        {
            writer.Bytes(upstream[record.DataStart..record.DataEnd]);
            writer.PatchLength(length);
            return true;
        }

        var reader = new DnsReader(upstream[..record.DataEnd], record.DataStart);
        if (!reader.TrySkip(before))
        {
            return false;
        }

        writer.Bytes(upstream.Slice(record.DataStart, before));
        for (var i = 0; i < names; i++)
        {
            if (!reader.TryName(name, out var nameLength))
            {
                return false;
            }

            var held = request.Renaming?.Change(name[..nameLength], inData: true) is { } changed ? changed : name[..nameLength];
            if (record.Type is RecordType.SRV or RecordType.DNAME)
            {
                writer.Bytes(held);
            }
            else
            {
                writer.CompressedName(held);
            }
        }

        if (record.DataEnd - reader.Position != after)
        {
            return false;
        }

        writer.Bytes(upstream[reader.Position..record.DataEnd]);
        writer.PatchLength(length);
        return true;
    }
}
