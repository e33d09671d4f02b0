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

    /// <summary>
    /// The rule that a query is logged by: the first for its name, if it wants what was answered. Of one that is forwarded only the answer tells.
    /// </summary>
    /// <param name="reply">What was done.</param>
    /// <param name="name">The query's.</param>
    /// <param name="message">Holds the reply, if there is one.</param>
    internal LogRule? RuleFor(in Reply reply, in NameView name, ReadOnlySpan<byte> message)
    {
        foreach (var rule in _rules)
        {
            if (NameSuffix.AnyCovers(rule.Names, name))
            {
                return reply.Request is not null || (reply.Disposition is Disposition.Send && Wants(rule, reply.Code, message[..reply.Length])) ? rule : null;
            }
        }

        return null;
    }

    /// <summary>Writes the line of a query that is answered; one that is forwarded has it when the answer comes.</summary>
    /// <param name="rule">Its <see cref="RuleFor"/>.</param>
    /// <param name="reply">What was done.</param>
    /// <param name="message">Holds the reply, if there is one.</param>
    /// <param name="entry">Of the query.</param>
    /// <param name="started">When it was received.</param>
    internal Reply Note(LogRule rule, in Reply reply, ReadOnlySpan<byte> message, QueryLogEntry entry, long started)
    {
        if (reply.Request is { } request)
        {
            return reply with { Request = request with { Logged = answer => Add(rule, entry, answer.Message.Span, answer.Code, answer.Duration) } };
        }

        Add(rule, entry, message[..reply.Length], reply.Code, Stopwatch.GetElapsedTime(started));
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

    private static bool Wants(LogRule rule, ResponseCode code, ReadOnlySpan<byte> reply) => (rule.Classes & ClassOf(code, reply)) != 0;

    private void Add(LogRule rule, QueryLogEntry entry, ReadOnlySpan<byte> reply, ResponseCode code, TimeSpan duration)
    {
        if (Wants(rule, code, reply) && !_lines.Writer.TryWrite((entry.Answered(reply, code, duration), rule.Format)))
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
