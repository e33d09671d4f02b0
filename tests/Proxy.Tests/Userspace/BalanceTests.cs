using System.Collections.Immutable;
using System.Net;
using Dataplane.Linux.TransparentSockets;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace.Relay;
using Dataplane.TestKit;

namespace Dataplane.Proxy.Tests.Userspace;

public sealed class BalanceTests
{
    private static readonly ImmutableArray<InetEndPoint> Three = [EndPoint(1), EndPoint(2), EndPoint(3)];

    [Fact]
    public void EndpointsTakeTurns()
    {
        var (balance, three) = Of(Three);
        Assert.Equal([0, 1, 2, 0, 1, 2], Enumerable.Range(0, 6).Select(_ => balance.First(EndPoint(9), three, 0)));
    }

    [Theory]
    [InlineData(BalancePolicy.RoundRobin)]
    [InlineData(BalancePolicy.Random)]
    [InlineData(BalancePolicy.LeastConnections)]
    [InlineData(BalancePolicy.SourceHash)]
    [InlineData(BalancePolicy.Maglev)]
    public void EveryPolicyGivesEveryEndpointItsShareOfManyClients(BalancePolicy policy)
    {
        var endpoints = Set([.. Enumerable.Range(1, 10).Select(last => EndPoint((byte)last))]);
        var counts = Choices(policy, endpoints, 10_000).GroupBy(index => index).ToDictionary(group => group.Key, group => group.Count());
        Assert.Equal(10, counts.Count);
        Assert.All(counts.Values, count => Assert.InRange(count, 800, 1200));
    }

    [Theory]
    [InlineData(BalancePolicy.SourceHash, 0)]
    [InlineData(BalancePolicy.Maglev, 300)]
    public void HashesKeepAClientWhereItWasWhenAnotherEndpointGoes(BalancePolicy policy, int strays)
    {
        var ten = Set([.. Enumerable.Range(1, 10).Select(last => EndPoint((byte)last))]);
        var nine = Set([.. ten.Endpoints.Select(endpoint => endpoint.EndPoint).Where(endPoint => endPoint != EndPoint(4)).Reverse()]);
        var before = Choices(policy, ten, 5_000).Select(index => ten[index].EndPoint);
        var after = Choices(policy, nine, 5_000).Select(index => nine[index].EndPoint);
        var moved = before.Zip(after).Count(pair => pair.First != EndPoint(4) && pair.First != pair.Second);
        Assert.InRange(moved, 0, strays);
    }

    [Fact]
    public void OfTwoTheOneWithFewerConnectionsIsTaken()
    {
        var endpoints = Set(Three);
        endpoints[0].On(0).Active = 5;
        endpoints[2].On(1).Active = 7;
        var counts = Choices(BalancePolicy.LeastConnections, endpoints, 3_000).CountBy(index => index).ToDictionary();
        Assert.False(counts.ContainsKey(2));
        Assert.InRange(counts[1], 1_800, 2_200);
    }

    [Theory]
    [InlineData(BalancePolicy.RoundRobin)]
    [InlineData(BalancePolicy.Maglev)]
    public void AnEndpointThatFailsAgainAndAgainIsLeftOutForLongerAndLonger(BalancePolicy policy)
    {
        var endpoints = Set(Three);
        Assert.False(endpoints[1].Failed(0));
        Assert.False(endpoints[1].Failed(0));
        Assert.Contains(1, Choices(policy, endpoints, 100, now: 10));
        Assert.True(endpoints[1].Failed(10));
        Assert.DoesNotContain(1, Choices(policy, endpoints, 100, now: 1_009));
        Assert.Contains(1, Choices(policy, endpoints, 100, now: 1_010));

        // Tried again it fails at once: twice as long. Once it answers, all is forgotten.
        Assert.True(endpoints[1].Failed(1_010));
        Assert.DoesNotContain(1, Choices(policy, endpoints, 100, now: 3_009));
        Assert.Contains(1, Choices(policy, endpoints, 100, now: 3_010));
        endpoints[1].Answered();
        Assert.False(endpoints[1].Failed(4_000));
    }

