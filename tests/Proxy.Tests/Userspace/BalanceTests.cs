using System.Collections.Immutable;
using System.Net;
using Dataplane.Linux.TransparentSockets;
using Dataplane.Proxy.Userspace.Relay;

namespace Dataplane.Proxy.Tests.Userspace;

public sealed class BalanceTests
{
    private static readonly ImmutableArray<InetEndPoint> Three = [EndPoint(1), EndPoint(2), EndPoint(3)];

    [Fact]
    public void EndpointsTakeTurns()
    {
        var balance = new BalanceState(TimeProvider.System);
        Assert.Equal([0, 1, 2, 0, 1, 2], Enumerable.Range(0, 6).Select(_ => balance.First(EndPoint(9), Three)));
    }

    [Fact]
    public void AffinityRunsFromTheLastConnectionAndFollowsWhoeverAnswered()
    {
        var time = new ManualTime();
        var balance = new BalanceState(time);
        balance.SetAffinity(TimeSpan.FromSeconds(10));
        balance.Connected(EndPoint(9), Three[2]);
        for (var i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(9));
            Assert.Equal(2, balance.First(EndPoint(9), Three));
            balance.Connected(EndPoint(9), Three[2]);
        }

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(0, balance.First(EndPoint(9), Three));
        balance.Connected(EndPoint(9), Three[1]);
        Assert.Equal(1, balance.First(EndPoint(9), Three));
        Assert.Equal(1, balance.First(EndPoint(8), Three));

        balance.SetAffinity(null);
        Assert.Equal(2, balance.First(EndPoint(9), Three));
    }

    [Fact]
    public void ClientsThatStayAwayAreForgotten()
    {
        var time = new ManualTime();
        var affinity = new SessionAffinityState(TimeSpan.FromSeconds(10), time);
        for (var client = 0; client < 5000; client++)
        {
            affinity.Remember((UInt128)client, Three[0]);
            time.Advance(TimeSpan.FromMilliseconds(100));
        }

        // 100 clients are within their time-out at any moment.
        Assert.InRange(affinity.Count, 100, 1024);
    }

    private static InetEndPoint EndPoint(byte last) => InetEndPoint.From(new IPAddress([10, 244, 1, last]), 8080);

    private sealed class ManualTime : TimeProvider
    {
        private long _ticks;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        internal void Advance(TimeSpan by) => _ticks += by.Ticks;
    }
}
