using System.Globalization;
using System.Threading.Channels;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;
using Stopwatch = System.Diagnostics.Stopwatch;

namespace Dataplane.Dns.Server;

/// <summary>
/// A line for every query that the first rule for its name wants. Lines wait in a bounded queue for one writer: when the output cannot
/// keep up, lines are left out and counted, and no query waits.
/// </summary>
internal sealed class QueryLog : IAsyncDisposable
{
    private const int Waiting = 8192;

    private readonly LogRule[] _rules;
    private readonly TextWriter _output;
    private readonly Channel<(QueryLogEntry Entry, LogFormat Format)> _lines =
        Channel.CreateBounded<(QueryLogEntry Entry, LogFormat Format)>(new BoundedChannelOptions(Waiting) { SingleReader = true });
    private readonly Task _writing;
    private long _lost;

    internal QueryLog(LogRule[] rules, TextWriter output)
    {
        (_rules, _output) = (rules, output);
        _writing = Task.Run(WriteAsync);
    }

    /// <summary>Writes the line of a query that is answered; one that is forwarded has it when the answer comes.</summary>
    /// <param name="reply">What was done.</param>
    /// <param name="query">The query.</param>
    /// <param name="message">Holds the reply, if there is one.</param>
    /// <param name="entry">Of the query.</param>
    /// <param name="started">When it was received.</param>
    internal Reply Note(in Reply reply, Query query, ReadOnlySpan<byte> message, QueryLogEntry entry, long started)
    {
        if (RuleFor(query.Name) is not { } rule)
        {
            return reply;
        }

        if (reply.Request is { } request)
        {
            return reply with { Request = request with { Logged = answer => Add(rule, entry, answer.Message.Span, answer.Code, answer.Duration) } };
        }

        if (reply.Disposition is Disposition.Send)
        {
            Add(rule, entry, message[..reply.Length], reply.Code, Stopwatch.GetElapsedTime(started));
        }

        return reply;
    }

    public async ValueTask DisposeAsync()
    {
        _lines.Writer.TryComplete();
        await _writing;
    }

    /// <summary>CoreDNS's classes. A name that has no records of the type is denied like one that does not exist.</summary>
    internal static LogClass ClassOf(ResponseCode code, ReadOnlySpan<byte> reply) => code switch
    {
        ResponseCode.NoError when DnsHeader.AnswerCount(reply) == 0 && DnsHeader.AuthorityCount(reply) > 0 => LogClass.Denial,
        ResponseCode.NoError => LogClass.Success,
        ResponseCode.NXDomain => LogClass.Denial,
        _ => LogClass.Error,
    };

    private LogRule? RuleFor(in NameView name)
    {
        foreach (var rule in _rules)
        {
            if (NameSuffix.AnyCovers(rule.Names, name))
            {
                return rule;
            }
        }

        return null;
    }

    private void Add(LogRule rule, QueryLogEntry entry, ReadOnlySpan<byte> reply, ResponseCode code, TimeSpan duration)
    {
        if ((rule.Classes & ClassOf(code, reply)) != 0 && !_lines.Writer.TryWrite((entry.Answered(reply, code, duration), rule.Format)))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    private async Task WriteAsync()
    {
        await foreach (var (entry, format) in _lines.Reader.ReadAllAsync())
        {
            await _output.WriteLineAsync("[INFO] " + format.Fill(entry));
            if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
            {
                await _output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"[WARNING] {lost} queries were not logged: the output is too slow"));
            }

            if (_lines.Reader.Count == 0)
            {
                await _output.FlushAsync();
            }
        }
    }
}
