using System.Diagnostics;
using System.Globalization;
using Dataplane.Linux.Sysctls;

namespace Dataplane.Cli.Bench.Modes;

/// <summary>Every kind of load at once for a long time while endpoints come and go: memory and descriptors have to stay where they were.</summary>
internal sealed class ModesSoak(ModesBenchPlan plan, BenchSubject subject, BenchReport report)
{
    private const int ClientsOfAKind = 16;
    private const int RememberedSeconds = 10;
    private const string Tracking = "net/netfilter/nf_conntrack_";
    private static readonly TimeSpan Between = TimeSpan.FromSeconds(1);

    internal async Task RunAsync(CancellationToken cancellation)
    {
        ForgetClosedConnections();
        var (client, stream) = (subject.Site.Client, subject.Streams(ClientsOfAKind));
        List<(string Name, LoadThread Load)> loads =
        [
            ("request", new StreamLoad(client, stream, LoadKind.Request, ClientsOfAKind)),
            ("close", new StreamLoad(client, stream, LoadKind.Close, ClientsOfAKind)),
            ("stream", new StreamLoad(client, stream, LoadKind.Stream, 2)),
        ];
        if (subject.Datagrams is not null)
        {
            var datagrams = subject.DatagramServices(ClientsOfAKind);
            loads.Add(("udp", new DatagramLoad(client, datagrams, ClientsOfAKind, fresh: false)));
            loads.Add(("udp-new", new DatagramLoad(client, datagrams, ClientsOfAKind, fresh: true)));
        }

        try
        {
            loads.ForEach(load => load.Load.Start());
            var (memory, descriptors, tracked, started) = (new List<double>(), new List<double>(), new List<double>(), Stopwatch.GetTimestamp());
            while (Stopwatch.GetElapsedTime(started) < plan.Soak && !loads.Exists(load => load.Load.HasFailed))
            {
                await Task.Delay(Between, cancellation);
                memory.Add(subject.ResidentMB);
                descriptors.Add(subject.Descriptors);
                tracked.Add(int.Parse(Sysctl.Read(subject.Site.Node, Tracking + "count"), CultureInfo.InvariantCulture));
            }

            Report("resident", "MB", memory);
            Report("descriptors", "", descriptors);
            Report("tracked connections", "", tracked);
            foreach (var (name, load) in loads)
            {
                load.Stop();
                if (name != "stream")
                {
                    report.Total("soak", subject.Name, $"requests ({name})", "", 1, load.Requests);
                }

                report.Total("soak", subject.Name, $"errors ({name})", "", 1, load.Errors);
            }
        }
        finally
        {
            loads.ForEach(load => load.Load.Dispose());
        }
    }

    // Thousands of connections a second, each remembered for two minutes, fill the machine's table of connections (nf_conntrack_max) within a minute or
    // two, and the kernel drops first packets then, whatever the mode: a soak would count that.
    private void ForgetClosedConnections()
    {
        foreach (var timeout in (string[])["tcp_timeout_time_wait", "udp_timeout"])
        {
            Sysctl.Write(subject.Site.Node, $"{Tracking}{timeout}", RememberedSeconds.ToString(CultureInfo.InvariantCulture));
        }
    }

    // The mean of a tenth: one sample may meet a collection of garbage, or a burst.
    private void Report(string metric, string unit, List<double> samples)
    {
        var tenth = Math.Max(1, samples.Count / 10);
        var (first, last) = (samples.Take(tenth).DefaultIfEmpty().Average(), samples.TakeLast(tenth).DefaultIfEmpty().Average());
        report.Samples("soak", subject.Name, metric, unit, [.. samples]);
        report.Total("soak", subject.Name, $"{metric}: first tenth", unit, tenth, first);
        report.Total("soak", subject.Name, $"{metric}: last tenth", unit, tenth, last);
        report.Total("soak", subject.Name, $"{metric}: most", unit, samples.Count, samples.DefaultIfEmpty().Max());
    }
}
