using System.Diagnostics;
using Dataplane.Linux.TransparentSockets;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>What it costs to go through a mode, or a peer, or neither: clients, proxy and servers share the machine's cores.</summary>
internal sealed class ModesBench(ModesBenchPlan plan, BenchReport report)
{
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(60);

    internal async Task RunAsync(CancellationToken cancellation)
    {
        var subjects = new List<BenchSubject>();
        try
        {
            foreach (var name in plan.Subjects)
            {
                subjects.Add(await BenchSubject.StartAsync(name, plan.Services, churn: plan.Soak > TimeSpan.Zero, cancellation));
            }

            foreach (var @case in plan.Cases)
            {
                await MeasureAsync(@case, subjects, cancellation);
            }

            foreach (var subject in subjects.Where(_ => plan.Soak > TimeSpan.Zero))
            {
                await new ModesSoak(plan, subject, report).RunAsync(cancellation);
            }
        }
        finally
        {
            foreach (var subject in subjects)
            {
                await subject.DisposeAsync();
            }
        }
    }

    private async Task MeasureAsync(string @case, List<BenchSubject> subjects, CancellationToken cancellation)
    {
        var able = subjects.Where(subject => !IsDatagrams(@case) || subject.Datagrams is not null).ToList();
        if (@case == "idle")
        {
            foreach (var subject in able)
            {
                await IdleAsync(subject, cancellation);
            }

            return;
        }

        var rounds = able.ToDictionary(subject => subject, _ => new List<RoundResult>());
        for (var round = 0; round < plan.Rounds; round++)
        {
            foreach (var subject in able)
            {
                rounds[subject].Add(await RoundAsync(@case, subject, cancellation));
            }
        }

        foreach (var subject in able)
        {
            Report(@case, subject.Name, rounds[subject]);
        }
    }

    private async Task<RoundResult> RoundAsync(string @case, BenchSubject subject, CancellationToken cancellation)
    {
        using var load = LoadOf(@case, subject);
        load.Start();
        await Task.Delay(plan.WarmUp, cancellation);
        var (started, requests, errors, bytes, cpu) =
            (Stopwatch.GetTimestamp(), load.Requests, load.Errors, subject.Server.Received, subject.CpuSeconds);
        load.Measure(true);
        await Task.Delay(plan.Round, cancellation);
        load.Measure(false);
        var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return new RoundResult(
            seconds, load.Requests - requests, load.Errors - errors, subject.Server.Received - bytes, subject.CpuSeconds - cpu, load.Stop());
    }

    private LoadThread LoadOf(string @case, BenchSubject subject)
    {
        var (client, stream) = (subject.Site.Client, subject.Streams(plan.Connections));
        return @case switch
        {
            "stream-1" => new StreamLoad(client, stream, LoadKind.Stream, 1),
            "stream-64" => new StreamLoad(client, stream, LoadKind.Stream, 64),
            "close" => new StreamLoad(client, stream, LoadKind.Close, plan.Connections),
            "request" => new StreamLoad(client, stream, LoadKind.Request, plan.Connections),
            _ => new DatagramLoad(client, subject.DatagramServices(plan.Connections), plan.Connections, fresh: @case == "udp-new"),
        };
    }

    private void Report(string @case, string subject, List<RoundResult> rounds)
    {
        if (@case.StartsWith("stream", StringComparison.Ordinal))
        {
            report.Samples(@case, subject, "throughput", "Gbit/s", [.. rounds.Select(round => round.Bytes * 8 / 1e9 / round.Seconds)]);
            report.Samples(@case, subject, "CPU of the proxy per GB", "s", [.. rounds.Select(round => round.CpuSeconds / (round.Bytes / 1e9))]);
        }
        else
        {
            report.Samples(@case, subject, "rate", "1/s", [.. rounds.Select(round => round.Requests / round.Seconds)]);
            report.Samples(@case, subject, "latency", "us", [.. rounds.SelectMany(round => round.Microseconds)]);
            report.Samples(@case, subject, "CPU of the proxy per request", "us", [.. rounds.Select(round => round.CpuSeconds * 1e6 / round.Requests)]);
        }

        report.Total(@case, subject, "errors", "", rounds.Count, rounds.Sum(round => round.Errors));
    }

    private async Task IdleAsync(BenchSubject subject, CancellationToken cancellation)
    {
        var before = subject.ResidentMB;
        using var load = new StreamLoad(subject.Site.Client, subject.Streams(1), LoadKind.Request, plan.IdleConnections, once: true);
        load.Start();
        var started = Stopwatch.GetTimestamp();
        while (load.Requests < plan.IdleConnections)
        {
            if (Stopwatch.GetElapsedTime(started) > IdleLimit)
            {
                throw new UserErrorException($"{subject.Name}: only {load.Requests} of {plan.IdleConnections} connections after {IdleLimit.TotalSeconds} s");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(100), cancellation);
        }

        await Task.Delay(TimeSpan.FromSeconds(1), cancellation);
        var grown = subject.ResidentMB - before;
        load.Stop();
        report.Total("idle", subject.Name, "resident above idle", "MB", plan.IdleConnections, grown);
        report.Total("idle", subject.Name, "per connection", "kB", plan.IdleConnections, grown * 1e3 / plan.IdleConnections);
        report.Total("idle", subject.Name, "errors", "", 1, load.Errors);
    }

    private static bool IsDatagrams(string @case) => @case.StartsWith("udp", StringComparison.Ordinal);

    private sealed record RoundResult(double Seconds, long Requests, long Errors, long Bytes, double CpuSeconds, List<double> Microseconds);
}
