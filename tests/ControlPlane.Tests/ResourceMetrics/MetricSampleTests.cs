using System.Globalization;
using Dataplane.ControlPlane.ResourceMetrics;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.ControlPlane.Tests.ResourceMetrics;

/// <summary>Lines of metrics as kubelets write them, and as nobody should.</summary>
public sealed class MetricSampleTests
{
    [Theory]
    [InlineData("up 1", "up", "", 1, null)]
    [InlineData("node_cpu_usage_seconds_total 357.35491 1633253809720", "node_cpu_usage_seconds_total", "", 357.35491, 1633253809720L)]
    [InlineData("a{} 2", "a", "", 2, null)]
    [InlineData("a{b=\"c\",d=\"\"} 1e+06", "a", "b=c|d=", 1e6, null)]
    [InlineData("a{ b=\"x y}\" , d=\"1\", }\t3 \t 4", "a", "b=x y}|d=1", 3, 4L)]
    [InlineData("""a{b="\"q\" \\ \n"} 5""", "a", "b=\"q\" \\ \n", 5, null)]
    public void ALineIsRead(string line, string name, string labels, double value, long? milliseconds)
    {
        var sample = MetricSample.Parse(line);
        Assert.Equal(name, sample.Name);
        Assert.Equal(labels, string.Join('|', sample.Labels.OrderBy(label => label.Key, StringComparer.Ordinal).Select(label => $"{label.Key}={label.Value}")));
        Assert.Equal(value, sample.Value);
        Assert.Equal(milliseconds, sample.Time?.ToUnixTimeMilliseconds());
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("a ")]
    [InlineData("a b")]
    [InlineData("a NaN")]
    [InlineData("a 1e999")]
    [InlineData("a 1 2 3")]
    [InlineData("a 1 -2")]
    [InlineData("a 1 9223372036854775807")]
    [InlineData("{b=\"c\"} 1")]
    [InlineData("a{b=\"c\" 1")]
    [InlineData("a{b=\"c} 1")]
    [InlineData("a{b=c} 1")]
    [InlineData("a{b=\"c\"d=\"e\"} 1")]
    [InlineData("a{b=\"\\")]
    [InlineData("a{")]
    public void ALineOfAnotherFormIsShown(string line)
    {
        var failure = Assert.Throws<FormatException>(() => MetricSample.Parse(line));
        Assert.Equal($"\"{line}\" is no line of metrics such as name{{label=\"value\"}} 1", failure.Message);
    }

    [Fact]
    public void WhatIsWrittenIsRead() => Check.QuickThrowOnFailure(Prop.ForAll(
        ArbMap.Default.ArbFor<NonNull<string>>(), ArbMap.Default.ArbFor<NormalFloat>(), ArbMap.Default.ArbFor<NonNegativeInt>(),
        (label, value, time) =>
        {
            var written = label.Get.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            var sample = MetricSample.Parse(string.Create(CultureInfo.InvariantCulture, $"m{{l=\"{written}\"}} {value.Get:R} {time.Get}"));
            return sample.Labels["l"] == label.Get && sample.Value.Equals(value.Get) && sample.Time == DateTimeOffset.FromUnixTimeMilliseconds(time.Get);
        }));

    [Fact]
    public void AnyTextIsReadOrRefused() => Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<NonNull<string>>(), text =>
    {
        foreach (var line in new[] { text.Get, $"a{{{text.Get}", $"a{{b=\"{text.Get}", $"a {text.Get}" })
        {
            try
            {
                Assert.True(double.IsFinite(MetricSample.Parse(line).Value));
            }
            catch (FormatException)
            {
                // Refused, which is as good.
            }
        }
    }));
}
