using Dataplane.Dns.Wire;

namespace Dataplane.Dns.Tests.Wire;

public sealed class DnsNameTests
{
    [Theory]
    [InlineData("example.com", "example.com.")]
    [InlineData("example.com.", "example.com.")]
    [InlineData(".", ".")]
    [InlineData("", ".")]
    [InlineData("_http._tcp.svc", "_http._tcp.svc.")]
    [InlineData(@"a\.b.c", @"a\.b.c.")]
    [InlineData(@"a\046b.c", @"a\.b.c.")]
    [InlineData(@"sp\032ace", @"sp\032ace.")]
    public void TextAndWireAreTwoFormsOfOneName(string text, string canonical)
    {
        var wire = DnsName.Parse(text);
        Assert.Equal(canonical, DnsName.Format(wire));
        Assert.Equal(wire, DnsName.Parse(canonical));
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData(".a")]
    [InlineData("a b")]
    [InlineData("é")]
    [InlineData(@"a\")]
    public void WhatIsNoNameIsRefused(string text) => Assert.Throws<FormatException>(() => DnsName.Parse(text));

    [Fact]
    public void LabelsEndAt63AndNamesAt255Bytes()
    {
        var label = new string('a', 63);
        Assert.Equal(65, DnsName.Parse(label).Length);
        Assert.Throws<FormatException>(() => DnsName.Parse(label + "a"));

        var longest = $"{label}.{label}.{label}.{new string('b', 61)}";
        Assert.Equal(255, DnsName.Parse(longest).Length);
        Assert.Throws<FormatException>(() => DnsName.Parse(longest + "b"));
        Assert.Null(DnsName.Label(label + "a"));
        Assert.Null(DnsName.Label(""));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(63)]
    public void FoldingTouchesCapitalsOnly(int length)
    {
        var bytes = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        foreach (var start in Enumerable.Range(0, 256 - length))
        {
            var folded = bytes[start..(start + length)];
            NameView.ToLower(folded);
            Assert.Equal(bytes[start..(start + length)].Select(value => value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value), folded);
        }
    }
}
