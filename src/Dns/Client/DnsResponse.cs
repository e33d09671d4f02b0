using System.Globalization;
using System.Net;
using System.Text;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Client;

/// <summary>A response message, read.</summary>
public sealed class DnsResponse
{
    private readonly byte[] _message;
    private uint? _opt;
    private int _payloadSize;

    private DnsResponse(byte[] message) => _message = message;

    /// <summary>RCODE with the upper bits of EDNS.</summary>
    public ResponseCode Code => (ResponseCode)((DnsHeader.Flags(_message) & DnsHeader.RcodeMask) | (int)((_opt ?? 0) >> 24 << 4));

    /// <summary>The answer did not fit.</summary>
    public bool IsTruncated => (DnsHeader.Flags(_message) & DnsHeader.TC) != 0;

    /// <summary>The mnemonics dig prints: <c>qr aa rd</c>.</summary>
    public string Flags => DnsHeader.FlagText(DnsHeader.Flags(_message), ' ');

    /// <summary>Length of the message in bytes.</summary>
    public int Size => _message.Length;

    /// <summary>EDNS version and UDP payload size; null without an OPT record.</summary>
    public (int Version, bool DnssecOk, int PayloadSize)? Edns => _opt is { } opt ? ((int)(opt >> 16 & 0xFF), (opt & 0x8000) != 0, _payloadSize) : null;

    /// <summary>The question in presentation form; empty when the server left it out.</summary>
    public string Question { get; private set; } = "";

    /// <summary>Records in presentation form, in the order of the message.</summary>
    public IReadOnlyList<string> Answers { get; private set; } = [];

    /// <inheritdoc cref="Answers"/>
    public IReadOnlyList<string> Authorities { get; private set; } = [];

    /// <summary>As <see cref="Answers"/>; without the OPT record.</summary>
    public IReadOnlyList<string> Additionals { get; private set; } = [];

    /// <exception cref="InvalidDataException">The message is malformed.</exception>
    public static DnsResponse Read(byte[] message)
    {
        if (message.Length < DnsHeader.Size)
        {
            throw new InvalidDataException($"a message of {message.Length} bytes has no header");
        }

        var response = new DnsResponse(message);
        var reader = new DnsReader(message, DnsHeader.Size);
        response.ReadQuestion(ref reader);
        response.Answers = response.ReadSection(ref reader, DnsHeader.AnswerCount(message));
        response.Authorities = response.ReadSection(ref reader, DnsHeader.AuthorityCount(message));
        response.Additionals = response.ReadSection(ref reader, DnsHeader.AdditionalCount(message));
        return reader.AtEnd ? response : throw new InvalidDataException("bytes are left behind the last record");
    }

    /// <summary>The whole message as dig prints it.</summary>
    public string ToText(IPEndPoint server, TimeSpan duration)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $";; ->>HEADER<<- opcode: QUERY, status: {Code.Mnemonic()}, id: {DnsHeader.Id(_message)}\n");
        text.Append(CultureInfo.InvariantCulture, $";; flags: {Flags}; QUERY: {DnsHeader.QuestionCount(_message)}, ANSWER: {Answers.Count}, ");
        text.Append(CultureInfo.InvariantCulture, $"AUTHORITY: {Authorities.Count}, ADDITIONAL: {DnsHeader.AdditionalCount(_message)}\n");
        if (Edns is var (version, dnssecOk, size))
        {
            text.Append(CultureInfo.InvariantCulture, $"\n;; OPT PSEUDOSECTION:\n; EDNS: version: {version}, flags:{(dnssecOk ? " do" : "")}; udp: {size}\n");
        }

        Section(text, "QUESTION", Question.Length == 0 ? [] : [";" + Question]);
        Section(text, "ANSWER", Answers);
        Section(text, "AUTHORITY", Authorities);
        Section(text, "ADDITIONAL", Additionals);
        text.Append(CultureInfo.InvariantCulture, $"\n;; Query time: {duration.TotalMilliseconds:F3} msec\n;; SERVER: {server}\n;; MSG SIZE  rcvd: {Size}\n");
        return text.ToString();
    }

    private static void Section(StringBuilder text, string name, IReadOnlyList<string> lines)
    {
        if (lines.Count > 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\n;; {name} SECTION:\n").AppendJoin('\n', lines).Append('\n');
        }
    }

    private void ReadQuestion(ref DnsReader reader)
    {
        Span<byte> name = stackalloc byte[NameView.MaxLength];
        for (var i = 0; i < DnsHeader.QuestionCount(_message); i++)
        {
            if (!reader.TryName(name, out var length) || !reader.TryU16BigEndian(out var type) || !reader.TryU16BigEndian(out var questionClass))
            {
                throw new InvalidDataException("the question is malformed");
            }

            Question = $"{DnsName.Format(name[..length])} {RecordText.Class(questionClass)} {RecordText.Type((RecordType)type)}";
        }
    }

    private List<string> ReadSection(ref DnsReader reader, int count)
    {
        var records = new List<string>(count);
        for (var i = 0; i < count; i++)
        {
            var start = reader.Position;
            var text = RecordText.Format(_message, ref reader, out var record)
                ?? throw new InvalidDataException($"the record at offset {start} is malformed");
            if (record.Type == RecordType.OPT)
            {
                (_opt, _payloadSize) = (record.Ttl, record.Class);
            }
            else
            {
                records.Add(text);
            }
        }

        return records;
    }
}
