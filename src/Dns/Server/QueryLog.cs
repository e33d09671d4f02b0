using System.Globalization;
using System.Net;
using System.Threading.Channels;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>What of a query a log line tells.</summary>
internal readonly record struct QueryLogEntry
{
    internal required IPAddress Client { get; init; }

    internal required ushort Id { get; init; }

    internal required RecordType Type { get; init; }

    internal required string Name { get; init; }

    internal required string Protocol { get; init; }

    internal required int Size { get; init; }

    internal required bool DnssecOk { get; init; }

    internal required int BufferSize { get; init; }

    internal required ResponseCode Code { get; init; }

    internal required string Flags { get; init; }

    internal required int ReplySize { get; init; }

    internal required TimeSpan Duration { get; init; }
}

/// <summary>
/// One line a query, in CoreDNS's common format. Lines wait in a bounded queue for one writer: when the output cannot keep up, lines
/// are left out and counted, and no query waits.
/// </summary>
internal sealed class QueryLog : IAsyncDisposable
{
    private const int Waiting = 8192;

    private readonly LogPlan _plan;
    private readonly TextWriter _output;
    private readonly Channel<QueryLogEntry> _entries = Channel.CreateBounded<QueryLogEntry>(new BoundedChannelOptions(Waiting) { SingleReader = true });
    private readonly Task _writing;
    private long _lost;

    internal QueryLog(LogPlan plan, TextWriter output)
    {
        (_plan, _output) = (plan, output);
        _writing = Task.Run(WriteAsync);
    }

    internal bool Wants(in NameView name, ResponseCode code) =>
        NameSuffix.AnyCovers(_plan.Names, name) && (_plan.Classes.Length == 0 || _plan.Classes.Contains(code switch
        {
            ResponseCode.NoError => "success",
            ResponseCode.NXDomain => "denial",
            _ => "error",
        }));

    internal void Add(in QueryLogEntry entry)
    {
        if (!_entries.Writer.TryWrite(entry))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _entries.Writer.TryComplete();
        await _writing;
    }

    /// <summary><c>[INFO] 10.244.1.5:0 - 4242 "A IN web.default.svc.cluster.local. udp 60 false 1232" NOERROR qr,aa,rd 106 0.000021s</c>.</summary>
    internal static string Format(in QueryLogEntry entry) => string.Create(
        CultureInfo.InvariantCulture,
        $"[INFO] {entry.Client} - {entry.Id} \"{entry.Type} IN {entry.Name} {entry.Protocol} {entry.Size} {(entry.DnssecOk ? "true" : "false")} {entry.BufferSize}\" {entry.Code.Mnemonic()} {entry.Flags} {entry.ReplySize} {entry.Duration.TotalSeconds:F9}s");

    private async Task WriteAsync()
    {
        await foreach (var entry in _entries.Reader.ReadAllAsync())
        {
            await _output.WriteLineAsync(Format(entry));
            if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
            {
                await _output.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"[WARNING] {lost} queries were not logged: the output is too slow"));
            }

            if (_entries.Reader.Count == 0)
            {
                await _output.FlushAsync();
            }
        }
    }
}
