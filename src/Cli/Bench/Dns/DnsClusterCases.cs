using System.Diagnostics;
using Dataplane.Cli.Bench.Api;
using Dataplane.Dns.Client;
using Dataplane.Dns.Wire;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>What a cluster asks of its name server besides speed: changes at once, memory, and nothing that brings it down.</summary>
internal sealed class DnsClusterCases(DnsBenchPlan plan, BenchReport report)
{
    /// <summary>From a client's POST of a Service, and from its answer, until the name resolves; between them a real API server.</summary>
    internal async Task ChangeAsync(CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("dp-bench-dns-");
        try
        {
            await using var api = await ApiServerProcess.StartAsync(
                directory.FullName, new ApiBenchPlan { Cases = [], Store = "memory" }, cancellation);
            await using var writer = await ApiConnection.OpenAsync(api.Config, cancellation);
            await using var subject = await DnsSubject.StartOwnAsync(api.KubeConfigText, "kubernetes.default.svc.cluster.local", cancellation);
            var (fromRequest, fromAnswer) = (new List<double>(), new List<double>());
            for (var i = 0; i < plan.Changes; i++)
            {
                var request = writer.Request("POST", "/api/v1/namespaces/default/services", "application/json", ApiObjects.Service(i));
                var started = Stopwatch.GetTimestamp();
                await writer.MustAsync(request, cancellation);
                var created = Stopwatch.GetTimestamp();
                var options = new DnsQueryOptions { Server = subject.EndPoint };
                while ((await DnsClient.QueryAsync(DnsBenchPlan.ServiceName(i), RecordType.A, options, cancellation)).Answers.Count == 0)
                {
                    // Asked again at once: what is measured is when the first answer is there.
                }

                fromRequest.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
                fromAnswer.Add(Stopwatch.GetElapsedTime(created).TotalMilliseconds);
            }

            report.Samples("change", DnsBenchPlan.Own, "from the request to a resolving name", "ms", [.. fromRequest]);
            report.Samples("change", DnsBenchPlan.Own, "from the API's answer to a resolving name", "ms", [.. fromAnswer]);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    internal async Task EndpointsAsync(CancellationToken cancellation)
    {
        const int Each = 100;
        await using var api = await SyntheticApi.StartAsync(plan.Endpoints / Each, Each, headless: true);
        await using var subject = await DnsSubject.StartOwnAsync(api.KubeConfig, SyntheticApi.LastService, cancellation);
        await Task.Delay(plan.Settle, cancellation);
        report.Total("endpoints", DnsBenchPlan.Own, $"resident with {plan.Endpoints} endpoints", "MB", 1, subject.ResidentMB);
        report.Total("endpoints", DnsBenchPlan.Own, "most resident while they came in", "MB", 1, ProcessCost.PeakMB(subject.ProcessId));
    }

    /// <summary>Reads everything again, as after an absence too long for a watch.</summary>
    internal async Task RelistAsync(CancellationToken cancellation)
    {
        await using var api = await SyntheticApi.StartAsync(plan.RelistObjects / 2, 2, headless: false);
        await using var subject = await DnsSubject.StartOwnAsync(api.KubeConfig, SyntheticApi.LastService, cancellation);
        await Task.Delay(plan.Settle, cancellation);
        for (var round = 0; round < plan.Rounds; round++)
        {
            var before = subject.ResidentMB;
            ProcessCost.ForgetPeak(subject.ProcessId);
            api.Expire();
            await subject.WaitForAsync(
                SyntheticApi.LastService, response => response.Answers.Any(answer => answer.EndsWith(" " + api.LastAddress, StringComparison.Ordinal)), cancellation);
            await Task.Delay(plan.Settle, cancellation);
            var peak = ProcessCost.PeakMB(subject.ProcessId);
            report.Total("relist", DnsBenchPlan.Own, $"resident before a list of {plan.RelistObjects} objects", "MB", 1, before);
            report.Total("relist", DnsBenchPlan.Own, "added while it ran", "%", 1, 100 * (peak - before) / before);
        }
    }

    internal async Task MalformedAsync(CancellationToken cancellation)
    {
        await using var api = await SyntheticApi.StartAsync(plan.Services, 0, headless: false);
        await using var subject = await DnsSubject.StartOwnAsync(api.KubeConfig, SyntheticApi.LastService, cancellation);

        // Code that is compiled and buffers that are grown on the way are not what is looked for.
        PacketStorm.Send(subject.EndPoint, plan.MalformedPackets / 10, seed: 1);
        await subject.WaitForAsync(SyntheticApi.LastService, response => response.Answers.Count > 0, cancellation);
        var before = subject.ResidentMB;
        var started = Stopwatch.GetTimestamp();
        PacketStorm.Send(subject.EndPoint, plan.MalformedPackets, seed: 2);
        var rate = plan.MalformedPackets / Stopwatch.GetElapsedTime(started).TotalSeconds;
        await subject.WaitForAsync(SyntheticApi.LastService, response => response.Answers.Count > 0, cancellation);
        var growth = subject.ResidentMB - before;
        report.Total("malformed", DnsBenchPlan.Own, "packets survived", "1", plan.MalformedPackets, subject.HasEnded ? 0 : plan.MalformedPackets);
        report.Total("malformed", DnsBenchPlan.Own, "packets looked at", "1/s", plan.MalformedPackets, rate);
        report.Total("malformed", DnsBenchPlan.Own, "exceptions", "1", plan.MalformedPackets, await subject.MetricAsync("coredns_panics_total", cancellation));
        report.Total("malformed", DnsBenchPlan.Own, "growth", "MB", plan.MalformedPackets, growth);
    }
}
