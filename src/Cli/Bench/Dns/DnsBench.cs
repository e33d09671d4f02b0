using Dataplane.Dns.Client;

namespace Dataplane.Cli.Bench.Dns;

/// <summary>
/// The name server beside its peers and beside what the machine can do at all (a C program that sends datagrams back), each alone
/// on one core with dnsperf on another. CPU time for each query is the figure to compare: dnsperf itself saturates first.
/// </summary>
internal sealed class DnsBench(DnsBenchPlan plan, BenchReport report)
{
    private readonly DirectoryInfo _files = Directory.CreateTempSubdirectory("dp-bench-dns-");
    private readonly Dictionary<string, double> _rates = [];

    internal async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            if (plan.Cases.Intersect(["hit", "nxdomain", "half"]).Any())
            {
                foreach (var name in plan.Subjects)
                {
                    await LoadAsync(name, cancellation);
                }
            }

            var cluster = new DnsClusterCases(plan, report);
            foreach (var name in plan.Cases)
            {
                await (name switch
                {
                    "change" => cluster.ChangeAsync(cancellation),
                    "endpoints" => cluster.EndpointsAsync(cancellation),
                    "relist" => cluster.RelistAsync(cancellation),
                    "malformed" => cluster.MalformedAsync(cancellation),
                    _ => Task.CompletedTask,
                });
            }
        }
        finally
        {
            _files.Delete(recursive: true);
        }
    }

    private async Task LoadAsync(string name, CancellationToken cancellation)
    {
        await using var api = await SyntheticApi.StartAsync(plan.Services, 0, headless: false);
        await using var subject = name == DnsBenchPlan.Own
            ? await DnsSubject.StartOwnAsync(api.KubeConfig, SyntheticApi.LastService, cancellation)
            : await DnsSubject.StartPeerAsync(name, plan.Services, cancellation);
        var hits = Queries("hit", DnsBenchPlan.ServiceName);
        await DnsPerf.RunAsync(hits, subject.EndPoint, plan.Round, rate: null, cancellation);
        if (plan.Cases.Contains("hit") || plan.Cases.Contains("half"))
        {
            await RoundsAsync("hit", hits, subject, "NOERROR", cancellation);
        }

        if (plan.Cases.Contains("nxdomain"))
        {
            await RoundsAsync("nxdomain", Queries("nxdomain", index => $"www{index}.example.com.default.svc.cluster.local"), subject, "NXDOMAIN", cancellation);
        }

        if (plan.Cases.Contains("half"))
        {
            // Half of what this program's server took from dnsperf: the same load for all.
            var rate = (int)_rates.GetValueOrDefault(DnsBenchPlan.Own, _rates[name]) / 2;
            var result = await DnsPerf.RunAsync(hits, subject.EndPoint, plan.Round, rate, cancellation);
            report.Samples("half", name, $"time at {rate} 1/s", "ms", result.Times);
        }

        report.Total("hit", name, $"resident with {plan.Services} services, after load", "MB", 1, subject.ResidentMB);
    }

    private async Task RoundsAsync(string @case, string queries, DnsSubject subject, string code, CancellationToken cancellation)
    {
        var (costs, rates, sent, completed, right) = (new List<double>(), new List<double>(), 0L, 0L, 0L);
        for (var round = 0; round < plan.Rounds; round++)
        {
            var before = subject.CpuTime;
            var result = await DnsPerf.RunAsync(queries, subject.EndPoint, plan.Round, rate: null, cancellation);
            costs.Add((subject.CpuTime - before).TotalMicroseconds / result.Completed);
            rates.Add(result.Rate);
            (sent, completed, right) = (sent + result.Sent, completed + result.Completed, right + result.Codes.GetValueOrDefault(code));
        }

        if (@case == "hit")
        {
            _rates[subject.Name] = rates.Average();
        }

        // The echo has one answer to everything.
        if (subject.Name != DnsBenchPlan.Echo && right < completed)
        {
            throw new UserErrorException($"{subject.Name}: {completed - right} of {completed} answers were not {code}");
        }

        report.Samples(@case, subject.Name, "CPU time a query", "us", [.. costs]);
        report.Samples(@case, subject.Name, "answers", "1/s", [.. rates]);
        report.Total(@case, subject.Name, "unanswered", "%", sent, 100.0 * (sent - completed) / sent);
    }

    /// <summary>A file for dnsperf: every service once, in an order that no cache likes.</summary>
    private string Queries(string name, Func<int, string> query)
    {
        var order = Enumerable.Range(0, plan.Services).ToArray();
        new Random(1).Shuffle(order);
        var path = Path.Combine(_files.FullName, name);
        File.WriteAllLines(path, order.Select(index => $"{query(index)} A"));
        return path;
    }
}
