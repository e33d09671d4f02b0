using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Dataplane.Linux.Namespaces;
using Dataplane.Netlink.Nftables;
using Dataplane.Proxy;

namespace Dataplane.Cli.Bench.Sync;

/// <summary>Somebody flushes the ruleset, as a firewall's restart does: how long until the proxy has noticed, and until it is repaired.</summary>
internal sealed class ForeignFlush(NetworkNamespace networkNamespace, IPEndPoint inUse, ChannelReader<ProgrammedPlan> programmed)
{
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    /// <summary>Milliseconds from the flush until connections to a front end that is in use are accepted again.</summary>
    internal List<double> UntilInUseAnswers { get; } = [];

    /// <summary>Milliseconds from the flush until everything is in force.</summary>
    internal List<double> UntilAll { get; } = [];

    internal async Task RepeatAsync(int times, CancellationToken cancellation)
    {
        using var other = NftablesConnection.Open(networkNamespace);
        for (var time = 0; time < times; time++)
        {
            await ConnectAsync(cancellation);
            while (programmed.TryRead(out _))
            {
            }

            var batch = new NftBatch();
            foreach (var table in other.Tables())
            {
                batch.DestroyTable(table.Table);
            }

            other.Commit(batch);
            var started = Stopwatch.GetTimestamp();
            var all = UntilFullAsync(started, cancellation);
            await ConnectAsync(cancellation);
            UntilInUseAnswers.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            UntilAll.Add((await all).TotalMilliseconds);
        }
    }

    private async Task<TimeSpan> UntilFullAsync(long started, CancellationToken cancellation)
    {
        while (!(await programmed.ReadAsync(cancellation).AsTask().WaitAsync(Limit, cancellation)).IsFull)
        {
        }

        return Stopwatch.GetElapsedTime(started);
    }

    // Each attempt from a new port, since the kernel repeats a SYN that was lost after a second only.
    private async Task ConnectAsync(CancellationToken cancellation)
    {
        var started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < Limit)
        {
            using var socket = networkNamespace.Invoke(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
            socket.LingerState = new LingerOption(true, 0);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            patience.CancelAfter(TimeSpan.FromMilliseconds(5));
            try
            {
                await socket.ConnectAsync(inUse, patience.Token);
                return;
            }
            catch (Exception unanswered) when (unanswered is SocketException || (unanswered is OperationCanceledException && !cancellation.IsCancellationRequested))
            {
            }
        }

        throw new UserErrorException($"bench sync: {inUse} does not answer {Limit.TotalMinutes} minutes after the ruleset was flushed");
    }
}
