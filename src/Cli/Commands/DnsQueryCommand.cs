using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Dataplane.Dns.Client;
using Dataplane.Dns.Forward;
using Dataplane.Dns.Wire;

namespace Dataplane.Cli.Commands;

/// <summary><c>dataplane dns query NAME [TYPE] [@SERVER[:PORT]]</c>, its words in any order as dig takes them.</summary>
internal static class DnsQueryCommand
{
    private const int DnsPort = 53;

    internal static Command Create()
    {
        var words = new Argument<string[]>("NAME [TYPE] [@SERVER[:PORT]]")
        {
            Description = "Type A and the first nameserver of /etc/resolv.conf if left out.",
            Arity = ArgumentArity.OneOrMore,
        };
        var server = new Option<string?>("--server") { Description = "ADDRESS[:PORT]; the same as @ADDRESS[:PORT]." };
        var tcp = new Option<bool>("--tcp") { Description = "Ask by TCP only." };
        var ignore = new Option<bool>("--ignore") { Description = "Do not ask again by TCP when the answer was cut." };
        var noEdns = new Option<bool>("--no-edns") { Description = "Leave the OPT record out." };
        var brief = new Option<bool>("--short") { Description = "Print the data of the answer only." };
        var timeout = new Option<double>("--timeout") { Description = "Seconds to wait.", DefaultValueFactory = _ => 5 };
        var command = new Command("query", "Asks a DNS server and prints its answer as dig does.") { words, server, tcp, ignore, noEdns, brief, timeout };
        command.SetBody(async (result, cancellation) =>
        {
            var question = Read(result.GetValue(words)!, result.GetValue(server), out var problem) ?? throw new UserErrorException(problem);
            var options = new DnsQueryOptions
            {
                Server = question.Server,
                Tcp = result.GetValue(tcp),
                IgnoreTruncation = result.GetValue(ignore),
                PayloadSize = result.GetValue(noEdns) ? null : 1232,
                Timeout = TimeSpan.FromSeconds(result.GetValue(timeout)),
            };
            return await AskAsync(question, options, result.GetValue(brief), cancellation);
        });
        return command;
    }

    /// <summary>A word with @ is the server, one that is a type's name is the type, and the one left is the name.</summary>
    internal static DnsQuestion? Read(IReadOnlyList<string> words, string? server, out string problem)
    {
        problem = "";
        string? name = null;
        RecordType? type = null;
        foreach (var word in words)
        {
            if (word.StartsWith('@'))
            {
                server = word[1..];
            }
            else if (type is null && TryType(word, out var named))
            {
                type = named;
            }
            else if (name is null)
            {
                name = word;
            }
            else
            {
                problem = $"\"{word}\" is one word too many after the name {name}";
                return null;
            }
        }

        if (name is null)
        {
            problem = "a NAME is missing";
            return null;
        }

        var endPoint = ResolvConf.Nameservers() is [var first, ..] ? first : null;
        if (server is not null && !DnsCommand.TryParseEndPoint(server, DnsPort, out endPoint))
        {
            problem = $"server \"{server}\": expected ADDRESS[:PORT]";
            return null;
        }

        problem = endPoint is null ? $"{ResolvConf.DefaultPath} names no server: give one as @ADDRESS" : "";
        return endPoint is null ? null : new DnsQuestion(name, type ?? RecordType.A, endPoint);
    }

    private static bool TryType(string word, out RecordType type)
    {
        if (word.StartsWith("TYPE", StringComparison.OrdinalIgnoreCase) && ushort.TryParse(word.AsSpan(4), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            type = (RecordType)number;
            return true;
        }

        return Enum.TryParse(word, ignoreCase: true, out type) && char.IsAsciiLetter(word[0]);
    }

    private static async Task<int> AskAsync(DnsQuestion question, DnsQueryOptions options, bool brief, CancellationToken cancellation)
    {
        try
        {
            var start = Stopwatch.GetTimestamp();
            var response = await DnsClient.QueryAsync(question.Name, question.Type, options, cancellation);
            Console.Write(brief
                ? string.Concat(response.Answers.Select(answer => answer.Split(' ', 5)[^1] + "\n"))
                : response.ToText(options.Server, Stopwatch.GetElapsedTime(start)));
            return 0;
        }
        catch (Exception failure) when (failure is SocketException or InvalidDataException)
        {
            throw new UserErrorException($"{options.Server}: {failure.Message}");
        }
        catch (Exception failure) when (failure is TimeoutException or FormatException)
        {
            throw new UserErrorException(failure.Message);
        }
    }
}

/// <summary>What is asked of whom.</summary>
internal sealed record DnsQuestion(string Name, RecordType Type, IPEndPoint Server);
