namespace Dataplane.Api.Tests.Meta;

public sealed class ValueTests
{
    [Theory]
    [InlineData("0", "0", "0")]
    [InlineData("100m", "900m", "1")]
    [InlineData("1500m", "0", "1500m")]
    [InlineData("1", "500m", "1500m")]
    [InlineData("999", "1", "1k")]
    [InlineData("1536Ki", "0", "1536Ki")]
    [InlineData("512Mi", "512Mi", "1Gi")]
    [InlineData("1Ki", "-1", "1023")]
    [InlineData("0", "2Gi", "2Gi")]
    [InlineData("1G", "1Gi", "2073741824")]
    [InlineData("1e3", "0", "1e3")]
    [InlineData("0.1", "0", "100m")]
    [InlineData("1n", "1u", "1001n")]
    public void Sums_are_written_as_upstream_writes_them(string left, string right, string sum) =>
        Assert.Equal(sum, (Quantity.Parse(left) + Quantity.Parse(right)).Canonical());

    [Theory]
    [InlineData("100m", 100, 1)]
    [InlineData("2", 2000, 2)]
    [InlineData("0.5", 500, 1)]
    [InlineData("1Ki", 1024000, 1024)]
    [InlineData("64Mi", 67108864000, 67108864)]
    [InlineData("1k", 1000000, 1000)]
    [InlineData("2e3", 2000000, 2000)]
    [InlineData("1E", long.MaxValue, 1000000000000000000)]
    [InlineData("-1500m", -1500, -1)]
    [InlineData("1u", 1, 1)]
    public void Quantities(string text, long milli, long whole)
    {
        var quantity = Quantity.Parse(text);

        Assert.Equal(whole, quantity.WholeValue);
        Assert.Equal(text, quantity.ToString());
        Assert.Equal(milli, quantity.MilliValue);
    }

    [Theory]
    [InlineData("")]
    [InlineData("Mi")]
    [InlineData("1.2.3")]
    [InlineData("1 Mi")]
    [InlineData("1KB")]
    [InlineData("1e40")]
    public void Not_quantities(string text) => Assert.Throws<FormatException>(() => Quantity.Parse(text));

    [Fact]
    public void Quantities_compare_by_value() => Assert.Equal(Quantity.Parse("1"), Quantity.Parse("1000m"));

    [Theory]
    [InlineData("25%", 10, true, 3)]
    [InlineData("25%", 10, false, 2)]
    [InlineData("0%", 10, true, 0)]
    [InlineData("100%", 3, false, 3)]
    public void Percentages_round_as_asked(string text, int total, bool up, int expected) =>
        Assert.Equal(expected, new IntOrString(text).Scale(total, up));

    [Theory]
    [InlineData("default/web", "default", "web")]
    [InlineData("node-1", "", "node-1")]
    public void Names(string text, string ns, string name)
    {
        Assert.Equal(new NamespacedName(ns, name), NamespacedName.Parse(text));
        Assert.Equal(text, NamespacedName.Parse(text).ToString());
    }
}
