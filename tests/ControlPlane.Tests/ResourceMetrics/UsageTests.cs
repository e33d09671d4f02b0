using Dataplane.Api;
using Dataplane.ControlPlane.ResourceMetrics;

namespace Dataplane.ControlPlane.Tests.ResourceMetrics;

/// <summary>From what kubelets tell to what is used, as metrics-server reckons it.</summary>
public sealed class UsageTests
{
    private static readonly DateTimeOffset Epoch = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);

    /// <summary>Seconds: start of the container and time of the point before (-1 for none), its processor time; time and processor time of the last; expectation.</summary>
    [Theory]
    [InlineData(0, 100, 5, 115, 8, "200m of 15s")]
    [InlineData(0, 100, 5, 115, 5, "0 of 15s")]
    [InlineData(0, 100, 5, 101, 5.000000001, "1n of 1s")]
    [InlineData(-1, 100, 5, 110, 6, "100m of 10s")]
    [InlineData(102, 100, 5, 115, 1.3, "100m of 13s")] // restarted since: reckoned from its start
    [InlineData(100, -1, 0, 110, 1, "100m of 10s")]
    [InlineData(100, -1, 0, 109, 1, "")] // too young
    [InlineData(0, -1, 0, 115, 1, "")] // a mean over its whole life would say nothing of now
    [InlineData(-1, -1, 0, 115, 1, "")]
    [InlineData(0, 100, 5, 115, 4, "")] // processor time never goes back
    [InlineData(0, 115, 5, 115, 5, "")] // the same point again
    public void ProcessorTimeIsReckonedBetweenTwoPoints(double started, double before, double used, double last, double usedAtLast, string expected)
    {
        DateTimeOffset? start = started < 0 ? null : Epoch.AddSeconds(started);
        var usage = Usage.Between(
            before < 0 ? null : new UsagePoint(start < Epoch.AddSeconds(before) ? start : Epoch, Epoch.AddSeconds(before), used, 0),
            new UsagePoint(start, Epoch.AddSeconds(last), usedAtLast, 4096));
        Assert.Equal(expected, usage is null ? "" : $"{usage.Quantities()["cpu"]} of {GoDuration.Format(usage.Window)}");
    }

    [Theory]
    [InlineData(0.000000123, 0, "123n", "0")]
    [InlineData(0.123456789, 4096, "123456789n", "4Ki")]
    [InlineData(0.0015, 12 * 1024 * 1024, "1500u", "12Mi")]
    [InlineData(2, 76012L * 1024, "2", "76012Ki")]
    [InlineData(1e300, 1e300, "1M", "976562500000Mi")]
    public void QuantitiesAreWrittenAsUpstreamWritesThem(double cores, double bytes, string cpu, string memory)
    {
        var quantities = new Usage(Epoch, TimeSpan.FromSeconds(1), cores, bytes).Quantities();
        Assert.Equal((cpu, memory), ((string?)quantities["cpu"], (string?)quantities["memory"]));
    }

    [Fact]
    public void AKubeletsAnswerIsSortedByPodAndContainer()
    {
        const string text = """
            # HELP container_cpu_usage_seconds_total Cumulative cpu time consumed by the container in core-seconds
            # TYPE container_cpu_usage_seconds_total counter
            container_cpu_usage_seconds_total{container="main",namespace="default",pod="web"} 4.5 1700000001500
            container_cpu_usage_seconds_total{container="side",namespace="default",pod="web"} 1 1700000001000
            container_cpu_usage_seconds_total{container="main",namespace="default",pod="half"} 1 1700000001000
            container_memory_working_set_bytes{container="main",namespace="default",pod="web"} 8192 1700000001500
            container_memory_working_set_bytes{container="side",namespace="default",pod="web"} 4096
            container_start_time_seconds{container="main",namespace="default",pod="web"} 1.6999999905e+09
            container_swap_usage_bytes{container="main",namespace="default",pod="other"} what is this
            node_cpu_usage_seconds_total 10 1700000002000
            node_memory_working_set_bytes 1e+09
            container_memory_working_set_bytes{id="/"} 1

            """;
        var sample = NodeSample.Parse(text, Epoch);
        Assert.Equal(new UsagePoint(null, Epoch.AddSeconds(2), 10, 1e9), sample.Node);
        var (pod, containers) = Assert.Single(sample.Pods);
        Assert.Equal(new NamespacedName("default", "web"), pod);
        Assert.Equal(new UsagePoint(Epoch.AddSeconds(-9.5), Epoch.AddSeconds(1.5), 4.5, 8192), containers["main"]);
        Assert.Equal(new UsagePoint(null, Epoch.AddSeconds(1), 1, 4096), containers["side"]);
    }

    [Theory]
    [InlineData("node_cpu_usage_seconds_total much")]
    [InlineData("container_memory_working_set_bytes{container=\"a\",namespace=\"b\",pod=\"c\" 1")]
    [InlineData("container_start_time_seconds{container=\"a\",namespace=\"b\",pod=\"c\"} -1")]
    [InlineData("container_start_time_seconds{container=\"a\",namespace=\"b\",pod=\"c\"} 1e300")]
    public void AnAnswerThatCannotBeReadIsRefusedWhole(string text) => Assert.Throws<FormatException>(() => NodeSample.Parse($"up 1\n{text}\n", Epoch));
}