    [Fact]
    public void WhenAllAreLeftOutAllAreTried()
    {
        var endpoints = Set(Three);
        foreach (var endpoint in endpoints.Endpoints)
        {
            while (!endpoint.Failed(0))
            {
            }
        }

        Assert.Equal([0, 1, 2], Choices(BalancePolicy.RoundRobin, endpoints, 30, now: 1).Distinct().Order());
        Assert.Equal(1, Balancer.Next(endpoints, 0, 1));
    }

    [Fact]
    public void AnEndpointThatWasAddedGetsAGrowingShare()
    {
        var balance = new BalanceState(TimeProvider.System);
        balance.Keep(balance.SetOf(Three[..2], 0).Endpoints.ToHashSet(), 0);
        var endpoints = balance.SetOf(Three, 1_000);
        int[] shares = [.. new[] { 1_000, 6_000, 11_000 }.Select(now =>
            Choices(BalancePolicy.RoundRobin, endpoints, 3_000, now, TimeSpan.FromSeconds(10)).Count(index => index == 2))];
        Assert.InRange(shares[0], 50, 150);
        Assert.InRange(shares[1], 400, 600);
        Assert.Equal(1_000, shares[2]);
    }

    [Fact]
    public void AffinityRunsFromTheLastConnectionAndFollowsWhoeverAnswered()
    {
        var time = new ManualTime();
        var (balance, three) = Of(Three, time);
        balance.SetAffinity(TimeSpan.FromSeconds(10));
        balance.Connected(EndPoint(9), three[2]);
        for (var i = 0; i < 3; i++)
        {
            time.Advance(TimeSpan.FromSeconds(9));
            Assert.Equal(2, balance.First(EndPoint(9), three, 0));
            balance.Connected(EndPoint(9), three[2]);
        }

        time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(0, balance.First(EndPoint(9), three, 0));
        balance.Connected(EndPoint(9), three[1]);
        Assert.Equal(1, balance.First(EndPoint(9), three, 0));
        Assert.Equal(1, balance.First(EndPoint(8), three, 0));

        balance.SetAffinity(null);
        Assert.Equal(2, balance.First(EndPoint(9), three, 0));
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

    [Fact]
    public void FlowsExpireInTheOrderOfTheirLastUse()
    {
        var (active, answered) = (new FlowAges(TimeSpan.FromSeconds(30)), new FlowAges(TimeSpan.FromSeconds(5)));
        DatagramFlow[] flows = [.. Enumerable.Range(0, 4).Select(slot => new DatagramFlow(slot))];
        foreach (var flow in flows)
        {
            active.Touch(flow, flow.Slot);
        }

        active.Touch(flows[0], 10);
        answered.Touch(flows[2], 20);
        Assert.Equal(flows[1], active.Oldest);
        Assert.Equal(30_001, active.NextDeadline);
        Assert.Equal(5_020, answered.NextDeadline);
        FlowAges.Remove(flows[1]);
        FlowAges.Remove(flows[2]);
        Assert.Equal(flows[3], active.Oldest);
        Assert.Null(answered.NextDeadline);
        FlowAges.Remove(flows[3]);
        Assert.Equal(flows[0], active.Oldest);
        FlowAges.Remove(flows[0]);
        Assert.Null(active.Oldest);
    }

    private static List<int> Choices(BalancePolicy policy, EndpointSet endpoints, int clients, long now = 0, TimeSpan slowStart = default)
    {
        var random = new Random(7);
        var settings = new RelaySettings { Balance = policy, SlowStart = slowStart };
        return [.. Enumerable.Range(0, clients).Select(client => Balancer.First(
            settings, endpoints, new InetEndPoint((UInt128)(0x0A000000 + client), (ushort)(client + 1024), false), (uint)client, random, now))];
    }

    private static (BalanceState Balance, EndpointSet Set) Of(ImmutableArray<InetEndPoint> endPoints, TimeProvider? time = null)
    {
        var balance = new BalanceState(time ?? TimeProvider.System);
        return (balance, balance.SetOf(endPoints, 0));
    }

    private static EndpointSet Set(ImmutableArray<InetEndPoint> endPoints) => Of(endPoints).Set;

    private static InetEndPoint EndPoint(byte last) => InetEndPoint.From(new IPAddress([10, 244, 1, last]), 8080);
}
