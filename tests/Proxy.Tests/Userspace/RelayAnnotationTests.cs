using Dataplane.Linux.TransparentSockets;
using Dataplane.Proxy.ServiceModel;
using Dataplane.Proxy.Userspace.Relay;

namespace Dataplane.Proxy.Tests.Userspace;

public sealed class RelayAnnotationTests
{
    [Fact]
    public void AnnotationsSayHowToRelay()
    {
        var faults = new List<string>();
        var settings = RelayAnnotations.Read(
            new Dictionary<string, string>
            {
                ["proxy.dataplane.dev/balance"] = "least-connections",
                ["proxy.dataplane.dev/proxy-protocol"] = "v2",
                ["proxy.dataplane.dev/slow-start"] = "10s",
                ["proxy.dataplane.dev/drain"] = "1m30s",
                ["somebody.else/balance"] = "x",
            },
            faults);
        Assert.Empty(faults);
        Assert.Equal(
            new RelaySettings
            {
                Balance = BalancePolicy.LeastConnections,
                ProxyProtocol = true,
                SlowStart = TimeSpan.FromSeconds(10),
                Drain = TimeSpan.FromSeconds(90),
            },
            settings);
        Assert.Equal(RelaySettings.Default, RelayAnnotations.Read(new Dictionary<string, string>(), faults));
    }

    [Theory]
    [InlineData("balance", "fastest", "annotation proxy.dataplane.dev/balance: \"fastest\" is none of round-robin, random, least-connections, source-hash, maglev")]
    [InlineData("balance", "", "annotation proxy.dataplane.dev/balance: \"\" is none of round-robin, random, least-connections, source-hash, maglev")]
    [InlineData("proxy-protocol", "v1", "annotation proxy.dataplane.dev/proxy-protocol: \"v1\" is not v2")]
    [InlineData("slow-start", "soon", "annotation proxy.dataplane.dev/slow-start: \"soon\" is no duration from 0s to 24h")]
    [InlineData("slow-start", "-1s", "annotation proxy.dataplane.dev/slow-start: \"-1s\" is no duration from 0s to 24h")]
    [InlineData("drain", "25h", "annotation proxy.dataplane.dev/drain: \"25h\" is no duration from 0s to 24h")]
    public void WhatIsWrongIsToldAndTheDefaultStays(string name, string value, string fault)
    {
        var faults = new List<string>();
        var settings = RelayAnnotations.Read(new Dictionary<string, string> { [$"proxy.dataplane.dev/{name}"] = value }, faults);
        Assert.Equal([fault], faults);
        Assert.Equal(RelaySettings.Default, settings);
    }

    [Fact]
    public void TheProxyHeaderIsWhatItsSpecificationSays()
    {
        Span<byte> header = new byte[ProxyHeader.LongestLength];
        var length = ProxyHeader.Write(header, new InetEndPoint(0xCB00710A, 0x1234, false), new InetEndPoint(0x0A600005, 80, false));
        Assert.Equal("0D0A0D0A000D0A515549540A2111000CCB00710A0A60000512340050", Convert.ToHexString(header[..length]));

        length = ProxyHeader.Write(header, new InetEndPoint(UInt128.One, 0x1234, true), new InetEndPoint((UInt128)2, 443, true));
        Assert.Equal(
            "0D0A0D0A000D0A515549540A21210024" + new string('0', 30) + "01" + new string('0', 30) + "02" + "123401BB", Convert.ToHexString(header[..length]));
    }
}
