using System.Globalization;
using System.Net;
using Dataplane.Api;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;

namespace Dataplane.Dns.Tests.Scenarios;

/// <summary>
/// Runs a file of steps:
/// <code>
/// COREFILE ... END                       instead of PODS and REVERSE
/// PODS disabled|insecure|verified        REVERSE 10.0.0.0/16        SYNCED yes|no
/// NAMESPACE ns                           POD ns/name IP,IP
/// SERVICE ns/name ClusterIP IP,IP [name/PROTO/port ...]
/// SERVICE ns/name Headless               SERVICE ns/name ExternalName target
/// SLICE ns/service/slice [name/PROTO/port ...] : IP[=hostname][~pod][!] ...       "!" is not ready
/// REMOVE service|slice|namespace NAME
/// QUERY name TYPE [CH] [udp] [edns=SIZE] [from=ADDRESS]
/// CHECK_ANSWER RCODE [flag ...]
/// CHECK_SILENCE                          CHECK_FORWARD NAME ...        the names that are asked of upstreams, in their order
/// records of the answer; after AUTHORITY and ADDITIONAL those of the other sections; up to an empty line
/// </code>
/// </summary>
internal sealed class StepFile
{
    private readonly TestZone _zone;
    private readonly string _file;
    private int _line;

    private StepFile(string file, TestZone zone) => (_file, _zone) = (file, zone);

