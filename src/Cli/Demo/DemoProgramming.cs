using System.Threading.Channels;
using Dataplane.Api;
using Dataplane.Api.Client;
using Dataplane.Cli.Cluster;
using Dataplane.Proxy;

namespace Dataplane.Cli.Demo;

/// <summary>
/// Times endpoint changes: a Service without a selector gets its one endpoint moved to and fro, and every node's proxy tells how
/// long it took from its informer's news to the kernel's acknowledgement.
/// </summary>
internal static class DemoProgramming
{
    private const int Changes = 21;

    /// <summary>Longer than the proxies' minimum interval, so that a change does not wait for the one before it.</summary>
    private static readonly TimeSpan Between = ClusterNode.MinSyncPeriod * 2;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    /// <returns>The median over all nodes and changes, microseconds.</returns>
    internal static async Task<double> MeasureAsync(LocalCluster cluster, CancellationToken cancellation)
    {
        var client = cluster.Client;
        var name = new NamespacedName(DemoWorkload.Namespace, DemoWorkload.TimedSlice("10.244.255.1").Metadata.Name);
        await client.CreateAsync(DemoWorkload.TimedSlice("10.244.255.1"), cancellation);
        var programmed = Channel.CreateUnbounded<TimeSpan>();
        void Record(ProgrammedPlan plan) => programmed.Writer.TryWrite(plan.SinceChange);
        foreach (var node in cluster.Nodes)
        {
            node.Proxy.PlanProgrammed += Record;
        }

        try
        {
            List<TimeSpan> times = [];
            for (var change = 0; change < Changes; change++)
            {
                await Task.Delay(Between, cancellation);
                Drain(programmed.Reader);
                await client.UpdateAsync(DemoWorkload.TimedSlice($"10.244.255.{2 + (change % 2)}"), cancellationToken: cancellation);
                using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
                deadline.CancelAfter(Limit);
                for (var node = 0; node < cluster.Nodes.Count; node++)
                {
                    times.Add(await programmed.Reader.ReadAsync(deadline.Token));
                }
            }

            times.Sort();
            return times[times.Count / 2].TotalMicroseconds;
        }
        finally
        {
            foreach (var node in cluster.Nodes)
            {
                node.Proxy.PlanProgrammed -= Record;
            }

            await client.DeleteAsync<EndpointSlice>(name, cancellationToken: CancellationToken.None);
        }
    }

    private static void Drain(ChannelReader<TimeSpan> reader)
    {
        while (reader.TryRead(out _))
        {
        }
    }
}
