namespace Dataplane.Dns.Wire;

/// <summary>What a received message is, before anybody looks at the name it asks for.</summary>
internal enum QueryVerdict
{
    Answerable,

    /// <summary>Not even a header, or itself a response: silence, so that two servers cannot be set on each other.</summary>
    Drop,
    FormErr,
    NotImp,

    /// <summary>No question, but a cookie.</summary>
    CookieOnly,

    /// <summary>EDNS version above 0 (RFC 6891, 6.1.3).</summary>
    BadVers,
}

/// <summary>
/// One parsed query: the folded name, its labels, and what EDNS says. A thread keeps one and parses every message into it;
/// nothing is allocated and nothing of the last query survives <see cref="Parse"/>.
/// </summary>
internal sealed class Query
{
    private const int OptionHeader = 4;
    private const int IdentityOption = 3;
    private const int CookieOption = 10;

    private readonly byte[] _name = new byte[NameView.MaxLength];
    private readonly byte[] _labels = new byte[NameView.MaxLabels];
    private readonly byte[] _otherName = new byte[NameView.MaxLength];
    private readonly byte[] _cookie = new byte[8];
    private int _nameLength;
    private int _labelCount;

    internal NameView Name => new(_name.AsSpan(0, _nameLength), _labels.AsSpan(0, _labelCount));

    internal RecordType Type { get; private set; }

    internal RecordClass Class { get; private set; }

    /// <summary>Offset behind the question. The question itself stays in the buffer, in the case it was asked (0x20).</summary>
    internal int QuestionEnd { get; private set; }

    internal bool HasEdns { get; private set; }

    /// <summary>UDP payload the client takes: 512 without EDNS, never below it (RFC 6891, 6.2.3).</summary>
    internal int PayloadSize { get; private set; }

    internal bool DnssecOk { get; private set; }

    internal bool HasCookie { get; private set; }

    /// <summary>Whether the client asks which server this is (NSID, RFC 5001).</summary>
    internal bool WantsIdentity { get; private set; }

    /// <summary>The client's half, 8 bytes (RFC 7873, 4).</summary>
    internal ReadOnlySpan<byte> ClientCookie => _cookie;

    internal QueryVerdict Parse(ReadOnlySpan<byte> message)
    {
        HasEdns = DnssecOk = HasCookie = WantsIdentity = false;
        PayloadSize = 512;
        if (message.Length < DnsHeader.Size || (DnsHeader.Flags(message) & DnsHeader.QR) != 0)
        {
            return QueryVerdict.Drop;
        }

        if ((DnsHeader.Flags(message) & DnsHeader.OpcodeMask) != 0)
        {
            return QueryVerdict.NotImp;
        }

        var reader = new DnsReader(message, DnsHeader.Size);
        var questions = DnsHeader.QuestionCount(message);
        if (questions > 1 || (questions == 1 && !TryQuestion(ref reader)))
        {
            return QueryVerdict.FormErr;
        }

        var version = 0;
        var plain = DnsHeader.AnswerCount(message) + DnsHeader.AuthorityCount(message);
        var all = plain + DnsHeader.AdditionalCount(message);
        for (var i = 0; i < all; i++)
        {
            if (!reader.TryRecord(_otherName, out var record)
                || (record.Type == RecordType.OPT && (i < plain || !TryOpt(message, record, out version))))
            {
                return QueryVerdict.FormErr;
            }
        }

        if (!reader.AtEnd)
        {
            return QueryVerdict.FormErr;
        }

        if (questions == 0)
        {
            // Without a question only a cookie can be asked for (RFC 7873, 5.4).
            QuestionEnd = DnsHeader.Size;
            return HasCookie && version == 0 ? QueryVerdict.CookieOnly : QueryVerdict.FormErr;
        }

        return version > 0 ? QueryVerdict.BadVers : QueryVerdict.Answerable;
    }

    private bool TryQuestion(ref DnsReader reader)
    {
        // The first name of a message has nothing before it to point to, so a pointer in it fails in the reader.
        if (!reader.TryName(_name, out _nameLength) || !reader.TryU16BigEndian(out var type) || !reader.TryU16BigEndian(out var queryClass))
        {
            return false;
        }

        NameView.ToLower(_name.AsSpan(0, _nameLength));
        _labelCount = NameView.Split(_name.AsSpan(0, _nameLength), _labels).LabelCount;
        Type = (RecordType)type;
        Class = (RecordClass)queryClass;
        QuestionEnd = reader.Position;
        return true;
    }

    /// <summary>
    /// OPT (RFC 6891, 6.1.2): owner root, CLASS is the payload size, TTL is EXTENDED-RCODE, VERSION, DO and Z. Options are
    /// walked for their bounds, and none is echoed: a COOKIE is taken note of (RFC 7873), 8 bytes of the client and 8 to 32 of a server.
    /// </summary>
    private bool TryOpt(ReadOnlySpan<byte> message, in RecordHeader opt, out int version)
    {
        version = (byte)(opt.Ttl >> 16);
        if (HasEdns || opt.OwnerLength != 1)
        {
            return false;
        }

        HasEdns = true;
        DnssecOk = (opt.Ttl & 0x8000) != 0;
        PayloadSize = Math.Max((ushort)512, opt.Class);
        var options = message[opt.DataStart..opt.DataEnd];
        while (!options.IsEmpty)
        {
            if (options.Length < OptionHeader || options.Length - OptionHeader < (options[2] << 8 | options[3]))
            {
                return false;
            }

            WantsIdentity |= (options[0] << 8 | options[1]) == IdentityOption;
            if ((options[0] << 8 | options[1]) == CookieOption)
            {
                if ((options[2] << 8 | options[3]) is not (8 or (>= 16 and <= 40)))
                {
                    return false;
                }

                options.Slice(OptionHeader, _cookie.Length).CopyTo(_cookie);
                HasCookie = true;
            }

            options = options[(OptionHeader + (options[2] << 8 | options[3]))..];
        }

        return true;
    }
}
