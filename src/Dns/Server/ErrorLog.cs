using System.Globalization;
using Dataplane.Api;
using Dataplane.Dns.Client;
using Dataplane.Dns.Configuration;
using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Server;

/// <summary>
/// Tells of questions that could not be answered, in CoreDNS's words, so that what reads its log reads this one:
/// <code>
/// [ERROR] plugin/errors: 2 example.org. A: read udp 192.0.2.53:53: i/o timeout
/// [WARNING] plugin/errors: 12 errors like '.* i/o timeout$' occurred in last 5m0s
/// </code>
/// </summary>
internal sealed class ErrorLog : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TextWriter _output;
    private readonly TimeProvider _time;
    private readonly Gathered[] _groups;

    internal ErrorLog(ErrorsPlan plan, TextWriter output, TimeProvider time) =>
        (_output, _time, _groups) = (output, time, [.. plan.Groups.Select(group => new Gathered(group))]);

    /// <param name="code">What the client is told.</param>
    /// <param name="question">Header and question as they came in.</param>
    /// <param name="type">Asked for.</param>
    /// <param name="reason">What went wrong.</param>
    internal void Tell(ResponseCode code, ReadOnlySpan<byte> question, RecordType type, string reason)
    {
        Span<byte> name = stackalloc byte[NameView.MaxLength];
        var length = new DnsReader(question, DnsHeader.Size).TryName(name, out var read) ? read : 0;
        NameView.ToLower(name[..length]);
        var line = string.Create(CultureInfo.InvariantCulture, $"[ERROR] plugin/errors: {(int)code} {(length == 0 ? "" : DnsName.Format(name[..length]))} {RecordText.Type(type)}: {reason}");
        lock (_lock)
        {
            if (!IsGathered(reason))
            {
                _output.WriteLine(line);
            }
        }
    }

    /// <summary>What was gathered and not told yet is told.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var group in _groups)
            {
                TellGathered(group);
            }
        }
    }

    private bool IsGathered(string reason)
    {
        if (Array.Find(_groups, group => group.Plan.Pattern.IsMatch(reason)) is not { } found)
        {
            return false;
        }

        found.Count++;
        if (found.Count > 1)
        {
            return true;
        }

        found.Timer = _time.CreateTimer(_ => Due(found), null, found.Plan.Period, Timeout.InfiniteTimeSpan);
        return !found.Plan.ShowsFirst;
    }

    private void Due(Gathered group)
    {
        lock (_lock)
        {
            TellGathered(group);
        }
    }

    private void TellGathered(Gathered group)
    {
        group.Timer?.Dispose();
        group.Timer = null;
        var (count, plan) = (group.Count, group.Plan);
        group.Count = 0;
        if (count > (plan.ShowsFirst ? 1 : 0))
        {
            _output.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"[{plan.Level}] plugin/errors: {count} errors like '{plan.Pattern}' occurred in last {GoDuration.Format(plan.Period)}"));
        }
    }

    private sealed class Gathered(ErrorGroup plan)
    {
        internal ErrorGroup Plan => plan;

        internal int Count { get; set; }

        internal ITimer? Timer { get; set; }
    }
}
