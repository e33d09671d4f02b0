using System.Text.Json;
using Dataplane.Cli.Bench;
using Dataplane.Cli.Bench.Dns;
using Dataplane.TestKit;

namespace Dataplane.Cli.Tests.Bench;

public sealed class DnsBenchTests
{
    [Fact]
    public async Task EveryCaseHasItsFigures()
    {
        Tools.Require("dnsperf");
        Tools.Require("gcc");
        Assert.SkipWhen(Environment.ProcessorCount < 2, "one processor");
        var plan = new DnsBenchPlan
        {
            Peers = [],
            Cases = ["hit", "nxdomain", "half", "change", "endpoints", "relist", "malformed"],
            Services = 100,
            Endpoints = 1000,
            RelistObjects = 200,
            Changes = 3,
            MalformedPackets = 10_000,
            Rounds = 1,
            Round = TimeSpan.FromSeconds(1),
            Settle = TimeSpan.Zero,
        };
        var output = new StringWriter();
        await new DnsBench(plan, new BenchReport("dns", json: true, output)).RunAsync(TestContext.Current.CancellationToken);
        var figures = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement).ToList();
        Assert.Equal(plan.Cases.Order(), figures.Select(figure => figure.GetProperty("case").GetString()).Distinct().Order());
        var costs = figures.Where(figure => figure.GetProperty("metric").GetString() == "CPU time a query").ToList();
        Assert.Equal(["echo", "echo", "dataplane", "dataplane"], costs.Select(figure => figure.GetProperty("subject").GetString()));
        Assert.All(costs, figure => Assert.True(figure.GetProperty("mean").GetDouble() > 0, figure.ToString()));
    }

    [Fact]
    public void AnUnknownPeerIsNamedBesideThoseThereAre() =>
        Assert.Equal(
            "--peers: \"bind\": known are unbound, knot, dnsmasq",
            Assert.Throws<UserErrorException>(() => new DnsBenchPlan { Peers = ["bind"], Cases = ["hit"] }.Checked()).Message);

    [Fact]
    public void WhatDnsperfPrintsIsRead()
    {
        var (counts, codes, times) = (new Dictionary<string, double>(), new Dictionary<string, long>(), new List<double>());
        foreach (var line in (string[])["> NOERROR a.test A 0.000250", "  Queries sent:         7", "  Response codes:       NOERROR 4 (57.14%), NXDOMAIN 3 (42.86%)", "  Queries per second:   12.5"])
        {
            DnsPerf.Read(line, counts, codes, times);
        }

        Assert.Equal([0.25], times);
        Assert.Equal(7, counts["Queries sent"]);
        Assert.Equal(12.5, counts["Queries per second"]);
        Assert.Equal((4, 3), (codes["NOERROR"], codes["NXDOMAIN"]));
    }
}
