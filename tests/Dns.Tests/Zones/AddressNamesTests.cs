using System.Net;
using Dataplane.Dns.Wire;
using Dataplane.Dns.Zones;
using FsCheck;
using FsCheck.Fluent;

namespace Dataplane.Dns.Tests.Zones;

public sealed class AddressNamesTests
{
    [Theory]
    [InlineData("10-240-0-1", "10.240.0.1")]
    [InlineData("1234-abcd--1", "1234:abcd::1")]
    [InlineData("--1", "::1")]
    [InlineData("--0", "::")]
    [InlineData("fd00--0", "fd00::")]
    [InlineData("1-2-3-4-5-6-7-8", "1:2:3:4:5:6:7:8")]
    [InlineData("10-240-0-256", null)]
    [InlineData("010-240-0-1", null)]
    [InlineData("10-240-0", null)]
    [InlineData("10-240-0-1-2", null)]
    [InlineData("1-2-3-4-5-6-7", null)]
    [InlineData("1-2-3-4-5-6-7-8-9", null)]
    [InlineData("1--2--3", null)]
    [InlineData("12345--1", null)]
    [InlineData("xyz", null)]
    [InlineData("-", null)]
    [InlineData("10-240-0-", null)]
    public void ALabelSpellsAnAddressOrNone(string label, string? expected)
    {
        Span<byte> address = stackalloc byte[16];
        var size = AddressNames.FromDashed(System.Text.Encoding.ASCII.GetBytes(label), address);
        Assert.Equal(expected, size == 0 ? null : new IPAddress(address[..size]).ToString());
    }

    [Fact]
    public void EveryReverseNameLeadsBackToItsAddress()
    {
        var addresses = Gen.OneOf(Gen.ArrayOf(Gen.Choose(0, 255), 4), Gen.ArrayOf(Gen.Choose(0, 255), 16)).Select(bytes => bytes.Select(value => (byte)value).ToArray());
        Prop.ForAll(addresses.ToArbitrary(), bytes =>
        {
            var labels = bytes.Length == 4
                ? bytes.Reverse().Select(value => $"{value}").Append("in-addr.arpa")
                : bytes.SelectMany(value => new[] { value >> 4, value & 0xF }).Reverse().Select(nibble => $"{nibble:x}").Append("ip6.arpa");
            var name = NameView.Split(DnsName.Parse(string.Join('.', labels)), new byte[NameView.MaxLabels]);
            Span<byte> address = stackalloc byte[16];
            Assert.Equal(bytes.Length, AddressNames.FromReverse(name, address));
            Assert.Equal(bytes, address[..bytes.Length].ToArray());
        }).Check(Config.QuickThrowOnFailure);
    }
}
