using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>
/// Turns a query into its reply in the same buffer: the question stays where it is, byte for byte, and records are written
/// behind it. Room for the OPT record is kept back from the start, so that an answer cut short still carries it.
/// </summary>
internal ref struct ReplyBuilder
{
    /// <summary>UDP payload advertised to clients. 1232 avoids fragments on every path IPv6 guarantees (DNS flag day 2020).</summary>
    internal const int PayloadSize = 1232;

    private const int OptSize = 11;
    private const int OptionHeader = 4;
    private const int IdentityOption = 3;
    private const int CookieOption = 10;

    private readonly Span<byte> _buffer;
    private readonly ushort _queryFlags;
    private readonly bool _hasEdns;
    private readonly bool _dnssecOk;
    private readonly int _limit;
    private ReadOnlySpan<byte> _cookie;
    private ReadOnlySpan<byte> _identity;
    private int _questions = 1;
    private int _answers;
    private int _authorities;
    private int _additionals;

    /// <param name="buffer">Holds the query's header and question.</param>
    /// <param name="questionEnd">Where the records begin.</param>
    /// <param name="edns">Whether the reply carries an OPT, and its DO bit.</param>
    /// <param name="limit">Longest reply the client takes.</param>
    /// <param name="suffixes">For <see cref="DnsWriter.CompressedName"/>; may be empty.</param>
    internal ReplyBuilder(Span<byte> buffer, int questionEnd, (bool Present, bool DnssecOk) edns, int limit, Span<ushort> suffixes = default)
    {
        _buffer = buffer;
        _queryFlags = DnsHeader.Flags(buffer);
        (_hasEdns, _dnssecOk) = edns;
        _limit = limit;
        Writer = new DnsWriter(buffer, questionEnd, limit - (_hasEdns ? OptSize : 0), suffixes);
    }

    /// <summary>Written directly by those who add records; they add to the counts as they go.</summary>
    internal DnsWriter Writer;

    /// <summary>Sets TC: something of the answer or authority section was left out.</summary>
    internal bool Truncated { get; set; }

    /// <summary>Sends a cookie along, and the server's name (NSID, RFC 5001); before any record is written. Empty for neither.</summary>
    internal void Attach(ReadOnlySpan<byte> cookie, ReadOnlySpan<byte> identity)
    {
        _cookie = cookie;
        _identity = identity;
        Writer.SetLimit(_limit - OptSize - OptionsSize);
    }

    private readonly int OptionsSize => (_cookie.IsEmpty ? 0 : OptionHeader + _cookie.Length) + (_identity.IsEmpty ? 0 : OptionHeader + _identity.Length);

    /// <summary>The query had no question, and the reply has none.</summary>
    internal void WithoutQuestion() => _questions = 0;

    internal void AddAnswers(int count) => _answers += count;

    internal void AddAuthorities(int count) => _authorities += count;

    internal void AddAdditionals(int count) => _additionals += count;

    /// <summary>A reply without even the question: what it asked could not be read, or is not understood.</summary>
    /// <returns>The reply's length.</returns>
    internal static int HeaderOnly(Span<byte> buffer, ResponseCode code)
    {
        var kept = DnsHeader.Flags(buffer) & (DnsHeader.OpcodeMask | DnsHeader.RD);
        DnsHeader.SetFlags(buffer, (ushort)(DnsHeader.QR | kept | (ushort)code));
        DnsHeader.SetCounts(buffer, 0, 0, 0, 0);
        return DnsHeader.Size;
    }

    /// <summary>Writes OPT and header.</summary>
    /// <param name="code">Codes above 15 reach only clients that sent EDNS.</param>
    /// <param name="flags">AA, RA and AD as wanted; RD and CD are the query's.</param>
    /// <returns>The reply's length.</returns>
    internal int Close(ResponseCode code, int flags)
    {
        if (_hasEdns)
        {
            Writer.SetLimit(_limit);
            Writer.U8(0);
            Writer.U16BigEndian((ushort)RecordType.OPT);
            Writer.U16BigEndian(PayloadSize);
            Writer.U32BigEndian(((uint)code >> 4 << 24) | (_dnssecOk ? 0x8000u : 0));
            Writer.U16BigEndian(OptionsSize);
            WriteOption(IdentityOption, _identity);
            WriteOption(CookieOption, _cookie);
            _additionals++;
        }

        var echoed = _queryFlags & (DnsHeader.RD | DnsHeader.CD);
        var header = DnsHeader.QR | echoed | flags | (Truncated ? DnsHeader.TC : 0) | ((ushort)code & DnsHeader.RcodeMask);
        DnsHeader.SetFlags(_buffer, (ushort)header);
        DnsHeader.SetCounts(_buffer, _questions, _answers, _authorities, _additionals);
        return Writer.Position;
    }

    private void WriteOption(int code, ReadOnlySpan<byte> data)
    {
        if (!data.IsEmpty)
        {
            Writer.U16BigEndian(code);
            Writer.U16BigEndian(data.Length);
            Writer.Bytes(data);
        }
    }
}
