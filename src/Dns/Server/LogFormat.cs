using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Dataplane.Dns.Client;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>
/// The text of a log line, in CoreDNS's words for what is put in:
/// <code>
/// {remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}
/// </code>
/// is <c>{common}</c>; <c>{combined}</c> adds <c>"{>opcode}"</c>. What is empty is a dash, as is <c>{/...}</c>, the metadata of other plugins.
/// </summary>
internal sealed class LogFormat
{
    private const string CommonText = "{remote}:{port} - {>id} \"{type} {class} {name} {proto} {size} {>do} {>bufsize}\" {rcode} {>rflags} {rsize} {duration}";
    private const string Empty = "-";

    private readonly List<Func<QueryLogEntry, string>> _parts = [];

    internal LogFormat(string text)
    {
        var whole = text.Replace("{common}", CommonText, StringComparison.Ordinal).Replace("{combined}", CommonText + " \"{>opcode}\"", StringComparison.Ordinal);
        for (var at = 0; at < whole.Length;)
        {
            var (start, end) = (whole.IndexOf('{', at), whole.IndexOf('}', at));
            if (start >= 0 && end > start && Value(whole[(start + 1)..end]) is { } value)
            {
                AddText(whole[at..start]);
                _parts.Add(entry => value(entry) is { Length: > 0 } filled ? filled : Empty);
                at = end + 1;
                continue;
            }

            // A brace that opens nothing known is only a brace.
            var next = start < 0 ? whole.Length : start + 1;
            AddText(whole[at..next]);
            at = next;
        }
    }

    internal static LogFormat Common { get; } = new("{common}");

    internal string Fill(QueryLogEntry entry) => _parts.Aggregate(new StringBuilder(), (text, part) => text.Append(part(entry))).ToString();

    private static Func<QueryLogEntry, string>? Value(string name) => name.StartsWith('>') ? Header(name.ToLowerInvariant()) : name switch
    {
        "type" => entry => RecordText.Type(entry.Type),
        "class" => entry => RecordText.Class((ushort)entry.Class),
        "name" => entry => entry.Name,
        "proto" => entry => entry.Protocol,
        "size" => entry => Text(entry.Size),
        "remote" => entry => entry.Client.AddressFamily is AddressFamily.InterNetworkV6 ? $"[{entry.Client.Address}]" : entry.Client.Address.ToString(),
        "port" => entry => Text(entry.Client.Port),
        "local" => entry => entry.Local,
        "rcode" => entry => entry.Code.Mnemonic(),
        "rsize" => entry => Text(entry.ReplySize),
        "duration" => entry => Seconds(entry.Duration),
        _ when name.StartsWith('/') => _ => Empty,
        _ => null,
    };

    private static Func<QueryLogEntry, string>? Header(string name) => name switch
    {
        ">id" => entry => Text(entry.Id),
        ">opcode" => _ => "0",
        ">do" => entry => entry.DnssecOk ? "true" : "false",
        ">bufsize" => entry => Text(entry.BufferSize),
        ">rflags" => entry => entry.Flags,
        _ => null,
    };

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>As few digits as say it: 0.0000213s.</summary>
    private static string Seconds(TimeSpan duration) => ((decimal)duration.Ticks / TimeSpan.TicksPerSecond).ToString("0.#######", CultureInfo.InvariantCulture) + "s";

    private void AddText(string text)
    {
        if (text.Length > 0)
        {
            _parts.Add(_ => text);
        }
    }
}