    internal static void Run(string path)
    {
        var lines = File.ReadAllLines(path);
        if (Array.IndexOf(lines, "COREFILE") is >= 0 and var start)
        {
            var end = Array.IndexOf(lines, "END");
            var plan = CorefileReader.Read(string.Join('\n', lines[(start + 1)..end]), path, 53, _ => null);
            lines.AsSpan(start, end - start + 1).Fill("");
            new StepFile(Path.GetFileName(path), new TestZone(plan)).Run(lines);
            return;
        }

        var pods = Value(lines, "PODS") is { } mode ? Enum.Parse<PodRecordMode>(mode, ignoreCase: true) : PodRecordMode.Insecure;
        var reverse = lines.Where(line => line.StartsWith("REVERSE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[1]);
        new StepFile(Path.GetFileName(path), new TestZone(pods, forwards: false, [.. reverse])).Run(lines);
    }

    private static string? Value(string[] lines, string keyword) =>
        lines.FirstOrDefault(line => line.StartsWith(keyword + " ", StringComparison.Ordinal))?.Split(' ')[1];

    private void Run(string[] lines)
    {
        for (_line = 0; _line < lines.Length; _line++)
        {
            var words = lines[_line].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 0 || words[0].StartsWith(';'))
            {
                continue;
            }

            switch (words[0])
            {
                case "PODS" or "REVERSE":
                    break;
                case "SYNCED":
                    _zone.Synced = words[1] == "yes";
                    break;
                case "NAMESPACE":
                    _zone.AddNamespace(words[1]);
                    break;
                case "POD":
                    _zone.Add(Pod(words));
                    break;
                case "SERVICE":
                    _zone.Add(Service(words));
                    break;
                case "SLICE":
                    _zone.Add(Slice(words));
                    break;
                case "REMOVE":
                    Remove(words[1], words[2]);
                    break;
                case "QUERY":
                    Check(words, lines);
                    break;
                default:
                    throw new FormatException($"{_file}:{_line + 1}: {lines[_line]}");
            }
        }
    }

    private void Remove(string kind, string name)
    {
        switch (kind)
        {
            case "service":
                _zone.RemoveService(NamespacedName.Parse(name));
                break;
            case "slice":
                _zone.RemoveSlice(NamespacedName.Parse(name));
                break;
            default:
                _zone.RemoveNamespace(name);
                break;
        }
    }

    private void Check(string[] query, string[] lines)
    {
        var where = $"{_file}:{_line + 1} {lines[_line]}";
        var size = query.FirstOrDefault(word => word.StartsWith("edns=", StringComparison.Ordinal));
        var type = Enum.TryParse<RecordType>(query[2], out var known) ? known : (RecordType)ushort.Parse(query[2][4..], CultureInfo.InvariantCulture);
        var client = query.FirstOrDefault(word => word.StartsWith("from=", StringComparison.Ordinal)) is { } from ? IPAddress.Parse(from[5..]) : null;
        var expected = lines[++_line].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (expected[0] == "CHECK_FORWARD")
        {
            var request = _zone.Forwarded(query[1], type, client) ?? throw new InvalidOperationException($"{where}: not forwarded");
            var asked = (request.Alternatives is [] ? [request.Name] : request.Alternatives).Select(name => DnsName.Format(name));
            Assert.Equal($"{where}\n{string.Join(' ', expected[1..])}", $"{where}\n{string.Join(' ', asked)}");
            return;
        }

        var options = (size is null ? (int?)null : int.Parse(size[5..], CultureInfo.InvariantCulture), query.Contains("CH") ? RecordClass.CH : RecordClass.IN);
        var response = _zone.TryAsk(query[1], type, !query.Contains("udp"), options, client);
        if (expected[0] == "CHECK_SILENCE")
        {
            Assert.True(response is null, where);
            return;
        }

        Assert.Equal("CHECK_ANSWER", expected[0]);
        Assert.True(response is not null, $"{where}: no reply");
        var sections = new Dictionary<string, List<string>> { ["ANSWER"] = [], ["AUTHORITY"] = [], ["ADDITIONAL"] = [] };
        var section = "ANSWER";
        for (_line++; _line < lines.Length && lines[_line].Length > 0; _line++)
        {
            if (sections.ContainsKey(lines[_line]))
            {
                section = lines[_line];
            }
            else
            {
                sections[section].Add(lines[_line]);
            }
        }

        var flags = string.Join(' ', expected[2..].Append("qr").Append("rd").Order(StringComparer.Ordinal));
        Assert.Equal(Text(where, expected[1], flags, sections["ANSWER"], sections["AUTHORITY"], sections["ADDITIONAL"]), Text(where, response));
    }

    private static string Text(string where, DnsResponse response) => Text(
        where,
        response.Code.Mnemonic(),
        string.Join(' ', response.Flags.Split(' ').Order(StringComparer.Ordinal)),
        response.Answers,
        response.Authorities,
        response.Additionals);

    private static string Text(string where, string code, string flags, params IReadOnlyList<string>[] sections) =>
        $"{where}\n{code} {flags}\n" + string.Join("--\n", sections.Select(section => string.Concat(section.Order(StringComparer.Ordinal).Select(record => record + "\n"))));

    private static ObjectMeta Named(string path)
    {
        var name = NamespacedName.Parse(path);
        return new ObjectMeta { Namespace = name.Namespace, Name = name.Name };
    }

    private static Pod Pod(string[] words) => new()
    {
        Metadata = Named(words[1]),
        Status = new PodStatus { Phase = "Running", PodIPs = [.. words[2].Split(',').Select(address => new PodIP { IP = address })] },
    };

    private static Service Service(string[] words) => new()
    {
        Metadata = Named(words[1]),
        Spec = words[2] switch
        {
            "ExternalName" => new ServiceSpec { Type = "ExternalName", ExternalName = words[3] },
            "Headless" => new ServiceSpec { ClusterIP = "None", ClusterIPs = ["None"] },
            _ => new ServiceSpec
            {
                Type = "ClusterIP",
                ClusterIP = words[3].Split(',')[0],
                ClusterIPs = [.. words[3].Split(',')],
                Ports = [.. words[4..].Select(Port).Select(port => new ServicePort { Name = port.Name, Protocol = port.Protocol, Port = port.Number })],
            },
        },
    };

    private static (string Name, string Protocol, int Number) Port(string text) =>
        text.Split('/') is [var name, var protocol, var number]
            ? (name == "-" ? "" : name, protocol, int.Parse(number, CultureInfo.InvariantCulture))
            : throw new FormatException(text);

    private static EndpointSlice Slice(string[] words)
    {
        var path = words[1].Split('/');
        var colon = Array.IndexOf(words, ":");
        return new EndpointSlice
        {
            Metadata = new ObjectMeta { Namespace = path[0], Name = path[2], Labels = { ["kubernetes.io/service-name"] = path[1] } },
            AddressType = words[^1].Contains(':', StringComparison.Ordinal) && words.Length > colon + 1 ? "IPv6" : "IPv4",
            Ports = [.. words[2..colon].Select(Port).Select(port => new EndpointPort { Name = port.Name, Protocol = port.Protocol, Port = port.Number })],
            Endpoints = [.. words[(colon + 1)..].Select(Endpoint)],
        };
    }

    private static Endpoint Endpoint(string text)
    {
        var named = text.TrimEnd('!').Split('~');
        var parts = named[0].Split('=');
        return new Endpoint
        {
            Addresses = [parts[0]],
            Hostname = parts.Length > 1 ? parts[1] : null,
            TargetRef = named.Length > 1 ? new ObjectReference { Kind = "Pod", Name = named[1] } : null,
            Conditions = new EndpointConditions { Ready = text.EndsWith('!') ? false : null },
        };
    }
}
